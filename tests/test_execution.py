"""The planner and Strawberry's own executor give the same answer, errors included, to the same operation."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson
import pytest
from graphql import GraphQLError, get_introspection_query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.base import Children, Request, RetryLater, Row, Rows, SourceNearby
from adapters.native.gateway_state import GatewayState
from gateway.errors import formatted
from gateway.execution.planned_schema import PlannedSchema
from gateway.execution.planner import Asking, Refused, Spent
from gateway.welcome import EXAMPLES
from resolvers.context import RequestContext
from resolvers.registry import strawberry_schema
from resolvers.routing import Sources
from resolvers.turns import Turns
from resolvers.viewer import Caller, load_scope
from resolvers.work import Work
from tests.conftest import NOW, ROOT, Gateway
from tests.generated_operations import Operation
from tests.test_charter import ACCEPT, SELECT
from tests.test_nodes import EVERYTHING, _found

OPERATIONS = sorted((ROOT / "tests" / "operations").glob("*/query.graphql"))


GENERATIONS = itertools.count(1_000)


@dataclass
class Watched:
    """A bound question of the native source, and its relation."""

    relation: str
    inner: Any

    @property
    def layout(self) -> Any:
        return self.inner.layout


@dataclass
class Faulty:
    """The native source with a fault: a relation that fails, or a column that is null or of another kind."""

    inner: SourceNearby
    relation: str
    column: str | None = None
    value: Any = None
    name: str = "native"
    is_immediate: bool = True
    asked: set[str] = field(default_factory=set)
    tables: int = 0

    @property
    def relations(self) -> Any:
        return self.inner.relations

    async def fetch(self, request: Request) -> Mapping[str, Children]:
        self._note(request.relation)
        found = await self.inner.fetch(request)
        if request.relation == self.relation:
            for children in found.values():
                children.rows = [dict(row) for row in children.rows]
                for row in children.rows:
                    if self.column in row and self._hits(row["id"]):
                        row[self.column] = self.value
        return found

    def bind(self, request: Request) -> Watched | None:
        self._note(request.relation)
        if request.relation == self.relation:
            request = replace(request, columns=(*request.columns, "id"))
        found = self.inner.bind(request)
        return None if found is None else Watched(request.relation, found)

    async def rows(self, bound: Watched, now: datetime) -> Rows:
        self._note(bound.relation)
        self.tables += 1
        found, names = await self.inner.rows(bound.inner, now), list(bound.layout.names)
        if bound.relation != self.relation or self.column not in names or "id" not in names:
            return found
        at, key = names.index(self.column), names.index("id")
        rows = [list(row) for row in found]
        for row in rows:
            if self._hits(row[key]):
                row[at] = self.value
        return rows

    def recall(self, relation: str, now: datetime) -> Mapping[str, Row]:
        self.asked.add(relation)
        return {} if relation == self.relation else self.inner.recall(relation, now)

    def generation(self, now: datetime) -> object:
        return self.inner.generation(now)

    async def close(self) -> None:
        pass

    def _note(self, relation: str) -> None:
        self.asked.add(relation)
        if relation == self.relation and self.column is None:
            raise RetryLater("injected")

    @staticmethod
    def _hits(identity: Any) -> bool:
        """Choose rows by what they are: their place differs with how the executor cut its batches."""
        return bool(crc32(repr(identity).encode()) % 2)


async def both(
    gateway: Gateway,
    query: str,
    caller: Caller,
    variables: dict[str, Any] | None = None,
    fault: Faulty | None = None,
) -> tuple[Any, Any]:
    """Answer an operation by plan and by Strawberry's executor."""
    schema: PlannedSchema = gateway.app.state.schema
    known: Sources = gateway.app.state.sources
    scope_sources = known
    if fault is not None:
        known = Sources(fault, {}, (), 5)
    answers = []
    scope = await load_scope(caller, scope_sources, NOW)
    scope.generation = next(GENERATIONS)
    by_plan = partial(_by_plan, schema)
    # The second time, what hangs on the viewer alone is known; the third, all but the rows of lists may be.
    for execute in (by_plan, by_plan, by_plan, _by_strawberry):
        if execute is _by_strawberry:
            scope = await load_scope(caller, scope_sources, NOW)
        work = Work(Turns().of(caller), 100_000, 10_000_000, 5)
        context = RequestContext(scope, known, schema.planner.catalogue, NOW, _state(gateway), work)
        data, found = await execute(query, variables or {}, context)
        errors = [_without_reference(formatted(error)) for error in found]
        answers.append((data, sorted(errors, key=lambda one: (str(one.get("path")), one["message"]))))
    first, second, third, own = answers
    assert first == second == third
    return third, own


