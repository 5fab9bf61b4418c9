"""Lists over all of the caller's students at once, each record once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.base import Children, Row
from resolvers.connections import ConnectionType
from resolvers.context import RequestContext
from resolvers.fields import Arguments
from resolvers.identifiers import keys
from resolvers.loading import FAMILY, Ask
from resolvers.selection import Selection


@dataclass(frozen=True, slots=True)
class FamilyList:
    """A list of the family: its connection, and the order in which lists of several sources are merged."""

    parts: ConnectionType
    order: tuple[str, ...]
    newest_first: bool = False
    key: str = "_id"
    group: str = FAMILY

    @property
    def node(self) -> str:
        """The type of the records."""
        return self.parts.node

    @property
    def connection(self) -> str:
        """The type that holds a page of them."""
        return self.parts.connection

    def nodes(self, selection: Selection) -> Selection:
        """Return what is selected of the records."""
        return self.parts.nodes(selection)

    async def answer(
        self, context: RequestContext, question: Ask, parents: Sequence[Any], selection: Selection
    ) -> list[Any]:
        """Load one page for all students together, merged when several sources give it."""
        nodes = self.nodes(selection)
        columns = (*context.columns(self.node, nodes), *self.order)
        answers = await family_rows(context, question, [one._student for one in parents], columns)
        merged = answers[0] if len(answers) == 1 else _merge(answers, self, question.page.limit)
        built = context.build(self.node, merged.rows, nodes)
        return [self.parts.build(context, merged, built, question.page, selection)]


def chosen_students(context: RequestContext, identifiers: list[str] | None) -> list[str]:
    """Return the students a list is about: all that the caller may see, or those named among them."""
    named = keys(identifiers, "Student")
    return [one for one in context.scope.students if named is None or one in named]


def family(context: RequestContext, arguments: Arguments) -> list[Any]:
    """Make the objects of the students that a list with the argument `studentIds` is about."""
    chosen = chosen_students(context, arguments.get("student_ids"))
    return [context.student_parent(student) for student in chosen]


async def family_rows(
    context: RequestContext, question: Ask, students: Sequence[str], columns: tuple[str, ...]
) -> list[Children]:
    """Ask every source behind the students once. Raises SourceFailed when one cannot answer."""
    parents = [context.student_parent(student) for student in students]
    answers = {id(one): one for one in await context.fetch(question, parents, columns, group=FAMILY)}
    found: list[Children] = []
    for answer in answers.values():
        if isinstance(answer, Exception):
            raise answer
        found.append(answer)
    return found


def _merge(answers: Sequence[Children], described: FamilyList, limit: int | None) -> Children:
    entries: list[tuple[Row, str]] = [
        entry for one in answers for entry in zip(one.rows, one.cursors or [""] * len(one.rows), strict=True)
    ]
    entries.sort(
        key=lambda entry: tuple(entry[0][name] for name in described.order), reverse=described.newest_first
    )
    kept = entries[:limit]
    counts = {name for one in answers for name in one.counts}
    return Children(
        rows=[row for row, _ in kept],
        cursors=[cursor for _, cursor in kept],
        total=sum(one.total for one in answers),
        skipped=sum(one.skipped for one in answers),
        more=len(entries) > len(kept) or any(one.more for one in answers),
        counts={name: sum(one.counts.get(name, 0) for one in answers) for name in counts},
    )
