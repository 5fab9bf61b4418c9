"""The gateway in a real browser: GraphiQL under its content security policy, and pages of other origins."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from adapters.native.database import open_database
from gateway.pages import explorer_is_installed
from tests.browser import NEEDS_CHROMIUM, page_in_chromium
from tests.listening import Server, serving
from tests.people import read_people

pytestmark = NEEDS_CHROMIUM
Start = Callable[..., AbstractContextManager[Server]]
ASK = """fetch(%s, {
  method: "POST", headers: {"Content-Type": %s, "Authorization": "Bearer " + %s}, body: %s,
}).then((answer) => answer.text(), (error) => String(error))"""
SIMPLE = """fetch(%s, {
  method: "POST", mode: "no-cors", headers: {"Content-Type": %s, "Accept": "text/event-stream"}, body: %s,
}).then(() => true)"""
SHOWN = """(() => {
  const shown = document.querySelector(".result-window .CodeMirror")?.CodeMirror?.getValue();
  return shown?.includes("students") && shown;
})()"""
LISTEN = """new Promise((heard) => {
  const socket = new WebSocket(%s, "graphql-transport-ws");
  socket.onopen = () => heard("open");
  socket.onerror = () => heard("refused");
})"""


@contextmanager
def elsewhere() -> Iterator[str]:
    """An empty page of another origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>elsewhere</title>")

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def script(template: str, *values: str) -> str:
    """Put values into a script."""
    return template % tuple(json.dumps(one) for one in values)


async def token_of_a_guardian(server: Server) -> str:
    """A token of a guardian with three children."""
    engine = open_database(server.settings.database_url)
    try:
        return server.token((await read_people(engine)).guardian(3))
    finally:
        await engine.dispose()


@pytest.fixture
def served(sqlite_template: Path, tmp_path: Path) -> Start:
    """Start a gateway on a database of the test's own, with settings."""
    shutil.copyfile(sqlite_template, tmp_path / "own.db")

    def start(**environment: str) -> AbstractContextManager[Server]:
        return serving(f"sqlite:///{tmp_path / 'own.db'}", tmp_path, 1, **environment)

    return start


@pytest.mark.skipif(not explorer_is_installed(), reason="Node.js was not there at set-up.")
def test_graphiql_runs_a_query_and_breaks_no_rule_of_its_policy(served: Start, tmp_path: Path) -> None:
    with served() as server, page_in_chromium(tmp_path / "browser") as page:
        token = asyncio.run(token_of_a_guardian(server))
        page.open(f"http://{server.address}#token={token}")
        page.wait_for("!!document.querySelector('.graphiql-execute-button') && !location.hash")
        page.wait_for("!!document.querySelector('.graphiql-query-editor .CodeMirror')")
        page.value("document.querySelector('.graphiql-execute-button').click()")
        shown = page.wait_for(SHOWN)
        assert len(json.loads(shown)["data"]["viewer"]["students"]) == 3
        for title in ("Show Documentation Explorer", "Show History", "Open settings dialog"):
            assert page.value(f"document.querySelector('[aria-label=\"{title}\"]').click() ?? true"), title
        page.wait_for("!!document.querySelector('.graphiql-dialog')")
        # The history keeps the operation, and no token.
        kept = page.value("JSON.stringify(localStorage)")
        assert "MyChildren" in kept and token not in kept
        assert page.value("document.querySelector('#graphiql').offsetHeight === innerHeight")
        assert page.console == []
        # An inline script, which a flaw in the page would let in, does not run.
        page.value(
            "document.body.append(Object.assign(document.createElement('script'), {text: 'mark = 1'}))"
        )
        assert page.value("typeof mark") == "undefined"
        assert page.console and all("script-src 'self'" in one for one in page.console)


def test_pages_of_origins_that_are_named_may_ask_and_listen_and_others_may_not(
    served: Start, tmp_path: Path
) -> None:
    with (
        elsewhere() as named,
        elsewhere() as stranger,
        served(PASSERELLE_ALLOWED_ORIGINS=json.dumps([named])) as server,
        page_in_chromium(tmp_path / "browser") as page,
    ):
        token, address = asyncio.run(token_of_a_guardian(server)), f"http://{server.address}"
        query = json.dumps({"query": "{ viewer { kind } }"})
        ask = script(ASK, address, "application/json", token, query)
        listen = script(LISTEN, f"ws://{server.address}")
        for origin, answer, heard in (
            (named, '{"data":{"viewer":{"kind":"GUARDIAN"}}}', "open"),
            (stranger, "TypeError: Failed to fetch", "refused"),
        ):
            page.open(origin)
            page.wait_for("document.title === 'elsewhere'")
            page.wait_for(f"location.origin === {json.dumps(origin)}")
            assert page.value(ask) == answer
            assert page.value(listen) == heard
        # What a browser sends without asking first, as from a form, is not taken.
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            page.value(script(SIMPLE, address, kind, query))
        log = server.log.read_text()
        assert log.count('"POST /graphql HTTP/1.1" 415') == 2
        assert log.count('"POST /graphql HTTP/1.1" 200') == 1
        assert log.count('"OPTIONS /graphql HTTP/1.1" 400') == 1
