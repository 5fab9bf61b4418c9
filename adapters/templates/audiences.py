"""For whom a row is: classes, the whole school, or one student."""

from __future__ import annotations

from typing import Any

from adapters.templates.columns import BadField, Fields

WHO = ("student_number", "ine", "last_name", "first_name", "birth_date")


def audience(fields: Fields) -> dict[str, Any]:
    """Return the columns of a record that say for whom it is. Raises BadField where a row says two things.

    What is for one student must never be shown to a class because the table has its name too.
    """
    classes, student = fields.classes(), next((one for one in WHO if fields.text(one)), None)
    whole_school = fields.has("whole_school") and fields.flag("whole_school")
    if student is not None and (classes or whole_school):
        why = "the row names a student beside a class or the whole school"
        do = "Leave the student empty if the row is for all, else the class and whole_school."
        raise BadField(student, fields.words(student), why, do)
    if classes and whole_school:
        why, do = "the row names classes too", "Leave one of both empty."
        raise BadField("whole_school", fields.words("whole_school"), why, do)
    if classes:
        return {"class_ids": classes}
    if whole_school:
        return {"is_for_whole_school": True}
    return {"student_ids": [fields.student()]}
