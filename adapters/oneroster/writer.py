"""Writes records as a OneRoster 1.2 CSV export in bulk: people, classes, enrolments and grades."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from adapters import records as r
from adapters.oneroster.columns import COLUMNS, COMMON
from adapters.oneroster.roles import ALWAYS, Period, overlap
from adapters.tables import harmless

ABSENT = (
    "classResources", "courseResources", "lineItemLearningObjectiveIds", "lineItemScoreScales",
    "resources", "resultLearningObjectiveIds", "resultScoreScales", "scoreScales", "userProfiles",
    "userResources",
)  # fmt: skip
SCORE_STATUS = {
    "GRADED": "fully graded", "LETTER": "fully graded", "EXEMPTED": "exempt", "UNFIT": "exempt",
    "NOT_SUBMITTED": "not submitted", "NOT_SUBMITTED_ZERO": "not submitted", "ABSENT": "not submitted",
    "ABSENT_ZERO": "not submitted", "PENDING": "submitted",
}  # fmt: skip
STAFF_ROLES = {"TEACHER": "teacher", "MANAGEMENT": "principal", "COUNSELLING": "counselor", "SUPPORT": "aide"}
Fields = dict[str, Any]


@dataclass(slots=True)
class _World:
    """The records to write, by kind."""

    records: dict[type[r.Record], list[Any]] = field(default_factory=lambda: defaultdict(list))
    courses: dict[str, Fields] = field(default_factory=dict)

    def of(self, kind: type[r.Record]) -> list[Any]:
        return sorted(self.records[kind], key=lambda one: str(one.id))


def write_export(path: Path, records: Iterable[r.Record]) -> dict[str, int]:
    """Write a zip and return how many rows each file has. The file is replaced when it is there."""
    world = _World()
    for one in records:
        world.records[type(one)].append(one)
    tables = {
        "orgs": list(_orgs(world)),
        "academicSessions": list(_sessions(world)),
        "classes": list(_classes(world)),
        "users": list(_users(world)),
        "roles": list(_roles(world)),
        "demographics": list(_demographics(world)),
        "enrollments": list(_enrollments(world)),
        "categories": list(_categories(world)),
        "lineItems": list(_line_items(world)),
        "results": list(_results(world)),
    }
    tables["courses"] = list(world.courses.values())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.csv", _manifest(tables))
        for name, rows in sorted(tables.items()):
            archive.writestr(f"{name}.csv", _table((*COMMON, *COLUMNS[name]), rows))
    return {name: len(rows) for name, rows in sorted(tables.items())}


def _table(columns: Sequence[str], rows: Iterable[Fields]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in columns])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return harmless(",".join(str(one) for one in value))
    if isinstance(value, float):
        return f"{value:g}"
    return harmless(value.isoformat() if isinstance(value, date) else str(value))


def _manifest(tables: Mapping[str, Sequence[Fields]]) -> str:
    rows = [
        ("propertyName", "value"),
        ("manifest.version", "1.0"),
        ("oneroster.version", "1.2"),
        *((f"file.{name}", "bulk") for name in sorted(tables)),
        *((f"file.{name}", "absent") for name in ABSENT),
        ("source.systemName", "Passerelle"),
        ("source.systemCode", "passerelle"),
    ]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _orgs(world: _World) -> Iterator[Fields]:
    for one in world.of(r.School):
        yield {"sourcedId": one.id, "name": one.name, "type": "school", "identifier": one.national_id}


def _year(school: str) -> str:
    return r.record_id("oneroster", "schoolYear", school)


def _sessions(world: _World) -> Iterator[Fields]:
    """Yield the school year of each school, and its grading periods below it."""
    years = {one.school_id: one for one in world.of(r.SchoolSettings)}
    for school, one in sorted(years.items()):
        yield {
            "sourcedId": _year(school), "title": one.year_label, "type": "schoolYear",
            "startDate": one.year_start, "endDate": one.year_end, "schoolYear": one.year_end.year,
        }  # fmt: skip
    for one in world.of(r.GradingPeriod):
        year = years.get(one.school_id)
        yield {
            "sourcedId": one.id, "title": one.name,
            "type": "semester" if one.kind == "SEMESTER" else "gradingPeriod",
            "startDate": one.start_date, "endDate": one.end_date,
            "parentSourcedId": one.parent_id or (_year(one.school_id) if year else None),
            "schoolYear": (year.year_end if year else one.end_date).year,
        }  # fmt: skip


def _classes(world: _World) -> Iterator[Fields]:
    """Yield classes as they are, and one for each subject that a class is taught or graded in."""
    subjects = {one.id: one for one in world.of(r.Subject)}
    places = {one.id: one for one in world.of(r.SchoolClass)}
    for one in places.values():
        is_class = one.class_type == "HOMEROOM"
        yield _class(world, one.id, one, None, "homeroom" if is_class else "scheduled")
    taught = {(one.class_id, one.subject_id) for one in world.of(r.Teaching)}
    for place, subject in sorted(taught | _graded(world), key=str):
        if place in places and subject in subjects:
            yield _class(world, _taught(place, subject), places[place], subjects[subject], "scheduled")


def _graded(world: _World) -> set[tuple[str, str]]:
    """Return the class and subject of each graded student."""
    classes = _class_of(world)
    return {
        (classes[one.student_id], one.subject_id) for one in world.of(r.Grade) if one.student_id in classes
    }


def _class_of(world: _World) -> dict[str, str]:
    return {one.student_id: one.class_id for one in world.of(r.Enrolment) if one.kind == "CLASS"}


def _taught(place: str, subject: str) -> str:
    return r.record_id("oneroster", "class", f"{place}:{subject}")


def _class(world: _World, identity: str, place: r.SchoolClass, subject: Any, kind: str) -> Fields:
    course = r.record_id("oneroster", "course", f"{place.school_id}:{subject.id if subject else 'homeroom'}")
    code = (subject.code or subject.management_code) if subject else None
    world.courses[course] = {
        "sourcedId": course, "title": subject.name if subject else "Vie de classe", "courseCode": code,
        "orgSourcedId": place.school_id, "subjects": [subject.name.replace(",", " ")] if subject else None,
        "subjectCodes": [code] if code else None,
    }  # fmt: skip
    return {
        "sourcedId": identity, "title": place.name if subject is None else f"{place.name} {subject.name}",
        "grades": [place.level] if place.level else None, "courseSourcedId": course,
        "classCode": place.name, "classType": kind, "schoolSourcedId": place.school_id,
        "termSourcedIds": [_year(place.school_id or "")],
    }  # fmt: skip


def _users(world: _World) -> Iterator[Fields]:
    agents: dict[str, list[str]] = defaultdict(list)
    for tie in (tie for ties in _ties(world).values() for tie in ties):
        agents[tie.student_id].append(tie.guardian_id)
    for kind in (r.Student, r.Guardian, r.StaffMember):
        for one in world.of(kind):
            yield {
                "sourcedId": one.id, "enabledUser": True, "username": one.id,
                "givenName": one.first_name or "?", "familyName": one.last_name,
                "identifier": getattr(one, "information_system_id", None),
                "email": getattr(one, "email", None), "sms": getattr(one, "mobile_phone", None),
                "phone": getattr(one, "landline_phone", None), "agentSourcedIds": agents.get(one.id),
                "grades": [level] if (level := getattr(one, "grade_level", None)) else None,
                "primaryOrgSourcedId": one.school_id,
            }  # fmt: skip


def _ties(world: _World) -> dict[str, list[r.Guardianship]]:
    """Return the ties to write of each guardian: a role holds for all children of its user.

    Who has access to one child is not written as the agent of another to whom they have none.
    """
    found: dict[str, list[r.Guardianship]] = defaultdict(list)
    for tie in world.of(r.Guardianship):
        found[tie.guardian_id].append(tie)
    return {
        guardian: [tie for tie in ties if tie.has_data_access] or ties for guardian, ties in found.items()
    }


def _roles(world: _World) -> Iterator[Fields]:
    schools: dict[str, str | None] = {one.id: one.school_id for one in world.of(r.Student)}
    for one in world.of(r.Student):
        yield _role(one.id, "student", one.school_id, (one.enrolled_from, one.enrolled_to))
    for guardian, ties in sorted(_ties(world).items()):
        at: dict[str | None, list[r.Guardianship]] = defaultdict(list)
        for tie in ties:
            at[schools.get(tie.student_id)].append(tie)
        for school, here in at.items():
            is_parent = any(tie.relation in ("MOTHER", "FATHER") for tie in here)
            parent = "parent" if is_parent else "guardian"
            role = parent if here[0].has_data_access else "relative"
            yield _role(guardian, role, school, _common_period(here))
    for one in world.of(r.StaffMember):
        yield _role(one.id, STAFF_ROLES.get(one.role, "siteAdministrator"), one.school_id)


def _common_period(ties: Iterable[r.Guardianship]) -> Period:
    """Return when all of several ties hold: a role cannot say that one of them ends before the others."""
    period = ALWAYS
    for tie in ties:
        period = overlap(period, (tie.valid_from, tie.valid_to))
    first, last = period
    return (None, last) if first is not None and last is not None and last < first else period


def _role(user: str, role: str, school: str | None, period: Period = ALWAYS) -> Fields:
    return {
        "sourcedId": r.record_id("oneroster", "role", f"{user}:{role}:{school}"), "userSourcedId": user,
        "roleType": "primary", "role": role, "orgSourcedId": school, "beginDate": period[0],
        "endDate": period[1],
    }  # fmt: skip


def _demographics(world: _World) -> Iterator[Fields]:
    for one in world.of(r.Student):
        if one.date_of_birth is not None:
            yield {"sourcedId": one.id, "birthDate": one.date_of_birth}


def _enrollments(world: _World) -> Iterator[Fields]:
    for one in world.of(r.Enrolment):
        if one.kind in ("CLASS", "GROUP"):
            yield {
                "sourcedId": one.id, "classSourcedId": one.class_id, "schoolSourcedId": one.school_id,
                "userSourcedId": one.student_id, "role": "student", "primary": False,
                "beginDate": one.start_date, "endDate": one.end_date,
            }  # fmt: skip
    subjects = {one.id for one in world.of(r.Subject)}
    for one in world.of(r.Teaching):
        place = _taught(one.class_id, one.subject_id) if one.subject_id in subjects else one.class_id
        yield {
            "sourcedId": one.id, "classSourcedId": place, "schoolSourcedId": one.school_id,
            "userSourcedId": one.staff_id, "role": "teacher", "primary": one.is_main_teacher,
            "beginDate": one.start_date, "endDate": one.end_date,
        }  # fmt: skip


def _category(kind: str) -> str:
    return r.record_id("oneroster", "category", kind)


def _categories(world: _World) -> Iterator[Fields]:
    titles = {"WRITTEN_TEST": "Test", "QUIZ": "Quiz", "HOME_ASSIGNMENT": "Homework", "PROJECT": "Project",
              "ORAL_TEST": "Oral", "PARTICIPATION": "Participation", "PRACTICAL_WORK": "Lab"}  # fmt: skip
    for kind in sorted({one.kind for one in world.of(r.Assessment)}):
        yield {"sourcedId": _category(kind), "title": titles.get(kind, "Other")}


def _line_items(world: _World) -> Iterator[Fields]:
    """Yield a line item for each assessment and class that was graded in it."""
    assessments = {one.id: one for one in world.of(r.Assessment)}
    for (assessment, place), day in sorted(_items(world).items()):
        one = assessments[assessment]
        yield {
            "sourcedId": _item(assessment, place), "title": one.title or "?", "assignDate": day,
            "dueDate": day, "classSourcedId": _taught(place, one.subject_id),
            "categorySourcedId": _category(one.kind), "gradingPeriodSourcedId": one.period_id,
            "resultValueMin": 0, "resultValueMax": one.out_of or 20, "schoolSourcedId": one.school_id,
        }  # fmt: skip


def _items(world: _World) -> dict[tuple[str, str], date]:
    classes, known = _class_of(world), {one.id for one in world.of(r.Assessment)}
    return {
        (one.assessment_id, classes[one.student_id]): one.date
        for one in world.of(r.Grade)
        if one.student_id in classes and one.assessment_id in known
    }


def _item(assessment: str, place: str) -> str:
    return r.record_id("oneroster", "lineItem", f"{assessment}:{place}")


def _results(world: _World) -> Iterator[Fields]:
    classes, items = _class_of(world), _items(world)
    for one in world.of(r.Grade):
        place = classes.get(one.student_id, "")
        if (one.assessment_id, place) in items:
            yield {
                "sourcedId": one.id, "lineItemSourcedId": _item(one.assessment_id, place),
                "studentSourcedId": one.student_id,
                "scoreStatus": SCORE_STATUS.get(one.status, "not submitted"), "score": one.value,
                "scoreDate": one.date, "comment": one.comment,
                "textScore": one.display_value if one.status != "GRADED" else None,
                "classSourcedId": _taught(place, one.subject_id), "missing": one.status == "NOT_SUBMITTED",
            }  # fmt: skip
