"""Fuzzes a reader with atheris, which looks for the bytes that reach new lines of it.

`python -m benchmarks.fuzz sts -max_total_time=60`; the formats are those of `tests/test_readers.py`, the
options libFuzzer's. Needs `pip install atheris` (Linux). It ends at the first thing that is no
InvalidExport, and leaves the bytes in a file `crash-...`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["adapters"]):
    from gateway.adapters_installed import reader, readers
    from tests.test_readers import FORMATS, _files, _readable_or_refused

    readers()  # loads every reader, so that all are instrumented


def main() -> None:
    """Write an example of the format, and let atheris change the bytes of its files."""
    name, *options = sys.argv[1:]
    format_name, write = FORMATS[name]
    with tempfile.TemporaryDirectory() as folder:
        written = write(Path(folder))
        files = _files(written.path)
        originals = [file.read_bytes() for file in files]
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, original in enumerate(originals):
            (corpus / str(number)).write_bytes(bytes([number]) + original)

        def one(data: bytes) -> None:
            if not data:
                return
            place = data[0] % len(files)
            files[place].write_bytes(data[1:])
            try:
                _readable_or_refused(reader(format_name), written)
            finally:
                files[place].write_bytes(originals[place])

        atheris.Setup([sys.argv[0], str(corpus), *options], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
