"""Tables after templates: what anybody can write in a spreadsheet, and how it is understood."""

from __future__ import annotations

import csv
import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from adapters import records as r
from adapters.base import Entry, EntryCount, InvalidExport, LeftOut, Mention, Notice, Refusal
from adapters.export_files import export_files
from adapters.spreadsheets import read_sheet
from adapters.tables import harmless
from adapters.templates.catalogue import TEMPLATES
from adapters.templates.writer import write_template
from gateway.adapters_installed import reader
from tests.exports.asking import ask, bring, bring_all
from tests.exports.one_school import UAI, Written

ROWS: dict[str, tuple[str, str, type[r.Record]]] = {
    "homework": ("Pour le;Classe;Matière;Titre;Type;Contrôle", "24/11/2026;6A;Maths;Ex. 3;leçon;oui", r.Homework),
    "lessons": ("Jour;Début;Fin;Matière;Classe;Salle;Statut", "23/11/2026;8h;9h05;Maths;6A;B12;annulé", r.Lesson),
    "lesson-contents": ("Jour;Classe;Matière;Contenu", "2026-11-20;6A;Maths;Fractions", r.LessonContent),
    "holidays": ("Nom;Du;Au", "Noël;19/12/2026;03/01/2027", r.SchoolSettings),
    "periods": ("Nom;Du;Au;Type", "T1;01/09/2026;30/11/2026;trimestre", r.GradingPeriod),
    "grades": ("ELEVE_ID;Matière;Jour;Note;Barème;Coef", "5001;Maths;20/11/2026;7,5;10;2", r.Grade),
    "skills": ("ELEVE_ID;Jour;Compétence;Niveau", "5001;20/11/2026;Écrire;Atteint", r.SkillResult),
    "absences": ("ELEVE_ID;Jour;Heure;Fin;Type;Motif;Justifiée", "5001;20/11/2026;8h;9h;retard;Bus;oui", r.Absence),
    "incidents": ("ELEVE_ID;Jour;Incident;Rôle;Gravité", "5001;20/11/2026;Chahut;auteur;faible", r.IncidentParticipation),
    "punishments": ("ELEVE_ID;Jour;Sanction;Motif", "5001;20/11/2026;avertissement;Chahut", r.Punishment),
    "observations": ("ELEVE_ID;Jour;Observation;Type", "5001;20/11/2026;Bravo;félicitations", r.Observation),
    "events": ("Jour;Titre;Heure;Tous;Type", "26/11/2026;Réunion;18h30;oui;réunion", r.Event),
    "trips": ("Jour;Titre;Au;Classe;Autorisation", "01/12/2026;Musée;02/12/2026;6A;oui", r.Trip),
    "news": ("Jour;Titre;Texte;Tous;Auteur", "20/11/2026;Cantine;Frites;x;La direction", r.NewsItem),
    "documents": ("Jour;Titre;Lien;Classe;Catégorie", "20/11/2026;Menu;https://x.org/m.pdf;6A;vie scolaire", r.Document),
    "liaison-notes": ("ELEVE_ID;Jour;Titre;Texte;A signer", "5001;20/11/2026;Retard;Bonjour;oui", r.LiaisonNote),
    "messages": ("Destinataire;Jour;Objet;Message", "a@example.org;20/11/2026;Sortie;Bonjour", r.Message),
}  # fmt: skip
"""A row of each template under French headers, and the kind of record it gives."""


