"""Who is who: keys by rank, none of which may contradict; what a table names follows its owner."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from adapters import records as r
from adapters.base import Entry, EntryCount, Export, Item, LeftOut, Mention, Refusal, Used
from adapters.native.database import migrate, open_database
from adapters.native.entry_accounts import UnaccountedEntries
from adapters.native.import_report import Report
from adapters.native.loader import load
from adapters.native.source_scope import ForeignExport
from tests.conftest import NOW
from tests.exports.asking import ask, bring, bring_all, rows
from tests.exports.case_school import case_school
from tests.exports.one_school import ALL, UAI, Written, changed_siecle

CASES = Path(__file__).parent / "cases" / "import"
GRADES = "{ viewer { students { displayName grades(first: 9) { nodes { value title } } } } }"
HEAD = "ELEVE_ID;INE;Nom;Prénom;Date de naissance;Matière;Date;Note;Titre\n"
Family = dict[str, list[float]]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


def table(folder: Path, *lines: str) -> Written:
    path = folder / "notes.csv"
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return Written(path, {"school": UAI})


def graded(url: str, guardian: str) -> Family:
    """Return the grades that a guardian sees, by child."""
    students = ask(url, guardian, GRADES, {})["viewer"]["students"]
    return {one["displayName"]: sorted(n["value"] for n in one["grades"]["nodes"]) for one in students}


def siecle_with(folder: Path, **replaced: str) -> Written:
    """Write the SIECLE export with words of the pupils' file replaced, underscores for spaces."""

    def change(name: str, text: str) -> str:
        for old, new in replaced.items() if "Eleves" in name else ():
            assert old in text
            text = text.replace(old, new)
        return text

    return changed_siecle(folder, change)


# ---- rows of tables --------------------------------------------------------------------------------------


def test_a_number_of_one_pupil_with_the_names_of_another_is_refused_and_both_are_named(
    url: str, tmp_path: Path
) -> None:
    bring(url, case_school(tmp_path / "school", UAI))
    written = Written(CASES / "number-and-other-name.csv", {"school": UAI, "entity": "grades"})
    report = bring(url, written)
    (refused,) = report.refused
    assert (refused.file, refused.field, refused.value, refused.reason) == (
        "number-and-other-name.csv, line 2", "student_number", "600104",
        "the number is that of Maël MARTIN, the names are those of Salomé MOREAU, another person",
    )  # fmt: skip
    counts = report.entries["number-and-other-name.csv"]
    assert (counts.read, counts.refused, counts.taken, counts.waiting) == (1, 1, 0, 0)
    assert (graded(url, "Nadia"), graded(url, "Sarah")) == ({"Maël MARTIN": []}, {"Salomé MOREAU": []})
    assert bring(url, written).changes == 0


@pytest.mark.parametrize(
    ("line", "children"),
    [
        ("5001;;;;;Maths;10/11/2026;15;T", {"Zoé MARTIN": [15.0]}),
        ("9999;;Martin;Zoé;;Maths;10/11/2026;15;T", {}),
        ("9999;;Martin;Zoé;05/03/2014;Maths;10/11/2026;15;T", {}),
        ("5001;;Martin;Zoé;01/01/2001;Maths;10/11/2026;15;T", {}),
        ("5001;060000002BB;;;;Maths;10/11/2026;15;T", {}),
        (";;Martin;Zoé;01/01/2001;Maths;10/11/2026;15;T", {}),
        (";;Martin;Zoé;05/03/2014;Maths;10/11/2026;15;T", {"Zoé MARTIN": [15.0]}),
        (";;Martin;Zoé;;Maths;10/11/2026;15;T", {"Zoé MARTIN": [15.0]}),
        (";;Martin;Chloé;;Maths;10/11/2026;15;T", {}),
    ],
    ids=[
        "the number", "an unknown number", "an unknown number beside names and day of birth",
        "another day of birth", "another national number", "names with another day of birth",
        "names and day of birth", "names alone", "a sister's first name",
    ],
)  # fmt: skip
@pytest.mark.parametrize("first", ["people", "table"])
def test_a_row_hangs_on_the_one_child_whom_no_key_contradicts_whatever_comes_first(
    url: str, tmp_path: Path, first: str, line: str, children: Family
) -> None:
    written = table(tmp_path, line)
    for part in ("people", "table") if first == "people" else ("table", "people"):
        if part == "people":
            bring_all(url, tmp_path, ["siecle"])
        else:
            bring(url, written)
    assert graded(url, "Claire") == {"Léo MARTIN": [], "Zoé MARTIN": []} | children
    assert bring(url, written).changes == 0


