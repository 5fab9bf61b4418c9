"""Applications of the menu and the guardian's own dashboard."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.base import Children, Page, Row
from resolvers.context import RequestContext
from resolvers.disclosure import CHOICES
from resolvers.errors import SourceFailed
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import GlobalId
from resolvers.loading import ask
from resolvers.routing import CAPABILITIES
from resolvers.selection import Selection
from schema import (
    App,
    Dashboard,
    RelativeRange,
    Student,
    StudentApp,
    Viewer,
    Widget,
    WidgetPosition,
    WidgetSettings,
)

fields = Fields()
ALL_RANGES = [one.name for one in RelativeRange]


@dataclass(frozen=True, slots=True)
class Application:
    """One application: its name, where its data is, and what its widget takes."""

    name: str
    description: str
    icon: str
    relation: str | None = None
    settings: tuple[str, ...] = ()
    is_placeable: bool = True


COMMON = ("STUDENTS", "MAX_ITEMS", "TITLE", "COLOR", "COMPACT")
APPLICATIONS: Mapping[str, Application] = {
    "TIMETABLE": Application(
        "Emploi du temps",
        "Cours de la journée ou de la semaine.",
        "calendar-week",
        "Student.lessons",
        (*COMMON, "RANGE", "SHOW_CANCELLED"),
    ),
    "HOMEWORK": Application(
        "Travail à faire",
        "Devoirs à rendre et contrôles annoncés.",
        "pencil",
        "Student.homework",
        (*COMMON, "RANGE", "SUBJECTS", "SHOW_DONE", "GROUP_BY"),
    ),
    "DIARY": Application(
        "Cahier de textes",
        "Contenu des séances, jour par jour.",
        "book-open",
        "Student.lesson_contents",
        (*COMMON, "RANGE", "SUBJECTS"),
    ),
    "GRADES": Application(
        "Notes",
        "Dernières notes et moyennes.",
        "chart",
        "Student.grades",
        (*COMMON, "PERIOD", "SUBJECTS", "SHOW_CLASS_AVERAGE"),
    ),
    "SKILLS": Application(
        "Compétences",
        "Évaluations par compétences.",
        "target",
        "Student.skill_evaluations",
        (*COMMON, "PERIOD", "SUBJECTS"),
    ),
    "ABSENCES": Application(
        "Absences", "Absences et retards.", "clock", "Student.absences", (*COMMON, "PERIOD", "RANGE")
    ),
    "BEHAVIOUR": Application(
        "Comportement",
        "Incidents, punitions et encouragements.",
        "scale",
        "Student.incidents",
        (*COMMON, "PERIOD"),
    ),
    "LIAISON_BOOK": Application(
        "Carnet de liaison", "Mots à signer.", "signature", "Student.liaison_notes", (*COMMON, "UNREAD_ONLY")
    ),
    "MESSAGING": Application(
        "Messagerie", "Messages de l'établissement.", "mail", "Viewer.conversations", is_placeable=False
    ),
    "AGENDA": Application(
        "Agenda", "Événements de l'établissement.", "calendar", "Viewer.events", (*COMMON, "RANGE")
    ),
    "TRIPS": Application("Voyages", "Sorties et voyages.", "bus", "Student.trips", COMMON),
    "NEWS": Application(
        "Actualités", "Nouvelles de l'établissement.", "newspaper", "Viewer.news", (*COMMON, "UNREAD_ONLY")
    ),
    "DOCUMENTS": Application("Documents", "Documents publiés.", "folder", "Viewer.documents", COMMON),
    "DIRECTORY": Application("Annuaire", "Enseignants et personnels.", "users", "Viewer.contacts", COMMON),
    "PENDING_ACTIONS": Application("À faire", "Tout ce qui attend une réponse.", "checklist", None, COMMON),
    "HELP": Application("Aide", "Base de connaissances.", "help", None, is_placeable=False),
}
SETTING_LABELS = {
    "STUDENTS": "Enfants",
    "RANGE": "Période affichée",
    "MAX_ITEMS": "Nombre de lignes",
    "SUBJECTS": "Matières",
    "SHOW_DONE": "Afficher le travail fait",
    "SHOW_CANCELLED": "Afficher les cours annulés",
    "SHOW_CLASS_AVERAGE": "Afficher la moyenne de la classe",
    "GROUP_BY": "Regrouper",
    "COMPACT": "Affichage compact",
    "PERIOD": "Période de notation",
    "UNREAD_ONLY": "Non lus seulement",
    "TITLE": "Titre",
    "COLOR": "Couleur",
}
DEFAULT_LAYOUT = (
    ("PENDING_ACTIONS", 0, 0, 4, 3),
    ("TIMETABLE", 4, 0, 4, 6),
    ("HOMEWORK", 8, 0, 4, 6),
    ("GRADES", 0, 3, 4, 3),
    ("ABSENCES", 0, 6, 4, 3),
    ("NEWS", 4, 6, 4, 3),
    ("AGENDA", 8, 6, 4, 3),
)


def application(context: RequestContext, code: str) -> Any:
    """Describe an application for the caller."""
    one = APPLICATIONS[code]
    settings = [
        context.plain(
            "WidgetSettingDefinition",
            {
                "key": key,
                "label": SETTING_LABELS[key],
                "allowed_ranges": ALL_RANGES if key == "RANGE" else None,
                "min_int": 1 if key == "MAX_ITEMS" else None,
                "max_int": 50 if key == "MAX_ITEMS" else None,
            },
        )
        for key in one.settings
    ]
    sizes = {"default_size": (4, 3), "min_size": (2, 2), "max_size": (12, 12)}
    return context.plain(
        "App",
        {
            "code": code,
            "name": one.name,
            "description": one.description,
            "icon": one.icon,
            "is_placeable": one.is_placeable,
            "is_enabled": one.relation is None or context.has_capability(one.relation),
            "settings": settings,
            **{
                name: context.plain("WidgetSize", {"columns": columns, "rows": rows})
                for name, (columns, rows) in sizes.items()
            },
        },
    )


@fields.edge(Viewer, "apps")
async def apps(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """List the menu in display order."""
    return [[application(context, code) for code in APPLICATIONS] for _ in parents]


@fields.edge(App, "help_article")
async def help_article(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Find the French article about each application."""
    pointer = context.plain("HelpArticle", {}, "fr")
    question = ask("HelpArticle.all", app=tuple({parent.code for parent in parents}))
    columns = (*context.columns("HelpArticle", selection), "app")
    (answer,) = await context.fetch(question, [pointer], columns)
    if isinstance(answer, Exception):
        raise answer
    rows = {row["app"]: row for row in reversed(answer.rows)}
    return [
        context.build("HelpArticle", [rows[parent.code]], selection)[0] if parent.code in rows else None
        for parent in parents
    ]


