"""GraphQL over HTTP by the book: what is refused and how, media types, statuses, headers of every answer."""

from __future__ import annotations

import asyncio
import gzip
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from strawberry.asgi import GraphQL

from gateway.execution.planned_schema import PlannedSchema
from gateway.graphql_endpoint import GraphQLEndpoint
from gateway.media_types import JSON, RESULT, media_type_of_answer
from gateway.operations import PLACES_FOR_STRANGERS, Answer, Operations
from gateway.pages import explorer_is_installed
from gateway.plain_requests import PlainRequests
from gateway.rates import EXECUTED_AT_ONCE
from gateway.settings import Settings
from resolvers.context import RequestContext
from tests.conftest import ROOT, Gateway, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPENAME = '{"query": "{ __typename }"}'
DEEP = '{"query": "{ __typename }", "variables": {"a": ' + "[" * 1100 + "]" * 1100 + "}}"
HUGE_NUMBER = '{"query": "query ($n: Int) { __typename }", "variables": {"n": ' + "9" * 200_000 + "}}"
CHILD = "query ($first: Int) { viewer { students { grades(first: $first) { totalCount } } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """One application for all tests here: none of them writes."""
    async with running(f"sqlite:///{sqlite_template}", tmp_path_factory.mktemp("asked")) as found:
        yield found


async def sent(gateway: Gateway, content: str | bytes, **headers: str) -> httpx.Response:
    """Send a body as the first guardian, as JSON where the headers say nothing else."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    given = {"Content-Type": "application/json", "Authorization": authorization(gateway)} | named
    return await gateway.client.post("/graphql", content=content, headers=given)


def authorization(gateway: Gateway) -> str:
    """The header of the first guardian."""
    return f"Bearer {gateway.token(gateway.people.guardian(3))}"


def codes(answer: httpx.Response) -> tuple[int, list[str]]:
    """The status of an answer, and the codes of its errors; it may have no data."""
    body = answer.json()
    assert set(body) == {"errors"}
    return answer.status_code, [one["extensions"]["code"] for one in body["errors"]]


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        pytest.param("", {}, 400, "BAD_REQUEST", id="no body"),
        pytest.param("{", {}, 400, "BAD_REQUEST", id="no JSON"),
        pytest.param("null", {}, 400, "BAD_REQUEST", id="null"),
        pytest.param('"x"', {}, 400, "BAD_REQUEST", id="a text"),
        pytest.param(f"[{TYPENAME}]", {}, 400, "BAD_REQUEST", id="a batch"),
        pytest.param(DEEP, {}, 400, "BAD_REQUEST", id="nested 1100 deep"),
        pytest.param(b'{"query": "\xff"}', {}, 400, "BAD_REQUEST", id="no UTF-8"),
        pytest.param('{"query": "\\ud800"}', {}, 400, "BAD_REQUEST", id="half a character"),
        pytest.param("{}", {}, 400, "BAD_REQUEST", id="no query"),
        pytest.param('{"query": ""}', {}, 400, "BAD_REQUEST", id="an empty query"),
        pytest.param('{"query": 5}', {}, 400, "BAD_REQUEST", id="query 5"),
        *(
            pytest.param(
                f'{{"query": "{{ __typename }}", "{name}": {value}}}',
                {},
                400,
                "BAD_REQUEST",
                id=f"{name} {value}",
            )
            for name, wrong in {
                "operationName": ("{}", "[]", "5", "false"),
                "variables": ("[]", "0", "false", '"x"'),
                "extensions": ("[]", "0", "true", '"x"'),
            }.items()
            for value in wrong
        ),
        pytest.param(
            gzip.compress(TYPENAME.encode()),
            {"Content_Encoding": "gzip"},
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            id="compressed",
        ),
        *(
            pytest.param(
                TYPENAME,
                {"Content_Type": kind, "Accept": accept},
                415,
                "UNSUPPORTED_MEDIA_TYPE",
                id=f"{kind} for {accept}",
            )
            for kind in (
                "text/plain",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
                "application/json; charset=latin-1",
            )
            for accept in ("application/json", "text/event-stream")
        ),
        pytest.param(TYPENAME, {"Accept": "image/png"}, 406, "NOT_ACCEPTABLE", id="only images"),
        pytest.param(
            '{"query": "subscription { messageReceived { cursor } }"}',
            {},
            406,
            "NOT_ACCEPTABLE",
            id="a subscription for JSON",
        ),
        pytest.param(TYPENAME, {"Authorization": "Basic abc"}, 401, "UNAUTHENTICATED", id="no bearer"),
        pytest.param('{"query": "' + "#" * 300_000 + '"}', {}, 413, "TOO_LARGE", id="too large"),
    ],
)
@pytest.mark.parametrize("accept", [JSON, RESULT])
async def test_what_is_no_request_is_refused_with_a_code_and_leaves_no_trace(
    asked: Gateway,
    caplog: pytest.LogCaptureFixture,
    content: str | bytes,
    headers: dict[str, str],
    status: int,
    code: str,
    accept: str,
) -> None:
    answer = await sent(asked, content, **({"Accept": accept} | headers))
    assert codes(answer) == (status, [code])
    if "Accept" not in headers:
        assert answer.headers["content-type"] in (accept, JSON)
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED", "Syntax Error: Expected Name, found <EOF>."),
        (
            {"query": "{ nothing }"},
            "GRAPHQL_VALIDATION_FAILED",
            "Cannot query field 'nothing' on type 'Query'.",
        ),
        (
            {"query": CHILD, "variables": {"first": "many"}},
            "BAD_USER_INPUT",
            "Variable '$first' has invalid value: Int cannot represent non-integer value: 'many'",
        ),
        (
            {"query": "query A { __typename } query B { __typename }"},
            "OPERATION_RESOLUTION_FAILURE",
            "The document has several operations: name the one to execute in `operationName`.",
        ),
        (
            {"query": "query A { __typename }", "operationName": "C"},
            "OPERATION_RESOLUTION_FAILURE",
            "The document has no operation C; name one in `operationName`.",
        ),
        (
            {"query": "fragment F on Query { __typename }"},
            "OPERATION_RESOLUTION_FAILURE",
            "The document has no operation; name one in `operationName`.",
        ),
    ],
)
@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (RESULT, 400)])
async def test_an_operation_that_was_not_executed_has_no_data_and_a_code_of_its_own(
    asked: Gateway, body: dict[str, Any], code: str, message: str, accept: str, status: int
) -> None:
    headers = {"Accept": accept, "Authorization": authorization(asked)}
    answer = await asked.client.post("/graphql", json=body, headers=headers)
    assert codes(answer) == (status, [code])
    assert answer.json()["errors"][0]["message"] == message
    assert answer.headers["content-type"] == accept


