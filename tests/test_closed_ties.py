"""A guardian whose access the most believed source took away reads nothing through another source."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters import records as r
from gateway.identities import decide, proposed
from gateway.settings import Settings
from tests.exports import oneroster
from tests.exports.asking import ask, bring, rows
from tests.exports.one_school import ALL, Written, changed_siecle, person_in

CHILDREN = "{ viewer { students { displayName } } }"
BOTH, LEO, INES = ["Léo MARTIN", "Zoé MARTIN"], ["Léo MARTIN"], ["Inès DURAND"]
Change = Callable[[str], str]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


def siecle(folder: Path, change: Change) -> Written:
    """Write the SIECLE export with a change of the file of guardians."""
    return changed_siecle(folder, lambda name, text: change(text) if "Responsables" in name else text)


def as_it_was(text: str) -> str:
    return text


def _tie(text: str, person: str) -> str:
    child = "5003" if person == "303" else "5001"
    start = text.index(f"<RESPONSABLE_ELEVE><ELEVE_ID>{child}</ELEVE_ID><PERSONNE_ID>{person}<")
    return text[start : text.index("</RESPONSABLE_ELEVE>", start) + len("</RESPONSABLE_ELEVE>")]


def without_rights(person: str) -> Change:
    """Make a person a contact of Zoé, Sonia (303) one of Inès: no legal guardian any more."""

    def change(text: str) -> str:
        tie = _tie(text, person)
        return text.replace(tie, tie.replace("RESPONSABILITE>1<", "RESPONSABILITE>3<"))

    return change


def without_tie(person: str) -> Change:
    """Take the tie of a person to Zoé away, or that of Sonia to Inès."""
    return lambda text: text.replace(_tie(text, person), "")


def entered_again(text: str) -> str:
    """Enter Claire once more under another number, with the rights that her first entry lost."""
    tie = _tie(text, "301")
    person = person_in(text, "301")
    text = text.replace(person, person + person.replace('"301"', '"399"'))
    return text.replace(tie, tie.replace(">301<", ">399<"))


def edt(folder: Path) -> Written:
    folder.mkdir()
    return ALL["edt"](folder)


def one_roster(folder: Path) -> Written:
    folder.mkdir()
    return Written(oneroster.version_1_1(folder))


def read_by(url: str, first_name: str) -> list[str]:
    """Return the children whom the accounts of a guardian's name read."""
    found = set[str]()
    for (identity,) in rows(url, r.Guardian, "id", first_name=first_name):
        students = ask(url, first_name, CHILDREN, {}, id=identity)["viewer"]["students"]
        found.update(one["displayName"].replace("Martin", "MARTIN") for one in students)
    return sorted(found)


OTHERS = [
    pytest.param(edt, "Sonia", "303", INES, [], id="edt, an only child"),
    pytest.param(edt, "Paul", "302", BOTH, LEO, id="edt, one of two children"),
    pytest.param(one_roster, "Claire", "301", BOTH, LEO, id="oneroster"),
]
CLOSINGS = [
    pytest.param(without_rights, id="a contact without rights"),
    pytest.param(without_tie, id="no tie any more"),
]


@pytest.mark.parametrize(("other", "name", "number", "before", "after"), OTHERS)
@pytest.mark.parametrize("closed", CLOSINGS)
@pytest.mark.parametrize("order", ["siecle first", "other first"])
def test_access_that_siecle_takes_away_is_not_kept_open_by_another_source(
    url: str, tmp_path: Path, order: str, closed: Callable[[str], Change], other: Callable[[Path], Written],
    name: str, number: str, before: list[str], after: list[str],
) -> None:  # fmt: skip
    opened = siecle(tmp_path / "open", as_it_was)
    written = other(tmp_path / "other")
    for one in (opened, written) if order == "siecle first" else (written, opened):
        bring(url, one)
    assert read_by(url, name) == before
    bring(url, siecle(tmp_path / "closed", closed(number)))
    assert read_by(url, name) == after
    again = bring(url, written)
    assert (again.changes, read_by(url, name)) == (0, after)
    bring(url, opened)
    assert read_by(url, name) == before


