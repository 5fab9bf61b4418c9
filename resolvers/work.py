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


@dataclass(slots=True)
class Work:
    """The work of one request."""

    turn: Turn
    max_records: int
    max_text: int
    """Characters of long texts that are read at the most; of some an answer has an excerpt only."""
    source_timeout: float
    """Seconds that all sources together may be waited for."""
    records: int = 0
    text: int = 0
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

    @property
    def is_too_much(self) -> bool:
        """Tell whether more was read than is allowed, so that there is no answer."""
        return self.records > self.max_records or self.text > self.max_text

    def _excess(self) -> str:
        if self.records > self.max_records:
            return (
                f"The answer needs more than {self.max_records} records (the setting max_records). "
                "Ask for fewer with `first`, for a shorter window, or for fewer levels of lists in one "
                "another."
            )
        return (
            f"The answer needs texts of more than {self.max_text} characters (twice the setting "
            "max_answer). Ask for fewer records with `first`, or for a shorter window."
        )

    def deadline(self) -> float:
        """Return the time of the event loop until which sources may answer, from the first question on."""
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self.source_timeout
        return self._deadline
