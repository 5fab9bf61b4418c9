"""Every record that has a global id can be read again with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLSchema

from resolvers.identifiers import GlobalId
from resolvers.registry import strawberry_schema
from resolvers.viewer import Caller
from tests.conftest import Gateway

GRAPHQL: GraphQLSchema = strawberry_schema()._schema
EVERYTHING = """
fragment I on Node { __typename id }
{
  charter { ...I myAcceptance { ...I } }
  helpArticles(first: 1) { ...I }
  dataSources { ...I }
  events(first: 2) { nodes { ...I } }
  news(first: 2) { nodes { ...I } }
  documents(first: 2) { nodes { ...I } }
  directory(first: 2) { nodes { ...I } }
  conversations(first: 1) { nodes { ...I messages(first: 1) { nodes { ...I } } } }
  viewer {
    guardian { ...I }
    dashboard { ...I widgets { ...I } }
    students {
      ...I
      school { ...I skillScales { ...I } }
      schoolClass { ...I }
      groups { ...I }
      subjects { ...I }
      mainTeachers { ...I }
      periods { ...I }
      guardianships { guardian { ...I } }
      absenceReasons { ...I }
      timetable(range: TODAY) { lessons { ...I } }
      lessonContents(first: 1, range: SCHOOL_YEAR) { nodes { ...I } }
      homework(first: 1, range: SCHOOL_YEAR) { nodes { ...I } }
      grades(first: 1) { nodes { ...I } }
      skillEvaluations(first: 1) { nodes { ...I results { skill { ...I domain { ...I } } } } }
      absences(first: 9) { nodes { ...I justifications { ...I } } }
      behaviour(first: 9) { nodes { ...I } }
      liaisonNotes { nodes { ...I acknowledgements { ...I } } }
      trips { nodes { ...I updates(first: 1) { nodes { ...I } } } }
    }
  }
}
"""


def _found(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if "__typename" in value and "id" in value:
            yield value["__typename"], value["id"]
        for one in value.values():
            yield from _found(one)
    elif isinstance(value, list):
        for one in value:
            yield from _found(one)


async def test_every_node_type_is_read_again_by_its_id(gateway: Gateway) -> None:
    expected = {one.name for one in GRAPHQL.get_possible_types(_node())}
    seen: dict[str, tuple[str, Caller]] = {}
    for caller in (gateway.people.guardian(3), gateway.people.guardian(6), gateway.people.guardian(2)):
        for kind, identifier in _found(await gateway.data(EVERYTHING, caller)):
            seen.setdefault(kind, (identifier, caller))
    assert set(seen) == expected
    for kind, (identifier, caller) in seen.items():
        query = "query($id: ID!) { node(id: $id) { __typename id } }"
        data = await gateway.data(query, caller, {"id": identifier})
        assert data == {"node": {"__typename": kind, "id": identifier}}


def _node() -> GraphQLInterfaceType:
    node = GRAPHQL.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    return node


async def test_an_id_that_never_was_one_is_null(gateway: Gateway) -> None:
    caller = gateway.people.guardian(3)
    with_nul = GlobalId("NewsItem", "native", "a\0b").encode()
    for identifier in ("", "x", "%%%", "a" * 5000, "TGVzc29u", with_nul):
        data = await gateway.data("query($id: ID!) { node(id: $id) { id } }", caller, {"id": identifier})
        assert data == {"node": None}
