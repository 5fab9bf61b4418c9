"""Counts what is kept and shown to nobody yet, because a mention means nothing known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from adapters.base import Notice
from adapters.native.claims import CLAIM, Claims
from adapters.native.entry_accounts import EntryAccounts
from adapters.native.import_report import Report
from adapters.native.mentions import Mentions
from adapters.native.seen_records import NEW, SeenRecords, origin_of

REACHED_BY = ("school_id", "student_id", "class_id", "guardian_id", "person_id")
AUDIENCES = ("class_ids", "student_ids")
"""Columns that lead from a person to a record."""


async def count_waiting(
    claims: Claims, mentions: Mentions, seen: SeenRecords, accounts: EntryAccounts, report: Report
) -> None:
    """Move what waits from added to waiting, and report the mentions it waits for."""
    open_ = await mentions.open_ids()
    if not open_:
        return
    waiting, refused, awaited = set[str](), set[str](), set[str]()
    wanted = select(CLAIM).where(
        CLAIM.c.source_id == claims.source_id, CLAIM.c.is_mention.is_(False), CLAIM.c.ended_at.is_(None)
    )
    for claim in (await claims.connection.execute(wanted)).mappings():
        blocking = _blocking(claim["content"], open_)
        if blocking:
            waiting.add(claim["id"])
            awaited |= blocking
            if any(mentions.conflict(one) for one in blocking):
                refused.add(claim["id"])
    by_kind: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in await seen.rows_of(waiting):
        by_kind[row["kind"]].append(row)
    for kind, rows in by_kind.items():
        counts = report.of(kind)
        for row in rows:
            is_refused = row["id"] in refused
            if row["state"] in NEW:
                counts.count(row["state"], -1)
                counts.waiting += not is_refused
            accounts.change_fate(origin_of(row), "refused" if is_refused else "waiting")
    for one in mentions.in_order(open_):
        refusal = mentions.refusal(one)
        if mentions.conflict(one):
            report.refused.append(refusal)
        elif one in awaited:
            report.waiting.append(refusal)
        else:
            what = (
                f"{refusal.field} {refusal.value!r}: {refusal.reason}; the rest is taken and shown without it"
            )
            report.notices.append(Notice(refusal.file, what))


def _blocking(content: Mapping[str, Any], open_: set[str]) -> set[str]:
    """Return the open mentions that keep a record from everybody."""
    found = {content[name] for name in REACHED_BY if content.get(name) in open_}
    audience = [one for name in AUDIENCES for one in content.get(name) or ()]
    if audience and all(one in open_ for one in audience):
        found.update(audience)
    return found