def test_a_row_matched_by_names_waits_again_when_a_second_child_of_these_names_arrives(
    url: str, tmp_path: Path
) -> None:
    written = table(tmp_path, ";;Martin;Zoé;;Maths;10/11/2026;15;T")
    bring_all(url, tmp_path, ["siecle"])
    assert _waiting(bring(url, written)) == []
    assert graded(url, "Claire")["Zoé MARTIN"] == [15.0]
    bring(url, siecle_with(tmp_path / "later", **{"<PRENOM>Léo</PRENOM>": "<PRENOM>Zoé</PRENOM>"}))
    assert graded(url, "Claire") == {"Zoé MARTIN": []}  # two of them, both without grades
    assert _waiting(bring(url, written)) == ["Zoé Martin"]
    bring(url, siecle_with(tmp_path / "again"))
    assert graded(url, "Claire") == {"Léo MARTIN": [], "Zoé MARTIN": [15.0]}


def _waiting(report: Report) -> list[str]:
    return [one.value for one in report.waiting]


def test_a_row_moves_when_its_number_becomes_another_childs(url: str, tmp_path: Path) -> None:
    bring(url, siecle_with(tmp_path / "first"))
    bring(url, table(tmp_path, "5001;;;;;Maths;10/11/2026;15;T"))
    assert graded(url, "Claire") == {"Léo MARTIN": [], "Zoé MARTIN": [15.0]}
    swapped = {'ELEVE_ID="5001"': 'ELEVE_ID="x"', 'ELEVE_ID="5002"': 'ELEVE_ID="5001"'}
    later = siecle_with(tmp_path / "later", **swapped, **{'ELEVE_ID="x"': 'ELEVE_ID="5002"'})
    with pytest.raises(ForeignExport, match=r"2 of \d+ known ids of persons"):
        bring(url, later)
    bring(url, later, allow_renamed=True)
    assert graded(url, "Claire") == {"Léo MARTIN": [15.0], "Zoé MARTIN": []}


# ---- persons of several exports --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order", [("siecle", "edt", "aaf"), ("edt", "aaf", "siecle"), ("aaf", "edt", "siecle")]
)
def test_another_day_of_birth_forbids_the_match_by_number(
    url: str, tmp_path: Path, order: tuple[str, ...]
) -> None:
    for name in order:
        written = ALL[name](tmp_path)
        if name == "edt":
            text = written.path.read_text(encoding="utf-8")
            assert "2014-03-05" in text
            written.path.write_text(text.replace("2014-03-05", "2014-05-03"), encoding="utf-8")
        bring(url, written)
    assert len(rows(url, r.Student, "id", first_name="Zoé")) == 2
    assert len(rows(url, r.Student, "id")) == 4
    assert list(graded(url, "Claire")) == ["Léo MARTIN", "Zoé MARTIN"]


def test_persons_joined_before_are_two_again_when_their_keys_come_to_contradict(
    url: str, tmp_path: Path
) -> None:
    bring_all(url, tmp_path, ["siecle", "aaf"])
    assert len(rows(url, r.Student, "id")) == 3
    later = siecle_with(tmp_path / "later", **{"05/03/2014": "05/03/2013"})
    report = bring(url, later)
    assert (report.counts["student"].changed, len(rows(url, r.Student, "id"))) == (1, 4)
    assert len(ask(url, "Claire", "{ viewer { students { id } } }", {})["viewer"]["students"]) == 3
    bring(url, siecle_with(tmp_path / "again"))
    assert len(rows(url, r.Student, "id")) == 3
    assert list(graded(url, "Claire")) == ["Léo MARTIN", "Zoé MARTIN"]


