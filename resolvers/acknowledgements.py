"""Answers of guardians: one's own in full, another guardian's only as a fact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.base import Row
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.loading import ask
from resolvers.selection import Selection
from schema import Acknowledgeable, Acknowledgement, Guardian, Student

fields = Fields()
fields.to_one(Acknowledgement, "student", Student, "student_id")
OTHER_GUARDIAN = "Autre responsable"


def relation_label(name: str, guardian_id: str | None, context: RequestContext) -> str:
    """Show a guardian's name to themself, to the school, and to partners who may read its directory."""
    caller = context.caller
    is_hidden = caller.kind == "GUARDIAN" or (
        caller.kind == "PARTNER" and "DIRECTORY_READ" not in caller.capabilities
    )
    return OTHER_GUARDIAN if is_hidden and guardian_id != caller.person_id else name


@fields.derive(Acknowledgement, "guardian_name", "guardian_name", "guardian_id")
def guardian_name(row: Row, context: RequestContext) -> str:
    """Name the caller; of another guardian say only that."""
    return relation_label(row["guardian_name"], row["guardian_id"], context)


@fields.derive(Acknowledgement, "comment", "comment", "guardian_id")
def comment(row: Row, context: RequestContext) -> str | None:
    """Hide what the other guardian wrote."""
    return row["comment"] if row["guardian_id"] == context.caller.person_id else None


def own_guardian_edge(domain: Fields, kind: type, name: str, column: str) -> None:
    """Register an edge to a guardian that shows the guardian to themself only."""

    async def batch(
        context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
    ) -> Sequence[Any]:
        mine = context.caller.person_id
        pairs = [(parent, mine if getattr(parent, column) == mine else None) for parent in parents]
        return await context.referenced("Guardian", Guardian, pairs, selection)

    domain.edge(kind, name, column)(batch)


own_guardian_edge(fields, Acknowledgement, "guardian", "guardian_id")


@fields.edge(Acknowledgeable, "my_acknowledgement")
async def my_acknowledgement(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Find the caller's own answer, for the same student where the record has one."""
    answers = await answers_to(context, parents, selection, guardian_id=(context.caller.person_id,))
    return [one if isinstance(one, Exception) else (one[-1] if one else None) for one in answers]


async def answers_to(
    context: RequestContext, parents: Sequence[Any], selection: Selection, **filters: Any
) -> list[Any]:
    """List the answers to records, for the same student where the record has one."""
    columns = (*context.columns("Acknowledgement", selection), "student_id")
    found = await context.fetch(ask("Record.acknowledgements", **filters), parents, columns)
    results: list[Any] = []
    for parent, answer in zip(parents, found, strict=True):
        if isinstance(answer, Exception):
            results.append(answer)
            continue
        rows = [row for row in answer.rows if parent._student in (None, row["student_id"])]
        results.append(context.build("Acknowledgement", rows, selection, parent._student))
    return results