async def _by_plan(
    schema: PlannedSchema, query: str, variables: dict[str, Any], context: RequestContext
) -> tuple[Any, list[GraphQLError]]:
    asking = Asking(context.caller.is_anonymous, len(context.scope.students))
    try:
        prepared = schema.planner.prepare(query, None, variables, asking, Spent())
    except Refused as error:
        return None, error.errors
    data, errors = await schema.answer(prepared, context)
    return orjson.loads(orjson.dumps(data, lambda one: one.text)), errors


async def _by_strawberry(
    query: str, variables: dict[str, Any], context: RequestContext
) -> tuple[Any, list[GraphQLError]]:
    result: Any = await strawberry_schema().execute(query, variables, context)
    return result.data, result.errors or []


def _state(gateway: Gateway) -> GatewayState:
    return GatewayState(gateway.engine, gateway.app.state.sources.native.reader.changed)


def _without_reference(error: dict[str, Any]) -> dict[str, Any]:
    """Take the random reference out of an internal error."""
    if error["extensions"]["code"] == "INTERNAL":
        error["message"] = "internal"
    return error


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.parent.name)
async def test_the_operations_of_tests_and_widgets_are_planned_and_equal(
    gateway: Gateway, path: Path
) -> None:
    planner = gateway.app.state.schema.planner
    planned, own = await both(gateway, path.read_text(encoding="utf-8"), gateway.people.guardian(3))
    assert planned == own
    assert planner.asked == 3
    assert planned[1] == []


@pytest.mark.parametrize(("title", "query"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
async def test_the_example_queries_are_planned_and_equal(
    sqlite_gateway: Gateway, title: str, query: str
) -> None:
    planned, own = await both(sqlite_gateway, query, sqlite_gateway.people.guardian(6))
    assert planned == own, title


async def test_mutations_are_planned_and_equal(own_gateway: Gateway) -> None:
    caller = own_gateway.people.guardian(3)
    student = own_gateway.people.student_id(own_gateway.people.children_of(caller)[0])
    missing = {"charterId": student, "version": "1", "clientMutationId": "x"}
    for query, given_ in ((SELECT, {"studentId": student}), (SELECT, {"studentId": "no"}), (ACCEPT, missing)):
        planned, own = await both(own_gateway, query, caller, {"input": given_})
        assert planned == own


async def test_a_plan_is_compiled_once_for_all_variables_but_those_that_select(
    sqlite_gateway: Gateway,
) -> None:
    query = """query Week($from: Date, $first: Int, $titles: Boolean!) {
      viewer { students {
        homework(from: $from, first: $first) { nodes { id title @include(if: $titles) } }
      } }
    }"""
    planner = sqlite_gateway.app.state.schema.planner
    answers = []
    for given_ in (
        {"from": "2026-11-16", "first": 1, "titles": True},
        {"from": "2026-11-23", "first": 3, "titles": True},
        {"titles": False},
    ):
        planned, own = await both(sqlite_gateway, query, sqlite_gateway.people.guardian(3), given_)
        assert planned == own
        answers.append(planned)
    assert len(planner.plans) == 2
    assert answers[0] != answers[1] != answers[2]


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { queryType { name } } }",
        """query ($name: String!) { viewer { kind } first: __type(name: $name) { ...Named } __typename
        __schema @skip(if: true) { queryType { name } } } fragment Named on __Type { name kind }""",
        get_introspection_query(),
    ],
)
async def test_introspection_alone_or_beside_data_is_equal(sqlite_gateway: Gateway, query: str) -> None:
    for name in ("Student", "Lesson"):
        variables = {"name": name} if "$name" in query else {}
        planned, own = await both(sqlite_gateway, query, sqlite_gateway.people.guardian(3), variables)
        assert planned == own
        assert list(planned[0]) == list(own[0])
        assert planned[1] == []


