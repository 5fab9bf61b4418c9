"""Small OneRoster exports that failed once, read as guardians do: who sees whom, and what the report says."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters import records as r
from adapters.base import InvalidExport
from adapters.native.import_report import EntryCounts, Report
from tests.exports.asking import ask, bring, rows
from tests.exports.one_school import Written

CASES = Path(__file__).parent / "cases" / "import"
STUDENTS = "{ viewer { students { displayName } } }"
TAKEN = {
    "orgs.csv": EntryCounts(read=1, taken=1),
    "users.csv": EntryCounts(read=2, taken=2),
    "classes.csv": EntryCounts(read=1, taken=1),
    "enrollments.csv": EntryCounts(read=1, taken=1),
}
WITH_ROLES = TAKEN | {
    "roles.csv": EntryCounts(read=3, taken=3),
    "users.csv": EntryCounts(read=3, taken=3),
    "enrollments.csv": EntryCounts(read=2, taken=2),
}
SWITCHED_OFF = (
    "enabledUser is false for 1 guardians, who read nothing here until enabledUser is true: u3 (line 4)"
)
TWICE = "this sourcedId stands in several rows of users.csv that differ: lines {}"


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


def seen(url: str, guardian: str) -> list[str]:
    """Return the names of the students whom a guardian sees."""
    students = ask(url, guardian, STUDENTS, {})["viewer"]["students"]
    return [one["displayName"] for one in students]


def edited(folder: Path, case: str, **changes: tuple[str, str]) -> Written:
    """Copy a case with one piece of text changed in some of its files."""
    copy = Path(shutil.copytree(CASES / case, folder / case))
    for file, (before, after) in changes.items():
        path = copy / f"{file}.csv"
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after), encoding="utf-8")
    return Written(copy)


def refusals(report: Report) -> list[tuple[str, str, str]]:
    """Return where what was refused is, its field and the reason."""
    return [(one.file, one.field, one.reason) for one in report.refused]


@dataclass(frozen=True)
class Case:
    """What an export gives: who sees whom, what became of its entries, what is refused and noted."""

    sees: dict[str, list[str]]
    entries: dict[str, EntryCounts] = field(default_factory=lambda: TAKEN)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


OF_NOBODY = ("enrollments.csv, line 2", "userSourcedId", TWICE)
EXPECTED: dict[str, Case] = {
    "or-disabled": Case({"Marc": []}, WITH_ROLES, notices=[SWITCHED_OFF]),
    "or-disabled-only": Case({"Marc": []}, WITH_ROLES, notices=[SWITCHED_OFF]),
    "or12-teacher-parent": Case(
        {"Nora": ["Lou Blanc"], "Marc": ["Lou Blanc"]},
        WITH_ROLES | {"roles.csv": EntryCounts(read=4, taken=4)},
    ),
    "or-parent-agents": Case({"Marc": ["Lou Blanc"]}),
    "or-department": Case({"Marc": ["Lou Blanc"]}),
    "or-v-semi": Case({"Marc": ["Lou Blanc"]}),
    "or-v-blank": Case(
        {"Marc": ["Lou Blanc"]},
        TAKEN | {"users.csv": EntryCounts(read=4, taken=2, refused=2)},
        [
            (f"users.csv, line {line}", "sourcedId", "without it nothing can refer to the row")
            for line in (4, 5)
        ],
    ),
    "or-v-dupid": Case(
        {"Marc": [], "Ida": []},
        TAKEN
        | {
            "users.csv": EntryCounts(read=4, taken=2, refused=2),
            "enrollments.csv": EntryCounts(read=1, refused=1),
        },
        [
            *((f"users.csv, line {line}", "sourcedId", TWICE.format("2, 3")) for line in (2, 3)),
            ("enrollments.csv, line 2", "userSourcedId", TWICE.format("2, 3")),
        ],
    ),
    "or-v-dup": Case(
        {"Marc": []},
        TAKEN
        | {
            "users.csv": EntryCounts(read=3, taken=1, refused=2),
            "enrollments.csv": EntryCounts(read=1, refused=1),
        },
        [
            *((f"users.csv, line {line}", "sourcedId", TWICE.format("2, 4")) for line in (2, 4)),
            ("enrollments.csv, line 2", "userSourcedId", TWICE.format("2, 4")),
        ],
    ),
}


@pytest.mark.parametrize("case", EXPECTED)
def test_a_case_gives_what_its_source_says_and_the_second_import_changes_nothing(
    database: str, case: str
) -> None:
    expected = EXPECTED[case]
    report = bring(database, Written(CASES / case))
    assert refusals(report) == expected.refused
    assert [one.text for one in report.notices] == expected.notices
    assert report.entries == expected.entries
    assert {one: seen(database, one) for one in expected.sees} == expected.sees
    assert bring(database, Written(CASES / case)).changes == 0


@pytest.mark.parametrize(
    ("case", "column", "nearest"),
    [
        ("or-v-agentid", "agentSourcedIds", "agentSourcedId"),
        ("or-v-orgid", "orgSourcedIds", "orgSourcedId"),
        ("or-v-case", "sourcedId", "SourcedID"),
    ],
)
def test_a_file_without_a_column_that_is_needed_is_refused_with_the_nearest_one(
    database: str, case: str, column: str, nearest: str
) -> None:
    with pytest.raises(
        InvalidExport, match=rf"users.csv: lacks the column {column} \(nearest: '{nearest}'\)"
    ):
        bring(database, Written(CASES / case))


def test_a_file_with_a_column_twice_is_refused(database: str, tmp_path: Path) -> None:
    written = edited(tmp_path, "or-parent-agents", users=("middleName", "familyName"))
    with pytest.raises(InvalidExport, match=r"users\.csv: has the column familyName 2 times"):
        bring(database, written)


def test_two_systems_of_one_name_are_two_sources_where_the_option_names_them(database: str) -> None:
    for letter in ("a", "b"):
        bring(database, Written(CASES / f"or-same-system-{letter}", {"source": letter}))
    assert rows(database, r.School, "name", "source_id") == [
        ("Ecole Deux", "oneroster:b"),
        ("Ecole Un", "oneroster:a"),
    ]
    assert seen(database, "Marc") == ["Lou Blanc"]
    assert seen(database, "Ida") == ["Zoé Noir"]


@pytest.mark.parametrize(
    ("period", "sees"),
    [
        ("2026-09-01,2026-11-22", []),
        ("2026-09-01,2026-11-23", ["Lou Blanc"]),
        ("2026-11-24,", []),
    ],
)
def test_a_guardian_reads_from_the_first_to_the_last_day_of_the_role(
    database: str, tmp_path: Path, period: str, sees: list[str]
) -> None:
    written = edited(tmp_path, "or-disabled-only", users=("u3,,,false", "u3,,,true"),
                     roles=("u3,primary,parent,,", f"u3,primary,parent,{period}"))  # fmt: skip
    bring(database, written)
    assert seen(database, "Marc") == sees


def test_a_teacher_who_is_a_parent_is_shown_as_both(database: str) -> None:
    bring(database, Written(CASES / "or12-teacher-parent"))
    query = """{ viewer { students { schoolClass { name } mainTeachers { displayName }
        guardianships { hasDataAccess guardian { displayName } } } } }"""
    assert ask(database, "Nora", query, {})["viewer"]["students"] == [
        {
            "schoolClass": {"name": "6A"},
            "mainTeachers": [{"displayName": "Nora Blanc"}],
            "guardianships": [
                {"hasDataAccess": True, "guardian": {"displayName": name}}
                for name in ("Marc Blanc", "Nora Blanc")
            ],
        }
    ]


def test_a_tie_that_both_rows_name_is_one_tie(database: str, tmp_path: Path) -> None:
    both = edited(tmp_path, "or-parent-agents", users=(",E2,,,,,06", ",E2,,,,u3,06"))
    report = bring(database, both)
    assert (report.links, report.refused) == (1, [])
    assert seen(database, "Marc") == ["Lou Blanc"]


def test_who_is_switched_off_in_a_delta_reads_nothing_though_it_names_no_child(
    database: str, tmp_path: Path
) -> None:
    bring(database, edited(tmp_path / "bulk", "or-v-semi"))
    assert seen(database, "Marc") == ["Lou Blanc"]
    bring(
        database, _delta(tmp_path, "u3;active;2026-11-23T08:00:00Z;false;s1;parent;papa;;Marc;Blanc;;;;;;;;")
    )
    assert seen(database, "Marc") == []


def test_a_delta_gives_no_rights_to_an_agent_whom_it_does_not_describe(database: str, tmp_path: Path) -> None:
    bring(database, edited(tmp_path / "bulk", "or-v-semi", users=("parent", "relative")))
    lou = "u2;active;2026-11-23T08:00:00Z;true;s1;student;enf;;Lou;Blanc-Roy;;E2;;;;u3,u9;06;"
    report = bring(database, _delta(tmp_path, lou))
    assert [one.text for one in report.notices] == [
        "agents whom the delta does not describe: their ties stay as they were, none is made: u3, u9"
    ]
    assert rows(database, r.Student, "last_name") == [("Blanc-Roy",)]
    assert rows(database, r.Guardianship, "has_data_access") == [(False,)]
    assert seen(database, "Marc") == []


def _delta(folder: Path, user: str) -> Written:
    """Write a delta to or-v-semi that describes one user."""
    delta = folder / "delta"
    delta.mkdir()
    header = (CASES / "or-v-semi" / "users.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    (delta / "users.csv").write_text(f"{header}\n{user}\n", encoding="utf-8")
    (delta / "manifest.csv").write_text(
        "propertyName;value\noneroster.version;1.1\nsource.systemName;Test\nfile.users;delta\n",
        encoding="utf-8",
    )
    return Written(delta)
