"""AAF ties between students and guardians, with the rights that they give."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.aaf.files import Request
from adapters.aaf.known import Known
from adapters.base import Item
from adapters.french_schools import GUARDIAN_PERMISSIONS, RELATIONS, relation
from adapters.records import Guardianship

TIE = "ENTElevePersRelEleve"
OLD_DUPLICATE = ["1", "1", "1", "1", "0"]
"""Fields after the person of a link that older exports write beside the true one."""


def _links(request: Request, known: Known) -> dict[str, list[str]]:
    """Return the fields of each person's link, of the newer attribute or else of the older ones.

    A person who is named twice with different fields is tied by neither: nobody can tell which is right.
    """
    links: dict[str, list[str]] = {}
    contradicted: set[str] = set()
    for value in request.all(TIE):
        person, *fields = value.split("$")
        before = links.get(person)
        if not person:
            known.fault(TIE, value, "names no guardian")
        elif before is None or before == OLD_DUPLICATE:
            links[person] = fields
        elif fields not in (before, OLD_DUPLICATE):
            contradicted.add(person)
            why = "the same guardian is named twice with different rights: neither tie is taken"
            known.fault(TIE, f"{'$'.join([person, *before])} and {value}", why)
    for person in contradicted:
        del links[person]
    return links or ({} if contradicted else _older_links(request))


def _older_links(request: Request) -> dict[str, list[str]]:
    links: dict[str, list[str]] = {}
    legal = request.all("ENTEleveAutoriteParentale")
    relations = {request.one("ENTElevePere"): "1", request.one("ENTEleveMere"): "2"}
    for person in dict.fromkeys([*request.all("ENTEleveParents"), *legal]):
        rank = str(legal.index(person) + 1) if person in legal else "0"
        links[person] = [relations.get(person, ""), "", rank, "", ""]
    for number in ("1", "2"):
        other = request.one(f"ENTElevePersRelEleve{number}")
        if other and other not in links:
            links[other] = ["", "", "0", "1", ""]
    return links


def guardianships(request: Request, student_id: str, school: str | None, known: Known) -> Iterator[Item]:
    """Yield the ties of a student to guardians."""
    for person, fields in _links(request, known).items():
        if person in known.shared:
            why = "several persons have this number: nobody is tied to it"
            known.fault(TIE, person, why)
        elif not known.has_guardian(person):
            why = "this guardian is in no PersRelEleve file"
            do = "The student is kept without this guardian; ask for a complete export."
            known.fault(TIE, person, why, do)
        else:
            yield _guardianship(request, person, fields, student_id, school, known)


def _guardianship(
    request: Request, person: str, fields: list[str], student_id: str, school: str | None, known: Known
) -> Guardianship:
    code, financial, legal, contact, _ = [*fields, "", "", "", "", ""][:5]
    if legal not in ("", "0", "1", "2"):
        why = "the fourth field, the rank of a legal guardian, is not 0, 1 or 2: the tie gives no access"
        known.fault(TIE, "$".join([person, *fields]), why)
    known.check(RELATIONS, f"{TIE}, second field", code)
    rank = int(legal) if legal in ("1", "2") else None
    kind = relation(code, known.title_of(person))
    access = rank is not None or kind == "SELF"
    pays = known.yes_or_no(f"{TIE}, third field", financial)
    is_contact = known.yes_or_no(f"{TIE}, fifth field", contact)
    return Guardianship(
        id=known.id("Guardianship", f"{person}:{request.identifier}"),
        school_id=school,
        source_id=known.source,
        external_id=f"{person}:{request.identifier}",
        guardian_id=known.id("Guardian", person),
        student_id=student_id,
        relation=kind,
        responsibility="LEGAL_GUARDIAN" if rank else ("CONTACT" if is_contact else "UNKNOWN"),
        legal_rank=rank,
        pays_fees=pays,
        is_emergency_contact=is_contact,
        has_data_access=access,
        permissions=GUARDIAN_PERMISSIONS if access else [],
    )
