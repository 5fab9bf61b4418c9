"""What every reader must do, whatever its format: be found, and survive damage without a change."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import shutil
import signal
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from adapters import records as r
from adapters.base import (
    Changed,
    Entry,
    EntryCount,
    InvalidExport,
    Item,
    LeftOut,
    Mention,
    Notice,
    ReaderAdapter,
    Refusal,
    Remaining,
    Used,
)
from adapters.export_files import export_files
from adapters.native import ending
from adapters.native.database import migrate, open_database
from adapters.native.ending import Shrunk
from adapters.native.import_rules import Rules
from adapters.native.loader import load
from gateway.adapters_installed import reader, readers
from gateway.imports import recognised
from tests.conftest import NOW, SAMPLES
from tests.exports import oneroster
from tests.exports.asking import bring
from tests.exports.one_school import ALL, UAI, Written, unpack

LSU = Path(__file__).parent / "exports" / "lsu.xml"
ITEMS = (r.Record, Mention, Refusal, Changed, Remaining, Entry, EntryCount, LeftOut, Used, Notice, int)


def _onde(folder: Path) -> Written:
    (folder / "onde").mkdir()
    (folder / "onde" / "CSVExtraction-eleves.csv").write_bytes(
        '"Nom Elève";"Nom d\'usage Elève";"Prénom Elève";"Date naissance";"Niveau";"Classe"\n'
        '"LEFÈVRE";"";"Noé";"2018-02-03";"CE1";"CE1 A;CE2"\n'.encode("iso-8859-1")
    )
    (folder / "onde" / "CSVExtraction-responsables.csv").write_bytes(
        '"Civilité Responsable";"Nom usage responsable";"Nom responsable";"Prénom responsable";'
        '"Nom d\'usage enfant";"Nom de famille enfant";"Prénom enfant";"Classes enfants"\n'
        '"Mme";"";"LEFÈVRE";"Anne";"";"LEFÈVRE";"Noé";"CE1 A;CE2"\n'.encode("iso-8859-1")
    )
    return Written(folder / "onde", {"school": "0610001A", "access": "all"})


FORMATS: dict[str, tuple[str, Callable[[Path], Written]]] = {
    "aaf": ("aaf", ALL["aaf"]),
    "siecle": ("siecle", ALL["siecle"]),
    "sts": ("sts", ALL["sts"]),
    "edt": ("edt", ALL["edt"]),
    "oneroster": ("oneroster", lambda folder: Written(oneroster.version_1_1(folder))),
    "oneroster 1.2": ("oneroster", lambda folder: Written(oneroster.version_1_2(folder))),
    "ical": ("ical", ALL["agenda"]),
    "onde": ("onde", _onde),
    "csv": ("csv", ALL["grades"]),
    "lsu": ("lsu", lambda folder: Written(Path(shutil.copy(LSU, folder / "lsu.xml")))),
}
"""Each format with a small export of it."""


@pytest.fixture(params=FORMATS)
def export(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ReaderAdapter, Written]:
    """A reader and an export of its format."""
    name, write = FORMATS[request.param]
    return reader(name), write(tmp_path)


def test_every_reader_has_an_example_here() -> None:
    assert {name for name, _ in FORMATS.values()} == {one.name for one in readers()}


def test_the_format_is_found_out(export: tuple[ReaderAdapter, Written]) -> None:
    adapter, written = export
    assert recognised(written.path, written.options).name == adapter.name


def test_it_yields_records_with_ids_of_its_own_source(export: tuple[ReaderAdapter, Written]) -> None:
    adapter, written = export
    found = adapter.inspect(written.path, written.options)
    assert found.source_id.partition(":")[0] == adapter.name and found.size > 0
    items = list(adapter.read(written.path, written.options))
    assert all(isinstance(one, ITEMS) for one in items)
    records = [one for one in items if isinstance(one, r.Imported)]
    assert records and {one.source_id for one in records} == {found.source_id}
    assert [one for one in items if isinstance(one, int)][-1] == found.size


def test_what_a_record_refers_to_comes_before_it(export: tuple[ReaderAdapter, Written]) -> None:
    adapter, written = export
    known: set[str] = set()
    for item in adapter.read(written.path, written.options):
        record = item.record if isinstance(item, Mention) else item
        if not isinstance(record, r.Record):
            continue
        known.add(record.id)
        for name in ("student_id", "guardian_id", "class_id", "staff_id", "school_id"):
            value = getattr(record, name, None)
            assert value is None or value in known, (record, name)


ACCOUNTED = ("aaf", "siecle", "sts", "edt", "onde", "lsu")


@pytest.mark.parametrize("name", [key for key, (one, _) in FORMATS.items() if one in ACCOUNTED])
def test_every_entry_is_accounted_for_and_counted_apart(name: str, tmp_path: Path) -> None:
    adapter, written = reader(FORMATS[name][0]), FORMATS[name][1](tmp_path)
    items = list(adapter.read(written.path, written.options))
    announced = Counter(one.kind for one in items if isinstance(one, Entry) and not one.is_continued)
    counted = Counter[str]()
    for one in items:
        if isinstance(one, EntryCount):
            counted[one.kind] += one.number
    assert announced and announced == +counted
    report = bring(f"sqlite:///{tmp_path / 'school.db'}", written)
    assert {kind: one.read for kind, one in report.entries.items()} == announced
    for found in report.entries.values():
        assert found.read == found.taken + found.refused + found.waiting + sum(found.left_out.values())


def _all_rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    async def read() -> dict[str, list[tuple[Any, ...]]]:
        engine = open_database(url)
        async with engine.connect() as connection:
            found = {
                table.name: sorted(map(tuple, await connection.execute(table.select())), key=str)
                for table in SQLModel.metadata.sorted_tables
            }
        await engine.dispose()
        return found

    return asyncio.run(read())


@pytest.mark.parametrize("stop", [1, 8])
def test_an_import_killed_anywhere_leaves_what_was_there(
    export: tuple[ReaderAdapter, Written], tmp_path: Path, stop: int
) -> None:
    adapter, written = export
    url = f"sqlite:///{tmp_path / 'school.db'}"
    (tmp_path / "before").mkdir()
    bring(url, ALL["holidays"](tmp_path / "before"))
    before = _all_rows(url)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking; the child lives for a moment
        process = get_context("fork").Process(target=_killed, args=(adapter, written, url, stop))
        process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert _all_rows(url) == before
    assert bring(url, written).changes > 0


def _killed(adapter: ReaderAdapter, written: Written, url: str, stop: int) -> None:
    """Import, and die by SIGKILL after some items, at the latest after all of them."""

    def dying() -> Iterator[Item]:
        for number, item in enumerate(adapter.read(written.path, written.options)):
            if number == stop:
                break
            yield item
        os.kill(os.getpid(), signal.SIGKILL)

    async def importing() -> None:
        engine = open_database(url)
        await load(engine, adapter.inspect(written.path, written.options), dying(), NOW)

    asyncio.run(importing())


def test_the_same_export_again_changes_nothing(export: tuple[ReaderAdapter, Written], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'school.db'}"
    assert bring(url, export[1]).changes > 0
    assert bring(url, export[1]).changes == 0


async def test_a_complete_export_that_lost_most_of_its_records_is_stopped(
    export: tuple[ReaderAdapter, Written], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter, written = export
    monkeypatch.setattr(ending, "FEW", 0)  # the examples here are small
    url = f"sqlite:///{tmp_path / 'school.db'}"
    engine, found = open_database(url), adapter.inspect(written.path, written.options)
    items = list(adapter.read(written.path, written.options))
    lost = (r.Record, Entry, EntryCount)
    few = [one for one in items if not isinstance(one, lost) or isinstance(one, r.School)]
    rules = Rules(most_ended=0.2)
    await migrate(engine)
    await load(engine, found, items, NOW, rules=rules)
    before = await asyncio.to_thread(_all_rows, url)
    with pytest.raises(Shrunk, match=r"would end. Nothing was changed.*--allow-shrink"):
        await load(engine, found, few, NOW, rules=rules)
    assert await asyncio.to_thread(_all_rows, url) == before
    assert (await load(engine, found, few, NOW)).changes > 0
    await engine.dispose()


# ---- damage ----------------------------------------------------------------------------------------------


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(one for one in path.iterdir() if one.is_file())


def _readable_or_refused(adapter: ReaderAdapter, written: Written) -> None:
    """Read an export; anything but records, refusals or InvalidExport is a defect."""
    try:
        adapter.inspect(written.path, written.options)
        for item in adapter.read(written.path, written.options):
            assert isinstance(item, ITEMS)
            if isinstance(item, r.Record):
                with contextlib.suppress(ValueError):  # refused by the loader, with its field
                    type(item).model_validate(item.model_dump())
    except InvalidExport as error:
        assert str(error)


RUBBISH = st.sampled_from(
    [b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"<", b"&x;", b"9" * 40, "é".encode(), b"\n"]
)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_damage_anywhere_gives_an_error_and_never_a_traceback(name: str, data: st.DataObject) -> None:
    format_name, write = FORMATS[name]
    with tempfile.TemporaryDirectory() as folder:
        written = write(Path(folder))
        file = data.draw(st.sampled_from(_files(written.path)))
        content = bytearray(file.read_bytes())
        where = data.draw(st.integers(0, max(0, len(content) - 1)))
        match data.draw(st.sampled_from(["cut", "flip", "insert", "swap", "repeat"])):
            case "cut":
                content = content[:where]
            case "flip":
                content[where : where + 1] = data.draw(st.binary(min_size=1, max_size=1))
            case "insert":
                rubbish = st.sampled_from(
                    [
                        b"\x00",
                        b"\xff\xfe",
                        b"\xef\xbb\xbf",
                        b'"',
                        b"<",
                        b"&x;",
                        b"9" * 40,
                        "é".encode(),
                        b"\n",
                    ]
                )
                content[where:where] = data.draw(rubbish)
            case "swap":
                content = content[where:] + content[:where]
            case "repeat":
                content[where:where] = content[where : where + 200]
        file.write_bytes(bytes(content))
        _readable_or_refused(reader(format_name), written)


FIELDS = st.sampled_from(
    ["", "0", "-1", "99999999999999999999", "1e999", "nan", "=1+1", "2026-02-30", "31/02/2026", "0001-01-01",
     "9999-12-31", "25:99", "é" * 5000, "\u202e", "'", '"', "<b>", "NULL", "true", "a,b;c\td", "١٢"]
)  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_odd_values_in_fields_give_refusals_and_never_a_traceback(name: str, data: st.DataObject) -> None:
    """Values are put where values stand: between tags, in attributes, between separators."""
    format_name, write = FORMATS[name]
    with tempfile.TemporaryDirectory() as folder:
        written = write(Path(folder))
        files = [one for one in _files(written.path) if one.suffix != ".zip"]
        if not files:
            unpack(written.path)
            files = _files(written.path)
        file = data.draw(st.sampled_from(files))
        encoding = "utf-8" if b"ISO-8859" not in file.read_bytes()[:99] else "iso-8859-15"
        text = file.read_bytes().decode(encoding, "replace")
        ends = [index for index, letter in enumerate(text) if letter in '><";,:\n'][:-1]
        start = data.draw(st.sampled_from(ends)) + 1
        stop = next((index for index in range(start, len(text)) if text[index] in '><";,:\n'), start)
        value = data.draw(FIELDS)
        if file.suffix == ".xml":
            value = value.replace("<", "&lt;").replace('"', "&quot;")
        file.write_bytes((text[:start] + value + text[stop:]).encode(encoding, "replace"))
        _readable_or_refused(reader(format_name), written)


ENTITY = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("name", ["siecle", "sts", "edt"])
@pytest.mark.parametrize("entity", ["&b;", "&f;"])
def test_xml_entities_are_refused(name: str, entity: str, tmp_path: Path) -> None:
    written = ALL[name](tmp_path)
    if name == "siecle":
        unpack(written.path)
    file = _files(written.path)[0]
    text = file.read_bytes().decode("iso-8859-15")
    head, body = text.split("\n", 1)
    file.write_bytes(f"{head}\n{ENTITY}{body.replace('UAJ>0', f'UAJ>{entity}0')}".encode("iso-8859-15"))
    with pytest.raises(InvalidExport, match="entities"):
        list(reader(name).read(written.path, written.options))


def _zip(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_zips_that_reach_out_or_explode_are_refused(tmp_path: Path) -> None:
    outside = _zip(tmp_path / "outside.zip", **{"../../etc/cron.d/x": b"x"})
    with pytest.raises(InvalidExport, match=r"outside of it"):
        export_files(outside)
    absolute = _zip(tmp_path / "absolute.zip", **{"/etc/x": b"x"})
    with pytest.raises(InvalidExport, match=r"outside of it"):
        export_files(absolute)
    nameless = tmp_path / "nameless.zip"
    nameless.write_bytes(_zip(tmp_path / "x.zip", n=b"x").read_bytes().replace(b"n", b"\x00"))
    with pytest.raises(InvalidExport, match=r"holds '', outside of it"):
        export_files(nameless)
    bomb = _zip(tmp_path / "bomb.zip", **{"a.xml": bytes(2**20 * 300)})
    with pytest.raises(InvalidExport, match="would unpack to 314572800 bytes"):
        export_files(bomb)
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(InvalidExport, match="damaged"):
        export_files(tmp_path / "no.zip")


def test_a_zip_with_names_that_are_no_text_is_refused(tmp_path: Path) -> None:
    """Found by atheris: a name said to be UTF-8 that is not, in the header of the member alone."""
    path = _zip(tmp_path / "names.zip", **{"eleves.xml": b"<x/>"})
    content = bytearray(path.read_bytes())
    content[6:8] = b"\x00\x08"
    content[30] = 0x99
    path.write_bytes(bytes(content))
    (file,) = export_files(path)
    with pytest.raises(InvalidExport, match=r"names.zip, eleves.xml: the zip is damaged"), file.open():
        pass


def test_a_document_in_a_namespace_that_is_no_address_is_of_no_format(tmp_path: Path) -> None:
    """Found by atheris: the name of an element cannot be taken apart as the standard does."""
    path = tmp_path / "odd.xml"
    path.write_text('<x xmlns="http://a}b"/>')
    with pytest.raises(InvalidExport, match="of no format that is known"):
        recognised(path, {})


def test_a_damaged_member_of_a_zip_is_an_error_of_the_export(tmp_path: Path) -> None:
    written = ALL["siecle"](tmp_path)
    file = _files(written.path)[0]
    content = bytearray(file.read_bytes())
    content[60:90] = bytes(30)
    file.write_bytes(bytes(content))
    with pytest.raises(InvalidExport):
        reader("siecle").inspect(written.path, {})


def test_what_is_of_no_format_is_told_with_every_readers_reason(tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(500))
    with pytest.raises(InvalidExport) as error:
        recognised(path, {})
    lines = str(error.value).splitlines()
    assert lines[0] == f"{path} is of no format that is known. Each says why:"
    assert [one.split(":")[0].strip() for one in lines[1:]] == [one.name for one in readers()]


def test_what_is_of_a_format_but_wrong_is_told_by_its_reader_alone(tmp_path: Path) -> None:
    written = ALL["homework"](tmp_path)
    with pytest.raises(
        InvalidExport, match=r"^devoirs.csv: say which school it is of: --option school=UAI.$"
    ):
        recognised(written.path, {})


def test_absurd_lengths_are_refused_with_their_field(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text(f"ELEVE_ID;Matière;Date;Note;id\n5001;Maths;2026-11-10;12;{'x' * 300_000}\n")
    url = f"sqlite:///{tmp_path / 'school.db'}"
    with pytest.raises(InvalidExport, match=r"notes.csv, line \d: field larger than field limit"):
        bring(url, Written(path, {"school": UAI}))


def test_a_spreadsheet_that_explodes_is_refused(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(2**20 * 300))
    path = tmp_path / "notes.xlsx"
    path.write_bytes(content.getvalue())
    with pytest.raises(InvalidExport, match="would unpack to"):
        reader("csv").inspect(path, {"school": UAI})


@pytest.mark.skipif(not SAMPLES.exists(), reason="The published samples lie beside the project.")
@pytest.mark.parametrize(
    ("name", "folder", "options"),
    [
        ("sts", "sts/case2", {}),
        ("sts", "sts/parsing-error-case", {}),
        ("onde", "onde", {"school": "0610001A", "access": "none"}),
        ("lsu", "lsu/sample-bilan-complet.xml", {}),
    ],
)
def test_published_samples_are_read(name: str, folder: str, options: dict[str, str]) -> None:
    items = list(reader(name).read(SAMPLES / folder, options))
    assert [one for one in items if isinstance(one, Refusal)] == []
