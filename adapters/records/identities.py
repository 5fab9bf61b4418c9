"""How several exports speak of the same record: what each says of it, and what may be the same."""

from __future__ import annotations

import datetime as time
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field

from adapters.records.base import Instant, Record


class Claim(Record, table=True):
    """What one source says of a record that several speak of; the id is the one this source gives it.

    There are claims only for records with more than one source, and for mentions: records that a source
    names without describing them. A mention not found yet has no `record_id`.
    """

    __tablename__ = "claim"
    __table_args__ = (
        Index("ix_claim_record", "record_id", "source_id"),
        Index("ix_claim_source", "source_id", "kind"),
    )
    record_id: str | None = Field(default=None, max_length=64, description="The record it became part of.")
    source_id: str = Field(max_length=64)
    kind: str = Field(max_length=32, description="Table of the record.")
    content: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    content_hash: str = Field(default="", max_length=32)
    is_mention: bool = False
    ended_at: time.datetime | None = Field(default=None, sa_type=Instant)


class MergeProposal(Record, table=True):
    """Two records that may be one person; nothing happens until somebody decides."""

    __tablename__ = "merge_proposal"
    kind: str = Field(max_length=32)
    first_id: str = Field(max_length=64)
    second_id: str = Field(max_length=64)
    reason: str
    status: str = Field(default="OPEN", description="OPEN, MERGED or APART.")
    noted_at: time.datetime = Field(sa_type=Instant)
