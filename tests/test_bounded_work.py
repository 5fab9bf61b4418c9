"""Limits of what one request may do and one caller may ask for, and what their errors say."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query
from sqlalchemy import text, update

from adapters import records as r
from adapters.base import Children, Request
from adapters.native.compiled import CompiledStatement
from gateway.authentication import ANONYMOUS
from gateway.entrance import Refusal
from gateway.execution.planner import Asking, Planner, Prepared, Spent
from gateway.rates import Rates
from gateway.settings import Settings
from resolvers.viewer import Caller
from resolvers.writes.given import body, comment, line
from resolvers.writes.performing import Refused
from tests.conftest import Gateway, running
from tests.listening import free_port, wait_for
from tests.test_sources import CANTEEN, QUERY, _by_school, _timetables, beside_the_database
from tests.test_sources import NOUMEA as SCHOOL

A_GUARDIAN = Asking(is_anonymous=False, students=4)
REDIS = shutil.which("redis-server")
GRADES = "{ viewer { students { grades(first: 200) { nodes { id title comment } } } } }"
STRANGER = ("203.0.113.9", 4711)
GUARDIAN = Caller("GUARDIAN", "somebody")
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@asynccontextmanager
async def limited(template: Path, tmp_path: Path, **settings: Any) -> AsyncIterator[Gateway]:
    """Run the gateway with limits of its own, asked from an address that is no proxy."""
    async with limited_on(f"sqlite:///{template}", tmp_path, **settings) as gateway:
        yield gateway


@asynccontextmanager
async def limited_on(url: str, tmp_path: Path, **settings: Any) -> AsyncIterator[Gateway]:
    """Run the gateway on a database with limits of its own."""
    async with running(url, tmp_path, **settings) as gateway:
        transport = httpx.ASGITransport(gateway.app, client=STRANGER)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            gateway.client = client
            yield gateway


def error_of(answer: httpx.Response) -> dict[str, Any]:
    """Return the one error of an answer without data."""
    body = answer.json()
    assert list(body) == ["errors"] and len(body["errors"]) == 1
    error: dict[str, Any] = body["errors"][0]
    return error


async def test_the_cost_of_an_operation_is_told_on_request(sqlite_gateway: Gateway) -> None:
    async def asked(**extensions: Any) -> Any:
        token = sqlite_gateway.token(sqlite_gateway.people.guardian(3))
        body = {"query": "{ viewer { students { firstName } } }", "extensions": extensions}
        headers = {"Authorization": f"Bearer {token}"}
        return (await sqlite_gateway.client.post("/graphql", json=body, headers=headers)).json()

    assert "extensions" not in await asked()
    # The viewer, and five students with one field each, as the schema says of such a list.
    assert (await asked(cost=True))["extensions"] == {"cost": {"cost": 13, "limit": 75_000}}


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ viewer { students { id } } }", 1 + 1 * (1 + 1 + 5 * (1 + 1))),
        ("{ viewer { students { grades(first: 3) { nodes { id } } } } }", 3 + 5 * (1 + 1 + 1 + 1 + 3 * 2)),
        ("{ viewer { students { a: id b: id } } }", 3 + 5 * 3),
        (
            "{ viewer { students { homework(range: TODAY) { nodes { id } } } } }",
            3 + 5 * (1 + 1 + 1 + 1 + 4 * 2),
        ),
        (
            '{ viewer { students { homework(from: "2026-11-23", to: "2026-11-24") { nodes { id } } } } }',
            3 + 5 * (1 + 1 + 1 + 1 + 8 * 2),
        ),
        (
            "{ viewer { students { homework(range: SCHOOL_YEAR, first: 2) { nodes { id } } } } }",
            3 + 5 * (1 + 1 + 1 + 1 + 2 * 2),
        ),
        (
            "{ viewer { students { timetable(range: CURRENT_WEEK) { days { lessons { id } } } } } }",
            3 + 5 * (1 + 60 + 1 + 1 + 7 * (1 + 1 + 8 * 2)),
        ),
        ("query($n: Int) { news(first: $n) { nodes { id } } }", 200 + 1 + 1 + 10 * 2),
    ],
)
async def test_lists_multiply_along_the_path(sqlite_gateway: Gateway, query: str, cost: int) -> None:
    planner = sqlite_gateway.app.state.schema.planner
    assert (
        planner.prepare(query, None, {"n": 10} if "$n" in query else {}, A_GUARDIAN, Spent()).arguments.cost
        == cost
    )


@pytest.mark.parametrize(
    ("students", "query", "cost"),
    [
        (3, "{ viewer { students { id } } }", 3 + 5 * 2),
        (600, "{ viewer { students { id } } }", 3 + 1024 * 2),
        (600, "{ students { id } }", 1 + 1024 * 2),
        (600, '{ students(ids: ["a", "b"]) { id } }', 1 + 2 * 2),
        (600, "{ viewer { guardian { students { id } } } }", 5 + 5 * 2),
    ],
)
async def test_the_students_of_a_viewer_are_counted_as_they_are(
    sqlite_gateway: Gateway, students: int, query: str, cost: int
) -> None:
    planner = sqlite_gateway.app.state.schema.planner
    assert planner.prepare(query, None, {}, Asking(False, students), Spent()).arguments.cost == cost


TYPES = 'a%d: __type(name: "Node") { possibleTypes { fields { name type { name } } } }'


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (get_introspection_query(), None),
        (f"{{ {TYPES % 0} }}", None),
        ("{ " + " ".join(TYPES % number for number in range(8)) + " }", "OPERATION_TOO_COSTLY"),
    ],
)
async def test_the_schema_costs_what_its_largest_types_have(
    sqlite_gateway: Gateway, query: str, code: str | None
) -> None:
    body = (await sqlite_gateway.client.post("/graphql", json={"query": query})).json()
    assert (body["errors"][0]["extensions"]["code"] if "errors" in body else None) == code


async def test_errors_are_told_up_to_a_number(sqlite_gateway: Gateway) -> None:
    wrong = " ".join(f'a{number}: homework(after: "x", first: 0) {{ totalCount }}' for number in range(59))
    caller = sqlite_gateway.people.guardian(6)
    body = await sqlite_gateway.ask(f"{{ viewer {{ students {{ id {wrong} }} }} }}", caller)
    students = body["data"]["viewer"]["students"]
    assert {value for one in students for name, value in one.items() if name != "id"} == {None}
    assert {one["extensions"]["code"] for one in body["errors"][:-1]} == {"INVALID_ARGUMENT"}
    assert len(body["errors"]) == 201 and body["errors"][-1] == {
        "message": "154 more fields could not be read; ask for less at once to be told why.",
        "extensions": {"code": "TOO_MANY_ERRORS"},
    }


@pytest.mark.parametrize("body", ["{}" * 40_000, "{ a" + " a" * 5_000, "x" * 200_000])
async def test_reading_what_is_no_operation_is_charged(
    sqlite_template: Path, tmp_path: Path, body: str
) -> None:
    limits = {"max_cost": 10_000, "rate_per_viewer": 20_000}
    async with limited(sqlite_template, tmp_path, **limits) as gateway:
        content = json.dumps({"query": body}) if body.startswith("{ a") else body
        headers = {"Content-Type": "application/json"}
        statuses = [
            (await gateway.client.post("/graphql", content=content, headers=headers)).status_code
            for _ in range(8)
        ]
    assert statuses[0] in (200, 400) and statuses[-1] == 429


async def test_what_may_cost_too_much_is_refused_with_cost_limit_and_remedy(
    sqlite_template: Path, tmp_path: Path
) -> None:
    async with limited(sqlite_template, tmp_path, max_cost=1_000) as gateway:
        answer = await gateway.post(GRADES, gateway.people.guardian(3))
        assert not [one for one in gateway.statements if "FROM grade" in one]
    assert answer.status_code == 200
    assert error_of(answer) == {
        "message": "The operation may cost 4023; at the most 1000 are allowed (the setting max_cost). "
        "Ask for fewer records with `first`, for fewer students with `ids`, a shorter window, or fewer "
        "levels of lists in one another; the schema says with @listSize, @window and @cost what counts, and "
        "extensions.cost what an operation does.",
        "extensions": {"code": "OPERATION_TOO_COSTLY"},
    }


async def test_an_answer_of_too_many_records_is_refused_whole(sqlite_template: Path, tmp_path: Path) -> None:
    async with limited(sqlite_template, tmp_path, max_records=100) as gateway:
        answer = await gateway.post(GRADES, gateway.people.guardian(6))
        few = await gateway.post(GRADES.replace("200", "2"), gateway.people.guardian(6))
    assert answer.status_code == 400
    assert error_of(answer) == {
        "message": "The answer needs more than 100 records (the setting max_records). Ask for fewer with "
        "`first`, for a shorter window, or for fewer levels of lists in one another.",
        "extensions": {"code": "ANSWER_TOO_LARGE"},
    }
    assert "errors" not in few.json()


async def test_an_answer_of_too_many_bytes_is_refused_whole(sqlite_template: Path, tmp_path: Path) -> None:
    async with limited(sqlite_template, tmp_path, max_answer=10_000) as gateway:
        answer = await gateway.post(GRADES, gateway.people.guardian(6))
    assert answer.status_code == 400
    assert error_of(answer) == {
        "message": "The answer has more than 10000 bytes (the setting max_answer). Ask for fewer records or "
        "fields at once.",
        "extensions": {"code": "ANSWER_TOO_LARGE"},
    }


async def test_an_answer_that_takes_too_long_is_given_up(
    sqlite_template: Path, sqlite_gateway: Gateway, tmp_path: Path
) -> None:
    entries = _timetables(sqlite_gateway, CANTEEN)
    async with beside_the_database(
        sqlite_template, tmp_path, entries, delay=600, timeout=60, answer_timeout=0.2
    ) as gateway:
        answer = await gateway.post(QUERY, gateway.people.guardian(3))
    assert answer.status_code == 503
    assert error_of(answer) == {
        "message": "The answer took longer than 0.2 seconds (the setting answer_timeout). "
        "Ask for less at once.",
        "extensions": {"code": "ANSWER_TIMEOUT"},
    }


async def test_a_mutation_that_takes_too_long_says_that_it_may_be_written(
    own_database: str, tmp_path: Path
) -> None:
    save = "mutation { saveDashboard(input: {expectedRevision: 0, widgets: []}) { errors { code } } }"
    async with running(own_database, tmp_path, answer_timeout=0.3) as gateway:
        async with gateway.engine.begin() as other:
            # Another program holds what the mutation has to write.
            is_sqlite = gateway.engine.dialect.name == "sqlite"
            held = "UPDATE feed_head SET position = position" if is_sqlite else "LOCK TABLE feed_head"
            await other.execute(text(held))
            answer = await gateway.post(save, gateway.people.guardian(3))
        after = await gateway.post(save, gateway.people.guardian(3))
    assert answer.status_code == 503 and "retry-after" not in answer.headers
    assert error_of(answer) == {
        "message": "The answer took longer than 0.3 seconds (the setting answer_timeout). Ask for less at "
        "once. What it was to write may be written in part: read it before you write again.",
        "extensions": {"code": "ANSWER_TIMEOUT"},
    }
    assert after.json() == {"data": {"saveDashboard": {"errors": []}}}


async def test_the_end_of_a_transaction_is_not_interrupted(sqlite_gateway: Gateway) -> None:
    reader = sqlite_gateway.app.state.sources.native.reader
    reader._here.set_progress_handler(lambda: time.perf_counter() > reader._until, 1)
    reader._until = math.inf
    reader._here.execute("BEGIN")
    reader._here.execute("SELECT count(*) FROM student").fetchall()
    reader._until = 0.0  # the time of the statement is over
    reader._end_transaction()
    assert not reader._here.in_transaction


async def test_statements_nobody_waits_for_are_stopped(gateway: Gateway) -> None:
    """An endless statement ends with who asked it, long before the time limit of the database."""
    reader = gateway.app.state.sources.native.reader
    statement = CompiledStatement(ENDLESS, lambda _parents, _values: [], ("count",), {}, (), str)
    asked = asyncio.create_task(reader.read(statement, [], "a request"))
    await asyncio.sleep(0.2)
    asked.cancel()
    began = time.monotonic()
    await asyncio.gather(asked, return_exceptions=True)
    if gateway.engine.dialect.name == "sqlite":
        # The connection is free again as soon as its statement stopped.
        while not reader._idle.qsize():
            assert time.monotonic() - began < 8
            await asyncio.sleep(0.01)
    else:
        endless = (
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
            "AND query LIKE '%RECURSIVE n(x)%'"
        )
        others = f"SELECT count(*) FROM ({endless} AND pid <> pg_backend_pid()) AS others"
        left = 1
        while left:
            assert time.monotonic() - began < 8
            # A transaction sees the activity of its first look only.
            async with gateway.engine.connect() as connection:
                left = (await connection.execute(text(others))).scalar_one()
    assert time.monotonic() - began < 8


async def test_a_client_that_hangs_up_ends_its_request(
    sqlite_template: Path, sqlite_gateway: Gateway, tmp_path: Path
) -> None:
    entries = _timetables(sqlite_gateway, CANTEEN)
    async with beside_the_database(sqlite_template, tmp_path, entries, delay=600, timeout=60) as gateway:
        token, left = gateway.token(gateway.people.guardian(3)), asyncio.Event()
        body = httpx.Request("POST", "http://gateway/graphql", json={"query": QUERY})
        sent: list[Any] = [{"type": "http.request", "body": body.content, "more_body": False}]

        async def receive() -> Any:
            if sent:
                return sent.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            raise AssertionError(message)

        headers = [
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body.content)).encode()),
        ]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
            "headers": headers,
            "client": STRANGER,
            "scheme": "http",
            "server": ("gateway", 80),
            "http_version": "1.1",
            "app": gateway.app,
        }
        asked = asyncio.create_task(gateway.app(scope, receive, send))
        await asyncio.sleep(0.3)
        assert not asked.done()
        left.set()
        await asyncio.wait_for(asked, 30)


async def test_others_go_on_while_a_large_request_runs(
    sqlite_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two steps of a request that never waits, other requests have their turn."""
    # However fast the machine is, every step takes longer than that.
    for name in ("BURST", "SLICE"):
        monkeypatch.setattr(f"resolvers.turns.{name}", 0.0)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await asyncio.sleep(0)
    before = turns
    query = (
        "{ viewer { students { "
        + " ".join(
            f"a{n}: grades(first: 20) {{ nodes {{ id title teachers {{ displayName }} }} }}" for n in range(5)
        )
        + " } } }"
    )
    assert "errors" not in await sqlite_gateway.ask(query, sqlite_gateway.people.guardian(6))
    counting.cancel()
    assert turns - before > 5


