"""Generated functions that turn the rows of a statement into children, in one pass over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.base import Children, Layout, encode_cursor
from adapters.generated_functions import define
from adapters.native.compiled import CompiledStatement
from adapters.native.statements import Relation, Shape

Gather = Callable[[Sequence[Sequence[Any]], int | None], dict[str, Children]]


def gather_function(relation: Relation, shape: Shape, statement: CompiledStatement) -> Gather:
    """Generate the function `gather(rows, limit)`, which returns the children of each group.

    `limit` is the length of a page; one row more than that tells that others follow. The names in the
    text are columns of our own tables, written as literals; values come from the rows alone.
    """
    names: dict[str, Any] = {"Children": Children, "encode_cursor": encode_cursor}
    values = expressions(statement, names)
    measured = [f"skipped={values['_skipped']}"] if "_skipped" in values else []
    if shape.counted:
        counts = ", ".join(f"{name!r}: {values[f'_count{i}']}" for i, name in enumerate(relation.counts))
        measured += [f"total={values['_total']}", f"counts={{{counts}}}"]
    lines = [
        "def gather(rows, limit):",
        "    found = {}",
        f"    for {', '.join(f'v{index}' for index in range(len(statement.names)))}, in rows:",
        f"        children = found.get({values['_group']})",
        "        if children is None:",
        f"            children = found[{values['_group']}] = Children({', '.join(measured)})",
    ]
    if "_number" in values:
        lines.append(f"        if {values['_number']} <= children.skipped: continue")
    if shape.paged:
        lines.append("        if len(children.rows) == limit:")
        lines.append("            children.more = True")
        lines.append("            continue")
    if shape.keyed:
        order = ", ".join(value for name, value in values.items() if name.startswith("_order"))
        lines.append(f"        children.cursors.append(encode_cursor([{order}]))")
    row = ", ".join(f"{name!r}: {value}" for name, value in values.items() if not name.startswith("_"))
    lines += [f"        children.rows.append({{{row}}})", "    return found"]
    gather: Gather = define("children", lines, names)
    return gather


def expressions(statement: Layout, names: dict[str, Any]) -> Mapping[str, str]:
    """Write how the value of each column is read; a column of SQL that is null stays None."""
    found = {name: f"v{index}" for index, name in enumerate(statement.names)}
    for index, convert in statement.converters.items():
        names[f"convert{index}"] = convert
        found[statement.names[index]] = f"(None if v{index} is None else convert{index}(v{index}))"
    if "concerned_student_ids" in found:
        names["several"] = _several
        found["concerned_student_ids"] = f"several({found['concerned_student_ids']})"
    return found


def _several(students: str | None) -> list[str] | None:
    return None if students is None else sorted(set(students.split(",")))
