"""What a table said of somebody stays theirs when another export corrects who they are, or waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.native.import_report import Report
from tests.exports.asking import ask, bring
from tests.exports.one_school import ALL, Written, changed_siecle, replacing
from tests.test_class_of_a_row import table
from tests.test_mail_of_tables import mail_of, message

CLAIRE, PAUL, SONIA = "claire.martin@example.org", "paul.martin@example.org", "sonia.durand@example.org"
Words = dict[str, str]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


def siecle(folder: Path, words: Words | None = None) -> Written:
    """Write the SIECLE export with words replaced, all at once."""
    return changed_siecle(folder, replacing(words or {}))


def mailboxes(url: str) -> dict[str, list[str]]:
    return {name: mail_of(url, name) for name in ("Claire", "Paul", "Sonia")}


def edt(folder: Path, words: Words) -> Written:
    """Write the EDT export with words replaced."""
    written = ALL["edt"](folder)
    text = written.path.read_text(encoding="utf-8")
    for old, new in words.items():
        assert old in text
        text = text.replace(old, new)
    written.path.write_text(text, encoding="utf-8")
    return written


def lost(report: Report) -> list[str]:
    """Return what a report says of records that changed hands."""
    return [f"{one.place}: {one.text}" for one in report.notices if "of the records about" in one.text]


def marks(url: str) -> dict[str, list[list[float]]]:
    """Return the marks of each of Claire's children, by first name."""
    query = "{ viewer { students { firstName grades(first: 9) { nodes { value } } } } }"
    found: dict[str, list[list[float]]] = {}
    for one in ask(url, "Claire", query, {})["viewer"]["students"]:
        values = sorted(node["value"] for node in one["grades"]["nodes"])
        found[one["firstName"]] = sorted([*found.get(one["firstName"], []), values])
    return found


EMPTY: dict[str, list[str]] = {"Claire": [], "Paul": [], "Sonia": []}
HERS = EMPTY | {"Claire": ["Sortie"]}


@pytest.mark.parametrize(
    ("words", "whose"),
    [
        ({CLAIRE: "c@example.org", PAUL: CLAIRE}, "Paul MARTIN"),
        ({CLAIRE: "c@example.org", SONIA: CLAIRE}, "Sonia DURAND"),
        ({CLAIRE: SONIA, SONIA: CLAIRE}, "Sonia DURAND"),
    ],
    ids=["to the other parent", "to another family", "swapped"],
)
def test_a_message_does_not_move_with_an_address(url: str, tmp_path: Path, words: Words, whose: str) -> None:
    bring(url, siecle(tmp_path / "before"))
    written = message(tmp_path, CLAIRE)
    bring(url, written)
    assert mailboxes(url) == HERS
    report = bring(url, siecle(tmp_path / "after", words))
    assert lost(report) == [
        "Messages of 0750001A: shown to nobody any more: 1 of the records about Claire MARTIN. It is unsure "
        "now whom they are about: import that file again; its report names each row and what to do",
    ]
    assert mailboxes(url) == EMPTY
    for again in (bring(url, written), bring(url, written)):
        (refused,) = again.refused
        assert (again.changes, refused.value, refused.reason) == (
            0, CLAIRE, f"this was Claire MARTIN at an earlier import and is {whose} now"
        )  # fmt: skip
    assert lost(bring(url, siecle(tmp_path / "same", words))) == []
    assert mailboxes(url) == EMPTY
    bring(url, siecle(tmp_path / "corrected"))
    assert mailboxes(url) == HERS
    assert bring(url, written).refused == []


def test_a_guardian_with_a_new_address_keeps_the_messages_to_the_old_one(url: str, tmp_path: Path) -> None:
    bring(url, siecle(tmp_path / "before"))
    bring(url, message(tmp_path, CLAIRE))
    report = bring(url, siecle(tmp_path / "after", {CLAIRE: "c@example.org"}))
    assert (lost(report), mailboxes(url)) == ([], HERS)


def test_an_address_that_two_have_from_now_on_means_neither(url: str, tmp_path: Path) -> None:
    bring(url, siecle(tmp_path / "before"))
    bring(url, message(tmp_path, CLAIRE))
    report = bring(url, siecle(tmp_path / "after", {PAUL: CLAIRE}))
    assert (len(lost(report)), mailboxes(url)) == (1, EMPTY)


ROWS = {
    "number": "5001;;;;;Maths;10/11/2026;11;T",
    "number and all": "5001;Martin;Zoé;05/03/2014;6A;Maths;10/11/2026;12;U",
    "names and day of birth": ";Martin;Zoé;05/03/2014;;Maths;10/11/2026;13;V",
    "names and class": ";Martin;Zoé;;6A;Maths;10/11/2026;14;W",
    "names": ";Martin;Zoé;;;Maths;10/11/2026;15;X",
}
ALL_OF_ZOE = [11.0, 12.0, 13.0, 14.0, 15.0]
CORRECTIONS = {
    "national number": {"060000001AA": "060000009ZZ"},
    "day of birth": {"05/03/2014": "06/03/2014"},
    "family name": {
        "<NOM_DE_FAMILLE>MARTIN</NOM_DE_FAMILLE><PRENOM>Zoé": (
            "<NOM_DE_FAMILLE>DURAND</NOM_DE_FAMILLE><PRENOM>Zoé"
        )
    },
}


