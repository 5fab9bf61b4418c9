"""How much one viewer, and one address, may ask for in a minute, counted in cost with the library `limits`.

A worker takes a small part of the minute at a time and spends it by itself, so that most requests ask neither
the library nor Redis.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Any

from cachetools import LRUCache
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from gateway.arriving_requests import is_within, network_of
from gateway.entrance import Refusal
from gateway.settings import Settings
from resolvers.viewer import Caller

log = logging.getLogger("passerelle.rates")
PARTS = 50
"""The largest part that is taken at once is so many times smaller than the allowance of a minute."""
LEASE = 10.0
"""Seconds for which a part is held; what is not spent by then is lost."""
REMEMBERED = 20_000
"""Viewers and addresses that a worker holds a part for."""
STRANGERS = 4
"""All callers without a token together may spend as much as this many viewers, whatever their addresses."""
EXECUTED_AT_ONCE = 4
"""Requests of one viewer that a worker executes at once; further ones wait."""
RETRIES = 10.0
"""Seconds after which a store that failed is asked again."""
Key = tuple[str, ...]


class StoreUnavailable(Exception):
    """The store of rates does not answer."""


@dataclass(slots=True)
class Part:
    """What a worker may spend for somebody without asking.

    Little is taken at first, and twice as much each time: what is not spent in time is lost.
    """

    key: Key
    until: float = 0.0
    left: int = 0
    size: int = 0
    """How much is taken next, at least."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one of several requests that takes more."""
    preparing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one of several new documents that is prepared."""
    executing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(EXECUTED_AT_ONCE))
    """Held by the few of several requests that are executed: others wait for the database, too."""


Payer = list[Part]
"""What is spent from for one caller: the part of the viewer, and that of the address."""


class Rates:
    """Counts what viewers and addresses spend; in memory, or in Redis or Valkey for all workers together."""

    def __init__(self, settings: Settings) -> None:
        self._items = {
            "viewer": RateLimitItemPerMinute(settings.rate_per_viewer),
            "address": RateLimitItemPerMinute(settings.rate_per_address),
            "strangers": RateLimitItemPerMinute(STRANGERS * settings.rate_per_viewer),
        }
        self._proxies = settings.trusted_proxies
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared = _shared_limiter(settings)
        self._shared_from = 0.0
        self._parts: LRUCache[Key, Part] = LRUCache(REMEMBERED)
        self._spent: LRUCache[Key, float] = LRUCache(REMEMBERED)
        """Until when those who have nothing left must wait."""
        self._payers: LRUCache[Key, Payer] = LRUCache(REMEMBERED)
        """By kind and person of a caller, and address."""

    def admit(self, caller: Caller, address: str | None) -> Payer:
        """Return who pays for what a caller asks; raises Refusal where nothing is left of their minute."""
        payer = self.payer(caller, address)
        self.require_some(payer)
        return payer

    def require_some(self, payer: Payer) -> None:
        """Raise Refusal where nothing is left of somebody's minute."""
        if self._spent.currsize:
            for part in payer:
                until = self._spent.get(part.key, 0.0)
                if until > time():
                    raise self._refusal(part.key, until)

    async def spend(self, payer: Payer, cost: int, is_done: bool = False) -> None:
        """Take a cost from what is left. Raises Refusal where that is not enough.

        Where the work is done already (`is_done`), nothing is left then; else less may still be asked for.
        """
        now = monotonic()
        for part in payer:
            if part.until < now:
                part.until, part.left, part.size = now + LEASE, 0, 0
            if part.left < cost:
                async with part.lock:
                    if part.left < cost:
                        taken = await self._take(part.key, cost - part.left, part.size, is_done)
                        part.left += taken
                        part.size = min(2 * taken, self._items[part.key[0]].amount // PARTS)
            part.left -= cost

    async def check(self) -> None:
        """Ask the store something. Raises StoreUnavailable where it does not answer."""
        if self._shared is not None:
            try:
                await self._shared.get_window_stats(self._items["viewer"], "check")
            except (StorageError, OSError, TimeoutError) as error:
                raise StoreUnavailable(str(error.__cause__ or error)) from error

    async def close(self) -> None:
        """Close the connections to the store."""
        if self._shared is not None:
            storage: Any = self._shared.storage
            await storage.bridge.get_connection().aclose()

    def payer(self, caller: Caller, address: str | None) -> Payer:
        """Return who pays for what a caller asks: the viewer, and the address."""
        who = (caller.kind, caller.person_id, address or "")
        found: Payer | None = self._payers.get(who)
        if found is None:
            found = self._payers[who] = [self._part(one) for one in self._keys(caller, address)]
        return found

    def _keys(self, caller: Caller, address: str | None) -> list[Key]:
        # Strangers of one address count as one viewer: what they send is prepared anew each time.
        name = network_of(address or "") if caller.is_anonymous else caller.person_id
        keys: list[Key] = [("viewer", caller.kind, name)] if name else []
        if caller.is_anonymous and name:
            keys.append(("strangers",))
        if address is not None:
            if not is_within(address, self._proxies):
                keys.append(("address", network_of(address)))
            elif caller.is_anonymous:
                keys.clear()
        return keys

    def _part(self, key: Key) -> Part:
        found: Part | None = self._parts.get(key)
        if found is None:
            found = self._parts[key] = Part(key)
        return found

    async def _take(self, key: Key, needed: int, wanted: int, is_done: bool) -> int:
        """Take at least what is needed from the minute, and what is wanted where there is as much.

        Raises Refusal.
        """
        item = self._items[key[0]]
        if self._shared is not None and time() >= self._shared_from:
            try:
                return await self._hit(self._shared, item, key, needed, wanted, is_done)
            except (StorageError, OSError, TimeoutError) as error:
                # Rather count for each worker apart than refuse everybody.
                self._shared_from = time() + RETRIES
                log.warning("The store of rates does not answer, each worker counts for itself: %r", error)
        return await self._hit(self._local, item, key, needed, wanted, is_done)

    async def _hit(
        self, limiter: FixedWindowRateLimiter, item: Any, key: Key, needed: int, wanted: int, is_done: bool
    ) -> int:
        for part in dict.fromkeys((max(needed, wanted), needed)):
            if await limiter.hit(item, *key, cost=part):
                return part
        until = (await limiter.get_window_stats(item, *key)).reset_time
        if is_done:
            self._spent[key] = until
        raise self._refusal(key, until)

    def _refusal(self, key: Key, until: float) -> Refusal:
        seconds = max(1, round(until - time()))
        who, setting = {
            "viewer": ("This viewer has", "the setting rate_per_viewer"),
            "address": ("This address has", "the setting rate_per_address"),
            "strangers": (
                "All callers without a token have",
                f"{STRANGERS} times the setting rate_per_viewer",
            ),
        }[key[0]]
        message = (
            f"{who} asked for more than a cost of {self._items[key[0]].amount} in a minute ({setting}); ask "
            f"again in {seconds} seconds."
        )
        return Refusal(429, "RATE_LIMITED", message, {"Retry-After": str(seconds)})


def _shared_limiter(settings: Settings) -> FixedWindowRateLimiter | None:
    if settings.rate_store is None:
        return None
    address = f"async+{settings.rate_store}"
    # Refused or silent connections must not hold up requests.
    options = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
    storage: Any = storage_from_string(address, implementation="redispy", wrap_exceptions=True, **options)
    return FixedWindowRateLimiter(storage)
