"""AAF deltas: what they add, change and take away, and that all else stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters import records as r
from adapters.base import InvalidExport
from tests.exports.asking import ask, bring, bring_all, rows
from tests.exports.one_school import Written

KINDS = {
    "Eleve": "Eleve",
    "PersRelEleve": "PersRelEleve",
    "PersEducNat": "PersEducNat",
    "MatiereEducNat": "MatEducNat",
}


@pytest.fixture
def database(tmp_path: Path) -> str:
    """A database that the complete export was imported into."""
    url = f"sqlite:///{tmp_path / 'school.db'}"
    bring_all(url, tmp_path, ["aaf"])
    return url


@pytest.fixture
def delta(tmp_path: Path) -> Callable[..., Written]:
    """Writes a delta of one category."""
    folder = tmp_path / "delta"
    folder.mkdir()

    def write(category: str, *requests: str) -> Written:
        for file in folder.iterdir():
            file.unlink()
        text = f"<ficAlimMENESR>{''.join(requests)}</ficAlimMENESR>".replace(
            "CATEGORY", KINDS.get(category, category)
        )
        path = folder / f"ENT_Delta_20260902_{category}_0000.xml"
        path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>{text}', encoding="utf-8")
        return Written(folder)

    return write


def _request(kind: str, identity: str, inner: str = "") -> str:
    return (
        f'<{kind}><operationalAttributes><attr name="categoriePersonne"><value>CATEGORY</value></attr>'
        f"</operationalAttributes><identifier><id>{identity}</id></identifier>{inner}</{kind}>"
    )


def modify(identity: str, **values: str | list[str]) -> str:
    """A modifyRequest that replaces attributes."""
    changes = "".join(
        f'<modification name="{name}" operation="replace">'
        + "".join(f"<value>{one}</value>" for one in ([value] if isinstance(value, str) else value))
        + "</modification>"
        for name, value in values.items()
    )
    return _request("modifyRequest", identity, f"<modifications>{changes}</modifications>")


FAMILY = """{ viewer { students { displayName gradeLevel schoolClass { name } groups { name }
    guardianships { guardian { displayName } legalRank } } } }"""


def test_a_modified_student_keeps_what_the_request_does_not_name(
    database: str, delta: Callable[..., Written]
) -> None:
    changed = modify("70001", sn="MARTIN-ROY", ENTEleveClasses="9001$6B")
    report = bring(database, delta("Eleve", changed))
    counted = {kind: (one.added, one.changed, one.ended) for kind, one in report.counts.items()}
    assert counted == {"student": (0, 1, 0), "enrolment": (1, 0, 1), "school_class": (0, 0, 0)}
    zoe = ask(database, "Claire", FAMILY, {})["viewer"]["students"][1]
    assert zoe == {
        "displayName": "Zoé MARTIN-ROY",
        "gradeLevel": "6EME",
        "schoolClass": {"name": "6B"},
        "groups": [{"name": "6ALL1"}],
        "guardianships": [
            {"guardian": {"displayName": "Claire MARTIN"}, "legalRank": 1},
            {"guardian": {"displayName": "Paul MARTIN"}, "legalRank": 2},
        ],
    }
    assert bring(database, delta("Eleve", changed)).changes == 0


def test_a_list_of_guardians_replaces_the_one_before(database: str, delta: Callable[..., Written]) -> None:
    bring(database, delta("Eleve", modify("70001", ENTElevePersRelEleve=["80001$2$1$1$1$1"])))
    zoe = ask(database, "Claire", FAMILY, {})["viewer"]["students"][1]
    assert [one["guardian"]["displayName"] for one in zoe["guardianships"]] == ["Claire MARTIN"]
    names = [one["displayName"] for one in ask(database, "Paul", FAMILY, {})["viewer"]["students"]]
    assert names == ["Léo MARTIN"]


def test_a_deleted_student_ends_with_all_ties(database: str, delta: Callable[..., Written]) -> None:
    report = bring(database, delta("Eleve", _request("deleteRequest", "70002")))
    assert {kind: one.ended for kind, one in report.counts.items()} == {
        "student": 1, "enrolment": 3, "guardianship": 2
    }  # fmt: skip
    names = [one["displayName"] for one in ask(database, "Claire", FAMILY, {})["viewer"]["students"]]
    assert names == ["Zoé MARTIN"]


def test_changes_of_guardians_staff_and_subjects(database: str, delta: Callable[..., Written]) -> None:
    bring(database, delta("PersRelEleve", modify("80001", mobile="0600000001", sn="ROY")))
    assert rows(database, r.Guardian, "last_name", "first_name", "mobile_phone", last_name="ROY") == [
        ("ROY", "Claire", "0600000001")
    ]
    taught = {"ENTAuxEnsClassesMatieres": ["9001$6B$061300"], "ENTAuxEnsGroupesMatieres": []}
    report = bring(database, delta("PersEducNat", modify("4001", **taught)))
    assert report.counts["teaching"].ended == 1
    bring(database, delta("MatiereEducNat", modify("061300", ENTLibelleMatiere="MATHS")))
    assert rows(database, r.Subject, "name", code="061300") == [("MATHS",)]
    bring(database, delta("PersEducNat", _request("deleteRequest", "4002")))
    assert rows(database, r.StaffMember, "last_name") == [("DUPONT",)]


def test_a_change_of_what_was_never_imported_is_refused(database: str, delta: Callable[..., Written]) -> None:
    report = bring(database, delta("PersRelEleve", modify("99999", sn="X")))
    assert (report.changes, [one.reason for one in report.refused]) == (
        0, ["a change of a record that was never imported"]
    )  # fmt: skip


def test_an_added_student_joins_what_the_complete_export_brought(
    database: str, delta: Callable[..., Written]
) -> None:
    attributes = "".join(
        f'<attr name="{name}"><value>{value}</value></attr>'
        for name, value in (
            ("ENTPersonStructRattach", "9001"), ("sn", "MARTIN"), ("givenName", "Max"),
            ("ENTEleveClasses", "9001$6C"), ("ENTElevePersRelEleve", "80001$2$1$1$1$1"),
        )
    )  # fmt: skip
    added = _request("addRequest", "70009", f"<attributes>{attributes}</attributes>")
    assert bring(database, delta("Eleve", added)).refused == []
    found = ask(database, "Claire", FAMILY, {})["viewer"]["students"]
    assert [(one["displayName"], one["schoolClass"]["name"]) for one in found] == [
        ("Léo MARTIN", "6B"), ("Max MARTIN", "6C"), ("Zoé MARTIN", "6A")
    ]  # fmt: skip


def test_a_change_of_an_unknown_kind_is_an_error_with_its_line(
    database: str, delta: Callable[..., Written]
) -> None:
    odd = modify("70001", sn="X").replace('operation="replace"', 'operation="append"')
    with pytest.raises(InvalidExport, match=r"line 1: operation 'append'; only replace is known"):
        bring(database, delta("Eleve", odd))


def test_a_delta_changes_what_was_joined_with_another_export(
    database: str, tmp_path: Path, delta: Callable[..., Written]
) -> None:
    bring_all(database, tmp_path, ["edt"])
    bring(database, delta("Eleve", modify("70001", givenName="Zoë", ENTEleveRegime="INTERNE")))
    assert rows(database, r.Student, "first_name", "boarding_status", last_name="MARTIN") == [
        ("Léo", None), ("Zoë", "FULL_BOARD")
    ]  # fmt: skip
