"""Every relation the database answers, each declared once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Date,
    Integer,
    String,
    and_,
    bindparam,
    case,
    false,
    literal,
    or_,
    true,
)

from adapters import records as r
from adapters.native.descriptions import (
    about_students,
    acknowledged,
    answerable,
    by_id,
    children,
    columns,
    extra,
    flag,
    homework,
    lessons,
    of_student,
    open_to_students,
    search,
)
from adapters.native.paths import (
    ENROLMENT,
    TEACHING,
    by_audience,
    by_column,
    by_contact,
    by_lesson,
    by_link,
    by_staff,
    by_teaching,
    is_current,
)
from adapters.native.statements import Columns, Condition, Match, Parents, Relation


def _grades() -> dict[str, Relation]:
    assessment, grade = r.Assessment.table().c, r.Grade.table().c
    own = {c.name for c in r.Grade.table().c}
    found = columns(r.Grade, **{c.name: c for c in r.Assessment.table().c if c.name not in own})
    joined = (extra(r.Assessment, lambda c, m, _: c.id == grade.assessment_id),)
    return {
        "Student.grades": of_student(r.Grade, columns=found, extras=joined),
        "Assessment.grades": Relation(
            r.Grade.table(),
            by_column(grade.assessment_id, grade.student_id),
            {**found, "subject_id": assessment.subject_id},
            joined,
        ),
    }


def _incidents() -> dict[str, Relation]:
    part = r.IncidentParticipation.table().c
    found = columns(
        r.Incident,
        id=part.incident_id,
        student_id=part.student_id,
        school_id=part.school_id,
        date=part.date,
        student_role=part.student_role,
        student_role_label=part.student_role_label,
    )
    joined = (extra(r.Incident, lambda c, m, _: c.id == part.incident_id),)
    record = r.IncidentParticipation.table()
    return {
        "Student.incidents": of_student(r.IncidentParticipation, columns=found, extras=joined),
        "Incident": Relation(record, by_column(part.incident_id, part.student_id), found, joined),
    }


def _not_hidden_from_viewer(found: Columns) -> Condition:
    return or_(found["role"] != "BCC", found["person_id"] == bindparam("viewer", type_=String))


def _messages() -> dict[str, Relation]:
    mine, message = r.Participant.table().c, r.Message.table().c
    my_part = extra(
        r.Participant,
        lambda c, m, viewer: and_(c.conversation_id == message.conversation_id, c.person_id == viewer),
    )
    read: dict[str, Any] = {
        "columns": columns(
            r.Message,
            read_until=mine.read_until,
            participant_id=message.author_id,
            my_person_id=mine.person_id,
        ),
        "extras": (my_part,),
        "filters": {
            "reader_id": lambda c, person: mine.person_id == person,
            "open_to_students": open_to_students("conversation_id"),
        },
    }
    without_mailbox = columns(
        r.Conversation, folder=literal("INBOX", String), unread_count=literal(0, Integer), can_reply=false()
    )
    return {
        "Conversation.messages": children(r.Message, "conversation_id", order=("sent_at", "id"), **read),
        "Message": children(r.Message, "id", **read),
        "Conversation.participants": children(
            r.Participant, "conversation_id", filters={"shown_to_viewer": flag(_not_hidden_from_viewer)}
        ),
        "Participant": by_id(r.Participant),
        "School.conversation": children(r.Conversation, "id", columns=without_mailbox),
    }


def _conversations() -> dict[str, Relation]:
    mine = r.Participant.table().c
    found = columns(
        r.Conversation,
        id=mine.conversation_id,
        folder=mine.folder,
        unread_count=mine.unread_count,
        can_reply=mine.can_reply,
        last_message_at=mine.last_message_at,
    )
    joined = (extra(r.Conversation, lambda c, m, _: c.id == mine.conversation_id),)
    common: dict[str, Any] = {"columns": found, "extras": joined}
    return {
        "Viewer.conversations": Relation(
            r.Participant.table(),
            by_column(mine.person_id),
            order=("last_message_at", "id"),
            newest_first=True,
            filters={
                "unread": flag(lambda c: c["unread_count"] > 0),
                "search": search,
                "about_student_ids": about_students,
                "open_to_students": open_to_students("id"),
            },
            counts={"unread_count": lambda c: c["unread_count"] > 0},
            **common,
        ),
        "Conversation": Relation(
            r.Participant.table(),
            by_column(mine.conversation_id),
            filters={
                "person_id": lambda c, person: mine.person_id == person,
                "open_to_students": open_to_students("id"),
            },
            **common,
        ),
    }


def _publications() -> dict[str, Relation]:
    news, reading = r.NewsItem.table().c, r.NewsRead.table().c
    read = case((reading.id.is_not(None), True), else_=False)
    relations: dict[str, Relation] = {}
    shown: dict[str, Any] = {
        "columns": columns(
            r.NewsItem, is_read=read, is_acknowledged=acknowledged(r.NewsItem, by_viewer=True)
        ),
        "extras": (
            extra(r.NewsRead, lambda c, m, viewer: and_(c.news_id == news.id, c.person_id == viewer)),
        ),
        "filters": {
            "unread": flag(lambda c: c["is_read"].is_(False)),
            "shown_at": lambda c, instant: and_(
                or_(c["visible_from"].is_(None), c["visible_from"] <= instant),
                or_(c["visible_to"].is_(None), c["visible_to"] >= instant),
            ),
        },
        "counts": {"unread_count": lambda c: c["is_read"].is_(False)},
        "order": ("is_headline", "published_at", "id"),
        "newest_first": True,
    }
    events: dict[str, Any] = {"columns": columns(r.Event), "order": ("starts_at", "id")}
    documents: dict[str, Any] = {
        "columns": columns(r.Document, is_acknowledged=acknowledged(r.Document, by_viewer=True)),
        "order": ("created_at", "id"),
        "newest_first": True,
        "filters": {"search": search},
    }
    trips: dict[str, Any] = {
        "columns": columns(r.Trip, is_acknowledged=acknowledged(r.Trip, by_viewer=True)),
        "order": ("starts_at", "id"),
    }
    for name, kind, record, options in (
        ("Viewer.news", "news_item", r.NewsItem, shown),
        ("Viewer.events", "event", r.Event, events),
        ("Viewer.documents", "document", r.Document, documents),
        ("Student.trips", "trip", r.Trip, trips),
    ):
        relations[name] = Relation(record.table(), by_audience(kind, record), **options)
    return relations


def _people() -> dict[str, Relation]:
    staff, group, student = r.StaffMember.table().c, r.SchoolClass.table().c, r.Student.table().c
    homeroom: dict[str, Any] = {"columns": columns(r.SchoolClass), "order": ("name", "id")}
    teaches = is_current(r.Teaching)
    main = and_(TEACHING.is_main_teacher.is_(True), teaches)
    named: dict[str, Any] = {"columns": columns(r.StaffMember), "order": ("last_name", "id")}
    staffs, classes = r.StaffMember.table(), r.SchoolClass.table()
    taught: dict[str, Any] = {"columns": columns(r.Subject), "order": ("name", "id")}
    subject = r.Subject.table()
    return {
        "Guardian.guardianships": children(r.Guardianship, "guardian_id"),
        "Student.guardianships": children(r.Guardianship, "student_id"),
        "School.students": children(r.Student, "school_id", order=("last_name", "id")),
        "StaffMember.students": Relation(
            r.Student.table(),
            by_staff(student.id),
            columns(r.Student),
            order=("last_name", "id"),
        ),
        "Student.classes": Relation(
            classes, by_link(r.Enrolment, ENROLMENT.student_id, ENROLMENT.class_id, group.id), **homeroom
        ),
        "Student.teachers": Relation(staffs, by_teaching(TEACHING.staff_id, staff.id, teaches), **named),
        "Student.main_teachers": Relation(staffs, by_teaching(TEACHING.staff_id, staff.id, main), **named),
        "Student.subjects": Relation(subject, by_teaching(TEACHING.subject_id, subject.c.id), **taught),
        "SchoolClass.main_teachers": Relation(
            staffs, by_link(r.Teaching, TEACHING.class_id, TEACHING.staff_id, staff.id, main), **named
        ),
        "StaffMember.subjects": Relation(
            subject, by_link(r.Teaching, TEACHING.staff_id, TEACHING.subject_id, subject.c.id), **taught
        ),
        "StaffMember.main_classes": Relation(
            classes, by_link(r.Teaching, TEACHING.staff_id, TEACHING.class_id, group.id, main), **homeroom
        ),
        "Viewer.contacts": Relation(staffs, by_contact, filters={"search": search}, **named),
    }


def _learning() -> dict[str, Relation]:
    work, content, lesson = r.Homework.table().c, r.LessonContent.table().c, r.Lesson.table().c
    contents: dict[str, Any] = {"columns": columns(r.LessonContent), "order": ("date", "id")}
    return {
        "Student.lessons": lessons(path=by_audience("lesson", r.Lesson)),
        "Lesson": lessons(path=by_column(lesson.id)),
        "Student.homework": homework(path=by_audience("homework", r.Homework)),
        "Student.homework_given": homework(
            path=by_audience("homework", r.Homework, within=""),
            window=work.given_on,
            order=("given_on", "id"),
        ),
        "Lesson.homework_due": homework(path=by_lesson(work.due_lesson_id, r.Homework)),
        "Lesson.homework_given": homework(path=by_lesson(work.given_lesson_id, r.Homework)),
        "Student.lesson_contents": Relation(
            r.LessonContent.table(), by_audience("lesson_content", r.LessonContent), **contents
        ),
        "Lesson.contents": Relation(
            r.LessonContent.table(), by_lesson(content.lesson_id, r.LessonContent), **contents
        ),
        "Lesson.absences": children(r.Absence, "lesson_id", of_student=True),
    }


def _skills() -> dict[str, Relation]:
    return {
        "Student.subject_averages": children(r.SubjectAverage, "student_id"),
        "Student.skill_evaluations": of_student(r.SkillEvaluation),
        "SkillEvaluation.results": children(r.SkillResult, "evaluation_id", order=("position", "id")),
        "Assessment.skill_results": children(
            r.SkillResult, "assessment_id", of_student=True, order=("position", "id")
        ),
        "School.skill_scales": children(r.SkillScale, "school_id", order=("name", "id")),
        "SkillScale.levels": children(r.SkillLevel, "scale_id", order=("position", "id")),
    }


def _school_life() -> dict[str, Relation]:
    date: dict[str, Any] = {"order": ("date", "id")}
    return {
        "Student.absences": of_student(r.Absence),
        "School.absence_reasons": children(r.AbsenceReason, "school_id", order=("label", "id")),
        "Absence.justifications": children(
            r.AbsenceJustification, "absence_id", order=("submitted_at", "id"), newest_first=True
        ),
        "Student.absence_justifications": children(r.AbsenceJustification, "student_id"),
        "Student.punishments": of_student(r.Punishment, **answerable(r.Punishment)),
        "Incident.punishments": children(r.Punishment, "incident_id", of_student=True, **date),
        "Punishment.sessions": children(r.PunishmentSession, "punishment_id", **date),
        "Student.observations": of_student(r.Observation, **answerable(r.Observation)),
        "Student.liaison_notes": _liaison_notes(),
        "Record.acknowledgements": children(r.Acknowledgement, "record_id", order=("at", "id")),
        "Student.acknowledgements": children(r.Acknowledgement, "student_id"),
        "Record.attachments": children(r.Attachment, "record_id", order=("position", "id")),
        "Trip.updates": children(r.TripUpdate, "trip_id", order=("at", "id"), newest_first=True),
    }


def _liaison_notes() -> Relation:
    note = r.LiaisonNote.table().c
    shared = and_(acknowledged(r.LiaisonNote, by_viewer=False), note.requires_all_guardians.is_(False))
    state = case(
        (and_(note.requires_acknowledgement.is_(False), note.requires_decision.is_(False)), "NOT_REQUIRED"),
        (acknowledged(r.LiaisonNote, by_viewer=True), "DONE"),
        (shared, "DONE_BY_OTHER_GUARDIAN"),
        (note.acknowledgement_deadline < bindparam("today", type_=Date), "EXPIRED"),
        else_="PENDING",
    )
    return of_student(
        r.LiaisonNote,
        columns=columns(r.LiaisonNote, state=state),
        counts={"pending_count": lambda c: c["state"] == "PENDING"},
    )


def _charters() -> dict[str, Relation]:
    charter, answer = r.Charter.table().c, r.CharterAcceptance.table().c

    def every_charter(parents: Parents) -> Match:
        parent = parents.table
        return Match(parent, true(), parent.c.parent_group, parent.c.student_id)

    return {
        "Person.charters": Relation(
            r.Charter.table(),
            every_charter,
            columns(
                r.Charter,
                acceptance_id=answer.id,
                answered_version=answer.version,
                decision=answer.decision,
                decided_at=answer.decided_at,
            ),
            extras=(
                extra(
                    r.CharterAcceptance,
                    lambda c, m, _: and_(c.charter_id == charter.id, c.person_id == m.source.c.id),
                ),
            ),
            order=("published_at", "id"),
        ),
    }


REFERENCES: Mapping[str, type[r.Record]] = {
    "School": r.School,
    "SchoolSettings": r.SchoolSettings,
    "Subject": r.Subject,
    "GradingPeriod": r.GradingPeriod,
    "SchoolClass": r.SchoolClass,
    "Room": r.Room,
    "StaffMember": r.StaffMember,
    "Guardian": r.Guardian,
    "Student": r.Student,
    "DataSource": r.DataSource,
    "Skill": r.Skill,
    "SkillDomain": r.SkillDomain,
    "SkillScale": r.SkillScale,
    "SkillLevel": r.SkillLevel,
    "AbsenceReason": r.AbsenceReason,
    "Attachment": r.Attachment,
    "Charter": r.Charter,
    "HelpArticle": r.HelpArticle,
    "TripUpdate": r.TripUpdate,
    "PersonState": r.PersonState,
    "Dashboard": r.Dashboard,
}
"""Records found by their own id, under the name of their GraphQL type."""

RELATIONS: Mapping[str, Relation] = {
    **{name: by_id(record) for name, record in REFERENCES.items()},
    "School.periods": children(r.GradingPeriod, "school_id", order=("start_date", "id")),
    "School.settings": children(r.SchoolSettings, "school_id"),
    "HelpArticle.all": children(r.HelpArticle, "locale", order=("slug", "id"), filters={"search": search}),
    "DataSource.all": children(r.DataSource, "kind"),
    "Subject.children": children(r.Subject, "parent_id", order=("name", "id")),
    **_people(),
    **_learning(),
    **_grades(),
    **_skills(),
    **_school_life(),
    **_incidents(),
    **_conversations(),
    **_messages(),
    **_charters(),
    **_publications(),
}