def table(folder: Path, name: str, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / f"{name}.csv"
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def read(path: Path, **options: str) -> list[Any]:
    found = reader("csv").read(path, {"school": UAI, **options})
    return [one for one in found if not isinstance(one, int | Entry | EntryCount)]


def of(items: list[Any], kind: type[Any]) -> list[Any]:
    return [one for one in items if isinstance(one, kind)]


def refusals(items: list[Any]) -> list[tuple[str, str, str, str]]:
    return [(one.file, one.field, one.value, one.reason) for one in of(items, Refusal)]


def test_there_is_a_row_here_for_every_template() -> None:
    assert set(ROWS) == set(TEMPLATES)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_row_under_french_headers_is_understood(name: str, encoding: str, tmp_path: Path) -> None:
    header, row, kind = ROWS[name]
    items = read(table(tmp_path, name, header, row, encoding=encoding))
    assert [one for one in items if isinstance(one, Refusal)] == []
    assert len([one for one in items if isinstance(one, kind)]) == 1


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_an_empty_table_of_each_template_is_written_and_read_back(
    name: str, ending: str, tmp_path: Path
) -> None:
    # By its name, and by its columns alone.
    for path in (tmp_path / f"{name}.{ending}", tmp_path / f"contrôle 6A.{ending}"):
        write_template(TEMPLATES[name], path)
        assert read(path) == []
        assert reader("csv").inspect(path, {"school": UAI}).source_id == f"csv:{UAI}:{name}"


def test_every_name_of_a_column_is_the_name_of_one_column_only() -> None:
    for template in TEMPLATES.values():
        names = [one for column in template.all_columns for one in column.spellings]
        assert sorted(names) == sorted(set(names)), template.name


def test_a_spreadsheet_with_dates_and_numbers_is_read_like_a_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["ELEVE_ID", "Matière", "Jour", "Note"])
    sheet.append([5001, "Maths", datetime.datetime(2026, 11, 20), 12.5])
    path = tmp_path / "notes.xlsx"
    book.save(path)
    (grade,) = [one for one in read(path) if isinstance(one, r.Grade)]
    assert (grade.value, grade.date, grade.display_value) == (12.5, datetime.date(2026, 11, 20), "12.5")


def test_a_cell_that_is_formatted_far_away_fills_no_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["ELEVE_ID", "Matière", "Jour", "Note"])
    book.active.append([5001, "Maths", "20/11/2026", 12.5])
    book.active.cell(50_000, 16_384).number_format = "@"
    path = tmp_path / "notes.xlsx"
    book.save(path)
    (file,) = export_files(path)
    # Without care, each of the rows between has 16,384 cells.
    assert sum(len(row.fields) for row in read_sheet(file, None).rows) == 8 + 16_384
    assert [one.value for one in of(read(path), r.Grade)] == [12.5]


WRONG = {
    "ELEVE_ID;Matière;Jour;Note": {
        "5001;Maths;31/02/2026;12": ("date", "31/02/2026", "is not a day"),
        "5001;Maths;20/11/2026;douze": ("grade", "douze", "is not a number"),
        "5001;Maths;20/11/2026;99": ("grade", "99", "is no grade out of 20"),
        "5001;Maths;20/11/2026;": ("grade", "", "is empty"),
        ";Maths;20/11/2026;12": ("student_number", "", "the row does not say which student"),
    },
}


@pytest.mark.parametrize(("row", "expected"), list(WRONG["ELEVE_ID;Matière;Jour;Note"].items()))
def test_a_row_with_a_bad_field_is_refused_alone(
    row: str, expected: tuple[str, str, str], tmp_path: Path
) -> None:
    header = next(iter(WRONG))
    path = table(tmp_path, "notes", header, row, "5002;Maths;20/11/2026;Abs")
    items = read(path)
    refusals = [one for one in items if isinstance(one, Refusal)]
    assert [(one.file, one.field, one.value, one.reason) for one in refusals] == [
        ("notes.csv, line 2", *expected)
    ]
    assert [one.status for one in items if isinstance(one, r.Grade)] == ["ABSENT"]


def test_a_row_that_is_there_twice_is_taken_once(tmp_path: Path) -> None:
    row = "5001;Maths;20/11/2026;12"
    items = read(table(tmp_path, "notes", next(iter(WRONG)), row, "", row, next(iter(WRONG))))
    assert [one.value for one in of(items, r.Grade)] == [12]
    assert of(items, LeftOut) == [
        LeftOut("the same row is there twice"), LeftOut("the header is there again")
    ]  # fmt: skip


