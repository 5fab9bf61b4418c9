"""What somebody who runs a gateway meets at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from uvicorn.config import Config

from gateway.server import server_options
from gateway.settings import Settings
from tests.command_server import command


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
