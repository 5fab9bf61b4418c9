"""Messages, liaison book, agenda, trips, news, documents, charter and help of the demo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from adapters import records as r
from adapters.demo.year import DemoSchool

FILE: dict[str, Any] = {"url": "https://demo.example/document.pdf", "mime_type": "application/pdf"}


def _name(person: Any) -> str:
    return f"{person.first_name} {person.last_name}"


def conversations(school: DemoSchool) -> Iterator[r.Record]:
    """Yield two threads a family: one with the main teacher, one from the office to everybody."""
    for one in school.homerooms:
        taught = school.teachings_of[one.id]
        main = next((t.staff_id for t in taught if t.is_main_teacher), school.office.id)
        teacher = next(staff for staff in school.staff if staff.id == main)
        for student in school.students_of[one.id]:
            for _, guardian in school.guardians_of[student.id]:
                yield from _thread(school, student, guardian, teacher, "Suivi de la semaine", 3)
                yield from _thread(school, student, guardian, school.office, "Rappel du règlement", 1)


def _thread(
    school: DemoSchool,
    student: r.Student,
    guardian: r.Guardian,
    staff: r.StaffMember,
    subject: str,
    length: int,
) -> Iterator[r.Record]:
    key = f"thread:{guardian.external_id}:{student.external_id}:{length}"
    days = school.past_days(10)
    times = [school.at(days[-1 - n], 18, 5 * n) for n in range(min(length, len(days)))]
    conversation = r.record_id("demo", "Conversation", f"{school.record.external_id}:{key}")
    people = ((staff, "TEACHER" if staff.role == "TEACHER" else "STAFF"), (guardian, "GUARDIAN"))
    parts = _participants(school, conversation, key, people, times[-1])
    messages = _messages(school, conversation, key, people, parts, times)
    yield school.make(
        r.Conversation,
        key,
        subject=f"{subject} – {student.first_name}",
        kind="DISCUSSION" if length > 1 else "BROADCAST",
        student_ids=[student.id],
        participant_count=2,
        message_count=len(messages),
        last_message_id=messages[-1].id,
        last_message_at=times[-1],
        is_closed=length == 1,
    )
    yield from parts
    yield from messages


People = tuple[tuple[Any, str], tuple[Any, str]]


def _participants(
    school: DemoSchool, conversation: str, key: str, people: People, last: datetime
) -> list[r.Participant]:
    """Make both sides; the guardian has not read the last message."""
    staff = people[0][0]
    guardian = people[1][0]
    return [
        school.make(
            r.Participant,
            f"{key}:{kind}",
            conversation_id=conversation,
            person_id=person.id,
            display_name=_name(person),
            role="INITIATOR" if person is staff else "TO",
            kind=kind,
            unread_count=1 if person is guardian else 0,
            read_until=last - timedelta(minutes=1) if person is guardian else last,
            can_reply=True,
            last_message_at=last,
        )
        for person, kind in people
    ]


def _messages(
    school: DemoSchool,
    conversation: str,
    key: str,
    people: People,
    parts: list[r.Participant],
    times: list[datetime],
) -> list[r.Message]:
    """Make the messages, written in turn."""
    messages: list[r.Message] = []
    for number, sent in enumerate(times):
        writer, part = (people[number % 2][0], parts[number % 2])
        messages.append(
            school.make(
                r.Message,
                f"{key}:{number}",
                conversation_id=conversation,
                author_id=part.id,
                author_person_id=writer.id,
                author_name=_name(writer),
                sent_at=sent,
                body="<p>Bonjour, un point sur la semaine de la classe.</p><p>Cordialement</p>",
                in_reply_to_id=messages[-1].id if messages else None,
            )
        )
    return messages


def liaison_notes(school: DemoSchool) -> Iterator[r.Record]:
    """Yield a note to sign, one that was signed, one too late, and one that only informs."""
    days = school.past_days(25)
    for student in school.students:
        for number, (kind, title, expects, deadline) in enumerate(
            (
                ("AUTHORISATION_REQUEST", "Autorisation de sortie", True, school.coming_day(5)),
                ("APPOINTMENT_REQUEST", "Demande de rendez-vous", True, school.coming_day(3)),
                ("WORK", "Carnet à compléter", True, days[2]),
                ("INFORMATION", "Photo de classe", False, None),
            )
        ):
            day = days[min(5 + 3 * number, len(days) - 1)]
            note = school.make(
                r.LiaisonNote,
                f"note:{student.external_id}:{number}",
                student_id=student.id,
                date=day,
                kind=kind,
                title=title,
                body=f"<p>{title} : merci de répondre dans les délais.</p>",
                author_id=school.office.id,
                author_name=_name(school.office),
                sent_at=school.at(day, 12),
                requires_acknowledgement=expects,
                acknowledgement_deadline=deadline,
                requires_decision=number == 0,
            )
            yield note
            ties = school.guardians_of[student.id]
            if number == 1 and ties:
                yield _answer(school, note, student, ties[-1][1], "SIGNED", school.at(day, 20))


def _answer(
    school: DemoSchool,
    record: r.Record,
    student: r.Student,
    guardian: r.Guardian,
    decision: str,
    at: datetime,
) -> r.Acknowledgement:
    return school.make(
        r.Acknowledgement,
        f"answer:{record.id}:{guardian.external_id}:{student.external_id}",
        record_id=record.id,
        student_id=student.id,
        guardian_id=guardian.id,
        guardian_name=_name(guardian),
        decision=decision,
        comment="Vu avec notre enfant.",
        at=at,
    )


def events(school: DemoSchool) -> Iterator[r.Record]:
    """Yield the agenda: for the whole school, for one class, one cancelled, one all day."""
    whole: dict[str, Any] = {"is_for_whole_school": True}
    plans: list[tuple[str, str, int, dict[str, Any]]] = [
        ("PARENT_TEACHER_MEETING", "Rencontre parents-professeurs", 6, {**whole, "location": "Préau"}),
        ("CULTURE", "Concert de la chorale", 9, {**whole, "is_cancelled": True}),
        ("OPEN_DAY", "Portes ouvertes", 14, {**whole, "is_all_day": True}),
    ]
    plans += [
        ("CLASS_COUNCIL", f"Conseil de classe {one.name}", 5, {"class_ids": [one.id]})
        for one in school.homerooms
    ]
    for number, (kind, title, ahead, columns) in enumerate(plans):
        day = school.coming_day(ahead)
        yield school.make(
            r.Event,
            f"event:{number}",
            date=day,
            kind=kind,
            title=title,
            description=f"<p>{title}.</p>",
            starts_at=school.at(day, 0 if columns.get("is_all_day") else 17),
            ends_at=school.at(day, 23, 59) if columns.get("is_all_day") else school.at(day, 19),
            organizer_id=school.office.id,
            **columns,
        )


TRIPS: tuple[tuple[str, str, int, int, dict[str, Any]], ...] = (
    ("OUTING", "Sortie au musée", 8, 0, {"status": "OPEN_FOR_CONSENT", "requires_acknowledgement": True}),
    (
        "TRIP",
        "Voyage à Londres",
        20,
        4,
        {
            "status": "OPEN_FOR_CONSENT",
            "requires_acknowledgement": True,
            "requires_all_guardians": True,
            "is_abroad": True,
            "country": "GB",
            "is_mandatory": False,
            "accommodation": "Familles d'accueil",
        },
    ),
    ("OUTING", "Course d'orientation", 12, 0, {"status": "CANCELLED"}),
    ("DISCOVERY_CLASS", "Classe de mer", -20, 3, {"status": "COMPLETED"}),
)
"""Kind, title, school days from today, nights, and what is special."""


def trips(school: DemoSchool) -> Iterator[r.Record]:
    """Yield a trip to answer, one both guardians must answer, a cancelled one, and one that is over."""
    for one in school.homerooms:
        for number, (kind, title, ahead, nights, columns) in enumerate(TRIPS):
            day = school.coming_day(ahead) if ahead > 0 else school.past_days(-ahead)[-1]
            deadline = school.coming_day(4) if columns.get("requires_acknowledgement") else None
            trip = school.make(
                r.Trip,
                f"trip:{one.external_id}:{number}",
                date=day,
                class_ids=[one.id],
                title=title,
                description=f"<p>{title}, classe de {one.name}.</p>",
                kind=kind,
                destination=title.split()[-1],
                starts_at=school.at(day, 8),
                ends_at=school.at(day + timedelta(days=nights), 18),
                nights=nights,
                meeting_point="Devant le portail",
                meeting_at=school.at(day, 7, 45),
                transport="Autocar",
                leader_id=school.teachings_of[one.id][0].staff_id,
                emergency_phone="0600000000",
                acknowledgement_deadline=deadline,
                **columns,
            )
            yield trip
            yield from _trip_details(school, one, trip, number)


def _trip_details(school: DemoSchool, one: r.SchoolClass, trip: r.Trip, number: int) -> Iterator[r.Record]:
    if number == 0:
        event: dict[str, Any] = {"date": trip.date, "starts_at": trip.starts_at, "ends_at": trip.ends_at}
        columns: dict[str, Any] = {"kind": "TRIP", "title": trip.title, "trip_id": trip.id}
        yield school.make(r.Event, f"trip:{one.external_id}", class_ids=[one.id], **event, **columns)
    if number == 1:
        for student in school.students_of[one.id][::2]:
            for _, guardian in school.guardians_of[student.id][-1:]:
                yield _answer(school, trip, student, guardian, "GRANTED", school.at(school.today, 7))
    if number == 3:
        for step in range(3):
            yield school.make(
                r.TripUpdate,
                f"{trip.external_id}:{step}",
                trip_id=trip.id,
                at=trip.starts_at + timedelta(hours=6 + 20 * step),
                title=f"Jour {step + 1}",
                body="<p>Tout se passe bien.</p>",
                author_id=trip.leader_id,
            )


def news(school: DemoSchool) -> Iterator[r.Record]:
    """Yield news: a headline, one to confirm, one no longer shown, one for days to come."""
    whole: dict[str, Any] = {"is_for_whole_school": True, "author_name": school.record.name}
    days = school.past_days(20)
    plans: tuple[tuple[str, str, Any, dict[str, Any]], ...] = (
        ("NEWS", "Le collège à la fête de la science", days[1], {"is_headline": True}),
        ("INFORMATION", "Nouveau règlement intérieur", days[3], {"requires_acknowledgement": True}),
        ("NEWS", "Résultats du cross", days[6], {}),
        ("ALERT", "Grève des transports", days[15], {"visible_to": school.at(days[12], 20)}),
        ("NEWS", "Inscriptions de la chorale", school.coming_day(3), {}),
    )
    for number, (kind, title, day, columns) in enumerate(plans):
        yield school.make(
            r.NewsItem,
            f"news:{number}",
            date=day,
            kind=kind,
            title=title,
            summary=f"{title} : l'essentiel.",
            body=f"<p>{title}.</p>",
            category="Vie du collège",
            published_at=school.at(day, 9),
            **whole,
            **columns,
        )


def documents(school: DemoSchool) -> Iterator[r.Record]:
    """Yield a certificate and a form to sign for every student, and a menu for all."""
    label = f"{school.year_start.year}-{school.year_end.year}"
    created = school.at(school.past_days(20)[-1], 9)
    shared: dict[str, Any] = {"school_year": label, "created_at": created, "date": created.date()}
    file: dict[str, Any] = {"download_url": FILE["url"], "mime_type": FILE["mime_type"], "size": 120_400}
    for student in school.students:
        own: dict[str, Any] = {"student_id": student.id, "student_ids": [student.id]}
        for kind, name, expects in (
            ("CERTIFICATE", "Certificat de scolarité", False),
            ("ADMINISTRATIVE", "Fiche d'urgence", True),
        ):
            yield school.make(
                r.Document,
                f"document:{student.external_id}:{kind}",
                name=f"{name}.pdf",
                category=kind,
                owner="Secrétariat",
                requires_acknowledgement=expects,
                acknowledgement_deadline=school.coming_day(10) if expects else None,
                **own,
                **shared,
                **file,
            )
    menu: dict[str, Any] = {"name": "Menus.pdf", "category": "SHARED", "is_shared": True}
    yield school.make(r.Document, "menus", is_for_whole_school=True, **menu, **shared, **file)


def charter_and_help(school: DemoSchool) -> Iterator[r.Record]:
    """Yield the charter with the answers of all families but the last, and two help articles."""
    published = school.at(school.year_start, 8)
    charter = school.make(
        r.Charter,
        "charter",
        version=f"{school.year_start:%Y-%m}",
        title="Charte d'utilisation",
        body="<h2>Charte</h2><p>Les informations concernent des mineurs : ne les partagez pas.</p>",
        published_at=published,
    )
    yield charter
    guardians = {g.id: g for student in school.students for _, g in school.guardians_of[student.id]}
    for person in [*list(guardians.values())[:-1], *school.students, *school.staff]:
        key = f"{person.id}\x1f{charter.id}"
        yield r.CharterAcceptance(
            id=r.record_id("gateway", "CharterAcceptance", key),
            person_id=person.id,
            charter_id=charter.id,
            version=charter.version,
            decision="ACCEPTED",
            decided_at=published + timedelta(days=2),
        )
    if school.number == 0:
        for slug, app, title in (
            ("justifier-une-absence", "ABSENCES", "Justifier une absence"),
            ("lire-l-emploi-du-temps", "TIMETABLE", "Lire l'emploi du temps"),
            ("cours-annules", "TIMETABLE", "Comprendre un cours annulé"),
        ):
            yield school.make(
                r.HelpArticle,
                f"help:{slug}",
                slug=slug,
                title=title,
                summary=f"{title}, pas à pas.",
                body=f"<p>{title} : ouvrez l'application, puis suivez les étapes.</p>",
                app=app,
                updated_at=published,
            )