def test_rows_of_one_thing_that_say_different_things_are_all_refused_with_their_lines(tmp_path: Path) -> None:
    rows = [f"5001;Maths;20/11/2026;{grade}" for grade in ("12", "15")]
    items = read(table(tmp_path, "notes", next(iter(WRONG)), rows[0], "5002;Maths;20/11/2026;9", rows[1]))
    why = (
        "lines 2, 4 are of the same student_number, ine, last_name, first_name, subject, date, title, and say "
        "different things"
    )
    key = "5001||||maths|20112026|".replace("|", ":")
    assert refusals(items) == [(f"notes.csv, line {line}", "id", key, why) for line in (2, 4)]
    assert [one.value for one in of(items, r.Grade)] == [9]


@pytest.mark.parametrize(
    ("name", "header", "message"),
    [
        ("notes", "ELEVE_ID;Matière;Jour", r"lacks the column grade \(also note, valeur, résultat\)"),
        ("table", "a;b", r"do not tell what it is.*--option entity=NAME"),
        ("notes", "ELEVE_ID;Matière;Jour;Note;valeur", "the column grade is there twice"),
    ],
)
def test_a_table_with_wrong_columns_is_refused_with_what_it_lacks(
    name: str, header: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidExport, match=message):
        read(table(tmp_path, name, header, "1;2;3;4;5"))


def test_nul_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidExport, match="is no text"):
        read(table(tmp_path, "notes", next(iter(WRONG)), "5001;Ma\x00ths;20/11/2026;12"))


SHAPES = {
    "5001;Maths;20/11/2026;12;à revoir": (
        "à revoir",
        "there is more in the row than the 4 columns of the header",
    ),
    "5001;Maths;20/11/2026": (
        "5001 Maths 20/11/2026",
        "the row has 3 fields and the header 4 columns; a part may be cut off",
    ),
    '5001;"Maths"x;20/11/2026;12': (
        '5001;"Maths"x;20/11/2026;12',
        "a field begins with a quotation mark, and does not end with one",
    ),
    '5001;"Maths;20/11/2026;12': (
        '5001;"Maths;20/11/2026;12',
        "a field begins with a quotation mark, and does not end with one",
    ),
}


@pytest.mark.parametrize("row", SHAPES)
def test_a_row_that_does_not_fit_the_header_is_refused_alone(row: str, tmp_path: Path) -> None:
    items = read(table(tmp_path, "notes", next(iter(WRONG)), row, "5002;Maths;20/11/2026;Abs"))
    assert refusals(items) == [("notes.csv, line 2", "", *SHAPES[row])]
    assert [one.status for one in of(items, r.Grade)] == ["ABSENT"]


def test_every_row_is_announced_and_counted_but_empty_ones(tmp_path: Path) -> None:
    path = table(tmp_path, "notes", next(iter(WRONG)), "5001;Maths;20/11/2026;12", ";;;", "", "x;;;")
    items = list(reader("csv").read(path, {"school": UAI}))
    assert of(items, Entry) == [
        Entry("notes.csv", "notes.csv, line 2"),
        Entry("notes.csv", "notes.csv, line 5"),
        Entry("notes.csv", "notes.csv", is_continued=True),
    ]
    assert of(items, EntryCount) == [EntryCount("notes.csv", 2)]


def test_columns_that_are_not_read_are_named_with_what_may_be_meant(tmp_path: Path) -> None:
    header = "Commentaires;ELEVE_ID;Matière;Jour;Note;;Couleur"
    rows = ("bien;5001;Maths;20/11/2026;12;?;rouge", ";5002;Maths;20/11/2026;13;!;")
    items = read(table(tmp_path, "notes", header, *rows))
    assert [one.value for one in of(items, r.Grade)] == [12, 13]
    assert [one.text for one in of(items, Notice)] == [
        'columns that are not read: "Commentaires" (is "commentaire" meant?), "Couleur"; '
        "`passerelle template grades` lists the columns that are",
        "column 6 has no name, and content in 2 rows that is not read: name it",
    ]


