"""Rows of partial tables are the same record only where all that tells them apart agrees."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exports.asking import bring, bring_all
from tests.exports.one_school import UAI, Written, changed_siecle, replacing
from tests.test_mail_of_tables import mail_of

HOMEWORK = "id;ine;classes;matière;pour le;titre;texte\n{};{};{};{};27/11/2026;{};T\n"
MESSAGE = "id;destinataire;date;objet;message;expéditeur\n{};{};20/11/2026;Convocation;{};Mme Dupont\n"
CLASSES = {"6A": "3LAT+", "6B": "3LAT-"}
ADDRESSES = {
    "claire.martin@example.org": "j.martin@example.org",
    "sonia.durand@example.org": "jmartin@example.org",
}


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


def part(folder: Path, name: str, text: str) -> Written:
    """Write a table that is a part of its kind."""
    path = folder / f"{name}.csv"
    path.write_text(text, encoding="utf-8")
    return Written(path, {"school": UAI, "partial": "yes"})


@pytest.mark.parametrize("identity", ["", "1"], ids=["without an id", "with the same id"])
def test_messages_to_addresses_that_differ_by_a_sign_are_two(url: str, tmp_path: Path, identity: str) -> None:
    bring(url, changed_siecle(tmp_path / "siecle", replacing(ADDRESSES)))
    for address in ADDRESSES.values():
        bring(url, part(tmp_path, "messages", MESSAGE.format(identity, address, address)))
    assert (mail_of(url, "Claire"), mail_of(url, "Sonia")) == (["Convocation"], ["Convocation"])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("", "", "6A", "Maths", "Exercice 1.1"), ("", "", "6A", "Maths", "Exercice 11")),
        (("", "", "6A", "Maths", "Points +"), ("", "", "6A", "Maths", "Points -")),
        (("", "", "3LAT+", "Maths", "T"), ("", "", "3LAT-", "Maths", "T")),
        (("", "060000001AA", "", "", "T"), ("", "060000002BB", "", "", "T")),
        (("1", "", "6A", "Maths", "T"), ("1", "", "6B", "Maths", "T")),
        (("1", "", "6A", "Maths", "T"), ("1", "", "6A", "Français", "T")),
        (("1", "060000001AA", "", "Maths", "T"), ("1", "060000001AA", "", "Français", "T")),
    ],
    ids=[
        "titles by a sign", "titles by plus and minus", "classes by a sign", "pupils by INE alone",
        "classes of one id", "subjects of one id", "subjects of one id and pupil",
    ],
)  # fmt: skip
def test_homework_of_two_tables_is_one_only_where_its_key_is_the_same(
    url: str, tmp_path: Path, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    classes = {f"CODE_STRUCTURE>{old}<": f"CODE_STRUCTURE>{new}<" for old, new in CLASSES.items()}
    bring(url, changed_siecle(tmp_path / "siecle", replacing(classes if "3LAT+" in first else {})))
    order = (first, second, first, second)
    reports = [bring(url, part(tmp_path, "devoirs", HOMEWORK.format(*one))) for one in order]
    assert [one.counts["homework"].added for one in reports] == [1, 1, 0, 0]
    assert [one.changes for one in reports[2:]] == [0, 0]


@pytest.mark.parametrize(
    ("before", "after"),
    [("6A", "6 a"), ("Français", "FRANCAIS"), ("Exercice 3", "exercice  3")],
    ids=["class", "subject", "title"],
)
def test_a_row_spelt_otherwise_stays_the_same_record(
    url: str, tmp_path: Path, before: str, after: str
) -> None:
    bring_all(url, tmp_path, ["siecle"])
    text = HOMEWORK.format("", "", "6A", "Français", "Exercice 3")
    assert bring(url, part(tmp_path, "devoirs", text)).counts["homework"].added == 1
    report = bring(url, part(tmp_path, "devoirs", text.replace(before, after)))
    assert report.counts["homework"].added == 0