@pytest.mark.parametrize("name", CORRECTIONS)
def test_a_corrected_pupil_keeps_the_rows_of_tables(url: str, tmp_path: Path, name: str) -> None:
    bring(url, siecle(tmp_path / "before"))
    written = table(tmp_path, *ROWS.values())
    bring(url, written)
    report = bring(url, siecle(tmp_path / "after", CORRECTIONS[name]))
    assert (lost(report), marks(url)) == ([], {"Léo": [[]], "Zoé": [ALL_OF_ZOE]})
    again = bring(url, written)
    assert (again.changes, again.refused, again.waiting) == (0, [], [])


def test_what_is_known_for_the_first_time_corrects_nothing(url: str, tmp_path: Path) -> None:
    unknown = {'IDSconet="5001" NumeroNational="060000001AA"': "", 'DateNaissance="2014-03-05"': ""}
    bring(url, edt(tmp_path, unknown))
    bring(url, table(tmp_path, ";Martin;Zoé;01/01/2001;;Maths;10/11/2026;15;T"))
    assert marks(url) == {"Léo": [[]], "Zoé": [[15.0]]}
    report = bring(url, edt(tmp_path, {}))
    assert (len(lost(report)), marks(url)) == (1, {"Léo": [[]], "Zoé": [[]]})


@pytest.mark.parametrize("first", ["siecle", "edt"])
@pytest.mark.parametrize(
    ("name", "theirs", "of_siecle", "of_edt"),
    [
        ("national number", {"060000001AA": "060000009ZZ"}, [11.0, 12.0], []),
        ("day of birth", {"2014-03-05": "2014-03-06"}, [11.0, 12.0], [13.0]),
        ("family name", {'Nom="MARTIN" Prenom="Zoé"': 'Nom="DURAND" Prenom="Zoé"'}, [11.0], [13.0]),
    ],
)
def test_of_a_pupil_whom_two_exports_know_otherwise_only_certain_rows_are_shown(
    url: str, tmp_path: Path, first: str, name: str, theirs: Words, of_siecle: list[float],
    of_edt: list[float],
) -> None:  # fmt: skip
    before = [siecle(tmp_path / "before"), ALL["edt"](tmp_path)]
    for one in before if first == "siecle" else before[::-1]:
        bring(url, one)
    bring(url, table(tmp_path, *ROWS.values()))
    assert marks(url) == {"Léo": [[]], "Zoé": [ALL_OF_ZOE]}
    report = bring(url, siecle(tmp_path / "after", CORRECTIONS[name]))
    assert marks(url) == {"Léo": [[]], "Zoé": sorted([of_siecle, of_edt])}
    hidden = 5 - len(of_siecle) - len(of_edt)
    assert f"shown to nobody any more: {hidden} of the records about Zoé" in lost(report)[0]
    again = bring(url, table(tmp_path, *ROWS.values()))
    assert (again.changes, len(again.refused) + len(again.waiting)) == (0, hidden)
    bring(url, edt(tmp_path, theirs))
    assert marks(url) == {"Léo": [[]], "Zoé": [ALL_OF_ZOE]}


@pytest.mark.parametrize(
    ("line", "is_taken"),
    [
        ("5002;Martin;Zoé;;;Maths;10/11/2026;11;T", False),
        ("5001;Martin;Zoé Marie;;;Maths;10/11/2026;11;T", False),
        ("5001;Martin;Zoé;;;Maths;10/11/2026;11;T", True),
        ("5002;Martin;Zoé Marie;;;Maths;10/11/2026;11;T", True),
        ("5002;Martin;Marie;;;Maths;10/11/2026;11;T", True),
        ("5002;Martin;Zoé;01/07/2015;;Maths;10/11/2026;11;T", True),
    ],
)
def test_the_number_of_one_child_with_exactly_the_names_of_another_is_refused(
    url: str, tmp_path: Path, line: str, is_taken: bool
) -> None:
    bring(url, siecle(tmp_path / "siecle", {"<PRENOM>Léo</PRENOM>": "<PRENOM>Zoé Marie</PRENOM>"}))
    report = bring(url, table(tmp_path, line))
    assert [one.reason for one in report.refused] == (
        []
        if is_taken
        else [
            "the number is that of Zoé Marie MARTIN, the names are exactly those of Zoé MARTIN"
            if line.startswith("5002")
            else "the number is that of Zoé MARTIN, the names are exactly those of Zoé Marie MARTIN"
        ]
    )
    mine = "Zoé" if line.startswith("5001") else "Zoé Marie"
    assert marks(url) == {"Zoé": [[]], "Zoé Marie": [[]]} | ({mine: [[11.0]]} if is_taken else {})