def test_a_national_number_of_two_pupils_is_trusted_for_neither_and_reported(
    url: str, tmp_path: Path
) -> None:
    report = bring(url, Written(CASES / "siecle-pix"))
    (refused,) = report.refused
    assert refused.field == "national_id"
    assert refused.reason == (
        "one number on several students: it is trusted for none of them, the students are taken"
    )
    assert refused.file.count("line") == 2 and "INE" not in refused.value
    assert len(rows(url, r.Student, "id")) == 3


# ---- what an attack on the identity found ----------------------------------------------------------------

UNKNOWN = Refusal("f", "x", "student", "x", "not found")
SIECLE, AAF, EDT, SIS = "siecle:0750001A", "aaf", "edt:0750001A", "oneroster:x"
BORN, LATER = date(2014, 3, 5), date(2015, 7, 9)


def _common(source: str, kind: str, key: str) -> dict[str, Any]:
    return {
        "id": r.record_id(source, kind, key), "source_id": source, "external_id": key,
        "school_id": r.record_id(source, "School", UAI),
    }  # fmt: skip


def _school(source: str) -> r.School:
    return r.School(**_common(source, "School", UAI), name="Ada", national_id=UAI)


def _child(source: str, key: str, first: str, last: str, born: date | None, **keys: Any) -> r.Student:
    names: dict[str, Any] = {"first_name": first, "last_name": last, "date_of_birth": born}
    return r.Student(
        **_common(source, "Student", key), **names, match_code=r.person_code(last, first, born), **keys
    )


def _parent(source: str, key: str, first: str, last: str) -> r.Guardian:
    return r.Guardian(
        **_common(source, "Guardian", key) | {"school_id": None}, first_name=first, last_name=last
    )


def _tie(source: str, guardian: str, child: str, access: bool = True) -> r.Guardianship:
    return r.Guardianship(
        **_common(source, "Guardianship", f"{guardian}:{child}"),
        guardian_id=r.record_id(source, "Guardian", guardian),
        student_id=r.record_id(source, "Student", child),
        relation="MOTHER",
        legal_rank=1,
        has_data_access=access,
    )


def _zoe(source: str, *more: Item, born: date | None = BORN, **keys: Any) -> list[Item]:
    """Return a school with Zoé, and Claire, her mother."""
    child = _child(source, "u1", "Zoé", "Martin", born, **keys)
    return [_school(source), child, _parent(source, "g", "Claire", "Martin"), _tie(source, "g", "u1"), *more]


async def _bring(url: str, source: str, items: list[Item]) -> Report:
    engine = open_database(url)
    await migrate(engine)
    try:
        return await load(engine, Export(source, source, True, 0), items, NOW)
    finally:
        await engine.dispose()


async def _families(url: str) -> list[tuple[str, str, bool]]:
    """Return who is tied to whom, and whether with access."""
    engine, tie, student, guardian = open_database(url), *(
        one.table() for one in (r.Guardianship, r.Student, r.Guardian)
    )  # fmt: skip
    wanted = (
        select(guardian.c.first_name, student.c.first_name, tie.c.has_data_access)
        .join(tie, tie.c.guardian_id == guardian.c.id)
        .join(student, student.c.id == tie.c.student_id)
        .where(*(table.c.ended_at.is_(None) for table in (tie, student, guardian)))
    )
    async with engine.connect() as connection:
        found = sorted(tuple(row) for row in await connection.execute(wanted))
    await engine.dispose()
    return found


async def test_what_hangs_on_an_id_with_two_contents_reaches_nobody_though_another_export_knows_the_child(
    url: str,
) -> None:
    await _bring(url, SIECLE, _zoe(SIECLE, information_system_id="1"))
    await _bring(url, SIS, _zoe(SIS, information_system_id="1"))
    max_, marc = _child(SIS, "u1", "Max", "Noir", LATER), _parent(SIS, "g2", "Marc", "Noir")
    more = [max_, marc, _tie(SIS, "g2", "u1")]
    report = await _bring(url, SIS, _zoe(SIS, *more, information_system_id="1"))
    assert [one.record for one in report.refused[:2]] == ["u1", "u1"]
    assert await _families(url) == [("Claire", "Zoé", True)]
    assert (await _bring(url, SIS, _zoe(SIS, *more, information_system_id="1"))).changes == 0


