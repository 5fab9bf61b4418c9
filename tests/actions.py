"""Everything a guardian can do, each with records of the demo that it can be done to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select, update

from adapters import records as r
from resolvers.identifiers import GlobalId, decode
from resolvers.viewer import Caller
from tests.conftest import Gateway

RECORDS = """{ viewer { students { id
    homework(range: SCHOOL_YEAR, first: 1) { nodes { id } }
    absences(first: 2) { nodes { id } }
    liaisonNotes(first: 1) { nodes { id } }
    observations(first: 1) { nodes { id } }
    trips(first: 1) { nodes { id } } } }
  news(first: 2) { nodes { id } }
  directory(first: 2) { nodes { id } }
  conversations(first: 20) { nodes { id canReply } } }"""
PAYLOADS = {
    "setHomeworkStatus": "homework { id status isDone doneAt doneBy doneMarkOrigin } writeState",
    "startConversation": """conversation { subject folder unreadCount messageCount canReply
        participants { role displayName } students { id } }
        message { body isMine isRead sentAt } writeState""",
    "replyToConversation": """conversation { id messageCount unreadCount lastMessage { body } }
        message { body isMine inReplyTo { id } } writeState""",
    "markConversationsRead": "conversations { id isRead unreadCount } counters { unreadMessages } writeState",
    "justifyAbsences": """absences { id justificationStatus canJustify
        justifications { comment status submittedAt } } writeState""",
    "signLiaisonNote": "note { id state myAcknowledgement { decision comment at method } } writeState",
    "acknowledge": """record { id myAcknowledgement { decision comment } }
        acknowledgements { decision comment } writeState""",
    "markNewsRead": "newsItems { id isRead } writeState",
    "answerTripConsent": "trip { id consent { status answers { decision } } } writeState",
    "saveDashboard": "dashboard { revision isDefault widgets { app { code } position { column row } } }",
}
WHAT_IT_TAKES = {
    "setHomeworkStatus": "MARK_HOMEWORK",
    "startConversation": "SEND_MESSAGES",
    "justifyAbsences": "JUSTIFY_ABSENCE",
    "signLiaisonNote": "SIGN_LIAISON_NOTE",
    "acknowledge": "ACKNOWLEDGE_BEHAVIOUR",
    "answerTripConsent": "ANSWER_TRIP_CONSENT",
}
INPUTS = {
    "markConversationsRead": "MarkConversationReadInput",
    "justifyAbsences": "JustifyAbsenceInput",
}
TILE = {"app": "TIMETABLE", "position": {"column": 0, "row": 0, "columns": 4, "rows": 3}}


@dataclass
class Actions:
    """A gateway with a guardian of three, and an input for every action."""

    gateway: Gateway
    caller: Caller
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    student: str = ""

    async def do(
        self, name: str, given: Mapping[str, Any] | None = None, caller: Caller | None = None
    ) -> dict[str, Any]:
        """Carry an action out; returns the payload."""
        kind = INPUTS.get(name, name[0].upper() + name[1:] + "Input")
        query = f"""mutation($input: {kind}!) {{ {name}(input: $input) {{
            {PAYLOADS[name]} errors {{ code message field }} clientMutationId }} }}"""
        data = await self.gateway.data(query, caller or self.caller, {"input": given or self.inputs[name]})
        payload: dict[str, Any] = data[name]
        return payload

    async def refusal(
        self, name: str, given: Mapping[str, Any] | None = None, caller: Caller | None = None
    ) -> tuple[str, list[str] | None]:
        """Carry an action out that must be refused; returns code and field."""
        before = await self.everything()
        payload = await self.do(name, given, caller)
        assert payload.get("writeState", "FAILED") == "FAILED"
        assert await self.everything() == before
        (error,) = payload["errors"]
        assert error["message"]
        return error["code"], error["field"]

    async def everything(self) -> dict[str, list[Any]]:
        """Read all that an action could change."""
        kinds = (
            *(r.Conversation, r.Participant, r.Message, r.HomeworkProgress, r.Absence),
            *(r.AbsenceJustification, r.Acknowledgement, r.NewsRead, r.Dashboard, r.MutationReceipt),
        )
        async with self.gateway.engine.connect() as connection:
            found = {}
            for kind in kinds:
                table = kind.table()
                rows = await connection.execute(select(table).order_by(table.c.id))
                found[table.name] = [tuple(row) for row in rows]
        return found

    async def arrange(self, *statements: Any) -> None:
        """Change the database behind the gateway's back."""
        async with self.gateway.engine.connect() as connection:
            await connection.execution_options(writes=True)
            for statement in statements:
                await connection.execute(statement)
            await connection.commit()
        self.gateway.changed()

    async def permit(self, *permissions: str) -> None:
        """Set what the guardian's ties allow."""
        tie = r.Guardianship.table()
        mine = tie.c.guardian_id == self.caller.person_id
        await self.arrange(update(tie).where(mine).values(permissions=list(permissions)))


