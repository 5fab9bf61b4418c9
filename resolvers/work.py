"""What one request has done so far, held against what it may do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from adapters import records as r
from adapters.content import HTML, LINES
from resolvers.errors import ClientError
from resolvers.turns import Turn


class TooManyRecords(ClientError):
    """The answer needs more records than one request may read."""

    code = "ANSWER_TOO_LARGE"


LONG_TEXTS = frozenset(
    name for kind in r.kinds_of_records() for name, holds in kind.contents().items() if holds in (HTML, LINES)
)
"""Columns of HTML or of several lines: what is read of them is counted."""
TEXT_FOR_ANSWER = 2
"""How many characters of long texts may be read for each byte that an answer may have."""
LONG = 256
"""Characters from which a text of an answer is counted each time that it stands there; how many shorter ones
there are is bounded by the cost of an operation."""


class LongText:
    """A long text in an answer that is not written yet; however often it stands there, it is kept once."""

    __slots__ = ("size", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.size = len(text) if text.isascii() else len(text.encode(errors="replace"))
        """The bytes that it takes in JSON, or fewer: what has to be escaped takes more."""


def too_many_bytes(most: int) -> str:
    """Say that an answer has more bytes than it may have."""
    return (
        f"The answer has more than {most} bytes (the setting max_answer). Ask for fewer records or fields at "
        "once."
    )


@dataclass(slots=True)
class Work:
    """The work of one request."""

    turn: Turn
    max_records: int
    max_answer: int
    """Bytes of an answer."""
    source_timeout: float
    """Seconds that all sources together may be waited for."""
    records: int = 0
    text: int = 0
    """Characters of long texts that were read; of some an answer has an excerpt only."""
    written: int = 0
    """Bytes of long texts in the answer so far, those that stand there several times counted once or more."""
    _deadline: float | None = None

    def count(self, records: int) -> None:
        """Count records that were read. Raises TooManyRecords, from then on at every call."""
        self.records += records
        if self.is_too_much:
            raise TooManyRecords(self._excess())

    def count_texts(self, texts: Iterable[str | None]) -> None:
        """Count long texts that were read. Raises TooManyRecords, from then on at every call."""
        self.text += sum(len(one) for one in texts if one)
        self.count(0)

    def long(self, text: str) -> LongText:
        """Put a long text into the answer. Raises TooManyRecords, from then on at every call of `count`."""
        found = LongText(text)
        self.written += found.size
        self.count(0)
        return found

    @property
    def is_too_much(self) -> bool:
        """Tell whether more was read than is allowed, so that there is no answer."""
        return (
            self.records > self.max_records
            or self.text > TEXT_FOR_ANSWER * self.max_answer
            or self.written > self.max_answer
        )

    def _excess(self) -> str:
        if self.records > self.max_records:
            return (
                f"The answer needs more than {self.max_records} records (the setting max_records). "
                "Ask for fewer with `first`, for a shorter window, or for fewer levels of lists in one "
                "another."
            )
        if self.written > self.max_answer:
            return too_many_bytes(self.max_answer)
        return (
            f"The answer needs texts of more than {TEXT_FOR_ANSWER * self.max_answer} characters (twice the "
            "setting max_answer). Ask for fewer records with `first`, or for a shorter window."
        )

    def deadline(self) -> float:
        """Return the time of the event loop until which sources may answer, from the first question on."""
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self.source_timeout
        return self._deadline
