"""A value that cannot be read is counted and named, and takes the place of none that was known."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from adapters import records as r
from tests.exports.asking import bring, rows
from tests.exports.one_school import UAI, Written, aaf, siecle
from tests.exports.oneroster import changed, version_1_1

KNOWN = ("date_of_birth", "match_code")


def aaf_with(folder: Path, born: str, first_name: str) -> Written:
    folder.mkdir()
    written = aaf(folder)
    (path,) = written.path.glob("*_Eleve_*")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("05/03/2014", born).replace("Zoé", first_name), encoding="utf-8")
    return written


def siecle_with(folder: Path, born: str, first_name: str) -> Written:
    folder.mkdir()
    written = siecle(folder)
    (path,) = written.path.glob("*Eleves*")
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        text = archive.read(name).decode("iso-8859-15")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            name, text.replace("05/03/2014", born).replace("Zoé", first_name).encode("iso-8859-15")
        )
    return written


@pytest.mark.parametrize(
    ("export", "field", "remedy"),
    [
        (aaf_with, "ENTPersonDateNaissance", "Write it as dd/mm/yyyy."),
        (siecle_with, "DATE_NAISS", "Write it as 31/12/2014 or 2014-12-31."),
    ],
)
def test_a_day_of_birth_that_cannot_be_read_leaves_the_known_one(
    tmp_path: Path, export: Callable[..., Written], field: str, remedy: str
) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    code = r.person_code("Martin", "Zoé", date(2014, 3, 5))
    bring(url, export(tmp_path / "first", "05/03/2014", "Zoé"))
    report = bring(url, export(tmp_path / "unread", "31/02/2010", "Zoé"))
    assert (report.changes, report.number_refused, report.unread) == (0, 0, 1)
    assert [(one.field, one.value, one.remedy) for one in report.refused] == [(field, "31/02/2010", remedy)]
    assert rows(url, r.Student, *KNOWN, first_name="Zoé") == [(date(2014, 3, 5), code)]
    # Under another name it may be another child: the known day of birth does not become that child's.
    bring(url, export(tmp_path / "other", "31/02/2010", "Chloé"))
    assert set(rows(url, r.Student, *KNOWN, first_name="Chloé")) <= {(None, None)}


def test_a_table_with_refused_rows_ends_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    header = "Pour le;Classe;Matière;Titre"
    kept, wrong, gone = (
        "24/11/2026;6A;Maths;Ex. 3",
        "25/11/2026;6A;Maths;Ex. 4",
        "26/11/2026;6A;Maths;Ex. 5",
    )

    def table(*lines: str) -> Written:
        path = tmp_path / "devoirs.csv"
        path.write_text("\n".join((header, *lines)), encoding="utf-8")
        return Written(path, {"school": UAI})

    bring(url, table(kept, wrong, gone))
    report = bring(url, table(kept, wrong.replace("25/11/2026", "31/11/2026")))
    assert [(one.field, one.value) for one in report.refused] == [("due_date", "31/11/2026")]
    assert (report.counts["homework"].ended, report.lacking) == (0, {})
    assert [one.text for one in report.notices if "records of before" in one.text] == [
        "2 records of before are not in it, and may be those of the rows that were refused: none of them "
        "ended. Correct these rows, or take them out, and import it again."
    ]
    assert bring(url, table(kept, wrong)).counts["homework"].ended == 1


def test_a_day_of_birth_of_demographics_that_cannot_be_read_leaves_the_known_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    bring(url, Written(version_1_1(tmp_path)))
    report = bring(url, Written(changed(tmp_path, demographics=("2014-03-05", "2010-02-31"))))
    assert rows(url, r.Student, "date_of_birth", first_name="Zoé") == [(date(2014, 3, 5),)]
    assert report.entries["demographics.csv"].refused == 1
