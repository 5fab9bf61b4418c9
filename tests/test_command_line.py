"""What somebody who runs a gateway meets at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from uvicorn.config import Config

from gateway.server import server_options
from gateway.settings import Settings, unknown_variables
from tests.command_server import command
from tests.exports.one_school import siecle


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
    strange = {"PASSERELLE_VERSION": "1", "PASSERELLE_SERVICE_PORT_HTTP": "1", "PASSERELLE_TEST_REQUESTS": "1"}
    assert unknown_variables(strange) == {"PASSERELLE_VERSION": None}
    found = command("check", folder=folder, check=False, **strange)
    assert "Ignored: PASSERELLE_VERSION is no setting; `passerelle check --settings` lists all." in found.stderr