async def test_a_new_tie_to_an_id_that_was_another_child_before_is_refused(url: str) -> None:
    others: list[Item] = [_child(SIS, str(number), f"N{number}", "Other", LATER) for number in range(20)]
    await _bring(url, SIS, _zoe(SIS, *others))
    reused = [
        _school(SIS), *others, _child(SIS, "u1", "Max", "Noir", LATER), _parent(SIS, "g", "Claire", "Martin"),
        _parent(SIS, "g2", "Marc", "Noir"), _tie(SIS, "g2", "u1"),
    ]  # fmt: skip
    report = await _bring(url, SIS, reused)
    assert report.refused[0].value == "Max Noir"
    assert await _families(url) == []


async def test_ties_of_two_exports_become_one_when_a_third_says_that_their_child_is_one(url: str) -> None:
    denied = [
        one for one in _zoe(SIECLE, born=None, information_system_id="1") if type(one) is not r.Guardianship
    ]
    await _bring(url, SIECLE, [*denied, _tie(SIECLE, "g", "u1", access=False)])
    await _bring(url, AAF, _zoe(AAF, born=None, national_id="A"))
    assert len(await _families(url)) == 2
    both = {"information_system_id": "1", "national_id": "A"}
    await _bring(url, EDT, [_school(EDT), _child(EDT, "u1", "Zoé", "Martin", None, **both)])
    assert await _families(url) == [("Claire", "Zoé", False)]


async def test_a_child_known_by_its_number_alone_is_found_in_an_export_that_comes_later(url: str) -> None:
    named = Mention(_child(SIECLE, "u1", "", "?", None, information_system_id="1"), UNKNOWN)
    ties: list[Item] = [
        _school(SIECLE),
        named,
        _parent(SIECLE, "g", "Claire", "Martin"),
        _tie(SIECLE, "g", "u1"),
    ]
    report = await _bring(url, SIECLE, ties)
    assert (await _families(url), report.links, len(report.waiting)) == ([], 0, 1)
    await _bring(
        url, AAF, [_school(AAF), _child(AAF, "u1", "Zoé", "Martin", BORN, information_system_id="1")]
    )
    assert await _families(url) == [("Claire", "Zoé", True)]


async def test_a_child_whom_one_export_lost_and_another_renumbered_is_told_apart(url: str) -> None:
    zoe = _child(SIECLE, "u1", "Zoé", "Martin", BORN, information_system_id="1")
    for number in ("1", "2"):
        keys = {"information_system_id": number, "national_id": "B"}
        await _bring(url, AAF, [_school(AAF), _child(AAF, "u1", "Zoé", "Martin", None, **keys)])
        if number == "1":
            await _bring(url, SIECLE, [_school(SIECLE), zoe])
            known = _child(EDT, "u1", "Zoé", "Martin", BORN, national_id="A")
            await _bring(url, EDT, [_school(EDT), known])
            await _bring(url, SIECLE, [_school(SIECLE)])
    engine = open_database(url)
    async with engine.connect() as connection:
        student = r.Student.table()
        wanted = select(student.c.national_id).where(student.c.ended_at.is_(None))
        assert sorted((await connection.execute(wanted)).scalars()) == ["A", "B"]
    await engine.dispose()


# ---- one id, one record; one source, its schools ---------------------------------------------------------


def _student(number: str, first: str, source: str = "x") -> r.Student:
    return r.Student(
        id=r.record_id(source, "Student", number), source_id=source, external_id=number, first_name=first,
        last_name="Roy", school_id="s",
    )  # fmt: skip


async def _load(url: str, *items: Item, complete: bool = True) -> Any:
    engine = open_database(url)
    await migrate(engine)
    try:
        return await load(engine, Export("x", "X", complete, 0), items, NOW)
    finally:
        await engine.dispose()