def test_a_misspelt_column_that_is_needed_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidExport) as error:
        read(table(tmp_path, "notes", "ELEVE_ID;Matière;Jour;Notte", "5001;Maths;20/11/2026;12"))
    assert '"Notte" looks like it: correct its name.' in str(error.value)
    with pytest.raises(InvalidExport) as error:
        read(table(tmp_path, "notes", "Relevé de la 6A", "5001;Maths;20/11/2026;12"))
    assert "The header that was read is line 1: Relevé de la 6A." in str(error.value)


def test_the_header_is_found_below_lines_that_name_columns_too(tmp_path: Path) -> None:
    lines = ("Classe,6A", "Matière,Maths", "", "ELEVE_ID;Matière;Jour;Note", "5001;Maths;20/11/2026;12,5")
    items = read(table(tmp_path, "notes", *lines))
    assert [one.value for one in of(items, r.Grade)] == [12.5]
    said = "what is before the header in line 4 is not read: Classe,6A / Matière,Maths"
    assert [one.text for one in of(items, Notice)] == [said]


def test_a_sheet_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "6A"
    book.save(tmp_path / "notes.xlsx")
    with pytest.raises(InvalidExport, match=r"^notes.xlsx: has no sheet '6B'; there are 6A.$"):
        read(tmp_path / "notes.xlsx", sheet="6B")
    with pytest.raises(InvalidExport, match="only an XLSX file has sheets"):
        read(table(tmp_path, "notes", next(iter(WRONG))), sheet="6B")


ABSENCE = "ELEVE_ID;Jour;Justifiée;Durée;Demi-journées"
HOMEWORK = "Pour le;Classe;ELEVE_ID;Titre;Contrôle"
UNREAD = {
    ("absences", ABSENCE, "5001;20/11/2026;oui;12,7;"): ("minutes", "12,7", "is no whole number of minutes"),
    ("absences", ABSENCE, "5001;20/11/2026;oui;-5;"): ("minutes", "-5", "is no whole number of minutes"),
    ("absences", ABSENCE, "5001;20/11/2026;oui;;-1"): ("half_days", "-1", "does not lie between 0 and 400"),
    ("absences", ABSENCE, "5001;20/11/2026 08:15;oui;;"): ("date", "20/11/2026 08:15", "is not a day alone"),
    ("devoirs", HOMEWORK, "27/11/2026;6A;;Ex;✓"): ("is_test", "✓", "is neither yes nor no"),
    ("devoirs", HOMEWORK, "27/11/2026;6A;5001;Ex;"): (
        "student_number", "5001", "the row names a student beside a class or the whole school",
    ),
    ("devoirs", HOMEWORK, "27/11/2026;6A;;RÃ©viser;"): (
        "title", "RÃ©viser", "has letters that were garbled when the table was saved",
    ),
    ("périodes", "Nom;Du;Au;Type", "T1;30/11/2026;01/09/2026;trimestre"): (
        "end_date", "2026-09-01", "lies before the start",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNREAD)
def test_a_filled_field_that_cannot_be_read_is_never_taken_for_empty(
    case: tuple[str, str, str], tmp_path: Path
) -> None:
    name, header, row = case
    items = read(table(tmp_path, name, header, row))
    assert refusals(items) == [(f"{name}.csv, line 2", *UNREAD[case])]
    assert of(items, r.Record) == []


def test_durations_are_minutes_or_hours_and_minutes(tmp_path: Path) -> None:
    rows = [f"{number};20/11/2026;oui;{said};" for number, said in enumerate(("45", "45 min", "1h30", "2 h"))]
    items = read(table(tmp_path, "absences", ABSENCE, *rows))
    assert [one.minutes_missed for one in of(items, r.Absence)] == [45, 45, 90, 120]


def test_the_holidays_of_a_school_year_are_one_record(tmp_path: Path) -> None:
    rows = ("Noël;19/12/2026;03/01/2027", "Toussaint;17/10/2026;02/11/2026", "Été;04/07/2026;31/08/2026")
    items = read(table(tmp_path, "vacances", "Nom;Du;Au", *rows))
    why = "is of another school year than the rows before: 2025-2026"
    assert refusals(items) == [("vacances.csv, line 4", "start_date", "2026-07-04", why)]
    (year,) = of(items, r.SchoolSettings)
    assert year.year_label == "2026-2027"
    assert [one["name"] for one in year.holidays] == ["Toussaint", "Noël"]


def test_plain_text_is_shown_with_its_lines_and_brackets_and_html_as_it_is(tmp_path: Path) -> None:
    header = "Jour;Classe;Matière;Titre;Contenu"
    rows = ('20/11/2026;6A;Maths;a;"si 2 < x\net y > 1"', "20/11/2026;6A;Maths;b;<p>Lire</p>")
    items = read(table(tmp_path, "contenus", header, *rows))
    assert [one.body for one in of(items, r.LessonContent)] == ["si 2 &lt; x<br>et y &gt; 1", "<p>Lire</p>"]


def test_a_table_that_is_partial_ends_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'school.db'}"
    header = next(iter(WRONG))
    both = table(tmp_path, "notes", header, "5001;Maths;20/11/2026;12", "5002;Maths;20/11/2026;13")
    bring(url, Written(both, {"school": UAI}))
    one = table(tmp_path, "notes", header, "5001;Maths;20/11/2026;14")
    partial = bring(url, Written(one, {"school": UAI, "partial": "yes"}))
    assert (partial.counts["grade"].changed, partial.counts["grade"].ended) == (1, 0)
    assert bring(url, Written(one, {"school": UAI})).counts["grade"].ended == 1


