"""The school that the cases of tables are about: two pupils of 5A, one of 6A, their mothers, two teachers."""

from __future__ import annotations

from pathlib import Path

from tests.exports.one_school import Written, aaf_file, aaf_request

PUPILS = (
    ("70001", "600104", "MARTIN", "Maël", "13/01/2014", "5A", "80001"),
    ("70002", "600191", "MOREAU", "Salomé", "11/10/2013", "5A", "80002"),
    ("70003", "600300", "PETIT", "Lou", "02/05/2015", "6A", "80003"),
)
MOTHERS = (("80001", "Nadia", "MARTIN"), ("80002", "Sarah", "MOREAU"), ("80003", "Ida", "PETIT"))
TEACHERS = (("4001", "DURAND", "Anne"), ("4002", "PETIT", "Bruno"))


def case_school(folder: Path, uai: str) -> Written:
    """Write a complete AAF export of the school under a national id, whose first digits tell its time zone."""
    folder.mkdir()
    aaf_file(
        folder,
        "EtabEducNat",
        [
            aaf_request(
                "EtabEducNat", "9001", ENTStructureUAI=uai, ENTStructureNomCourant="Collège Marie Curie",
                ENTStructureTypeStruct="COLLEGE", ENTStructureClasses=["6A$", "5A$"],
            )
        ],
    )  # fmt: skip
    subjects = (
        ("061300", "MATHEMATIQUES"),
        ("043700", "HISTOIRE"),
        ("030201", "ANGLAIS"),
        ("099900", "ASTRONOMIE"),
    )
    aaf_file(
        folder,
        "MatiereEducNat",
        [aaf_request("MatEducNat", key, ENTLibelleMatiere=name) for key, name in subjects],
    )
    aaf_file(
        folder,
        "PersRelEleve",
        [
            aaf_request("PersRelEleve", key, personalTitle="Mme", givenName=first, sn=last)
            for key, first, last in MOTHERS
        ],
    )
    aaf_file(
        folder,
        "Eleve",
        [
            aaf_request(
                "Eleve", key, ENTPersonStructRattach="9001", ENTEleveStructRattachId=number, sn=last,
                givenName=first, ENTPersonDateNaissance=born, ENTEleveClasses=f"9001${place}",
                ENTElevePersRelEleve=[f"{mother}$2$1$1$1$1"],
            )
            for key, number, last, first, born, place, mother in PUPILS
        ],
    )  # fmt: skip
    aaf_file(
        folder,
        "PersEducNat",
        [
            aaf_request(
                "PersEducNat",
                key,
                sn=last,
                givenName=first,
                ENTPersonFonctions="9001$ENS$ENSEIGNEMENT$L1300$MATHS",
            )
            for key, last, first in TEACHERS
        ],
    )
    return Written(folder)
