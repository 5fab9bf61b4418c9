"""Web pages served by the gateway: GraphiQL, from assets installed at set-up."""

from pathlib import Path

from starlette.responses import HTMLResponse

PAGES = Path(__file__).parent
ASSETS = PAGES / "assets"
ASSET_FILES = {
    "react.js": "react/umd/react.production.min.js",
    "react-dom.js": "react-dom/umd/react-dom.production.min.js",
    "graphiql.js": "graphiql/graphiql.min.js",
    "graphiql.css": "graphiql/graphiql.min.css",
}
"""Name under /assets, and where npm puts the file; `make setup` copies them."""


def explorer_is_installed() -> bool:
    """Tell whether GraphiQL's files are there."""
    return all((ASSETS / name).is_file() for name in ASSET_FILES)


def explorer_page() -> HTMLResponse:
    """Return GraphiQL, or a page that says what is missing."""
    name = "graphiql.html" if explorer_is_installed() else "graphiql-missing.html"
    return HTMLResponse((PAGES / name).read_text(encoding="utf-8"))
