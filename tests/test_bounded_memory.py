"""What the gateway keeps of operations is bounded in bytes, whatever is asked of it."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tracemalloc
from typing import Any

import httpx
import pytest

from gateway.execution import planner as planner_module
from gateway.execution.plan import Plan
from gateway.execution.planner import BYTES_OF_PLANS, Spent
from gateway.execution.pointed_records import BYTES_OF_WRITTEN, WRITTEN, PointerList
from resolvers.context import RequestContext
from tests.conftest import ROOT, Gateway
from tests.plan_memory import A_GUARDIAN, INTERFACES, OPERATIONS


async def test_no_operation_takes_more_than_is_counted() -> None:
    command = [sys.executable, "-m", "tests.plan_memory"]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    sizes: dict[str, list[int]] = json.loads(printed)
    assert list(sizes) == list(OPERATIONS)
    assert {name: size for name, size in sizes.items() if size[0] > size[1]} == {}


def plans_alive() -> int:
    """Count the plans that anything in this process holds."""
    gc.collect()
    return sum(isinstance(one, Plan) for one in gc.get_objects())


async def test_plans_that_are_forgotten_are_held_by_nobody(sqlite_gateway: Gateway) -> None:
    callers = [sqlite_gateway.people.guardian(2, position) for position in range(4)]
    before = plans_alive()
    for number in range(30):
        query = f"query Q{number}($id: ID!) {{ {INTERFACES} }}"
        answer = await sqlite_gateway.post(query, callers[number % 4], {"id": "x"})
        assert answer.status_code == 200
    planner = sqlite_gateway.app.state.schema.planner
    assert planner.plans.currsize <= BYTES_OF_PLANS
    # Other tests may have left some behind, which may go meanwhile.
    assert plans_alive() - before <= len(planner.plans) < 15


async def test_an_operation_whose_plan_was_forgotten_is_compiled_anew(sqlite_gateway: Gateway) -> None:
    query = "{ viewer { students { firstName grades(first: 2) { nodes { title } } } } }"
    first = await sqlite_gateway.ask(query)
    planner = sqlite_gateway.app.state.schema.planner
    planner.plans.clear()
    assert await sqlite_gateway.ask(query) == first
    planner.documents.clear()
    planner.plans.clear()
    assert await sqlite_gateway.ask(query) == first
    assert len(planner.plans) == len(planner.documents) == 1


async def test_new_documents_spend_more_of_the_minute_than_known_ones(sqlite_gateway: Gateway) -> None:
    planner = sqlite_gateway.app.state.schema.planner
    query, variables = OPERATIONS["interfaces"]
    costs = []
    for _ in range(2):
        spent = Spent()
        planner.prepare(query, None, variables, A_GUARDIAN, spent)
        costs.append(spent.cost)
    # By the characters and tokens of the document, and the objects and fields that it is compiled to.
    assert costs == [45_620 + len(query), 0]


async def test_what_cannot_be_compiled_spends_of_the_minute_too(sqlite_gateway: Gateway) -> None:
    planner = sqlite_gateway.app.state.schema.planner
    spent = Spent()
    with pytest.raises(planner_module.Refused):
        planner.prepare("{ nothing }", None, {}, A_GUARDIAN, spent)
    assert spent.cost == 20 * 3 + 11


async def test_names_that_strangers_send_are_not_kept(sqlite_gateway: Gateway) -> None:
    async def ask(number: int) -> httpx.Response:
        query = f"{{ {'x' * 50_000}{number} }}"
        return await sqlite_gateway.client.post("/graphql", json={"query": query})

    async def grown(names: range) -> int:
        gc.collect()
        tracemalloc.start()
        try:
            for number in names:
                assert (await ask(number)).status_code == 401
            gc.collect()
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    await ask(0)
    # The least of three: threads of other tests may take memory meanwhile.
    assert min([await grown(range(first, first + 40)) for first in (100, 200, 300)]) < 500_000


def test_records_that_rows_point_to_are_bounded_for_all_plans_together() -> None:
    edges = [PointerList(None, None, None).number for _ in range(3)]  # type: ignore[arg-type]
    assert len(set(edges)) == 3
    rows: dict[str, Any] = {}
    for edge in edges:
        found = WRITTEN.of(edge, rows)
        for number in range(BYTES_OF_WRITTEN // 2_000):
            found.values[str(number)] = {}
            WRITTEN.count(6)
    assert WRITTEN.of(edges[0], rows).values == {None: None}


@pytest.mark.parametrize("answer", ["as usual", "with errors", "given up"])
async def test_nothing_of_a_request_is_left_for_the_garbage_collector(
    sqlite_gateway: Gateway, answer: str
) -> None:
    after = '(after: "x")' if answer == "with errors" else ""
    query = f"{{ viewer {{ students {{ displayName homework{after} {{ nodes {{ title }} }} }} }} }}"
    state, caller = sqlite_gateway.app.state, sqlite_gateway.people.guardian(3)
    if answer == "given up":
        sqlite_gateway.app.state.sources.native.reader.observers.append(_fail)
    await sqlite_gateway.post(query, caller)
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            found = (await sqlite_gateway.post(query, caller)).json()
            assert ("errors" in found) is (answer != "as usual"), state
        left = sum(isinstance(one, RequestContext) for one in gc.get_objects())
    finally:
        gc.enable()
    assert left <= 1  # of the last request, whose task is just ending


def _fail(statements: list[str]) -> None:
    if any("homework" in one for one in statements):
        raise OSError("The disk is gone.")
