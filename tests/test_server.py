"""The program as it is run: a real uvicorn process, asked over HTTP, and the command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from gateway.command_line import app
from gateway.pages import explorer_is_installed
from gateway.welcome import EXAMPLES
from tests.command_server import command
from tests.conftest import ROOT
from tests.exports.one_school import ALL, UAI
from tests.listening import free_port, wait_for

PASSERELLE = [sys.executable, "-m", "gateway"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the example was imported, with its demo year around today."""
    path = tmp_path_factory.mktemp("served")
    export = str(ROOT / "examples" / "exports" / "aaf")
    command("import", "aaf", export, folder=path)
    command("demo", "--people", export, folder=path)
    return path


def start(folder: Path, log: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start a server in a folder, with its output in a file."""
    with log.open("w") as output:
        return subprocess.Popen(
            [*PASSERELLE, "serve", *options],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[tuple[str, str]]:
    """A running server of two workers: its address, and the token it printed."""
    port = free_port()
    log = folder / "server.log"
    server = start(folder, log, "--port", str(port), "--welcome", "--workers", "2")
    address = f"http://127.0.0.1:{port}"
    wait_for(server, lambda: httpx.get(f"{address}/healthz", timeout=1))
    token = re.search(r"Token +(\S+)", log.read_text())
    assert token, log.read_text()
    yield address, token[1]
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=20) in (0, -signal.SIGTERM)


def ask(served: tuple[str, str], query: str) -> Any:
    address, token = served
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{address}/graphql", json={"query": query}, headers=headers, timeout=30).json()


@pytest.mark.parametrize(("title", "query"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_the_printed_queries_answer_with_the_printed_token(
    served: tuple[str, str], title: str, query: str
) -> None:
    answer = ask(served, query)
    assert "errors" not in answer, title
    (viewer,) = answer["data"].values()
    assert viewer.get("students") or viewer.get("pendingActions")


def test_the_dashboard_operation_answers_with_real_data(served: tuple[str, str]) -> None:
    query = (ROOT / "tests" / "operations" / "dashboard" / "query.graphql").read_text(encoding="utf-8")
    answer = ask(served, query)
    assert "errors" not in answer
    assert all(one["grades"]["totalCount"] for one in answer["data"]["viewer"]["students"])


def test_a_query_can_be_sent_by_get(served: tuple[str, str]) -> None:
    address, token = served
    answer = httpx.get(
        f"{address}/graphql",
        params={"query": "{ viewer { kind } }"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.json() == {"data": {"viewer": {"kind": "GUARDIAN"}}}


@pytest.mark.parametrize(
    ("query", "message", "code"),
    [
        (
            "{ viewer { nothing } }",
            "Cannot query field 'nothing' on type 'Viewer'.",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("{ viewer {", "Syntax Error: Expected Name, found <EOF>.", "GRAPHQL_PARSE_FAILED"),
        (
            "{ " + " ".join(f"a{n}: __typename" for n in range(80)) + " }",
            "'anonymous' has 80 aliases; at the most 60 are allowed (the setting max_aliases). "
            "Send it as several smaller operations.",
            "OPERATION_TOO_LARGE",
        ),
    ],
)
def test_a_wrong_operation_says_what_is_wrong(
    served: tuple[str, str], query: str, message: str, code: str
) -> None:
    (error,) = ask(served, query)["errors"]
    assert error["message"] == message
    assert error["extensions"] == {"code": code}


def test_an_operation_too_deep_is_refused(served: tuple[str, str]) -> None:
    query = "{ viewer { students " + "{ guardianships { student " * 8 + "{ id }" + " } }" * 8 + " } }"
    (error,) = ask(served, query)["errors"]
    assert error["message"].startswith("'anonymous' has 19 levels of fields; at the most 16 are allowed")
    assert error["extensions"] == {"code": "OPERATION_TOO_LARGE"}


def test_a_request_too_large_is_refused(served: tuple[str, str]) -> None:
    address, token = served
    answer = httpx.post(
        f"{address}/graphql", json={"query": "#" * 300_000}, headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (413, "TOO_LARGE")


def test_the_explorer_page_uses_nothing_from_the_internet(served: tuple[str, str]) -> None:
    page = httpx.get(f"{served[0]}/graphql", headers={"Accept": "text/html"})
    assert page.status_code == 200
    if not explorer_is_installed():
        assert "GraphiQL is not installed" in page.text
        pytest.skip("Node.js was not there at set-up; the page says so.")
    assert "://" not in page.text
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert httpx.get(served[0] + path).status_code == 200, path


def test_importing_again_reports_no_change(folder: Path) -> None:
    export = str(ROOT / "examples" / "exports" / "aaf")
    found = command("import", "aaf", export, folder=folder)
    assert "0 changes, 0 refused" in found.stdout
    assert "109 links between guardians and students, 107 of them legal" in found.stdout


def test_an_import_that_refuses_records_exits_with_1_and_a_damaged_one_with_2(tmp_path: Path) -> None:
    export = tmp_path / "export"
    shutil.copytree(ROOT / "examples" / "exports" / "aaf", export)
    (students,) = export.glob("*_Eleve_*")
    text = students.read_text(encoding="utf-8")
    students.write_text(re.sub(r"<value>\d\d/\d\d/\d{4}", "<value>never", text, count=1), encoding="utf-8")
    refused = command("import", "aaf", str(export), folder=tmp_path, check=False)
    assert refused.returncode == 1
    (line,) = (one for one in refused.stdout.splitlines() if one.startswith("refused"))
    assert re.fullmatch(
        r"refused: ENTPersonDateNaissance: not a date: DEMO_Complet_20260901_Eleve_0000.xml, line \d+ "
        r"\(record \d+, 'never'\)\. Write it as dd/mm/yyyy\.",
        line,
    ), line
    students.write_text(text[:5000], encoding="utf-8")
    damaged = command("import", "aaf", str(export), folder=tmp_path, check=False)
    assert damaged.returncode == 2
    assert "The file is damaged" in damaged.stderr and "Traceback" not in damaged.stderr


def test_an_import_that_is_killed_leaves_the_state_before(tmp_path: Path) -> None:
    example, large = str(ROOT / "examples" / "exports" / "aaf"), str(tmp_path / "export")
    command("demo", "--as", "aaf", large, "--students", "3000", folder=tmp_path)
    command("import", "aaf", example, folder=tmp_path)
    before = command("imports", folder=tmp_path).stdout
    for pause in (0.2, 0.8):
        process = subprocess.Popen(
            [*PASSERELLE, "import", "aaf", large, "--allow-shrink"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.DEVNULL,
        )
        while not list(tmp_path.glob("*.db-wal")):
            time.sleep(0.02)
        time.sleep(pause)
        assert process.poll() is None, "The import was over before it could be killed."
        process.kill()
        process.wait()
        assert command("imports", folder=tmp_path).stdout == before
        found = command("import", "aaf", example, "--dry-run", folder=tmp_path)
        assert "0 changes, 0 refused" in found.stdout


def test_the_report_of_an_import_is_kept_and_can_be_written(folder: Path, tmp_path: Path) -> None:
    export = str(ROOT / "examples" / "exports" / "aaf")
    command("import", "aaf", export, "--dry-run", "--report", str(tmp_path / "report.json"), folder=folder)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (report["dry_run"], report["changes"], report["refused"]) == (True, 0, [])
    assert report["counts"]["student"] == {
        "added": 0, "changed": 0, "unchanged": 60, "waiting": 0, "ended": 0
    }  # fmt: skip
    assert report["entries"]["Eleve"] == {
        "read": 60, "taken": 60, "refused": 0, "waiting": 0, "left_out": {}
    }  # fmt: skip
    shown = command("imports", "--most", "1", folder=folder).stdout
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d\W+\w+.*\W0\W*$", shown, re.MULTILINE), shown


def test_a_report_tells_what_was_refused_left_empty_and_taken_out(tmp_path: Path) -> None:
    rows = (
        "id;date;titre;texte;adresse;whole_school",
        "n1;2026-11-23;Fête;<p>Venez</p><script>x</script>;https://school.example/fete;oui",
        "n2;2026-11-23;<script>x</script>;Rien;;oui",
        "n3;2026-11-23;<b>Photos</b>;<img src=a><p>Ici</p>;ftp://school.example/photos;oui",
    )
    (tmp_path / "news.csv").write_text("\n".join(rows), encoding="utf-8")
    given = ("import", "news.csv", "--option", f"school={UAI}", "--report", "report.json")
    found = command(*given, folder=tmp_path, check=False)
    assert found.returncode == 1
    lines = found.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("2 changes"))
    assert lines[start:] == [
        "2 changes, 1 refused, 2 waiting, 1 fields left empty",
        "refused: title: holds nothing but markup or invisible characters: news.csv, line 3 (record n2, "
        "'<script>x</script>'). Write it as plain text.",
        "waiting: school: no School of the school fits, or several do: news.csv, line 2 (record "
        f"{UAI}, '{UAI}'). The row is kept, and shown as soon as one export says who or what this is.",
        "left empty: url: is an address of ftp:, which no link may lead to: news.csv, line 4 (record n3, "
        "'ftp://school.example/photos'). Links lead to http, https, mailto, tel: such as "
        "https://school.example/page.",
        "taken out once: NewsItem body: <script>: news.csv, line 2",
        "taken out once: NewsItem title: markup: news.csv, line 4",
        "taken out once: NewsItem body: <img>: news.csv, line 4",
    ]
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (len(report["refused"]), len(report["emptied"]), len(report["taken_out"])) == (1, 1, 3)
    shown = command("imports", folder=tmp_path).stdout
    assert re.search(rf"News of {UAI}\W+0\W+0\W+0\W+1\W+2\W", shown), shown


def test_an_administrators_day_on_the_command_line(tmp_path: Path) -> None:
    written = {name: ALL[name](tmp_path) for name in ("siecle", "edt", "grades")}
    found = command("import", str(written["siecle"].path), folder=tmp_path)
    assert "5 links between guardians and students, 5 of them legal" in found.stdout
    refused = command("import", str(written["edt"].path), folder=tmp_path, check=False)
    assert refused.returncode == 1 and "3 of student joined with records of other sources" in refused.stdout
    missing = command("import", str(written["grades"].path), folder=tmp_path, check=False)
    assert missing.returncode == 2 and "say which school it is of: --option school=UAI" in missing.stderr
    wrong = command("import", "sts", str(tmp_path), "--option", "color=red", folder=tmp_path, check=False)
    assert wrong.returncode == 2 and "sts has no option 'color'; it knows: none" in wrong.stderr
    command("import", str(written["grades"].path), "--option", f"school={UAI}", folder=tmp_path, check=False)
    exported = command("export", "oneroster", "roster.zip", "--school", UAI, folder=tmp_path)
    assert "wrote roster.zip" in exported.stderr and (tmp_path / "roster.zip").exists()
    assert command("identities", folder=tmp_path).stdout == ""
    unknown = command("identities", "--merge", "x", folder=tmp_path, check=False)
    assert unknown.returncode == 2 and "No open proposal" in unknown.stderr


def test_formats_and_templates_are_listed_and_explained(tmp_path: Path) -> None:
    def said(*arguments: str) -> str:
        found = CliRunner().invoke(app, arguments)
        assert found.exit_code == 0, found.output
        return found.stdout

    assert re.search(r"^siecle +SIECLE", said("formats"), re.MULTILINE)
    assert re.search(r"^grades +Grades \(notes, évaluations\)$", said("template"), re.MULTILINE)
    assert "note, valeur" in said("template", "grades")
    said("template", "grades", str(tmp_path / "empty.xlsx"))
    assert (tmp_path / "empty.xlsx").stat().st_size > 1000


def test_a_feed_is_imported_from_its_address(tmp_path: Path) -> None:
    feed = ALL["agenda"](tmp_path)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}"
        options = ("--option", f"school={UAI}", "--option", "as=agenda")
        report = ("--report", str(tmp_path / "report.json"))
        command("import", f"{place}/{feed.path.name}", *options, *report, folder=tmp_path, check=False)
        assert json.loads((tmp_path / "report.json").read_text())["counts"]["event"]["waiting"] == 2
        gone = command("import", f"{place}/secret-token.ics", *options, folder=tmp_path, check=False)
        assert gone.returncode == 2 and "127.0.0.1 does not give the export" in gone.stderr
        assert "secret-token" not in gone.stderr
        server.shutdown()


COMMANDS = [
    "serve", "import", "imports", "formats", "template", "export", "identities", "demo", "token", "revoke",
    "schema", "check",
]  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, tmp_path: Path) -> None:
    found = command(name, "--help", folder=tmp_path).stdout
    assert "Usage" in found and len(found) > 300


def test_check_says_what_is_well(folder: Path) -> None:
    found = command("check", folder=folder, check=False)
    assert found.stdout.startswith("✓ settings\n✓ contract and resolvers agree\n")
    assert found.returncode == (0 if explorer_is_installed() else 2)


def test_wrong_settings_stop_the_start_with_the_remedy(tmp_path: Path) -> None:
    found = command("serve", folder=tmp_path, check=False, PASSERELLE_PORT="many")
    assert found.returncode == 2
    assert "port: Input should be a valid integer" in found.stderr
    assert "PASSERELLE_NAME" in found.stderr and "Traceback" not in found.stderr
    found = command("check", folder=tmp_path, check=False, PASSERELLE_DATABASE_URL="mysql://x")
    assert "must begin with sqlite:/// or postgresql://" in found.stderr


def test_who_lists_the_guardians_of_an_empty_database_hears_what_to_do(tmp_path: Path) -> None:
    found = command("token", "--list", folder=tmp_path, check=False)
    assert (found.returncode, found.stdout) == (2, "")
    assert "There are no guardians yet; import an export or run `passerelle demo`." in found.stderr


PASSWORD = "hunter2"


@pytest.mark.parametrize(
    "environment",
    [
        {"PASSERELLE_DATABASE_URL": f"mysql://school:{PASSWORD}@host/db"},
        {
            "PASSERELLE_DATABASE_URL": f"postgresql://school:{PASSWORD}@host/db",
            "PASSERELLE_ROUTES": '[{"data": "GRADES_READ", "source": "missing"}]',
        },
        {"PASSERELLE_JWKS_URL": f"ftp://school:{PASSWORD}@host/jwks"},
        {"PASSERELLE_SOURCES": '{"one": {"options": {"password": "' + PASSWORD + '"}}}'},
        {"PASSERELLE_SOURCES": PASSWORD},
        {"PASSERELLE_DATABASE_URL": f"postgresql://school:{PASSWORD}@127.0.0.1:9/db"},
    ],
)
def test_no_error_of_the_settings_shows_a_password(tmp_path: Path, environment: dict[str, str]) -> None:
    found = command("check", folder=tmp_path, check=False, **environment)
    assert found.returncode != 0
    assert PASSWORD not in found.stdout + found.stderr


def test_a_secret_in_the_settings_file_under_a_wrong_name_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "passerelle.toml").write_text(f'database = "postgresql://school:{PASSWORD}@host/db"\n')
    found = command("check", folder=tmp_path, check=False)
    assert (
        "database: there is no such setting; is database_url meant?" in found.stderr
        and PASSWORD not in found.stderr
    )


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        ("https://app.example", "as JSON"),
        ('["*"]', "name each origin, such as https://app.example, instead of *"),
        ('["https://app.example/path"]', "Invalid origin 'https://app.example/path'"),
        ('["app.example"]', "Invalid origin 'app.example'"),
    ],
)
def test_an_origin_that_is_none_is_refused_with_the_remedy(tmp_path: Path, value: str, remedy: str) -> None:
    found = command("check", folder=tmp_path, check=False, PASSERELLE_ALLOWED_ORIGINS=value)
    assert found.returncode == 2 and remedy in found.stderr.replace("\n", " ")


def test_a_settings_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "passerelle.toml").write_text('port = 0\n[sources.a]\nadapter = "missing"\n')
    found = command("check", folder=tmp_path, check=False, PASSERELLE_PORT="8123")
    assert "no adapter 'missing'" in found.stdout.replace("\n", " ")


def test_demo_writes_the_example_export_the_same_every_time(tmp_path: Path) -> None:
    command("demo", "--as", "aaf", "export", "--students", "60", "--schools", "2", folder=tmp_path)
    for path in (ROOT / "examples" / "exports" / "aaf").iterdir():
        assert (tmp_path / "export" / path.name).read_bytes() == path.read_bytes()


def test_a_token_for_a_partner_needs_known_scopes(folder: Path) -> None:
    found = command("token", "--kind", "PARTNER", "--scope", "EVERYTHING", folder=folder, check=False)
    assert found.returncode == 2
    assert "Unknown scopes ['EVERYTHING']" in found.stderr