def test_what_tables_bring_is_shown_to_the_guardian(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'school.db'}"
    bring_all(url, tmp_path, ["siecle"])
    for name in ("observations", "punishments", "trips", "news", "liaison-notes", "documents"):
        header, row, _ = ROWS[name]
        assert bring(url, Written(table(tmp_path, name, header, row), {"school": UAI})).refused == []
    found = ask(
        url,
        "Claire",
        """{ viewer { students { displayName observations(first: 5) { nodes { label isPositive } }
        punishments(first: 5) { nodes { label category } } trips(first: 5) { nodes { title nights } }
        liaisonNotes(first: 5) { nodes { title requiresAcknowledgement } } } }
        news(first: 5) { nodes { title author { displayName } } } documents(first: 5) { nodes { name category } } }""",
        {},
    )
    zoe = next(one for one in found["viewer"]["students"] if one["displayName"].startswith("Zoé"))
    assert zoe == {
        "displayName": "Zoé MARTIN",
        "observations": {"nodes": [{"label": "Bravo", "isPositive": True}]},
        "punishments": {"nodes": [{"label": "avertissement", "category": "SANCTION"}]},
        "trips": {"nodes": [{"title": "Musée", "nights": 1}]},
        "liaisonNotes": {"nodes": [{"title": "Retard", "requiresAcknowledgement": True}]},
    }
    assert [one["title"] for one in found["news"]["nodes"]] == ["Cantine"]
    assert found["documents"]["nodes"] == [{"name": "Menu", "category": "SCHOOL_LIFE"}]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"), ("@x", "'@x"), ("-2+cmd|x", "'-2+cmd|x"), ("\t=1", "'\t=1"), ("+33600000000", "+33600000000"),
        ("-1,5", "-1,5"), ("Zoé", "Zoé"), ("", ""),
    ],
)  # fmt: skip
def test_cells_that_a_spreadsheet_would_run_are_written_as_text(value: str, written: str) -> None:
    assert harmless(value) == written


def test_a_mention_says_where_it_stands(tmp_path: Path) -> None:
    mentions = [
        one for one in read(table(tmp_path, "notes", *ROWS["grades"][:2])) if isinstance(one, Mention)
    ]
    assert [(type(one.record).__name__, one.refusal.file, one.refusal.value) for one in mentions] == [
        ("School", "notes.csv, line 2", UAI),
        ("Subject", "notes.csv, line 2", "Maths"),
        ("Student", "notes.csv, line 2", "5001"),
    ]


def test_the_header_written_opens_in_spreadsheets(tmp_path: Path) -> None:
    path = tmp_path / "homework.csv"
    write_template(TEMPLATES["homework"], path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert next(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))[:3] == [
        "due_date",
        "classes",
        "subject",
    ]
