"""A table row that names a pupil and a class means the pupil of that class, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exports.asking import ask, bring, bring_all
from tests.exports.one_school import UAI, Written, changed_siecle, replacing
from tests.test_identity import Family, graded
from tests.test_mail_of_tables import mail_of

HEAD = "ELEVE_ID;Nom;Prénom;Date de naissance;Classe;Matière;Date;Note;Titre\n"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


def table(folder: Path, *lines: str) -> Written:
    path = folder / "notes.csv"
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return Written(path, {"school": UAI})


def with_namesake(folder: Path) -> Written:
    """Write SIECLE with Léo, of 6B, called Zoé like his sister, of 6A."""
    return changed_siecle(folder, replacing({"<PRENOM>Léo</PRENOM>": "<PRENOM>Zoé</PRENOM>"}))


@pytest.mark.parametrize(
    ("line", "children"),
    [
        (";Martin;Zoé;;6A;Maths;10/11/2026;15;T", {"Zoé MARTIN": [15.0]}),
        (";Martin;Zoé;;6-a;Maths;10/11/2026;15;T", {"Zoé MARTIN": [15.0]}),
        (";Martin;Zoé;;6ALL1;Maths;10/11/2026;15;T", {"Zoé MARTIN": [15.0]}),
        (";Martin;Zoé;;6B;Maths;10/11/2026;15;T", {}),
        (";Martin;Zoé;;5B;Maths;10/11/2026;15;T", {}),
        (";Martin;Zoé;;;Maths;10/11/2026;15;T", {"Zoé MARTIN": [15.0]}),
        (";Martin;Zoé;05/03/2014;6B;Maths;10/11/2026;15;T", {}),
        (";Martin;Zoé;05/03/2014;Sixième A;Maths;10/11/2026;15;T", {"Zoé MARTIN": [15.0]}),
        ("5001;;;;6B;Maths;10/11/2026;15;T", {}),
        ("5001;;;;Sixième A;Maths;10/11/2026;15;T", {"Zoé MARTIN": [15.0]}),
        ("5001;;;;6A;Maths;10/11/2026;15;T", {"Zoé MARTIN": [15.0]}),
    ],
    ids=[
        "her class", "another spelling", "her group", "another class", "a class that nobody knows",
        "no class", "day of birth and another class", "day of birth and a class that nobody knows",
        "number and another class", "number and a class that nobody knows", "number and class",
    ],
)  # fmt: skip
@pytest.mark.parametrize("first", ["people", "table"])
def test_a_class_that_contradicts_forbids_the_match(
    url: str, tmp_path: Path, first: str, line: str, children: Family
) -> None:
    written = table(tmp_path, line)
    for part in ("people", "table") if first == "people" else ("table", "people"):
        if part == "people":
            bring_all(url, tmp_path, ["siecle"])
        else:
            bring(url, written)
    assert graded(url, "Claire") == {"Léo MARTIN": [], "Zoé MARTIN": []} | children
    report = bring(url, written)
    assert (report.changes, bool(report.waiting or report.refused)) == (0, not children)


def test_a_row_that_waits_says_which_pupil_of_which_class_it_names(url: str, tmp_path: Path) -> None:
    bring_all(url, tmp_path, ["siecle"])
    lines = (";Martin;Zoé;;6B;Maths;10/11/2026;15;T", "5001;;;;6B;Maths;11/11/2026;15;U")
    report = bring(url, table(tmp_path, *lines))
    assert [(one.file, one.value) for one in report.waiting] == [("notes.csv, line 2", "Zoé Martin, 6B")]
    (refused,) = report.refused
    assert (refused.file, refused.value, refused.reason) == (
        "notes.csv, line 3", "5001, 6B", "the number is that of Zoé MARTIN, who is in no class called 6B"
    )  # fmt: skip


def test_the_class_chooses_between_namesakes(url: str, tmp_path: Path) -> None:
    bring(url, with_namesake(tmp_path / "siecle"))
    lines = [f";Martin;Zoé;;{place};Maths;10/11/2026;{mark};T" for place, mark in (("6A", 15), ("6B", 9))]
    report = bring(url, table(tmp_path, *lines))
    assert (report.refused, report.waiting) == ([], [])
    assert _marks(url) == [[9.0], [15.0]]
    # Names alone mean neither.
    assert len(bring(url, table(tmp_path, ";Martin;Zoé;;;Maths;10/11/2026;15;T")).waiting) == 1
    assert _marks(url) == [[], []]


def _marks(url: str) -> list[list[float]]:
    query = "{ viewer { students { grades(first: 9) { nodes { value } } } } }"
    students = ask(url, "Claire", query, {})["viewer"]["students"]
    return sorted([node["value"] for node in one["grades"]["nodes"]] for one in students)


def test_absences_name_the_class_too(url: str, tmp_path: Path) -> None:
    bring_all(url, tmp_path, ["siecle"])
    path = tmp_path / "absences.csv"
    path.write_text(
        "nom;prénom;classe;date;type;justifiée\nMartin;Zoé;6B;20/11/2026;retard;non\n", encoding="utf-8"
    )
    report = bring(url, Written(path, {"school": UAI}))
    assert [one.value for one in report.waiting] == ["Zoé Martin, 6B"]


def _part(folder: Path, *lines: str, head: str = HEAD, name: str = "notes.csv") -> Written:
    path = folder / name
    path.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return Written(path, {"school": UAI, "partial": "yes"})


@pytest.mark.parametrize("days", [("05/03/2014", "01/07/2015"), ("2014-03-05", "01.07.2015")])
def test_rows_of_namesakes_told_apart_by_their_day_of_birth_are_two(
    url: str, tmp_path: Path, days: tuple[str, str]
) -> None:
    bring(url, with_namesake(tmp_path / "siecle"))
    lines = [f";Martin;Zoé;{day};;Maths;10/11/2026;{mark};T" for day, mark in zip(days, (15, 9), strict=True)]
    assert bring(url, table(tmp_path, *lines)).refused == []
    assert _marks(url) == [[9.0], [15.0]]
    for line in lines:
        assert bring(url, _part(tmp_path, line)).changes == 0
    # However the day is written, it is the same record.
    again = bring(url, _part(tmp_path, ";Martin;Zoé;2014/03/05;;Maths;10/11/2026;16;T"))
    assert (again.counts["grade"].changed, _marks(url)) == (1, [[9.0], [16.0]])


def test_two_tables_that_number_their_rows_from_one_take_nothing_from_each_other(
    url: str, tmp_path: Path
) -> None:
    bring_all(url, tmp_path, ["siecle"])
    head = "id;" + HEAD
    first = ["1;5001;;;;;Maths;10/11/2026;15;T", "2;5002;;;;;Maths;10/11/2026;9;T"]
    second = ["1;5002;;;;;Anglais;11/11/2026;12;U", "2;5003;;;;;Anglais;11/11/2026;13;U"]
    for lines in (first, second):
        assert bring(url, _part(tmp_path, *lines, head=head)).refused == []
    assert graded(url, "Claire") == {"Zoé MARTIN": [15.0], "Léo MARTIN": [9.0, 12.0]}
    assert graded(url, "Sonia") == {"Inès DURAND": [13.0]}
    changed = bring(url, _part(tmp_path, "1;5001;;;;;Maths;10/11/2026;16;T", head=head))
    assert (changed.counts["grade"].changed, graded(url, "Claire")["Zoé MARTIN"]) == (1, [16.0])


def test_two_tables_of_messages_that_number_their_rows_from_one_keep_each_to_its_guardian(
    url: str, tmp_path: Path
) -> None:
    bring_all(url, tmp_path, ["siecle"])
    head = "id;destinataire;date;objet;message\n"
    for mail in ("claire.martin@example.org", "sonia.durand@example.org"):
        line = f"1;{mail};20/11/2026;Pour {mail[0]};Merci."
        assert bring(url, _part(tmp_path, line, head=head, name="messages.csv")).refused == []
    assert (mail_of(url, "Claire"), mail_of(url, "Sonia")) == (["Pour c"], ["Pour s"])
