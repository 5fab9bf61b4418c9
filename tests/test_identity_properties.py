"""Whatever families schools have, and whatever exports say of them, every record is of the right child.

Families are invented, written in every format that is read, and imported in random orders.
PASSERELLE_EXAMPLES says how many worlds are drawn; where it is set, a world that fails is also shrunk, which
takes minutes.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from adapters import records as r
from adapters.native.database import migrate, open_database
from resolvers.identifiers import decode
from tests.exports.imported_families import Contents, Imported, SourceRecord, words
from tests.exports.invented_families import (
    ERRORS,
    OMISSIONS,
    PRIMARY,
    SECONDARY,
    TABLES,
    Export,
    Guardian,
    Pupil,
    Row,
    World,
    worlds,
)
from tests.exports.written_families import WRITERS

SEED = 6
"""Fixed, so that every run and every property has the same worlds. A loader that takes the strongest key
fails four properties on its first five."""
EXAMPLES = int(os.environ.get("PASSERELLE_EXAMPLES", "0"))
NAMES_ALONE, NOTHING = 3, 9
"""Ranks of keys: from here on only names are shared; no key is shared."""
FORMATS = {*SECONDARY, *PRIMARY, *TABLES, "sts", "feed"}
SITUATIONS = (
    "the same number in two schools", "the same child in two schools", "homonyms of one day", "homonyms",
    "twins", "father and grandfather of one name",
)  # fmt: skip
Names = tuple[frozenset[str], frozenset[str]]
"""Words of first names and of family names."""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[World], Imported]:
    """Make an imported world; the same world is written and imported only once for all properties."""
    folder = tmp_path_factory.mktemp("worlds")
    empty = folder / "empty.db"

    async def prepare() -> None:
        engine = open_database(f"sqlite:///{empty}")
        await migrate(engine)
        await engine.dispose()

    asyncio.run(prepare())
    known: dict[World, Imported] = {}

    def find(world: World) -> Imported:
        if world not in known:
            known[world] = Imported(world, Path(mkdtemp(dir=folder)), empty)
        return known[world]

    return find


def for_worlds(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test with the same few worlds as the others; with PASSERELLE_EXAMPLES, with more, and shrink."""
    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if EXAMPLES else [])]
    chosen = settings(
        max_examples=EXAMPLES or 5,
        deadline=None,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    return seed(SEED)(chosen(given(world=worlds())(test)))


# ---- who is who ------------------------------------------------------------------------------------------


def _fit(one: Names, other: Names) -> bool:
    """Tell whether two persons share a first name, and a family name or a name at birth."""
    return bool(one[0] & other[0]) and bool(one[1] & other[1])


def _contradictions(row: Row, said: Sequence[SourceRecord]) -> list[str]:
    """Return the keys of a row that are other than those known of a student."""
    given = (
        ("number", row.number, {one.number for one in said}),
        ("INE", r.number_code("INE", row.ine), {one.ine for one in said}),
        ("birth date", str(row.born or ""), {one.born for one in said}),
    )
    found = [name for name, value, known in given if value and known - {value, ""}]
    if row.last and not any(_fit((words(row.first), words(row.last)), one.names) for one in said):
        found.append("name")
    return found


def _rank(row: Row, said: Sequence[SourceRecord]) -> int:
    """Return the rank of the best key that a row shares with a student, from 0; or NOTHING."""
    ine, full_name = r.number_code("INE", row.ine), r.folded(row.last, row.first) if row.last else ""
    dated_name = (full_name, str(row.born)) if full_name and row.born else None
    shared = (
        any(row.number and row.number == one.number for one in said),
        any(ine and ine == one.ine for one in said),
        any(dated_name == (one.full_name, one.born) for one in said),
        any(full_name and full_name == one.full_name for one in said),
        any(full_name and _fit((words(row.first), words(row.last)), one.names) for one in said),
    )
    return next((rank for rank, is_shared in enumerate(shared) if is_shared), NOTHING)


def _hanging(one: Imported) -> list[tuple[str, str]]:
    """Return the tokens of records with the students they hang on: as stored, and as shown to guardians."""
    shown = {
        (record["comment"], _key(student))
        for _, view in one.shown
        for student in view["students"]
        for kind in ("grades", "absences")
        for record in student[kind]["nodes"]
    }
    return sorted(shown | set(one.first[1].tokens.items()))


def _key(shown: dict[str, Any]) -> str:
    """Return the key of the record that the graph shows."""
    identifier = decode(shown["id"])
    assert identifier is not None
    return identifier.key


def _misplaced(one: Imported) -> Iterator[str]:
    """Tell of each row of a table why it should not hang on the student it hangs on."""
    rows, (_, found) = one.world.rows(), one.first
    for token, student in _hanging(one):
        if token not in rows:
            continue  # a result of OneRoster names its student by an id of its own
        row, said = rows[token], found.students[student]
        rank = _rank(row, said)
        if against := _contradictions(row, said):
            yield f"{token}: the student has another {' and another '.join(against)}"
        elif rank == NOTHING:
            yield f"{token}: shares no key with the student"
        elif (
            rank >= NAMES_ALONE
            and (row.number or row.born)
            and any(known.number or known.born for known in said)
        ):
            yield f"{token}: only the names fit, and both sides have a number or a day of birth"
        else:
            yield from (f"{token}: another student fits as well" for _ in _rivals(found, student, row, rank))


def _rivals(found: Contents, student: str, row: Row, rank: int) -> Iterator[str]:
    """Yield other students of the school whom a row fits as well: of the same source, or by names alone."""
    sources = {one.source for one in found.students[student]}
    for other, said in found.students.items():
        if other != student and found.schools[other] == found.schools[student]:
            is_rival = rank >= NAMES_ALONE or not sources.isdisjoint(one.source for one in said)
            if is_rival and _rank(row, said) <= rank and not _contradictions(row, said):
                yield other


def _wrongly_joined(said: Sequence[SourceRecord], found: Contents) -> Iterator[str]:
    """Tell what speaks against it that some source records are one student."""
    given = Counter(
        (one.source, school, one.full_name, one.born)
        for key, school in found.schools.items()
        for one in found.students[key]
    )
    school = next(found.schools[key] for key, records in found.students.items() if records is said)
    for one in said:
        others = [other for other in said if other is not one]
        by_number = any((one.number or None) == other.number for other in others)
        by_ine = any((one.ine or None) == other.ine for other in others)
        if not (by_number or by_ine) and any(
            given[other.source, school, one.full_name, one.born] > 1 for other in others
        ):
            yield f"{one.source}/{one.external_id} by names and a birth date that another source gives to two"
    for name in ("number", "ine", "born"):
        if len(values := {getattr(one, name) for one in said} - {""}) > 1:
            yield f"{len(values)} values of {name}"
    if len({one.source for one in said}) < len(said):
        yield "two students of one source"
    reached, rest = [said[0]], list(said[1:])
    while near := [one for one in rest if any(_fit(one.names, other.names) for other in reached)]:
        reached += near
        rest = [one for one in rest if one not in near]
    if rest:
        yield "names that do not fit"


def _described(said: Sequence[SourceRecord]) -> str:
    return " + ".join(sorted(f"{one.source}/{one.external_id}" for one in said))


# ---- the properties --------------------------------------------------------------------------------------


@for_worlds
def test_nothing_hangs_on_a_child_whose_keys_contradict_it(
    imported: Callable[[World], Imported], world: World
) -> None:
    assert list(_misplaced(imported(world))) == []


@for_worlds
def test_no_student_is_made_of_records_that_contradict_one_another(
    imported: Callable[[World], Imported], world: World
) -> None:
    _, found = imported(world).first
    joined = [said for said in found.students.values() if len(said) > 1]
    assert [f"{_described(said)}: {why}" for said in joined for why in _wrongly_joined(said, found)] == []


@for_worlds
def test_exports_that_only_leave_things_out_never_mix_two_persons(
    imported: Callable[[World], Imported], world: World
) -> None:
    """The truth decides here: also what no key contradicts may be of one child alone."""
    if not world.is_correct:
        return
    one = imported(world)
    _, found = one.first
    children = {guardian.key: {child for child, *_ in guardian.ties} for guardian in world.guardians}
    pupils = {key: [one.meant(record) for record in said] for key, said in found.students.items()}
    people = {key: [one.meant_guardians(record) for record in said] for key, said in found.guardians.items()}
    wrong = [
        f"{kind} {_described(said[key])}: {sorted(map(sorted, meant))}"
        for kind, said, truths in (
            ("student", found.students, pupils), ("guardian", found.guardians, people),
        )
        for key, meant in truths.items()
        if len(meant) > 1 and len(frozenset().union(*meant)) != 1
    ]  # fmt: skip
    for token, student in _hanging(one):
        if pupils[student][0] != {token.rpartition(" ")[2]}:
            wrong.append(f"{token}: hangs on {_described(found.students[student])}")
    for guardian, view in one.shown:
        for student in map(_key, view["students"]):
            for who in frozenset[str]().union(*people[guardian]):
                if not children[who] & pupils[student][0]:
                    wrong.append(f"{who} sees {_described(found.students[student])}")
    assert wrong == []


@for_worlds
def test_what_the_same_number_and_names_say_is_one_child_becomes_one(
    imported: Callable[[World], Imported], world: World
) -> None:
    """Else joining nothing at all would satisfy the other properties."""
    if not world.is_correct:
        return
    one = imported(world)
    _, found = one.first
    renamed = {pupil.key for pupil in world.pupils if pupil.last != pupil.birth_name}
    by_number: dict[str, set[str]] = {}
    for key, said in found.students.items():
        for record in said:
            (pupil, *others) = one.meant(record)
            if record.number and not others and pupil not in renamed:
                by_number.setdefault(pupil, set()).add(key)
    assert {pupil: len(keys) for pupil, keys in by_number.items()} == dict.fromkeys(by_number, 1)
    for token, row in world.rows().items():
        if row.number and row.pupil in by_number:
            assert {found.tokens.get(token)} == by_number[row.pupil], token


@for_worlds
def test_in_any_order_the_exports_give_the_same_graph(
    imported: Callable[[World], Imported], world: World
) -> None:
    one = imported(world)
    assert _who_is_who(one.first[1]) == _who_is_who(one.second[1])
    assert _graph(one.shown) == _graph(one.shown_second)


def _who_is_who(found: Contents) -> tuple[list[str], dict[str, str]]:
    """Return the source records that each person is made of, and on whom each row of a table hangs."""
    persons = (*found.students.values(), *found.guardians.values())
    return sorted(map(_described, persons)), {
        token: _described(found.students[student]) for token, student in sorted(found.tokens.items())
    }


def _graph(shown: list[tuple[str, Any]]) -> list[str]:
    """Return what each guardian is shown, without ids and the order that follows them."""
    return sorted(json.dumps(_without_ids(view), ensure_ascii=False) for _, view in shown)


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_ids(one) for name, one in value.items() if name != "id"}
    if isinstance(value, list):
        return sorted((_without_ids(one) for one in value), key=lambda one: json.dumps(one))
    return value


