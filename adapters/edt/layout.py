"""Where an EDT export has its entries: in a list of their kind or, in flat exports, right below the root."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from adapters.base import EntryCount
from adapters.xml_documents import attribute, children, name_of

CONTAINERS = {
    "Matiere": "Matieres", "Professeur": "Professeurs", "Personnel": "Personnels", "Salle": "Salles",
    "Classe": "Classes", "Groupe": "Groupes", "Eleve": "Eleves", "Materiel": "Materiels",
}  # fmt: skip
"""The list of each kind."""
SETTINGS = ("AnneeScolaire", "GrilleHoraire")
"""Elements below the root that are no entries themselves."""


def ident_of(element: Any) -> str | None:
    """Return the Ident of an element."""
    return attribute(element, "Ident")


def entities(root: Any, kind: str) -> Iterator[Any]:
    """Yield the entries of one kind."""
    if kind == "Place":
        yield from children(root, "GrilleHoraire", "PlacesParJour", "Place")
        yield from children(root, "GrilleHoraire", "Place")
    elif kind == "Responsable":
        for student in entities(root, "Eleve"):
            yield from children(student, "Responsable")
    elif kind == "Cours":
        for one in children(root, "Cours"):
            # In flat exports the first `Cours` is the container itself.
            yield from [one] if _is_lesson(one) else children(one, "Cours")
    else:
        yield from children(root, CONTAINERS[kind], kind)
        yield from children(root, kind)


def _is_lesson(one: Any) -> bool:
    return bool(one.attrib) and next(children(one, "Cours"), None) is None


def unread(root: Any) -> Iterator[Any]:
    """Yield the elements of lists that are not known, and strangers in lists that are."""
    kinds = {container: kind for kind, container in CONTAINERS.items()} | {"Cours": "Cours"}
    for one in root:
        name = name_of(one)
        if name in kinds and not (name == "Cours" and _is_lesson(one)):
            yield from (below for below in one if name_of(below) != kinds[name])
        elif name not in (*SETTINGS, *CONTAINERS, "Cours"):
            yield from one if len(one) else [one]


def counts(root: Any) -> Iterator[EntryCount]:
    """Yield how many entries of each kind there are, counted by the paths that they may stand at."""
    found: Counter[str] = Counter()
    for kind, container in CONTAINERS.items():
        for path in (f"{{*}}{container}/{{*}}{kind}", f"{{*}}{kind}"):
            found[kind] += sum(1 for _ in root.iterfind(path))
    found["Place"] = sum(1 for _ in root.iterfind("{*}GrilleHoraire//{*}Place"))
    found["Responsable"] = sum(
        1 for path in ("{*}Eleves/{*}Eleve", "{*}Eleve") for _ in root.iterfind(f"{path}/{{*}}Responsable")
    )
    found["Cours"] = sum(1 for one in root.iterfind("{*}Cours") if _is_lesson(one))
    found["Cours"] += sum(1 for _ in root.iterfind("{*}Cours/{*}Cours"))
    found.update(name_of(one) for one in unread(root))
    for kind, number in found.items():
        yield EntryCount(kind, number)
