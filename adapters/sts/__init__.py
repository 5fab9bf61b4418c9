"""STS-WEB: staff, classes, services and the weekly timetable of a school."""
