"""Who asks, and what they may see: worked out once a request, checked in one place (`loading`)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from cachetools import LRUCache

from adapters.base import Children, Page, Parent, Request, Row
from resolvers.routing import Sources

ALL_READ = frozenset(
    {
        "TIMETABLE_READ",
        "LESSON_CONTENT_READ",
        "HOMEWORK_READ",
        "GRADES_READ",
        "AVERAGES_READ",
        "SKILLS_READ",
        "ABSENCES_READ",
        "BEHAVIOUR_READ",
        "MESSAGES_READ",
        "LIAISON_READ",
        "EVENTS_READ",
        "TRIPS_READ",
        "NEWS_READ",
        "DOCUMENTS_READ",
        "DIRECTORY_READ",
    }
)
NEVER = datetime.min.replace(tzinfo=UTC)
CAPABILITIES_BY_KIND = {
    "GUARDIAN": ALL_READ,
    "STUDENT": ALL_READ,
    "STAFF": ALL_READ - {"DOCUMENTS_READ"},
    "TEACHER": ALL_READ - {"BEHAVIOUR_READ", "LIAISON_READ", "DOCUMENTS_READ"},
    "PARTNER": frozenset[str](),
    "ANONYMOUS": frozenset[str](),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """What a verified token says: the kind of viewer, the person, the schools and the scopes."""

    kind: str
    person_id: str
    school_ids: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    issued_at: datetime = NEVER
    expires_at: datetime | None = None

    @property
    def is_anonymous(self) -> bool:
        """Tell whether the caller has no token."""
        return self.kind == "ANONYMOUS"

    @property
    def capabilities(self) -> frozenset[str]:
        """Kinds of data open to the caller; a partner's are its scopes."""
        return self.scopes & ALL_READ if self.kind == "PARTNER" else CAPABILITIES_BY_KIND[self.kind]


@dataclass(slots=True, eq=False)
class Scope:
    """The students and schools of one caller, and where they stand with the charter."""

    caller: Caller
    guardianships: list[Row] = field(default_factory=list)
    students: dict[str, Row] = field(default_factory=dict)
    schools: dict[str, Row] = field(default_factory=dict)
    known_guardians: set[str] = field(default_factory=set)
    known_students: set[str] = field(default_factory=set)
    charter_status: str = "NOT_REQUIRED"
    pending_charter_id: str | None = None
    selected_student_id: str | None = None
    revoked_before: datetime | None = None
    zones: dict[str, tzinfo] = field(default_factory=dict)
    remembered: dict[object, Any] = field(default_factory=dict)
    """What was worked out from the scope alone, as long as it lasts."""
    generation: int = 0
    """Counts up when the database changes or the minute ends; until then it is the scope of all requests of
    the caller. 0 where it is that of one request alone."""

    def zone(self, school_id: str | None) -> tzinfo:
        """Return the time zone of a school; what has none uses that of the caller's first school."""
        if school_id in self.zones:
            return self.zones[school_id]
        return next(iter(self.zones.values()), UTC)

    def today(self, now: datetime, school_id: str | None = None) -> date:
        """Return the day it is at a school; without one, at the caller's first."""
        return now.astimezone(self.zone(school_id)).date()

    def guardianship_of(self, student_id: str) -> Row | None:
        """Return the caller's own tie to a student."""
        return next((row for row in self.guardianships if row["student_id"] == student_id), None)

    @property
    def has_revoked_token(self) -> bool:
        """Tell whether the caller's token was issued before the session was closed."""
        return self.revoked_before is not None and self.caller.issued_at <= self.revoked_before


GUARDIANSHIP_COLUMNS = (
    "guardian_id",
    "student_id",
    "has_data_access",
    "valid_from",
    "valid_to",
    "permissions",
)
STUDENT_COLUMNS = ("id", "external_id", "information_system_id", "enrolled_from", "enrolled_to")
SCHOOL_COLUMNS = ("id", "national_id", "time_zone", "name")
SETTINGS_COLUMNS = (
    "year_label",
    "year_start",
    "year_end",
    "holidays",
    "cycle_weeks",
    "counting_unit",
    "display_policy",
)