@pytest.mark.parametrize("whose", ["viewer", "address"])
async def test_who_asks_for_too_much_in_a_minute_must_wait(
    sqlite_template: Path, tmp_path: Path, whose: str
) -> None:
    limits = {"max_cost": 10_000, f"rate_per_{whose}": 20_000}
    query = GRADES.replace("200", "100")
    async with limited(sqlite_template, tmp_path, **limits) as gateway:
        first, second = gateway.people.guardian(3), gateway.people.guardian(6)
        answers = [await gateway.post(query, first) for _ in range(14)]
        other = await gateway.post(query, second)
        gateway.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(gateway.app), base_url="http://gateway"
        )
        elsewhere = await gateway.post(query, second)
        await gateway.client.aclose()
    statuses = [one.status_code for one in answers]
    assert statuses[0] == 200 and statuses[-1] == 429 and statuses == sorted(statuses)
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    error = error_of(answers[-1])
    assert error["extensions"] == {"code": "RATE_LIMITED"}
    assert error["message"].startswith(
        f"This {whose} has asked for more than a cost of 20000 in a minute (the setting rate_per_{whose}); "
    )
    # Other viewers and other addresses have a minute of their own.
    assert other.status_code == (200 if whose == "viewer" else 429)
    assert elsewhere.status_code == 200


