"""Saving the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from adapters.native.changes import Set
from adapters.records import Dashboard
from resolvers.context import RequestContext
from resolvers.dashboard import APPLICATIONS, DEFAULT_DASHBOARD, SETTINGS, dashboard, default_widgets
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import decode, keys
from resolvers.loading import ask
from resolvers.selection import Selection
from resolvers.writes.given import line
from resolvers.writes.performing import Outcome, Refused, mutation
from schema import DashboardPayload

fields = Fields()
MOST_WIDGETS = 50
COLUMNS, MOST_ROWS, LARGEST, SMALLEST = 12, 500, 12, 2
MOST_ITEMS = 50
LONGEST_TITLE = 100


@mutation(fields, "save_dashboard", DashboardPayload)
async def save_dashboard(context: RequestContext, given: dict[str, Any]) -> Outcome:
    """Replace the whole layout, unless it was saved elsewhere since it was read."""
    known, revision = await _saved(context)
    if len(given["widgets"]) > MOST_WIDGETS:
        raise Refused("TOO_LARGE", f"{MOST_WIDGETS} tuiles au plus.", "widgets")
    widgets = [_widget(context, index, one, known) for index, one in enumerate(given["widgets"])]
    _require_apart(widgets)
    if revision != given["expected_revision"]:
        message = "Le tableau de bord a été modifié sur un autre appareil."
        raise Refused("CONFLICT", message, "expectedRevision")
    person = context.caller.person_id
    values: dict[str, Any] = {
        "revision": revision + 1,
        "columns": COLUMNS,
        "widgets": widgets,
        "updated_at": context.now,
    }
    where = {"id": person, "revision": revision}
    return Outcome([Set(Dashboard, where, values, Dashboard(id=person, **values), is_certain=True)])


async def _saved(context: RequestContext) -> tuple[set[str], int]:
    """Read which tiles there are, and the revision."""
    (answer,) = await context.fetch(ask("Dashboard"), [context.me()], ("revision", "widgets"))
    if isinstance(answer, Exception):
        raise answer
    row = answer.rows[0] if answer.rows else DEFAULT_DASHBOARD
    widgets = row["widgets"] if row["revision"] else default_widgets()
    return {one["id"] for one in widgets}, row["revision"]


def _widget(context: RequestContext, index: int, given: dict[str, Any], known: set[str]) -> dict[str, Any]:
    path = ("widgets", str(index))
    if not APPLICATIONS[given["app"]].is_placeable:
        message = f"{APPLICATIONS[given['app']].name} s'ouvre en pleine page seulement."
        raise Refused("NOT_PLACEABLE", message, *path, "app")
    key = uuid4().hex
    if given["id"] is not None:
        named = decode(given["id"])
        person, _, key = named.key.partition("/") if named and named.type_name == "Widget" else ("", "", "")
        if person != context.caller.person_id or key not in known:
            raise Refused("NOT_FOUND", "Introuvable.", *path, "id")
    position = given["position"]
    for name, least, most in (
        ("column", 0, COLUMNS - position["columns"]),
        ("row", 0, MOST_ROWS),
        ("columns", SMALLEST, LARGEST),
        ("rows", SMALLEST, LARGEST),
    ):
        if not least <= position[name] <= most:
            raise Refused("INVALID_INPUT", f"Entre {least} et {most}.", *path, "position", name)
    settings = _settings(context, given["settings"] or {}, (*path, "settings"))
    return {"id": key, "app": given["app"], "position": position, "settings": settings}


def _settings(context: RequestContext, given: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    kept = {name: value for name, value in given.items() if value is not None and name in SETTINGS}
    if "title" in kept:
        kept["title"] = line(kept["title"], LONGEST_TITLE, *path, "title")
    if not 1 <= kept.get("max_items", 1) <= MOST_ITEMS:
        raise Refused("INVALID_INPUT", f"Entre 1 et {MOST_ITEMS}.", *path, "maxItems")
    if given.get("student_scope"):
        kept["student_scope"] = given["student_scope"]
    _require_kind(kept.get("subject_ids") or (), "Subject", (*path, "subjectIds"))
    _require_kind([kept["period_id"]] if "period_id" in kept else (), "GradingPeriod", (*path, "periodId"))
    chosen = [decode(one) for one in given.get("student_ids") or ()]
    students = [one.key for one in chosen if one is not None and one.key in context.scope.students]
    if len(students) < len(chosen):
        raise Refused("NOT_FOUND", "Introuvable.", *path, "studentIds")
    return kept | {"student_ids": students}


def _require_kind(identifiers: Sequence[str], type_name: str, path: tuple[str, ...]) -> None:
    """Raise Refused for what is no id of a type: any text would be given back as it came."""
    if len(keys(list(identifiers), type_name) or ()) < len(identifiers):
        raise Refused("NOT_FOUND", "Introuvable.", *path)


def _require_apart(widgets: list[dict[str, Any]]) -> None:
    """Raise Refused where two tiles lie on one another, or one is there twice."""
    taken: set[tuple[int, int]] = set()
    for index, one in enumerate(widgets):
        place = one["position"]
        cells = {
            (column, row)
            for column in range(place["column"], place["column"] + place["columns"])
            for row in range(place["row"], place["row"] + place["rows"])
        }
        if cells & taken:
            message = "Cette tuile en recouvre une autre."
            raise Refused("INVALID_INPUT", message, "widgets", str(index), "position")
        taken |= cells
    if len({one["id"] for one in widgets}) < len(widgets):
        raise Refused("INVALID_INPUT", "Une tuile y est deux fois.", "widgets")


@fields.edge(DashboardPayload, "dashboard")
async def dashboard_after_saving(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """The dashboard as it is now."""
    return await dashboard(context, parents, arguments, selection)
