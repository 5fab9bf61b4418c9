"""Marks as schools write them: `12,5`, `4,5/5`, `Abs`, `N.Noté`, `(13)`, `A+`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from adapters.records import folded
from adapters.templates.plain_values import Unreadable, number

USUAL_SCALE = 20.0
HIGHEST_SCALE = 1000
MOST_BONUS = 2
"""How many times the highest mark a mark may be; bonus points go beyond it."""
STATUSES: dict[str, tuple[str, ...]] = {
    "ABSENT": ("Abs", "Absent", "Absente"),
    "EXEMPTED": ("Disp", "Dispensé", "Dispensée", "Dispense"),
    "UNFIT": ("Inapte", "Inap"),
    "NOT_GRADED": ("N.Not", "N.Noté", "N.Notée", "Non noté", "Non notée", "NN"),
    "NOT_SUBMITTED": ("N.Rdu", "N.Rendu", "Non rendu", "NR"),
    "ABSENT_ZERO": ("Abs0", "Abs 0", "AbsZero"),
    "NOT_SUBMITTED_ZERO": ("N.Rdu0", "Non rendu 0", "N.RduZero"),
    "NOT_EVALUATED": ("NE", "N.E", "N.Eval", "Non évalué", "Non évaluée"),
    "CONGRATULATIONS": ("Félicitations",),
    "PENDING": ("En attente", "EA"),
}
"""What stands for a mark where there is none, in PRONOTE, EcoleDirecte, OPEN-ENT and by hand."""
STATUS_BY_WORD = {folded(word): status for status, words in STATUSES.items() for word in words}
ZEROS = ("ABSENT_ZERO", "NOT_SUBMITTED_ZERO")
LETTER = re.compile(r"[A-Za-z][+-]{0,2}")
APPRECIATIONS = {
    folded(one)
    for one in (
        "TB", "AB", "TI", "Très bien", "Bien", "Assez bien", "Moyen", "Passable", "Insuffisant",
        "Très insuffisant", "Acquis", "Non acquis", "En cours d'acquisition", "ECA", "NA", "PA",
    )
}  # fmt: skip
NOTHING = ("-", "--", "–", "—", "/", "?", ".")
"""What is written where there is no mark, without saying why."""
POINTS = re.compile(r"(?:bonus|malus)\s*[+-]?[0-9.,]*|\+\s*[0-9.,]+", re.IGNORECASE)
"""Points that are added to an average, or taken away: no mark on the scale."""
FRACTION = re.compile(r"(?P<mark>[^/]+)/(?P<scale>[^/]+)")
IN_PARENTHESES = re.compile(r"\((?P<mark>[^()]+)\)")
SCALE_HELP = "Write the highest mark that can be reached, such as 20; empty is 20."


class BadMark(Unreadable):
    """A mark that cannot be taken; `column` says where the fault lies."""

    def __init__(self, column: str, value: str, reason: str, remedy: str) -> None:
        super().__init__(reason, remedy)
        self.column, self.value = column, value


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark: status (GradeStatus), value and scale, how it counts (GradeWeighting), how it is shown."""

    status: str
    value: float | None
    out_of: float | None
    weighting: str
    shown: str
    is_points: bool = False
    """Points for an average, shown as text because no scale holds them."""


def read_mark(written: str, scale: str | None) -> Mark:
    """Read a mark and the highest mark of its column. Raises BadMark.

    `(13)` does not count and `13*` counts only where it raises the average, as EcoleDirecte and PRONOTE show
    such marks.
    """
    text = " ".join(written.split())
    status = STATUS_BY_WORD.get(folded(text)) or _status_of_text(text)
    if status is not None:
        no_scale = status == "LETTER" and (not scale or scale.strip(" /0,.") == "")
        out_of = None if no_scale else _scale(scale)
        value = 0.0 if status in ZEROS else None
        return Mark(status, value, out_of, "NORMAL", text, bool(POINTS.fullmatch(text)))
    shown, weighting = text, "NORMAL"
    if found := IN_PARENTHESES.fullmatch(text):
        text, weighting = found["mark"].strip(), "NOT_SIGNIFICANT"
    elif text.endswith("*"):
        text, weighting = text[:-1].strip(), "OPTIONAL"
    if found := FRACTION.fullmatch(text):
        text, scale = found["mark"].strip(), _same_scale(found["scale"], scale, written)
        shown = text if weighting == "NORMAL" else shown
    out_of = _scale(scale)
    return Mark("GRADED", _value(text, out_of, written), out_of, weighting, shown)


def _status_of_text(text: str) -> str | None:
    if text in NOTHING or POINTS.fullmatch(text):
        return "UNKNOWN"
    if LETTER.fullmatch(text) or folded(text) in APPRECIATIONS:
        return "LETTER"
    return None


def _value(text: str, out_of: float, written: str) -> float:
    try:
        value = number(text)
    except Unreadable as error:
        known = ", ".join(words[0] for words in STATUSES.values())
        do = f"Write a number as 12,5, a letter as A+, or one of: {known}."
        raise BadMark("grade", written, error.reason, do) from error
    if value < 0:
        do = "Correct it; for points taken away, write malus in the column weighting and the points as 2."
        raise BadMark("grade", written, "is below 0", do)
    if value > MOST_BONUS * out_of:
        raise BadMark("grade", written, f"is no grade out of {out_of:g}", "Correct it, or out_of.")
    return value


def _scale(written: str | None) -> float:
    if written is None or not written.strip():
        return USUAL_SCALE
    try:
        found = number(written.strip().removeprefix("/"))
    except Unreadable as error:
        raise BadMark("out_of", written, error.reason, SCALE_HELP) from error
    if not 0 < found <= HIGHEST_SCALE:
        why = f"is no highest mark (above 0, at most {HIGHEST_SCALE})"
        raise BadMark("out_of", written, why, SCALE_HELP)
    return found


def _same_scale(of_mark: str, of_column: str | None, written: str) -> str:
    """Return the scale of a mark such as 4,5/5, which its column must not contradict."""
    if of_column and of_column.strip() and _scale(of_column) != _scale(of_mark):
        why = f"is out of {of_mark.strip()}, and out_of says {of_column.strip()}"
        raise BadMark("grade", written, why, "Correct one of both, or leave out_of empty.")
    return of_mark
