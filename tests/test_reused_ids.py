"""An id that a system gives to somebody else does not give them the account of who had it before."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters import records as r
from adapters.native.import_report import Report
from gateway.identities import decide, proposed
from gateway.settings import Settings
from tests.exports import oneroster
from tests.exports.asking import ask, bring, rows
from tests.exports.one_school import Written, person_in
from tests.test_closed_ties import as_it_was, entered_again, read_by, siecle
from tests.test_identity import graded, siecle_with
from tests.test_keys_of_rows import part

CLAIRE = "u2,,,true,s1,parent,claire,,Claire,Martin,,,claire@example.org,0600000301,,,,\n"
ZOE = 'u1,,,true,s1,student,zoe,,Zoé,Martin,,5001,,,,"u2,u3,u9",06,\n'
HUGO = "u6,,,true,s1,student,hugo,,Hugo,Noir,,5006,,,,{},06,\n"
ZOE_ALONE = ZOE.replace("u2,u3,u9", "u3")
MARIE = "u4,,,true,s1,teacher,marie,,Marie,Dupont,,4001,marie@example.org,,,,,\n"
BORN = "u1,,,2014-03-05,female\n"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


def roster(folder: Path, **replaced: list[tuple[str, str]]) -> Written:
    """Write the OneRoster export with rows of its files replaced."""
    folder.mkdir()
    written = oneroster.version_1_1(folder)
    for name, changes in replaced.items():
        path = written / f"{name}.csv"
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
    return Written(written)


def others(report: Report) -> list[tuple[str, str]]:
    """Return whom the import took for somebody else than before: their id, and the names that came."""
    return [(one.record, one.value) for one in report.refused if "at the last import" in one.reason]


def children_of(url: str, first_name: str) -> list[str]:
    students = ask(url, first_name, "{ viewer { students { displayName } } }", {})["viewer"]["students"]
    return [one["displayName"] for one in students]


def claire(names: str = "Claire,Martin", mail: str = "claire@example.org", phone: str = "0600000301") -> str:
    """Write the row of the guardian u2."""
    row = CLAIRE.replace("Claire,Martin", names).replace("claire@example.org", mail)
    return row.replace("0600000301", phone)


SAME_CHILD = [(ZOE, ZOE)]
OTHER_CHILD = [(ZOE, ZOE_ALONE + HUGO.format("u2"))]
NO_CONTACTS = claire(mail="", phone="")


@pytest.mark.parametrize(
    ("before", "after", "children"),
    [
        (CLAIRE, claire("Claire,Durand"), SAME_CHILD),
        (CLAIRE, claire("Claire,Durand", "c@example.org"), OTHER_CHILD),
        (CLAIRE, claire("Claire,Durand", "c@example.org", ""), SAME_CHILD),
        (NO_CONTACTS, claire("Claire,Durand", "", ""), SAME_CHILD),
        (CLAIRE, claire(mail="c@example.org", phone=""), SAME_CHILD),
        (CLAIRE, claire(), OTHER_CHILD),
        (NO_CONTACTS, NO_CONTACTS, OTHER_CHILD),
    ],
    ids=[
        "another family name", "another family name and e-mail, the same telephone", "the same child alone",
        "the same child, nobody reached", "another e-mail and telephone, the same child",
        "the same names and e-mail, another child", "the same names, another child, nobody ever reached",
    ],
)  # fmt: skip
def test_a_guardian_of_whom_something_agrees_is_the_same_person(
    url: str, tmp_path: Path, before: str, after: str, children: list[tuple[str, str]]
) -> None:
    bring(url, roster(tmp_path / "before", users=[(CLAIRE, before)]))
    mine = rows(url, r.Guardian, "id", first_name="Claire")
    report = bring(url, roster(tmp_path / "after", users=[(CLAIRE, after), *children]))
    assert (others(report), rows(url, r.Guardian, "id", first_name="Claire")) == ([], mine)
    assert children_of(url, "Claire") == (["Zoé Martin"] if children is SAME_CHILD else ["Hugo Noir"])
    again = bring(url, roster(tmp_path / "again", users=[(CLAIRE, after), *children]))
    assert again.changes == 0


@pytest.mark.parametrize(
    ("before", "after", "children"),
    [
        (CLAIRE, claire("Claire,Noir", "n@example.org", "0600000999"), OTHER_CHILD),
        (CLAIRE, claire("Claire,Noir", "", ""), OTHER_CHILD),
        (NO_CONTACTS, claire("Claire,Noir", "", ""), OTHER_CHILD),
        (CLAIRE, claire("Claire,Martin", "n@example.org", "0600000999"), OTHER_CHILD),
        (CLAIRE, claire("Claire,Martin", "", ""), OTHER_CHILD),
        (CLAIRE, claire("Paul,Martin"), SAME_CHILD),
    ],
    ids=[
        "another family name, reached elsewhere", "another family name, not reached",
        "another family name, nobody ever reached", "the same names, reached elsewhere",
        "the same names, not reached", "the other parent, reached at the same place",
    ],
)  # fmt: skip
def test_a_guardian_of_whom_nothing_agrees_is_another_person_and_gets_nothing_of_the_first(
    url: str, tmp_path: Path, before: str, after: str, children: list[tuple[str, str]]
) -> None:
    bring(url, roster(tmp_path / "before", users=[(CLAIRE, before)]))
    known = rows(url, r.Guardian, "id", "last_name", "email", first_name="Claire")
    names = " ".join(after.split(",")[8:10])
    for folder in ("after", "again"):
        report = bring(url, roster(tmp_path / folder, users=[(CLAIRE, after), *children]))
        assert others(report) == [("u2", names)]
        assert rows(url, r.Guardian, "id", "last_name", "email", first_name="Claire") == known
        assert children_of(url, "Claire") == (["Zoé Martin"] if children is SAME_CHILD else [])


def test_a_child_who_is_somebody_else_too_does_not_tell_who_the_guardian_is(url: str, tmp_path: Path) -> None:
    more = "".join(
        f"x{number},,,true,s1,student,x,,N{number},Other,,9{number},,,,,06,\n" for number in range(30)
    )
    changed = [(CLAIRE, claire("Claire,Noir", "", "")), (ZOE, ZOE.replace("Zoé,Martin", "Max,Noir") + more)]
    bring(url, roster(tmp_path / "before", users=[(ZOE, ZOE + more)]))
    born = [(BORN, "u1,,,2013-01-01,male\n")]
    report = bring(url, roster(tmp_path / "after", users=changed, demographics=born))
    assert sorted(others(report)) == [("u1", "Max Noir"), ("u2", "Claire Noir")]
    assert rows(url, r.Guardian, "last_name", first_name="Claire") == [("Martin",)]


@pytest.mark.parametrize(
    ("names", "born", "expected"),
    [
        ("Zoé,Martin", "2014-03-06", []),
        ("Zoé Anne,Martin", "2014-03-05", []),
        ("Zoé Anne,Martin", "2012-01-01", [("u1", "Zoé Anne Martin")]),
        ("Zoé,Noir", "2012-01-01", [("u1", "Zoé Noir")]),
    ],
    ids=["a corrected day of birth", "a second name", "a second name and another day of birth", "nothing"],
)
def test_a_pupil_of_other_names_and_another_day_of_birth_is_another_person(
    url: str, tmp_path: Path, names: str, born: str, expected: list[tuple[str, str]]
) -> None:
    bring(url, roster(tmp_path / "before"))
    row, day = ZOE.replace("Zoé,Martin", names), BORN.replace("2014-03-05", born)
    report = bring(url, roster(tmp_path / "after", users=[(ZOE, row)], demographics=[(BORN, day)]))
    assert others(report) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (MARIE.replace("Dupont,,4001,marie@", "Noir,,4001,noir@"), []),
        (MARIE.replace("Dupont,,4001,", "Noir,,4009,"), []),
        (MARIE.replace("Dupont,,4001,marie@", "Noir,,4009,noir@"), [("u4", "Marie Noir")]),
    ],
    ids=["the same number", "the same e-mail", "nothing"],
)
def test_a_teacher_of_the_same_first_name_of_whom_nothing_agrees_is_another_person(
    url: str, tmp_path: Path, row: str, expected: list[tuple[str, str]]
) -> None:
    bring(url, roster(tmp_path / "before"))
    report = bring(url, roster(tmp_path / "after", users=[(MARIE, row)]))
    assert others(report) == expected
    last_name = "Dupont" if expected else "Noir"
    assert rows(url, r.StaffMember, "last_name") == [(last_name,)]


@pytest.mark.parametrize("name", ["BENALI", "MARTIN"])
def test_a_number_of_a_merged_guardian_that_is_given_to_somebody_else_is_refused(
    url: str, tmp_path: Path, name: str
) -> None:
    def given_to_another(text: str) -> str:
        person = person_in(text, "301")
        other = person.replace('"301"', '"399"').replace(">MARTIN<", f">{name}<")
        text = text.replace(person, person + other.replace("claire.martin", "c").replace("+336", "+337"))
        return text.replace(
            "<ELEVE_ID>5003</ELEVE_ID><PERSONNE_ID>303<", "<ELEVE_ID>5003</ELEVE_ID><PERSONNE_ID>399<"
        )

    settings = Settings(database_url=url)
    bring(url, siecle(tmp_path / "twice", entered_again))
    (proposal,) = asyncio.run(proposed(settings))
    asyncio.run(decide(settings, str(proposal["id"]), True))
    assert read_by(url, "Claire") == ["Léo MARTIN", "Zoé MARTIN"]
    report = bring(url, siecle(tmp_path / "given", given_to_another))
    assert others(report) == [("399", f"Claire {name}")]
    assert read_by(url, "Claire") == ["Léo MARTIN", "Zoé MARTIN"]
    bring(url, siecle(tmp_path / "before", as_it_was))
    assert read_by(url, "Claire") == ["Léo MARTIN", "Zoé MARTIN"]


def test_a_pupil_of_other_names_and_another_number_is_another_though_born_on_the_same_day(
    url: str, tmp_path: Path
) -> None:
    bring(url, siecle_with(tmp_path / "before"))
    table = "ine;nom;prénom;matière;date;note;titre\n060000001AA;MARTIN;Zoé;Maths;10/11/2026;12;T\n"
    assert bring(url, part(tmp_path, "notes", table)).refused == []
    before = graded(url, "Claire")
    assert before["Zoé MARTIN"] == [12.0]
    names = "<NOM_DE_FAMILLE>{}</NOM_DE_FAMILLE><PRENOM>{}"
    words = {names.format("MARTIN", "Zoé"): names.format("PETIT", "Tom"), "060000001AA": "060000009DD"}
    report = bring(url, siecle_with(tmp_path / "after", **words))
    assert others(report) == [("5001", "Tom PETIT")]
    assert graded(url, "Claire") == before
