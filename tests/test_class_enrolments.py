"""A student whom two exports have in different classes is in that of the one that is believed more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exports.asking import ask, bring
from tests.exports.one_school import ALL, UAI, Written, changed_siecle, replacing

HOMEWORK = "classe;pour le;titre;texte\n6A;27/11/2026;of 6A;T\n6B;27/11/2026;of 6B;T\n6C;27/11/2026;of 6C;T\n"
READ = """{ viewer { students { firstName schoolClass { name }
    homework(from: "2026-11-23", to: "2026-11-30") { nodes { title } } } } }"""
Places = dict[str, tuple[str, list[str]]]
LEO = ("6B", ["of 6B"])


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


def siecle(folder: Path, place: str) -> Written:
    """Write SIECLE with Zoé in a class."""
    start = '<STRUCTURES_ELEVE ELEVE_ID="5001"><STRUCTURE><CODE_STRUCTURE>{}<'
    return changed_siecle(folder, replacing({start.format("6A"): start.format(place)}))


def edt(folder: Path, place: str, name: str = "6B") -> Written:
    """Write EDT with Zoé in the first or second class of it, and a name for the second."""
    folder.mkdir()
    written = ALL["edt"](folder)
    text = written.path.read_text(encoding="utf-8")
    start = text.index('Prenom="Zoé"')
    end = text.index("/>", text.index("<Classe ", start))
    here = text[start:end]
    text = text.replace(here, here.replace('<Classe Ident="1"', f'<Classe Ident="{place}"'))
    written.path.write_text(text.replace('Nom="6B"', f'Nom="{name}"'), encoding="utf-8")
    return written


def places(url: str) -> Places:
    """Tell in which class Claire's children are, and what homework they have."""
    students = ask(url, "Claire", READ, {})["viewer"]["students"]
    return {
        one["firstName"]: (
            one["schoolClass"]["name"],
            sorted(each["title"] for each in one["homework"]["nodes"]),
        )
        for one in students
    }


@pytest.mark.parametrize(
    "order",
    [["siecle 6A", "edt 2"], ["edt 2", "siecle 6A"], ["siecle 6B", "edt 2", "siecle 6A"],
     ["siecle 6B", "siecle 6A", "edt 2"], ["edt 1", "siecle 6A", "edt 2"]],
    ids=" > ".join,
)  # fmt: skip
def test_the_class_of_the_source_that_is_believed_more_is_taken(
    url: str, tmp_path: Path, order: list[str]
) -> None:
    homework = tmp_path / "devoirs.csv"
    homework.write_text(HOMEWORK, encoding="utf-8")
    bring(url, Written(homework, {"school": UAI}))
    for number, one in enumerate(order):
        name, place = one.split()
        bring(url, (siecle if name == "siecle" else edt)(tmp_path / str(number), place))
    assert places(url) == {"Zoé": ("6A", ["of 6A"]), "Léo": LEO}
    assert bring(url, edt(tmp_path / "again", "2")).changes == 0
    assert places(url) == {"Zoé": ("6A", ["of 6A"]), "Léo": LEO}
    bring(url, siecle(tmp_path / "moved", "6B"))
    assert places(url) == {"Zoé": ("6B", ["of 6B"]), "Léo": LEO}


@pytest.mark.parametrize("first", ["siecle", "edt"])
def test_a_class_that_the_other_source_does_not_know_may_be_the_same_and_stays(
    url: str, tmp_path: Path, first: str
) -> None:
    homework = tmp_path / "devoirs.csv"
    homework.write_text(HOMEWORK, encoding="utf-8")
    written = [siecle(tmp_path / "siecle", "6A"), edt(tmp_path / "edt", "2", "6C")]
    for one in written if first == "siecle" else written[::-1]:
        bring(url, one)
    bring(url, Written(homework, {"school": UAI}))
    assert places(url)["Zoé"][1] == ["of 6A", "of 6C"]
