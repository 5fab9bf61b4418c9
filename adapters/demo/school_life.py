"""Absences and behaviour of the demo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from adapters import records as r
from adapters.demo.year import SOURCE, DemoSchool

REASONS = (
    ("MAL", "Maladie", True, False),
    ("RDV", "Rendez-vous médical", True, False),
    ("FAM", "Raison familiale", True, False),
    ("TRA", "Problème de transport", None, False),
    ("CER", "Maladie avec certificat", True, True),
)


def _reason(school: DemoSchool, code: str) -> str:
    return r.record_id(SOURCE, "AbsenceReason", f"{school.record.external_id}:reason:{code}")


def reasons(school: DemoSchool) -> Iterator[r.Record]:
    """Yield the school's list of reasons."""
    for code, label, legitimate, document in REASONS:
        yield school.make(
            r.AbsenceReason,
            f"reason:{code}",
            code=code,
            label=label,
            is_legitimate=legitimate,
            requires_document=document,
        )


def absences(school: DemoSchool) -> Iterator[r.Record]:
    """Yield absences in every state: pending, accepted, rejected, running, planned, and what is none."""
    days = school.past_days(50)
    for student in school.students:
        for number, day in enumerate(school.chance.sample(days, k=min(len(days), 5))):
            yield from _absence(school, student, number, day)
        if student is school.students[0]:
            yield from _special_absences(school, student)


def _absence(school: DemoSchool, student: r.Student, number: int, day: Any) -> Iterator[r.Record]:
    starts = school.at(day, 8)
    key = f"absence:{student.external_id}:{number}"
    kind = ("ABSENCE", "ABSENCE", "LATENESS", "LATENESS", "INFIRMARY")[number]
    status = (
        school.chance.choice(["AWAITING_GUARDIAN", "ACCEPTED", "SUBMITTED", "REJECTED"])
        if kind != "INFIRMARY"
        else "NOT_REQUIRED"
    )
    known = status in ("ACCEPTED", "SUBMITTED")
    columns: dict[str, Any] = {
        "ABSENCE": {"ends_at": school.at(day, 16, 30), "minutes_missed": 360, "half_days_missed": 2.0},
        "LATENESS": {"ends_at": starts + timedelta(minutes=15), "minutes_missed": 15},
        "INFIRMARY": {"ends_at": school.at(day, 8, 40), "counts_in_totals": False},
    }[kind]
    absence = school.make(
        r.Absence,
        key,
        student_id=student.id,
        date=day,
        kind=kind,
        starts_at=starts,
        reason_id=_reason(school, "MAL") if known else None,
        reason_label="Maladie" if known else None,
        justification_status=status,
        is_settled=status == "ACCEPTED",
        recorded_at=starts + timedelta(minutes=20),
        requires_acknowledgement=status == "AWAITING_GUARDIAN",
        acknowledgement_deadline=day + timedelta(days=14) if status == "AWAITING_GUARDIAN" else None,
        **columns,
    )
    yield absence
    yield from _justification(school, student, absence)


def _justification(school: DemoSchool, student: r.Student, absence: r.Absence) -> Iterator[r.Record]:
    """Yield what the guardian answered, and what the school made of it."""
    status, day = absence.justification_status, absence.date
    key = absence.external_id.partition(":")[2]
    ties = school.guardians_of[student.id]
    if status in ("SUBMITTED", "ACCEPTED", "REJECTED") and ties:
        guardian = ties[0][1]
        yield school.make(
            r.AbsenceJustification,
            f"{key}:justification",
            absence_id=absence.id,
            student_id=student.id,
            guardian_id=guardian.id,
            author_name=f"{guardian.first_name} {guardian.last_name}",
            reason_id=_reason(school, "MAL"),
            comment="Fièvre, rentrée à la maison.",
            submitted_at=school.at(day, 19),
            status=status,
            reviewed_at=None if status == "SUBMITTED" else school.at(day + timedelta(days=1), 10),
            review_comment="Motif non recevable." if status == "REJECTED" else None,
        )


def _special_absences(school: DemoSchool, student: r.Student) -> Iterator[r.Record]:
    """Yield an absence that is still running, one over several days, one announced, and an exemption."""
    shared: dict[str, Any] = {"student_id": student.id}
    started = school.past_days(1)[0]
    yield school.make(
        r.Absence,
        f"running:{student.external_id}",
        date=started,
        starts_at=school.at(started, 8),
        justification_status="AWAITING_GUARDIAN",
        **shared,
    )
    week = school.past_days(12)[-1]
    yield school.make(
        r.Absence,
        f"long:{student.external_id}",
        date=week,
        starts_at=school.at(week, 8),
        ends_at=school.at(week + timedelta(days=3), 17),
        half_days_missed=7.0,
        justification_status="SUBMITTED",
        reason_label="Hospitalisation",
        **shared,
    )
    yield from _settled_absences(school, student, week)


