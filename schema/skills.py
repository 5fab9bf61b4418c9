"""Skills (compétences)."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import enum, enum_value, field, type

from schema.connections import Connection
from schema.edge import edge
from schema.grades import AssessmentKind
from schema.interfaces import Node, StudentScoped
from schema.scalars import Color
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.grades import Grade, GradingPeriod
    from schema.people import StaffMember
    from schema.school import Subject


@enum(description="Reference framework of skills.")
class SkillFramework(Enum):
    COMMON_CORE = enum_value(
        "COMMON_CORE", description="Socle commun de connaissances, de compétences et de culture."
    )
    CURRICULUM = enum_value("CURRICULUM", description="National curriculum (programmes).")
    DIGITAL_CRCN = enum_value("DIGITAL_CRCN", description="Digital skills (CRCN, Pix).")
    LANGUAGE_CEFR = enum_value("LANGUAGE_CEFR", description="Languages (CECRL).")
    SCHOOL_OWN = enum_value("SCHOOL_OWN", description="The school's own grid.")
    OTHER = enum_value("OTHER", description="Another framework.")


@enum(description="Levels normalised across schools, and states that are not a level.")
class SkillLevelCode(Enum):
    EXPERT = enum_value("EXPERT", description="Expert, very good mastery (4+).")
    ACQUIRED = enum_value("ACQUIRED", description="Acquis, satisfactory mastery.")
    NEARLY_ACQUIRED = enum_value("NEARLY_ACQUIRED", description="Presque acquis.")
    IN_PROGRESS = enum_value("IN_PROGRESS", description="En cours d'acquisition, fragile mastery.")
    BEGINNING = enum_value("BEGINNING", description="Début d'acquisition.")
    NOT_ACQUIRED = enum_value("NOT_ACQUIRED", description="Non acquis, insufficient mastery.")
    ABSENT = enum_value("ABSENT", description="Absent.")
    EXEMPTED = enum_value("EXEMPTED", description="Exempted (dispensé).")
    NOT_SUBMITTED = enum_value("NOT_SUBMITTED", description="Not handed in.")
    NOT_EVALUATED = enum_value("NOT_EVALUATED", description="Not evaluated (non évalué).")
    UNKNOWN = enum_value("UNKNOWN", description="A level the gateway does not know: show the label.")


@type(description="A skill (competence) of a reference framework.")
class Skill(Node):
    code: str | None = field(description="Code of the skill.")
    label: str = field(description="What the student is able to do.")
    description: str | None = field(description="Longer text.")

    @edge
    def subject(self) -> Subject | None:
        """Subject the skill belongs to."""
        ...

    @edge
    def domain(self) -> SkillDomain | None:
        """Domain the skill belongs to."""
        ...

    @edge
    def parent(self) -> Skill | None:
        """The broader skill."""
        ...

    cycle: int | None = field(description="Cycle of the French curriculum: 2, 3 or 4.")


@type(description="A domain of the common core (socle) or of a school's own grid.")
class SkillDomain(Node):
    code: str | None = field(description="D1.1, D2, D3...")
    label: str = field(description="Name of the domain.")

    @edge
    def parent(self) -> SkillDomain | None:
        """The broader domain."""
        ...

    framework: SkillFramework = field(description="Framework the domain comes from.")


@type(description="The levels a school uses, in order.")
class SkillScale(Node):
    name: str = field(description="Name of the scale.")

    @edge
    def levels(self) -> list[SkillLevel] | None:
        """Levels from lowest to highest, then the states."""
        ...


@type(description="A level of mastery, with the school's own words and colours.")
class SkillLevel:
    code: SkillLevelCode = field(description="Level normalised across schools; best effort.")
    label: str = field(description='As the school writes it: "Acquis", "Très bonne maîtrise".')
    abbreviation: str | None = field(description='Short text for narrow columns: "A", "TBM".')
    color: Color | None = field(description="Colour chosen by the school or the user, `#RRGGBB`.")
    rank: int | None = field(
        description="Order within the scale, higher is better. Null for states that are not a level."
    )
    points: float | None = field(description="Points used when levels are turned into a grade.")


@type(description="An assessment by skills.")
class SkillEvaluation(Node, Sourced, StudentScoped):
    title: str = field(description="Title of the assessment.")
    description: str | None = field(description="Longer text.")

    @edge
    def subject(self) -> Subject | None:
        """School subject (matière), null when there is none."""
        ...

    @edge
    def teachers(self) -> list[StaffMember] | None:
        """Teachers, in the order of the source."""
        ...

    @edge
    def period(self) -> GradingPeriod | None:
        """Grading period it belongs to."""
        ...

    date: Date | None = field(description="Day of the assessment.")
    published_at: DateTime | None = field(
        description="When it became visible to guardians. It is never served earlier."
    )
    kind: AssessmentKind = field(description="Kind of assessment.")

    @edge
    def results(self) -> list[SkillResult] | None:
        """One level for each skill."""
        ...

    @edge
    def grade(self) -> Grade | None:
        """The numeric grade of the same assessment, when there is one."""
        ...


@type(description="The level reached on one skill in one assessment.")
class SkillResult:
    @edge
    def skill(self) -> Skill | None:
        """The skill."""
        ...

    @edge
    def level(self) -> SkillLevel | None:
        """The level reached, in the school's words."""
        ...

    coefficient: float | None = field(description="Weight of the skill in the assessment.")
    order: int | None = field(description="Position in the assessment.")
    comment: str | None = field(description="Comment of the teacher.")


@type(description="A page of a list of SkillEvaluation (Relay connection).")
class SkillEvaluationConnection(Connection[SkillEvaluation]):
    """Nothing beyond the Relay fields."""
