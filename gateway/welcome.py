"""What a developer needs in the first minute: a token, and queries that answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters import records as r
from adapters.base import BadConfiguration
from adapters.native.database import migrate, open_database
from gateway.authentication import KINDS, make_token
from gateway.known_people import PERSONS, school_ids, some_people
from gateway.pages import explorer_is_installed
from gateway.settings import Settings
from resolvers.viewer import ALL_READ, Caller

EXAMPLES = (
    (
        "The children, their next lesson and what is due",
        "{ viewer { students { displayName nextLesson { title startsAt } "
        "homework(range: NEXT_7_DAYS, first: 3) { nodes { dueDate descriptionText } } } } }",
    ),
    (
        "The last grades",
        "{ viewer { students { displayName "
        "grades(first: 3) { nodes { subject { name } displayValue outOf } } } } }",
    ),
    ("What waits for an answer", "{ viewer { pendingActions(first: 5) { kind title dueDate } } }"),
)


OTHERS = "(as somebody else: passerelle token --list --kind GUARDIAN, STUDENT, TEACHER or STAFF)"
NO_GUARDIANS = "There are no guardians yet; import an export or run `passerelle demo`."


@dataclass(frozen=True, slots=True)
class Family:
    """A guardian to try things with."""

    guardian_id: str
    name: str
    children: int


def find_families(settings: Settings) -> list[Family]:
    """List guardians with data access, those with an accepted charter and most children first."""

    async def run() -> list[Family]:
        engine = open_database(settings.database_url)
        try:
            await migrate(engine)
            async with engine.connect() as connection:
                return await _families(connection)
        finally:
            await engine.dispose()

    return asyncio.run(run())


async def _families(connection: AsyncConnection) -> list[Family]:
    tie, person, answer = r.Guardianship.table(), r.Guardian.table(), r.CharterAcceptance.table()
    children = func.count(tie.c.student_id.distinct())
    accepted = func.count(answer.c.id.distinct())
    found = await connection.execute(
        select(person.c.id, person.c.first_name, person.c.last_name, children)
        .join(tie, tie.c.guardian_id == person.c.id)
        .outerjoin(answer, answer.c.person_id == person.c.id)
        .where(tie.c.has_data_access, tie.c.ended_at.is_(None), person.c.ended_at.is_(None))
        .group_by(person.c.id, person.c.first_name, person.c.last_name)
        .order_by(accepted.desc(), children.desc(), person.c.id)
        .limit(20)
    )
    return [Family(row[0], f"{row[1] or ''} {row[2]}".strip(), row[3]) for row in found]


def list_people(settings: Settings, kind: str) -> list[str]:
    """Write a line for each of some persons that a token may be for, the id first.

    Raises BadConfiguration where there are none of the kind.
    """
    if kind == "GUARDIAN":
        families = [
            f"{one.guardian_id}  {one.name}, {one.children} children" for one in find_families(settings)
        ]
        if not families:
            raise BadConfiguration(NO_GUARDIANS)
        return families
    if kind not in PERSONS:
        raise BadConfiguration(f"--list needs a --kind of {', '.join(PERSONS)}; a PARTNER needs no id.")
    found = asyncio.run(some_people(settings, kind))
    if not found:
        raise BadConfiguration(
            f"There is nobody of the kind {kind} yet; import an export or run `passerelle demo`."
        )
    return [f"{identifier}  {name}, {school}" for identifier, name, school in found]


def issue_token(
    settings: Settings, person: str | None, kind: str, schools: list[str], scopes: list[str], hours: int
) -> str:
    """Sign a token; without a person, for the guardian with most children. Raises BadConfiguration.

    Schools are named by id or UAI, and must be known.
    """
    if settings.jwks_url is not None:
        raise BadConfiguration("Tokens come from the identity provider (PASSERELLE_JWKS_URL is set).")
    if kind not in KINDS:
        raise BadConfiguration(f"--kind must be one of {', '.join(KINDS)}.")
    if unknown := set(scopes) - ALL_READ:
        raise BadConfiguration(f"Unknown scopes {sorted(unknown)}; known are {', '.join(sorted(ALL_READ))}.")
    if person is None and kind == "GUARDIAN":
        families = find_families(settings)
        if not families:
            raise BadConfiguration(NO_GUARDIANS)
        person = families[0].guardian_id
    if person is None and kind != "PARTNER":
        raise BadConfiguration(
            f"Say which {kind.lower()}: `passerelle token ID --kind {kind}`; "
            f"`passerelle token --list --kind {kind}` lists some."
        )
    ids = asyncio.run(school_ids(settings, schools)) if schools else []
    caller = Caller(kind, person or "partner", tuple(ids), frozenset(scopes))
    return make_token(caller, settings, timedelta(hours=hours), datetime.now(UTC))


def print_welcome(settings: Settings) -> None:
    """Print address, token and three queries."""
    address = f"http://{settings.host}:{settings.port}/graphql"
    token = issue_token(settings, None, "GUARDIAN", [], [], 24)
    lines = ["", f"GraphiQL   {address}#token={token}", "", f"Token      {token}", ""]
    if not explorer_is_installed():
        lines[1] = (
            "GraphiQL   not installed: install Node.js 20+ and run `make setup` (everything else works)"
        )
    for title, query in EXAMPLES:
        lines += [
            f"# {title}",
            f"curl -s {address} -H 'Authorization: Bearer '$TOKEN -H 'Content-Type: application/json' \\",
            f'  -d \'{{"query": "{query}"}}\'',
            "",
        ]
    print("\n".join([*lines, "(in the shell: TOKEN=... with the token above)", OTHERS, ""]), flush=True)  # noqa: T201
