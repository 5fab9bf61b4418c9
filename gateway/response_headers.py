"""What every answer has: headers that say what a browser may do with it, and a length fit for the network."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware

LARGE = 1024
"""Bytes from which an answer is compressed for clients that take zstd, brotli or gzip."""
READY = "/assets/"
"""Where files lie that are compressed already: anew for each request, that would keep others waiting."""
DEFAULTS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"private, no-store"),
    (b"vary", b"Accept-Encoding"),
)


class ResponseHeaders:
    """Adds the headers of `DEFAULTS` that an answer does not have yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and complete the headers of its answer."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(one for one in DEFAULTS if one[0] not in names),
                ]
            await send(message)

        await self._app(scope, receive, completed)


class Compression:
    """Compresses answers, but for files that are ready as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = CompressMiddleware(app, minimum_size=LARGE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and compress its answer where the client takes that."""
        is_ready = scope["type"] == "http" and scope["path"].startswith(READY)
        await (self._app if is_ready else self._compressed)(scope, receive, send)
