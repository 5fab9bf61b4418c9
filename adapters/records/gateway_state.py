"""What the gateway itself keeps: charters, sessions, dashboards, help and the history of imports."""

from __future__ import annotations

import datetime as time
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field

from adapters.content import HTML, LINES
from adapters.records.base import Imported, Instant, Record, Searchable, holding


class Charter(Imported, table=True):
    """Terms of use; without a school, for all schools."""

    __tablename__ = "charter"
    version: str
    title: str
    body: str = holding(HTML)
    published_at: time.datetime = Field(sa_type=Instant)


class CharterAcceptance(Record, table=True):
    """The answer of one person to one version of a charter."""

    __tablename__ = "charter_acceptance"
    __table_args__ = (Index("ix_charter_acceptance_person", "person_id", "charter_id"),)
    person_id: str
    charter_id: str
    version: str
    decision: str
    decided_at: time.datetime = Field(sa_type=Instant)


class PersonState(Record, table=True):
    """What the gateway remembers of one person; the id is the person's."""

    __tablename__ = "person_state"
    selected_student_id: str | None = None
    tokens_revoked_before: time.datetime | None = Field(default=None, sa_type=Instant)


class MutationReceipt(Record, table=True):
    """A call that was carried out, so that the same call sent again has no second effect.

    The id is made of the person, the mutation and the client's mutation id.
    """

    __tablename__ = "mutation_receipt"
    __table_args__ = (Index("ix_mutation_receipt_done_at", "done_at"),)
    fingerprint: str = Field(max_length=32, description="Of the input, to tell another call apart.")
    results: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    write_state: str
    done_at: time.datetime = Field(sa_type=Instant)


class Dashboard(Record, table=True):
    """A person's own layout; the id is the person's."""

    __tablename__ = "dashboard"
    revision: int = 0
    columns: int = 12
    widgets: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    updated_at: time.datetime | None = Field(default=None, sa_type=Instant)


class HelpArticle(Imported, Searchable, table=True):
    """An article of the knowledge base."""

    __tablename__ = "help_article"
    SEARCHED = ("title", "summary")
    __table_args__ = (Index("ix_help_article_slug", "slug", "locale"),)
    slug: str
    title: str
    summary: str | None = holding(LINES, default=None)
    body: str = holding(HTML)
    app: str | None = None
    locale: str = "fr"
    updated_at: time.datetime = Field(sa_type=Instant)


class ImportRun(Record, table=True):
    """One import that was carried out, with its report."""

    __tablename__ = "import_run"
    source_id: str
    started_at: time.datetime = Field(sa_type=Instant)
    finished_at: time.datetime = Field(sa_type=Instant)
    report: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
