"""Web pages served by the gateway: GraphiQL, from assets installed at set-up."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

PAGES = Path(__file__).parent
ASSETS = PAGES / "assets"
ASSET_FILES = {
    "react.js": "react/umd/react.production.min.js",
    "react-dom.js": "react-dom/umd/react-dom.production.min.js",
    "graphiql.js": "graphiql/graphiql.min.js",
    "graphiql.css": "graphiql/graphiql.min.css",
}
"""Name under /assets, and where npm puts the file; `make setup` copies them."""
OWN_FILES = ("start.js", "start.css")
"""Files of ours that the page needs beside them."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may do. GraphiQL's dialogs write style elements; scripts come from files of ours only."""
FOR_EVER = "public, max-age=31536000, immutable"


def explorer_is_installed() -> bool:
    """Tell whether GraphiQL's files are there."""
    return all((ASSETS / name).is_file() for name in ASSET_FILES)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the page as it is sent: compressed once, since a megabyte takes as long as a dashboard."""

    media_type: str | None
    plain: bytes
    compressed: bytes

    @classmethod
    @lru_cache
    def read(cls, path: Path) -> Asset:
        """Read a file, once for each process."""
        content = path.read_bytes()
        media_type, _ = mimetypes.guess_type(path.name)
        return cls(media_type, content, gzip.compress(content, 6, mtime=0))


class Explorer:
    """GraphiQL's page and the files it needs, each under a name with a hash of its content."""

    def __init__(self) -> None:
        self._files: dict[str, Asset] = {}
        name = "graphiql.html" if explorer_is_installed() else "graphiql-missing.html"
        self._html = (PAGES / name).read_text(encoding="utf-8")
        if not explorer_is_installed():
            return
        for path in (*(ASSETS / one for one in ASSET_FILES), *(PAGES / one for one in OWN_FILES)):
            asset = Asset.read(path)
            hashed = f"{path.stem}.{hashlib.sha256(asset.plain).hexdigest()[:16]}{path.suffix}"
            self._files[hashed] = asset
            self._html = self._html.replace(f'"/assets/{path.name}"', f'"/assets/{hashed}"')

    def page(self) -> HTMLResponse:
        """Return GraphiQL, or a page that says what is missing."""
        return HTMLResponse(self._html, headers={"Content-Security-Policy": POLICY})

    async def asset(self, request: Request) -> Response:
        """Return a file of the page; there is no other file to be had. Raises HTTPException."""
        found = self._files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        headers, body = {"Cache-Control": FOR_EVER}, found.plain
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"], body = "gzip", found.compressed
        return Response(body, headers=headers, media_type=found.media_type)
