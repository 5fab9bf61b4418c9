"""Tables as schools really make them: each case is imported, and read as a guardian reads it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from adapters.base import InvalidExport
from adapters.native.import_report import EntryCounts, Report
from tests.exports.asking import ask, bring
from tests.exports.case_school import case_school
from tests.exports.one_school import Written

CASES = Path(__file__).parent / "cases" / "import"
PARIS, NOUMEA = "0759901A", "9880001A"
HOMEWORK = """{ viewer { students { homework(from: "2026-11-23", to: "2026-12-04", first: 20) {
    nodes { dueDate title descriptionText subject { name } } } } } }"""
GRADES = """{ viewer { students { grades(first: 50) { nodes {
    title date status value outOf displayValue coefficient weighting countsInAverage
    teachers { displayName } } } } } }"""
LESSONS = """{ viewer { students { timetable(from: "2026-11-23", to: "2026-11-30") {
    lessons { date startsAt endsAt title } } } } }"""


@pytest.fixture(scope="module")
def schools(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A database with the school alone, by its national id."""
    folder = tmp_path_factory.mktemp("schools")
    for uai in (PARIS, NOUMEA):
        bring(f"sqlite:///{folder / uai}.db", case_school(folder / uai, uai))
    return {uai: folder / f"{uai}.db" for uai in (PARIS, NOUMEA)}


@pytest.fixture
def url(schools: dict[str, Path], tmp_path: Path) -> str:
    shutil.copy(schools[PARIS], tmp_path / "school.db")
    return f"sqlite:///{tmp_path / 'school.db'}"


def twice(url: str, path: Path, **options: str) -> Report:
    """Import a table two times; the second import changes nothing."""
    written = Written(path, {"school": PARIS, **options})
    report = bring(url, written)
    assert bring(url, written).changes == 0
    return report


def shown(url: str, mother: str, query: str, *path: str) -> list[Any]:
    """Return the nodes of a list of the one child, as their mother reads them."""
    (child,) = ask(url, mother, query, {})["viewer"]["students"]
    for name in path:
        child = child[name]
    return list(child)


def refused(report: Report) -> list[tuple[str, str, str, str]]:
    return [(one.file.partition(", ")[2], one.field, one.value, one.remedy) for one in report.refused]


# ---- marks -----------------------------------------------------------------------------------------------

NUMBER = "Write a number as 12,5, a letter as A+, or one of: Abs, Disp, Inapte, N.Not, N.Rdu, Abs0, N.Rdu0, NE, Félicitations, En attente."  # fmt: skip
MARKS = {
    "A1": ("GRADED", 12.5, 20, "12,5", 1, "NORMAL", True),
    "A2": ("ABSENT", None, 20, "Abs", 1, "NORMAL", False),
    "A3": ("NOT_GRADED", None, 20, "N.Not", 1, "NORMAL", False),
    "A4": ("NOT_GRADED", None, 20, "N. Noté", 1, "NORMAL", False),
    "A5": ("NOT_GRADED", None, 20, "N.Noté", 1, "NORMAL", False),
    "A6": ("NOT_GRADED", None, 20, "NN", 1, "NORMAL", False),
    "A7": ("EXEMPTED", None, 20, "Disp.", 1, "NORMAL", False),
    "A8": ("GRADED", 4.5, 5, "4,5", 1, "NORMAL", True),
    "A9": ("GRADED", 4.5, 5, "4,5", 1, "NORMAL", True),
    "A10": ("GRADED", 13, 20, "13*", 1, "OPTIONAL", False),
    "A11": ("GRADED", 13, 20, "(13)", 1, "NOT_SIGNIFICANT", False),
    "A12": ("GRADED", 22, 20, "22", 1, "NORMAL", True),
    "A13": ("GRADED", 0, 20, "0", 0, "NORMAL", False),
    "A14": ("UNFIT", None, 20, "Inapte", None, "NORMAL", False),
    "A15": ("NOT_SUBMITTED", None, 20, "Non rendu", 0.5, "NORMAL", False),
    "A16": ("NOT_SUBMITTED", None, 20, "N.Rdu", 1, "NORMAL", False),
    "A17": ("LETTER", None, 20, "A+", 1, "NORMAL", False),
    "A20": ("GRADED", 15, 20, "15", 1, "NORMAL", True),
    "A22": ("GRADED", 15, 20, "15", 1, "NORMAL", True),
    "A24": ("GRADED", 15, 20, "15", 1, "NORMAL", True),
    "A25": ("GRADED", 12.5, 20, "12.50", 1, "NORMAL", True),
    "A26": ("UNKNOWN", None, 20, "-", 1, "NORMAL", False),
    "A27": ("PENDING", None, 20, "EA", 1, "NORMAL", False),
    "A28": ("UNKNOWN", None, 20, "Bonus 2", 1, "NORMAL", False),
}
"""By title: status, value, outOf, displayValue, coefficient, weighting, countsInAverage."""


