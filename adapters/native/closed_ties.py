"""Keeps a door shut that the most believed source shut, though another source has it open.

Two sources may have a guardian each for one person: a tie without rights looks like that of a grandfather of
the same name, and a slip in a name makes another one, so the two are not joined. What the source that is
believed more says of somebody of these names, or nearly these, and this child holds for the ties of the
others too, even where only the family name is another; and so it does for a child who may be the same with
another day of birth or family name. In doubt the stricter of both decides, and an administrator decides
otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Any

from sqlalchemy import bindparam, or_, select, update

from adapters import records as r
from adapters.native.claims import CLAIM, Claims, chunks, is_one_of
from adapters.native.merging import Merging
from adapters.native.near_names import names_near, titles_differ
from adapters.native.person_groups import UNCLEAR
from adapters.native.person_identity import first_names_fit, names_fit
from adapters.native.precedence import NO_RIGHTS
from adapters.native.proposals import PROPOSAL, Proposals

ACCESS = ("has_data_access", "permissions", "valid_from", "valid_to")
"""Columns of a tie that open a door."""
NO_ACCESS = "the source that is believed more gives no access, so both have none"
SHORTER = "the source that is believed more gives access for a time, so both have it no longer"
TIE, STUDENT, GUARDIAN = r.Guardianship.table(), r.Student.table(), r.Guardian.table()
KEYS_OF_CHILDREN = ("match_name", "information_system_id", "national_id", "date_of_birth")
TITLES = {"FATHER": "M.", "MOTHER": "Mme"}
"""What a tie says of the title, whatever the title is."""
Rank = Callable[[str], tuple[int, str]]
Apart = Collection[frozenset[str]]


@dataclass(frozen=True, slots=True)
class Said:
    """What one source says of a tie, or said last of it."""

    source_id: str
    content: r.Guardianship
    is_current: bool


@dataclass(slots=True)
class Tie:
    """A tie with the names of its guardian, and what each source says of it."""

    row: Mapping[str, Any]
    said: list[Said] = field(default_factory=list)

    @property
    def current(self) -> list[Said]:
        """What sources still say."""
        return [one for one in self.said if one.is_current]


Spoken = tuple[Tie, Said]


@dataclass(frozen=True, slots=True)
class Limit:
    """What a tie may give at most, and the tie that says so."""

    access: Mapping[str, Any]
    by: Tie

    def reason(self, tie: Tie) -> str:
        """Say why a tie has no more than this."""
        near = "" if tie.row["match_name"] == self.by.row["match_name"] else "nearly "
        is_same_child = tie.row["student_id"] == self.by.row["student_id"]
        what = (
            f"{near}the same names and child"
            if is_same_child
            else f"the same names, a guardian of {near}the same"
        )
        return f"{what}; {NO_ACCESS if self.access is NO_RIGHTS else SHORTER}"


def limits_of(tie: Tie, others: Sequence[Tie], rank: Rank, apart: Apart) -> list[Limit]:
    """Return what sources that are believed more leave of the rights of a tie.

    `others` are the other ties of the child, `apart` pairs of guardians decided to be two. The most believed
    source that speaks of this very guardian decides; who has nearly the same names only makes it less.
    """
    best = min(rank(one.source_id) for one in tie.current)
    found: dict[tuple[int, str], list[Spoken]] = defaultdict(list)
    for other in others:
        for one in other.said:
            if rank(one.source_id) < best:
                found[rank(one.source_id)].append((other, one))
    limits: list[Limit | None] = []
    for _, spoken in sorted(found.items(), key=lambda item: item[0]):
        if same := _of_same_guardian(tie, spoken, apart):
            limits.append(_limit(same))
            break
        limits += [_limit(some) for some in _of_near_names(tie, spoken, apart)]
    return [one for one in limits if one is not None]


def _of_same_guardian(tie: Tie, spoken: Sequence[Spoken], apart: Apart) -> list[Spoken]:
    """Return what is said of the same record, or else of the same names."""
    mine = [one for one in spoken if one[0].row["guardian_id"] == tie.row["guardian_id"]]
    return mine or [
        one
        for one in spoken
        if one[0].row["match_name"] == tie.row["match_name"] and not _are_two(one[0], tie, apart)
    ]


def _of_near_names(tie: Tie, spoken: Sequence[Spoken], apart: Apart) -> list[list[Spoken]]:
    """Return what is said of names that fit or are near, by these names.

    Whoever else has access under them keeps no door open that is shut for one of these names.
    """
    found: dict[str, list[Spoken]] = defaultdict(list)
    for one in spoken:
        if _may_be_one(one[0].row, tie.row) and not _are_two(one[0], tie, apart):
            found[one[0].row["match_name"]].append(one)
    return [some for _, some in sorted(found.items())]


def _are_two(one: Tie, other: Tie, apart: Apart) -> bool:
    return frozenset((one.row["guardian_id"], other.row["guardian_id"])) in apart


def _may_be_one(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether the tie to the child and the names fit; names with a slip also need titles that do.

    Family names change: of one child, a first name with a title and a tie that fit is enough for doubt.
    """
    relations = one["relation"], other["relation"]
    if relations[0] != relations[1] and not any(each in UNCLEAR for each in relations):
        return False
    if names_fit(one, other):
        return True
    titles = [TITLES.get(row["relation"], row["title"]) for row in (one, other)]
    if titles_differ(*titles):
        return False
    return names_near(one, other) or (
        bool(one["first_name"] and other["first_name"]) and first_names_fit(one, other)
    )


