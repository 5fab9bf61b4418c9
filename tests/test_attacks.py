"""Operations that mean harm: each costs at the most a small multiple of a dashboard, in processor and bytes.

The list follows what was tried on the gateway, and the lists of graphql-cop and GraphQL Armor.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from graphql import GraphQLError, get_introspection_query, parse, specified_rules, validate

from gateway.execution.document_limits import MOST_FIELDS, MOST_REPEATS, DocumentLimits
from resolvers.registry import strawberry_schema
from tests.conftest import ROOT, Gateway, running

pytestmark = pytest.mark.asyncio(loop_scope="module")
SCHEMA = strawberry_schema()._schema
MOST = 25
"""How many dashboards the worst request may cost."""
DASHBOARD = (ROOT / "tests" / "operations" / "dashboard" / "query.graphql").read_text(encoding="utf-8")
YEAR = "timetable(range: SCHOOL_YEAR)"


def bomb(fragments: int, kind: str = "Student", leaf: str = "id") -> str:
    """Spread each fragment twice in the one before."""
    chain = (f"fragment F{n} on {kind} {{ ...F{n + 1} ...F{n + 1} }}" for n in range(fragments))
    inner = "...F0" if kind == "Query" else "viewer { students { ...F0 } }"
    return f"{{ {inner} }} {' '.join(chain)} fragment F{fragments} on {kind} {{ {leaf} }}"


def branching(fragments: int) -> str:
    """Spread each fragment below two fields of the one before."""
    chain = (
        f"fragment F{n} on Student {{ a: guardianships {{ student {{ ...F{n + 1} }} }} "
        f"b: guardianships {{ student {{ ...F{n + 1} }} }} }}"
        for n in range(fragments)
    )
    return (
        f"{{ viewer {{ students {{ ...F0 }} }} }} {' '.join(chain)} fragment F{fragments} on Student {{ id }}"
    )


def nested(levels: int, opened: str, closed: str, inner: str = "id") -> str:
    """Nest a list in itself."""
    return "{ viewer { students { " + opened * levels + inner + closed * levels + " } } }"


def aliases(count: int, selection: str, around: str = "{ viewer { students { %s } } }") -> str:
    """Select a field under many names."""
    return around % " ".join(f"a{n}: {selection}" for n in range(count))


ATTACKS: dict[str, tuple[str, str]] = {
    "a fragment bomb": (bomb(18), "OPERATION_TOO_LARGE"),
    "a larger fragment bomb": (bomb(90), "OPERATION_TOO_LARGE"),
    "a fragment bomb at the root": (bomb(90, "Query", "__typename"), "OPERATION_TOO_LARGE"),
    "fragments that branch": (branching(7), "OPERATION_TOO_LARGE"),
    "a fragment in itself": ("{ ...F } fragment F on Query { ...F }", "OPERATION_TOO_LARGE"),
    "fragments in a circle": (
        "{ viewer { students { ...A } } } fragment A on Student { ...B guardianships { student { ...B } } } "
        "fragment B on Student "
        "{ a: guardianships { student { ...A } } b: guardianships { student { ...A } } }",
        "OPERATION_TOO_LARGE",
    ),
    "inline fragments in one another": ("{ " + "... { " * 150 + "__typename" + " }" * 151, ""),
    "braces without end": ("{ a " * 900, "GRAPHQL_PARSE_FAILED"),
    "lists without end": ("{ students(ids: " + "[" * 1500, "GRAPHQL_PARSE_FAILED"),
    "aliases": (aliases(101, "__typename", "{ %s }"), "OPERATION_TOO_LARGE"),
    "the same field again and again": ("{ " + "__typename " * 1200 + "}", "OPERATION_TOO_LARGE"),
    "the same selection again and again": (
        "{ " + "students { id firstName lastName } " * 600 + "}",
        "OPERATION_TOO_LARGE",
    ),
    "the same selection in many levels": (
        "{ " + ("viewer { " + "students { id firstName lastName } " * 30 + "} ") * 18 + "}",
        "OPERATION_TOO_LARGE",
    ),
    "directives": ("{ __typename " + "@aa " * 1900 + "}", "GRAPHQL_VALIDATION_FAILED"),
    "known directives": ("{ __typename " + "@skip(if: false) " * 500 + "}", "GRAPHQL_VALIDATION_FAILED"),
    "operations": (
        " ".join(f"query Q{n} {{ viewer {{ kind }} }}" for n in range(450)),
        "OPERATION_TOO_LARGE",
    ),
    "fragments that nobody spreads": (
        "{ __typename } " + " ".join(f"fragment F{n} on Query {{ __typename }}" for n in range(98)),
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "names that are not known": (
        "{ viewer { " + " ".join(f"studentz{n}" for n in range(1900)) + " } }",
        "OPERATION_TOO_LARGE",
    ),
    "arguments that are not known": (
        "{ students(" + " ".join(f"idz{n}: 1" for n in range(1000)) + ") { id } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "a long name": ("{ " + "a" * 50_000 + " }", "GRAPHQL_VALIDATION_FAILED"),
    "a longer name": ("{ " + "a" * 200_000 + " }", "OPERATION_TOO_LARGE"),
    "a long comment": ("{ __typename } #" + "a" * 200_000, "OPERATION_TOO_LARGE"),
    "inputs that are not known": (
        "mutation { markNewsRead(input: {" + " ".join(f"n{n}: 1" for n in range(900)) + "}) { writeState } }",
        "OPERATION_TOO_LARGE",
    ),
    "a long number": ("{ students(ids: " + "9" * 50_000 + ") { id } }", ""),
    "a long number where a small one belongs": (
        "{ news(first: " + "9" * 50_000 + ") { totalCount } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "many ids": ("{ students(ids: [" + ",".join(f'"n_{n}"' for n in range(3_900)) + "]) { id } }", ""),
    "variables that are not used": (
        "query(" + " ".join(f"$a{n}: ID" for n in range(900)) + ") { viewer { kind } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "introspection in circles": (
        "{ __schema { types { " + "fields { type { " * 5 + "name" + " } }" * 5 + " } } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "introspection under many names": (
        aliases(20, "__schema { types { fields { type { name } args { name } } } }", "{ %s }"),
        "OPERATION_TOO_COSTLY",
    ),
    "introspection": (get_introspection_query(), ""),
    "interfaces in interfaces": (
        "{ "
        + " ".join(
            f'n{n}: node(id: "x") {{ ... on StudentScoped {{ student {{ id }} }} }}' for n in range(60)
        )
        + " }",
        "OPERATION_TOO_LARGE",
    ),
    "pages in pages": (
        nested(3, "grades(first: 200) { nodes { student { ", " } } }"),
        "OPERATION_TOO_COSTLY",
    ),
    "pages in pages in pages": (
        nested(4, "grades(first: 200) { nodes { student { ", " } } }"),
        "OPERATION_TOO_COSTLY",
    ),
    "a school year in a school year": (
        nested(2, f"{YEAR} {{ days {{ lessons {{ student {{ ", " } } } }"),
        "OPERATION_TOO_COSTLY",
    ),
    "a period in a period": (
        nested(2, "timetable(range: CURRENT_PERIOD) { days { lessons { student { ", " } } } }"),
        "OPERATION_TOO_COSTLY",
    ),
    "school years under many names": (
        aliases(55, f"{YEAR} {{ lessons {{ id title subject {{ name }} teachers {{ lastName }} }} }}"),
        "OPERATION_TOO_COSTLY",
    ),
    "mutations under many names": (
        "mutation { "
        + " ".join(f'm{n}: markNewsRead(input: {{newsIds: ["x"]}}) {{ writeState }}' for n in range(13))
        + " }",
        "OPERATION_TOO_COSTLY",
    ),
    "a window without end": (
        '{ viewer { students { diary(from: "2026-01-01") { contents { body title } '
        "homeworkDue { id title } } } } }",
        "OPERATION_TOO_COSTLY",
    ),
}
DEAREST = {
    "texts": "lessonContents(range: SCHOOL_YEAR, first: 100) { nodes { id title body bodyText } }",
    "lessons": f"{YEAR} {{ lessons {{ id title }} }}",
    "grades": "grades(first: 200) { nodes { id displayValue subject { name } teachers { lastName } } }",
    "averages": "gradebook { overall { value } subjects { student { value } min { value } } }",
    "applications": "apps { availability }",
    "next lessons": "nextLesson { id }",
    "teachers": "teachers { displayName subjects { name } }",
    "behaviour": "behaviour(first: 200) { nodes { __typename } }",
    "homework": "homework(range: SCHOOL_YEAR, first: 200) { nodes { id description descriptionText } }",
    "ties": "guardianships { validFrom student { id } }",
    "counts": "lessonContents(range: SCHOOL_YEAR, first: 0) { totalCount }",
    "other counts": "behaviour(first: 0) { totalCount }",
    "skills": "skillEvaluations(first: 200) { nodes { id results { skill { label } level { label } } } }",
}
"""Fields that cost much for what they are taken to cost, selected as often as is allowed."""


@dataclass(frozen=True)
class Cost:
    """What a request took."""

    seconds: float
    sent: int
    answer: httpx.Response


async def cost_of(gateway: Gateway, query: str, is_known: bool = True, variables: Any = None) -> Cost:
    """Ask once."""
    headers = {"Authorization": f"Bearer {gateway.token(gateway.people.guardian(6))}"} if is_known else {}
    began = time.process_time()
    answer = await gateway.client.post(
        "/graphql", json={"query": query, "variables": variables}, headers=headers
    )
    return Cost(time.process_time() - began, len(answer.content), answer)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def attacked(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """A gateway for all of them, whose rates leave attacks alone: what one of them costs is the question."""
    folder = tmp_path_factory.mktemp("attacked")
    async with running(
        f"sqlite:///{sqlite_template}", folder, rate_per_viewer=10**9, rate_per_address=10**9
    ) as gateway:
        yield gateway


async def ratios(
    gateway: Gateway, query: str, is_known: bool = True, variables: Any = None
) -> tuple[float, float, httpx.Response]:
    """Compare an operation with the dashboard of six children: processor, bytes, and the answer.

    Both are sent as new documents, as an attacker would. Other work on the machine disturbs each measure, so
    that the best of some is taken.
    """
    best, fresh = float("inf"), itertools.count()
    for _ in range(4):
        usual = await cost_of(gateway, DASHBOARD + " " * next(fresh))
        found = await cost_of(gateway, query + " " * next(fresh), is_known, variables)
        assert "errors" not in usual.answer.json()
        best = min(best, found.seconds / usual.seconds)
        if best <= MOST:
            break
    return best, found.sent / usual.sent, found.answer


def code_of(answer: httpx.Response) -> str:
    """Return the code of the first error, or nothing."""
    errors = answer.json().get("errors")
    return str(errors[0]["extensions"]["code"]) if errors else ""


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("is_known", [True, False], ids=["a guardian", "a stranger"])
async def test_an_attack_costs_a_few_dashboards_at_the_most(
    attacked: Gateway, name: str, is_known: bool
) -> None:
    query, code = ATTACKS[name]
    seconds, sent, answer = await ratios(attacked, query, is_known)
    assert code_of(answer) in ((code,) if is_known else (code, "UNAUTHENTICATED"))
    assert answer.status_code in (200, 401)
    assert seconds <= MOST and sent <= MOST, f"{seconds:.1f} dashboards of processor, {sent:.1f} of bytes"


@pytest.mark.parametrize("name", DEAREST)
async def test_the_dearest_operation_that_is_allowed_costs_a_few_dashboards(
    attacked: Gateway, name: str
) -> None:
    query, count, refused = DEAREST[name], 0, 59
    while refused - count > 1:
        middle = (count + refused) // 2
        answer = (await cost_of(attacked, aliases(middle, query))).answer
        if code_of(answer) in ("OPERATION_TOO_COSTLY", "OPERATION_TOO_LARGE"):
            refused = middle
        else:
            count = middle
            assert code_of(answer) in ("", "ANSWER_TOO_LARGE")
    assert count
    seconds, sent, _ = await ratios(attacked, aliases(count, query))
    assert seconds <= MOST and sent <= MOST, f"{seconds:.1f} dashboards of processor, {sent:.1f} of bytes"


READ = "mutation($i: MarkNewsReadInput!) { markNewsRead(input: $i) { writeState } }"
NEWS = "query($k: [NewsKind!], $n: Int) { news(kinds: $k, first: $n) { totalCount } }"
VARIABLES: dict[str, tuple[str, Any, str]] = {
    "a long text": ("{ viewer { kind } }", {"a": "x" * 200_000}, ""),
    "many digits": (NEWS, {"n": 10**4000}, "BAD_REQUEST"),
    "fields that are not known": (READ, {"i": {f"n{n}": 1 for n in range(10_000)}}, "OPERATION_TOO_LARGE"),
    "values that are not known": (NEWS, {"k": [f"A{n}" for n in range(20_000)]}, "OPERATION_TOO_LARGE"),
    "some values that are not known": (NEWS, {"k": [f"A{n}" for n in range(4_900)]}, "BAD_USER_INPUT"),
    "some fields that are not known": (READ, {"i": {f"n{n}": 1 for n in range(100)}}, "BAD_USER_INPUT"),
    "objects where texts belong": (READ, {"i": {"newsIds": [{}] * 4_900}}, "BAD_USER_INPUT"),
    "lists in lists": (READ, {"i": {"newsIds": json.loads("[" * 900 + "]" * 900)}}, "BAD_USER_INPUT"),
}


@pytest.mark.parametrize("name", VARIABLES)
async def test_variables_that_are_too_much_cost_a_few_dashboards(attacked: Gateway, name: str) -> None:
    query, variables, code = VARIABLES[name]
    seconds, _, answer = await ratios(attacked, query, variables=variables)
    assert code_of(answer) == code
    assert seconds <= MOST, f"{seconds:.1f} dashboards"


async def test_a_batch_of_operations_is_refused(attacked: Gateway) -> None:
    answer = await attacked.client.post("/graphql", json=[{"query": "{ __typename }"}] * 10)
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")


async def test_no_rule_takes_more_than_linear_time_on_what_passes_the_limits() -> None:
    """Each document is the worst for a rule that the limits let pass; twice the document, twice the time."""
    limits = DocumentLimits(16, 60, 4_000)

    def took(document: Any) -> float:
        best = 1.0
        for _ in range(3):
            began = time.process_time()
            errors = validate(SCHEMA, document, specified_rules, max_errors=100)
            best = min(best, time.process_time() - began)
        assert all(isinstance(one, GraphQLError) for one in errors)
        return best

    for name, make in WORST.items():
        whole, half = parse(make(1.0), max_tokens=4_000), parse(make(0.5), max_tokens=4_000)
        assert limits.fault(whole) is None, (name, limits.fault(whole))
        assert took(whole) <= 4 * took(half) + 0.05, name
        assert took(whole) < 0.4, name


def _repeated(part: float) -> str:
    """As many selections of the same fields at one place as is allowed, in as many places as is allowed."""
    repeats = MOST_REPEATS - 1
    groups = int(part * (MOST_FIELDS - 20) / (repeats * 3))
    return (
        "{ viewer { "
        + " ".join(
            " ".join(f"{'s' if n else 'z'}{n}: students {{ id firstName }}" for _ in range(repeats))
            for n in range(min(groups, 1))
        )
        + " } }"
    )


def _fragments_beside_one_another(part: float) -> str:
    count = int(part * 50)
    spreads = " ".join(f"...F{n}" for n in range(count))
    fields = "id firstName lastName displayName gradeLevel dateOfBirth title"
    made = " ".join(f"fragment F{n} on Student {{ {fields} }}" for n in range(count))
    return f"{{ viewer {{ students {{ {spreads} }} }} }} {made}"


def _fragments_in_a_row(part: float) -> str:
    count = int(part * 95)
    made = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(count))
    return f"{{ ...F0 }} {made} fragment F{count} on Query {{ __typename }}"


def _operations_of_fragments(part: float) -> str:
    count = int(part * 48)
    operations = " ".join(f"query Q{n} {{ ...F0 }}" for n in range(count))
    made = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(count))
    return f"{operations} {made} fragment F{count} on Query {{ __typename }}"


def _variables(part: float) -> str:
    count = int(part * 480)
    names = " ".join(f"$v{n}: ID" for n in range(count))
    used = ", ".join(f"$v{n}" for n in range(count))
    return f"query({names}) {{ students(ids: [{used}]) {{ id }} }}"


def _unknown_fields(part: float) -> str:
    return "{ viewer { " + " ".join(f"studentz{n}" for n in range(int(part * 990))) + " } }"


def _inputs(part: float) -> str:
    fields = ", ".join(f"n{n}: 1" for n in range(int(part * 100)))
    return f"mutation {{ markNewsRead(input: {{{fields}}}) {{ writeState }} }}"


WORST: dict[str, Callable[[float], str]] = {
    "OverlappingFieldsCanBeMerged": _repeated,
    "OverlappingFieldsCanBeMerged, fragments": _fragments_beside_one_another,
    "NoFragmentCycles, NoUnusedFragments": _fragments_in_a_row,
    "NoUndefinedVariables, VariablesInAllowedPosition": _operations_of_fragments,
    "NoUnusedVariables, UniqueVariableNames": _variables,
    "FieldsOnCorrectType": _unknown_fields,
    "ValuesOfCorrectType, UniqueInputFieldNames": _inputs,
}
