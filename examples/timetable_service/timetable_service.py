"""Timetables from a JSON file, offered to Passerelle as a source. See README.md."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from adapters.base import BadConfiguration, Children, Parent, Request, RetryLater, Row
from adapters.memory.source import LESSON_FILTERS, MemoryRelation, MemorySource, row_of
from adapters.records import Lesson


class TimetableService(MemorySource):
    """Lessons by student; the file is read at each request, as a remote service would be asked."""

    def __init__(self, file: Path, time_zone: str, delay: float) -> None:
        self._file, self._zone, self._delay = file, ZoneInfo(time_zone), delay
        lessons = MemoryRelation(self._lessons, order=("starts_at", "id"), filters=LESSON_FILTERS)
        super().__init__("timetable-service", {"Student.lessons": lessons})
        self._timetables: Mapping[str, Any] = {}

    async def fetch(self, request: Request) -> Mapping[str, Children]:
        """Read the file, then answer from it. Raises RetryLater when it cannot be read."""
        await asyncio.sleep(self._delay)
        try:
            self._timetables = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RetryLater(f"{self._file} cannot be read.") from error
        return await super().fetch(request)

    def _lessons(self, parent: Parent) -> list[Row]:
        return [self._lesson(entry) for entry in self._timetables.get(parent.external_id or "", [])]

    def _lesson(self, entry: Mapping[str, str]) -> Row:
        day = date.fromisoformat(entry["date"])
        start, end = (
            datetime.combine(day, time.fromisoformat(entry[name]), self._zone) for name in ("start", "end")
        )
        kept = {name: value for name, value in entry.items() if name not in ("date", "start", "end")}
        return row_of(Lesson, **kept, date=day, starts_at=start, ends_at=end, is_exempted=False)


class TimetableServiceAdapter:
    """Opens the service; options: `file`, `time_zone`, and `delay` in seconds to play a slow network."""

    name = "timetable-service"

    def open(self, options: Mapping[str, Any]) -> TimetableService:
        """Open the service. Raises BadConfiguration when the file is not named."""
        if "file" not in options:
            raise BadConfiguration("timetable-service needs the option `file`.")
        delay = float(options.get("delay", 0))
        return TimetableService(Path(options["file"]), options.get("time_zone", "Europe/Paris"), delay)
