"""What somebody who runs a gateway meets at the command line."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import jwt
import pytest
from uvicorn.config import Config

from gateway.pages import explorer_is_installed
from gateway.server import server_options
from gateway.settings import Settings, unknown_variables
from tests.command_server import command
from tests.exports.one_school import UAI, siecle


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one small school was imported."""
    path = tmp_path_factory.mktemp("school")
    command("import", str(siecle(path).path), folder=path)
    return path


def test_a_worker_may_take_a_minute_to_start_on_a_busy_machine() -> None:
    config = Config("gateway.server:application", factory=True, workers=2, **server_options(Settings()))
    assert config.timeout_worker_healthcheck == 60


@pytest.mark.parametrize("name", ["notes.csv", "notes.xlsx"])
def test_an_empty_table_never_takes_the_place_of_one_that_is_there(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("filled in", encoding="utf-8")
    found = command("template", "grades", name, folder=tmp_path, check=False)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == f"{name} is there already, and was left as it is: name another file.\n"
    assert (tmp_path / name).read_text(encoding="utf-8") == "filled in"


def test_an_export_takes_the_place_of_a_file_that_is_there_only_by_force(folder: Path) -> None:
    (folder / "roster.zip").write_text("mine", encoding="utf-8")
    found = command("export", "oneroster", "roster.zip", folder=folder, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (
        2, "", "roster.zip is there already, and was left as it is: --force replaces it.\n",
    )  # fmt: skip
    assert (folder / "roster.zip").read_text(encoding="utf-8") == "mine"
    command("export", "oneroster", "roster.zip", "--force", folder=folder)
    assert is_zipfile(folder / "roster.zip")


def test_the_version_is_told(tmp_path: Path) -> None:
    assert command("--version", folder=tmp_path).stdout == f"passerelle {version('passerelle')}\n"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("prot = 1", "  prot: there is no such setting; is port meant?\n"),
        ("zzz = 1", "  zzz: there is no such setting\n"),
        ("[server]\nport = 1", "  server: there is no such section; settings stand at the top of the file, "),
        ("host = local", "Settings are lines such as port = 8000 "),
    ],
)
def test_a_broken_settings_file_is_told_with_the_remedy(tmp_path: Path, written: str, told: str) -> None:
    (tmp_path / "passerelle.toml").write_text(written, encoding="utf-8")
    found = command("imports", folder=tmp_path, check=False)
    assert found.returncode == 2 and told.replace("\n", " ") in found.stderr.replace("\n", " ")


def test_persons_of_every_kind_that_a_token_may_be_for_are_listed(folder: Path) -> None:
    listed = command("token", "--list", "--kind", "student", folder=folder).stdout.splitlines()
    assert len(listed) > 1
    for line in listed:
        identifier, rest = line.split("  ")
        assert ", " in rest
        assert command("token", identifier, "--kind", "STUDENT", folder=folder).stderr == ""
    for kind, why in (
        ("TEACHER", "There is nobody of the kind TEACHER yet; import an export or run `passerelle demo`."),
        ("PARTNER", "--list needs a --kind of GUARDIAN, STUDENT, TEACHER, STAFF; a PARTNER needs no id."),
    ):
        found = command("token", "--list", "--kind", kind, folder=folder, check=False)
        assert (found.returncode, found.stderr) == (2, f"{why}\n")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("PASSERELLE_MAX_DEPHT", "PASSERELLE_MAX_DEPTH"),
        ("passerelle_jwks", "PASSERELLE_JWKS_URL"),
        ("PASSERELLE_DATABASE", "PASSERELLE_DATABASE_URL"),
        ("PASSERELLE_DB_URL", "PASSERELLE_DATABASE_URL"),
    ],
)
def test_a_mistyped_setting_in_the_environment_is_refused_with_the_name_that_is_meant(
    tmp_path: Path, given: str, meant: str
) -> None:
    found = command("serve", folder=tmp_path, check=False, **{given: "hunter2"})
    assert found.returncode == 2 and "hunter2" not in found.stderr
    assert f"  {given}: there is no such setting; is {meant} meant?\n" in found.stderr