async def test_a_number_of_many_digits_is_wrong_and_no_fault(asked: Gateway) -> None:
    answer = await sent(asked, HUGE_NUMBER, Accept=RESULT)
    assert codes(answer) in [(400, ["BAD_USER_INPUT"]), (400, ["BAD_REQUEST"])]


async def test_what_was_executed_has_status_200_with_and_without_errors(asked: Gateway) -> None:
    for query, data in (
        ("{ viewer { kind } }", {"viewer": {"kind": "GUARDIAN"}}),
        ("{ node(id: 5) { id } }", None),
    ):
        answer = await sent(asked, f'{{"query": "{query}"}}', Accept=RESULT)
        assert answer.status_code == 200 and answer.headers["content-type"] == RESULT
        assert data is None or answer.json() == {"data": data}
    anonymous = await asked.client.post(
        "/graphql", json={"query": "{ viewer { kind } }"}, headers={"Accept": RESULT}
    )
    assert anonymous.status_code == 200 and anonymous.json()["data"] == {"viewer": None}


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("*/*", JSON),
        (JSON, JSON),
        (RESULT, RESULT),
        (f"{RESULT}, {JSON};q=0.9", RESULT),
        (f"{RESULT}, {JSON}", RESULT),
        (f"{JSON}, {RESULT}", JSON),
        (f"{JSON}, {RESULT};q=0.1", JSON),
        (f"{RESULT}; charset=utf-8, */*", RESULT),
        (f"{RESULT};q=0, */*;q=0.1", JSON),
        ("application/*;q=x, application/*", JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
    ],
)
async def test_the_media_type_is_the_one_that_is_wanted_most(accept: str | None, chosen: str) -> None:
    assert media_type_of_answer(accept) == chosen


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({}, 400, "BAD_REQUEST"),
        ({"query": "{ __typename }", "variables": "{"}, 400, "BAD_REQUEST"),
        ({"query": "{ __typename }", "variables": "[]"}, 400, "BAD_REQUEST"),
        ({"query": "{ __typename }", "extensions": "5"}, 400, "BAD_REQUEST"),
        ({"query": "{ __typename }", "extensions": '{"cost": "yes"}'}, 400, "BAD_REQUEST"),
        (
            {"query": "mutation { markNewsRead(input: {newsIds: []}) { errors { code } } }"},
            401,
            "UNAUTHENTICATED",
        ),
        ({"query": "mutation { __typename }"}, 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_what_may_not_be_asked_by_get_is_refused(
    asked: Gateway, parameters: dict[str, str], status: int, code: str
) -> None:
    answer = await asked.client.get("/graphql", params=parameters)
    assert codes(answer) == (status, [code])


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", "/graphql", 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS", "/graphql", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("POST", "/graphql/", 404, "NOT_FOUND"),
        ("GET", "/pages/install.py", 404, "NOT_FOUND"),
        ("GET", "/pages/__init__.py", 404, "NOT_FOUND"),
        ("GET", "/pages/node_modules/graphql/package.json", 404, "NOT_FOUND"),
        ("GET", "/assets/react.js", 404, "NOT_FOUND"),
        ("GET", "/assets/../install.py", 404, "NOT_FOUND"),
        ("GET", "/assets/%2e%2e%2finstall.py", 404, "NOT_FOUND"),
        ("GET", "/assets/..%5cinstall.py", 404, "NOT_FOUND"),
    ],
)
async def test_other_addresses_and_methods_are_refused_in_json(
    asked: Gateway, method: str, path: str, status: int, code: str
) -> None:
    assert codes(await asked.client.request(method, path)) == (status, [code])


