"""Headers that every answer has, and the compression of answers."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware

LARGE = 1024
"""Bytes from which an answer is compressed for clients that take zstd, brotli or gzip."""
PRECOMPRESSED = "/assets/"
"""Paths of files that were compressed when the gateway started: doing it for each request takes too long."""
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
    """Compresses answers, except those of precompressed files."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = CompressMiddleware(app, minimum_size=LARGE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and compress its answer where the client takes that."""
        is_precompressed = scope["type"] == "http" and scope["path"].startswith(PRECOMPRESSED)
        await (self._app if is_precompressed else self._compressed)(scope, receive, send)
