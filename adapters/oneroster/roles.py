"""The roles of users, which give rights: at which organisation, from when, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from adapters.oneroster.files import CsvRow

STAFF = {
    "teacher": "TEACHER", "aide": "SUPPORT", "administrator": "ADMINISTRATION", "principal": "MANAGEMENT",
    "siteadministrator": "ADMINISTRATION", "districtadministrator": "ADMINISTRATION",
    "systemadministrator": "ADMINISTRATION", "counselor": "COUNSELLING", "proctor": "SUPPORT",
}  # fmt: skip
"""Roles of staff, in lower case."""
GUARDIANS = {"parent": "UNKNOWN", "guardian": "OTHER", "relative": "OTHER_RELATIVE"}
WITH_ACCESS = {"parent", "guardian"}
"""Roles of agents that read a student's data; relatives are contacts."""
KINDS = {
    "student": "Student", **dict.fromkeys(GUARDIANS, "Guardian"), **dict.fromkeys(STAFF, "StaffMember"),
}  # fmt: skip
"""What a user with a role is a record of."""
Period = tuple[date | None, date | None]
"""The first and the last day; None where not limited."""
ALWAYS: Period = (None, None)


@dataclass(frozen=True, slots=True)
class Role:
    """A role of a user, in lower case, at an org. `period` is when it holds."""

    name: str
    org: str | None
    period: Period = ALWAYS

    @property
    def kind(self) -> str:
        """Student, Guardian or StaffMember."""
        return KINDS[self.name]


@dataclass(frozen=True, slots=True)
class Person:
    """A user: the row, the roles (the primary first), and whether the login is switched on."""

    row: CsvRow
    roles: Sequence[Role]
    is_enabled: bool

    @property
    def kinds(self) -> list[str]:
        """What the user is a record of, each once: a teacher may be a parent too."""
        return list(dict.fromkeys(role.kind for role in self.roles))

    def of(self, kind: str) -> list[Role]:
        """Return the roles that make the user a record of a kind."""
        return [role for role in self.roles if role.kind == kind]


def joined(periods: Iterable[Period]) -> list[Period]:
    """Join periods that overlap or follow one another, and put them in order.

    Two roles that end and begin on following days are one; a gap between them stays a gap.
    """
    found: list[Period] = []
    for first, last in sorted(periods, key=lambda one: (one[0] or date.min, one[1] or date.max)):
        if found:
            before, until = found[-1]
            if until is None or first is None or first <= until + timedelta(days=1):
                later = None if until is None or last is None else max(until, last)
                found[-1] = (before, later)
                continue
        found.append((first, last))
    return found


def span(periods: Iterable[Period]) -> Period:
    """Return the first and last day of several periods, gaps included; not limited where there is none."""
    found = joined(periods)
    return (found[0][0], found[-1][1]) if found else ALWAYS


def overlap(one: Period, other: Period) -> Period:
    """Return the days that are in both; the last may come before the first, and then there are none."""
    begins = [day for day in (one[0], other[0]) if day is not None]
    ends = [day for day in (one[1], other[1]) if day is not None]
    return max(begins, default=None), min(ends, default=None)
