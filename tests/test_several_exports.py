"""Several exports of one school: whatever their order, they give one graph."""

from __future__ import annotations

import asyncio
import json
import random
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from adapters import records as r
from adapters.base import BadConfiguration
from adapters.native.database import open_database
from adapters.native.loader import load
from gateway.adapters_installed import reader
from gateway.command_line import app
from gateway.identities import decide, proposed
from gateway.settings import Settings
from tests.conftest import NOW
from tests.exports.asking import ask, bring, bring_all, rows
from tests.exports.one_school import ALL, UAI, Written, changed_siecle, only_member, person_in, replacing
from tests.test_import import empty_database

EXPECTED = Path(__file__).parent / "exports" / "family.json"
__all__ = ["empty_database"]


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


def test_all_exports_of_a_school_together_fill_a_guardians_dashboard(
    empty_database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    bring_all(empty_database, tmp_path)
    found = ask(empty_database, "Claire")
    if request.config.getoption("--write-expected"):
        EXPECTED.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(EXPECTED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_the_exports_give_the_same_graph(database: str, tmp_path: Path, seed: int) -> None:
    order = list(ALL)
    random.Random(seed).shuffle(order)
    bring_all(database, tmp_path, order)
    assert ask(database, "Claire") == json.loads(EXPECTED.read_text(encoding="utf-8"))
    assert len(rows(database, r.Student, "id")) == 3
    assert len(rows(database, r.Guardian, "id")) == 3
    assert len(rows(database, r.StaffMember, "id")) == 2
    assert len(rows(database, r.Subject, "id")) == 2
    assert len(rows(database, r.SchoolClass, "id")) == 3


def test_each_export_again_changes_nothing(database: str, tmp_path: Path) -> None:
    written = {name: write(tmp_path) for name, write in ALL.items()}
    for one in written.values():
        bring(database, one)
    again = {name: bring(database, one) for name, one in written.items()}
    assert {name: (one.changes, one.joined) for name, one in again.items()} == dict.fromkeys(ALL, (0, {}))


def test_a_guardian_of_one_child_does_not_see_the_others(database: str, tmp_path: Path) -> None:
    bring_all(database, tmp_path)
    found = ask(
        database, "Sonia", "{ viewer { students { displayName grades(first: 9) { nodes { value } } } } }"
    )
    assert found == {
        "viewer": {"students": [{"displayName": "Inès DURAND", "grades": {"nodes": [{"value": 12.0}]}}]}
    }


def test_what_was_joined_stays_one_record_with_the_id_it_had(database: str, tmp_path: Path) -> None:
    bring_all(database, tmp_path, ["aaf"])
    before = rows(database, r.Student, "id", "first_name")
    report = bring_all(database, tmp_path, ["siecle"])["siecle"]
    assert report.joined["student"] == 3
    assert rows(database, r.Student, "id", "first_name") == before
    assert report.links == 5 and report.students_without_guardian == 0


def test_a_record_ends_when_the_last_export_that_had_it_no_longer_does(database: str, tmp_path: Path) -> None:
    bring_all(database, tmp_path, ["aaf", "siecle"])
    for name, left in (("siecle", 3), ("aaf", 2)):
        written = tmp_path / name
        for file in sorted(written.glob("*_Eleve_*")):
            text = file.read_text(encoding="utf-8")
            start = text.index("<addRequest>", text.index("70002") - 200)
            end = text.index("</addRequest>", start) + len("</addRequest>")
            file.write_text(text[:start] + text[end:], encoding="utf-8")
        if name == "siecle":
            for file in written.iterdir():
                file.unlink()
            _siecle_without_leo(written, tmp_path)
        bring(database, Written(written), allow_shrink=True)
        assert len(rows(database, r.Student, "id")) == left


def test_a_tie_that_the_most_believed_source_takes_away_opens_nothing_though_others_still_have_it(
    database: str, tmp_path: Path
) -> None:
    bring_all(database, tmp_path, ["aaf", "siecle"])
    query = "{ viewer { students { displayName } } }"
    assert len(ask(database, "Paul", query, {})["viewer"]["students"]) == 2
    written = ALL["siecle"](_folder(tmp_path, "later"))
    (file,) = written.path.glob("*Responsables*")
    name, text = only_member(file)
    start = text.index("<RESPONSABLE_ELEVE><ELEVE_ID>5001</ELEVE_ID><PERSONNE_ID>302<")
    end = text.index("</RESPONSABLE_ELEVE>", start) + len("</RESPONSABLE_ELEVE>")
    file.unlink()
    (written.path / name).write_bytes((text[:start] + text[end:]).encode("iso-8859-15"))
    bring(database, written)
    assert ask(database, "Paul", query, {})["viewer"]["students"] == [{"displayName": "Léo MARTIN"}]
    bring_all(database, _folder(tmp_path, "again"), ["aaf"])
    assert len(ask(database, "Paul", query, {})["viewer"]["students"]) == 1
    bring_all(database, _folder(tmp_path, "back"), ["siecle"])
    assert len(ask(database, "Paul", query, {})["viewer"]["students"]) == 2


def test_a_student_who_changed_class_is_in_the_one_that_the_most_believed_source_says(
    database: str, tmp_path: Path
) -> None:
    bring_all(database, tmp_path, ["siecle", "aaf"])
    written = ALL["siecle"](_folder(tmp_path, "later"))
    (file,) = written.path.glob("*Eleves*")
    name, text = only_member(file)
    file.unlink()
    text = text.replace("<CODE_STRUCTURE>6B<", "<CODE_STRUCTURE>6A<")
    (written.path / name).write_bytes(text.encode("iso-8859-15"))
    bring(database, written, allow_shrink=True)
    ((leo,),) = rows(database, r.Student, "id", first_name="Léo")
    ((place,),) = rows(database, r.Enrolment, "class_id", student_id=leo, kind="CLASS")
    assert rows(database, r.SchoolClass, "name", id=place) == [("6A",)]


def _folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name


def _siecle_without_leo(folder: Path, tmp_path: Path) -> None:
    import_from = tmp_path / "other"
    import_from.mkdir()
    for file in ALL["siecle"](import_from).path.iterdir():
        if "Eleves" in file.name:
            _rewrite(file, folder / file.name)


def _rewrite(source: Path, target: Path) -> None:
    name, text = only_member(source)
    for tag in ("ELEVE", "STRUCTURES_ELEVE"):
        start = text.index(f'<{tag} ELEVE_ID="5002"')
        end = text.index(f"</{tag}>", start) + len(f"</{tag}>")
        text = text[:start] + text[end:]
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, text.encode("iso-8859-15"))


def test_the_timetable_is_taken_whole_from_the_format_that_is_believed(database: str, tmp_path: Path) -> None:
    query = """query($from: Date!, $to: Date!) { viewer { students { displayName
        timetable(from: $from, to: $to) { lessons { startsAt title status memo } } } } }"""
    days = {"from": "2026-11-23", "to": "2026-11-24"}
    bring_all(database, tmp_path, ["aaf", "sts"])
    maths = {
        "startsAt": "2026-11-23T08:00:00+01:00", "title": "Mathématiques", "status": "SCHEDULED", "memo": None
    }  # fmt: skip
    assert _lessons(ask(database, "Claire", query, days)) == [maths]
    bring_all(database, tmp_path, ["feed"])
    fed = {
        "startsAt": "2026-11-23T08:00:00+01:00", "title": "MATHEMATIQUES", "status": "CANCELLED",
        "memo": "Mme DUPONT",
    }  # fmt: skip
    assert _lessons(ask(database, "Claire", query, days)) == [fed]
    settings = {"import_precedence": {"timetable": ["sts", "ical"]}}
    again = ALL["sts"](tmp_path)
    text = again.path.read_bytes().replace(b"<CODE_SALLE>B12", b"<CODE_SALLE>C3")
    again.path.write_bytes(text)
    bring(database, again, settings=settings)
    assert _lessons(ask(database, "Claire", query, days)) == [maths]


def _lessons(data: dict[str, dict[str, list[dict[str, dict[str, object]]]]]) -> object:
    (zoe,) = [one for one in data["viewer"]["students"] if str(one["displayName"]).startswith("Zoé")]
    return zoe["timetable"]["lessons"]


def test_lessons_of_a_weekly_pattern_are_not_shown_on_holidays(database: str, tmp_path: Path) -> None:
    query = """query($from: Date!, $to: Date!) { viewer { students { displayName
        timetable(from: $from, to: $to) { lessons { date } } } } }"""
    days = {"from": "2026-10-12", "to": "2026-11-16"}
    bring_all(database, tmp_path, ["aaf", "sts"])
    assert _lessons(ask(database, "Claire", query, days)) == [{"date": "2026-10-19"}, {"date": "2026-11-16"}]
    bring_all(database, tmp_path, ["holidays"])
    assert _lessons(ask(database, "Claire", query, days)) == [{"date": "2026-11-16"}]


def test_exports_of_one_school_imported_at_once_wait_for_one_another(
    empty_database: str, tmp_path: Path
) -> None:
    async def at_once() -> None:
        await asyncio.gather(*(one(name) for name in ("siecle", "edt", "sts")))

    async def one(name: str) -> None:
        engine, path = open_database(empty_database), ALL[name](tmp_path).path
        await load(engine, reader(name).inspect(path, {}), reader(name).read(path, {}), NOW)
        await engine.dispose()

    bring_all(empty_database, tmp_path, ["aaf"])
    asyncio.run(at_once())
    for kind, number in ((r.Student, 3), (r.Guardian, 3), (r.StaffMember, 2), (r.School, 1)):
        assert len(rows(empty_database, kind, "id")) == number
    assert len(ask(empty_database, "Claire")["viewer"]["students"]) == 2


# ---- who is who ------------------------------------------------------------------------------------------


def _grades(folder: Path, *lines: str) -> Written:
    path = folder / "notes.csv"
    head = "ELEVE_ID;Nom;Prénom;Date de naissance;Matière;Date;Note\n"
    path.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return Written(path, {"school": UAI})


def test_a_row_that_names_nobody_known_is_kept_reported_and_shown_once_the_student_is_known(
    database: str, tmp_path: Path
) -> None:
    written = _grades(tmp_path, "5001;;;;Mathématiques;10/11/2026;15")
    report = bring(database, written)
    assert [(one.field, one.value) for one in report.waiting] == [("school", UAI), ("student_number", "5001")]
    assert [one.text.partition(":")[0] for one in report.notices] == ["subject 'Mathématiques'"]
    assert (report.refused, report.counts["grade"].added, report.counts["grade"].waiting) == ([], 0, 1)
    bring_all(database, tmp_path, ["siecle"])
    query = "{ viewer { students { displayName grades(first: 9) { nodes { value subject { name } } } } } }"
    zoe = ask(database, "Claire", query)["viewer"]["students"][1]
    assert zoe["grades"]["nodes"] == [{"value": 15.0, "subject": {"name": "Mathématiques"}}]
    again = bring(database, written)
    assert (again.changes, again.refused, again.waiting) == (0, [], [])


def test_an_error_that_repeats_a_file_gives_no_orders_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("ELEVE_ID;\x1b]0;title\x07;Jour\n5001;1;2\n", encoding="utf-8")
    arguments = ["import", "csv", str(path), "--option", f"school={UAI}", "--option", "entity=grades"]
    url = f"sqlite:///{tmp_path / 'school.db'}"
    found = CliRunner().invoke(app, arguments, env={"PASSERELLE_DATABASE_URL": url, "COLUMNS": "300"})
    assert found.exit_code == 2 and "lacks the column" in found.output
    assert "\\x1b]0" in found.output and "\x1b" not in found.output


def test_homonyms_are_told_apart_by_their_day_of_birth_and_never_guessed(
    database: str, tmp_path: Path
) -> None:
    called = replacing({"<PRENOM>Léo</PRENOM>": "<PRENOM>Zoé</PRENOM>"})
    bring(database, changed_siecle(tmp_path / "homonym", called))
    guess = _grades(tmp_path, ";Martin;Zoé;;Mathématiques;10/11/2026;15")
    assert [one.value for one in bring(database, guess).waiting] == ["Zoé Martin"]
    assert _graded(database) == []
    sure = _grades(tmp_path, ";Martin;Zoé;2015-07-01;Mathématiques;10/11/2026;15")
    assert bring(database, sure).waiting == []
    ((student,),) = _graded(database)
    assert rows(database, r.Student, "information_system_id", id=student) == [("5002",)]


def test_what_names_a_pupil_who_left_is_not_of_a_namesake_who_came(database: str, tmp_path: Path) -> None:
    before = ALL["siecle"](tmp_path)
    other = {"5002": "5009", "060000002BB": "060000009ZZ", "01/07/2015": "02/02/2012"}
    after = changed_siecle(tmp_path / "after", replacing(other))
    named = _grades(tmp_path, ";Martin;Léo;;Mathématiques;10/11/2026;2")
    bring(database, before)
    assert bring(database, named).waiting == []
    assert len(_graded(database)) == 1
    bring(database, after, allow_shrink=True)
    # Other formats end the record of who left.
    asyncio.run(_end(database, "5002"))
    assert rows(database, r.Student, "information_system_id", first_name="Léo") == [("5009",)]
    assert _graded(database) == []
    assert [one.value for one in bring(database, named).waiting] == ["Léo Martin"]
    assert _graded(database) == []


async def _end(url: str, number: str) -> None:
    engine, student = open_database(url), r.Student.table()
    async with engine.connect() as connection:
        await connection.execution_options(writes=True)
        left = update(student).where(student.c.information_system_id == number).values(ended_at=NOW)
        await connection.execute(left)
        await connection.commit()
    await engine.dispose()


def _graded(url: str) -> list[tuple[str, ...]]:
    known = {one[0] for one in rows(url, r.Student, "id")}
    return [one for one in rows(url, r.Grade, "student_id") if one[0] in known]


@pytest.mark.parametrize("names", ['Nom="PETIT" Prenom="Jade"', 'Nom="DURAND" Prenom="Jade"'])
def test_the_same_number_with_other_names_joins_nobody_and_is_proposed(
    database: str, tmp_path: Path, names: str
) -> None:
    bring_all(database, tmp_path, ["siecle"])
    written = ALL["edt"](tmp_path)
    text = written.path.read_text(encoding="utf-8")
    text = text.replace('Nom="DURAND" Prenom="Inès"', names)
    written.path.write_text(text, encoding="utf-8")
    report = bring(database, written)
    assert (report.joined["student"], report.proposals) == (2, 1)
    assert len(rows(database, r.Student, "id")) == 4
    assert ("Inès", "DURAND") in rows(database, r.Student, "first_name", "last_name")


def _siecle_with_a_parent_twice(folder: Path) -> Written:
    """Write Claire once for each child, as happens when a sibling is registered later."""

    def change(name: str, text: str) -> str:
        if "Responsables" not in name:
            return text
        person = person_in(text, "301")
        text = text.replace(person, person + person.replace('"301"', '"399"'))
        tie = "<ELEVE_ID>5002</ELEVE_ID><PERSONNE_ID>{}<"
        return text.replace(tie.format(301), tie.format(399))

    return changed_siecle(folder / "twice", change)


async def _proposals(url: str) -> list[dict[str, object]]:
    return await proposed(Settings(database_url=url))


def test_a_parent_entered_twice_is_proposed_and_merged_only_by_decision(
    database: str, tmp_path: Path
) -> None:
    written = _siecle_with_a_parent_twice(tmp_path)
    assert bring(database, written).proposals == 1
    (proposal,) = asyncio.run(_proposals(database))
    assert sorted(proposal["people"]) == [  # type: ignore[call-overload]
        "Claire MARTIN (siecle:0750001A, of Léo)",
        "Claire MARTIN (siecle:0750001A, of Zoé)",
    ]
    assert len(rows(database, r.Guardian, "id", first_name="Claire")) == 2
    asyncio.run(decide(Settings(database_url=database), str(proposal["id"]), merge=True))
    students = ask(database, "Claire", "{ viewer { students { displayName } } }")["viewer"]["students"]
    assert students == [{"displayName": "Léo MARTIN"}, {"displayName": "Zoé MARTIN"}]
    assert asyncio.run(_proposals(database)) == []
    again = bring(database, written)
    assert (again.changes, again.proposals) == (0, 0)
    assert len(rows(database, r.Guardian, "id", first_name="Claire")) == 1


def test_national_numbers_are_coded_with_the_secret_of_the_installation_and_still_join(
    database: str, tmp_path: Path
) -> None:
    key, other = tmp_path / "national.key", f"sqlite:///{tmp_path / 'other.db'}"
    settings = {"national_id_key": key}
    siecle, edt = (ALL[name](tmp_path) for name in ("siecle", "edt"))
    text = (
        edt.path.read_text(encoding="utf-8")
        .replace("IDSconet", "Rien")
        .replace('Prenom="Zoé"', 'Prenom="Zoé A"')
    )
    edt.path.write_text(text, encoding="utf-8")
    for secret, message in ((None, "cannot be read: No such file"), ("short", "holds 5 bytes; at least 16")):
        if secret is not None:
            key.write_text(secret)
        with pytest.raises(BadConfiguration, match=message):
            bring(database, siecle, settings=settings)
    key.write_text("a secret of the installation\n")
    first = bring(database, siecle, settings=settings)
    joined = bring(database, edt, settings=settings)
    assert (first.refused, joined.joined["student"]) == ([], 3)
    assert bring(database, siecle, settings=settings).changes == 0
    # A table names Léo by his number alone.
    bring(database, ALL["periods"](tmp_path), settings=settings)
    assert bring(database, ALL["grades"](tmp_path), settings=settings).refused == []
    for written in (siecle, edt):
        bring(other, written)
    coded, bare = (
        {code for (code,) in rows(url, r.Student, "national_id") if code} for url in (database, other)
    )
    assert (len(coded), len(bare)) == (3, 3)
    assert coded.isdisjoint(bare)


@pytest.mark.parametrize("first", ["0750001A", "0750002B"])
def test_a_parent_of_children_in_two_schools_is_proposed_whichever_school_comes_first(
    database: str, tmp_path: Path, first: str
) -> None:
    # Sonia and Paul are other people there; Claire has the same names and telephone.
    others = replacing({UAI: "0750002B", "Paul": "Pierre", "Sonia": "Sophie"})
    written = {UAI: ALL["siecle"](tmp_path), "0750002B": changed_siecle(tmp_path / "other", others)}
    order = sorted(written, key=lambda school: school != first)
    assert [bring(database, written[school]).proposals for school in order] == [0, 1]
    (proposal,) = asyncio.run(_proposals(database))
    assert sorted(proposal["people"]) == [  # type: ignore[call-overload]
        "Claire MARTIN (siecle:0750001A, of Léo, Zoé)",
        "Claire MARTIN (siecle:0750002B, of Léo, Zoé)",
    ]


def test_a_merge_asks_once_more_and_names_whose_children_become_one_persons(
    database: str, tmp_path: Path
) -> None:
    bring(database, _siecle_with_a_parent_twice(tmp_path))
    (proposal,) = asyncio.run(_proposals(database))

    def merge(*choices: str, answer: str = "") -> tuple[int, str]:
        environment = {"PASSERELLE_DATABASE_URL": database}
        arguments = ["identities", "--merge", str(proposal["id"]), *choices]
        found = CliRunner().invoke(app, arguments, input=answer, env=environment)
        return found.exit_code, found.output

    code, said = merge(answer="n\n")
    assert (code, asyncio.run(_proposals(database))) == (1, [proposal])
    assert "of Léo)" in said and "of Zoé)" in said and "become one person for good. Go on?" in said
    assert merge("--yes") == (0, "")
    assert asyncio.run(_proposals(database)) == []


def test_two_persons_kept_apart_are_not_proposed_again(database: str, tmp_path: Path) -> None:
    written = _siecle_with_a_parent_twice(tmp_path)
    bring(database, written)
    (proposal,) = asyncio.run(_proposals(database))
    asyncio.run(decide(Settings(database_url=database), str(proposal["id"]), merge=False))
    assert bring(database, written).proposals == 0
    assert asyncio.run(_proposals(database)) == []
    with pytest.raises(BadConfiguration, match="No open proposal"):
        asyncio.run(decide(Settings(database_url=database), str(proposal["id"]), merge=True))


ONDE_PUPILS = "Nom Elève;Nom d'usage Elève;Prénom Elève;Date naissance;Classe;Niveau\n"
ONDE_GUARDIANS = (
    "Civilité Responsable;Nom usage responsable;Nom responsable;Prénom responsable;Courriel;"
    "Nom d'usage enfant;Nom de famille enfant;Prénom enfant;Classes enfants\n"
)


def _onde(folder: Path, first: str, born: str, mail: str) -> Written:
    """Write a primary school with one pupil called Martin, whose mother is called Marie Martin."""
    folder.mkdir()
    pupils = f"{ONDE_PUPILS}MARTIN;;{first};{born};CE1;CE1\n"
    guardians = f"{ONDE_GUARDIANS}Mme;;MARTIN;Marie;{mail};;MARTIN;{first};CE1\n"
    (folder / "CSVExtraction-eleves.csv").write_text(pupils, encoding="latin-1")
    (folder / "CSVExtraction-responsables.csv").write_text(guardians, encoding="latin-1")
    return Written(folder, {"school": UAI, "access": "all"})


def test_a_namesake_is_not_the_guardian_of_a_family_that_left(database: str, tmp_path: Path) -> None:
    bring(database, _onde(tmp_path / "before", "Lina", "05/03/2018", "p@example.org"))
    ((mine,),) = rows(database, r.Guardian, "id")
    bring(database, _onde(tmp_path / "after", "Hugo", "01/02/2016", "q@example.org"), allow_shrink=True)
    ties = rows(database, r.Guardianship, "guardian_id")
    assert len(ties) == 1 and ties != [(mine,)]
    assert rows(database, r.Guardian, "email") == [("q@example.org",)]
