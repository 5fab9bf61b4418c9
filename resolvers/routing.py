"""Which source serves which school and kind of data, and how long it may take."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from adapters.base import (
    Bound,
    Children,
    InvalidCursor,
    NotSupported,
    RefusedBySource,
    Request,
    RetryLater,
    Rows,
    Source,
    SourceError,
    SourceNearby,
)
from resolvers.errors import InvalidArgument, SourceFailed

log = logging.getLogger("passerelle.sources")

CAPABILITIES: Mapping[str, str] = {
    "Student.lessons": "TIMETABLE_READ",
    "Lesson": "TIMETABLE_READ",
    "Student.homework": "HOMEWORK_READ",
    "Student.homework_given": "HOMEWORK_READ",
    "Lesson.homework_due": "HOMEWORK_READ",
    "Lesson.homework_given": "HOMEWORK_READ",
    "Student.lesson_contents": "LESSON_CONTENT_READ",
    "Lesson.contents": "LESSON_CONTENT_READ",
    "Student.grades": "GRADES_READ",
    "Assessment.grades": "GRADES_READ",
    "Student.subject_averages": "AVERAGES_READ",
    "Student.skill_evaluations": "SKILLS_READ",
    "SkillEvaluation.results": "SKILLS_READ",
    "Assessment.skill_results": "SKILLS_READ",
    "Student.absences": "ABSENCES_READ",
    "Lesson.absences": "ABSENCES_READ",
    "Absence.justifications": "ABSENCES_READ",
    "Student.absence_justifications": "ABSENCES_READ",
    "Student.incidents": "BEHAVIOUR_READ",
    "Incident": "BEHAVIOUR_READ",
    "Student.punishments": "BEHAVIOUR_READ",
    "Incident.punishments": "BEHAVIOUR_READ",
    "Punishment.sessions": "BEHAVIOUR_READ",
    "Student.observations": "BEHAVIOUR_READ",
    "Viewer.conversations": "MESSAGES_READ",
    "Conversation": "MESSAGES_READ",
    "Conversation.participants": "MESSAGES_READ",
    "Conversation.messages": "MESSAGES_READ",
    "School.conversation": "MESSAGES_READ",
    "Message": "MESSAGES_READ",
    "Participant": "MESSAGES_READ",
    "Student.liaison_notes": "LIAISON_READ",
    "Viewer.events": "EVENTS_READ",
    "Student.trips": "TRIPS_READ",
    "Trip.updates": "TRIPS_READ",
    "Viewer.news": "NEWS_READ",
    "Viewer.documents": "DOCUMENTS_READ",
    "Viewer.contacts": "DIRECTORY_READ",
}
"""The kind of data behind each relation that has one; the others are directory data, open to every viewer."""


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the configuration: this kind of data, of this school (or of all), is in that source."""

    source: str
    capability: str
    school: str | None = None


LONGEST_TOLD = 300
"""Characters of what a source says of a fault, in answers and in the log."""
RECOVERY = 10.0
"""Seconds after which a source that did not answer is asked again, by one request first."""


RESTS = "The source {} did not answer a moment ago; ask again in a while."


class Resting(SourceError):
    """The source did not answer a moment ago, and is not asked now."""


@dataclass(slots=True)
class Health:
    """Whether a source answers: after it did not, nobody waits for it for a while (a circuit breaker)."""

    failed_at: float | None = None
    """Time of the event loop when it last did not answer; None when it last did."""
    last_error: str | None = None

    def fault(self, name: str) -> SourceFailed | None:
        """Return why a source is not asked now, if it is not."""
        if self.failed_at is None:
            return None
        return SourceFailed(name, RESTS.format(name))

    @contextmanager
    def watched(self, now: float) -> Iterator[None]:
        """Watch one question. Raises Resting where the source is not to be asked."""
        if self.failed_at is not None:
            if now < self.failed_at + RECOVERY:
                raise Resting
            # Until this one question is answered, nobody else asks.
            self.failed_at = now
        try:
            yield
        except (TimeoutError, RetryLater, OSError) as error:
            self.failed_at = asyncio.get_running_loop().time()
            self.last_error = "took too long" if isinstance(error, TimeoutError) else "does not answer"
            raise
        except asyncio.CancelledError:
            raise
        except Exception:
            self.failed_at = None
            raise
        self.failed_at = None