@for_worlds
def test_every_export_again_changes_nothing(imported: Callable[[World], Imported], world: World) -> None:
    one = imported(world)
    _, before = one.first
    reports, after = one.again
    done = {
        export.name: (report.changes, report.joined, report.proposals)
        for export, report in zip(world.exports, reports, strict=True)
    }
    assert done == dict.fromkeys(done, (0, {}, 0))
    assert after.tables == before.tables


@for_worlds
def test_every_entry_of_an_export_is_taken_or_reported(
    imported: Callable[[World], Imported], world: World
) -> None:
    one = imported(world)
    reports, found = one.first
    for export, written, report in zip(world.exports, one.written, reports, strict=True):
        for kind, entries in report.entries.items():
            fates = entries.taken + entries.refused + entries.waiting + sum(entries.left_out.values())
            assert entries.read == fates, f"{export.name}: {kind}"
            assert entries.read == written.entries.get(kind, entries.read), f"{export.name}: {kind}"
        told = {refusal.file for refusal in (*report.refused, *report.waiting)}
        guardians = {_as_written(one, key, export) for key, one in world.guardians_in(export)}
        people = ((found.students, world.pupils_in(export)), (found.guardians, list(guardians)))
        for stored, known in people if export.format in WRITERS else ():
            kept = sum(record.source == written.source for said in stored.values() for record in said)
            assert 0 <= len(known) - kept <= len(told), f"{export.name}: {len(known)} written, {kept} stored"
        for line, row in enumerate(export.rows, 2):
            stored_or_told = found.kept[row.token] or f"{written.path.name}, line {line}" in told
            assert stored_or_told and found.kept[row.token] <= 1, row.token