async def actions_of(gateway: Gateway) -> Actions:
    """Prepare a guardian of three for whom everything is open, and an input for every action."""
    actions = Actions(gateway, gateway.people.guardian(3))
    await actions.permit("READ_SCHOOL_DATA", *WHAT_IT_TAKES.values(), "SIGN_DOCUMENT")
    found = await gateway.data(RECORDS, actions.caller)
    lists: dict[str, list[str]] = {}
    for student in found["viewer"]["students"]:
        for name, page in student.items():
            if name != "id":
                lists.setdefault(name, []).extend(one["id"] for one in page["nodes"])
    actions.student = found["viewer"]["students"][0]["id"]
    news = [one["id"] for one in found["news"]["nodes"]]
    contacts = [one["id"] for one in found["directory"]["nodes"]]
    open_threads = [one["id"] for one in found["conversations"]["nodes"] if one["canReply"]]
    await _ask_for_answers(actions, lists)
    actions.inputs = {
        "setHomeworkStatus": {"homeworkId": lists["homework"][0], "status": "DONE"},
        "startConversation": {
            "recipientContactIds": contacts,
            "subject": "Rendez-vous",
            "body": "Bonjour,\nquand puis-je vous voir ?",
        },
        "replyToConversation": {"conversationId": open_threads[0], "body": "<p>Merci <b>beaucoup</b>.</p>"},
        "markConversationsRead": {"conversationIds": open_threads[:2]},
        "justifyAbsences": {"absenceIds": lists["absences"][:1], "comment": "Il était malade."},
        "signLiaisonNote": {"noteId": lists["liaisonNotes"][0], "comment": "Vu."},
        "acknowledge": {"id": lists["observations"][0], "comment": "Nous en avons parlé."},
        "markNewsRead": {"newsIds": news},
        "answerTripConsent": {"tripId": lists["trips"][0], "decision": "GRANTED"},
        "saveDashboard": {"expectedRevision": 0, "widgets": [TILE]},
    }
    return actions


async def _ask_for_answers(actions: Actions, lists: dict[str, list[str]]) -> None:
    """Let the school ask for an answer to one record of each kind."""
    asked = {"requires_acknowledgement": True, "acknowledgement_deadline": None}
    statements: list[Any] = []
    for kind, name, values in (
        (r.LiaisonNote, "liaisonNotes", {**asked, "requires_decision": False}),
        (r.Observation, "observations", asked),
        (r.Trip, "trips", {**asked, "status": "CONFIRMED", "requires_all_guardians": False}),
        (r.Absence, "absences", {"justification_status": "AWAITING_GUARDIAN"}),
    ):
        key = key_of(lists[name][0])
        statements.append(update(kind.table()).where(kind.table().c.id == key).values(**values))
        answers = r.Acknowledgement.table()
        statements.append(delete(answers).where(answers.c.record_id == key))
    settings, reads = r.SchoolSettings.table(), r.NewsRead.table()
    statements.append(update(settings).values(display_policy={"online_justification": True}))
    statements.append(delete(reads))
    statements.append(delete(r.Dashboard.table()))
    justifications = r.AbsenceJustification.table()
    statements.append(delete(justifications))
    await actions.arrange(*statements)


def key_of(identifier: str) -> str:
    """Read the key in an identifier."""
    decoded = decode(identifier)
    assert decoded is not None
    return decoded.key


def of_another_student(identifier: str, student: str) -> str:
    """Name the same record for another student."""
    decoded = decode(identifier)
    assert decoded is not None
    return GlobalId(decoded.type_name, decoded.source, decoded.key, student).encode()
