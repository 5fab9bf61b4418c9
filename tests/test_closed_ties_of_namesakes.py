"""A child whom another source has once more, with another day of birth, opens nothing that is closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gateway.identities import decide, proposed
from gateway.settings import Settings
from tests.exports.told_ties import AAF, EDT, SIECLE, Child, Parent, bring_told, readers

PAUL = Parent("Paul", "MARTIN", access=False, relation="FATHER", title="M.")
OPEN, CLAIRE = replace(PAUL, access=True), Parent("Claire", "MARTIN", relation="MOTHER")
ENDS, OTHER_DAY = date(2026, 12, 20), date(2014, 5, 3)
KNOWN = Child((PAUL, CLAIRE))
NO_ACCESS = "the source that is believed more gives no access, so both have none"
SAME, NEAR = Parent("Paul", "MARTIN"), Parent("P.", "MARTIN")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


def second(*parents: Parent, number: str | None = None, born: date | None = OTHER_DAY) -> Child:
    """Tell of Léo with another day of birth."""
    return Child(parents, number, born=born)


async def _of_edt(url: str) -> list[tuple[str, date | None]]:
    return [one for one in await readers(url) if one[0].startswith("edt")]


OF_SAME = f"the same names, a guardian of the same; {NO_ACCESS}"
OF_NEAR = f"the same names, a guardian of nearly the same; {NO_ACCESS}"
RENAMED = Child((SAME,), None, last="Duval")
CASES = [
    pytest.param(second(SAME), OF_SAME, id="another day of birth"),
    pytest.param(second(NEAR), OF_NEAR, id="a near guardian"),
    pytest.param(second(SAME, born=None), OF_SAME, id="no day of birth"),
    pytest.param(RENAMED, OF_SAME, id="another family name"),
    pytest.param(
        replace(RENAMED, number="1", born=None), "the same number, but other names", id="a number in common"
    ),
]


@pytest.mark.parametrize(("child", "reason"), CASES)
@pytest.mark.parametrize("order", ["siecle first", "edt first"])
async def test_who_is_kept_from_a_child_does_not_read_of_a_namesake_until_that_is_decided(
    url: str, order: str, child: Child, reason: str
) -> None:
    told = (SIECLE, KNOWN), (EDT, child)
    for source, one in told if order == "siecle first" else told[::-1]:
        await bring_told(url, source, one)
    assert await _of_edt(url) == []
    (proposal,) = await proposed(Settings(database_url=url))
    assert (proposal["kind"], proposal["reason"]) == ("student", reason)
    await decide(Settings(database_url=url), str(proposal["id"]), merge=False)
    found = await _of_edt(url)
    assert len(found) == 1
    assert (await bring_told(url, EDT, child), await bring_told(url, SIECLE, KNOWN)) == (0, 0)
    assert await _of_edt(url) == found


async def test_a_namesake_with_the_number_of_the_child_is_closed_too(url: str) -> None:
    await bring_told(url, SIECLE, KNOWN)
    await bring_told(url, EDT, second(SAME, number="1"))
    assert await _of_edt(url) == []
    (proposal,) = await proposed(Settings(database_url=url))
    assert proposal["reason"] == "the same number, but another day of birth"
    await decide(Settings(database_url=url), str(proposal["id"]), merge=True)
    assert {who for who, _ in await readers(url)} == {"siecle: Claire MARTIN"}


async def test_a_tie_that_was_withdrawn_or_ends_holds_for_a_namesake(url: str) -> None:
    await bring_told(url, EDT, second(SAME))
    await bring_told(url, SIECLE, Child((OPEN, CLAIRE)))
    assert await _of_edt(url) == [("edt: Paul MARTIN", None)]
    await bring_told(url, SIECLE, Child((replace(OPEN, until=ENDS), CLAIRE)))
    assert await _of_edt(url) == [("edt: Paul MARTIN", ENDS)]
    await bring_told(url, SIECLE, Child((CLAIRE,)))
    assert await _of_edt(url) == []


async def test_what_is_closed_for_the_child_itself_stays_closed_though_a_namesake_opens_it(url: str) -> None:
    await bring_told(url, SIECLE, Child((OPEN,)))
    await bring_told(url, AAF, second(replace(SAME, access=False), number="2"))
    await bring_told(url, EDT, second(NEAR, number="2"))
    assert await _of_edt(url) == []


UNTOUCHED = [
    pytest.param(second(Parent("Jean", "MARTIN")), id="another father"),
    pytest.param(replace(second(SAME), first="Léa"), id="another first name"),
    pytest.param(replace(second(SAME), last="Durand"), id="another family name"),
    pytest.param(second(Parent("Claire", "MARTIN")), id="a mother with access"),
]


@pytest.mark.parametrize("child", UNTOUCHED)
async def test_real_namesakes_stay_as_they_are(url: str, child: Child) -> None:
    await bring_told(url, SIECLE, KNOWN)
    await bring_told(url, EDT, child)
    assert (len(await _of_edt(url)), await proposed(Settings(database_url=url))) == (1, [])


async def test_children_whom_one_source_has_both_are_two(url: str) -> None:
    both = KNOWN, second(CLAIRE, number="2")
    await bring_told(url, SIECLE, *both)
    await bring_told(url, EDT, Child((), "1"), second(SAME, number="2"))
    assert await _of_edt(url) == [("edt: Paul MARTIN", None)]
    assert await proposed(Settings(database_url=url)) == []


async def test_what_a_source_that_is_believed_less_closes_stays_open_elsewhere(url: str) -> None:
    await bring_told(url, EDT, KNOWN)
    await bring_told(url, SIECLE, second(OPEN, number="2"))
    assert ("siecle: Paul MARTIN", None) in await readers(url)
