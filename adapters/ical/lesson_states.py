"""What a feed says of a lesson besides its subject: cancelled, moved, in another room.

PRONOTE writes the state before the subject ("Changement de salle - ANGLAIS - ROUX C.", "Cours annulé : SVT"),
in `CATEGORIES` ("Cours - Cours modifié"), or in both; other products write `STATUS:CANCELLED`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """Whether a lesson takes place, in the words of the contract, and `label`, as the feed writes it."""

    status: str = "SCHEDULED"
    reason: str | None = None
    changes: tuple[str, ...] = ()
    label: str | None = None
    is_known: bool = True


CATEGORY = re.compile(r"cours\s+-\s+(?P<label>.+)", re.IGNORECASE | re.DOTALL)
AFTER = r"(?:\s*[:–—]\s*|\s+-\s*|\s*$)"
"""What stands between a state and the subject."""


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(f"(?P<label>{pattern}){AFTER}", re.IGNORECASE)


IN_TITLES: tuple[tuple[re.Pattern[str], State], ...] = (
    (
        _words(r"(?:prof(?:esseur)?s?\.?(?:\s*/\s*pers(?:onnel)?s?\.?)?|pers\.|enseignante?s?)\s+absente?s?"),
        State("CANCELLED", "TEACHER_ABSENT"),
    ),
    (_words(r"classes?\s+absentes?"), State("CANCELLED", "CLASS_ABSENT")),
    (_words(r"(?:cours\s+)?annul[ée]e?s?|cancell?ed"), State("CANCELLED", "UNKNOWN")),
    (_words(r"changement\s+de\s+salle"), State("CHANGED", None, ("ROOM",))),
    (_words(r"cours\s+d[ée]plac[ée]s?"), State("CHANGED", None, ("TIME",))),
    (_words(r"cours\s+modifi[ée]s?"), State("CHANGED")),
    (_words(r"remplacement"), State("CHANGED", None, ("SUBSTITUTION",))),
    (_words(r"cours\s+exceptionnels?"), State("ADDED", None, ("ADDED",))),
    (_words(r"cours\s+maintenus?"), State("MAINTAINED")),
)
"""States that a title may begin with."""
IN_CATEGORIES = (
    *IN_TITLES,
    # As a title, an outing is what takes place: only as a state does it cancel a lesson.
    (_words(r"sortie\s+p[ée]dagogique"), State("CANCELLED", "SCHOOL_OUTING")),
)


def without_state(title: str) -> tuple[str, State | None]:
    """Take the state off the beginning of a title; a title that is nothing else stays as it is."""
    for pattern, state in IN_TITLES:
        if found := pattern.match(title):
            rest = title[found.end() :].strip()
            return rest or title, _labelled(state, found["label"])
    return title, None


def state_of(title: str, categories: Iterable[str], is_cancelled: bool) -> State:
    """Return the state of a lesson by its title, its categories and whether its STATUS is CANCELLED.

    What cancels it goes before what changes it. A state that is not known has `is_known` False and leaves the
    lesson scheduled, with the feed's own words as its label.
    """
    states = [without_state(title)[1], *(_of_category(one) for one in categories)]
    found = [one for one in states if one is not None]
    label = next((one.label for one in found), None)
    cancelling = [one.reason for one in found if one.status == "CANCELLED"]
    if cancelling or is_cancelled:
        reason = next((one for one in cancelling if one != "UNKNOWN"), "UNKNOWN")
        return State("CANCELLED", reason, (), label)
    known = [one for one in found if one.is_known]
    changes = tuple(dict.fromkeys(change for one in known for change in one.changes))
    status = known[0].status if known else "SCHEDULED"
    return State(status, None, changes, label, is_known=bool(known) or not found)


def _of_category(category: str) -> State | None:
    in_cours = CATEGORY.fullmatch(category.strip())
    label = in_cours["label"].strip() if in_cours else category.strip()
    for pattern, state in IN_CATEGORIES:
        if pattern.fullmatch(label):
            return _labelled(state, label)
    return State(label=label, is_known=False) if in_cours else None


def _labelled(state: State, label: str) -> State:
    return State(state.status, state.reason, state.changes, label)
