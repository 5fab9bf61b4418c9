"""Classes are joined by name only where the name can mean no other class."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters import records as r
from tests.exports.asking import ask, bring, rows
from tests.exports.one_school import ALL, UAI, Written, changed_siecle, replacing

Names = tuple[str, str]
PLACES = "{ viewer { students { displayName schoolClass { name } } } }"
HOMEWORK = """{ viewer { students { displayName
    homework(from: "2026-11-23", to: "2026-11-30", first: 9) { nodes { title } } } } }"""
CASES = [
    pytest.param(("3LAT+", "3LAT-"), ("3LAT+", "3LAT-"), ["3LAT+", "3LAT-"], id="signs on both sides"),
    pytest.param(("6e A", "6e B"), ("6E-A", "6E-B"), ["6e A", "6e B"], id="spellings of one name"),
    pytest.param(("3LAT+", "3LAT-"), ("3LAT", "6B"), ["3LAT", "3LAT+", "3LAT-", "6B"], id="no sign there"),
    pytest.param(("3LAT+", "6B"), ("3LAT-", "6B"), ["3LAT+", "3LAT-", "6B"], id="another sign there"),
    pytest.param(("1.1", "11"), ("1-1", "11"), ["1-1", "1.1", "11"], id="two names spelt alike"),
]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


def siecle(folder: Path, names: Names) -> Written:
    """Write the SIECLE export with other names for 6A and 6B."""
    words = {
        f"<CODE_STRUCTURE>{old}<": f"<CODE_STRUCTURE>{new}<"
        for old, new in zip(("6A", "6B"), names, strict=True)
    }
    return changed_siecle(folder, replacing(words))


def edt(folder: Path, names: Names) -> Written:
    """Write the EDT export with other names for 6A and 6B."""
    folder.mkdir()
    written = ALL["edt"](folder)
    text = written.path.read_text(encoding="utf-8")
    for old, new in zip(("6A", "6B"), names, strict=True):
        text = text.replace(f'Nom="{old}"', f'Nom="{new}"')
    written.path.write_text(text, encoding="utf-8")
    return written


def homework(folder: Path, *classes: str) -> Written:
    path = folder / "devoirs.csv"
    lines = "".join(f"24/11/2026;{one};Maths;Task {number}\n" for number, one in enumerate(classes, 1))
    path.write_text(f"Pour le;Classe;Matière;Titre\n{lines}", encoding="utf-8")
    return Written(path, {"school": UAI})


def homework_of(url: str) -> dict[str, list[str]]:
    """Return the homework that Claire reads, by child."""
    students = ask(url, "Claire", HOMEWORK, {})["viewer"]["students"]
    return {one["displayName"]: [task["title"] for task in one["homework"]["nodes"]] for one in students}


@pytest.mark.parametrize(("in_siecle", "in_edt", "expected"), CASES)
@pytest.mark.parametrize("order", ["siecle first", "edt first"])
def test_classes_are_one_where_their_names_can_mean_no_other(
    url: str, tmp_path: Path, order: str, in_siecle: Names, in_edt: Names, expected: list[str]
) -> None:
    written = [siecle(tmp_path / "siecle", in_siecle), edt(tmp_path / "edt", in_edt)]
    reports = [bring(url, one) for one in (written if order == "siecle first" else written[::-1])]
    found = [name for (name,) in rows(url, r.SchoolClass, "name", class_type="HOMEROOM")]
    assert sorted(found) == expected
    told = [one.text for report in reports for one in report.notices if "names of classes" in one.text]
    assert len(told) == (len(expected) > 2)
    leo, zoe = (one["schoolClass"]["name"] for one in _students(url))
    assert (zoe in (in_siecle[0], in_edt[0]), leo in (in_siecle[1], in_edt[1])) == (True, True)
    assert [bring(url, one).changes for one in written] == [0, 0]


def _students(url: str) -> list[dict[str, dict[str, str]]]:
    students: list[dict[str, dict[str, str]]] = ask(url, "Claire", PLACES, {})["viewer"]["students"]
    return students


def test_classes_that_were_one_are_two_again_when_another_name_is_spelt_alike(
    url: str, tmp_path: Path
) -> None:
    bring(url, siecle(tmp_path / "siecle", ("1-1", "6B")))
    bring(url, edt(tmp_path / "before", ("1.1", "6B")))
    assert sorted(rows(url, r.SchoolClass, "name", class_type="HOMEROOM")) == [("1-1",), ("6B",)]
    report = bring(url, edt(tmp_path / "after", ("1.1", "11")))
    names = [name for (name,) in rows(url, r.SchoolClass, "name", class_type="HOMEROOM")]
    assert sorted(names) == ["1-1", "1.1", "11", "6B"]
    assert [one.text for one in report.notices if "names of classes" in one.text] == [
        "names of classes that are spelt alike and may mean different ones were not joined with those of "
        "other sources: 1-1, 1.1, 11; spell them the same in every source"
    ]


def test_a_table_that_names_a_class_means_the_one_with_the_same_signs(url: str, tmp_path: Path) -> None:
    bring(url, siecle(tmp_path / "siecle", ("3LAT+", "3LAT-")))
    report = bring(url, homework(tmp_path, "3LAT-", "3lat +", "3LAT"))
    assert (report.refused, [one.value for one in report.waiting]) == ([], ["3LAT"])
    assert homework_of(url) == {"Léo MARTIN": ["Task 1"], "Zoé MARTIN": ["Task 2"]}


def test_a_table_that_names_a_class_by_another_sign_than_the_only_one_waits(url: str, tmp_path: Path) -> None:
    bring(url, siecle(tmp_path / "siecle", ("3LAT+", "6B")))
    report = bring(url, homework(tmp_path, "3LAT-", "6-b"))
    assert [one.value for one in report.waiting] == ["3LAT-"]
    assert homework_of(url) == {"Léo MARTIN": ["Task 2"], "Zoé MARTIN": []}


def test_a_class_that_rows_name_and_that_has_no_pupils_any_more_is_reported(url: str, tmp_path: Path) -> None:
    told = "classes that rows name have no pupils: 6A; what is for them reaches nobody; were they renamed?"
    for one in (siecle(tmp_path / "before", ("6A", "6B")), ALL["sts"](tmp_path)):
        bring(url, one)
    assert told not in [one.text for one in bring(url, homework(tmp_path, "6A", "6B")).notices]
    bring(url, siecle(tmp_path / "after", ("6E1", "6B")))
    report = bring(url, homework(tmp_path, "6A", "6B"))
    assert [one.text for one in report.notices if "pupils" in one.text] == [told]
    assert homework_of(url) == {"Léo MARTIN": ["Task 2"], "Zoé MARTIN": []}


def test_classes_without_pupils_are_not_reported_before_any_class_has_some(url: str, tmp_path: Path) -> None:
    bring(url, ALL["sts"](tmp_path))
    report = bring(url, homework(tmp_path, "6A"))
    assert [one.text for one in report.notices if "pupils" in one.text] == []
