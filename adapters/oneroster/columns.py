"""The columns of OneRoster's files, of both versions, and those without which a file cannot be read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from adapters.base import InvalidExport, Notice

COMMON = ("sourcedId", "status", "dateLastModified")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "academicSessions": ("title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
    "categories": ("title", "weight"),
    "classes": (
        "title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId",
        "termSourcedIds", "subjects", "subjectCodes", "periods",
    ),
    "courses": (
        "schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes",
    ),
    "demographics": (
        "birthDate", "sex", "americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican",
        "nativeHawaiianOrOtherPacificIslander", "white", "demographicRaceTwoOrMoreRaces",
        "hispanicOrLatinoEthnicity", "countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth",
        "publicSchoolResidenceStatus",
    ),
    "enrollments": (
        "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate",
    ),
    "lineItemScoreScales": ("lineItemSourcedId", "scoreScaleSourcedId"),
    "lineItems": (
        "title", "description", "assignDate", "dueDate", "classSourcedId", "categorySourcedId",
        "gradingPeriodSourcedId", "resultValueMin", "resultValueMax", "schoolSourcedId",
    ),
    "orgs": ("name", "type", "identifier", "parentSourcedId"),
    "resultScoreScales": ("resultSourcedId", "scoreScaleSourcedId"),
    "results": (
        "lineItemSourcedId", "studentSourcedId", "scoreStatus", "score", "scoreDate", "comment",
        "textScore", "classSourcedId", "inProgress", "incomplete", "late", "missing",
    ),
    "roles": (
        "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId",
    ),
    "scoreScales": ("title", "type", "orgSourcedId", "courseSourcedId", "classSourcedId", "scoreScaleValue"),
    "users": (
        "enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email",
        "sms", "phone", "agentSourcedIds", "grades", "password", "userMasterIdentifier",
        "resourceSourcedIds", "preferredGivenName", "preferredMiddleName", "preferredFamilyName",
        "primaryOrgSourcedId", "pronouns",
    ),
}  # fmt: skip
"""Columns after the common ones, in the order of the standard (OneRoster 1.2 CSV binding)."""
ALSO_KNOWN: Mapping[str, tuple[str, ...]] = {
    "lineItems": ("academicSessionSourcedId",),
    "users": ("orgSourcedIds", "role"),
}
"""Columns that 1.1 has and 1.2 has not, and spellings of drafts that systems still write."""
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "academicSessions": ("title", "startDate", "endDate"),
    "categories": ("title",),
    "classes": ("title", "courseSourcedId", "classType", "schoolSourcedId"),
    "courses": ("title", "orgSourcedId"),
    "demographics": ("birthDate",),
    "enrollments": (
        "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate",
    ),
    "lineItemScoreScales": ("lineItemSourcedId", "scoreScaleSourcedId"),
    "lineItems": ("title", "assignDate", "dueDate", "classSourcedId", "resultValueMax"),
    "orgs": ("name", "type", "identifier"),
    "resultScoreScales": ("resultSourcedId", "scoreScaleSourcedId"),
    "results": ("lineItemSourcedId", "studentSourcedId", "scoreStatus", "score", "scoreDate"),
    "roles": ("userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId"),
    "scoreScales": ("scoreScaleValue",),
    "users": ("enabledUser", "givenName", "familyName", "agentSourcedIds"),
}  # fmt: skip
"""Columns that a file must have beside sourcedId: what they hold gives records, ties or rights.

The standard demands all columns; systems leave out others, and nothing depends on them.
"""


def check_header(file: str, name: str, header: Sequence[str], required: Iterable[str]) -> list[Notice]:
    """Check the columns of a file, and say which are not known. Raises InvalidExport.

    `file` is what it is called, `name` which file of the standard it is.
    """
    known = {*COMMON, *COLUMNS[name], *ALSO_KNOWN.get(name, ())}
    strangers = [one for one in header if one not in known]
    for one in ("sourcedId", *required):
        if one not in header:
            raise InvalidExport(
                f"{file}: lacks the column {one}{_nearest(one, strangers)}. Names of columns are written as "
                "the standard writes them: correct the header, or export again."
            )
    for one in sorted(known):
        if header.count(one) > 1:
            raise InvalidExport(f"{file}: has the column {one} {header.count(one)} times; keep one of them.")
    unread = [one for one in strangers if one and not one.startswith("metadata.")]
    absent = sorted(known.difference(header))
    return [
        Notice(file, f"the column {one!r} is not known, and is not read{_nearest(one, absent)}")
        for one in unread
    ]


def _nearest(name: str, others: Sequence[str]) -> str:
    """Return a hint at the name among others that is most like this one; empty where none is like it."""
    lower = {one.lower(): one for one in others}
    found = difflib.get_close_matches(name.lower(), lower, n=1)
    return f" (nearest: {lower[found[0]]!r})" if found else ""
