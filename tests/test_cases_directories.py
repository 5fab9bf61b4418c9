"""Faults of directories and averages (AAF, ONDE, LSU): what is refused, and what guardians see then."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters import records as r
from adapters.base import InvalidExport, Notice
from gateway.adapters_installed import reader
from tests.exports.asking import ask, bring, rows
from tests.exports.one_school import ALL, Written, aaf_request
from tests.test_cases_xml import change, database, entries, noticed, reasons, refused, seen

__all__ = ["database"]
LSU = Path(__file__).parent / "exports" / "lsu.xml"


@pytest.fixture
def aaf(tmp_path: Path) -> Written:
    return ALL["aaf"](tmp_path)


# ---- AAF -------------------------------------------------------------------------------------------------


def test_aaf_accounts_for_every_request_also_those_it_does_not_know(database: str, aaf: Written) -> None:
    change(aaf, "</ficAlimMENESR>", "<renameRequest/></ficAlimMENESR>", "*_Eleve_*")
    change(aaf, "<id>80003</id>", "<id/>", "*_PersRelEleve_*")
    change(aaf, "<id>4002</id>", "<id>4002</id></identifier><!-- x --><identifier>", "*_PersEducNat_*")
    report = bring(database, aaf)
    assert entries(report, "EtabEducNat", "PersRelEleve", "Eleve", "PersEducNat") == [
        (1, 1, 0, {}), (3, 2, 1, {}), (4, 3, 1, {}), (2, 2, 0, {})
    ]  # fmt: skip
    assert reasons(report) == [
        ("identifier", "a request without identifier"),
        ("ENTElevePersRelEleve", "this guardian is in no PersRelEleve file"),
        ("request", "a kind of request that is not known"),
    ]


def test_aaf_ties_nobody_to_a_number_that_two_students_have(database: str, aaf: Written) -> None:
    bring(database, aaf)
    assert (seen(database, "Claire"), seen(database, "Sonia")) == (
        ["Léo MARTIN", "Zoé MARTIN"], ["Inès DURAND"]
    )  # fmt: skip
    change(aaf, "<id>70003</id>", "<id>70001</id>", "*_Eleve_*")
    report = bring(database, aaf, allow_shrink=True)
    assert ("ENTPersonJointure", "70001") in {one[1:] for one in refused(report)}
    assert (seen(database, "Claire"), seen(database, "Sonia")) == (["Léo MARTIN"], [])


def test_aaf_ties_nobody_to_a_number_that_two_guardians_have(database: str, aaf: Written) -> None:
    change(aaf, "<id>80003</id>", "<id>80002</id>", "*_PersRelEleve_*")
    change(aaf, "<value>80003$", "<value>80002$", "*_Eleve_*")
    report = bring(database, aaf)
    assert reasons(report).count(
        ("ENTElevePersRelEleve", "several persons have this number: nobody is tied to it")
    ) == 3  # fmt: skip
    assert seen(database, "Claire") == ["Léo MARTIN", "Zoé MARTIN"]
    assert len(rows(database, r.Guardianship, "id")) == 2


def test_aaf_takes_a_request_that_is_there_twice_word_for_word(database: str, aaf: Written) -> None:
    (file,) = aaf.path.glob("*_Eleve_*")
    shutil.copy(file, file.with_name(file.name.replace("0000", "0001")))
    report = bring(database, aaf)
    assert (entries(report, "Eleve"), report.refused) == ([(6, 6, 0, {})], [])
    assert seen(database, "Sonia") == ["Inès DURAND"]


def test_aaf_ties_that_contradict_or_cannot_be_read_give_no_access(database: str, aaf: Written) -> None:
    change(aaf, "<value>80003$2$1$1$1$1</value>", "<value>80003$2$1$3$x$1</value>", "*_Eleve_*")
    change(
        aaf,
        "<value>80001$2$1$1$1$1</value>",
        "<value>80001$2$1$1$1$1</value><value>80001$2$1$0$1$1</value><value>$2</value>",
    )
    report = bring(database, aaf)
    assert [one[1:] for one in refused(report)] == [
        ("ENTElevePersRelEleve", "80001$2$1$1$1$1 and 80001$2$1$0$1$1"),
        ("ENTElevePersRelEleve", "$2"),
        ("ENTElevePersRelEleve", "80003$2$1$3$x$1"),
        ("ENTElevePersRelEleve, fifth field", "x"),
    ]
    assert (seen(database, "Claire"), seen(database, "Sonia")) == (["Léo MARTIN"], [])


def test_aaf_names_every_class_date_and_code_that_it_cannot_take(database: str, aaf: Written) -> None:
    change(
        aaf,
        "<value>9001$6B</value>",
        "<value>9001$6B</value><value>9009$6Z</value><value>9001$</value>",
        "*_Eleve_*",
    )
    change(aaf, "02/02/1980", "02/02/0980")
    change(
        aaf,
        "<value>9001$6B$061300</value>",
        "<value>9001$9Z$061300</value><value>9009$6Z$061300</value><value>9001$6A$999</value>",
    )
    change(aaf, "9001$ENS$ENSEIGNEMENT$L0422", "9001$ZZZ$X$L0422")
    change(aaf, "<value>BENALI</value>", "<value>BENALI</value><value>BEN ALI</value>")
    change(aaf, "6ALL1$Anglais$6A", "6ALL1$Anglais$6A$5Z")
    report = bring(database, aaf)
    assert [one[1:] for one in refused(report)] == [
        ("ENTStructureGroupes", "6ALL1$Anglais$6A$5Z"),
        ("ENTEleveClasses", "9009$6Z"),
        ("ENTEleveClasses", "9001$"),
        ("ENTPersonDateNaissance", "02/02/0980"),
        ("ENTAuxEnsClassesMatieres", "9001$9Z"),
        ("sn", "BENALI, BEN ALI"),
    ]
    assert noticed(report) == [
        "there is no file of this category: what was imported before stays.",
        "'ZZZ' is not known here; it is there 1 times.",
        "'999' is not known here; it is there 1 times.",
        "1 classes and groups that staff teach are not read: they are of structures that the export does "
        "not contain (9009).",
    ]


def test_two_academies_have_a_directory_each_and_a_delta_names_its_own(
    database: str, tmp_path: Path, aaf: Written
) -> None:
    (tmp_path / "other").mkdir()
    other = ALL["aaf"](tmp_path / "other")
    change(other, "0750001A", "0690001X")
    change(other, "<value>Claire</value>", "<value>Jeanne</value>")
    bring(database, aaf)
    bring(database, Written(other.path, {"source": "Lyon"}))
    assert len(rows(database, r.Student, "id")) == 6
    assert rows(database, r.DataSource, "id", "name") == [("aaf", "AAF"), ("aaf:lyon", "AAF lyon")]
    assert seen(database, "Jeanne") == seen(database, "Claire") == ["Léo MARTIN", "Zoé MARTIN"]
    delta = tmp_path / "delta"
    delta.mkdir()
    text = aaf_request("Eleve", "70001").replace("addRequest", "deleteRequest")
    (delta / "ENT_Delta_20260902_Eleve_0000.xml").write_text(f"<ficAlimMENESR>{text}</ficAlimMENESR>")
    bring(database, Written(delta, {"source": "lyon"}))
    assert (seen(database, "Jeanne"), len(seen(database, "Claire"))) == (["Léo MARTIN"], 2)


def test_a_name_of_a_directory_is_plain(aaf: Written) -> None:
    with pytest.raises(InvalidExport, match="--option source=a:b: write up to 40 letters"):
        reader("aaf").inspect(aaf.path, {"source": "a:b"})


# ---- ONDE ------------------------------------------------------------------------------------------------

PUPILS = "Nom Elève;Nom d'usage Elève;Prénom Elève;Date naissance;Niveau;Classe;Sexe"
GUARDIANS = (
    "Civilité Responsable;Nom usage responsable;Nom responsable;Prénom responsable;Courriel;"
    "Nom d'usage enfant;Nom de famille enfant;Prénom enfant;Classes enfants"
)
TEACHERS = "Civilité;Nom usage;Nom;Prénom;Directeur;Classe"


def _onde(folder: Path, pupils: list[str], guardians: list[str], teachers: list[str]) -> Written:
    folder = folder / "onde"
    folder.mkdir()
    tables = {
        "eleves": [PUPILS, *pupils], "responsables": [GUARDIANS, *guardians], "enseignants": [TEACHERS, *teachers],
    }  # fmt: skip
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_bytes("\n".join(lines).encode("iso-8859-1"))
    return Written(folder, {"school": "0610001v", "access": "all"})


def test_onde_refuses_both_of_what_cannot_be_told_apart_and_ties_nobody_to_it(
    database: str, tmp_path: Path
) -> None:
    written = _onde(
        tmp_path,
        [
            "PETIT;;Léa;2018-05-06;CE1;CE1 A;F", "PETIT;;Léa;2018-05-06;CE1;CE1 B;F",
            "ROY;;Max;2018-01-01;CE1;CE1 A;M", "ROY;;Max;2018-01-01;CE1;CE1 A;M", "NU;;Al;2018-02-31;CE1;CE1 A;M",
        ],
        [
            "Mme;;PETIT;Rose;a@example.org;;PETIT;Léa;CE1 A", "M.;;ROY;Jean;a@example.org;;ROY;Max;CE1 A",
            "M.;;ROY;Jean;b@example.org;;ROY;Max;CE1 A", "Mme;;ROY;Ida;c@example.org;;ROY;Max;CE1 A",
            "Mme;;ROY;Ida;c@example.org;;ROY;Max;CE1 A", "Mme;;X;Y;;;;;CE1 A",
        ],
        [
            "Mme;;NEGNY;Anne;oui;CE1 A", "Mme;;NEGNY;Anne;non;CE1 B", "M.;;VALLET;Paul;peut-être;CE1 A",
            "M.;;VALLET;Paul;non;CE1 B", "M.;;;Luc;non;CE1 B",
        ],
    )  # fmt: skip
    (written.path / "notes.csv").write_text('"never closed')
    report = bring(database, written)
    assert entries(report, "eleves.csv", "responsables.csv", "enseignants.csv") == [
        (5, 2, 3, {}), (6, 4, 2, {}), (5, 2, 3, {})
    ]  # fmt: skip
    assert refused(report) == [
        ("2", "Nom Elève", "Léa PETIT (lines 2, 3)"), ("3", "Nom Elève", "Léa PETIT (lines 2, 3)"),
        ("6", "Date naissance", "2018-02-31"), ("2", "Nom de famille enfant", "Léa PETIT, CE1 A"),
        ("3", "Nom responsable", "Jean ROY (lines 3, 4)"), ("4", "Nom responsable", "Jean ROY (lines 3, 4)"),
        ("7", "Nom de famille enfant", " , CE1 A"), ("2", "Nom", "Anne NEGNY (lines 2, 3)"),
        ("3", "Nom", "Anne NEGNY (lines 2, 3)"), ("4", "Directeur", "peut-être"), ("6", "Nom", ""),
    ]  # fmt: skip
    assert [one.place for one in report.notices] == ["notes.csv", "eleves.csv"]
    assert (seen(database, "Ida"), seen(database, "Rose")) == (["Max ROY"], [])
    assert bring(database, written).changes == 0


def test_onde_says_which_columns_it_lacks(tmp_path: Path) -> None:
    written = _onde(tmp_path, ["ROY;;Max;2018-01-01;CE1;CE1 A;M"], [], [])
    change(written, ";Classe;", ";Groupe;", "eleves.csv")
    items = list(reader("onde").read(written.path, written.options))
    texts = [one.text for one in items if isinstance(one, Notice)]
    assert texts == ["has no column Classe.", "these columns are not read: Groupe, Sexe."]


# ---- LSU -------------------------------------------------------------------------------------------------


def test_lsu_keeps_appreciations_and_refuses_what_is_no_average(database: str, tmp_path: Path) -> None:
    bring(database, ALL["aaf"](tmp_path))
    bring(database, ALL["periods"](tmp_path))
    written = Written(Path(shutil.copy(LSU, tmp_path / "lsu.xml")))
    acquis = '<acquis discipline-ref="{}" enseignant-refs="{}" {}><appreciation>{}</appreciation></acquis>'
    more = (
        acquis.format("D2", "E1", 'moyenne-eleve="nan"', "x"),
        acquis.format("D3", "E9", 'eleve-non-note="1" moyenne-structure="12/0"', "En progrès."),
        acquis.format("D4", "E1", "", ""),
        acquis.format("D9", "E1", 'moyenne-eleve="12"', "x"),
        acquis.format("D5", "E1", 'moyenne-eleve="12"', "x"),
        acquis.format("D5", "E1", 'moyenne-eleve="13"', "x"),
    )
    change(written, "</liste-acquis>", "".join(more) + "</liste-acquis>")
    subjects = "".join(f'<discipline id="D{n}" code="030201" libelle="Anglais"/>' for n in (2, 3, 4, 5))
    change(
        written,
        "</disciplines>",
        subjects + '<discipline libelle="Sans"/></disciplines><epis><epi id="1"/></epis>',
    )
    report = bring(database, written)
    assert entries(report, "acquis", "discipline", "epi", "bilan-periodique") == [
        (7, 2, 4, {"neither an average nor an appreciation": 1}),
        (6, 5, 1, {}),
        (1, 0, 0, {"only averages, and what they refer to, are read": 1}),
        (1, 0, 0, {"of bilans, only the averages and their appreciations are read": 1}),
    ]
    assert [one[1:] for one in refused(report)] == [
        ("id", ""), ("moyenne-eleve", "nan"), ("moyenne-structure", "12/0"), ("enseignant-refs", "E9"),
        ("discipline-ref", "D9"), ("discipline-ref", "D5"), ("discipline-ref", "D5"),
    ]  # fmt: skip
    found = rows(database, r.SubjectAverage, "value", "out_of", "class_average", "appreciation")
    assert found == [(15.5, 20.0, 12.0, "Très bien."), (None, 20.0, None, "En progrès.")]
    assert ask(database, "Claire", "{ viewer { students { displayName } } }", {})
