"""Score scales of OneRoster 1.2: how a school writes a number."""

from __future__ import annotations

import re
from dataclasses import dataclass

ENTRY = re.compile(r"\{([^{}:]+):([^{}]+)\}")
SCORES = re.compile(r"\s*(-?\d+(?:\.\d+)?)(?:\s*-\s*(-?\d+(?:\.\d+)?))?\s*")
BETWEEN_ENTRIES = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Scale:
    """Ranges of scores, both ends included, and the words for them."""

    words: tuple[tuple[float, float, str], ...]

    def word(self, score: float) -> str | None:
        """Return how the school writes a score; None where the scale has no such score."""
        return next((word for low, high, word in self.words if low <= score <= high), None)


def parse_scale(text: str) -> Scale | None:
    """Read entries like `{90-100:A},{85:B}`; None where there is anything else, or nothing.

    Entries whose left side is a word (`{A:4.0}`) are valid and say nothing about how a number is written.
    Source: 1EdTech OneRoster 1.2 CSV binding, `scoreScaleValue` of scoreScales.csv: `{LHS:RHS}` pairs.
    """
    entries = ENTRY.findall(text)
    if not entries or BETWEEN_ENTRIES.fullmatch(ENTRY.sub("", text)) is None:
        return None
    found = ((SCORES.fullmatch(scores), word.strip()) for scores, word in entries)
    return Scale(tuple((float(one[1]), float(one[2] or one[1]), word) for one, word in found if one))
