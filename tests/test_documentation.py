"""What the documentation shows is what the program does."""

from __future__ import annotations

import json
import re

from tests.conftest import ROOT, Gateway


async def test_the_readmes_query_gives_the_readmes_answer(sqlite_gateway: Gateway) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"```graphql\n(.*?)```", text, re.DOTALL)
    (answer,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert await sqlite_gateway.ask(query) == json.loads(answer)


async def test_the_readmes_subscription_can_be_pasted(sqlite_gateway: Gateway) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (subscription,) = re.findall(r"```\n(subscription .*?)```", text, re.DOTALL)
    answer = await sqlite_gateway.post(subscription, sqlite_gateway.people.guardian(3))
    # Over plain HTTP it is valid, and refused for the transport alone; a cursor would be of another database.
    assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"
    assert "Cursor:" not in subscription


def test_every_make_target_of_the_documentation_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert set(re.findall(r"\bmake ([a-z]+)\b", text)) - {"a", "and"} <= targets, name