@pytest.mark.parametrize(("other", "name", "number", "before", "after"), OTHERS)
@pytest.mark.parametrize("order", ["siecle first", "other first"])
def test_access_that_siecle_never_gave_is_not_opened_by_another_source(
    url: str, tmp_path: Path, order: str, other: Callable[[Path], Written], name: str, number: str,
    before: list[str], after: list[str],
) -> None:  # fmt: skip
    closed = siecle(tmp_path / "closed", without_rights(number))
    written = other(tmp_path / "other")
    for one in (closed, written) if order == "siecle first" else (written, closed):
        bring(url, one)
    assert read_by(url, name) == after
    assert (bring(url, written).changes, bring(url, closed).changes) == (0, 0)
    assert read_by(url, name) == after
    bring(url, siecle(tmp_path / "open", as_it_was))
    assert read_by(url, name) == before


def test_the_other_guardians_of_the_child_read_on(url: str, tmp_path: Path) -> None:
    for one in (edt(tmp_path / "edt"), siecle(tmp_path / "closed", without_rights("302"))):
        bring(url, one)
    assert (read_by(url, "Paul"), read_by(url, "Claire")) == (LEO, BOTH)


def test_a_guardian_who_was_entered_again_with_rights_reads_on(url: str, tmp_path: Path) -> None:
    bring(url, one_roster(tmp_path / "roster"))
    bring(url, siecle(tmp_path / "before", as_it_was))
    bring(url, siecle(tmp_path / "after", entered_again))
    roster = [one for one in rows(url, r.Guardianship, "source_id", "has_data_access") if "one" in one[0]]
    assert [access for _, access in roster if access] == [True]
    assert read_by(url, "Claire") == BOTH


def test_whoever_is_decided_to_be_another_person_reads_on_and_who_is_the_same_does_not(
    url: str, tmp_path: Path
) -> None:
    bring(url, one_roster(tmp_path / "roster"))
    bring(url, siecle(tmp_path / "closed", without_rights("301")))
    settings = Settings(database_url=url)
    (proposal,) = asyncio.run(proposed(settings))
    assert proposal["reason"] == (
        "the same names and child; the source that is believed more gives no access, so both have none"
    )
    ((last, _),) = rows(url, r.FeedEntry, "position", "kind")
    asyncio.run(decide(settings, str(proposal["id"]), merge=False))
    assert rows(url, r.FeedEntry, "position", "kind")[-1] == (last + 1, "RIGHTS")
    assert read_by(url, "Claire") == BOTH
    bring(url, siecle(tmp_path / "again", without_rights("301")))
    assert read_by(url, "Claire") == BOTH


def test_two_who_are_decided_to_be_one_person_have_the_rights_of_the_more_believed_source(
    url: str, tmp_path: Path
) -> None:
    bring(url, one_roster(tmp_path / "roster"))
    bring(url, siecle(tmp_path / "closed", without_rights("301")))
    settings = Settings(database_url=url)
    (proposal,) = asyncio.run(proposed(settings))
    ((last, _),) = rows(url, r.FeedEntry, "position", "kind")
    asyncio.run(decide(settings, str(proposal["id"]), merge=True))
    assert rows(url, r.FeedEntry, "position", "kind")[-1] == (last + 1, "RIGHTS")
    assert read_by(url, "Claire") == LEO
    assert (bring(url, one_roster(tmp_path / "again")).refused != [], read_by(url, "Claire")) == (True, LEO)


def test_every_period_of_a_guardian_is_closed(url: str, tmp_path: Path) -> None:
    again = "u2,secondary,guardian,2026-10-01,2027-06-30,s1"
    bring(url, Written(oneroster.with_roles(tmp_path, again)))
    bring(url, siecle(tmp_path / "closed", without_rights("301")))
    assert read_by(url, "Claire") == LEO
