"""Guardians and their ties to students (elements of BEE_RESPONSABLES)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters import records as r
from adapters.base import Item, Mention
from adapters.french_schools import GUARDIAN_PERMISSIONS, relation
from adapters.siecle.students import Found
from adapters.xml_documents import attribute, children, text

LEVELS = {"1": "LEGAL_GUARDIAN", "2": "IN_CHARGE", "3": "CONTACT"}


def guardians(data: Any, found: Found) -> Iterator[Item]:
    """Yield the guardians with their addresses."""
    addresses = {attribute(one, "ADRESSE_ID"): one for one in children(data, "ADRESSES", "ADRESSE")}
    for one in children(data, "PERSONNES", "PERSONNE"):
        number, last_name = attribute(one, "PERSONNE_ID"), text(one, "NOM_USAGE", "NOM_DE_FAMILLE", "NOM")
        if number is None or last_name is None:
            yield found.refusal(
                one,
                number or "",
                "NOM_DE_FAMILLE",
                "",
                "no number or no name",
                "Complete it in SIECLE.",
            )
            continue
        found.guardians[number] = text(one, "LC_CIVILITE")
        yield r.Guardian(
            **{**found.common("Guardian", number), "school_id": None},
            title=found.guardians[number],
            first_name=text(one, "PRENOM"),
            last_name=last_name,
            email=text(one, "MEL"),
            mobile_phone=text(one, "TEL_PORTABLE"),
            landline_phone=text(one, "TEL_PERSONNEL", "TEL_PROFESSIONNEL"),
            **_address(addresses.get(text(one, "ADRESSE_ID"))),
        )


def _address(one: Any) -> dict[str, Any]:
    if one is None:
        return {}
    lines = [text(one, f"LIGNE{number}_ADRESSE") for number in range(1, 5)]
    return {
        "address_lines": [line for line in lines if line],
        "postal_code": text(one, "CODE_POSTAL"),
        "city": text(one, "LIBELLE_POSTAL", "COMMUNE_ETRANGERE"),
        "country": text(one, "LL_PAYS"),
    }


def ties(data: Any, found: Found) -> Iterator[Item]:
    """Yield who is responsible for whom; legal guardians who come first have rank 1."""
    ranks: dict[str, int] = {}
    mentioned: set[str] = set()
    ordered = sorted(
        children(data, "RESPONSABLES", "RESPONSABLE_ELEVE"),
        key=lambda one: not _yes(text(one, "A_CONTACTER_EN_PRIORITE")),
    )
    for one in ordered:
        student, person = text(one, "ELEVE_ID"), text(one, "PERSONNE_ID")
        if student is None or person not in found.guardians:
            why = "this person is not among the PERSONNE of the file"
            yield found.refusal(
                one, student or "", "PERSONNE_ID", person or "", why, "Export the file again."
            )
            continue
        if student not in found.students and student not in mentioned:
            mentioned.add(student)
            why = "this student is in no export that was imported"
            do = "Import ElevesSansAdresses of this school too; the tie is kept and shown from then on."
            yield Mention(_named(found, student), found.refusal(one, person, "ELEVE_ID", student, why, do))
        yield _tie(one, student, person, ranks, found)


def _named(found: Found, number: str) -> r.Student:
    return r.Student(**found.common("Student", number), last_name="?", information_system_id=number)


def _tie(one: Any, student: str, person: str, ranks: dict[str, int], found: Found) -> r.Guardianship:
    level, older = text(one, "NIVEAU_RESPONSABILITE"), text(one, "RESP_LEGAL")
    if level is not None:
        responsibility, is_legal = LEVELS.get(level, "UNKNOWN"), level == "1"
    else:
        is_legal = older in ("1", "2")
        responsibility = "LEGAL_GUARDIAN" if is_legal else "CONTACT"
    rank = None
    if is_legal:
        ranks[student] = ranks.get(student, 0) + 1
        rank = int(older) if level is None and older else ranks[student]
    kind = relation(text(one, "CODE_PARENTE"), found.guardians[person])
    access = is_legal or kind == "SELF"
    return r.Guardianship(
        **found.common("Guardianship", f"{person}:{student}"),
        guardian_id=found.id("Guardian", person),
        student_id=found.id("Student", student),
        relation=kind,
        responsibility=responsibility,
        legal_rank=rank,
        is_priority_contact=_maybe(text(one, "A_CONTACTER_EN_PRIORITE")),
        is_emergency_contact=_maybe(text(one, "PERS_CONTACT")),
        lives_with_student=_maybe(text(one, "HEBERGE_ELEVE")),
        pays_fees=_maybe(text(one, "PAIE_FRAIS_SCOLAIRES", "RESP_FINANCIER", "PERS_PAIMENT")),
        has_data_access=access,
        permissions=GUARDIAN_PERMISSIONS if access else [],
    )


def _yes(value: str | None) -> bool:
    return value in ("1", "true", "TRUE", "O")


def _maybe(value: str | None) -> bool | None:
    return None if value is None else _yes(value)
