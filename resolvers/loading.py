"""The loader layer: the only way to a source, and the one place where rights are checked.

Every parent and every row passes here and is held against the viewer's scope, so that no edge can forget to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from adapters.base import Bound, Children, Page, Parent, Request, Row, Rows, Source
from resolvers.disclosure import TIES, filters_for, is_published, keep_open_ties, needed_capability, told
from resolvers.errors import NotPermitted, SourceFailed
from resolvers.routing import CAPABILITIES, Sources
from resolvers.viewer import Caller, Scope
from resolvers.work import LONG_TEXTS, Work

FAMILY = "family"
"""The group under which one answer is asked for all students of the caller together."""


PUBLIC = {"Person.charters", "HelpArticle", "HelpArticle.all"}
"""What anybody may read, also without a token: the terms of use of every school, and help."""


@dataclass(slots=True)
class Ask:
    """A question of an edge, before it is known which source will answer: `windows` by student."""

    relation: str
    filters: Mapping[str, Any]
    page: Page
    newest_first: bool | None = None
    windows: Mapping[str, tuple[date, date]] | None = None

    @property
    def is_routed(self) -> bool:
        """Tell whether the configuration says which source answers; else who holds the parent does.

        It does where the question leads to another kind of data: from a lesson to its homework.
        """
        owner = self.relation.partition(".")[0]
        if owner in ("Student", "Viewer"):
            return True
        return owner in CAPABILITIES and CAPABILITIES[owner] != CAPABILITIES.get(
            self.relation, CAPABILITIES[owner]
        )


EVERYTHING = Page()
ALWAYS = (date.min, date.max)
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
"""Days that may be asked for: weeks and time zones reach a little beyond, and the calendar has an end."""
Owned = tuple[str | None, str | None]
"""The student a record was asked for (None for several), and the one it is of (None for nobody's)."""


def ask(
    relation: str,
    page: Page = EVERYTHING,
    newest_first: bool | None = None,
    windows: Mapping[str, tuple[date, date]] | None = None,
    **filters: Any,
) -> Ask:
    """Make a question; filters that are None are left out."""
    given = {name: value for name, value in filters.items() if value is not None}
    return Ask(relation, given, page, newest_first, windows)


def with_filters(question: Ask, **filters: Any) -> Ask:
    """Add filters to a question."""
    return replace(question, filters={**question.filters, **filters})


Right = tuple[Callable[[Any], Any], frozenset[Any]]
"""What reads a part of a row, and what it may be."""


@dataclass(frozen=True, slots=True, eq=False)
class BoundQuestion:
    """A question to the database, worked out for one viewer but for the moment; see `LoaderLayer.bind`."""

    relation: str
    statement: Bound
    asked: Sequence[Parent | None]
    """What each parent became; None for those that the viewer may not ask about."""
    rights: Sequence[Right]
    texts: Sequence[int]
    """Places of the columns that may hold long texts."""


class LoaderLayer:
    """Asks sources on behalf of one viewer."""

    def __init__(self, scope: Scope, sources: Sources, now: datetime, work: Work) -> None:
        self.scope = scope
        self.sources = sources
        self.now = now
        self.work = work
        self._met_guardians: set[str] = set()
        """Those that records shown to the viewer have named; another request does not know them."""

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.scope.caller

    async def fetch(
        self,
        question: Ask,
        parents: Sequence[Any],
        columns: tuple[str, ...],
        key: str = "_id",
        group: str = "",
    ) -> list[Children | Exception]:
        """Ask the sources behind the parents; one answer per parent, an error where a source failed.

        A parent about a student the viewer may not see has no children. With `group`, all parents share
        one answer per source, and the answers of the sources come one after another.
        """
        self._require_capability(question)
        self.work.count(0)
        await self.work.turn.rest()
        asked: dict[str, Source] = {}
        batches: dict[str, dict[tuple[str, str | None], Parent]] = {}
        places: list[tuple[str, str] | None] = []
        for parent in parents:
            one = self._parent(question, parent, key, group)
            if one is None:
                places.append(None)
                continue
            source = self._source(question, parent)
            asked[source.name] = source
            batches.setdefault(source.name, {})[one.group, one.student_id] = one
            places.append((source.name, one.group))
        questions = [
            self._ask(asked[name], question, tuple(batch.values()), columns)
            for name, batch in batches.items()
        ]
        # A task for a single question would only cost time.
        answers = [await questions[0]] if len(questions) == 1 else await asyncio.gather(*questions)
        by_source = dict(zip(batches, answers, strict=True))
        return [self._answer(by_source, place) for place in places]

    def bind(
        self, question: Ask, parents: Sequence[Any], columns: tuple[str, ...], key: str, group: str
    ) -> BoundQuestion | None:
        """Work out a question to the database for this viewer, with the rights of parents and rows.

        It holds as long as the scope. None where the usual way has to be taken: when other sources take
        part, or the database has to look closer.
        """
        if not self.sources.can_bind:
            return None
        self._require_capability(question)
        asked = [self._parent(question, parent, key, group) for parent in parents]
        known = tuple({(one.group, one.student_id): one for one in asked if one is not None}.values())
        if not known:
            return None
        found = self.sources.bind(self._request(self.sources.native, question, known, columns))
        if found is None:
            return None
        names = found.layout.names
        rights = self._rights_of_rows(question.relation, names, known)
        texts = [at for at, name in enumerate(names) if name in LONG_TEXTS]
        return None if rights is None else BoundQuestion(question.relation, found, asked, rights, texts)

    async def rows(self, bound: BoundQuestion) -> Rows | None:
        """Answer a bound question; None where the viewer may not see every row: each must be looked at."""
        self.work.count(0)
        rows = await self.sources.rows(bound.statement, bound.relation, self.now)
        self.work.count(len(rows))
        for at in bound.texts:
            self.work.count_texts(row[at] for row in rows)
        for read, allowed in bound.rights:
            if not allowed.issuperset(map(read, rows)):
                return None
        return rows

    def _require_capability(self, question: Ask) -> None:
        capability = needed_capability(self.scope, question.relation)
        if capability is not None and capability not in self.caller.capabilities:
            raise NotPermitted(f"The caller has no access to {capability}.")

    def recall(self, relation: str, keys: Iterable[str]) -> dict[str, Row]:
        """Return records that the database has at hand and the viewer may see; the rows are shared."""
        nearby = self.sources.nearby
        if nearby is None:
            return {}
        at_hand = nearby.recall(relation, self.now)
        rows = {key: told(self.scope, relation, at_hand[key]) for key in keys if key in at_hand}
        if self._may_see_all(relation, [(None, row) for row in rows.values()]):
            return rows
        return {key: row for key, row in rows.items() if self._may_see(relation, row, None)}

    def source_of(self, row: Row) -> str:
        """Name the source of a row; the rows of the native database are not marked."""
        return str(row.get("@source", self.sources.native.name))

    def _source(self, question: Ask, parent: Any) -> Source:
        """Decide which source answers for a parent."""
        if self.sources.is_single:
            return self.sources.native
        if parent._source is not None and not question.is_routed:
            return self.sources.holding(parent._source, question.relation)
        return self.sources.serving(question.relation, self.school_names(parent._school))

    def known_of(self, question: Ask, parent: Any) -> Children | SourceFailed | None:
        """Tell without asking whether a live source has something: a row without columns, or the failure.

        None where the database is to be asked.
        """
        source = self._source(question, parent)
        if source is self.sources.native:
            return None
        return self.sources.health[source.name].fault(source.name) or Children(rows=[{}])

    def _parent(self, question: Ask, parent: Any, key: str, group: str) -> Parent | None:
        """Describe a parent to a source; None when the viewer may not ask about it."""
        row: dict[str, Any] = parent.__dict__
        identity, student = row[key], row["_student"]
        if identity is None:
            return None
        lower, upper = ALWAYS if question.windows is None else question.windows.get(student or "", ALWAYS)
        if student is None:
            return Parent(group or identity, identity, None, None, lower, upper)
        known = self.scope.students.get(student)
        if known is None or not is_published(self.scope, question.relation, known):
            return None
        name = group or f"{identity}\n{student}"
        return Parent(name, identity, student, known["external_id"], lower, upper)

    def has_capability(self, relation: str) -> bool:
        """Tell whether the kind of data behind a relation is open to the caller."""
        needed = needed_capability(self.scope, relation)
        return needed is None or needed in self.caller.capabilities

    def permits(self, student_id: str | None, permission: str) -> bool:
        """Tell whether the caller's tie to a student allows an action."""
        tie = self.scope.guardianship_of(student_id or "")
        return tie is not None and tie["has_data_access"] and permission in tie["permissions"]

    def takes_answers(self, source: str | None) -> bool:
        """Tell whether a record of a source can be answered or marked here; live sources are only read."""
        return source in (None, self.sources.native.name)

    def school_names(self, school_id: str | None) -> tuple[str | None, ...]:
        """Return the names by which the configuration may call a school."""
        return school_id, self.scope.schools.get(school_id or "", {}).get("national_id")

    async def _ask(
        self, source: Source, question: Ask, parents: tuple[Parent, ...], columns: tuple[str, ...]
    ) -> Mapping[str, Children] | Exception:
        try:
            request = self._request(source, question, parents, columns)
            answer = await self.sources.fetch(source, request, self.work.deadline)
            self._admit(source, question.relation, parents, answer)
        except SourceFailed as error:
            return error
        return answer

    def _request(
        self, source: Source, question: Ask, parents: tuple[Parent, ...], columns: tuple[str, ...]
    ) -> Request:
        filters = question.filters
        if source is self.sources.native:
            filters = filters_for(self.scope, question.relation, filters)
        return Request(
            question.relation,
            parents,
            columns,
            self.now,
            filters,
            question.page,
            question.newest_first,
            self.caller.person_id,
            self.scope.today(self.now),
        )

    def _admit(
        self, source: Source, relation: str, parents: Sequence[Parent], answer: Mapping[str, Children]
    ) -> None:
        """Keep only rows the viewer may see; this is where object-level authorisation happens."""
        alone = _alone(parents)
        if source is not self.sources.native:
            for group, children in answer.items():
                self._complete(source.name, children, alone.get(group))
        rows = [(alone.get(group), row) for group, children in answer.items() for row in children.rows]
        self.work.count(len(rows))
        for name in LONG_TEXTS & rows[0][1].keys() if rows else ():
            self.work.count_texts(row.get(name) for _, row in rows)
        if relation not in PUBLIC and not self._may_see_all(relation, rows):
            for group, children in answer.items():
                self._keep_visible(relation, children, alone.get(group))
        if relation == TIES:
            keep_open_ties(self.scope, parents, answer)
        if relation == "Student":
            for children in answer.values():
                children.rows = [told(self.scope, relation, row) for row in children.rows]
        if rows and "guardian_id" in rows[0][1]:
            shown = (row["guardian_id"] for children in answer.values() for row in children.rows)
            self._met_guardians.update(one for one in shown if one)

    def _rights_of_rows(
        self, relation: str, names: Sequence[str], parents: Sequence[Parent]
    ) -> list[Right] | None:
        """List what every row has to have for the viewer to see it; None where each must be looked at.

        It is what `_may_see` asks of a row: its school is known, and its student is the one asked about.
        """
        if relation in PUBLIC or relation in ("Guardian", "Student", TIES) or "guardian_id" in names:
            return None
        rights: list[Right] = []
        if "school_id" in names:
            rights.append((itemgetter(names.index("school_id")), frozenset({None, *self.scope.schools})))
        if "student_id" in names:
            at, known, alone = names.index("student_id"), self.scope.students, _alone(parents)
            if not any(alone.values()):
                rights.append((itemgetter(at), frozenset({None, *known})))
            elif all(alone.values()):
                pairs = {(group, one) for group, one in alone.items() if one in known}
                rights.append(
                    (itemgetter(names.index("_group"), at), frozenset(pairs | {(one, None) for one in alone}))
                )
            else:
                return None
        return rights

    def _are_visible(self, relation: str, schools: set[str | None], owned: set[Owned]) -> bool:
        """Tell whether the viewer may see all records of these schools and students.

        Only ties are shown of students whose records are closed to the viewer.
        """
        known = self.scope.known_students if relation == TIES else self.scope.students
        return self.may_see_schools(schools) and all(
            owner is None or (owner in known and asked in (None, owner)) for asked, owner in owned
        )

    def may_see_schools(self, schools: set[str | None]) -> bool:
        """Tell whether records of these schools may be shown; None stands for records of no school."""
        schools.discard(None)
        return schools <= self.scope.schools.keys()

    def _keep_visible(self, relation: str, children: Children, student: str | None) -> None:
        kept = [self._may_see(relation, row, student) for row in children.rows]
        if children.cursors:
            children.cursors = [c for c, keep in zip(children.cursors, kept, strict=True) if keep]
        children.rows = [row for row, keep in zip(children.rows, kept, strict=True) if keep]

    def _complete(self, source: str, children: Children, student: str | None) -> None:
        """Fill in the provenance and school that a foreign source need not know. Raises SourceFailed."""
        if not isinstance(children, Children) or not all(isinstance(row, dict) for row in children.rows):
            raise SourceFailed(source, f"The source {source} gave something unreadable.")
        school = self.scope.students.get(student or "", {}).get("school_id")
        known = {"school_id": school, "source_id": source, "fetched_at": self.now, "modified_at": None}
        for row in children.rows:
            row["@source"] = source
            for name, value in {**known, "external_id": row.get("id")}.items():
                if row.get(name) is None:
                    row[name] = value

    def _may_see_all(self, relation: str, rows: Collection[tuple[str | None, Row]]) -> bool:
        """Tell whether the viewer may see every row, each with the student that it was asked for.

        Far cheaper than looking at each, and the usual case.
        """
        if relation in ("Guardian", "Student"):
            return all(self._may_see(relation, row, asked) for asked, row in rows)
        schools = {row.get("school_id") for _, row in rows}
        return self._are_visible(relation, schools, {(asked, row.get("student_id")) for asked, row in rows})

    def _may_see(self, relation: str, row: Row, student: str | None) -> bool:
        if relation == "Guardian":
            return row["id"] in self.scope.known_guardians or row["id"] in self._met_guardians
        if relation == "Student":
            return row["id"] in self.scope.known_students
        return self._are_visible(relation, {row.get("school_id")}, {(student, row.get("student_id"))})

    @staticmethod
    def _answer(
        by_source: Mapping[str, Mapping[str, Children] | Exception], place: tuple[str, str] | None
    ) -> Children | Exception:
        if place is None:
            return Children()
        answer = by_source[place[0]]
        return answer if isinstance(answer, Exception) else answer.get(place[1], Children())


def _alone(parents: Sequence[Parent]) -> dict[str, str | None]:
    """Name the one student of each group; None where a list is of several."""
    return {one.group: None if one.group == FAMILY else one.student_id for one in parents}
