"""The people of the demo: schools, classes, staff, families, with the awkward cases of real schools."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from adapters.demo.names import FAMILY_NAMES, GIVEN_NAMES, LEVELS, SCHOOLS, SUBJECTS
from adapters.records import (
    Course,
    Enrolment,
    Guardian,
    Guardianship,
    Imported,
    Record,
    School,
    SchoolClass,
    StaffMember,
    Student,
    Subject,
    Teaching,
    record_id,
)

SOURCE = "demo-people"
CLASS_SIZE = 25


@dataclass(slots=True)
class _Builder:
    """Hands out ids and keeps what was made."""

    chance: random.Random
    records: list[Record] = field(default_factory=list)
    numbers: int = 100_000

    def make(self, record_type: type[Imported], external_id: str = "", /, **columns: Any) -> Any:
        """Make one record with the next number as its external id."""
        self.numbers += 1
        external = external_id or str(self.numbers)
        identity = record_id(SOURCE, record_type.__name__, external)
        record = record_type(id=identity, source_id=SOURCE, external_id=external, **columns)
        self.records.append(record)
        return record

    def given_name(self) -> str:
        return self.chance.choice(GIVEN_NAMES)

    def family_name(self) -> str:
        return self.chance.choice(FAMILY_NAMES)


def people(seed: int, students: int, schools: int, first_day: date) -> list[Record]:
    """Make the people of `schools` schools, `students` in all. The same seed, the same people."""
    build = _Builder(random.Random(seed))
    for code, name, _ in SUBJECTS:
        build.make(Subject, code, code=code, name=name)
    for _, level, code in LEVELS:
        build.make(Course, code, name=level)
    made = [_school(build, number, students // schools) for number in range(schools)]
    _families(build, made, students, first_day)
    return build.records


@dataclass(slots=True)
class _School:
    record: School
    classes: list[SchoolClass]
    groups: dict[str, SchoolClass]


def _school(build: _Builder, number: int, students: int) -> _School:
    uai, name, kind, street, postal_code, city = SCHOOLS[number % len(SCHOOLS)]
    if number >= len(SCHOOLS):
        uai, name = f"{750_000 + number:07d}Z", f"{name} {number}"
    school = build.make(
        School,
        str(52_000 + number),
        national_id=uai,
        name=name,
        kind=kind,
        address_lines=[street],
        postal_code=postal_code,
        city=city,
        phone="0100000000",
    )
    count = max(2, -(-students // CLASS_SIZE))
    classes, groups = [], {}
    for index in range(count):
        level, label, _ = LEVELS[index % len(LEVELS)]
        letter = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[index // len(LEVELS) % 26]
        code = f"{level}{letter}"
        one = build.make(SchoolClass, f"{number}:{code}", school_id=school.id, name=code, level=label)
        group = build.make(
            SchoolClass,
            f"{number}:{code}ESP",
            school_id=school.id,
            name=f"{code}-ESP",
            class_type="SCHEDULED",
            parent_class_ids=[one.id],
        )
        classes.append(one)
        groups[one.id] = group
    _staff(build, school, classes, groups)
    return _School(school, classes, groups)


def _staff(
    build: _Builder, school: School, classes: list[SchoolClass], groups: dict[str, SchoolClass]
) -> None:
    """Give each subject its teachers, each class a main teacher, and the school its offices."""
    subjects = {record.code: record for record in build.records if isinstance(record, Subject)}
    for code, _, weekly in SUBJECTS:
        for start in range(0, len(classes), max(1, 18 // max(weekly, 1) // 2)):
            teacher = _person(build, StaffMember, school, role="ENS", function_label="ENSEIGNEMENT")
            for one in classes[start : start + max(1, 18 // max(weekly, 1) // 2)]:
                taught = groups[one.id] if code == "030602" else one
                build.make(
                    Teaching,
                    school_id=school.id,
                    staff_id=teacher.id,
                    class_id=taught.id,
                    subject_id=subjects[code].id,
                    is_main_teacher=code == "020700",
                )
    for role, label in (
        ("DIR", "PRINCIPAL"),
        ("EDU", "CONSEILLER PRINCIPAL D'EDUCATION"),
        ("MDS", "INFIRMIER"),
        ("ADM", "SECRETARIAT"),
    ):
        _person(build, StaffMember, school, role=role, function_label=label)


def _person(build: _Builder, kind: type[Imported], school: School | None, **columns: Any) -> Any:
    woman = build.chance.random() < 0.5
    return build.make(
        kind,
        school_id=school.id if school else None,
        title="Mme" if woman else "M.",
        first_name=build.given_name(),
        last_name=build.family_name(),
        **columns,
    )


def _guardian(build: _Builder, name: str, woman: bool, street: str = "") -> Guardian:
    number = build.chance.randrange(10**8)
    made: Guardian = build.make(
        Guardian,
        title="Mme" if woman else "M.",
        first_name=build.given_name(),
        last_name=name,
        email=f"famille{build.numbers}@example.org",
        mobile_phone=f"06{number:08d}",
        address_lines=[street or f"{build.chance.randrange(1, 90)} RUE DE LA REPUBLIQUE"],
        postal_code="75011",
        city="PARIS",
        country="FRANCE",
    )
    return made


def _tie(build: _Builder, guardian: Guardian, student: Student, relation: str, legal: int | None) -> None:
    build.make(
        Guardianship,
        school_id=student.school_id,
        guardian_id=guardian.id,
        student_id=student.id,
        relation=relation,
        legal_rank=legal,
        pays_fees=legal == 1,
        is_emergency_contact=legal is None,
    )


def _child(build: _Builder, school: _School, one: SchoolClass, name: str, first_day: date) -> Student:
    level = next(index for index, (_, label, _) in enumerate(LEVELS) if label == one.level)
    born = first_day - timedelta(days=365 * (11 + level) + build.chance.randrange(365))
    course = next(r for r in build.records if isinstance(r, Course) and r.external_id == LEVELS[level][2])
    student: Student = build.make(
        Student,
        school_id=school.record.id,
        title="Mme" if build.chance.random() < 0.5 else "M.",
        first_name=build.given_name(),
        last_name=name,
        birth_name=name,
        date_of_birth=born,
        grade_level=one.level,
        boarding_status=build.chance.choice(["DAY_STUDENT", "HALF_BOARD", "HALF_BOARD"]),
        course_id=course.id,
        information_system_id=str(build.numbers + 500_000),
    )
    build.make(Enrolment, school_id=school.record.id, student_id=student.id, class_id=one.id, kind="CLASS")
    if build.chance.random() < 0.8:
        group = school.groups[one.id]
        build.make(
            Enrolment, school_id=school.record.id, student_id=student.id, class_id=group.id, kind="GROUP"
        )
    return student


def _families(build: _Builder, schools: list[_School], students: int, first_day: date) -> None:
    """Fill the classes family by family; the first families are the awkward ones."""
    places = _places(schools)
    made = 0
    for number in range(students):
        sizes = {0: 3, 1: 2, 2: 2, 3: 6, 4: 1, 5: 1}
        size = sizes.get(number) or build.chance.choice([1, 1, 1, 2, 2, 3])
        size = min(size, students - made)
        if size <= 0:
            return
        _family(build, number, size, places, schools, first_day)
        made += size


def _places(schools: list[_School]) -> Iterator[tuple[_School, SchoolClass]]:
    turn = 0
    while True:
        for school in schools:
            yield school, school.classes[turn % len(school.classes)]
        turn += 1


def _family(
    build: _Builder,
    number: int,
    size: int,
    places: Iterator[tuple[_School, SchoolClass]],
    schools: list[_School],
    first_day: date,
) -> None:
    name = FAMILY_NAMES[number] if number < 6 else build.family_name()
    children = [_child(build, *next(places), name, first_day) for _ in range(size)]
    if number == 5:
        return  # a student without any guardian: it happens, and must not stop an import
    mother = _guardian(build, name, True)
    for child in children:
        _tie(build, mother, child, "2", 1)
    if number == 1:  # separated: another address, and a new partner who may only be called
        father = _guardian(build, name, False, "5 AVENUE DU LAC")
        partner = _guardian(build, build.family_name(), False)
        for child in children:
            _tie(build, father, child, "1", 2)
            _tie(build, partner, child, "4", None)
    elif number == 2:  # the same father entered once for each child
        for child in children:
            _tie(build, _guardian(build, name, False, "7 RUE DU DOUBLON"), child, "1", 2)
    elif number != 4 and build.chance.random() < 0.8:
        father = _guardian(build, name, False)
        for child in children:
            _tie(build, father, child, "1", 2)
