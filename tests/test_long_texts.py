"""Long texts of an answer: counted as often as they stand in it, and no more of them is written than fits."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from adapters import records as r
from resolvers import messaging
from tests.conftest import Gateway
from tests.test_bounded_work import error_of, limited_on

EMOJI = "\N{GRINNING FACE}"
MOST_BYTES = 12_000_000
"""What an answer may take while it is made: of ordinary ones, under a tenth of it."""


async def with_long_texts(gateway: Gateway, text: str) -> None:
    """Give all contents of lessons, and all subjects, a long text."""
    async with gateway.engine.begin() as connection:
        await connection.execute(update(r.LessonContent.table()).values(body=text))
        await connection.execute(update(r.Subject.table()).values(name=text))
    gateway.changed()


def aliases(selection: str, count: int = 58) -> str:
    """Select a field under many names."""
    return " ".join(f"a{n}: {selection}" for n in range(count))


async def asked(gateway: Gateway, selection: str, first: int = 20) -> httpx.Response:
    """Ask for contents of lessons."""
    query = f"{{ viewer {{ students {{ lessonContents(first: {first}) {{ nodes {{ {selection} }} }} }} }} }}"
    return await gateway.post(query, gateway.people.guardian(3))


@pytest.mark.parametrize(
    "selection",
    [
        aliases("body"),
        aliases("bodyText"),
        aliases("body") + " lesson { id }",
        aliases("bodyText") + " lesson { id }",
        f"subject {{ {aliases('name')} }}",
        f"... on Node {{ ... on LessonContent {{ {aliases('body')} }} }}",
    ],
)
async def test_texts_under_many_names_are_not_written_further_than_an_answer_goes(
    own_database: str, tmp_path: Path, selection: str
) -> None:
    async with limited_on(own_database, tmp_path) as gateway:
        await with_long_texts(gateway, EMOJI * 10_000)
        await asked(gateway, "id")
        tracemalloc.start()
        answer = await asked(gateway, selection)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert error_of(answer) == {
        "message": "The answer has more than 750000 bytes (the setting max_answer). Ask for fewer records or "
        "fields at once.",
        "extensions": {"code": "ANSWER_TOO_LARGE"},
    }
    assert peak < MOST_BYTES


async def test_a_field_is_derived_once_however_many_names_it_has(
    own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    async with limited_on(own_database, tmp_path) as gateway:
        await with_long_texts(gateway, "Lire la page 12.")
        derived = gateway.app.state.schema.planner.catalogue.derived
        rule = derived["LessonContent", "body_text"]

        def derive(row: Any, context: Any) -> Any:
            counted.append(row["body"])
            return rule.function(row, context)

        monkeypatch.setitem(derived, ("LessonContent", "body_text"), replace(rule, function=derive))
        answer = (await asked(gateway, aliases("bodyText"), 3)).json()
    nodes = [
        one for student in answer["data"]["viewer"]["students"] for one in student["lessonContents"]["nodes"]
    ]
    assert len(nodes) > 3
    assert nodes == [{f"a{n}": "Lire la page 12." for n in range(58)}] * len(nodes)
    assert counted == ["Lire la page 12."] * len(nodes)


@pytest.mark.parametrize("text", [EMOJI * 3_000, "a" * 3_000, '"\n\\' * 1_000, "é<" * 1_500])
async def test_an_answer_that_just_fits_is_given(own_database: str, tmp_path: Path, text: str) -> None:
    selection = f"{aliases('body', 3)} subject {{ {aliases('name', 2)} }}"
    async with limited_on(own_database, tmp_path) as gateway:
        await with_long_texts(gateway, text)
        whole = (await asked(gateway, selection, 3)).content
    answers = {}
    for spare in (0, -1):
        folder = tmp_path / f"{spare}"
        folder.mkdir()
        async with limited_on(own_database, folder, max_answer=len(whole) + spare) as gateway:
            await with_long_texts(gateway, text)
            answers[spare] = await asked(gateway, selection, 3)
    assert answers[0].content == whole
    assert error_of(answers[-1])["extensions"] == {"code": "ANSWER_TOO_LARGE"}


async def test_the_text_of_a_message_is_taken_once_for_all_its_excerpts(
    sqlite_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str | None] = []

    def noted(markup: str | None) -> str | None:
        taken.append(markup)
        return "word " * 400

    monkeypatch.setattr(messaging, "text_of", noted)
    names = " ".join(f"a{length}: excerpt(length: {length})" for length in (4, 9, 10, 999, 1000))
    data = await sqlite_gateway.data(
        f"{{ conversations(first: 3) {{ nodes {{ messages(first: 9) {{ nodes {{ {names} }} }} }} }} }}"
    )
    messages = [one for thread in data["conversations"]["nodes"] for one in thread["messages"]["nodes"]]
    assert len(messages) == len(taken) > 2
    long = ("word " * 199).strip()
    assert messages == [
        {"a4": "wor…", "a9": "word…", "a10": "word…", "a999": f"{long}…", "a1000": f"{long}…"}
    ] * len(messages)
