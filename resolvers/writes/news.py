"""Marking news as read."""

from __future__ import annotations

from typing import Any

from adapters.native.changes import Change, Insert, Remove
from adapters.records import NewsRead, record_id
from resolvers.context import RequestContext
from resolvers.fields import Fields
from resolvers.writes.given import all_named, state_of
from resolvers.writes.performing import GATEWAY, Outcome, mutation, shown
from schema import NewsPayload

fields = Fields()
shown(fields, NewsPayload, "news_items", "NewsItem", many=True)


@mutation(fields, "mark_news_read", NewsPayload)
async def mark_news_read(context: RequestContext, given: dict[str, Any]) -> Outcome:
    """Mark news items for the caller alone; all of them or none."""
    items = await all_named(context, "NewsItem", given["news_ids"], ("school_id",), "newsIds")
    person = context.caller.person_id
    changes: list[Change] = []
    for one in items:
        if not given["is_read"]:
            changes.append(Remove(NewsRead, {"news_id": one.key, "person_id": person}))
            continue
        key = record_id(GATEWAY, "NewsRead", f"{one.key}\x1f{person}")
        changes.append(
            Insert(
                NewsRead(
                    id=key,
                    external_id=key,
                    source_id=GATEWAY,
                    school_id=one.row["school_id"],
                    news_id=one.key,
                    person_id=person,
                    read_at=context.now,
                )
            )
        )
    return Outcome(changes, {"news_items": given["news_ids"]}, state_of(one.row for one in items))
