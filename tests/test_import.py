"""Importing AAF: what a real export gives, what is refused and why, and that damage changes nothing."""

from __future__ import annotations

import asyncio
import shutil
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from adapters import records as r
from adapters.aaf.reader import AafReader
from adapters.base import Export, InvalidExport, Refusal
from adapters.native.database import open_database
from adapters.native.import_report import Report
from adapters.native.loader import load
from gateway.imports import start_import
from gateway.settings import Settings
from tests.conftest import EXPORT, NOW, QUIET, SAMPLES, new_database

SAMPLE = SAMPLES / "aaf"
needs_samples = pytest.mark.skipif(
    not SAMPLE.exists(), reason=f"{SAMPLE} is not here; the published sample lies beside the project."
)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without anything."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return new_database(request.getfixturevalue("postgres_server"))


def run(url: str, path: Path, dry_run: bool = False) -> Report:
    return start_import(Settings(database_url=url), "aaf", path, dry_run, QUIET, NOW)


def counted(report: Report) -> dict[str, tuple[int, int, int, int]]:
    return {kind: (one.added, one.changed, one.unchanged, one.ended) for kind, one in report.counts.items()}


def stored(url: str, record: type[r.Record], *columns: str, **where: Any) -> list[tuple[Any, ...]]:
    """Read columns of records, without those that ended."""

    async def read() -> list[tuple[Any, ...]]:
        engine = open_database(url)
        table = record.table()
        query = select(*(table.c[name] for name in columns)).where(table.c.ended_at.is_(None))
        query = query.where(*(table.c[name] == value for name, value in where.items()))
        async with engine.connect() as connection:
            found = [tuple(row) for row in await connection.execute(query)]
        await engine.dispose()
        return found

    return asyncio.run(read())


@needs_samples
def test_the_published_sample_gives_its_people_and_ties(empty_database: str) -> None:
    report = run(empty_database, SAMPLE)
    found = counted(report)
    assert (found["school"], found["student"], found["guardian"]) == (
        (5, 0, 0, 0),
        (316, 0, 0, 0),
        (564, 0, 0, 0),
    )
    assert (report.links, report.legal_links, report.students_without_guardian) == (533, 460, 8)
    assert report.refused == []
    again = run(empty_database, SAMPLE)
    assert (again.changes, again.links, again.legal_links) == (0, 533, 460)
    assert {one[0] + one[1] + one[3] for one in counted(again).values()} == {0}


@needs_samples
def test_the_sample_keeps_its_awkward_facts(empty_database: str) -> None:
    run(empty_database, SAMPLE)
    (vasquez,) = stored(
        empty_database,
        r.Student,
        "id",
        "first_name",
        "boarding_status",
        "information_system_id",
        external_id="2605695",
    )
    assert vasquez[1:] == ("Amélie", "DAY_STUDENT", "837987")
    ties = stored(
        empty_database,
        r.Guardianship,
        "relation",
        "legal_rank",
        "responsibility",
        "has_data_access",
        student_id=vasquez[0],
    )
    assert sorted(ties) == [
        ("FATHER", 2, "LEGAL_GUARDIAN", True),
        ("MOTHER", 1, "LEGAL_GUARDIAN", True),
    ]
    closed = stored(empty_database, r.Guardianship, "permissions", "has_data_access", legal_rank=None)
    assert len(closed) == 73
    assert {(tuple(permissions), access) for permissions, access in closed} == {((), False)}


def test_a_dry_run_says_what_would_change_and_changes_nothing(empty_database: str) -> None:
    report = run(empty_database, EXPORT, dry_run=True)
    assert report.dry_run and report.changes > 400
    assert stored(empty_database, r.Student, "id") == []
    assert run(empty_database, EXPORT).changes == report.changes