async def test_new_documents_sent_at_once_are_prepared_until_the_minute_is_spent(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[str] = []
    prepare = Planner.prepare

    def counted(self: Planner, query: str, *given: Any) -> Prepared:
        prepared.append(query)
        return prepare(self, query, *given)

    monkeypatch.setattr(Planner, "prepare", counted)
    fields = " ".join(f"a{n}: __typename" for n in range(40))
    limits = {"max_cost": 10_000, "rate_per_viewer": 20_000}
    async with limited(sqlite_template, tmp_path, **limits) as gateway:
        caller = gateway.people.guardian(3)
        asked = (gateway.post(f"query Q{n} {{ {fields} }}", caller) for n in range(40))
        statuses = sorted(one.status_code for one in await asyncio.gather(*asked))
        other = await gateway.post("{ __typename }", gateway.people.guardian(6))
    assert other.status_code == 200
    assert statuses.count(200) in (len(prepared) - 2, len(prepared) - 1) and len(prepared) < 20
    assert set(statuses) == {200, 429}


async def test_strangers_fill_no_memory(sqlite_gateway: Gateway) -> None:
    planner = sqlite_gateway.app.state.schema.planner
    for n in range(3):
        query = f"query Q{n} {{ helpArticles(first: {n}) {{ slug }} }}"
        assert "errors" not in (await sqlite_gateway.client.post("/graphql", json={"query": query})).json()
    assert [len(one) for one in (planner.documents, planner.plans, planner.arguments)] == [0, 0, 0]


async def test_memories_are_bounded_in_bytes(sqlite_gateway: Gateway) -> None:
    planner = sqlite_gateway.app.state.schema.planner
    ids = ",".join(f'"n_{n}"' for n in range(1_500))
    for n in range(60):
        planner.prepare(f"query Q{n} {{ students(ids: [{ids}]) {{ id }} }}", None, {}, A_GUARDIAN, Spent())
    assert planner.documents.currsize <= planner.documents.maxsize
    assert 5 < len(planner.documents) < 50


async def test_a_source_that_did_not_answer_is_left_alone_for_a_while(
    sqlite_template: Path, sqlite_gateway: Gateway, tmp_path: Path
) -> None:
    entries = _timetables(sqlite_gateway, CANTEEN)
    status = "{ dataSources { name status lastError } }"
    async with beside_the_database(sqlite_template, tmp_path, entries, delay=600, timeout=0.1) as gateway:
        first = await gateway.ask(QUERY)
        began = time.monotonic()
        second = await gateway.ask(QUERY.replace("title", "title memo"))
        assert time.monotonic() - began < 60
        (shown,) = [one for one in (await gateway.data(status))["dataSources"] if one["name"] == "timetables"]
    assert [one["message"] for one in first["errors"]] == ["The source timetables took too long."]
    assert [one["message"] for one in second["errors"]] == [
        "The source timetables did not answer a moment ago; ask again in a while."
    ]
    assert shown == {
        "name": "timetables",
        "status": "UNREACHABLE",
        "lastError": "The source took too long.",
    }
    assert _by_school(second)[SCHOOL]["timetable"]["lessons"] is None


async def test_edges_share_the_time_of_a_request_for_sources(
    sqlite_template: Path, sqlite_gateway: Gateway, tmp_path: Path
) -> None:
    """The next school day asks the source first, and the lessons of that day ask it again."""
    entries = _timetables(sqlite_gateway, CANTEEN)
    query = (
        "{ viewer { students { timetable(range: NEXT_SCHOOL_DAY) { lessons { id } } nextLesson { id } } } }"
    )
    asked: list[str] = []
    async with beside_the_database(sqlite_template, tmp_path, entries, delay=600, timeout=0.3) as gateway:
        source: Any = gateway.app.state.sources.by_name["timetables"]
        inner = source.fetch

        async def fetch(request: Request) -> dict[str, Children]:
            asked.append(request.relation)
            found: dict[str, Children] = await inner(request)
            return found

        source.fetch = fetch
        answer = await gateway.ask(query)
    # Both edges ask at once; when their time is over, nothing else waits for the source.
    assert asked == ["Student.lessons"] * 2
    assert {one["extensions"]["code"] for one in answer["errors"]} == {"SOURCE_UNAVAILABLE"}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A real Redis server: its address and its process."""
    if REDIS is None:
        pytest.skip("Redis is not installed (apt-get install redis-server).")
    port = free_port()
    options = ["--port", str(port), "--save", "", "--dir", str(tmp_path), "--bind", "127.0.0.1"]
    process = subprocess.Popen([REDIS, *options], stdout=subprocess.DEVNULL)
    wait_for(process, lambda: socket.create_connection(("127.0.0.1", port), 1).close())
    yield f"redis://127.0.0.1:{port}/0", process
    process.kill()
    process.wait()


def rates(store: str | None) -> Rates:
    """The rates of one worker."""
    return Rates(Settings(max_cost=1_000, rate_per_viewer=2_000, rate_store=store))


async def spent(one: Rates, times: int) -> int:
    """Spend some times a cost of 100; returns how often that was possible."""
    for done in range(times):
        try:
            await one.spend(one.admit(GUARDIAN, None), 100)
        except Refusal as error:
            assert (error.status, error.code) == (429, "RATE_LIMITED")
            return done
    return times


async def test_strangers_of_however_many_addresses_share_one_allowance() -> None:
    one, answered = rates(None), 0
    with pytest.raises(Refusal) as refused:
        for number in range(90):
            await one.spend(one.admit(ANONYMOUS, f"2001:db8:0:{number:x}00::1"), 100)
            answered += 1
    assert 76 <= answered <= 80
    assert str(refused.value).startswith(
        "All callers without a token have asked for more than a cost of 8000 in a minute (4 times the "
        "setting rate_per_viewer); ask again in "
    )
    await one.spend(one.admit(GUARDIAN, "2001:db8:0:ff00::1"), 100)


async def test_workers_count_together_in_redis_and_apart_without(
    redis: tuple[str, subprocess.Popen[bytes]],
) -> None:
    address, process = redis
    first, second, alone = rates(address), rates(address), rates(None)
    together = await spent(first, 15) + await spent(second, 15)
    assert 18 <= together <= 20
    assert 18 <= await spent(alone, 30) <= 20
    process.kill()
    process.wait()
    # A store that is away stops nobody: each worker counts for itself.
    away = rates(address)
    assert 18 <= await spent(away, 30) <= 20
    for one in (first, second, alone, away):
        await one.close()


async def test_small_requests_are_not_refused_though_many_come_at_once_or_seldom(
    redis: tuple[str, subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, _ = redis
    workers = [Rates(Settings(max_cost=1_000, rate_per_viewer=10_000, rate_store=address)) for _ in range(4)]
    # All at once: together they need half of the allowance.
    await asyncio.gather(*(one.spend(one.payer(GUARDIAN, None), 20) for one in workers for _ in range(60)))
    other = Caller("GUARDIAN", "other")
    monkeypatch.setattr("gateway.rates.LEASE", -1.0)  # what was not spent by then is lost
    for turn in range(400):
        worker = workers[turn % 4]
        await worker.spend(worker.payer(other, None), 20)
    for one in workers:
        await one.close()


def test_texts_too_long_are_refused_before_they_are_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    def clean(_text: str) -> str:
        raise AssertionError("The text was cleaned.")

    monkeypatch.setattr("resolvers.writes.given.clean_text", clean)
    monkeypatch.setattr("resolvers.writes.given.clean_html", clean)
    nested = "<div>" * 51_000
    for read in (partial(line, nested, 100), partial(comment, nested), partial(body, nested)):
        with pytest.raises(Refused, match="caractères"):
            read()


def test_rates_below_the_cost_of_one_operation_are_refused() -> None:
    with pytest.raises(ValueError, match="rate_per_viewer: must be at least twice max_cost"):
        Settings(rate_per_viewer=1_000)


@pytest.mark.parametrize("query", ["bodyText", "subject { name } body", "teachers { displayName } body"])
async def test_texts_that_no_answer_can_hold_are_not_read(
    own_database: str, tmp_path: Path, query: str
) -> None:
    content = r.LessonContent.table()
    async with limited_on(own_database, tmp_path, max_answer=10_000) as gateway:
        async with gateway.engine.begin() as connection:
            await connection.execute(update(content).values(body="x" * 20_000))
        gateway.changed()
        lists = " ".join(f"a{n}: lessonContents(first: 20) {{ nodes {{ {query} }} }}" for n in range(20))
        answer = await gateway.post(f"{{ viewer {{ students {{ {lists} }} }} }}", gateway.people.guardian(3))
        read = [one for one in gateway.statements if "lesson_content" in one]
    assert error_of(answer) == {
        "message": "The answer needs texts of more than 20000 characters (twice the setting "
        "max_answer). Ask for fewer records with `first`, or for a shorter window.",
        "extensions": {"code": "ANSWER_TOO_LARGE"},
    }
    # PostgreSQL is asked for all of them at once.
    assert len(read) <= (2 if gateway.engine.dialect.name == "sqlite" else 20)