class Scopes:
    """The scopes of the callers of one generation of the database, so that none is worked out twice."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known: LRUCache[Caller, Scope] = LRUCache(REMEMBERED)
        self._generation: object = None
        self._count = 0

    async def load(self, caller: Caller, now: datetime) -> Scope:
        """Find what the caller may see, from memory where nothing has changed since."""
        nearby = self._sources.nearby
        before = nearby.generation(now) if nearby is not None else None
        if before is None:
            return await load_scope(caller, self._sources, now)
        if before != self._generation:
            self._known.clear()
            self._generation = before
            self._count += 1
        scope = self._known.get(caller)
        if scope is None:
            scope = await load_scope(caller, self._sources, now)
            if before == nearby.generation(now) == self._generation:  # type: ignore[union-attr]
                self._known[caller] = scope
                scope.generation = self._count
        return scope


REMEMBERED = 10_000
"""Callers whose scope is kept."""


async def load_scope(caller: Caller, sources: Sources, now: datetime) -> Scope:
    """Find what the caller may see. Costs six statements, whatever the number of children."""
    scope = Scope(caller)
    if caller.kind == "ANONYMOUS":
        return scope
    ask = _Asker(sources, now)
    if caller.kind == "GUARDIAN":
        scope.guardianships = await ask("Guardian.guardianships", [caller.person_id], GUARDIANSHIP_COLUMNS)
    else:
        await _load_students(scope, ask)
    await _load_schools(scope, ask, {*caller.school_ids, *_schools_of(scope)})
    if caller.kind == "TEACHER" and scope.today(now) != now.date():
        # Only now is it known which day it is at the teacher's school.
        await _load_students(scope, replace(ask, today=scope.today(now)))
    if caller.kind == "GUARDIAN":
        await _load_children(scope, ask)
    await _load_session(scope, ask)
    return scope


def _schools_of(scope: Scope) -> set[str]:
    return {row["school_id"] for row in (*scope.students.values(), *scope.guardianships)} - {None}


async def _load_schools(scope: Scope, ask: _Asker, ids: set[str]) -> None:
    for row in await ask("School", sorted(ids), SCHOOL_COLUMNS):
        scope.schools[row["id"]] = dict(row)
        scope.zones[row["id"]] = ZoneInfo(row["time_zone"])
    for row in await ask("School.settings", sorted(ids), SETTINGS_COLUMNS):
        if row["school_id"] in scope.schools:
            scope.schools[row["school_id"]].update({name: row[name] for name in SETTINGS_COLUMNS})


@dataclass(frozen=True, slots=True)
class _Asker:
    sources: Sources
    now: datetime
    today: date | None = None

    async def __call__(self, relation: str, ids: list[str], columns: tuple[str, ...]) -> list[Row]:
        parents = tuple(Parent(group=one, id=one) for one in ids)
        request = Request(relation, parents, columns, self.now, page=Page(), today=self.today)
        found = await self.sources.fetch(self.sources.native, request)
        return [row for one in ids for row in found.get(one, Children()).rows]


async def _load_students(scope: Scope, ask: _Asker) -> None:
    caller, rows = scope.caller, list[Row]()
    if caller.kind == "STUDENT":
        rows = await ask("Student", [caller.person_id], STUDENT_COLUMNS)
    elif caller.kind == "TEACHER":
        rows = await ask("StaffMember.students", [caller.person_id], STUDENT_COLUMNS)
    elif caller.school_ids:
        rows = await ask("School.students", sorted(caller.school_ids), STUDENT_COLUMNS)
    scope.students = {row["id"]: row for row in rows}
    scope.known_students = set(scope.students)


async def _load_children(scope: Scope, ask: _Asker) -> None:
    """Find the students of a guardian by the ties of today, as long as the day lasts at their school."""
    scope.guardianships = [
        row for row in scope.guardianships if is_current(row, scope.today(ask.now, row["school_id"]))
    ]
    ids = sorted({row["student_id"] for row in scope.guardianships})
    open_ids = {row["student_id"] for row in scope.guardianships if row["has_data_access"]}
    rows = [row for row in await ask("Student", ids, STUDENT_COLUMNS) if row["id"] in open_ids]
    scope.students = {row["id"]: row for row in rows}
    scope.known_students.update(ids)
    scope.known_guardians.add(scope.caller.person_id)
    tied = {*scope.caller.school_ids, *_schools_of(scope)}
    for gone in scope.schools.keys() - tied:
        del scope.schools[gone], scope.zones[gone]
    if missing := tied - scope.schools.keys():
        await _load_schools(scope, ask, missing)


def is_current(guardianship: Row, today: date) -> bool:
    """Tell whether a tie is valid on a day."""
    starts, ends = guardianship["valid_from"], guardianship["valid_to"]
    return (starts is None or starts <= today) and (ends is None or ends >= today)


async def _load_session(scope: Scope, ask: _Asker) -> None:
    caller = scope.caller
    columns = ("selected_student_id", "tokens_revoked_before")
    for row in await ask("PersonState", [caller.person_id], columns):
        scope.selected_student_id = row["selected_student_id"]
        scope.revoked_before = row["tokens_revoked_before"]
    if caller.kind in ("PARTNER", "ANONYMOUS"):
        return
    charters = await ask(
        "Person.charters",
        [caller.person_id],
        ("id", "published_at", "version", "decision", "answered_version"),
    )
    pending, answered = pending_charter(charters, set(scope.schools))
    if pending is not None:
        scope.pending_charter_id = pending["id"]
        scope.charter_status = "REFUSED" if pending["decision"] == "REFUSED" else "REQUIRED"
    elif answered:
        scope.charter_status = "ACCEPTED"


def pending_charter(charters: list[Row], school_ids: set[str]) -> tuple[Row | None, bool]:
    """Return the first charter in force that was not accepted, and whether any is in force."""
    in_force: dict[str | None, dict[str, Any]] = {}
    for row in sorted(charters, key=lambda row: row["published_at"]):
        if row["school_id"] is None or row["school_id"] in school_ids:
            in_force[row["school_id"]] = row
    waiting = [
        row
        for row in in_force.values()
        if row["decision"] != "ACCEPTED" or row["answered_version"] != row["version"]
    ]
    return (waiting[0] if waiting else None), bool(in_force)
