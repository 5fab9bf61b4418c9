"""National numbers of students (INE): what readers make of them, coded once more with a secret."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from adapters import records as r
from adapters.base import BadConfiguration, Changed, Item, Mention

SHORTEST = 16


def read_secret(path: Path) -> bytes:
    """Read the secret, without white space around it. Raises BadConfiguration."""
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise BadConfiguration(f"national_id_key: {path} cannot be read: {error.strerror}.") from error
    if len(secret) < SHORTEST:
        raise BadConfiguration(
            f"national_id_key: {path} holds {len(secret)} bytes; at least {SHORTEST} are needed. "
            f"`openssl rand -hex 32 > {path}` writes a good one."
        )
    return secret


def with_secret(items: Iterable[Item], secret: bytes) -> Iterator[Item]:
    """Yield what a reader found, each code of a national number replaced by its HMAC (SHA-256)."""

    def coded(code: str) -> str:
        return hmac.new(secret, code.encode(), "sha256").hexdigest()

    def student(found: r.Student) -> r.Student:
        code = found.national_id
        return found.model_copy(update={"national_id": coded(code)}) if code else found

    for item in items:
        if isinstance(item, r.Student):
            yield student(item)
        elif isinstance(item, Mention) and isinstance(item.record, r.Student):
            yield replace(item, record=student(item.record))
        elif isinstance(item, Changed) and item.kind is r.Student:
            code = item.values.get("national_id")
            values = {**item.values, "national_id": coded(code)} if code else item.values
            whole = student(item.otherwise) if isinstance(item.otherwise, r.Student) else None
            yield replace(item, values=values, otherwise=whole)
        else:
            yield item
