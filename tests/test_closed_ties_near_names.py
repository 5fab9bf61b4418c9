"""A guardian whom the most believed source keeps out does not read under names that are nearly the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from adapters import records as r
from gateway.identities import decide, proposed
from gateway.settings import Settings
from tests.exports.told_ties import AAF, EDT, SIECLE, SIS, Child, Parent, bring_told, readers

PAUL = Parent("Paul", "MARTIN", access=False, relation="FATHER", title="M.")
OPEN, ENDS = replace(PAUL, access=True), date(2026, 12, 20)
PAULE = Parent("Paule", "MARTIN", relation="MOTHER", title="MME")
PAULINE = Parent("P.", "MARTIN", relation="MOTHER")
JEAN = replace(PAUL, first="Jean-Pierre", last="LE GALL")
LONG = replace(PAUL, first="Christophe", last="D'ARTAGNAN-DUPONT")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


async def _brought(url: str, *sources: tuple[str, tuple[Parent, ...]]) -> None:
    for source, parents in sources:
        await bring_told(url, source, Child(parents))


async def _who(url: str, source: str) -> list[str]:
    return [who for who, _ in await readers(url) if who.startswith(source.partition(":")[0])]


NEAR = [
    ("an initial", PAUL, Parent("P.", "MARTIN")),
    ("a slip in the family name", PAUL, Parent("Paul", "MARTN")),
    ("two letters swapped", PAUL, Parent("Pual", "MARTIN")),
    ("another letter", PAUL, Parent("Paul", "MERTIN")),
    ("slips in both names", PAUL, Parent("Pual", "MARTN")),
    ("an initial and a slip", PAUL, Parent("P", "MARTN")),
    ("names swapped", PAUL, Parent("MARTIN", "Paul")),
    ("names swapped, with a slip", PAUL, Parent("MARTN", "Paul")),
    ("names swapped, with an initial", PAUL, Parent("MARTIN", "P.")),
    ("no first name, and a slip", PAUL, Parent(None, "MARTN")),
    ("initials of both first names", JEAN, Parent("J.-P.", "LE GALL")),
    ("initials in one word", JEAN, Parent("JP", "LE GALL")),
    ("one initial of two", JEAN, Parent("J. Pierre", "LE GALL")),
    ("no hyphen, no space", JEAN, Parent("JeanPierre", "LEGALL")),
    ("the same letters, other words", JEAN, Parent("Jean-Pierre", "LEGALL")),
    ("a part of the family name with a slip", LONG, Parent("Christophe", "DUPOND")),
    ("several letters of a long name", LONG, Parent("Chrstphe", "D'ARTAGNAN")),
    ("accents", replace(PAUL, first="Zoë", last="ÉTIENNE"), Parent("Z.", "etiene")),
    ("ligatures", replace(PAUL, first="Lætitia", last="MARTIN"), Parent("Laetitia", "MARTIN")),
    ("a short name", replace(PAUL, first="Léo"), Parent("Leu", "MARTIN")),
    ("a short form", replace(PAUL, first="Alexandre"), Parent("Alex", "MARTIN")),
    ("another family name", PAUL, Parent("Paul", "DURAND")),
    ("another family name and the same relation", PAUL, Parent("Paul", "DURAND", relation="FATHER")),
    ("the same relation", PAUL, Parent("P.", "MARTIN", relation="FATHER")),
    ("a relation that says little", PAUL, Parent("P.", "MARTIN", relation="OTHER_RELATIVE")),
    ("the same title", PAUL, Parent("P.", "MARTIN", title="Monsieur")),
    ("a title of two", PAUL, Parent("P.", "MARTIN", title="M. et Mme")),
]
OTHERS = [
    ("another first name", PAUL, Parent("Claire", "MARTIN")),
    ("another initial", PAUL, Parent("C.", "MARTIN")),
    ("another family name and relation", PAUL, Parent("Paul", "DURAND", relation="GRANDPARENT")),
    ("another family name and title", PAUL, Parent("Paul", "DURAND", title="Mme")),
    ("no first name and another family name", PAUL, Parent(None, "DURAND")),
    ("an initial and another family name", PAUL, Parent("P.", "DURAND")),
    ("half of the first name is another", JEAN, Parent("Jean-Marc", "LE GALL")),
    ("particles alone in common", JEAN, Parent("J.-P.", "LE BIHAN")),
    ("another relation", PAUL, Parent("Paule", "MARTIN", relation="MOTHER")),
    ("another title", PAUL, Parent("P.", "MARTIN", title="Mme")),
    ("a relation against the title", replace(PAUL, relation="OTHER"), PAULINE),
]  # fmt: skip


def _table(cases: list[tuple[str, Parent, Parent]]) -> list[object]:
    return [pytest.param(closed, other, id=name) for name, closed, other in cases]


@pytest.mark.parametrize(("closed", "other"), _table(NEAR))
async def test_near_names_of_the_same_child_are_closed_too_and_proposed(
    url: str, closed: Parent, other: Parent
) -> None:
    await _brought(url, (SIECLE, (closed,)), (EDT, (other,)))
    assert await readers(url) == []
    (proposal,) = await proposed(Settings(database_url=url))
    nearly = "" if r.folded(closed.last, closed.first) == r.folded(other.last, other.first) else "nearly "
    assert proposal["reason"] == (
        f"{nearly}the same names and child; "
        "the source that is believed more gives no access, so both have none"
    )


@pytest.mark.parametrize("order", ["siecle first", "edt first"])
async def test_whoever_of_near_names_is_decided_to_be_another_person_reads_on(url: str, order: str) -> None:
    other = Child((Parent("P.", "MARTIN"),))
    told = (SIECLE, Child((PAUL,))), (EDT, other)
    for source, child in told if order == "siecle first" else told[::-1]:
        await bring_told(url, source, child)
    assert await readers(url) == []
    (proposal,) = await proposed(Settings(database_url=url))
    await decide(Settings(database_url=url), str(proposal["id"]), merge=False)
    assert await readers(url) == [("edt: P. MARTIN", None)]
    assert (await bring_told(url, EDT, other), await readers(url)) == (0, [("edt: P. MARTIN", None)])


@pytest.mark.parametrize(("closed", "other"), _table(OTHERS))
async def test_other_guardians_of_the_child_stay_as_they_are(url: str, closed: Parent, other: Parent) -> None:
    await _brought(url, (SIECLE, (closed,)), (EDT, (other,)))
    assert len(await readers(url)) == 1
    assert await proposed(Settings(database_url=url)) == []


FAMILIES = [
    pytest.param((PAUL, PAULE), Parent("Paule", "MARTIN"), True, id="exact names of the other parent"),
    pytest.param((PAUL, PAULE), Parent("Paul", "MARTIN"), False, id="exact names of the closed one"),
    pytest.param((PAUL, PAULE), Parent("P.", "MARTIN"), False, id="an initial of both"),
    pytest.param((PAUL, PAULE), Parent("P.", "MARTIN", title="Mme"), True, id="an initial with a title"),
    pytest.param((PAUL, PAULE), Parent("Paule", "MARTN", title="Mme"), True, id="a slip with a title"),
    pytest.param((PAUL, PAULE), Parent("Paul", "MARTN"), False, id="a slip, near to both"),
    pytest.param((OPEN, PAULE), Parent("P.", "MARTIN"), True, id="near to two who both have access"),
    pytest.param((PAUL, replace(OPEN, key="again")), Parent("P.", "MARTIN"), False, id="there twice"),
]  # fmt: skip


@pytest.mark.parametrize(("known", "other", "reads"), FAMILIES)
async def test_exact_names_win_over_near_ones(
    url: str, known: tuple[Parent, ...], other: Parent, reads: bool
) -> None:
    await _brought(url, (SIECLE, known), (SIS, (other,)))
    assert (await _who(url, SIS) != []) == reads


@pytest.mark.parametrize("order", ["siecle first", "edt first"])
async def test_both_parents_of_near_names_are_told_apart_by_their_exact_ones(url: str, order: str) -> None:
    theirs = Parent("Paul", "MARTIN"), Parent("Paule", "MARTIN")
    told = (SIECLE, (PAUL, PAULE)), (SIS, theirs)
    await _brought(url, *(told if order == "siecle first" else told[::-1]))
    assert {who.partition(": ")[2] for who, _ in await readers(url)} == {"Paule MARTIN"}


async def test_who_is_withdrawn_does_not_read_on_under_near_names_though_another_near_one_has_access(
    url: str,
) -> None:
    await _brought(url, (SIS, (Parent("P.", "MARTIN"),)), (SIECLE, (OPEN, PAULE)))
    assert await _who(url, SIS) == ["oneroster: P. MARTIN"]
    await _brought(url, (SIECLE, (PAULE,)))
    assert await _who(url, SIS) == []
    await _brought(url, (SIECLE, (OPEN, PAULE)))
    assert await _who(url, SIS) == ["oneroster: P. MARTIN"]


async def test_dates_of_a_tie_hold_for_near_names_and_are_proposed(url: str) -> None:
    await _brought(url, (EDT, (Parent("Paul", "MARTN"),)), (SIECLE, (replace(OPEN, until=ENDS),)))
    assert await readers(url) == [("edt: Paul MARTN", ENDS), ("siecle: Paul MARTIN", ENDS)]
    (proposal,) = await proposed(Settings(database_url=url))
    assert proposal["reason"] == (
        "nearly the same names and child; "
        "the source that is believed more gives access for a time, so both have it no longer"
    )
    await decide(Settings(database_url=url), str(proposal["id"]), merge=False)
    assert await readers(url) == [("edt: Paul MARTN", None), ("siecle: Paul MARTIN", ENDS)]


async def test_near_names_with_access_open_nothing_that_exact_names_close(url: str) -> None:
    closed = Parent("Paul", "MARTIN", access=False)
    await _brought(url, (SIECLE, (PAULE,)), (AAF, (closed,)), (EDT, (Parent("Paul", "MARTIN"),)))
    assert await _who(url, EDT) == []


async def test_two_near_names_that_are_both_closed_are_both_proposed(url: str) -> None:
    await _brought(url, (SIECLE, (PAUL, replace(PAUL, first="Pierre"))), (EDT, (Parent("P.", "MARTIN"),)))
    first, second = await proposed(Settings(database_url=url))
    await decide(Settings(database_url=url), str(first["id"]), merge=False)
    assert await readers(url) == []
    await decide(Settings(database_url=url), str(second["id"]), merge=False)
    assert await _who(url, EDT) == ["edt: P. MARTIN"]


async def test_near_names_decided_to_be_one_person_have_no_access(url: str) -> None:
    await _brought(url, (SIECLE, (PAUL,)), (EDT, (Parent("P.", "MARTIN"),)))
    (proposal,) = await proposed(Settings(database_url=url))
    await decide(Settings(database_url=url), str(proposal["id"]), merge=True)
    assert await readers(url) == []


async def test_a_guardian_of_another_child_of_near_names_stays_as_they_are(url: str) -> None:
    await bring_told(url, SIECLE, Child((PAUL,)), Child((PAULE,), "2", "Zoé"))
    await bring_told(url, EDT, Child((), "1"), Child((Parent("P.", "MARTIN", title="M."),), "2", "Zoé"))
    assert await _who(url, EDT) == ["edt: P. MARTIN"]
