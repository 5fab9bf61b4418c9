"""Relay connections: pages in both directions join up to the whole list, and say truly where they lie."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Gateway

GRADES = """query($first: Int, $after: String, $order: SortDirection) { viewer { students {
  grades(first: $first, after: $after, order: $order) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { id } } } } } }"""
MESSAGES = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  conversation(id: $id) {
  messages(first: $first, after: $after, last: $last, before: $before) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } 
    edges { cursor node { id } } } } }"""
BEHAVIOUR = (
    GRADES.replace("grades(", "behaviour(")
    .replace(", order: $order", "")
    .replace(", $order: SortDirection", "")
    .replace("node { id }", "node { ... on Node { id } }")
)


async def _pages(gateway: Gateway, query: str, **variables: Any) -> list[dict[str, Any]]:
    """Page forward through the list of the guardian's only child."""
    pages, after = [], None
    while True:
        data = await gateway.data(query, gateway.people.guardian(1), {**variables, "after": after})
        (student,) = data["viewer"]["students"]
        page = next(iter(student.values()))
        pages.append(page)
        if not page["pageInfo"]["hasNextPage"]:
            return pages
        after = page["pageInfo"]["endCursor"]


def _ids(*pages: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for page in pages for edge in page["edges"]]


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("size", [1, 4, 7])
async def test_pages_join_up_to_the_whole_list(gateway: Gateway, order: str, size: int) -> None:
    (whole,) = await _pages(gateway, GRADES, first=200, order=order)
    pages = await _pages(gateway, GRADES, first=size, order=order)
    assert _ids(*pages) == _ids(whole)
    assert len(set(_ids(whole))) == whole["totalCount"] > 8
    assert {page["totalCount"] for page in pages} == {whole["totalCount"]}
    assert [page["pageInfo"]["hasPreviousPage"] for page in pages] == [False, *[True] * (len(pages) - 1)]


async def test_the_two_orders_are_mirror_images(gateway: Gateway) -> None:
    (newest,) = await _pages(gateway, GRADES, first=200, order="DESC")
    (oldest,) = await _pages(gateway, GRADES, first=200, order="ASC")
    assert _ids(newest) == _ids(oldest)[::-1]


async def test_the_behaviour_time_line_pages_over_three_kinds_of_records(gateway: Gateway) -> None:
    (whole,) = await _pages(gateway, BEHAVIOUR, first=200)
    pages = await _pages(gateway, BEHAVIOUR, first=1)
    assert _ids(*pages) == _ids(whole)
    assert whole["totalCount"] == len(_ids(whole))


async def test_messages_page_backwards_from_the_newest(gateway: Gateway) -> None:
    data = await gateway.data('{ conversations(search: "suivi", first: 1) { nodes { id messageCount } } }')
    (thread,) = data["conversations"]["nodes"]
    assert thread["messageCount"] == 3

    async def page(**variables: Any) -> dict[str, Any]:
        found = await gateway.data(MESSAGES, None, {"id": thread["id"], **variables})
        result: dict[str, Any] = found["conversation"]["messages"]
        return result

    whole = await page(first=200)
    newest = await page(last=2)
    assert _ids(newest) == _ids(whole)[1:]
    assert (newest["pageInfo"]["hasPreviousPage"], newest["pageInfo"]["hasNextPage"]) == (True, False)
    older = await page(last=2, before=newest["pageInfo"]["startCursor"])
    assert _ids(older) == _ids(whole)[:1]
    assert (older["pageInfo"]["hasPreviousPage"], older["pageInfo"]["hasNextPage"]) == (False, True)


async def test_a_page_beyond_the_end_is_empty_and_still_knows_the_total(gateway: Gateway) -> None:
    (whole,) = await _pages(gateway, GRADES, first=200)
    variables = {"first": 3, "after": whole["pageInfo"]["endCursor"]}
    data = await gateway.data(GRADES, gateway.people.guardian(1), variables)
    assert data["viewer"]["students"][0]["grades"] == {
        "totalCount": whole["totalCount"],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None},
        "edges": [],
    }


async def test_first_zero_counts_and_lists_nothing(gateway: Gateway) -> None:
    data = await gateway.data("{ viewer { students { grades(first: 0) { totalCount nodes { id } } } } }")
    assert all(one["grades"]["totalCount"] > 0 for one in data["viewer"]["students"])
    assert all(one["grades"]["nodes"] == [] for one in data["viewer"]["students"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("first: -1", "`first` must lie between 0 and 200, not -1."),
        ("first: 201", "`first` must lie between 0 and 200, not 201."),
        ('after: "nonsense"', "The cursor 'nonsense' does not belong to this list."),
        ('after: "WyJ4Il0"', "The cursor 'WyJ4Il0' does not belong to this list."),
    ],
)
async def test_a_wrong_page_is_refused_and_costs_its_own_field_only(
    gateway: Gateway, arguments: str, message: str
) -> None:
    query = f"{{ viewer {{ kind students {{ id grades({arguments}) {{ totalCount }} }} }} }}"
    answer = await gateway.ask(query, gateway.people.guardian(1))
    (student,) = answer["data"]["viewer"]["students"]
    assert student["grades"] is None and student["id"]
    (error,) = answer["errors"]
    assert (error["message"], error["extensions"]) == (message, {"code": "INVALID_ARGUMENT"})


@pytest.mark.parametrize("name", ["conversations", "documents", "helpArticles", "directory"])
async def test_a_search_for_too_much_is_refused(sqlite_gateway: Gateway, name: str) -> None:
    query = f"query($words: String) {{ {name}(search: $words) {{ __typename }} }}"
    assert "errors" not in await sqlite_gateway.ask(query, variables={"words": "%" * 200})
    (error,) = (await sqlite_gateway.ask(query, variables={"words": "%" * 201}))["errors"]
    assert error["extensions"] == {"code": "INVALID_ARGUMENT"}
    assert error["message"] == (
        "`search` has 201 characters; at the most 200 are allowed. Search for a few words."
    )
