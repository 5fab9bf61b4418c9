"""Requests that schemathesis generates from the schema, sent to a running gateway.

`PASSERELLE_TEST_REQUESTS` says how many for each field of Query and Mutation; a night has time for 120.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.graphql import nodes

from adapters.content import COLOR, HTML, URL
from adapters.native.database import open_database
from resolvers.viewer import ALL_READ, Caller
from tests.conftest import ROOT
from tests.listening import serving
from tests.people import read_people

REQUESTS = int(os.environ.get("PASSERELLE_TEST_REQUESTS", "3"))
SCALARS = {
    HTML: st.text(max_size=40),
    URL: st.just("https://school.example/page") | st.text(max_size=20),
    COLOR: st.from_regex(r"\A#[0-9a-f]{6}\Z") | st.text(max_size=8),
    "Date": st.dates().map(str) | st.text(max_size=10),
    "DateTime": st.datetimes(timezones=st.timezones()).map(lambda one: one.isoformat()),
}
for _name, _values in SCALARS.items():
    schemathesis.graphql.scalar(_name, _values.map(nodes.String))


@pytest.mark.parametrize("kind", ["a guardian", "a partner", "a stranger"])
async def test_no_generated_request_is_answered_with_a_fault_of_ours(
    sqlite_template: Path, tmp_path: Path, kind: str
) -> None:
    url = f"sqlite:///{tmp_path / 'own.db'}"
    shutil.copyfile(sqlite_template, tmp_path / "own.db")
    engine = open_database(url)
    people = await read_people(engine)
    await engine.dispose()
    caller = {
        "a guardian": people.guardian(3),
        "a partner": Caller("PARTNER", "partner", tuple(people.schools.values()), ALL_READ),
        "a stranger": None,
    }[kind]
    answers: Counter[str] = Counter()
    unlimited = {f"PASSERELLE_RATE_PER_{one}": "1000000000" for one in ("VIEWER", "ADDRESS")}
    with serving(url, tmp_path, 1, **unlimited) as server, httpx.Client() as client:
        if caller is not None:
            client.headers["Authorization"] = f"Bearer {server.token(caller)}"
        for found in schemathesis.graphql.from_path(str(ROOT / "schema.graphql")).get_all_operations():
            assert isinstance(found, Ok)

            @settings(
                max_examples=REQUESTS,
                phases=[Phase.generate],
                derandomize=True,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
            )
            @given(found.ok().as_strategy())
            def send(case: Any) -> None:
                response = client.post(f"http://{server.address}", json={"query": case.body}, timeout=30)
                errors = response.json().get("errors", [])
                codes = {one["extensions"]["code"] for one in errors}
                assert response.status_code < 500 and "INTERNAL" not in codes, (case.body, response.text)
                answers.update(codes or {"data"})

            send()
        server.stop()
        assert "Traceback" not in server.log.read_text()
    assert answers["data"] > answers.total() / 2 or caller is None
