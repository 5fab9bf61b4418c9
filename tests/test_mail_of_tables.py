"""A message of a table reaches a guardian of its school who may read about a child of that school."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exports.asking import ask, bring, bring_all
from tests.exports.one_school import UAI, Written, changed_siecle, replacing
from tests.test_closed_ties import as_it_was, siecle, without_rights, without_tie

MAIL = "{ conversations(first: 9) { totalCount nodes { subject } } }"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


def message(folder: Path, mail: str, school: str = UAI) -> Written:
    path = folder / "messages.csv"
    head = "destinataire;date;heure;objet;message;expéditeur\n"
    path.write_text(f"{head}{mail};20/11/2026;10h30;Sortie;Merci.;Mme Dupont\n", encoding="utf-8")
    return Written(path, {"school": school})


def mail_of(url: str, first_name: str) -> list[str]:
    found = ask(url, first_name, MAIL, {})["conversations"]
    assert found["totalCount"] == len(found["nodes"])
    return [one["subject"] for one in found["nodes"]]


@pytest.mark.parametrize("closed", [without_rights("303"), without_tie("303")], ids=["no rights", "no tie"])
@pytest.mark.parametrize("first", ["people", "message"])
def test_a_message_is_not_shown_to_a_guardian_who_may_read_about_no_child_of_the_school(
    url: str, tmp_path: Path, first: str, closed: object
) -> None:
    written = [siecle(tmp_path / "open", as_it_was), message(tmp_path, "sonia.durand@example.org")]
    for one in written if first == "people" else written[::-1]:
        bring(url, one)
    assert mail_of(url, "Sonia") == ["Sortie"]
    bring(url, siecle(tmp_path / "closed", closed))  # type: ignore[arg-type]
    assert mail_of(url, "Sonia") == []
    assert bring(url, written[1]).changes == 0
    assert mail_of(url, "Sonia") == []
    bring(url, written[0])
    assert mail_of(url, "Sonia") == ["Sortie"]


def test_a_message_to_a_guardian_of_another_school_is_refused(url: str, tmp_path: Path) -> None:
    bring_all(url, tmp_path, ["siecle"])
    theirs = {UAI: "0750002B", "Sonia": "Sophie", "sonia": "sophie", "claire": "c"}
    bring(url, changed_siecle(tmp_path / "other", replacing(theirs)))
    report = bring(url, message(tmp_path, "sophie.durand@example.org"))
    (refused,) = report.refused
    assert (refused.file, refused.field, refused.value, refused.reason) == (
        "messages.csv, line 2", "guardian_email", "sophie.durand@example.org",
        "this is no guardian of a pupil of the school of the file",
    )  # fmt: skip
    assert mail_of(url, "Sophie") == []
    assert bring(url, message(tmp_path, "sonia.durand@example.org")).refused == []
    assert mail_of(url, "Sonia") == ["Sortie"]


@pytest.mark.parametrize("first", ["people", "message"])
@pytest.mark.parametrize("written", ["Sonia.DURAND@Example.org", "sonia.durand@example.org"])
def test_a_guardian_is_found_however_the_case_of_an_address_is_written(
    url: str, tmp_path: Path, first: str, written: str
) -> None:
    address = {"sonia.durand@example.org": "Sonia.Durand@EXAMPLE.org"}
    people = changed_siecle(tmp_path / "people", replacing(address))
    exports = [people, message(tmp_path, written)]
    for one in exports if first == "people" else exports[::-1]:
        assert bring(url, one).refused == []
    assert mail_of(url, "Sonia") == ["Sortie"]
