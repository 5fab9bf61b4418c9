"""The files of an export: one file, those of a folder, or those of a zip; read in place, never unpacked."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from adapters.base import InvalidExport

LARGEST_ZIP = 20 * 2**30
"""Bytes that the files of a zip may have together."""
DAMAGE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError)
"""What reading a damaged or encrypted zip raises."""
HIGHEST_RATIO = 200
"""How many times its size a zip may unpack to."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file: its name, its size in bytes, and where it lies."""

    name: str
    size: int
    path: Path
    in_zip: bool = False

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the file for reading. Raises InvalidExport where a zip is damaged."""
        if not self.in_zip:
            with self.path.open("rb") as file:
                yield file
            return
        damaged = f"{self.path.name}, {self.name}: the zip is damaged or locked."
        with ExitStack() as stack:
            try:
                archive = stack.enter_context(zipfile.ZipFile(self.path))
                member = stack.enter_context(archive.open(self.name))
            except (*DAMAGE, ValueError, KeyError) as error:
                raise InvalidExport(damaged) from error
            try:
                yield member
            except DAMAGE as error:
                raise InvalidExport(damaged) from error

    @property
    def stem(self) -> str:
        """The name without folders and ending."""
        return PurePosixPath(self.name).stem


def export_files(path: Path) -> list[ExportFile]:
    """List the files of an export by name; zips in a folder count with their files. Raises InvalidExport."""
    if path.is_dir():
        found = [one for file in sorted(path.iterdir()) if file.is_file() for one in _files_of(file)]
    elif path.is_file():
        found = list(_files_of(path))
    else:
        raise InvalidExport(f"{path}: there is no such file or folder.")
    if not found:
        raise InvalidExport(f"{path}: there is nothing in it.")
    return found


def _files_of(path: Path) -> Iterator[ExportFile]:
    if path.suffix.lower() != ".zip":
        yield ExportFile(path.name, path.stat().st_size, path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (*DAMAGE, ValueError) as error:
        raise InvalidExport(f"{path}: the zip is damaged; export again.") from error
    total = sum(member.file_size for member in members)
    if total > LARGEST_ZIP or total > HIGHEST_RATIO * max(path.stat().st_size, 2**20):
        raise InvalidExport(f"{path}: would unpack to {total} bytes; this is no export.")
    for member in members:
        place = PurePosixPath(member.filename.replace("\\", "/"))
        if not member.filename or place.is_absolute() or ".." in place.parts:
            raise InvalidExport(f"{path}: holds {member.filename!r}, outside of it.")
        if not member.is_dir():
            yield ExportFile(member.filename, member.file_size, path, in_zip=True)
