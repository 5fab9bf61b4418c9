"""The requests that are sent most, answered without routes and middleware: an operation in JSON by POST.

Starlette's stack takes as long as a small answer. Whatever is not quite usual goes its way, and what goes
this way is answered alike: the same endpoint, the same headers, compressed for who takes that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_compress import CompressMiddleware

from gateway.graphql_endpoint import LONGEST_NUMBER, GraphQLEndpoint
from gateway.response_headers import DEFAULTS, LARGE, ResponseHeaders
from gateway.settings import Settings

PATH = "/graphql"
USUAL: Mapping[bytes, frozenset[bytes]] = {
    b"content-type": frozenset({b"application/json", b"application/json; charset=utf-8"}),
    b"accept": frozenset({b"application/json", b"*/*"}),
    b"content-encoding": frozenset({b"identity"}),
}
"""Headers that must have one of these values, where they are there."""


class PlainRequests:
    """Answers usual requests, and hands all others to the application."""

    def __init__(self, app: ASGIApp, endpoint: GraphQLEndpoint, settings: Settings) -> None:
        self._app = app
        self._answer = partial(endpoint.answer_plainly, further_headers=DEFAULTS)
        self._compressed = ResponseHeaders(CompressMiddleware(endpoint.answer_plainly, minimum_size=LARGE))
        self._max_body = settings.max_body
        self._asks_origins = bool(settings.allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != PATH:
            return await self._app(scope, receive, send)
        headers = dict(scope["headers"])
        if len(headers) < len(scope["headers"]) or not self._is_usual(headers):
            return await self._app(scope, receive, send)
        answer = self._compressed if b"accept-encoding" in headers else self._answer
        await answer(scope, receive, send)

    def _is_usual(self, headers: Mapping[bytes, bytes]) -> bool:
        """Tell whether a request need not be looked at more closely."""
        for name, values in USUAL.items():
            if name in headers and headers[name] not in values:
                return False
        length = headers.get(b"content-length", b"")
        return (
            b"content-type" in headers
            and length.isdigit()
            and len(length) <= LONGEST_NUMBER
            and int(length) <= self._max_body
            and not (self._asks_origins and b"origin" in headers)
        )
