"""Operations and their whole answers: one folder each, run on both databases.

A folder holds `query.graphql` and `expected.json`; `variables.json` where there are variables. To make
`expected.json` of a new case, run with `--write-expected` on PostgreSQL and read it before you commit it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Gateway

CASES = sorted((Path(__file__).parent / "operations").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_operation_answers_as_expected(
    case: Path, gateway: Gateway, request: pytest.FixtureRequest
) -> None:
    variables: dict[str, Any] = {}
    if (case / "variables.json").exists():
        variables = json.loads((case / "variables.json").read_text(encoding="utf-8"))
    query = (case / "query.graphql").read_text(encoding="utf-8")
    answer = await gateway.ask(query, variables=variables)
    first = len(gateway.statements)
    assert await gateway.ask(query, variables=variables) == answer
    found = {"statements": {"first": first, "again": len(gateway.statements)}, **answer}
    expected = case / "expected.json"
    if request.config.getoption("--write-expected"):
        expected.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    whole = json.loads(expected.read_text(encoding="utf-8"))
    if gateway.engine.dialect.name == "sqlite":
        # Siblings are asked one after another there: the second finds what the first has learned.
        assert first <= whole["statements"]["first"]
        whole["statements"]["first"] = first
    assert found == whole
