"""Guardians and their ties to students (elements of BEE_RESPONSABLES)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from adapters import records as r
from adapters.base import Item, LeftOut, Mention, Used
from adapters.french_schools import GUARDIAN_PERMISSIONS, RELATIONS, relation
from adapters.siecle.students import SHARED, UNSHARE, Found
from adapters.xml_documents import attribute, children, content_of, text
from adapters.xml_export import lines_of_repeated

LEVELS = {"1": "LEGAL_GUARDIAN", "2": "IN_CHARGE", "3": "CONTACT"}
OLDER_LEVELS = {"0": "CONTACT", "1": "LEGAL_GUARDIAN", "2": "LEGAL_GUARDIAN"}


def guardians(root: Any, found: Found) -> Iterator[Item]:
    """Yield the guardians with their addresses."""
    persons = list(children(root, "DONNEES", "PERSONNES", "PERSONNE"))
    addresses = list(children(root, "DONNEES", "ADRESSES", "ADRESSE"))
    shared = lines_of_repeated(addresses, lambda one: attribute(one, "ADRESSE_ID"), content_of)
    known = {
        number: one for one in addresses if (number := attribute(one, "ADRESSE_ID")) and number not in shared
    }
    found.shared_guardians = lines_of_repeated(persons, lambda one: attribute(one, "PERSONNE_ID"), content_of)
    yield from found.entries(persons, partial(_guardian, addresses=known, found=found))
    lived_at = {text(one, "ADRESSE_ID") for one in persons}
    yield from found.entries(addresses, partial(_account, shared=shared, lived_at=lived_at, found=found))


def _account(one: Any, shared: dict[str, str], lived_at: set[str | None], found: Found) -> Iterator[Item]:
    """Say what became of an address: it is part of the guardians who live there."""
    number = attribute(one, "ADRESSE_ID")
    if number is None:
        yield found.refusal(one, "", "ADRESSE_ID", "", "no number", "Export the file again.")
    elif number in shared:
        yield found.refusal(one, number, "ADRESSE_ID", shared[number], SHARED, UNSHARE)
    elif number in lived_at:
        yield Used()
    else:
        yield LeftOut("the address of nobody in the file")


def _guardian(one: Any, addresses: dict[str, Any], found: Found) -> Iterator[Item]:
    number, last_name = attribute(one, "PERSONNE_ID"), text(one, "NOM_USAGE", "NOM_DE_FAMILLE", "NOM")
    if number is None or last_name is None:
        why, do = "no number or no name", "Complete it in SIECLE."
        yield found.refusal(one, number or "", "NOM_DE_FAMILLE", "", why, do)
        return
    if number in found.shared_guardians:
        yield found.refusal(one, number, "PERSONNE_ID", found.shared_guardians[number], SHARED, UNSHARE)
        return
    lives_at = text(one, "ADRESSE_ID")
    if lives_at and lives_at not in addresses:
        why, do = "this address is not among the ADRESSE of the file", "Export the file with addresses."
        found.fault(one, number, "ADRESSE_ID", lives_at, why, do)
    title = text(one, "LC_CIVILITE")
    found.guardians[number] = title, found.yes_or_no(one, number, "ACCEPTE_SMS")
    yield r.Guardian(
        **{**found.common("Guardian", number), "school_id": None},
        title=title,
        first_name=text(one, "PRENOM"),
        last_name=last_name,
        email=text(one, "MEL"),
        mobile_phone=text(one, "TEL_PORTABLE"),
        landline_phone=text(one, "TEL_PERSONNEL", "TEL_PROFESSIONNEL"),
        **_address(addresses.get(lives_at or "")),
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


def ties(root: Any, found: Found) -> Iterator[Item]:
    """Yield who is responsible for whom; legal guardians who come first have rank 1."""
    listed = list(children(root, "DONNEES", "RESPONSABLES", "RESPONSABLE_ELEVE"))
    shared = lines_of_repeated(listed, _pair, content_of)
    ordered = sorted(listed, key=lambda one: text(one, "A_CONTACTER_EN_PRIORITE") not in ("1", "true", "O"))
    ranks: dict[str, int] = {}
    mentioned: set[str] = set()
    read = partial(_tie, shared=shared, ranks=ranks, mentioned=mentioned, found=found)
    yield from found.entries(ordered, read)


def _pair(one: Any) -> str | None:
    student, person = text(one, "ELEVE_ID"), text(one, "PERSONNE_ID")
    return f"{person}:{student}" if student and person else None


def _tie(
    one: Any, shared: dict[str, str], ranks: dict[str, int], mentioned: set[str], found: Found
) -> Iterator[Item]:
    student, person = text(one, "ELEVE_ID"), text(one, "PERSONNE_ID")
    pair = _pair(one)
    for number, name, others in (
        (student, "ELEVE_ID", found.shared_students),
        (person, "PERSONNE_ID", found.shared_guardians),
        (pair, "PERSONNE_ID and ELEVE_ID", shared),
    ):
        if number in others:
            yield found.refusal(one, number or "", name, others[number], SHARED, UNSHARE)
            return
    if student is None:
        yield found.refusal(one, person or "", "ELEVE_ID", "", "names no student", "Export the file again.")
        return
    if person not in found.guardians:
        why = "this person is not among the PERSONNE of the file"
        yield found.refusal(one, student, "PERSONNE_ID", person or "", why, "Export the file again.")
        return
    if student not in found.students and student not in mentioned:
        mentioned.add(student)
        why = "this student is in no export that was imported"
        do = "Import ElevesSansAdresses of this school too; the tie is kept and shown from then on."
        yield Mention(_named(found, student), found.refusal(one, person, "ELEVE_ID", student, why, do))
    yield _guardianship(one, student, person, ranks, found)


def _named(found: Found, number: str) -> r.Student:
    return r.Student(**found.common("Student", number), last_name="?", information_system_id=number)


def _responsibility(one: Any, person: str, found: Found) -> tuple[str, int | None]:
    """Return the responsibility, and the rank that older exports give; what cannot be read opens nothing."""
    level, older = text(one, "NIVEAU_RESPONSABILITE"), text(one, "RESP_LEGAL")
    name, value, known = (
        ("NIVEAU_RESPONSABILITE", level, LEVELS) if level else ("RESP_LEGAL", older, OLDER_LEVELS)
    )
    if value is None:
        return "UNKNOWN", None
    if value not in known:
        why = "no level of responsibility that is known: the tie gives no access"
        found.fault(one, person, name, value, why, "Correct it in SIECLE.")
        return "UNKNOWN", None
    return known[value], int(value) if not level and value != "0" else None


def _guardianship(one: Any, student: str, person: str, ranks: dict[str, int], found: Found) -> r.Guardianship:
    responsibility, rank = _responsibility(one, person, found)
    is_legal = responsibility == "LEGAL_GUARDIAN"
    if is_legal:
        ranks[student] = ranks.get(student, 0) + 1
        rank = rank or ranks[student]
    title, accepts_sms = found.guardians[person]
    code = text(one, "CODE_PARENTE")
    found.code(RELATIONS, "CODE_PARENTE", code)
    kind = relation(code, title)
    access = is_legal or kind == "SELF"
    return r.Guardianship(
        **found.common("Guardianship", f"{person}:{student}"),
        guardian_id=found.id("Guardian", person),
        student_id=found.id("Student", student),
        relation=kind,
        responsibility=responsibility,
        legal_rank=rank,
        is_priority_contact=found.yes_or_no(one, person, "A_CONTACTER_EN_PRIORITE"),
        is_emergency_contact=found.yes_or_no(one, person, "PERS_CONTACT"),
        lives_with_student=found.yes_or_no(one, person, "HEBERGE_ELEVE"),
        pays_fees=found.yes_or_no(one, person, "PAIE_FRAIS_SCOLAIRES", "RESP_FINANCIER", "PERS_PAIMENT"),
        accepts_sms=accepts_sms,
        has_data_access=access,
        permissions=GUARDIAN_PERMISSIONS if access else [],
    )