@fields.edge(Student, "apps")
async def student_apps(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Say for each application whether there is data, and why not: an empty screen always has a reason."""
    about_student = {code: one for code, one in APPLICATIONS.items() if one.relation}
    probes = await asyncio.gather(
        *(_probe(context, str(one.relation), parents) for one in about_student.values())
    )
    by_code = dict(zip(about_student, probes, strict=True))
    return [
        [
            _student_app(context, code, parent, by_code[code][index])
            for code in about_student
            if code != "MESSAGING"
        ]
        for index, parent in enumerate(parents)
    ]


async def _probe(
    context: RequestContext, relation: str, parents: Sequence[Any]
) -> Sequence[Children | Exception]:
    if not context.has_capability(relation) or relation == "Viewer.conversations":
        return [Children() for _ in parents]
    question = ask(relation, Page(limit=1))
    # The menu waits for no source: what a live one does not say of itself, it is taken to have.
    probes = [context.known_of(question, parent) for parent in parents]
    asked = [parent for parent, known in zip(parents, probes, strict=True) if known is None]
    found = iter(await context.fetch(question, asked, ("id",)) if asked else ())
    return [next(found) if known is None else known for known in probes]


MESSAGES = {
    "NOT_PERMITTED": "Vous n'avez pas accès à ces informations.",
    "DISABLED_BY_SCHOOL": "L'établissement a choisi de ne pas les publier.",
    "NOT_PROVIDED_BY_SOURCE": "La source de l'établissement ne les fournit pas.",
    "TEMPORARILY_UNAVAILABLE": "La source ne répond pas pour le moment.",
    "EMPTY": "Il n'y a rien à afficher pour le moment.",
}


def _student_app(context: RequestContext, code: str, student: Any, answer: Children | Exception) -> Any:
    availability = _availability(context, APPLICATIONS[code], student, answer)
    columns: Row = {
        "code": code,
        "availability": availability,
        "message": MESSAGES.get(availability),
    }
    return context.plain("StudentApp", columns, None, student._student, student._school)


def _availability(
    context: RequestContext, one: Application, student: Any, answer: Children | Exception
) -> str:
    relation = str(one.relation)
    given = context.sources.capabilities(context.school_names(student._school))
    if student._student not in context.scope.students or not context.has_capability(relation):
        return "NOT_PERMITTED"
    if relation in CHOICES and not context.shows({"_school": student._school}, CHOICES[relation]):
        return "DISABLED_BY_SCHOOL"
    if CAPABILITIES[relation] not in given:
        return "NOT_PROVIDED_BY_SOURCE"
    if isinstance(answer, SourceFailed):
        return "TEMPORARILY_UNAVAILABLE"
    if isinstance(answer, Exception):
        raise answer
    return "AVAILABLE" if answer.rows else "EMPTY"


@fields.edge(StudentApp, "app", "code")
async def app_of(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Describe the application."""
    return [application(context, parent.code) for parent in parents]


fields.edge(Widget, "app", "code")(app_of)


@fields.edge(Viewer, "dashboard")
async def dashboard(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """The saved layout, or the one every guardian starts with."""
    columns = ("revision", "columns", "widgets", "updated_at")
    (answer,) = await context.fetch(ask("Dashboard"), [context.me()], columns)
    if isinstance(answer, Exception):
        raise answer
    row = answer.rows[0] if answer.rows else {"id": context.caller.person_id, **DEFAULT_DASHBOARD}
    return [context.build("Dashboard", [row], selection)[0] for _ in parents]


DEFAULT_DASHBOARD: Row = {"revision": 0, "columns": 12, "widgets": [], "updated_at": None}


@fields.derive(Dashboard, "is_default", "revision")
def is_default(row: Row, _context: RequestContext) -> bool:
    """Nothing was saved yet."""
    return bool(row["revision"] == 0)


@fields.edge(Dashboard, "placeable_apps")
async def placeable_apps(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Applications that can be dropped on the dashboard."""
    placeable = [code for code, one in APPLICATIONS.items() if one.is_placeable]
    return [[application(context, code) for code in placeable] for _ in parents]


SETTINGS = (
    "title",
    "color",
    "range",
    "max_items",
    "subject_ids",
    "show_done",
    "show_cancelled",
    "show_class_average",
    "unread_only",
    "group_by",
    "compact",
    "period_id",
)


@fields.edge(Dashboard, "widgets", "widgets", "revision")
async def widgets(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """The tiles in reading order."""
    lists = []
    for parent in parents:
        saved = parent.__dict__["widgets"] if parent.revision else default_widgets()
        placed = sorted(saved, key=lambda one: (one["position"]["row"], one["position"]["column"]))
        lists.append([placed_widget(context, parent._id, one) for one in placed])
    return lists


def default_widgets() -> list[Row]:
    """Place the applications a guardian looks for first."""
    return [
        {
            "id": code.lower(),
            "app": code,
            "position": {"column": column, "row": row, "columns": columns, "rows": rows},
            "settings": {},
        }
        for code, column, row, columns, rows in DEFAULT_LAYOUT
    ]


def placed_widget(context: RequestContext, person_id: str, saved: Row) -> Any:
    """Describe one saved tile."""
    settings = {name: saved["settings"].get(name) for name in SETTINGS}
    settings["student_scope"] = saved["settings"].get("student_scope") or "SELECTED"
    settings["student_ids"] = saved["settings"].get("student_ids") or []
    columns = {
        "id": GlobalId("Widget", "native", f"{person_id}/{saved['id']}").encode(),
        "code": saved["app"],
        "position": context.plain(WidgetPosition.__name__, dict(saved["position"])),
        "settings": context.plain(WidgetSettings.__name__, settings),
    }
    return context.plain("Widget", columns)


@fields.edge(WidgetSettings, "students", "student_ids")
async def chosen(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """The children chosen for a widget, as long as the caller may see them."""
    wanted = [(p, one) for p in parents for one in p.student_ids if one in context.scope.students]
    found = iter(await context.referenced("Student", Student, wanted, selection))
    return [[next(found) for one in p.student_ids if one in context.scope.students] for p in parents]
