"""The files of an export: one file, those of a folder, or those of a zip; read in place, never unpacked."""

from __future__ import annotations

import io
import struct
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
MOST_MEMBERS = 1_000
"""Files and folders that a zip may hold."""
LARGEST_LIST = 2**20
"""Bytes that the list of them may have, with their names and remarks."""
LONGEST_REMARK = 2**16
END, END_64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q")
"""The records at the end of a zip that say how long its list is (APPNOTE 6.3.10, 4.3.14 and 4.3.16)."""
PLACE_OF_END_64 = 20
"""Bytes between the two."""


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
        with path.open("rb") as file:
            members = members_of(file, str(path))
    except (*DAMAGE, ValueError) as error:
        raise InvalidExport(f"{path}: the zip is damaged; export again.") from error
    total = sum(member.file_size for member in members)
    if total > LARGEST_ZIP or total > HIGHEST_RATIO * max(path.stat().st_size, 2**20):
        raise InvalidExport(f"{path}: would unpack to {total} bytes; this is no export.")
    names = set[str]()
    for member in members:
        if member.filename in names:
            raise InvalidExport(f"{path}: holds {member.filename!r} twice; export again.")
        names.add(member.filename)
        place = PurePosixPath(member.filename.replace("\\", "/"))
        if not member.filename or place.is_absolute() or ".." in place.parts:
            raise InvalidExport(f"{path}: holds {member.filename!r}, outside of it.")
        if not member.is_dir():
            yield ExportFile(member.filename, member.file_size, path, in_zip=True)


def members_of(file: IO[bytes], name: str) -> list[zipfile.ZipInfo]:
    """List what a zip holds. Raises InvalidExport where it is too long, if need be before the list is read.

    Raises one of DAMAGE or ValueError where the zip is damaged.
    """
    size = _size_of_list(file)
    if size > LARGEST_LIST:
        raise InvalidExport(f"{name}: its list of files has {size:,} bytes; it may have {LARGEST_LIST:,}.")
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise InvalidExport(f"{name}: holds {len(members):,} files; a zip may hold {MOST_MEMBERS:,}.")
    return members


def _size_of_list(file: IO[bytes]) -> int:
    """Return how many bytes the list of a zip has, as zipfile looks for it; 0 where it finds none."""
    first = max(0, file.seek(0, io.SEEK_END) - END.size - LONGEST_REMARK)
    file.seek(first)
    tail = file.read()
    at = len(tail) - END.size
    if at < 0 or not tail.startswith(b"PK\5\6", at) or not tail.endswith(b"\0\0"):
        at = tail.rfind(b"PK\5\6", 0, len(tail) - END.size + 4)
    if at < 0:
        return 0
    size = int(END.unpack_from(tail, at)[6])
    before = first + at - PLACE_OF_END_64 - END_64.size
    if before >= 0:
        file.seek(before)
        found = END_64.unpack(file.read(END_64.size))
        # One of more than 4 GB says so before the end.
        size = int(found[8]) if found[0] == b"PK\6\6" else size
    return size