@pytest.mark.parametrize("apart", [0, 600], ids=["near one another", "in different chunks"])
@pytest.mark.parametrize("complete", [True, False])
async def test_one_id_with_two_contents_is_refused_at_both_places(
    url: str, apart: int, complete: bool
) -> None:
    def items() -> Iterator[Item]:
        yield Entry("line", "f, line 2")
        yield _student("1", "Lou")
        for number in range(apart):
            yield Entry("line", f"f, line {number + 3}")
            yield _student(f"other{number}", "Max")
        yield Entry("line", "f, line 999")
        yield _student("1", "Zoé")
        yield Entry("line", "f, line 1000")
        yield _student("2", "Léo")
        yield Entry("line", "f, line 1001")
        yield _student("2", "Léo")
        yield EntryCount("line", apart + 4)

    for _ in range(2):
        report = await _load(url, *items(), complete=complete)
        assert [(one.file, one.record, one.reason) for one in report.refused] == [
            ("f, line 2", "1", "one id on two different records of student; the other is at f, line 999"),
            ("f, line 999", "1", "one id on two different records of student; the other is at f, line 2"),
        ]
        counts = report.entries["line"]
        assert (counts.read, counts.taken, counts.refused) == (apart + 4, apart + 2, 2)
    assert report.changes == 0


async def test_an_entry_that_a_reader_loses_stops_the_import(url: str) -> None:
    lost = (Entry("line", "f, line 2"), _student("1", "Lou"), Entry("line", "f, line 3"))
    with pytest.raises(UnaccountedEntries, match=r"f, line 3 \(line\), of which nothing was said"):
        await _load(url, *lost)
    with pytest.raises(UnaccountedEntries, match=r"2 line, of which 1 were read"):
        await _load(url, *lost[:2], EntryCount("line", 2))


async def test_entries_are_counted_by_what_became_of_them(url: str) -> None:
    refusal = Refusal("f, line 3", "", "id", "", "is empty", "Fill it in.")
    entry = [Entry("line", f"f, line {number}") for number in range(2, 7)]
    wrong = _student("2" * 300, "Léo")
    report = await _load(
        url, entry[0], _student("1", "Lou"), entry[1], refusal, entry[2], LeftOut("a district"), entry[3],
        Used(), entry[4], wrong, Entry("line", "f, line 2", is_continued=True), refusal, EntryCount("line", 5)
    )  # fmt: skip
    counts = report.entries["line"]
    assert (counts.read, counts.taken, counts.refused, counts.waiting, counts.left_out) == (
        5, 2, 2, 0, {"a district": 1}
    )  # fmt: skip


def test_an_export_of_another_school_under_the_same_source_is_stopped_before_any_change(url: str) -> None:
    bring(url, Written(CASES / "or-same-system-a"))
    with pytest.raises(
        ForeignExport, match=r"Ids mean something within one source only.*--option source=NAME"
    ):
        bring(url, Written(CASES / "or-same-system-b"))
    assert rows(url, r.Student, "first_name") == [("Lou",)]
    bring(url, Written(CASES / "or-same-system-b", {"source": "second"}))
    for guardian, child in (("Marc", "Lou Blanc"), ("Ida", "Zoé Noir")):
        assert ask(url, guardian, "{ viewer { students { displayName } } }", {}) == {
            "viewer": {"students": [{"displayName": child}]}
        }


def test_a_single_person_of_other_names_under_a_known_id_is_refused_and_the_known_one_stays(
    url: str, tmp_path: Path
) -> None:
    bring(url, case_school(tmp_path / "school", UAI))
    folder = tmp_path / "later"
    shutil.copytree(tmp_path / "school", folder)
    (file,) = folder.glob("*PersRelEleve*")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("Nadia", "Ida").replace(">MARTIN<", ">NOIR<"), encoding="utf-8")
    report = bring(url, Written(folder))
    (refused,) = report.refused
    assert (refused.record, refused.value) == ("80001", "Ida NOIR")
    assert refused.reason == (
        "this id was Nadia MARTIN at the last import, and is somebody else now by all that tells who it is"
    )
    assert graded(url, "Nadia") == {"Maël MARTIN": []}
    bring(url, Written(folder), allow_renamed=True)
    assert sorted(rows(url, r.Guardian, "first_name")) == [("Ida",), ("Ida",), ("Sarah",)]


def test_who_married_is_the_same_person(url: str, tmp_path: Path) -> None:
    bring(url, case_school(tmp_path / "school", UAI))
    (file,) = (tmp_path / "school").glob("*PersRelEleve*")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(">MARTIN<", ">NOIR<"), encoding="utf-8")
    report = bring(url, Written(tmp_path / "school"))
    assert (report.refused, rows(url, r.Guardian, "last_name", first_name="Nadia")) == ([], [("NOIR",)])
