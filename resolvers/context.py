"""One request: who asks, when, and how rows become objects of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

from aiodataloader import DataLoader

from adapters.base import Children, Row
from adapters.native.gateway_state import GatewayState
from resolvers.catalogue import Catalogue
from resolvers.errors import CharterNotAccepted, NotAuthenticated, SourceFailed
from resolvers.fields import Edge
from resolvers.loading import LAST_DAY, Ask, LoaderLayer, ask
from resolvers.recipes import Recipe, recipe_of
from resolvers.routing import Sources
from resolvers.selection import Selection
from resolvers.viewer import Scope, load_scope
from resolvers.work import Work

OPEN_BEFORE_CHARTER = {"Charter", "CharterAcceptance", "HelpArticle", "CharterPayload"}
OPEN_FIELDS_BEFORE_CHARTER = {
    ("Query", "viewer"),
    ("Query", "charter"),
    ("Query", "help_articles"),
    ("Query", "help_article"),
    ("Viewer", "pending_charter"),
    ("Mutation", "accept_charter"),
    ("Mutation", "refuse_charter"),
}
OPEN_FIELDS_BEFORE_LOGIN = {("Query", "charter"), ("Query", "help_articles"), ("Query", "help_article")}
Results = list[Any]
Wanted = Sequence[tuple[Any, str | None]]
"""Parents, each with the id of the record it points to."""


class RequestContext(LoaderLayer):
    """What one request needs, handed to every edge."""

    def __init__(
        self,
        scope: Scope,
        sources: Sources,
        catalogue: Catalogue,
        now: datetime,
        state: GatewayState,
        work: Work,
    ) -> None:
        super().__init__(scope, sources, now, work)
        self.catalogue = catalogue
        self.state = state
        self.root = self.plain("Query", {})
        self._loaders: dict[tuple[Any, ...], DataLoader[Any, Any]] = {}

    # ---- edges -------------------------------------------------------------------------------------

    async def resolve(self, parent: Any, info: Any, arguments: Mapping[str, Any]) -> Any:
        """Answer one edge of one parent, together with all its siblings at the same path."""
        raw = info._raw_info
        owner, path = raw.parent_type.name, _path(raw.path)
        loader = self._loaders.get((owner, path))
        if loader is None:
            batch = self._batch(owner, raw, arguments)
            loader = self._loaders[owner, path] = DataLoader(batch, get_cache_key=id)
        return await loader.load(self.root if parent is None else parent)

    def _batch(
        self,
        owner: str,
        raw: Any,
        arguments: Mapping[str, Any],
    ) -> Callable[[list[Any]], Any]:
        name = _python_field(raw)
        self.require_charter(owner, name)
        edge: Edge = self.catalogue.edges[owner, name]
        return partial(self._run, edge, plain_arguments(arguments), Selection.of(raw))

    async def _run(
        self, edge: Edge, arguments: Mapping[str, Any], selection: Selection, parents: list[Any]
    ) -> list[Any]:
        return list(await edge.batch(self, parents, arguments, selection))

    @property
    def is_restricted(self) -> bool:
        """Tell whether some edges are closed: before the charter, or without a token."""
        return self.caller.is_anonymous or self.scope.charter_status in ("REQUIRED", "REFUSED")

    def require_charter(self, owner: str, name: str) -> None:
        """Raise CharterNotAccepted for every edge but the open ones, until the charter is accepted.

        Raises NotAuthenticated for a caller without a token, whose only open fields are charter and help.
        """
        if self.caller.is_anonymous:
            if owner in OPEN_BEFORE_CHARTER or (owner, name) in OPEN_FIELDS_BEFORE_LOGIN:
                return
            raise NotAuthenticated("Send `Authorization: Bearer TOKEN`; `passerelle token` makes one.")
        if self.scope.charter_status not in ("REQUIRED", "REFUSED"):
            return
        if owner not in OPEN_BEFORE_CHARTER and (owner, name) not in OPEN_FIELDS_BEFORE_CHARTER:
            raise CharterNotAccepted(
                "Accept the charter first: read `viewer { pendingCharter { id version body } }`, "
                "then call `acceptCharter`."
            )

    # ---- parents made from ids ---------------------------------------------------------------------

    async def reload_scope(self) -> None:
        """Read the caller's rights again, after something changed them."""
        self.scope = await load_scope(self.caller, self.sources, self.now)

    def student_parent(self, student_id: str) -> Any:
        """Make the parent object of a student's edges from the id alone."""
        row = self.scope.students.get(student_id, {})
        return self.plain("Student", {}, student_id, student_id, row.get("school_id"))

    def me(self) -> Any:
        """Make the parent object of the caller's own edges."""
        return self.plain("Viewer", {}, self.caller.person_id)

    async def period_dates(self, period_ids: Sequence[str]) -> dict[str, date]:
        """Return the window of a grading period as arguments; an empty one for a period not known."""
        periods = [self.plain("GradingPeriod", {}, one) for one in period_ids]
        for answer in await self.fetch(ask("GradingPeriod"), periods, ("start_date", "end_date")):
            if isinstance(answer, Exception):
                raise answer
            for row in answer.rows:
                return {"from_": row["start_date"], "to": row["end_date"]}
        return {"from_": LAST_DAY, "to": LAST_DAY}

    # ---- rows to objects ---------------------------------------------------------------------------

    def plain(
        self,
        type_name: str,
        row: dict[str, Any],
        identity: str | None = None,
        student: str | None = None,
        school: str | None = None,
        source: str | None = None,
    ) -> Any:
        """Make an object of the contract whose attributes are the row's columns."""
        instance: Any = object.__new__(self.catalogue.types[type_name].kind)
        row["_id"], row["_student"], row["_school"], row["_source"] = identity, student, school, source
        instance.__dict__ = row
        return instance

    def columns(self, type_name: str, selection: Selection) -> tuple[str, ...]:
        """List the columns that the selected fields of a type need."""
        return recipe_of(self.catalogue, type_name, selection).columns

    def build(
        self, type_name: str, rows: Sequence[Row], selection: Selection, student: str | None = None
    ) -> list[Any]:
        """Make objects of one type from rows: times in the school's zone, derived fields filled in."""
        return recipe_of(self.catalogue, type_name, selection).build(rows, self, student)

    def check(self, kind: type, source: str, row: Row, columns: tuple[str, ...]) -> None:
        """Clean the texts of a row of a foreign source.

        Raises SourceFailed where it gave a value of another kind than the contract says.
        """
        self.catalogue.clean(kind.__name__, row)
        if fault := self.catalogue.fault(kind.__name__, row, columns):
            raise SourceFailed(source, f"The source {source} gave something unreadable: {fault}.")

    def check_foreign(self, type_name: str, row: Row, columns: tuple[str, ...]) -> None:
        """Clean and check a row if it came from a foreign source. Raises SourceFailed."""
        source = self.source_of(row)
        if source != self.sources.native.name:
            self.check(self.catalogue.types[type_name].kind, source, row, columns)

    def nested(self, type_name: str, value: Any, row: Row) -> Any:
        """Make the objects that a derived field gave the columns of, inside the object of a row."""
        if isinstance(value, list):
            return [self.nested(type_name, one, row) for one in value]
        if value is None:
            return None
        return self.plain(type_name, value, row["_id"], row["_student"], row["_school"], row["_source"])

    # ---- what most edges do ------------------------------------------------------------------------

    def recalled(self, relation: str, target: type, wanted: Wanted, selection: Selection) -> Results | None:
        """Return the records that parents name by id, where all are at hand; else None."""
        recipe = recipe_of(self.catalogue, target.__name__, selection)
        places = self._places(recipe, wanted)
        found = self._at_hand(relation, recipe, places)
        try:
            return [found[place] for place in places]
        except KeyError:
            return None

    async def referenced(self, relation: str, target: type, wanted: Wanted, selection: Selection) -> Results:
        """Load the records that parents name by id; None where there is none the viewer may see."""
        name = target.__name__
        recipe = recipe_of(self.catalogue, name, selection)
        places = self._places(recipe, wanted)
        found = self._at_hand(relation, recipe, places)
        pointers = {}
        for place, (parent, key) in zip(places, wanted, strict=True):
            if place not in found and place not in pointers:
                # Whose record pointed here makes no difference where the place is the key alone.
                student, school = (
                    (parent._student, parent._school) if isinstance(place, tuple) else (None, None)
                )
                pointers[place] = self.plain(name, {}, key, student, school, parent._source)
        if pointers:
            answers = await self.fetch(ask(relation), list(pointers.values()), recipe.columns)
            for (place, pointer), answer in zip(pointers.items(), answers, strict=True):
                found[place] = (
                    answer if isinstance(answer, Exception) else self._first(name, answer, pointer, selection)
                )
        return [found[place] for place in places]

    def _places(self, recipe: Recipe, wanted: Wanted) -> list[Any]:
        """Name each record once: by its key where all who point see the same, else also by who points."""
        if recipe.is_student_bound:
            return [(key, one._student, one._school, one._source) for one, key in wanted]
        if self.sources.is_single:
            return [key for _, key in wanted]
        native = self.sources.native.name
        return [
            key if one.__dict__["_source"] == native else (key, one._student, one._school, one._source)
            for one, key in wanted
        ]

    def _at_hand(self, relation: str, recipe: Recipe, places: list[Any]) -> dict[Any, Any]:
        """Make the objects whose records need not be asked for."""
        rows = self.recall(relation, [one for one in dict.fromkeys(places) if isinstance(one, str)])
        found: dict[Any, Any] = dict(zip(rows, recipe.build(list(rows.values()), self, None), strict=True))
        if None in places:
            found[None] = None
        return found

    def _first(self, name: str, answer: Children, pointer: Any, selection: Selection) -> Any:
        try:
            found = self.build(name, answer.rows[:1], selection, pointer._student)
        except SourceFailed as error:
            return error
        return found[0] if found else None

    async def listed(
        self,
        relation: str | Ask,
        target: type,
        parents: Sequence[Any],
        selection: Selection,
        key: str = "_id",
    ) -> Results:
        """Load all children of each parent as a list; an error where the source failed."""
        question = relation if isinstance(relation, Ask) else ask(relation)
        name = target.__name__
        columns = self.columns(name, selection)
        answers = await self.fetch(question, parents, columns, key)
        results: Results = []
        for parent, answer in zip(parents, answers, strict=True):
            try:
                if isinstance(answer, Exception):
                    raise answer
                results.append(self.build(name, answer.rows, selection, parent._student))
            except SourceFailed as error:
                results.append(error)
        return results

    def today(self, school_id: str | None) -> date:
        """Return the day it is at a school."""
        return self.scope.today(self.now, school_id)

    def policy(self, row: Row) -> Mapping[str, Any]:
        """Return the publication choices of the school of a row; what it did not say is shown."""
        school = self.scope.schools.get(row.get("_school") or row.get("school_id") or "", {})
        return school.get("display_policy") or {}

    def shows(self, row: Row, choice: str) -> bool:
        """Tell whether the school of a row chose to show something."""
        return bool(self.policy(row).get(choice, True))


def plain_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Turn enum members among arguments into their names."""
    return {key: _plain(value) for key, value in arguments.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, str):
        # No text of ours holds this character, and PostgreSQL refuses it.
        return value.replace("\0", "")
    return getattr(value, "value", value)


def _python_field(raw: Any) -> str:
    definition = raw.parent_type.fields[raw.field_name].extensions["strawberry-definition"]
    return str(definition.python_name)


def _path(path: Any) -> tuple[str, ...]:
    names = []
    while path is not None:
        if isinstance(path.key, str):
            names.append(path.key)
        path = path.prev
    return tuple(names)
