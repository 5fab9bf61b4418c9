"""What the gateway keeps of operations is bounded in bytes, whatever is asked of it."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import httpx
import pytest

from gateway.execution import planner as planner_module
from gateway.execution.cost import Costs
from gateway.execution.direct import BYTES_OF_WRITTEN, WRITTEN, PointerList
from gateway.execution.document_limits import DocumentLimits
from gateway.execution.introspection_cost import SchemaSizes
from gateway.execution.plan import Plan
from gateway.execution.planner import BYTES_OF_PLANS, Asking, Planner, Spent
from resolvers.context import RequestContext
from resolvers.registry import catalogue, strawberry_schema
from tests.conftest import ROOT, Gateway

A_GUARDIAN = Asking(is_anonymous=False, students=4)
INTERFACES = " ".join(
    f"a{n}: node(id: $id) {{ ... on Sourced {{ source {{ __typename }} }} }}" for n in range(15)
)
"""Compiled for each type that a node may be: some 900 objects from 1 kB."""
OPERATIONS = {
    **{
        path.parent.name: (path.read_text(encoding="utf-8"), {})
        for path in sorted((ROOT / "tests" / "operations").glob("*/query.graphql"))
    },
    "interfaces": (f"query Q($id: ID!) {{ {INTERFACES} }}", {"id": "x"}),
    "ids": ("{ students(ids: [" + ",".join(f'"n_{n}"' for n in range(1_500)) + "]) { id } }", {}),
    "aliases": (
        "{ viewer { students { "
        + " ".join(f"a{n}: grades {{ nodes {{ id title subject {{ id name }} }} }}" for n in range(50))
        + " } } }",
        {},
    ),
    "names": ("{ viewer { students { id " + " ".join(f"# {'é' * 900}\n" for _ in range(40)) + " } } }", {}),
}


@pytest.fixture(scope="module")
def parts() -> tuple[Any, ...]:
    """The schema and what is known of it, made before anything is measured."""
    schema = strawberry_schema()
    return (
        schema,
        catalogue(schema),
        DocumentLimits(16, 60, 4_000),
        Costs(10**9, SchemaSizes.of(schema._schema)),
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_takes_no_more_than_is_counted(parts: tuple[Any, ...], name: str) -> None:
    query, variables = OPERATIONS[name]
    Planner(*parts).prepare(query, None, variables, A_GUARDIAN, Spent())
    planner = Planner(*parts)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        planner.prepare(query, None, variables, A_GUARDIAN, Spent())
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    (plan,) = planner.plans.values()
    assert taken <= plan.size + planner.arguments.currsize


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

    assert (await ask(0)).status_code == 401
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(1, 40):
            await ask(number)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 500_000


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