def _settled_absences(school: DemoSchool, student: r.Student, week: date) -> Iterator[r.Record]:
    """Yield what the school has accepted: an appointment to come, and an exemption of three weeks."""
    shared: dict[str, Any] = {"student_id": student.id, "justification_status": "ACCEPTED"}
    coming = school.coming_day(4)
    yield school.make(
        r.Absence,
        f"planned:{student.external_id}",
        date=coming,
        starts_at=school.at(coming, 14),
        ends_at=school.at(coming, 16),
        reason_id=_reason(school, "RDV"),
        reason_label="Rendez-vous médical",
        **shared,
    )
    yield school.make(
        r.Absence,
        f"exempt:{student.external_id}",
        date=week,
        kind="EXEMPTION",
        starts_at=school.at(week, 8),
        ends_at=school.at(week + timedelta(days=21), 18),
        counts_in_totals=False,
        attendance_required=True,
        reason_label="Certificat médical",
        **shared,
    )


def behaviour(school: DemoSchool) -> Iterator[r.Record]:
    """Yield incidents seen by author, witness and victim, what followed, and encouragements too."""
    days = school.past_days(40)
    for one in school.homerooms:
        students = school.students_of[one.id]
        for number in range(2):
            if len(students) >= 3:
                involved = school.chance.sample(students, 3)
                yield from _incident(school, one, involved, number, school.chance.choice(days))
        for student in students:
            yield from _observations(school, student, school.chance.choice(days))


def _incident(
    school: DemoSchool, one: r.SchoolClass, involved: list[r.Student], number: int, day: Any
) -> Iterator[r.Record]:
    key = f"incident:{one.external_id}:{number}"
    incident = school.make(
        r.Incident,
        key,
        occurred_at=school.at(day, 10, 5),
        has_time=number == 0,
        kind_label="Bousculade",
        place="Cour",
        severity="MEDIUM",
        severity_label="Gravité 2",
        description="Bousculade pendant la récréation, sans blessure.",
        reported_by_id=school.office.id,
        status="CLOSED",
    )
    yield incident
    roles = (("AUTHOR", "Auteur"), ("WITNESS", "Témoin"), ("VICTIM", "Victime"))
    for student, (role, label) in zip(involved, roles, strict=True):
        yield school.make(
            r.IncidentParticipation,
            f"{key}:{role}",
            incident_id=incident.id,
            student_id=student.id,
            date=day,
            student_role=role,
            student_role_label=label,
        )
    yield from _punishment(school, involved[0], incident, day, key)


def _punishment(
    school: DemoSchool, student: r.Student, incident: r.Incident, day: Any, key: str
) -> Iterator[r.Record]:
    punishment = school.make(
        r.Punishment,
        f"{key}:detention",
        student_id=student.id,
        date=day,
        nature="DETENTION",
        label="Retenue de deux heures",
        reasons=["Comportement dangereux"],
        given_at=school.at(day, 11),
        given_by_id=school.office.id,
        incident_id=incident.id,
        duration_minutes=120,
        work="<p>Recopier et commenter l'article 4 du règlement.</p>",
        status="PLANNED",
        requires_acknowledgement=True,
        acknowledgement_deadline=school.coming_day(4),
    )
    yield punishment
    for number, (session_day, status) in enumerate(
        ((day + timedelta(days=7), "POSTPONED"), (school.coming_day(1), "PLANNED"))
    ):
        yield school.make(
            r.PunishmentSession,
            f"{key}:detention:{number}",
            punishment_id=punishment.id,
            date=session_day,
            starts_at=school.at(session_day, 17),
            duration_minutes=60,
            supervisor_id=school.office.id,
            status=status,
        )


def _observations(school: DemoSchool, student: r.Student, day: Any) -> Iterator[r.Record]:
    positive = school.chance.random() < 0.5
    yield school.make(
        r.Observation,
        f"observation:{student.external_id}",
        student_id=student.id,
        date=day,
        kind="ENCOURAGEMENT" if positive else "FORGOTTEN_EQUIPMENT",
        label="Encouragements" if positive else "Oubli de matériel",
        comment="Participation remarquée." if positive else "Deuxième oubli du cahier.",
        author_id=school.chance.choice(school.staff).id,
        is_positive=positive,
        points=1 if positive else None,
        requires_acknowledgement=not positive,
        acknowledgement_deadline=None if positive else school.coming_day(6),
    )
