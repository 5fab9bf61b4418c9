"""Lists written straight from the rows of the database: no object is made where none is needed.

An edge is *direct* when it lists records (`resolvers.fields.Listing`) of which only leaves and pointers to
small records are selected. For each statement that answers it, a function is generated that turns rows into
the answer. Whatever that cannot do is left to the usual way: `DirectList.write` then tells so, or raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache
from operator import itemgetter
from typing import Any

from adapters.base import Layout, Rows
from adapters.generated_functions import define
from adapters.native.children import expressions
from gateway.execution.bindings import Binding, BoundList, Written
from gateway.execution.plan import FieldPlan, ObjectPlan
from gateway.execution.pointed_records import PointerList
from gateway.execution.writers import Functions, NeedsCare, Noted
from resolvers.catalogue import Catalogue
from resolvers.context import RequestContext
from resolvers.fields import Derived, Listing
from resolvers.identifiers import GlobalId
from resolvers.loading import Ask
from resolvers.recipes import Recipe, identifier, origin, recipe_of

NATIVE = "context.sources.native.name"
REMEMBERED_TIMES = 16_384
"""Instants whose text is kept, by zone; about 4 MB."""
ROWS = 500
"""Rows that are written at once; between two parts others go on."""


Fill = Callable[..., None]


@dataclass(slots=True)
class DirectList:
    """How one edge is written from rows."""

    one: FieldPlan
    listing: Listing
    node: ObjectPlan
    recipe: Recipe
    has_derived: bool
    """Whether some fields are derived from others: their functions take whole rows."""
    catalogue: Catalogue
    pointers: list[PointerList]
    wrap: Callable[[list[Any], int], Any]
    """Makes the value of the edge of one parent from its records and their number."""
    columns: tuple[str, ...] = field(init=False)
    _fill: dict[Layout, Fill | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.columns = (*self.recipe.columns, "id") if self.has_derived else self.recipe.columns

    async def write(
        self,
        context: RequestContext,
        notes: Noted,
        arguments: Mapping[str, Any],
        binding: Binding | None,
    ) -> Sequence[Any] | None:
        """Write the edge into the answers of its parents; where it cannot, return what its batch would.

        Raises NeedsCare, or what the batch raises.
        """
        slot, selection, listed = self.one.slot, self.one.selection, self.listing.listed
        bound = binding.lists.get(slot) if binding is not None else None
        answers = [answer for _, answer in notes]
        if bound is not None and await self.fill(context, answers, bound):
            return None
        assert selection is not None
        about = self.listing.parents(context, [value for value, _ in notes], arguments)
        question = await self.listing.question(context, about, arguments, selection)
        if bound is None:
            bound = self._bind(context, question, about)
            if bound is not None and await self.fill(context, answers, bound):
                if binding is not None and self.one.has_fixed_owners:
                    binding.lists[slot] = bound
                return None
        return await listed.answer(context, question, about, selection)

    def _bind(self, context: RequestContext, question: Ask, about: Sequence[Any]) -> BoundList | None:
        """Work out the list for this viewer; None where it cannot be written from rows."""
        listed = self.listing.listed
        found = context.bind(question, about, self.columns, listed.key, listed.group)
        fill = self._function(found.statement.layout) if found is not None else None
        if found is None or fill is None:
            return None
        groups = [None if one is None else one.group for one in found.asked]
        if self.listing.about is not None:
            groups = [next((one for one in groups if one is not None), None)]
        names = found.statement.layout.names
        return BoundList(
            found,
            fill,
            question.page.limit,
            {one.group: None if listed.group else one.student_id for one in found.asked if one is not None},
            groups,
            [itemgetter(names.index(one.pointer.key)) for one in self.pointers],
            [{None: None} for _ in self.pointers],
        )

    async def fill(
        self, context: RequestContext, answers: Sequence[dict[str, Any]], bound: BoundList
    ) -> bool:
        """Read rows and write them into the answers of the parents; tells whether that could be done.

        Raises NeedsCare, or what the database raises.
        """
        rows = await context.rows(bound.question)
        if rows is None:
            return False
        try:
            try:
                lists, totals = await self._lists(context, rows, bound, bound.pointed)
            except KeyError:
                # A row points to a record that none pointed to before.
                pointed = await self._pointed(context, rows, bound)
                lists, totals = await self._lists(context, rows, bound, pointed)
        except Exception as error:
            # The list was read: what failed is a pointer or a value of a row.
            raise NeedsCare from error
        key, wrap = self.one.key, self.wrap
        for answer, group in zip(answers, bound.groups, strict=True):
            answer[key] = wrap(lists[group] if group else [], totals.get(group or "", 0))
        return True

    async def _lists(
        self, context: RequestContext, rows: Rows, bound: BoundList, pointed: Sequence[Written]
    ) -> tuple[dict[str, list[Any]], dict[str, int]]:
        """Write rows as the nodes of each group; raises KeyError where one points to what is not there."""
        lists: dict[str, list[Any]] = {group: [] for group in bound.students}
        totals: dict[str, int] = {}
        if len(rows) <= ROWS:
            bound.fill(rows, lists, totals, bound.limit, context, bound.students, *pointed)
            return lists, totals
        for at in range(0, len(rows), ROWS):
            part = rows[at : at + ROWS]
            bound.fill(part, lists, totals, bound.limit, context, bound.students, *pointed)
            await context.work.turn.rest()
        return lists, totals

    async def _pointed(self, context: RequestContext, rows: Rows, bound: BoundList) -> list[Written]:
        """Find what rows point to; what is in memory stays at hand for this viewer."""
        found = []
        for one, read, known in zip(self.pointers, bound.pointers, bound.pointed, strict=True):
            keys = set(map(read, rows))
            recalled = one.recalled(context, keys)
            if recalled is None:
                found.append(await one.loaded(context, keys - {None}))
            else:
                # Not the whole: others may see what this viewer may not.
                known |= {key: recalled[key] for key in keys}
                found.append(known)
        return found

    def _function(self, layout: Layout) -> Fill | None:
        if layout not in self._fill:
            # A column that the relation does not have is missed with care.
            names, times = list(layout.names), self.catalogue.instants(self.node.type_name, self.columns)
            there = set(self.columns) <= set(names) and all(
                names.index(one) in layout.converters for one in times
            )
            self._fill[layout] = _FillFunction(self, layout).generate() if there else None
        return self._fill[layout]


class _FillFunction:
    """Writes `fill(rows, lists, totals, limit, context, students, *pointed)` for one layout."""

    def __init__(self, direct: DirectList, layout: Layout) -> None:
        self.direct = direct
        self.layout = layout
        self.functions = Functions({})
        self.names = self.functions.names
        self.values = expressions(layout, self.names)
        self.raw = {name: f"v{index}" for index, name in enumerate(layout.names)}
        self.instants = direct.catalogue.instants(direct.node.type_name, direct.recipe.columns)
        self.derived: dict[str, str] = {}
        """By field, the variable that holds its value."""
        self.owner = f"students[{self.raw['_group']}]" if direct.recipe.is_student_bound else "None"

    def generate(self) -> Fill:
        """Return the function."""
        pointed = {one.one.key: f"pointed{index}" for index, one in enumerate(self.direct.pointers)}
        arguments = "".join(f", {name}" for name in pointed.values())
        lines = [
            f"def fill(rows, lists, totals, limit, context, students{arguments}):",
            "    zones, notes = context.scope.zones, context.work",
            f"    for {', '.join(self.raw.values())}, in rows:",
            f"        nodes = lists[{self.raw['_group']}]",
        ]
        if "_total" in self.raw:
            lines.append(f"        totals[{self.raw['_group']}] = {self.raw['_total']}")
        lines.append("        if len(nodes) == limit: continue")
        if self.instants:
            school = self.raw.get("school_id", "None")
            lines.append(f"        zone = zones.get({school}) or context.scope.zone({school})")
        lines += self._row()
        parts = [f"{one.key!r}: {self._field(one, pointed)}" for one in self.direct.node.fields]
        written = "{" + ", ".join(parts) + "}"
        lines.append(f"        nodes.append({written})")
        fill: Fill = define("rows", lines, self.names)
        return fill

    def _row(self) -> list[str]:
        """Derive fields from columns as they expect them: once each, under however many names.

        An excerpt of a long text takes as long as the text.
        """
        if not self.direct.has_derived:
            return []
        rules = {one.name: rule for one in self.direct.node.fields if (rule := self._rule(one)) is not None}
        values = {
            name: self._in_zone(name) if name in self.instants else self.values[name]
            for name in dict.fromkeys(need for rule in rules.values() for need in rule.needs)
        }
        school = self.values.get("school_id", "None")
        values |= origin(self.direct.node.type_name, self.values["id"], self.owner, school, NATIVE)
        parts = (f"{name!r}: {value}" for name, value in values.items())
        lines = [f"        row = {{{', '.join(parts)}}}"]
        for name, rule in rules.items():
            self.derived[name] = self.functions.refer("derived", None)
            derive = self.functions.refer("derive", rule.function)
            lines.append(f"        {self.derived[name]} = {derive}(row, context)")
        return lines

    def _rule(self, one: FieldPlan) -> Derived | None:
        return self.direct.catalogue.derived.get((self.direct.node.type_name, one.name))

    def _in_zone(self, name: str) -> str:
        return f"(None if {self.raw[name]} is None else {self.values[name]}.astimezone(zone))"

    def _field(self, one: FieldPlan, pointed: Mapping[str, str]) -> str:
        """Write the expression for one field of the answer."""
        type_name = self.direct.node.type_name
        if one.name == "__typename":
            return repr(type_name)
        if one.edge is not None:
            assert one.edge.pointer is not None
            value = f"{pointed[one.key]}[{self.raw[one.edge.pointer.key]}]"
            return f"({value} or care())" if one.shape.non_null else value
        if one.name == "id":
            self.names["GlobalId"] = GlobalId
            return identifier(type_name, NATIVE, self.values["id"], self.owner)
        if one.name in self.derived:
            return self.functions.value(one.shape, self.derived[one.name])
        leaf = one.shape.leaf
        if leaf is None or leaf.name not in ("Date", "DateTime"):
            return self.functions.value(one.shape, self.values[one.name])
        # A day is text already, and so is an instant: most are shared by many records.
        raw = self.raw[one.name]
        text = raw
        if leaf.name == "DateTime":
            convert = self.layout.converters[self.layout.names.index(one.name)]
            text = f"{self.functions.refer('local', local_time(convert))}({raw}, zone)"
        missing = "care()" if one.shape.non_null else "None"
        return f"({missing} if {raw} is None else {text})"


@lru_cache(maxsize=16)
def local_time(convert: Callable[[Any], Any]) -> Callable[[Any, tzinfo], str]:
    """Make the function that writes an instant in a zone, and remembers what it wrote."""

    @lru_cache(maxsize=REMEMBERED_TIMES)
    def local(instant: Any, zone: tzinfo) -> str:
        return str(convert(instant).astimezone(zone).isoformat())

    return local


def direct_list(one: FieldPlan, catalogue: Catalogue) -> DirectList | None:
    """Compile an edge that can be written from rows; None where it cannot."""
    listing = one.edge.listing if one.edge is not None else None
    if listing is None or one.selection is None:
        return None
    nodes, wrap = _node_plan(one, listing)
    if nodes is None or wrap is None:
        return None
    selection = listing.listed.nodes(one.selection)
    pointers = []
    for below in nodes.fields:
        if below.name == "__typename":
            continue
        if below.edge is None:
            rule = catalogue.derived.get((nodes.type_name, below.name))
            if below.shape.objects or below.shape.item is not None or (rule is not None and rule.of):
                return None
            continue
        found = _pointer_list(below, catalogue)
        if found is None:
            return None
        pointers.append(found)
    recipe = recipe_of(catalogue, nodes.type_name, selection)
    has_derived = any(
        (nodes.type_name, below.name) in catalogue.derived for below in nodes.fields if below.name != "id"
    )
    return DirectList(one, listing, nodes, recipe, has_derived, catalogue, pointers, wrap)


def _node_plan(
    one: FieldPlan, listing: Listing
) -> tuple[ObjectPlan | None, Callable[[list[Any], int], Any] | None]:
    """Find the plan of the records, and what is made of them: a list, or a connection of nodes and total."""
    connection = listing.listed.connection
    if connection is None:
        return _only_item(one.shape), lambda nodes, _total: nodes
    (plan,) = one.shape.objects.values()
    by_name = {field_.name: field_ for field_ in plan.fields}
    if "nodes" not in by_name or len(by_name) < len(plan.fields):
        return None, None
    if by_name.keys() - {"nodes", "total_count", "__typename"}:
        return None, None
    texts = {"nodes": "nodes", "total_count": "total", "__typename": repr(plan.type_name)}
    parts = ", ".join(f"{field_.key!r}: {texts[field_.name]}" for field_ in plan.fields)
    wrap = define("connection", [f"def wrap(nodes, total): return {{{parts}}}"], {})
    return _only_item(by_name["nodes"].shape), wrap


def _only_item(shape: Any) -> ObjectPlan | None:
    plans = list(shape.item.objects.values()) if shape.item is not None else []
    return plans[0] if len(plans) == 1 else None


def _pointer_list(one: FieldPlan, catalogue: Catalogue) -> PointerList | None:
    assert one.edge is not None and one.selection is not None
    pointer = one.edge.pointer
    if pointer is None or one.below or pointer.key.startswith("_"):
        return None
    target = pointer.target.__name__
    recipe = recipe_of(catalogue, target, one.selection)
    if target in ("Guardian", "Student") or recipe.is_student_bound or len(one.shape.objects) != 1:
        return None
    return PointerList(one, pointer, recipe)
