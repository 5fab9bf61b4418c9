"""National numbers of French schools (UAI): seven digits and a letter that is made from them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapters.base import InvalidExport, Notice

FORM = re.compile(r"[0-9]{7}[A-Z]")
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
"""The letter is the one at the place of the seven digits modulo 23 (checked with the published samples)."""


def school_number(written: str) -> str | None:
    """Return a UAI as it is written everywhere else: no spaces, upper case; None where it is none."""
    number = "".join(written.split()).upper()
    return number if FORM.fullmatch(number) else None


def needed_school_number(written: str, where: str, remedy: str) -> str:
    """Return a UAI in its one form. Raises InvalidExport, naming where it stands and what to do."""
    number = school_number(written)
    if number is None:
        raise InvalidExport(
            f"{where}: {written[:40]!r} is no number of a school (UAI), which has seven digits and a "
            f"letter, as in 0750680G. {remedy}"
        )
    return number


def check_letter_notices(number: str, where: str) -> Iterator[Notice]:
    """Yield a notice where the letter of a UAI does not follow from its digits.

    It is no error: numbers invented for tests, and of structures that are no schools, do not follow the rule.
    """
    expected = LETTERS[int(number[:7]) % len(LETTERS)]
    if number[-1] != expected:
        yield Notice(
            where,
            f"the letter of the school's number, {number}, should be {expected}: is it this school's?",
        )