def test_a_zip_of_the_folder_is_read_like_the_folder(empty_database: str, tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(EXPORT.iterdir()):
            file.write(path, f"export/{path.name}")
    run(empty_database, EXPORT)
    assert run(empty_database, archive).changes == 0


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A copy of the example export, to be changed."""
    copy = tmp_path / "export"
    shutil.copytree(EXPORT, copy)
    return copy


def _file(export: Path, category: str) -> Path:
    (found,) = export.glob(f"*_{category}_0000.xml")
    return found


def _replace(path: Path, old: str, new: str) -> None:
    text_ = path.read_text(encoding="utf-8")
    assert old in text_
    path.write_text(text_.replace(old, new, 1), encoding="utf-8")


def test_what_a_complete_export_no_longer_has_is_ended_and_what_comes_back_lives_again(
    empty_database: str, export: Path
) -> None:
    run(empty_database, export)
    before = len(stored(empty_database, r.Student, "id"))
    students = _file(export, "Eleve")
    text_ = students.read_text(encoding="utf-8")
    start, end = text_.index("<addRequest>"), text_.index("</addRequest>") + len("</addRequest>")
    students.write_text(text_[:start] + text_[end:], encoding="utf-8")
    report = run(empty_database, export)
    assert counted(report)["student"] == (0, 0, before - 1, 1)
    assert len(stored(empty_database, r.Student, "id")) == before - 1
    students.write_text(text_, encoding="utf-8")
    assert counted(run(empty_database, export))["student"] == (0, 1, before - 1, 0)


def _without_students(export: Path, most: int) -> None:
    """Leave only the first students of an export."""
    students = _file(export, "Eleve")
    head, *requests = students.read_text(encoding="utf-8").split("<addRequest>")
    kept = "<addRequest>".join([head, *requests[:most]])
    end = "" if kept.rstrip().endswith("</ficAlimMENESR>") else "</ficAlimMENESR>"
    students.write_text(kept + end, encoding="utf-8")


def test_a_complete_export_that_lacks_too_much_is_stopped_until_it_is_allowed(
    empty_database: str, export: Path
) -> None:
    run(empty_database, export)
    before = stored(empty_database, r.Student, "id")
    _without_students(export, 40)
    with pytest.raises(InvalidExport, match=r"76 of 227 records of enrolment .* --allow-shrink"):
        run(empty_database, export)
    assert stored(empty_database, r.Student, "id") == before
    settings = Settings(database_url=empty_database)
    report = start_import(settings, "aaf", export, False, QUIET, NOW, allow_shrink=True)
    assert counted(report)["student"] == (0, 0, 40, 20)


def test_a_changed_attribute_changes_its_record_only(empty_database: str, export: Path) -> None:
    run(empty_database, export)
    _replace(_file(export, "EtabEducNat"), "COLLEGE MARIE CURIE", "COLLEGE IRENE CURIE")
    report = run(empty_database, export)
    assert (report.changes, report.counts["school"].changed) == (1, 1)


def test_the_time_zone_follows_the_uai(empty_database: str) -> None:
    run(empty_database, EXPORT)
    assert sorted(stored(empty_database, r.School, "national_id", "time_zone")) == [
        ("0759901A", "Europe/Paris"),
        ("9889902B", "Pacific/Noumea"),
    ]


def test_a_refused_value_names_file_line_record_attribute_value_and_remedy(
    empty_database: str, export: Path
) -> None:
    students = _file(export, "Eleve")
    text_ = students.read_text(encoding="utf-8")
    born = text_.split('ENTPersonDateNaissance">', 1)[1].split("<value>", 1)[1].split("<", 1)[0]
    _replace(students, born, "31/02/2014")
    report = run(empty_database, export)
    (refused,) = report.refused
    assert (refused.file, refused.field, refused.value, refused.reason, refused.remedy) == (
        f"{students.name}, line 4",
        "ENTPersonDateNaissance",
        "31/02/2014",
        "not a date",
        "Write it as dd/mm/yyyy.",
    )
    assert stored(empty_database, r.Student, "date_of_birth", external_id=refused.record) == [(None,)]


def test_a_guardian_in_no_file_is_reported_and_the_student_kept(empty_database: str, export: Path) -> None:
    students = _file(export, "Eleve")
    text_ = students.read_text(encoding="utf-8")
    link = text_.split('ENTElevePersRelEleve">', 1)[1].split("<value>", 1)[1].split("$", 1)[0]
    students.write_text(text_.replace(f"<value>{link}$", "<value>999999$"), encoding="utf-8")
    report = run(empty_database, export)
    assert {(one.field, one.value) for one in report.refused} == {("ENTElevePersRelEleve", "999999")}
    assert report.counts["student"].added == 60


def test_older_exports_name_guardians_in_other_attributes(empty_database: str, export: Path) -> None:
    students = _file(export, "Eleve")
    text_ = students.read_text(encoding="utf-8")
    first = text_.split('<attr name="ENTElevePersRelEleve">', 1)[1].split("</attr>", 1)[0]
    people = [line.split("<value>")[1].split("$")[0] for line in first.strip().splitlines()]
    older = "".join(
        f'<attr name="{name}">{"".join(f"<value>{one}</value>" for one in values)}</attr>'
        for name, values in (
            ("ENTEleveParents", people),
            ("ENTEleveMere", people[:1]),
            ("ENTEleveAutoriteParentale", people),
        )
    )
    _replace(students, f'<attr name="ENTElevePersRelEleve">{first}</attr>', older)
    run(empty_database, export)
    (mother,) = stored(empty_database, r.Guardian, "id", external_id=people[0])
    student = text_.split("<id>", 1)[1].split("<", 1)[0]
    (child,) = stored(empty_database, r.Student, "id", external_id=student)
    ties = stored(
        empty_database, r.Guardianship, "guardian_id", "relation", "legal_rank", student_id=child[0]
    )
    assert (mother[0], "MOTHER", 1) in ties
    assert len(ties) == len(people)


def _hostile() -> Iterator[Any]:
    bomb = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>'
    external = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    doctype = '<!DOCTYPE ficAlimMENESR SYSTEM "ficAlimMENESR.dtd">'
    yield pytest.param(lambda t: t.replace(doctype, bomb), "declares XML entities", id="bomb")
    yield pytest.param(
        lambda t: t.replace(doctype, bomb).replace("<value>M.", "<value>&b;"), "entities", id="bomb used"
    )
    yield pytest.param(
        lambda t: t.replace(doctype, external).replace("<value>M.", "<value>&a;"), "entities", id="external"
    )
    yield pytest.param(lambda t: t[: len(t) // 2], r"_Eleve_0000.xml, line \d+: .*damaged", id="truncated")
    yield pytest.param(lambda t: t + "<more/>", r"line \d+: .*Extra content", id="trailing")
    yield pytest.param(lambda t: t.replace(">Eleve<", ">Martien<", 1), "category 'Martien'", id="category")
    yield pytest.param(lambda t: t.replace("addRequest", "modifyRequest"), "modifyRequest", id="delta inside")
    yield pytest.param(lambda t: t.replace("ficAlimMENESR", "other"), "root element", id="root")
    yield pytest.param(lambda t: "\x00" + t, "line 1", id="NUL")


@pytest.mark.parametrize(("damage", "message"), list(_hostile()))
def test_a_damaged_export_gives_a_clear_error_and_changes_nothing(
    own_database: str, export: Path, damage: Any, message: str
) -> None:
    students = _file(export, "Eleve")
    students.write_text(damage(students.read_text(encoding="utf-8")), encoding="utf-8")
    _replace(_file(export, "EtabEducNat"), "COLLEGE MARIE CURIE", "COLLEGE SANS NOM")
    with pytest.raises(InvalidExport, match=message):
        run(own_database, export)
    assert stored(own_database, r.School, "id", name="COLLEGE SANS NOM") == []
    assert run(own_database, EXPORT).changes == 0


def test_a_wrong_encoding_gives_a_clear_error(own_database: str, export: Path) -> None:
    guardians = _file(export, "PersRelEleve")
    guardians.write_bytes(guardians.read_text(encoding="utf-8").encode("iso-8859-1"))
    with pytest.raises(InvalidExport, match=rf"{guardians.name}, line \d+: .*encod"):
        run(own_database, export)


def test_a_complete_export_and_a_delta_together_are_refused(export: Path) -> None:
    (export / "DEMO_Delta_20260901_Eleve_0000.xml").write_text("<x/>", encoding="utf-8")
    with pytest.raises(InvalidExport, match="holds a complete export and a delta"):
        AafReader().inspect(export, {})


@pytest.mark.parametrize("name", ["DEMO_Complet_20260901_Martien_0000.xml", "notes.txt"])
def test_a_file_of_another_kind_is_named_and_the_others_are_imported(
    empty_database: str, export: Path, name: str
) -> None:
    (export / name).write_text("<x/>", encoding="utf-8")
    report = run(empty_database, export)
    assert name in [one.place for one in report.notices]
    assert report.counts["student"].added == 60


def test_a_complete_export_without_its_schools_is_refused(export: Path) -> None:
    _file(export, "EtabEducNat").unlink()
    with pytest.raises(InvalidExport, match="has no EtabEducNat file; without it no student has a school"):
        AafReader().inspect(export, {})


def test_what_a_complete_export_has_no_file_of_stays(empty_database: str, export: Path) -> None:
    run(empty_database, export)
    before = stored(empty_database, r.StaffMember, "id"), stored(empty_database, r.Teaching, "id")
    _file(export, "PersEducNat").unlink()
    report = run(empty_database, export)
    assert (report.changes, [one.place for one in report.notices]) == (0, ["PersEducNat"])
    assert (stored(empty_database, r.StaffMember, "id"), stored(empty_database, r.Teaching, "id")) == before


def test_a_folder_without_an_export_and_a_path_without_anything_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InvalidExport, match="there is nothing in it"):
        AafReader().inspect(tmp_path, {})
    with pytest.raises(InvalidExport, match="no such file or folder"):
        AafReader().inspect(tmp_path / "missing", {})
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(InvalidExport, match="no AAF file found"):
        AafReader().inspect(tmp_path / "note.txt", {})


def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("DEMO_Complet_20260901_Eleve_0000.xml", b"\0" * 300_000_000)
    with pytest.raises(InvalidExport, match="would unpack to 300000000 bytes"):
        AafReader().inspect(archive, {})


def test_an_empty_file_of_a_category_is_normal(empty_database: str, export: Path) -> None:
    (export / "DEMO_Complet_20260901_Eleve_0001.xml").write_bytes(b"")
    assert run(empty_database, export).counts["student"].added == 60


async def test_an_error_of_the_reader_in_the_middle_leaves_the_state_before(own_database: str) -> None:
    def breaks() -> Iterator[r.Record | Refusal | int]:
        for number in range(1200):
            yield r.Room(id=f"room{number}", source_id="x", external_id=str(number), name="R")
        raise InvalidExport("broken")

    engine = open_database(own_database)
    with pytest.raises(InvalidExport):
        await load(engine, Export("x", "X", True, 0), breaks(), datetime.now(UTC))
    async with engine.connect() as connection:
        room = r.Room.table()
        left = select(func.count()).select_from(room).where(room.c.source_id == "x")
        assert (await connection.execute(left)).scalar_one() == 0
    await engine.dispose()


async def test_a_record_that_breaks_its_model_is_refused_and_the_others_go_on(own_database: str) -> None:
    def rooms() -> Iterator[r.Record | Refusal | int]:
        yield r.Room(id="good", source_id="x", external_id="1", name="R")
        yield r.Room(id="bad", source_id="x", external_id="2" * 300, name="R")

    engine = open_database(own_database)
    report = await load(engine, Export("x", "X", True, 0), rooms(), datetime.now(UTC))
    (refused,) = report.refused
    assert (refused.record, refused.field) == ("2" * 80, "external_id")
    assert report.counts["room"].added == 1
    async with engine.connect() as connection:
        state = await connection.execute(text("SELECT status FROM data_source WHERE id = 'x'"))
        assert state.scalar_one() == "PARTIAL"
    await engine.dispose()