class Sources:
    """All opened sources; the native database serves whatever no route names."""

    def __init__(
        self, native: Source, others: Mapping[str, Source], routes: Sequence[Route], timeout: float
    ) -> None:
        self.native = native
        self.nearby = native if isinstance(native, SourceNearby) else None
        self.by_name: dict[str, Source] = {native.name: native, **others}
        self.routes = routes
        self.timeout = timeout
        self.health: defaultdict[str, Health] = defaultdict(Health)
        """By source; the database has none."""

    @property
    def is_single(self) -> bool:
        """Tell whether there is nothing to choose: the native database serves all."""
        return len(self.by_name) == 1

    @property
    def can_bind(self) -> bool:
        """Tell whether questions can be worked out beforehand: the native database serves all, and can."""
        return self.nearby is not None and self.is_single

    @property
    def are_immediate(self) -> bool:
        """Tell whether asking several questions at once gains nothing."""
        return self.nearby is not None and self.nearby.is_immediate and self.is_single

    def serving(self, relation: str, schools: Sequence[str | None]) -> Source:
        """Find the source for a relation; `schools` are the names a route may use for the school."""
        capability = CAPABILITIES.get(relation)
        if capability is not None:
            for route in self.routes:
                if route.capability == capability and (route.school is None or route.school in schools):
                    return self.by_name[route.source]
        return self.native

    def holding(self, name: str, relation: str) -> Source:
        """Return the named source where it has the relation, else the native database."""
        source = self.by_name.get(name, self.native)
        return source if relation in source.relations else self.native

    def capabilities(self, schools: Sequence[str | None]) -> list[str]:
        """List what the sources behind a school can give, derived from the relations they implement."""
        found = {
            capability
            for relation, capability in CAPABILITIES.items()
            if relation in self.serving(relation, schools).relations
        }
        return sorted(found)

    def given_by(self, source: Source) -> list[str]:
        """List what one source can give."""
        return sorted({kind for relation, kind in CAPABILITIES.items() if relation in source.relations})

    async def fetch(
        self, source: Source, request: Request, deadline: Callable[[], float] | None = None
    ) -> Mapping[str, Children]:
        """Ask a source. Raises SourceFailed or InvalidArgument.

        `deadline` gives the time of the event loop until which a source other than the database may answer;
        without it, the source has all its time. A source that just failed is not asked.
        """
        try:
            if source is self.native:
                # The database keeps a limit of its own, which also stops the statement.
                return await source.fetch(request)
            loop = asyncio.get_running_loop()
            until = loop.time() + self.timeout if deadline is None else deadline()
            with self.health[source.name].watched(loop.time()):
                async with asyncio.timeout_at(until):
                    return await source.fetch(request)
        except Exception as error:
            raise presented(source.name, request.relation, error) from error

    def bind(self, request: Request) -> Bound | None:
        """Work out a question to the database, where `can_bind`; None where it has to look closer.

        Raises SourceFailed and InvalidArgument.
        """
        assert self.nearby is not None
        try:
            found: Bound | None = self.nearby.bind(request)
        except Exception as error:
            raise presented(self.native.name, request.relation, error) from error
        return found

    async def rows(self, bound: Bound, relation: str, now: datetime) -> Rows:
        """Answer a question that `bind` worked out. Raises SourceFailed."""
        assert self.nearby is not None
        try:
            return await self.nearby.rows(bound, now)
        except Exception as error:
            raise presented(self.native.name, relation, error) from error

    async def close(self) -> None:
        """Close every source."""
        for source in self.by_name.values():
            await source.close()


def presented(source: str, relation: str, error: Exception) -> Exception:
    """Turn what a source raised into what a client may know; what nobody foresaw goes to the log."""
    if isinstance(error, InvalidCursor):
        return InvalidArgument(str(error)[:LONGEST_TOLD])
    if isinstance(error, Resting):
        return SourceFailed(source, RESTS.format(source))
    if isinstance(error, TimeoutError):
        return SourceFailed(source, f"The source {source} took too long.")
    if isinstance(error, RetryLater):
        why = repr(error.__cause__ or error)[:LONGEST_TOLD]
        log.warning("%s does not answer %s: %s", source, relation, why)
        return SourceFailed(source, f"The source {source} does not answer now.")
    if isinstance(error, RefusedBySource):
        return SourceFailed(source, f"The source {source} refused to answer.")
    if isinstance(error, NotSupported):
        return SourceFailed(source, f"The source {source} does not have this data.")
    if isinstance(error, SourceError):
        return SourceFailed(source, f"The source {source} could not answer.")
    log.error("The source %s failed on %s.", source, relation, exc_info=error)
    return SourceFailed(source, f"The source {source} failed.")
