"""Operations, and the bytes that remembering each takes: `python -m tests.plan_memory` writes JSON.

It runs as a process of its own, where no other test has threads, caches or garbage.
"""

from __future__ import annotations

import gc
import json
import sys
import tracemalloc
from typing import Any

from gateway.execution.cost import Costs
from gateway.execution.document_limits import DocumentLimits
from gateway.execution.introspection_cost import SchemaSizes
from gateway.execution.planner import Asking, Planner, Spent
from resolvers.registry import catalogue, strawberry_schema
from tests.conftest import ROOT

A_GUARDIAN = Asking(is_anonymous=False, students=4)
INTERFACES = " ".join(
    f"a{n}: node(id: $id) {{ ... on Sourced {{ source {{ __typename }} }} }}" for n in range(15)
)
"""Compiled for each type that a node may be: some 900 objects from 1 kB."""
OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
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


def measured() -> dict[str, tuple[int, int]]:
    """Return for each operation the bytes that it takes, and those that the planner counts."""
    schema = strawberry_schema()
    costs = Costs(10**9, SchemaSizes.of(schema._schema))
    parts = (schema, catalogue(schema), DocumentLimits(16, 60, 4_000), costs)
    found = {}
    for name, (query, variables) in OPERATIONS.items():
        # What the libraries keep of their own is made before anything is measured.
        Planner(*parts).prepare(query, None, variables, A_GUARDIAN, Spent())
        planner = Planner(*parts)
        gc.collect()
        tracemalloc.start()
        planner.prepare(query, None, variables, A_GUARDIAN, Spent())
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        (plan,) = planner.plans.values()
        found[name] = taken, int(plan.size + planner.arguments.currsize)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured()))
