"""Averages of grades, with exact arithmetic. The rules are those of the French school systems.

Base formula: 20·Σ(c·v·k) / Σ(c·d) with k = 20/out_of and d = 20 for a grade that is rescaled to 20, else
k = 1 and d = out_of. A bonus adds its points above half of its scale and no coefficient; a malus takes its
points away. Optional grades are taken in descending order while they raise the average. What is not a
number never counts, and a coefficient of 0 counts nothing. A source's own average always wins over these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

COUNTING_STATUSES = frozenset({"GRADED", "ABSENT_ZERO", "NOT_SUBMITTED_ZERO"})
SCALE = 20


@dataclass(frozen=True, slots=True)
class Mark:
    """One grade, or one average that enters a wider one. A hidden coefficient is None."""

    value: float | Fraction | None
    out_of: float | None = SCALE
    coefficient: float | None = 1
    weighting: str = "NORMAL"
    is_rescaled: bool | None = True
    status: str = "GRADED"


@dataclass(frozen=True, slots=True)
class Average:
    """An average on 20, whether something was missing, and the positions of the marks that count."""

    value: Fraction
    is_approximate: bool
    counted: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class _Term:
    position: int
    points: Fraction
    weight: Fraction
    ratio: Fraction


def exact(number: float | Fraction) -> Fraction:
    """Read a number as it is written: 14.1 is 141/10."""
    return number if isinstance(number, Fraction) else Fraction(repr(number))


def counts(mark: Mark) -> bool:
    """Tell whether a mark can enter an average at all."""
    return (
        mark.status in COUNTING_STATUSES
        and mark.value is not None
        and bool(mark.out_of)
        and mark.coefficient != 0
        and mark.weighting != "NOT_SIGNIFICANT"
    )


def average(marks: Sequence[Mark]) -> Average | None:
    """Average marks on 20; None when nothing counts."""
    usable = [(position, mark) for position, mark in enumerate(marks) if counts(mark)]
    terms = {
        kind: [_term(position, mark) for position, mark in usable if mark.weighting == kind]
        for kind in ("NORMAL", "BONUS", "MALUS", "OPTIONAL")
    }
    points = sum((term.points for term in terms["NORMAL"]), Fraction())
    weight = sum((term.weight for term in terms["NORMAL"]), Fraction())
    for term in terms["BONUS"]:
        points += max(term.points - term.weight / 2, Fraction())
    points -= sum((term.points for term in terms["MALUS"]), Fraction())
    kept = [term.position for kind in ("NORMAL", "BONUS", "MALUS") for term in terms[kind]]
    for term in sorted(terms["OPTIONAL"], key=lambda term: term.ratio, reverse=True):
        if weight == 0 or (points + term.points) / (weight + term.weight) > points / weight:
            points, weight = points + term.points, weight + term.weight
            kept.append(term.position)
    if weight == 0:
        return None
    approximate = any(mark.coefficient is None or mark.is_rescaled is None for _, mark in usable)
    return Average(SCALE * points / weight, approximate, frozenset(kept))


def _term(position: int, mark: Mark) -> _Term:
    assert mark.value is not None and mark.out_of
    value, out_of = exact(mark.value), exact(mark.out_of)
    coefficient = Fraction(1) if mark.coefficient is None else exact(mark.coefficient)
    rescaled = mark.is_rescaled is not False
    factor, scale = (SCALE / out_of, Fraction(SCALE)) if rescaled else (Fraction(1), out_of)
    return _Term(position, coefficient * value * factor, coefficient * scale, value / out_of)


def rounded(value: Fraction, places: int = 2) -> Decimal:
    """Round half up, as schools do."""
    number = Decimal(value.numerator) / Decimal(value.denominator)
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def display(value: Fraction | float | None) -> str:
    """Write an average the French way: 14,25; an empty text when there is none."""
    return "" if value is None else str(rounded(exact(value))).replace(".", ",")
