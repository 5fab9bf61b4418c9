"""Templates of messages, the liaison book, events, trips, news and documents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Any

from adapters import records as r
from adapters.base import Item
from adapters.content import comparable_email
from adapters.templates.audiences import audience
from adapters.templates.columns import BadField, Column, Fields, Template
from adapters.templates.shared_columns import (
    BODY,
    CLASS,
    CLASSES,
    DAY,
    END,
    LAST_DAY,
    START,
    STUDENT,
    TITLE,
    WHOLE_SCHOOL,
)

EVENTS = {
    "réunion": "MEETING",
    "réunion parents-professeurs": "PARENT_TEACHER_MEETING",
    "conseil de classe": "CLASS_COUNCIL",
    "examen": "EXAM",
    "portes ouvertes": "OPEN_DAY",
    "culture": "CULTURE",
    "sport": "SPORT",
    "fête": "CELEBRATION",
    "élection": "ELECTION",
    "vacances": "HOLIDAY",
    "fermeture": "CLOSURE",
    "sortie": "TRIP",
    "échéance": "DEADLINE",
    "autre": "OTHER",
}
TRIPS = {
    "sortie": "OUTING",
    "voyage": "TRIP",
    "échange": "EXCHANGE",
    "séjour linguistique": "LANGUAGE_STAY",
    "classe de découverte": "DISCOVERY_CLASS",
    "rencontre sportive": "SPORT_EVENT",
    "autre": "OTHER",
}
NEWS = {"actualité": "NEWS", "information": "INFORMATION", "sondage": "SURVEY", "alerte": "ALERT"}
CATEGORIES = {
    "bulletin": "REPORT_CARD",
    "notes": "GRADES",
    "vie scolaire": "SCHOOL_LIFE",
    "administratif": "ADMINISTRATIVE",
    "certificat": "CERTIFICATE",
    "facture": "INVOICE",
    "inscription": "REGISTRATION",
    "sortie": "TRIP",
    "autre": "OTHER",
}


def _span(fields: Fields) -> tuple[Any, Any]:
    starts_at = fields.moment("date", "start_time", time(0))
    last = "end_date" if fields.text("end_date") else "date"
    ends_at = fields.moment(last, "end_time", time(23, 59))
    if ends_at < starts_at:
        raise BadField("end_date", fields.text("end_date") or "", "lies before the begin", "Correct it.")
    return starts_at, ends_at


def _event(fields: Fields, key: str) -> Iterator[Item]:
    starts_at, ends_at = _span(fields)
    yield r.Event(
        **fields.known.common("Event", key),
        **audience(fields),
        date=fields.some_day("date"),
        kind=fields.choice("kind", "OTHER"),
        title=fields.words("title"),
        description=fields.text("description"),
        starts_at=starts_at,
        ends_at=ends_at,
        is_all_day=fields.text("start_time") is None,
        location=fields.text("place"),
    )


def _trip(fields: Fields, key: str) -> Iterator[Item]:
    starts_at, ends_at = _span(fields)
    yield r.Trip(
        **fields.known.common("Trip", key),
        **audience(fields),
        date=fields.some_day("date"),
        kind=fields.choice("kind", "OUTING"),
        title=fields.words("title"),
        description=fields.text("description"),
        starts_at=starts_at,
        ends_at=ends_at,
        nights=((fields.day("end_date") or fields.some_day("date")) - fields.some_day("date")).days,
        destination=fields.text("place"),
        meeting_point=fields.text("meeting_point"),
        is_mandatory=fields.flag("is_mandatory"),
        requires_acknowledgement=fields.flag("consent"),
        acknowledgement_deadline=fields.day("consent_until"),
    )


def _news(fields: Fields, key: str) -> Iterator[Item]:
    yield r.NewsItem(
        **fields.known.common("NewsItem", key),
        **audience(fields),
        date=fields.some_day("date"),
        kind=fields.choice("kind", "NEWS"),
        title=fields.words("title"),
        body=fields.markup("description"),
        author_name=fields.text("author") or "?",
        published_at=fields.moment("date", "start_time"),
        url=fields.text("url"),
    )


def _document(fields: Fields, key: str) -> Iterator[Item]:
    when = fields.moment("date", "start_time")
    yield r.Document(
        **fields.known.common("Document", key),
        **audience(fields),
        date=fields.some_day("date"),
        name=fields.words("title"),
        category=fields.choice("category", "OTHER"),
        created_at=when,
        published_at=when,
        download_url=fields.words("url"),
    )


def _liaison(fields: Fields, key: str) -> Iterator[Item]:
    yield r.LiaisonNote(
        **fields.known.common("LiaisonNote", key),
        student_id=fields.student(),
        date=fields.some_day("date"),
        title=fields.words("title"),
        body=fields.markup("description") or "",
        author_name=fields.text("author") or "?",
        sent_at=fields.moment("date", "start_time"),
        requires_acknowledgement=fields.flag("signature"),
    )


def _message(fields: Fields, key: str) -> Iterator[Item]:
    """Make a thread of one message from a member of staff to one guardian."""
    known, email = fields.known, fields.words("guardian_email")
    guardian = fields.mention(
        r.Guardian, comparable_email(email), "guardian_email", email, last_name="?", email=email
    )
    conversation, sent_at = known.common("Conversation", key), fields.moment("date", "start_time")
    sender, receiver = known.common("Participant", f"{key}:from"), known.common("Participant", f"{key}:to")
    message = known.common("Message", key)
    yield r.Conversation(
        **conversation,
        subject=fields.words("title"),
        kind="BROADCAST",
        participant_count=2,
        message_count=1,
        last_message_id=message["id"],
        last_message_at=sent_at,
        is_closed=True,
    )
    for common, name, role, kind, person, unread in (
        (sender, fields.text("author") or "?", "INITIATOR", "STAFF", None, 0),
        (receiver, email, "TO", "GUARDIAN", guardian, 1),
    ):
        yield r.Participant(
            **common,
            conversation_id=conversation["id"],
            person_id=person,
            display_name=name,
            role=role,
            kind=kind,
            unread_count=unread,
            last_message_at=sent_at,
        )
    yield r.Message(
        **message,
        conversation_id=conversation["id"],
        author_id=sender["id"],
        author_name=fields.text("author") or "?",
        sent_at=sent_at,
        body=fields.markup("description") or "",
    )


PLACE = Column("place", "Where.", ("lieu", "destination"), "Salle polyvalente")
AUTHOR = Column("author", "Who wrote it.", ("auteur", "expéditeur", "de la part de"), "La direction")
WHO = ("classes", "student_number", "ine", "last_name", "first_name")
TEXT = Column("description", BODY.help, BODY.also, required=True)

COMMUNICATION = (
    Template(
        "events",
        "Events",
        ("agenda", "événements"),
        (
            DAY,
            TITLE,
            START,
            LAST_DAY,
            END,
            CLASSES,
            WHOLE_SCHOOL,
            *STUDENT,
            Column("kind", "Kind.", ("type",), "réunion", choices=EVENTS),
            PLACE,
            BODY,
        ),
        ("date", "title", *WHO),
        _event,
    ),
    Template(
        "trips",
        "Trips",
        ("sorties", "voyages"),
        (
            DAY,
            TITLE,
            START,
            LAST_DAY,
            END,
            CLASSES,
            WHOLE_SCHOOL,
            *STUDENT,
            Column("kind", "Kind.", ("type",), "sortie", choices=TRIPS),
            PLACE,
            BODY,
            Column("meeting_point", "Where to meet.", ("rendez-vous",)),
            Column("is_mandatory", "`oui` where all must come.", ("obligatoire",)),
            Column("consent", "`oui` where guardians must agree.", ("autorisation", "accord")),
            Column("consent_until", "Last day for the answer.", ("réponse avant le",)),
        ),
        ("date", "title", *WHO),
        _trip,
    ),
    Template(
        "news",
        "News",
        ("actualités", "informations"),
        (
            DAY,
            TITLE,
            BODY,
            CLASSES,
            WHOLE_SCHOOL,
            *STUDENT,
            START,
            AUTHOR,
            Column("kind", "Kind.", ("type",), choices=NEWS),
            Column("url", "Address.", ("lien", "adresse")),
        ),
        ("date", "title", *WHO),
        _news,
    ),
    Template(
        "documents",
        "Documents",
        ("documents", "fichiers"),
        (
            DAY,
            TITLE,
            Column("url", "Address.", ("lien", "adresse"), "https://…", required=True),
            CLASSES,
            WHOLE_SCHOOL,
            *STUDENT,
            START,
            Column("category", "Kind of document.", ("catégorie", "type"), choices=CATEGORIES),
        ),
        ("title", *WHO),
        _document,
    ),
    Template(
        "liaison-notes",
        "Liaison book",
        ("carnet", "liaison"),
        (
            *STUDENT,
            CLASS,
            DAY,
            START,
            TITLE,
            TEXT,
            AUTHOR,
            Column("signature", "`oui` where a guardian must sign.", ("à signer",)),
        ),
        ("date", "title", *WHO[1:]),
        _liaison,
    ),
    Template(
        "messages",
        "Messages",
        ("courriers",),
        (
            Column(
                "guardian_email",
                "E-mail of the guardian it is for.",
                ("courriel responsable", "destinataire"),
                required=True,
            ),
            DAY,
            START,
            TITLE,
            TEXT,
            AUTHOR,
        ),
        ("guardian_email", "date", "start_time", "title"),
        _message,
    ),
)
