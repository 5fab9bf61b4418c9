"""Calendar feeds (iCalendar, RFC 5545): timetables, agendas and holidays."""