def test_marks_of_every_common_spelling_have_their_status(url: str) -> None:
    report = twice(url, CASES / "grade-formats.csv", entity="grades")
    assert report.entries == {"grade-formats.csv": EntryCounts(read=30, taken=24, refused=6)}
    assert refused(report) == [
        ("line 19", "out_of", "0", "Write the highest mark that can be reached, such as 20; empty is 20."),
        (
            "line 20", "coefficient", "-2",
            "Write a weight such as 1; for points that are taken away, write malus in the column weighting.",
        ),
        ("line 22", "date", "23/11/26", "Write the year with four digits: 23/11/2026."),
        (
            "line 24", "date", "46349",
            "Format the column as a date and save again; most spreadsheets mean 23/11/2026.",
        ),
        ("line 29", "grade", "Bonus 2", "Where they are a mark, write a number, and bonus in weighting."),
        ("line 30", "grade", "1e1", NUMBER),
        ("line 31", "grade", "1_5", NUMBER),
    ]  # fmt: skip
    found = shown(url, "Nadia", GRADES, "grades", "nodes")
    assert {one["date"] for one in found} == {"2026-11-23"}
    assert {
        one["title"]: (
            one["status"], one["value"], one["outOf"], one["displayValue"], one["coefficient"],
            one["weighting"], one["countsInAverage"],
        )
        for one in found
    } == MARKS  # fmt: skip


def test_two_classes_of_one_day_subject_and_title_have_two_assessments(url: str) -> None:
    report = twice(url, CASES / "grades-two-classes.csv", entity="grades")
    assert report.entries == {"grades-two-classes.csv": EntryCounts(read=2, taken=2)}
    for mother, said in {"Nadia": (12.5, 1, "Anne DURAND"), "Sarah": (8, 3, "Bruno PETIT")}.items():
        (grade,) = shown(url, mother, GRADES, "grades", "nodes")
        teachers = ", ".join(one["displayName"] for one in grade["teachers"])
        assert (grade["value"], grade["coefficient"], teachers) == said


def test_the_line_that_tells_excel_the_separator_is_no_header(url: str) -> None:
    report = twice(url, CASES / "sep-line.csv", entity="grades")
    assert (report.refused, report.notices) == ([], [])
    assert report.entries == {"sep-line.csv": EntryCounts(read=1, taken=1)}
    assert [(one["title"], one["value"]) for one in shown(url, "Nadia", GRADES, "grades", "nodes")] == [
        ("C1", 12.5)
    ]


# ---- homework --------------------------------------------------------------------------------------------


def homework(url: str) -> list[tuple[str, str, str]]:
    found = shown(url, "Ida", HOMEWORK, "homework", "nodes")
    return [(one["dueDate"], one["title"], one["descriptionText"]) for one in found]


ACCENTS = [("2026-11-27", "Exercices élève à Noël", "Été œuvre « ça »")]
TITLE_LINE = "what is before the header in line 3 is not read: Cahier de textes de la 6A"
MAC = "was read as Mac OS Roman; where accents are wrong, save it in UTF-8 and import again"


@pytest.mark.parametrize(
    ("name", "notices"),
    [
        ("hw-bom.csv", []),
        ("hw-cp1252.csv", []),
        ("hw-utf16.csv", []),
        ("hw-mac.csv", [MAC]),
        ("hw-title-line.csv", [TITLE_LINE]),
    ],
)
def test_homework_keeps_its_accents_in_every_encoding_that_schools_save(
    name: str, notices: list[str], url: str
) -> None:
    report = twice(url, CASES / name, entity="homework")
    assert report.refused == []
    assert [one.text for one in report.notices] == notices
    assert report.entries == {name: EntryCounts(read=1, taken=1)}
    assert homework(url) == ACCENTS


def test_texts_of_several_lines_and_very_long_ones_are_kept_whole(url: str) -> None:
    assert twice(url, CASES / "hw-multiline.csv", entity="homework").refused == []
    assert homework(url) == [("2026-11-27", "Ex", 'ligne 1\nligne 2; "suite"')]
    assert twice(url, CASES / "hw-long-title.csv", entity="homework").refused == []
    assert homework(url) == [("2026-11-27", "t" * 5000, "a")]


