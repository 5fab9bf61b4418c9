"""Exports that lie at an address: fetched to a file, as long as the import lasts."""

from __future__ import annotations

import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from adapters.base import InvalidExport

SCHEMES = {"http": "http", "https": "https", "webcal": "https"}
LARGEST = 64 * 2**20
SECONDS = 30


@contextmanager
def located(place: str) -> Iterator[Path]:
    """Yield the path of an export, given as a path or as an address. Raises InvalidExport."""
    parts = urlsplit(place)
    if parts.scheme not in SCHEMES:
        yield Path(place)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (PurePosixPath(unquote(parts.path)).name or "feed.ics")
        address = parts._replace(scheme=SCHEMES[parts.scheme]).geturl()
        try:
            with urllib.request.urlopen(address, timeout=SECONDS) as answer:
                content = answer.read(LARGEST + 1)
        except (urllib.error.URLError, OSError, ValueError) as error:
            # The address itself may hold a secret: it is not repeated.
            raise InvalidExport(f"{parts.hostname} does not give the export: {error}.") from error
        if len(content) > LARGEST:
            raise InvalidExport(f"{parts.hostname} gives more than {LARGEST} bytes; download it first.")
        path.write_bytes(content)
        yield path
