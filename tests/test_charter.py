"""The charter: nothing answers before it is accepted, and a refusal closes the session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.app import utc_now
from resolvers.viewer import Caller
from tests.conftest import Gateway, running

PENDING = "{ viewer { charterStatus pendingCharter { id version title myAcceptance { decision } } } }"
ACCEPT = """mutation($input: AcceptCharterInput!) { acceptCharter(input: $input) {
  acceptance { decision charter { title } } viewer { charterStatus students { id } }
  errors { code field } clientMutationId } }"""
REFUSE = """mutation($input: RefuseCharterInput!) { refuseCharter(input: $input) {
  acceptance { decision } viewer { charterStatus } errors { code } } }"""


def newcomer(gateway: Gateway) -> Caller:
    """The one guardian of the demo who has not answered the charter."""
    return Caller("GUARDIAN", gateway.people.last_guardian)


async def _charter(gateway: Gateway) -> dict[str, Any]:
    found: dict[str, Any] = (await gateway.data(PENDING, newcomer(gateway)))["viewer"]["pendingCharter"]
    return found


async def test_before_acceptance_every_other_field_answers_charter_not_accepted(
    sqlite_gateway: Gateway,
) -> None:
    query = """{ viewer { kind charterStatus pendingCharter { title school { name periods { name } } }
      students { id }
      counters { unreadNews } dashboard { revision } } students { id } news { totalCount }
      helpArticles(first: 1) { title } dataSources { name } }"""
    answer = await sqlite_gateway.ask(query, newcomer(sqlite_gateway))
    viewer = answer["data"].pop("viewer")
    assert answer["data"] == {
        "students": None,
        "news": None,
        "helpArticles": [{"title": "Comprendre un cours annulé"}],
        "dataSources": None,
    }
    assert (viewer["kind"], viewer["charterStatus"]) == ("GUARDIAN", "REQUIRED")
    assert viewer["pendingCharter"]["school"]["periods"] is None
    assert viewer["students"] is viewer["counters"] is viewer["dashboard"] is None
    assert {one["extensions"]["code"] for one in answer["errors"]} == {"CHARTER_NOT_ACCEPTED"}


async def test_accepting_opens_everything_and_twice_changes_nothing(own_gateway: Gateway) -> None:
    caller = newcomer(own_gateway)
    seen = set()
    while charter := (await own_gateway.data(PENDING, caller))["viewer"]["pendingCharter"]:
        assert charter["id"] not in seen
        seen.add(charter["id"])
        given = {"charterId": charter["id"], "version": charter["version"], "clientMutationId": "m1"}
        for _ in range(2):
            data = await own_gateway.ask(ACCEPT, caller, {"input": given})
            payload = data["data"]["acceptCharter"]
            assert payload["errors"] == [] and payload["clientMutationId"] == "m1"
            assert payload["acceptance"] == {
                "decision": "ACCEPTED",
                "charter": {"title": "Charte d'utilisation"},
            }
    data = await own_gateway.data("{ viewer { charterStatus students { id } } }", caller)
    assert data["viewer"]["charterStatus"] == "ACCEPTED"
    assert data["viewer"]["students"]


async def test_another_version_than_the_one_in_force_is_a_conflict(own_gateway: Gateway) -> None:
    charter = await _charter(own_gateway)
    given = {"charterId": charter["id"], "version": "2019-09"}
    answer = await own_gateway.ask(ACCEPT, newcomer(own_gateway), {"input": given})
    assert answer["data"]["acceptCharter"]["errors"] == [{"code": "CONFLICT", "field": ["version"]}]
    assert answer["data"]["acceptCharter"]["acceptance"] is None


async def test_a_charter_that_does_not_exist_is_not_found(own_gateway: Gateway) -> None:
    given = {"charterId": own_gateway.people.student_id("nobody"), "version": "1"}
    answer = await own_gateway.ask(ACCEPT, newcomer(own_gateway), {"input": given})
    assert answer["data"]["acceptCharter"]["errors"] == [{"code": "NOT_FOUND", "field": ["charterId"]}]


async def test_refusing_closes_the_session_and_a_new_sign_in_may_accept(
    own_database: str, tmp_path: Path
) -> None:
    async with running(own_database, tmp_path, utc_now) as gateway:
        caller = newcomer(gateway)
        charter = await _charter(gateway)
        token = gateway.token(caller)
        answer = await gateway.post(REFUSE, None, {"input": {"charterId": charter["id"]}}, token)
        assert answer.json()["data"]["refuseCharter"] == {
            "acceptance": {"decision": "REFUSED"},
            "viewer": None,
            "errors": [],
        }
        again = await gateway.post(PENDING, None, token=token)
        assert again.status_code == 401
        assert again.json()["errors"][0]["extensions"] == {"code": "TOKEN_REVOKED"}


async def test_a_partner_has_no_charter_to_accept(sqlite_gateway: Gateway) -> None:
    school = sqlite_gateway.people.schools["0759901A"]
    partner = Caller("PARTNER", "tool", (school,), frozenset({"NEWS_READ"}))
    data = await sqlite_gateway.data("{ viewer { kind charterStatus } }", partner)
    assert data == {"viewer": {"kind": "PARTNER", "charterStatus": "NOT_REQUIRED"}}


SELECT = """mutation($input: SelectStudentInput!) { selectStudent(input: $input) {
  viewer { selectedStudent { id } } errors { code field } clientMutationId } }"""


async def test_the_selected_student_is_remembered_and_null_selects_all(own_gateway: Gateway) -> None:
    caller = own_gateway.people.guardian(3)
    student = own_gateway.people.student_id(own_gateway.people.children_of(caller)[1])
    query = "{ viewer { selectedStudent { id } } }"
    for chosen in (student, None):
        data = await own_gateway.data(SELECT, caller, {"input": {"studentId": chosen}})
        expected = {"selectedStudent": chosen and {"id": chosen}}
        assert data["selectStudent"] == {"viewer": expected, "errors": [], "clientMutationId": None}
        assert await own_gateway.data(query, caller) == {"viewer": expected}


@pytest.mark.parametrize("kind", ["stranger", "nobody", "garbage"])
async def test_a_student_who_is_not_mine_cannot_be_selected(own_gateway: Gateway, kind: str) -> None:
    people = own_gateway.people
    named = {
        "stranger": people.student_id(people.stranger_to(people.guardian(3))),
        "nobody": people.student_id("nobody"),
        "garbage": "%%%",
    }[kind]
    data = await own_gateway.data(SELECT, None, {"input": {"studentId": named}})
    assert data["selectStudent"] == {
        "viewer": {"selectedStudent": None},
        "errors": [{"code": "NOT_FOUND", "field": ["studentId"]}],
        "clientMutationId": None,
    }
