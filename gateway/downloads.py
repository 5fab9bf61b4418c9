"""Exports that lie at an address: fetched to a file, as long as the import lasts."""

from __future__ import annotations

import hashlib
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from adapters.base import InvalidExport

ENDINGS = (".ics", ".csv", ".xlsx", ".xml", ".zip", ".txt")
SCHEMES = {"http": "http", "https": "https", "webcal": "https"}
LARGEST = 64 * 2**20
SECONDS = 30


def ending(path: str) -> str:
    """Return the ending of a file at an address, where it is that of an export; else that of a calendar."""
    found = PurePosixPath(path).suffix.lower()
    return found if found in ENDINGS else ".ics"


@contextmanager
def located(place: str) -> Iterator[Path]:
    """Yield the path of an export, given as a path or as an address. Raises InvalidExport."""
    parts = urlsplit(place)
    if parts.scheme not in SCHEMES:
        yield Path(place)
        return
    with tempfile.TemporaryDirectory() as folder:
        # The address may hold a secret; the report and the name of the source repeat the name of the file.
        name = hashlib.sha256(place.encode()).hexdigest()[:8]
        path = Path(folder) / f"feed-{name}{ending(parts.path)}"
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
