"""The error of every limit on documents, variables and arguments: the limit, the value, and what to do.

Those on requests as they arrive are tested in test_hostile_clients, test_http and test_bounded_work.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Gateway

READ = "mutation($i: MarkNewsReadInput!) { markNewsRead(input: $i) { writeState } }"
GRADES = "grades(first: 200) { nodes { student { "
YEARS = 'timetable(from: "2025-01-01", to: "2026-12-31") { lessons { id } }'
LIMITS: dict[str, tuple[str, Any, str, str]] = {
    "tokens": (
        "{ " + "a " * 4_000 + "}",
        None,
        "OPERATION_TOO_LARGE",
        "The document has more than 4000 tokens (the setting max_tokens). Send it as several smaller ones.",
    ),
    "characters": (
        "{ __typename } #" + "a" * 70_000,
        None,
        "OPERATION_TOO_LARGE",
        "The document has 70016 characters; at the most 60000 are allowed (15 for each of the setting "
        "max_tokens). Send long texts as variables.",
    ),
    "depth": (
        "{ " + "viewer { " * 17 + "id" + " }" * 17 + " }",
        None,
        "OPERATION_TOO_LARGE",
        "'anonymous' has 18 levels of fields; at the most 16 are allowed (the setting max_depth). Send it as "
        "several smaller operations.",
    ),
    "aliases": (
        "query Q { " + " ".join(f"a{n}: __typename" for n in range(61)) + " }",
        None,
        "OPERATION_TOO_LARGE",
        "'Q' has 61 aliases; at the most 60 are allowed (the setting max_aliases). Send it as several "
        "smaller operations.",
    ),
    "operations and fragments": (
        "{ __typename } " + " ".join(f"fragment F{n} on Query {{ __typename }}" for n in range(100)),
        None,
        "OPERATION_TOO_LARGE",
        "The document has 101 operations and fragments; at the most 100 are allowed. Leave out those that "
        "are not used.",
    ),
    "a fragment in itself": (
        "{ ...F } fragment F on Query { ...F }",
        None,
        "OPERATION_TOO_LARGE",
        "The fragment 'F' spreads itself; take that spread out.",
    ),
    "fields": (
        "{ " + ("viewer { students { " + "id firstName lastName " * 10 + "} } ") * 40 + "}",
        None,
        "OPERATION_TOO_LARGE",
        "The document selects 1280 fields with all fragments spread; at the most 1000 are allowed. Send it "
        "as several smaller ones.",
    ),
    "one field again and again": (
        "{ " + "__typename " * 61 + "}",
        None,
        "OPERATION_TOO_LARGE",
        "'__typename' is selected 61 times at one place; at the most 60 times are allowed. Select it once.",
    ),
    "keys in a document": (
        "mutation { markNewsRead(input: {" + " ".join(f"n{n}: 1" for n in range(101)) + "}) { writeState } }",
        None,
        "OPERATION_TOO_LARGE",
        "'anonymous' has an object of 101 fields; at the most 100 are allowed. Leave out those that the "
        "schema does not have.",
    ),
    "values in variables": (
        READ,
        {"i": {"newsIds": ["x"] * 5_001}},
        "OPERATION_TOO_LARGE",
        "The variables hold more than 5000 values, or 100 in one object; send fewer at once.",
    ),
    "keys in variables": (
        READ,
        {"i": {f"n{n}": 1 for n in range(101)}},
        "OPERATION_TOO_LARGE",
        "The variables hold more than 5000 values, or 100 in one object; send fewer at once.",
    ),
    "cost": (
        "{ viewer { students { " + GRADES * 2 + "id" + " } } }" * 2 + " } } }",
        None,
        "OPERATION_TOO_COSTLY",
        "The operation may cost 1289635; at the most 75000 are allowed (the setting max_cost). Ask for fewer "
        "records with `first`, for fewer students with `ids`, a shorter window, or fewer levels of lists in "
        "one another; the schema says with @listSize, @window and @cost what counts, and extensions.cost "
        "what an operation does.",
    ),
    "a page": (
        "{ news(first: 201) { totalCount } }",
        None,
        "INVALID_ARGUMENT",
        "`first` must lie between 0 and 200, not 201.",
    ),
    "a window": (
        "{ viewer { students { " + YEARS + " } } }",
        None,
        "INVALID_ARGUMENT",
        "The window from 2025-01-01 to 2026-12-31 has 730 days; at the most 400 are allowed. Ask for a part "
        "of it at a time.",
    ),
    "an excerpt": (
        "{ conversations(first: 1) { nodes { lastMessage { excerpt(length: 2000) } } } }",
        None,
        "INVALID_ARGUMENT",
        "`length` must lie between 1 and 1000, not 2000.",
    ),
}


@pytest.mark.parametrize("name", LIMITS)
async def test_the_error_of_a_limit_names_the_limit_the_value_and_the_remedy(
    sqlite_gateway: Gateway, name: str
) -> None:
    query, variables, code, message = LIMITS[name]
    answer = await sqlite_gateway.ask(query, sqlite_gateway.people.guardian(6), variables)
    (found,) = {(one["extensions"]["code"], one["message"]) for one in answer["errors"]}
    assert found == (code, message)