def test_quotation_marks_inside_a_field_are_kept_and_a_broken_field_is_refused_by_its_line(url: str) -> None:
    report = twice(url, CASES / "hw-quote.csv", entity="homework")
    assert report.entries == {"hw-quote.csv": EntryCounts(read=2, taken=1, refused=1)}
    assert refused(report) == [
        (
            "line 3", "", '28/11/2026;6A;Mathématiques;"Lire" acte II;a',
            'Write such a field as """Title"" and more", or save the table from a spreadsheet program.',
        )
    ]  # fmt: skip
    assert homework(url) == [("2026-11-27", 'Lire "Le Cid" acte I', "a")]


def test_columns_without_name_and_content_do_no_harm(url: str) -> None:
    report = twice(url, CASES / "hw-dup-empty.csv", entity="homework")
    assert (report.refused, report.notices) == ([], [])
    assert homework(url) == [("2026-11-27", "Ex", "a")]


def test_of_a_workbook_the_first_sheet_is_read_and_all_that_is_not_is_named(url: str) -> None:
    report = twice(url, CASES / "hw.xlsx", entity="homework")
    assert report.entries == {"hw.xlsx": EntryCounts(read=5, taken=3, refused=2)}
    assert refused(report) == [
        ("line 4", "", "29/11/2026 6A Mathématiques Ex 3", "Open it in a spreadsheet program and save it."),
        (
            "line 5", "due_date", "46356",
            "Format the column as a date and save again; most spreadsheets mean 30/11/2026.",
        ),
    ]  # fmt: skip
    assert [one.text for one in report.notices] == [
        'further sheets are not read: "6B"; to add one, --option sheet="6B" --option partial=yes'
    ]
    first_sheet = [("2026-11-27", "Ex 1", "a"), ("2026-11-28", "3", "b"), ("2026-12-01", "Ex 5", "VRAI")]
    assert homework(url) == first_sheet
    second = twice(url, CASES / "hw.xlsx", entity="homework", sheet="6B", partial="yes")
    assert second.entries == {"hw.xlsx": EntryCounts(read=1, taken=1)}
    found = shown(url, "Nadia", HOMEWORK, "homework", "nodes")
    assert [(one["dueDate"], one["title"]) for one in found] == [("2026-11-27", "Ex feuille 2")]
    assert homework(url) == first_sheet


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "hw-utf8-one-bad-byte.csv",
            "hw-utf8-one-bad-byte.csv, line 2: the file is UTF-8, but the byte 0xEB on this line is not; its "
            'letter cannot be told. Save it in UTF-8: in Excel "CSV UTF-8 (comma delimited)"; in LibreOffice '
            '"Text CSV" with "Edit filter settings" and Unicode (UTF-8).',
        ),
        (
            "hw-dup-header.csv",
            'hw-dup-header.csv: the column description is there twice: "texte" (column 5) and "texte" '
            "(column 6). Keep one, or rename the other.",
        ),
    ],
)
def test_a_file_of_which_a_part_would_be_lost_is_refused_with_what_to_do(
    name: str, message: str, url: str
) -> None:
    with pytest.raises(InvalidExport) as error:
        twice(url, CASES / name, entity="homework")
    assert str(error.value) == message


# ---- far from Paris --------------------------------------------------------------------------------------


def test_days_and_times_of_a_school_in_noumea_are_those_of_its_clock(
    schools: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copy(schools[NOUMEA], tmp_path / "school.db")
    url = f"sqlite:///{tmp_path / 'school.db'}"
    unknown = {"cours-noumea.csv": ["room 'B1'", "room 'B2'"], "devoirs-noumea.csv": []}
    for name, rooms in unknown.items():
        report = twice(url, CASES / name, school=NOUMEA)
        assert [one.text.partition(":")[0] for one in report.notices] == rooms
        assert (report.refused, report.waiting) == ([], [])
    found = shown(url, "Ida", LESSONS, "timetable", "lessons")
    assert [(one["date"], one["startsAt"], one["endsAt"], one["title"]) for one in found] == [
        ("2026-11-25", "2026-11-25T23:30:00+11:00", "2026-11-25T23:45:00+11:00", "Astronomie"),
        ("2026-11-26", "2026-11-26T07:30:00+11:00", "2026-11-26T08:30:00+11:00", "Mathématiques"),
        ("2026-11-26", "2026-11-26T13:00:00+11:00", "2026-11-26T14:00:00+11:00", "Histoire"),
        ("2026-11-27", "2026-11-27T07:30:00+11:00", "2026-11-27T08:30:00+11:00", "Anglais"),
    ]
    found = shown(url, "Ida", HOMEWORK, "homework", "nodes")
    assert [(one["dueDate"], one["title"], one["subject"]["name"]) for one in found] == [
        ("2026-11-25", "Ex 0 pour le 25", "MATHEMATIQUES"),
        ("2026-11-26", "Ex 1 pour le 26", "MATHEMATIQUES"),
        ("2026-11-27", "Ex 2 pour le 27", "MATHEMATIQUES"),
    ]
