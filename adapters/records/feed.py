"""The feed: that something changed, in the order in which it was committed, for those who subscribe."""

from __future__ import annotations

import datetime as time
from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field

from adapters.records.base import Instant, Record, json_list


class FeedHead(Record, table=True):
    """The position given last; its one row is locked until the writer has committed."""

    __tablename__ = "feed_head"
    position: int = Field(default=0, sa_type=BigInteger)


class FeedEntry(Record, table=True):
    """One change: which record, and whom it may concern; never what the record says.

    `topics` holds ids: of persons with a mailbox, of classes, students or schools, by kind.
    """

    __tablename__ = "feed_entry"
    position: int = Field(sa_type=BigInteger, unique=True)
    kind: str = Field(description="MESSAGE, LESSON, DASHBOARD, SESSION or RIGHTS.")
    record_id: str = ""
    topics: list[str] = json_list()
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    noted_at: time.datetime = Field(sa_type=Instant)
