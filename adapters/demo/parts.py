"""The parts of the demo year, in the order in which they are made."""

from adapters.demo import family_life, lessons, marks, school_life
from adapters.demo.year import Part, grading_periods, settings

PARTS: tuple[Part, ...] = (
    settings,
    grading_periods,
    lessons.rooms,
    lessons.timetable,
    lessons.personal_homework,
    marks.skill_framework,
    marks.grades,
    marks.source_averages,
    school_life.reasons,
    school_life.absences,
    school_life.behaviour,
    family_life.conversations,
    family_life.liaison_notes,
    family_life.events,
    family_life.trips,
    family_life.news,
    family_life.documents,
    family_life.charter_and_help,
)
