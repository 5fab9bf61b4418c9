"""The key set (JWKS, RFC 7517) of the identity provider: fetched once for all, kept while it is down."""

from __future__ import annotations

import asyncio
import http.client
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import jwt
import orjson

log = logging.getLogger("passerelle.key_set")
LIFESPAN = 300.0
"""Seconds after which the key set is fetched anew, while its keys go on being used."""
LONGEST_USE = 3600.0
"""Seconds for which keys are used while the provider does not answer: a withdrawn key lives no longer."""
TIMEOUT = 5.0
"""Seconds that one fetch may take."""
LARGEST = 262_144
"""Bytes of the largest key set that is read; real ones have a few thousand."""

OUTAGE = (
    "Tokens whose key is not at hand cannot be checked: the key set of the identity provider (the setting "
    "jwks_url) does not come. %s"
)


class KeySetUnavailable(Exception):
    """The key set cannot be read now."""


class UnknownKey(Exception):
    """The key set has no key of this id."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it could lead to where the settings never pointed."""

    def redirect_request(self, *_request: Any) -> None:
        return None


class KeySet:
    """The keys of one provider, by key id."""

    def __init__(self, url: str, cooldown: float) -> None:
        self._url = url
        self._cooldown = cooldown
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched = self._tried = -LONGEST_USE
        self._fetching: asyncio.Task[None] | None = None
        self._fault: str | None = None

    async def key(self, key_id: object) -> jwt.PyJWK:
        """Return a key. Raises UnknownKey or KeySetUnavailable.

        Who brings a key that is known never waits, not even while the set is fetched for others.
        """
        now = time.monotonic()
        found = self._keys.get(key_id) if isinstance(key_id, str) else None
        if found is not None and now - self._fetched < LONGEST_USE:
            if now - self._fetched > LIFESPAN and now - self._tried > self._cooldown:
                self._begin()
            return found
        if self._fetching is not None or now - self._tried >= self._cooldown:
            await asyncio.shield(self._begin())
            found = self._keys.get(key_id) if isinstance(key_id, str) else None
        if self._fault is not None:
            raise KeySetUnavailable(self._fault)
        if found is None:
            raise UnknownKey
        return found

    def _begin(self) -> asyncio.Task[None]:
        """Fetch the set, or join the fetch that is under way."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._ended)
        return self._fetching

    def _ended(self, _task: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _fetch(self) -> None:
        try:
            self._keys = await asyncio.to_thread(read_key_set, self._url)
            self._fetched, self._fault = time.monotonic(), None
        except KeySetUnavailable as error:
            if self._fault is None:
                # Once for each outage: the next requests would say the same.
                log.warning(OUTAGE, error)
            self._fault = str(error)
        self._tried = time.monotonic()


def read_key_set(url: str) -> Mapping[str, jwt.PyJWK]:
    """Read a key set; returns its keys by id. Raises KeySetUnavailable."""
    opener = urllib.request.build_opener(_NoRedirects)
    deadline = time.monotonic() + TIMEOUT
    text = bytearray()
    try:
        with opener.open(url, timeout=TIMEOUT) as response:
            while part := response.read1(65_536):
                text += part
                if len(text) > LARGEST:
                    raise KeySetUnavailable(f"The key set has more than {LARGEST} bytes.")
                if time.monotonic() > deadline:
                    raise KeySetUnavailable(f"The key set did not arrive within {TIMEOUT:g} seconds.")
        keys = jwt.PyJWKSet.from_dict(orjson.loads(text)).keys
    except (
        OSError,
        http.client.HTTPException,
        ValueError,
        TypeError,
        AttributeError,
        jwt.PyJWTError,
    ) as error:
        raise KeySetUnavailable(f"{type(error).__name__} while the key set was read.") from error
    return {one.key_id: one for one in keys if one.key_id and one.public_key_use in ("sig", None)}