def _limit(said: Sequence[Spoken]) -> Limit | None:
    current = [one for one in said if one[1].is_current]
    closed = next((tie for tie, one in current if not one.content.has_data_access), None)
    if closed is not None or not current:
        return Limit(NO_RIGHTS, closed or said[0][0])
    first = [one.content.valid_from for _, one in current]
    last = [one.content.valid_to for _, one in current]
    dates = {
        "valid_from": None if None in first else min(day for day in first if day is not None),
        "valid_to": None if None in last else max(day for day in last if day is not None),
    }
    return Limit(dates, current[0][0]) if any(dates.values()) else None


def limited(access: Mapping[str, Any], limit: Limit) -> dict[str, Any]:
    """Return the rights of a tie within a limit."""
    found = {name: access[name] for name in ACCESS}
    for name, stricter in (("valid_from", max), ("valid_to", min)):
        days: list[date] = [one for one in (found[name], limit.access.get(name)) if one is not None]
        found[name] = stricter(days, default=None)
    return found | {name: one for name, one in limit.access.items() if name in NO_RIGHTS}


class ClosedTies:
    """Closes and opens ties for one import or decision, after persons and ties were joined."""

    def __init__(self, claims: Claims, merging: Merging, proposals: Proposals) -> None:
        self._claims = claims
        self._connection = claims.connection
        self._merging = merging
        self._proposals = proposals

    async def settle(self, schools: Iterable[str]) -> None:
        """Limit the ties to the students of schools by what the most believed sources say."""
        if not await self._claims.exist():
            return
        rows = select(PROPOSAL.c.first_id, PROPOSAL.c.second_id).where(
            PROPOSAL.c.kind.in_((GUARDIAN.name, STUDENT.name)), PROPOSAL.c.status == "APART"
        )
        apart = {frozenset(row) for row in await self._connection.execute(rows)}
        for school in sorted(schools):
            if not await self._has_several_sources(school):
                continue
            of_child: dict[str, list[Tie]] = defaultdict(list)
            for tie in await self._ties(school):
                of_child[tie.row["student_id"]].append(tie)
            namesakes = await self._namesakes(of_child, apart)
            for child, ties in of_child.items():
                await self._settle_child(ties, [of_child[one] for one in namesakes[child]], apart)

    async def _has_several_sources(self, school: str) -> bool:
        """Tell whether some tie of a school is of another source than the others, or of several."""
        here = select(TIE.c.source_id).join(STUDENT, STUDENT.c.id == TIE.c.student_id)
        here = here.where(STUDENT.c.school_id == school)
        found = set((await self._connection.execute(here.distinct().limit(2))).scalars())
        spoken = here.join(CLAIM, CLAIM.c.record_id == TIE.c.id).limit(1)
        return len(found) > 1 or (await self._connection.execute(spoken)).first() is not None

    async def _ties(self, school: str) -> list[Tie]:
        named = (GUARDIAN.c[name] for name in ("title", "first_name", "last_name", "match_name"))
        child = (
            STUDENT.c[name].label(f"child_{name}") for name in (*KEYS_OF_CHILDREN, "first_name", "source_id")
        )
        wanted = (
            select(TIE, *named, *child)
            .join(STUDENT, STUDENT.c.id == TIE.c.student_id)
            .join(GUARDIAN, GUARDIAN.c.id == TIE.c.guardian_id)
            .where(STUDENT.c.school_id == school)
            .order_by(TIE.c.id)
        )
        found = {row["id"]: Tie(dict(row)) for row in (await self._connection.execute(wanted)).mappings()}
        spoken = select(CLAIM).where(is_one_of(CLAIM.c.record_id), CLAIM.c.is_mention.is_(False))
        for some in chunks(found):
            rows = await self._connection.execute(spoken.order_by(CLAIM.c.id), {"ids": some})
            for claim in rows.mappings():
                found[claim["record_id"]].said.append(_said(dict(claim), claim["content"]))
        for tie in found.values():
            tie.said = tie.said or [_said(tie.row, tie.row)]
        return list(found.values())

    async def _namesakes(
        self, of_child: Mapping[str, Sequence[Tie]], apart: Apart
    ) -> Mapping[str, Sequence[str]]:
        """Return the children who may be one, by child, whom no source has both.

        They have the same names, a number in common, or a first name and the day of birth.
        """
        alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for child, ties in of_child.items():
            for key in _keys_of_child(ties[0].row):
                alike[key].append(child)
        pairs = sorted({pair for some in alike.values() for pair in combinations(sorted(some), 2)})
        sources: dict[str, set[str]] = defaultdict(set)
        spoken = select(CLAIM.c.record_id, CLAIM.c.source_id).where(
            is_one_of(CLAIM.c.record_id), CLAIM.c.is_mention.is_(False), CLAIM.c.ended_at.is_(None)
        )
        for some in chunks(sorted({one for pair in pairs for one in pair})):
            for claim in await self._connection.execute(spoken, {"ids": some}):
                sources[claim.record_id].add(claim.source_id)
        found: dict[str, list[str]] = defaultdict(list)
        for pair in pairs:
            one, other = (sources[child] or {of_child[child][0].row["child_source_id"]} for child in pair)
            if one.isdisjoint(other) and frozenset(pair) not in apart:
                found[pair[0]].append(pair[1])
                found[pair[1]].append(pair[0])
        return found

    async def _settle_child(
        self, ties: Sequence[Tie], of_namesakes: Iterable[Sequence[Tie]], apart: Apart
    ) -> None:
        changed: dict[str, dict[str, Any]] = {}
        rows: dict[str, Mapping[str, Any]] = {}
        for tie in ties:
            if not tie.current:
                continue
            access = own = {name: one for name, one in self._own_access(tie).items() if name in ACCESS}
            told = [[one for one in ties if one is not tie], *of_namesakes]
            for limit in [one for others in told for one in limits_of(tie, others, self._rank, apart)]:
                access = limited(access, limit)
                if own["has_data_access"] and limited(own, limit) != own:
                    await self._propose(tie, limit)
            if any(access[name] != tie.row[name] for name in ACCESS):
                changed[tie.row["id"]], rows[tie.row["id"]] = access, tie.row
        if not changed:
            return
        await self._merging.claim(r.Guardianship, rows)
        written = (
            update(TIE).where(TIE.c.id == bindparam("tie")).values({one: bindparam(one) for one in ACCESS})
        )
        await self._connection.execute(written, [{"tie": one, **new} for one, new in changed.items()])
        self._claims.store.announcements.note_rights()

    def _rank(self, source_id: str) -> tuple[int, str]:
        return self._claims.precedence.rank(TIE.name, source_id)

    def _own_access(self, tie: Tie) -> dict[str, Any]:
        """Return the rights that the sources of a tie give it, the most believed one's."""
        claims = [{"source_id": one.source_id, "content": one.content.model_dump()} for one in tie.current]
        withdrawn = [one.source_id for one in tie.said if not one.is_current]
        return self._claims.precedence.merged(TIE.name, claims, withdrawn)

    async def _propose(self, tie: Tie, limit: Limit) -> None:
        """Propose the children where they are two, or else the guardians."""
        for kind, column in ((STUDENT, "student_id"), (GUARDIAN, "guardian_id")):
            mine, theirs = tie.row[column], limit.by.row[column]
            if mine != theirs:
                await self._proposals.note(kind.name, mine, theirs, limit.reason(tie))
                return


async def schools_of(claims: Claims, person: str) -> set[str]:
    """Return the school of a student, or those of the children of a guardian."""
    wanted = select(STUDENT.c.school_id).join(TIE, TIE.c.student_id == STUDENT.c.id)
    theirs = or_(TIE.c.guardian_id == person, STUDENT.c.id == person)
    found = await claims.connection.execute(wanted.where(theirs).distinct())
    return {one for one in found.scalars() if one is not None}


def _keys_of_child(row: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield what a child may share with who is the same, of a row with the columns of the child."""
    for name in KEYS_OF_CHILDREN:
        value = row[f"child_{name}"]
        if value and (name != "match_name" or all(value.split("|"))):
            first = r.folded(row["child_first_name"]) if name == "date_of_birth" else ""
            yield name, str(value), first


def _said(of: Mapping[str, Any], content: Mapping[str, Any]) -> Said:
    return Said(of["source_id"], r.Guardianship.model_validate(dict(content)), of["ended_at"] is None)
