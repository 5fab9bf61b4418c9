"""What an operation keeps for one viewer: statements are made once, rows are read at every execution."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from adapters import records as r
from adapters.base import Request
from gateway.execution import bindings
from gateway.execution.bindings import Binding, Bindings, BoundList
from gateway.execution.executor import FastRun
from gateway.execution.plan import OperationArguments
from gateway.execution.planned_schema import PlannedSchema
from resolvers.viewer import Caller, Scope
from tests.conftest import NOW, ROOT, Gateway, running

DASHBOARD = (ROOT / "benchmarks" / "operations" / "dashboard.graphql").read_text(encoding="utf-8")
DAYS = {"from": "2026-11-23", "to": "2026-11-29"}
GRADES = "{ viewer { students { grades(first: 50) { totalCount nodes { id displayValue } } } } }"


async def ask(gateway: Gateway, query: str, token: str, variables: dict[str, Any] | None = None) -> Any:
    """Ask with a token; a new one would be a new caller."""
    body = (await gateway.post(query, None, variables, token)).json()
    assert "errors" not in body, body["errors"]
    return body["data"]


def kept(gateway: Gateway) -> list[Binding]:
    """The bindings of a gateway."""
    schema: PlannedSchema = gateway.app.state.schema
    return list(schema.bindings._kept.values())


async def test_the_second_time_questions_are_not_worked_out_anew_and_rows_are_read_again(
    own_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = own_gateway.token(own_gateway.people.guardian(3))
    first = await ask(own_gateway, DASHBOARD, token, DAYS)
    statements = list(own_gateway.statements)
    native = own_gateway.app.state.sources.native

    bound, bind = set[str](), native.bind

    def noted(request: Request) -> Any:
        bound.add(request.relation)
        return bind(request)

    monkeypatch.setattr(native, "bind", noted)
    assert await ask(own_gateway, DASHBOARD, token, DAYS) == first
    assert not [one for one in bound if one.startswith(("Student.", "Viewer."))]
    # What rights come from, and small records, are in memory too; every list is asked for again.
    lists = sum(len(one.lists) for one in kept(own_gateway))
    assert lists > 5 and len(own_gateway.statements) >= lists
    assert set(own_gateway.statements) <= set(statements)


async def test_the_third_time_nothing_is_executed_but_the_statements_of_the_lists(
    own_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = own_gateway.token(own_gateway.people.guardian(3))
    first = await ask(own_gateway, DASHBOARD, token, DAYS)
    assert await ask(own_gateway, DASHBOARD, token, DAYS) == first

    async def descended(_self: object, _plans: object) -> None:
        raise AssertionError("The operation was executed.")

    descend = FastRun._descend
    monkeypatch.setattr(FastRun, "_descend", descended)
    assert await ask(own_gateway, DASHBOARD, token, DAYS) == first
    (known,) = kept(own_gateway)
    assert len(own_gateway.statements) == len(known.lists)
    answers = await asyncio.gather(*(ask(own_gateway, DASHBOARD, token, DAYS) for _ in range(3)))
    assert answers == [first] * 3
    grade, mine = r.Grade.table(), [one["displayName"] for one in first["viewer"]["students"]]
    async with own_gateway.engine.connect() as connection:
        await connection.execution_options(writes=True)
        await connection.execute(update(grade).values(display_value="changed"))
        await connection.commit()
    monkeypatch.setattr(FastRun, "_descend", descend)  # the database is another now
    own_gateway.changed()
    changed = await ask(own_gateway, DASHBOARD, token, DAYS)
    assert [one["displayName"] for one in changed["viewer"]["students"]] == mine
    shown = {node["displayValue"] for one in changed["viewer"]["students"] for node in one["grades"]["nodes"]}
    assert shown == {"changed"}


async def test_a_row_that_points_to_what_the_viewer_may_not_see_is_looked_at_closely(
    own_gateway: Gateway,
) -> None:
    """What others saw of a record is at hand to them only."""
    query = "{ viewer { students { grades(first: 50) { nodes { subject { name } } } } } }"
    people = own_gateway.people
    mine, other = own_gateway.token(people.guardian(1)), own_gateway.token(people.guardian(3))
    for token in (mine, other):
        first = await ask(own_gateway, query, token)
        for _ in range(2):
            assert await ask(own_gateway, query, token) == first
    known = [
        one for binding in kept(own_gateway) for bound in binding.lists.values() for one in bound.pointed
    ]
    assert len(known) == 2 and known[0] is not known[1] and all(len(one) > 1 for one in known)


async def test_other_viewers_and_other_arguments_have_bindings_of_their_own(own_gateway: Gateway) -> None:
    query = "query ($n: Int) { viewer { students { grades(first: $n) { nodes { id } } } } }"
    tokens = [own_gateway.token(own_gateway.people.guardian(children)) for children in (3, 1)]
    answers = [
        await ask(own_gateway, query, token, {"n": count})
        for _ in range(2)
        for token in tokens
        for count in (1, 2)
    ]
    assert answers[:4] == answers[4:] and len({str(one) for one in answers}) == 4
    assert len(kept(own_gateway)) == 4


async def test_a_record_appears_at_its_time_though_the_statement_was_made_before(
    own_database: str, tmp_path: Path
) -> None:
    moment = NOW.replace(second=0, microsecond=0)
    clock = [moment]

    def tell() -> datetime:
        return clock[0]

    async with running(own_database, tmp_path, tell) as gateway:
        token = gateway.token(gateway.people.guardian(3))
        (grade, *others) = (await ask(gateway, GRADES, token))["viewer"]["students"][0]["grades"]["nodes"]
        table = r.Grade.table()
        async with gateway.engine.connect() as connection:
            await connection.execution_options(writes=True)
            await connection.execute(update(table).values(published_at=moment + timedelta(seconds=30)))
            await connection.commit()
        gateway.changed()

        async def shown() -> list[Any]:
            found: list[Any] = (await ask(gateway, GRADES, token))["viewer"]["students"][0]["grades"]["nodes"]
            return found

        assert await shown() == []
        before = kept(gateway)
        clock[0] = moment + timedelta(seconds=40)
        assert len(await shown()) >= len([grade, *others]) > 0
        assert kept(gateway) == before  # the same minute, and the same database


async def test_rights_that_end_end_for_what_is_bound_too(own_gateway: Gateway) -> None:
    me = own_gateway.people.guardian(1)
    token = own_gateway.token(me)
    (student,) = (await ask(own_gateway, GRADES, token))["viewer"]["students"]
    assert student["grades"]["nodes"]
    tie = r.Guardianship.table()
    async with own_gateway.engine.connect() as connection:
        await connection.execution_options(writes=True)
        mine = update(tie).where(tie.c.guardian_id == me.person_id)
        await connection.execute(mine.values(has_data_access=False))
        await connection.commit()
    own_gateway.changed()
    before = kept(own_gateway)
    assert await ask(own_gateway, GRADES, token) == {"viewer": {"students": []}}
    (bound,) = kept(own_gateway)
    assert bound not in before  # nor is the scope of before held any longer


async def test_answers_with_errors_mutations_and_callers_without_rights_bind_nothing(
    sqlite_gateway: Gateway,
) -> None:
    await sqlite_gateway.ask('{ students(ids: ["nonsense"]) { id } }')
    await sqlite_gateway.ask(GRADES, Caller("GUARDIAN", sqlite_gateway.people.last_guardian))
    await sqlite_gateway.ask('mutation { acceptCharter(charterId: "x") { errors { code } } }')
    assert [one for one in kept(sqlite_gateway) if one.lists] == []


def test_what_is_kept_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bindings, "BYTES", 100_000)
    store = Bindings()
    context: Any = type("Context", (), {})()
    for _ in range(1000):
        context.scope = Scope(Caller("GUARDIAN", "x"), generation=0)
        bound: Any = BoundList.__new__(BoundList)
        object.__setattr__(bound, "groups", ["a", "b"])
        arguments = OperationArguments(plan_key=(), edges=[], cost=1, given={}, size=2_000)
        store.keep(context, Binding(arguments, {}, {0: bound}))
    assert 10 < len(store._kept) < 30
