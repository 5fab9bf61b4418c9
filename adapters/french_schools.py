"""Facts of French schools that several formats share: codes, roles, time zones."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from adapters.records import School, record_id

RELATIONS = {
    "1": "FATHER",
    "2": "MOTHER",
    "3": "LEGAL_TUTOR",
    "4": "OTHER_RELATIVE",
    "5": "CHILD_WELFARE_SERVICE",
    "6": "OTHER",
    "7": "SELF",
    "10": "MOTHER",
    "20": "FATHER",
    "37": "SIBLING",
    "38": "GRANDPARENT",
    "39": "OTHER_RELATIVE",
    "41": "OTHER",
    "42": "FOSTER_CARER",
    "43": "CHILDMINDER",
    "50": "LEGAL_TUTOR",
    "51": "CHILD_WELFARE_SERVICE",
    "70": "SELF",
    "90": "OTHER",
}
"""Ties by their code (nomenclature N_LIEN_PARENTE): one digit in older exports, two in newer ones."""
FATHERS, MOTHERS = ("M.", "M", "MONSIEUR"), ("MME", "MLLE", "MADAME")
ROLES = {
    "ENS": "TEACHER",
    "DIR": "MANAGEMENT",
    "EDU": "SCHOOL_LIFE",
    "ASE": "SCHOOL_LIFE",
    "SUR": "SCHOOL_LIFE",
    "DOC": "SUPPORT",
    "AES": "SUPPORT",
    "ADM": "ADMINISTRATION",
    "MDS": "HEALTH",
    "ORI": "COUNSELLING",
}
GUARDIAN_PERMISSIONS = [
    "READ_SCHOOL_DATA",
    "MARK_HOMEWORK",
    "JUSTIFY_ABSENCE",
    "DECLARE_ABSENCE",
    "SIGN_LIAISON_NOTE",
    "ACKNOWLEDGE_BEHAVIOUR",
    "ANSWER_TRIP_CONSENT",
    "SIGN_DOCUMENT",
    "SEND_MESSAGES",
    "VIEW_REPORT_CARDS",
    "GRANT_PARTNER_ACCESS",
]
KINDS = {
    "COLLEGE": "MIDDLE_SCHOOL",
    "LYCEE PROFESSIONNEL": "VOCATIONAL_HIGH_SCHOOL",
    "LYCEE POLYVALENT": "HIGH_SCHOOL",
    "LYCEE": "HIGH_SCHOOL",
    "ECOLE MATERNELLE": "NURSERY",
    "ECOLE": "PRIMARY",
}
ZONES = {
    "971": "America/Guadeloupe",
    "972": "America/Martinique",
    "973": "America/Cayenne",
    "974": "Indian/Reunion",
    "975": "America/Miquelon",
    "976": "Indian/Mayotte",
    "977": "America/St_Barthelemy",
    "978": "America/Marigot",
    "983": "Pacific/Noumea",
    "984": "Pacific/Tahiti",
    "986": "Pacific/Wallis",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}
"""Time zones by the first three digits of a UAI, all others Europe/Paris.

Numbers of schools in New Caledonia and French Polynesia begin with 983 and 984; 988 and 987 are the codes of
the territories.
"""


def relation(code: str | None, title: str | None) -> str:
    """Return the tie behind a code; for parents, the form of address decides where it is known.

    Exports and their documentation disagree on which of 10 and 20 is the mother; an address never does.
    """
    found = RELATIONS.get(code or "", "UNKNOWN")
    if code in ("10", "20"):
        if (title or "").upper() in FATHERS:
            return "FATHER"
        if (title or "").upper() in MOTHERS:
            return "MOTHER"
    return found


def school_kind(words: str | None) -> str:
    """Tell the kind of a school from how its type begins, such as COLLEGE."""
    return next((value for start, value in KINDS.items() if (words or "").upper().startswith(start)), "OTHER")


def time_zone(uai: str | None) -> str:
    """Return the time zone of a school by its national id."""
    return ZONES.get((uai or "")[:3], "Europe/Paris")


def boarding_status(regime: str | None) -> str | None:
    """Read the régime: externe, demi-pensionnaire, interne."""
    words = (regime or "").upper()
    if not words:
        return None
    for start, status in (("EXT", "DAY_STUDENT"), ("DEMI", "HALF_BOARD"), ("DP", "HALF_BOARD")):
        if words.startswith(start):
            return status
    return "FULL_BOARD" if words.startswith("INT") and "EXT" not in words else "UNKNOWN"


def school_of_number(source: str, uai: str, name: str | None = None, **others: Any) -> School:
    """Make the record of a school known by its national id alone, or with a name."""
    identity = record_id(source, "School", uai)
    return School(
        id=identity,
        school_id=identity,
        source_id=source,
        external_id=uai,
        national_id=uai,
        name=name or uai,
        time_zone=time_zone(uai),
        **others,
    )


def french_date(text: str | None) -> date | None:
    """Read dd/mm/yyyy or yyyy-mm-dd, of the years from 1900 to 2100. Raises ValueError."""
    if not text:
        return None
    day = date.fromisoformat(text) if text[4:5] == "-" else datetime.strptime(text, "%d/%m/%Y").date()
    if not 1900 <= day.year <= 2100:
        raise ValueError(f"{text!r} is no day of our time")
    return day