def test_a_variable_that_is_like_no_setting_is_named_and_stops_nobody(folder: Path) -> None:
    strange = {
        "PASSERELLE_VERSION": "1",
        "PASSERELLE_SERVICE_PORT_HTTP": "1",
        "PASSERELLE_TEST_REQUESTS": "1",
    }
    assert unknown_variables(strange) == {"PASSERELLE_VERSION": None}
    found = command("check", folder=folder, check=False, **strange)
    assert (
        "Ignored: PASSERELLE_VERSION is no setting; `passerelle check --settings` lists all." in found.stderr
    )


def claims(found: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    read: dict[str, Any] = jwt.decode(found.stdout.strip(), options={"verify_signature": False})
    return read


def test_a_token_names_a_school_by_its_uai_as_well_as_by_its_id(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "passerelle.db")) as database:
        ((school,),) = database.execute("SELECT id FROM school")
    for given in (UAI, school):
        found = command("token", "--kind", "PARTNER", "--school", given, folder=folder)
        assert (claims(found)["schools"], found.stderr) == ([school], "")


def test_a_token_for_a_school_that_is_not_known_is_refused_with_those_that_are(folder: Path) -> None:
    found = command("token", "--kind", "PARTNER", "--school", "0759999Z", folder=folder, check=False)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == f"There is no school 0759999Z; known are: {UAI}.\n"


def test_a_token_for_somebody_who_is_not_known_is_printed_with_a_warning(folder: Path) -> None:
    found = command("token", "nobody", folder=folder)
    assert claims(found)["sub"] == "nobody"
    assert found.stderr == (
        "No guardian of the database has the id nobody; one who left is not counted. "
        "`passerelle token --list --kind GUARDIAN` lists some.\n"
    )
    known = command("token", "--list", folder=folder).stdout.split()[0]
    assert command("token", known, folder=folder).stderr == ""


def test_who_revokes_somebody_who_is_not_known_hears_that_it_may_be_a_slip(folder: Path) -> None:
    found = command("revoke", "nobody", folder=folder)
    assert found.stderr == (
        "Nobody of the database has the id nobody: right for a partner, else a slip perhaps.\n"
        "Every token of nobody issued until now is refused.\n"
    )
    known = command("token", "--list", folder=folder).stdout.split()[0]
    found = command("revoke", known, folder=folder)
    assert found.stderr == f"Every token of {known} issued until now is refused.\n"


CLOSED = "127.0.0.1:9"
"""An address at which nobody listens."""


def test_check_asks_every_part_that_is_configured(folder: Path) -> None:
    source = {"away": {"adapter": "timetable-service", "options": {"file": "no-such-file.json"}}}
    found = command(
        "check",
        folder=folder,
        check=False,
        PASSERELLE_SOURCES=json.dumps(source),
        PASSERELLE_JWKS_URL=f"http://reader:hunter2@{CLOSED}/keys",
        PASSERELLE_RATE_STORE=f"redis://:hunter2@{CLOSED}/0",
        COLUMNS="300",
    )
    assert "hunter2" not in found.stdout + found.stderr
    lines = [line for line in found.stdout.splitlines() if not line.startswith("✓ adapters")]
    assert lines[:4] == ["✓ settings", "✓ contract and resolvers agree", "✓ database", "✓ sources"]
    assert lines[4:7] == [
        "✗ source away: does not answer: no-such-file.json cannot be read. Is it running, and is the setting "
        "sources.away right?",
        "✗ key set of the identity provider: does not come: URLError while the key set was read. Is it "
        "running, and is the setting jwks_url right?",
        f"✗ store of rates: does not answer: Error 111 connecting to {CLOSED}. Connect call failed "
        "('127.0.0.1', 9). Is it running, and is the setting rate_store right?",
    ]
    assert found.returncode == (1 if explorer_is_installed() else 2)


def test_check_says_which_database_does_not_answer(folder: Path) -> None:
    found = command("check", folder=folder, check=False, PASSERELLE_DATABASE_URL=f"postgresql://{CLOSED}/x")
    assert "✗ database: cannot be opened: " in found.stdout and "Traceback" not in found.stderr
    assert found.returncode == (1 if explorer_is_installed() else 2)


