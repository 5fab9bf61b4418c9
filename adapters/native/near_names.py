"""Which names may be those of one person, written with a slip: initials, names swapped, a letter too many.

Nearness joins nobody: it makes doubtful, within the guardians of one child, what looks like two persons.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any

from adapters import records as r
from adapters.native.person_identity import PARTICLES

SHORT = 2
"""Letters that a word has at most which may stand for a longer one."""
ALIKE = 0.8
"""Share of letters in common from which two words are one with slips: Christophe and Chrstphe."""
LONGEST = 40
"""Letters of a word that are compared: the effort grows with their square."""
Words = Sequence[str]
MEN = frozenset({"m", "mr", "monsieur"})
WOMEN = frozenset({"mme", "mlle", "madame", "mademoiselle", "mrs", "ms", "miss"})


def names_near(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether first and family names of two may be the same, also where one has them swapped."""
    mine, theirs = ((_words(row.get("first_name")), _words(row.get("last_name"))) for row in (one, other))
    orders = ((mine, theirs), (mine[::-1], theirs), (mine, theirs[::-1]))
    return any(_first_near(a[0], b[0]) and _family_near(a[1], b[1]) for a, b in orders)


def titles_differ(one: str | None, other: str | None) -> bool:
    """Tell whether one title is that of a man and the other that of a woman; others tell nothing."""
    found = [r.folded(title) for title in (one, other)]
    return any(a in MEN and b in WOMEN for a, b in (found, found[::-1]))


def _words(name: str | None) -> list[str]:
    return [word[:LONGEST] for word in re.findall(r"\w+", r.search_text(name or ""))]


def _first_near(mine: Words, theirs: Words) -> bool:
    """Compare word by word: Jean-Marc is not Jean-Marie, though most of their letters are the same."""
    fewer, more = sorted((mine, theirs), key=len)
    if "".join(mine) == "".join(theirs) or _are_initials(mine, theirs) or _are_initials(theirs, mine):
        return True
    return all(any(_begins(a, b) or _is_slip(a, b) for b in more) for a in fewer)


def _family_near(mine: Words, theirs: Words) -> bool:
    """Compare the whole, and the words, one of which two persons of a family often share."""
    if _is_slip("".join(mine), "".join(theirs)):
        return True
    if len(mine) == len(theirs) == 1:
        return _is_short(mine[0], theirs[0])
    telling = [
        [word for word in words if word not in PARTICLES and len(word) > SHORT] for words in (mine, theirs)
    ]
    return any(_is_slip(a, b) for a in telling[0] for b in telling[1])


def _are_initials(mine: Words, theirs: Words) -> bool:
    return "".join(mine) == "".join(word[0] for word in theirs)


def _is_short(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return 0 < len(shorter) <= SHORT and longer.startswith(shorter)


def _begins(one: str, other: str) -> bool:
    """Tell whether one word begins the other: an initial, or a short form such as Alex."""
    return one.startswith(other) or other.startswith(one)


def _is_slip(one: str, other: str) -> bool:
    """Tell whether words are the same but for a letter, two that are swapped, or a fifth of a long word."""
    if one == other:
        return bool(one)
    if min(len(one), len(other)) <= SHORT:
        return False
    # In an order of their own: the ratio may depend on which of two words comes first.
    first, second = sorted((one, other))
    return _is_one_edit(first, second) or SequenceMatcher(None, first, second).ratio() >= ALIKE


def _is_one_edit(one: str, other: str) -> bool:
    """Tell whether a single letter is wrong or missing, or two neighbours are swapped."""
    start = _shared(one, other)
    one, other = one[start:], other[start:]
    end = _shared(one[::-1], other[::-1])
    one, other = one[: len(one) - end], other[: len(other) - end]
    return max(len(one), len(other)) <= 1 or (len(one) == 2 and one == other[::-1])


def _shared(one: str, other: str) -> int:
    """Return how many letters two words have in common from the beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