async def test_a_fault_of_ours_is_answered_in_json_and_found_in_the_log(
    asked: Gateway, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_operation: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(PlannedSchema, "answer", broken)
    answer = await sent(asked, TYPENAME, Accept=RESULT)
    assert codes(answer) == (500, ["INTERNAL"])
    assert "secret" not in answer.text
    (logged,) = caplog.records
    assert logged.getMessage().split()[0] in answer.text


async def test_no_answer_is_kept_or_framed_or_taken_for_another_type(asked: Gateway) -> None:
    for answer in (
        await sent(asked, TYPENAME),
        await sent(asked, "{"),
        await asked.client.get("/healthz"),
        await asked.client.get("/nothing"),
    ):
        found = {name: value for name, value in answer.headers.items() if name != "content-length"}
        assert found == {
            "content-type": "application/json",
            "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-resource-policy": "same-origin",
            "cache-control": "private, no-store",
            "vary": "Accept-Encoding",
        }


@pytest.mark.parametrize("encoding", ["", "gzip", "identity", "zstd, br, gzip"])
@pytest.mark.parametrize(
    ("body", "authorized"),
    [
        (TYPENAME, True),
        ('{"query": "{ viewer { students { grades(first: 50) { nodes { id } } } } }"}', True),
        ('{"query": "{ viewer { kind } }"}', False),
        ('{"query": "{ nothing }"}', True),
        ('{"query": "mutation { nothing"}', True),
        ("{", True),
        ("", True),
    ],
)
async def test_usual_requests_are_answered_as_by_way_of_routes_and_middleware(
    asked: Gateway, monkeypatch: pytest.MonkeyPatch, body: str, authorized: bool, encoding: str
) -> None:
    headers = {"Accept-Encoding": encoding, **({} if authorized else {"Authorization": "Bearer x"})}
    found = await sent(asked, body, **headers)
    monkeypatch.setattr(PlainRequests, "_is_usual", lambda *_: False)
    usual = await sent(asked, body, **headers)
    assert (found.status_code, found.headers, found.content) == (
        usual.status_code,
        usual.headers,
        usual.content,
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Encoding": "gzip"},
        {"Content-Length": "1000000000"},
        {"Content-Length": "-1"},
        {"Accept": "text/event-stream"},
        {"Accept": RESULT},
        {"Origin": "https://portal.example"},
    ],
)
async def test_what_is_not_quite_usual_goes_by_way_of_routes_and_middleware(headers: dict[str, str]) -> None:
    settings = Settings(allowed_origins=["https://portal.example"])
    requests = PlainRequests(Starlette(), GraphQLEndpoint.__new__(GraphQLEndpoint), settings)
    usual = {"Content-Type": JSON, "Content-Length": "10", "Accept": "*/*"}
    named = {name.lower().encode(): value.encode() for name, value in (usual | headers).items()}
    assert not requests._is_usual(named)
    assert requests._is_usual({name.lower().encode(): value.encode() for name, value in usual.items()})