async def test_operations_are_counted(sqlite_gateway: Gateway) -> None:
    await sqlite_gateway.ask("{ viewer { kind } }")
    await sqlite_gateway.ask("{ nothing }")
    shown = (await sqlite_gateway.client.get("/healthz")).json()
    assert shown == {"status": "ok", "operations": 2, "subscriptions": 0}


async def test_before_the_charter_both_answer_alike(sqlite_gateway: Gateway) -> None:
    newcomer = Caller("GUARDIAN", sqlite_gateway.people.last_guardian)
    planned, own = await both(sqlite_gateway, EVERYTHING, newcomer)
    assert planned == own
    assert {one["extensions"]["code"] for one in planned[1]} == {"CHARTER_NOT_ACCEPTED"}


FAULTS = [
    ("Student.grades", None, None),
    ("Student.lessons", None, None),
    ("Subject", None, None),
    ("Student", None, None),
    ("StaffMember", "last_name", None),
    ("Student.lessons", "title", None),
    ("Student.lessons", "starts_at", None),
    ("Student.homework", None, None),
    ("Student.grades", "status", "PERHAPS"),
    ("Student.grades", "display_value", None),
    ("Student.absences", "kind", "SLEEP"),
    ("Student.absences", "starts_at", None),
    ("Subject", "name", None),
    ("SkillLevel", "label", None),
    ("Viewer.events", "title", None),
    ("Viewer.news", "published_at", None),
    ("School", "time_zone", None),
    ("Person.charters", None, None),
    ("Record.acknowledgements", None, None),
    ("School.periods", None, None),
    ("Guardian", None, None),
    ("Student.trips", "class_ids", None),
]


@pytest.mark.parametrize(("relation", "column", "value"), FAULTS)
async def test_a_fault_anywhere_gives_the_same_nulls_and_errors(
    sqlite_gateway: Gateway, relation: str, column: str | None, value: Any
) -> None:
    failed = 0
    for query in [EVERYTHING, *(path.read_text(encoding="utf-8") for path in OPERATIONS)]:
        fault = Faulty(sqlite_gateway.app.state.sources.native, relation, column, value)
        planned, own = await both(sqlite_gateway, query, sqlite_gateway.people.guardian(3), fault=fault)
        assert planned == own
        failed += bool(planned[1])
    assert failed or relation == "Person.charters"


@pytest.mark.parametrize(("shape", "examples"), [("of any shape", 200), ("of flat lists", 120)])
async def test_random_operations_are_planned_and_equal(
    sqlite_gateway: Gateway, shape: str, examples: int
) -> None:
    caller = sqlite_gateway.people.guardian(3)
    known = [one for _, one in _found(await sqlite_gateway.data(EVERYTHING, caller))]
    identifiers = [*known[::3], "nobody"]
    drawn: list[str] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.data())
    def draw_operations(data: st.DataObject) -> None:
        operation = Operation(data.draw, identifiers)
        query = operation.text() if shape == "of any shape" else operation.of_lists()
        if operation.aliases <= 60:
            drawn.append(query)

    draw_operations()
    faults, tables = 0, 0
    native = sqlite_gateway.app.state.sources.native
    for index, query in enumerate(drawn):
        watched = Faulty(native, "none")
        planned, own = await both(sqlite_gateway, query, caller, fault=watched)
        assert planned == own, query
        tables += watched.tables
        relations = sorted(watched.asked) or ["Student"]
        fault = Faulty(native, relations[index % len(relations)])
        planned, own = await both(sqlite_gateway, query, caller, fault=fault)
        assert planned == own, query
        faults += bool(planned[1])
    assert len(set(drawn)) > examples * 0.75 and faults > 50
    assert tables > (100 if shape == "of flat lists" else 0)