@pytest.mark.parametrize("url", [f"postgresql://u:hunter2@{CLOSED}/x", "sqlite:////nowhere/x.db", "junk"])
@pytest.mark.parametrize(
    "said",
    [
        ("imports",),
        ("identities",),
        ("token", "--list"),
        ("revoke", "x"),
        ("export", "oneroster", "out", "--school", UAI),
        ("import", "siecle"),
    ],
    ids=lambda said: said[0],
)
def test_a_database_that_is_away_is_told_in_one_line(tmp_path: Path, url: str, said: tuple[str, ...]) -> None:
    if url == "junk":
        (tmp_path / "junk.db").write_text("no database at all" * 100, encoding="utf-8")
        url = "sqlite:///junk.db"
    given = [str(siecle(tmp_path).path) if one == "siecle" else one for one in said]
    found = command(*given, folder=tmp_path, check=False, PASSERELLE_DATABASE_URL=url)
    assert found.returncode == 2
    lines = [line for line in found.stderr.splitlines() if line.strip()]
    text = " ".join(lines)
    assert "The database does not answer: " in text and "Is the setting database_url right?" in text
    assert "Traceback" not in text and "hunter2" not in text and len(lines) < 6


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (
            {"PASSERELLE_NATIONAL_ID_KEY": "nowhere.txt"},
            "national_id_key: nowhere.txt cannot be read: No such file or directory.",
        ),
        (
            {"PASSERELLE_IMPORT_PRECEDENCE": '{"people": ["siecl"]}'},
            "import_precedence: people: there is no format 'siecl'; there are aaf, ",
        ),
    ],
)
def test_check_looks_at_what_the_settings_name(folder: Path, settings: dict[str, str], fault: str) -> None:
    found = command("check", folder=folder, check=False, **settings)
    assert found.returncode == 2
    assert found.stdout.splitlines()[0].startswith(f"✗ settings: {fault}")


def test_the_database_is_made_for_this_user_alone(tmp_path: Path) -> None:
    command("import", str(siecle(tmp_path).path), folder=tmp_path)
    modes = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.glob("passerelle.db*")}
    assert set(modes.values()) == {0o600}


def test_a_table_needs_a_number_of_a_school(tmp_path: Path) -> None:
    wrong = bring_homework(tmp_path, *HOMEWORK, school="ABC")
    assert wrong.returncode == 2
    assert "--option school: 'ABC' is no number of a school (UAI)" in wrong.stderr.replace("\n", " ")
    small = bring_homework(tmp_path, *HOMEWORK, school=UAI.lower())
    assert f"Homework of {UAI}" in small.stdout


HOMEWORK = ("Pour le;Classe;Matière;Titre", "24/11/2026;6A;Maths;Ex. 3", "25/11/2026;6A;Maths;Ex. 4")


def bring_homework(folder: Path, *rows: str, **options: str) -> subprocess.CompletedProcess[str]:
    (folder / "devoirs.csv").write_text("\n".join(rows), encoding="utf-8")
    given = {"school": UAI, **options}
    said = [one for name, value in given.items() for one in ("--option", f"{name}={value}")]
    return command("import", "devoirs.csv", *said, folder=folder, check=False)


def test_the_report_says_plainly_what_ended_and_how_a_part_is_imported(tmp_path: Path) -> None:
    bring_homework(tmp_path, *HOMEWORK)
    ended = bring_homework(tmp_path, HOMEWORK[0], "26/11/2026;6A;Maths;Ex. 5")
    said = (
        f"ended: 2 of homework, because Homework of {UAI} does not have them. If it is only a part, import "
        "the earlier one again, then this one with --option partial=yes: nothing ends then."
    )
    assert said in ended.stdout.splitlines()
    bring_homework(tmp_path, *HOMEWORK)
    part = bring_homework(tmp_path, HOMEWORK[0], "26/11/2026;6A;Maths;Ex. 5", partial="yes")
    assert "ended:" not in part.stdout
    many = [f"27/11/2026;6A;Maths;Ex. {number}" for number in range(10)]
    bring_homework(tmp_path, HOMEWORK[0], *many)
    stopped = bring_homework(tmp_path, HOMEWORK[0], many[0])
    assert stopped.returncode == 2
    assert (
        "If it is only a part, import it with --option partial=yes; then nothing ends"
        in stopped.stderr.replace("\n", " ")
    )


def test_the_help_of_import_explains_that_a_table_is_all_there_is(tmp_path: Path) -> None:
    found = command("import", "--help", folder=tmp_path).stdout
    assert "--option partial=yes" in found