async def test_the_page_runs_scripts_of_its_own_only_and_its_files_are_kept_for_ever(
    asked: Gateway,
) -> None:
    page = await asked.client.get("/graphql", headers={"Accept": "text/html"})
    policy = dict(one.strip().split(" ", 1) for one in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert page.headers["cache-control"] == "private, no-store"
    if not explorer_is_installed():
        pytest.skip("Node.js was not there at set-up.")
    files = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(files) == 6 and "<style" not in page.text and "<script>" not in page.text
    for path in files:
        assert re.fullmatch(r"/assets/[a-z-]+\.[0-9a-f]{16}\.(js|css)", path)
        file = await asked.client.get(path)
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert file.headers["content-type"].startswith(("text/javascript", "text/css"))
        assert file.headers["x-content-type-options"] == "nosniff"
        plain = await asked.client.get(path, headers={"Accept-Encoding": "br, zstd"})
        assert file.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
        assert file.content == plain.content


@pytest.mark.parametrize(
    ("accepted", "first", "encoding"),
    [
        ("zstd, br, gzip", 50, "zstd"),
        ("gzip, deflate, br", 50, "br"),
        ("gzip", 50, "gzip"),
        ("zstd;q=0, gzip", 50, "gzip"),
        ("identity", 50, None),
        ("zstd, br, gzip", 1, None),
    ],
)
async def test_answers_of_a_kilobyte_and_more_are_compressed_as_the_client_takes_it(
    asked: Gateway, accepted: str, first: int, encoding: str | None
) -> None:
    query = f"{{ viewer {{ students {{ grades(first: {first}) {{ nodes {{ id }} }} }} }} }}"
    answer = await sent(asked, f'{{"query": "{query}"}}', Accept_Encoding=accepted, Accept=RESULT)
    assert answer.status_code == 200
    assert answer.headers.get("content-encoding") == encoding
    assert (len(answer.content) >= 1024) == (first == 50)
    assert "accept-encoding" in answer.headers.get("vary", "").lower() or encoding is None


async def test_origins_that_are_named_may_ask_and_others_may_not(
    sqlite_template: Path, tmp_path: Path
) -> None:
    async with running(
        f"sqlite:///{sqlite_template}", tmp_path, allowed_origins=["https://App.example:443"]
    ) as gateway:
        for origin, allowed in (
            ("https://app.example", "https://app.example"),
            ("https://evil.example", None),
        ):
            headers = {
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type",
            }
            preflight = await gateway.client.options("/graphql", headers=headers)
            assert preflight.headers.get("access-control-allow-origin") == allowed
            assert preflight.status_code == (200 if allowed else 400)
            answer = await sent(gateway, TYPENAME, Origin=origin)
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert "access-control-allow-credentials" not in answer.headers


async def test_without_the_setting_no_other_origin_is_named(asked: Gateway) -> None:
    answer = await sent(asked, TYPENAME, Origin="https://app.example")
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize(
    ("max_requests", "who", "refused"),
    [(1, 3, (503, ["TOO_BUSY"])), (4, 3, (429, ["TOO_MANY_REQUESTS"])), (4, 6, None)],
    ids=["all places are taken", "those of the viewer are", "another viewer has places"],
)
async def test_more_requests_at_once_than_the_limit_are_told_to_come_back(
    sqlite_template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    max_requests: int,
    who: int,
    refused: tuple[int, list[str]] | None,
) -> None:
    async with running(f"sqlite:///{sqlite_template}", tmp_path, max_requests=max_requests) as gateway:
        begun, released, answered = asyncio.Event(), asyncio.Event(), Operations.answered

        async def waits(self: Operations, *given: Any) -> Answer:
            begun.set()
            await released.wait()
            return await answered(self, *given)

        monkeypatch.setattr(Operations, "answered", waits)
        first = asyncio.create_task(sent(gateway, TYPENAME))
        await begun.wait()
        monkeypatch.setattr(Operations, "answered", answered)
        token = gateway.token(gateway.people.guardian(who))
        second = await sent(gateway, TYPENAME, Authorization=f"Bearer {token}")
        if refused is None:
            assert second.json() == {"data": {"__typename": "Query"}}
        else:
            assert codes(second) == refused
            assert second.headers["retry-after"] == "1" and "max_requests" in second.text
        released.set()
        assert (await first).json() == {"data": {"__typename": "Query"}}
        assert (await sent(gateway, TYPENAME)).status_code == 200


async def test_of_one_viewer_few_requests_are_executed_at_once_and_others_do_not_wait(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(f"sqlite:///{sqlite_template}", tmp_path) as gateway:
        released, executed, answer = asyncio.Event(), list[str](), PlannedSchema.answer

        async def waits(self: PlannedSchema, prepared: Any, context: RequestContext) -> Any:
            executed.append(context.caller.person_id)
            await released.wait()
            return await answer(self, prepared, context)

        monkeypatch.setattr(PlannedSchema, "answer", waits)
        first, second = gateway.people.guardian(3), gateway.people.guardian(6)
        asked = [asyncio.create_task(gateway.post("{ __typename }", first)) for _ in range(10)]
        while len(executed) < EXECUTED_AT_ONCE:
            await asyncio.sleep(0.01)
        asked.append(asyncio.create_task(gateway.post("{ __typename }", second)))
        while second.person_id not in executed:
            await asyncio.sleep(0.01)
        assert executed == [first.person_id] * EXECUTED_AT_ONCE + [second.person_id]
        released.set()
        assert {one.text for one in await asyncio.gather(*asked)} == {'{"data":{"__typename":"Query"}}'}


async def test_a_stranger_has_few_places(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(f"sqlite:///{sqlite_template}", tmp_path) as gateway:
        released, answer = asyncio.Event(), PlannedSchema.answer

        async def waits(self: PlannedSchema, *given: Any) -> Any:
            await released.wait()
            return await answer(self, *given)

        monkeypatch.setattr(PlannedSchema, "answer", waits)
        body, headers = TYPENAME, {"Content-Type": "application/json"}
        transport = httpx.ASGITransport(gateway.app, client=("192.0.2.7", 0))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as stranger:
            asked = [
                asyncio.create_task(stranger.post("/graphql", content=body, headers=headers))
                for _ in range(PLACES_FOR_STRANGERS + 1)
            ]
            done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            refused = done.pop().result()
            assert codes(refused) == (429, ["TOO_MANY_REQUESTS"])
            assert "8 requests of one address without a token at once" in refused.text
            released.set()
            assert sorted(one.status_code for one in await asyncio.gather(*asked)) == [200] * 8 + [429]


async def test_a_body_that_is_slow_to_arrive_takes_no_place(sqlite_template: Path, tmp_path: Path) -> None:
    async with running(f"sqlite:///{sqlite_template}", tmp_path, max_requests=1) as gateway:
        inside: list[httpx.Response] = []

        async def body() -> Any:
            inside.append(await sent(gateway, TYPENAME))
            yield TYPENAME.encode()

        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(TYPENAME)),
            "Authorization": authorization(gateway),
        }
        first = await gateway.client.post("/graphql", content=body(), headers=headers)
        assert [one.json() for one in (first, *inside)] == [{"data": {"__typename": "Query"}}] * 2


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_a_content_length_of_thousands_of_digits_is_refused(asked: Gateway, accept: str) -> None:
    headers = {"Content_Length": "0" * 5_000 + "2", "Accept": accept}
    assert codes(await sent(asked, b"{}", **headers)) == (413, ["TOO_LARGE"])


async def test_a_client_whose_address_is_none_is_answered(sqlite_template: Path, tmp_path: Path) -> None:
    async with running(f"sqlite:///{sqlite_template}", tmp_path) as gateway:
        transport = httpx.ASGITransport(gateway.app, client=("unknown", 0))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as gateway.client:
            assert (await sent(gateway, TYPENAME)).json() == {"data": {"__typename": "Query"}}


async def test_no_other_view_answers_over_http() -> None:
    users = [
        path.name
        for path in sorted((ROOT / "gateway").glob("*.py"))
        if GraphQL.__module__ in path.read_text(encoding="utf-8")
    ]
    assert users == ["websocket.py"]
