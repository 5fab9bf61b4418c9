"""Templates of absences, incidents, punishments and observations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Any

from adapters import records as r
from adapters.base import Item
from adapters.templates.columns import BadField, Column, Fields, Template, key_of
from adapters.templates.shared_columns import (
    BODY,
    CLASS,
    DAY,
    END,
    LAST_DAY,
    START,
    STUDENT,
    SUBJECT,
    TEACHER,
)

ABSENCES = {
    "absence": "ABSENCE",
    "retard": "LATENESS",
    "départ anticipé": "EARLY_DEPARTURE",
    "dispense": "EXEMPTION",
    "infirmerie": "INFIRMARY",
    "repas": "MEAL_ABSENCE",
    "internat": "BOARDING_ABSENCE",
    "exclusion de cours": "LESSON_EXCLUSION",
}
JUSTIFIED = {
    "oui": "ACCEPTED",
    "justifiée": "ACCEPTED",
    "non": "AWAITING_GUARDIAN",
    "à justifier": "AWAITING_GUARDIAN",
    "sans objet": "NOT_REQUIRED",
    "refusée": "REJECTED",
}
SEVERITIES = {"faible": "LOW", "moyenne": "MEDIUM", "élevée": "HIGH", "grave": "HIGH", "critique": "CRITICAL"}
ROLES = {
    "auteur": "AUTHOR",
    "participant": "PARTICIPANT",
    "témoin": "WITNESS",
    "victime": "VICTIM",
    "autre": "OTHER",
}
NATURES = {
    "devoir supplémentaire": "EXTRA_WORK",
    "retenue": "DETENTION",
    "exclusion de cours": "LESSON_EXCLUSION",
    "excuses": "WRITTEN_APOLOGY",
    "avertissement": "WARNING",
    "blâme": "REPRIMAND",
    "mesure de responsabilisation": "RESPONSIBILITY_MEASURE",
    "exclusion de la classe": "TEMPORARY_CLASS_EXCLUSION",
    "exclusion temporaire": "TEMPORARY_SCHOOL_EXCLUSION",
    "exclusion définitive": "PERMANENT_EXCLUSION",
    "autre": "OTHER",
}
SANCTIONS = {
    "WARNING",
    "REPRIMAND",
    "RESPONSIBILITY_MEASURE",
    "TEMPORARY_CLASS_EXCLUSION",
    "TEMPORARY_SCHOOL_EXCLUSION",
    "PERMANENT_EXCLUSION",
}
"""Natures that are sanctions (code de l'éducation, art. R511-13); the others are punishments."""
OBSERVATIONS = {
    "observation": "OBSERVATION",
    "encouragements": "ENCOURAGEMENT",
    "félicitations": "CONGRATULATION",
    "oubli de matériel": "FORGOTTEN_EQUIPMENT",
    "oubli de carnet": "FORGOTTEN_NOTEBOOK",
    "travail non fait": "MISSING_HOMEWORK",
    "autre": "OTHER",
}
MOST_MINUTES = 60 * 24 * 60
"""Sixty days: longer absences and punishments are written with their last day."""
MOST_HALF_DAYS = 400
"""More than a school year has."""
GOOD = {"ENCOURAGEMENT", "CONGRATULATION"}


def _absence(fields: Fields, key: str) -> Iterator[Item]:
    starts_at = fields.moment("date", "start_time", time(0))
    last = "end_date" if fields.text("end_date") else "date"
    ends_at = fields.moment(last, "end_time", time(23, 59))
    if ends_at < starts_at:
        raise BadField("end_date", fields.text("end_date") or "", "lies before the begin", "Correct it.")
    yield r.Absence(
        **fields.known.common("Absence", key),
        student_id=fields.student(),
        date=fields.some_day("date"),
        kind=fields.choice("kind", "ABSENCE"),
        starts_at=starts_at,
        ends_at=ends_at,
        minutes_missed=fields.minutes("minutes", MOST_MINUTES),
        half_days_missed=fields.number("half_days", MOST_HALF_DAYS),
        reason_label=fields.text("reason"),
        justification_status=fields.choice("justified", "AWAITING_GUARDIAN"),
        comment=fields.text("comment"),
        subject_id=fields.subject(),
    )


def _incident(fields: Fields, key: str) -> Iterator[Item]:
    when = fields.moment("date", "start_time", time(0))
    said: dict[str, Any] = {
        "occurred_at": when,
        "has_time": fields.text("start_time") is not None,
        "kind_label": fields.words("title"),
        "place": fields.text("place"),
        "severity": fields.choice("severity", "UNKNOWN"),
        "description": fields.text("description"),
        "reported_by_id": fields.teacher(),
    }
    incident = fields.known.common("Incident", key_of(said.values()))
    yield r.Incident(**incident, **said)
    yield r.IncidentParticipation(
        **fields.known.common("IncidentParticipation", key),
        incident_id=incident["id"],
        student_id=fields.student(),
        date=fields.some_day("date"),
        student_role=fields.choice("role", "UNKNOWN"),
    )


def _punishment(fields: Fields, key: str) -> Iterator[Item]:
    nature = fields.choice("nature", "OTHER")
    yield r.Punishment(
        **fields.known.common("Punishment", key),
        student_id=fields.student(),
        date=fields.some_day("date"),
        category="SANCTION" if nature in SANCTIONS else "PUNISHMENT",
        nature=nature,
        label=fields.words("nature"),
        reasons=fields.several("reason"),
        circumstances=fields.text("description"),
        given_at=fields.moment("date", "start_time", time(0)),
        has_time=fields.text("start_time") is not None,
        given_by_id=fields.teacher(),
        duration_minutes=fields.minutes("minutes", MOST_MINUTES),
        work=fields.text("work"),
    )


def _observation(fields: Fields, key: str) -> Iterator[Item]:
    kind = fields.choice("kind", "OBSERVATION")
    yield r.Observation(
        **fields.known.common("Observation", key),
        student_id=fields.student(),
        date=fields.some_day("date"),
        kind=kind,
        label=fields.words("title"),
        comment=fields.text("description"),
        subject_id=fields.subject(),
        author_id=fields.teacher(),
        is_positive=True if kind in GOOD else None,
    )


WHO = ("student_number", "ine", "last_name", "first_name")
REASON = Column("reason", "Reason.", ("motif", "raison"), "Maladie")
MINUTES = Column("minutes", "How many minutes.", ("durée", "durée (min)"))

SCHOOL_LIFE = (
    Template(
        "absences",
        "Absences",
        ("retards",),
        (
            *STUDENT,
            CLASS,
            DAY,
            START,
            LAST_DAY,
            END,
            Column("kind", "Kind.", ("type", "nature"), "absence", choices=ABSENCES),
            REASON,
            Column(
                "justified",
                "`oui` where it is justified.",
                ("justifiée", "justifié"),
                "non",
                required=True,
                choices=JUSTIFIED,
            ),
            MINUTES,
            Column("half_days", "How many half days.", ("demi-journées",)),
            SUBJECT,
            Column("comment", "Comment.", ("commentaire",)),
        ),
        (*WHO, "date", "start_time", "kind"),
        _absence,
    ),
    Template(
        "incidents",
        "Incidents",
        ("incident",),
        (
            *STUDENT,
            CLASS,
            DAY,
            START,
            Column("title", "What happened.", ("incident", "type", "titre"), required=True),
            Column("role", "Part of the student.", ("rôle",), "auteur", required=True, choices=ROLES),
            Column("severity", "How grave.", ("gravité",), choices=SEVERITIES),
            Column("place", "Where.", ("lieu",)),
            BODY,
            TEACHER,
        ),
        (*WHO, "date", "start_time", "title"),
        _incident,
    ),
    Template(
        "punishments",
        "Punishments",
        ("punitions", "sanctions"),
        (
            *STUDENT,
            CLASS,
            DAY,
            START,
            Column(
                "nature",
                "What it is.",
                ("punition", "sanction", "type"),
                "retenue",
                required=True,
                choices=NATURES,
            ),
            REASON,
            BODY,
            MINUTES,
            Column("work", "Work to do.", ("travail",)),
            TEACHER,
        ),
        (*WHO, "date", "nature"),
        _punishment,
    ),
    Template(
        "observations",
        "Observations",
        ("observation", "encouragements"),
        (
            *STUDENT,
            CLASS,
            DAY,
            Column("title", "What was observed.", ("observation", "titre", "libellé"), required=True),
            Column("kind", "Kind.", ("type",), "encouragements", choices=OBSERVATIONS),
            BODY,
            SUBJECT,
            TEACHER,
        ),
        (*WHO, "date", "title"),
        _observation,
    ),
)
