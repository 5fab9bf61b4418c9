"""What an administrator chose for imports."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.native.precedence import Precedence


@dataclass(frozen=True, slots=True)
class Rules:
    """How much may end, who is believed, and whether known ids may belong to persons of other names.

    `most_ended` is the part of the records of a kind, from 0 to 1, that a complete export may lack; None for
    any.
    """

    most_ended: float | None = None
    allow_renamed: bool = False
    precedence: Precedence = field(default_factory=Precedence)


ANYTHING = Rules()
