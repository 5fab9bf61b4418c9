"""A real Chromium, driven over its own protocol (Chrome DevTools Protocol) by the tests."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDS_CHROMIUM = pytest.mark.skipif(
    not CHROMIUM, reason="Chromium is not installed (apt-get install chromium)."
)
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
PATIENCE = 60
"""Seconds until a page counts as broken; nothing is measured."""


class Page:
    """One page: what is done in it, and what its console said."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self.console: list[str] = []
        """Errors and warnings of the browser, such as violations of the policy, and exceptions of scripts."""
        for domain in ("Page", "Runtime", "Log"):
            self.command(f"{domain}.enable")

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command of the protocol, and return what it answers."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv(PATIENCE))
            if message.get("id") == self._number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self._note(message.get("method"), message.get("params", {}))

    def _note(self, method: str | None, found: dict[str, Any]) -> None:
        if method == "Log.entryAdded" and found["entry"]["level"] in ("error", "warning"):
            self.console.append(found["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.console.append(json.dumps(found["exceptionDetails"]))

    def open(self, address: str) -> None:
        """Go to an address."""
        self.command("Page.navigate", url=address)

    def value(self, script: str) -> Any:
        """Evaluate a script in the page, waiting for its promise; None where it throws."""
        found = self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        return None if "exceptionDetails" in found else found["result"].get("value")

    def wait_for(self, script: str) -> Any:
        """Evaluate a script again and again until its value is true."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if found := self.value(script):
                return found
            time.sleep(0.1)
        raise AssertionError(f"{script} did not become true; the console said {self.console}")


@contextmanager
def page_in_chromium(folder: Path) -> Iterator[Page]:
    """Start a browser with a folder for its data, and open an empty page."""
    command = [str(CHROMIUM), *OPTIONS, f"--user-data-dir={folder}", "about:blank"]
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        told = folder / "DevToolsActivePort"
        until = time.monotonic() + PATIENCE
        while not (told.exists() and "\n" in told.read_text()):
            assert browser.poll() is None and time.monotonic() < until, "Chromium did not start."
            time.sleep(0.1)
        port = told.read_text().split("\n")[0]
        pages = httpx.get(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE).json()
        address = next(one["webSocketDebuggerUrl"] for one in pages if one["type"] == "page")
        with connect(address, max_size=None, open_timeout=PATIENCE) as socket:
            yield Page(socket)
    finally:
        browser.kill()
        browser.wait()