def _as_written(guardian: Guardian, key: str, export: Export) -> Guardian:
    """Return what a line says of a guardian; ONDE has neither ids nor ties, so two lines may say the same."""
    if export.format != "onde":
        return replace(guardian, key=key)
    return replace(guardian, key="", ties=tuple((child, "", 0) for child, *_ in guardian.ties))


def test_the_worlds_have_the_families_that_are_hard_to_tell_apart() -> None:
    seen: Counter[str] = Counter()

    @seed(SEED)
    @settings(max_examples=100, database=None, deadline=None, phases=[Phase.generate])
    @given(worlds())
    def draw(world: World) -> None:
        for one, other in itertools.combinations(world.pupils, 2):
            seen.update(_alike(one, other))
        names = Counter((one.first, one.last) for one in world.guardians)
        seen.update(["father and grandfather of one name"] * (max(names.values()) > 1))
        for export in world.exports:
            seen.update({export.format, *(slip for _, slip in export.slips)})

    draw()
    missing = {*SITUATIONS, *FORMATS, *OMISSIONS, *ERRORS, "entered twice"} - seen.keys()
    assert missing == set()
    assert min(seen[situation] for situation in SITUATIONS) >= 10


def _alike(one: Pupil, other: Pupil) -> Iterator[str]:
    """Yield what makes two pupils hard to tell apart."""
    same_names, same_day = (one.first, one.last) == (other.first, other.last), one.born == other.born
    if one.school != other.school:
        if one.number == other.number:
            yield "the same number in two schools"
        if same_names and same_day:
            yield "the same child in two schools"
    elif same_names:
        yield "homonyms of one day" if same_day else "homonyms"
    elif one.last == other.last and same_day:
        yield "twins"
