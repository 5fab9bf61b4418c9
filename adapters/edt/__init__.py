"""EDT and PRONOTE (Index Éducation): the timetable as XML, with its people where they are exported."""
