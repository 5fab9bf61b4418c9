"""A process that has loaded `passerelle` once, and forks for each command: loading it takes seconds.

Reads requests as lines of JSON, and answers each with the exit code of the command as a line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}


@cache
def _server() -> subprocess.Popen[str]:
    """Start the process; it ends with the one that started it, whose pipe closes."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.command_server"],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _run(arguments: list[str], folder: Path, environment: dict[str, str], into: Path) -> tuple[int, str, str]:
    """Run a command in a folder; returns its exit code and what it wrote to its two outputs."""
    output, errors = into / "stdout", into / "stderr"
    request = {
        "arguments": arguments,
        "folder": str(folder),
        "environment": {**os.environ, **ENVIRONMENT, **environment},
        "outputs": [str(output), str(errors)],
    }
    server = _server()
    assert server.stdin is not None and server.stdout is not None
    server.stdin.write(json.dumps(request) + "\n")
    server.stdin.flush()
    code = int(server.stdout.readline())
    return code, output.read_text(encoding="utf-8"), errors.read_text(encoding="utf-8")


def command(
    *arguments: str, folder: Path, check: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `passerelle` in a folder."""
    with TemporaryDirectory() as outputs:
        found = _run(list(arguments), folder, environment, Path(outputs))
    completed = subprocess.CompletedProcess(arguments, *found)
    if check:
        completed.check_returncode()
    return completed


def _serve() -> None:
    # Loaded here, in the process that forks, and not by tests that only ask it.
    from gateway.command_line import app  # noqa: PLC0415

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(app, json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


def _become(app: Any, request: dict[str, Any]) -> NoReturn:
    """Run the command in this process, which ends with it."""
    code = 1
    try:
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, path in enumerate(request["outputs"], start=1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        app(request["arguments"], prog_name="passerelle")
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
