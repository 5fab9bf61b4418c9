"""Writes docs/benchmarks.md and its plot from what was measured."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from statistics import median

from matplotlib.figure import Figure

from benchmarks.measured import Case, Measured
from benchmarks.profiled import profiled

DIALECTS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
PASSERELLE = "Passerelle"
NODE = Path(__file__).parent / "node"


def write_report(cases: list[Case], kept: Path, folder: Path) -> None:
    """Write `benchmarks.md` and `benchmarks.svg`; `cases` in the order of the tables.

    `kept` holds the databases and keys, for the profile.
    """
    parts = [
        _introduction(cases),
        _summary(cases),
        _growth(cases),
        _profile(kept),
        *(_table(case) for case in cases),
    ]
    (folder / "benchmarks.md").write_text("\n\n".join(part for part in parts if part) + "\n")
    _plot([one for one in cases if one.schools == 1 and one.person in ("family4", "bulk")], folder)


def _introduction(cases: list[Case]) -> str:
    rounds = len(next(iter(cases[0].servers.values())).rates)
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    packages = json.loads((NODE / "package.json").read_text())["dependencies"]
    peers = ", ".join(f"{name} {packages[name]}" for name in ("mercurius", "graphql-yoga", "postgraphile"))
    return f"""# Benchmarks

Written by `make bench`; every figure below was measured in one run of it. {rounds} rounds, medians; each
server is one process on one core; the client (autocannon, 16 connections, 2 for Bulk) and PostgreSQL are
on the other; the rounds of the servers are interleaved. Requests vary the viewer (eight guardians with as
many children each) and the week that they ask for. All answers were compared for equality before anything
was measured, and every server checks the same signed tokens. **Ratio** is the throughput over that of the
limit: the faster of two hand-written servers (a statement per edge with orjson; on
PostgreSQL also one JSON statement).

Machine: {model[1] if model else platform.machine()}, Python {platform.python_version()}, Node {node},
strawberry-graphql {version("strawberry-graphql")}, ariadne {version("ariadne")}, {peers}.

![Throughput as a ratio to the hand-written limit](benchmarks.svg)"""


def _summary(cases: list[Case]) -> str:
    lines = [
        "## Where Passerelle stands (one school)",
        "",
        "| | of the limit | over the best peer | over Strawberry, dataloaders | over Strawberry without |",
        "| --- | --- | --- | --- | --- |",
    ]
    for case in cases:
        ours = case.servers.get(PASSERELLE)
        if case.schools != 1 or case.person not in ("family4", "bulk") or ours is None:
            continue
        others = {
            k: v for k, v in case.servers.items() if k != PASSERELLE and not k.startswith(("limit", "Straw"))
        }
        columns = [_ratio(ours.rate, case.limit)]
        columns.append(_ratio(ours.rate, max((one.rate for one in others.values()), default=0)))
        for name in ("Strawberry, dataloaders", "Strawberry, no dataloaders"):
            columns.append(_ratio(ours.rate, case.servers[name].rate if name in case.servers else 0))
        lines.append(f"| {case.operation}, {DIALECTS[case.dialect]} | {' | '.join(columns)} |")
    return "\n".join(lines)


def _growth(cases: list[Case]) -> str:
    """Compare what a request costs at 1 and at 20 schools."""
    lines = [
        "## Twenty schools against one",
        "",
        "| Passerelle | throughput at 20 schools over 1 | statements at 1 | at 20 |",
        "| --- | --- | --- | --- |",
    ]
    for large in cases:
        for small in cases:
            same = (small.dialect, small.operation, small.person) == (
                large.dialect,
                large.operation,
                large.person,
            )
            if not same or small.schools >= large.schools or PASSERELLE not in small.servers:
                continue
            before, after = small.servers[PASSERELLE], large.servers[PASSERELLE]
            lines.append(
                f"| {large.operation}, {DIALECTS[large.dialect]} | {_ratio(after.rate, before.rate)}"
                f" | {before.statements:.1f} | {after.statements:.1f} |"
            )
    return "\n".join(lines) if len(lines) > 4 else ""


def _profile(kept: Path) -> str:
    """Show where the time goes, here and in the hand-written server."""
    ours, limit = (
        profiled(f"sqlite:///{kept / 'schools1.db'}", kept, server) for server in ("passerelle", "limit")
    )
    lines = [
        "## Where the time of a dashboard goes",
        "",
        "Four children, SQLite, one school: each server in one process without uvicorn and the network,",
        "looked at every half millisecond of CPU. The statements are about as dear in both; PostgreSQL runs",
        "them, and waits for them, elsewhere, and so what is left between the two counts for more on SQLite.",
        "",
        "| part | Passerelle, µs | the limit, µs |",
        "| --- | --- | --- |",
        *(f"| {part} | {ours.get(part, 0):.0f} | {limit.get(part, 0):.0f} |" for part in {**ours, **limit}),
        f"| together | {sum(ours.values()):.0f} | {sum(limit.values()):.0f} |",
    ]
    return "\n".join(lines)


def _table(case: Case) -> str:
    children = "28 children, 60 grades each" if case.person == "bulk" else f"{case.person[6:]} children"
    schools = "1 school" if case.schools == 1 else f"{case.schools} schools"
    lines = [
        f"## {case.operation.capitalize()}, {DIALECTS[case.dialect]}, {schools}, {children}",
        "",
        "| server | ratio | requests/s | p50 ms | p99 ms | CPU ms/request | SQL statements/request |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {name} | {_ratio(one.rate, case.limit)} | {one.rate:.0f} | {median(one.p50):.0f}"
        f" | {median(one.p99):.0f} | {median(one.cpu):.2f} | {one.statements:.1f} |"
        for name, one in _fastest_first(case)
    ]
    return "\n".join(lines)


def _fastest_first(case: Case) -> Iterable[tuple[str, Measured]]:
    return sorted(case.servers.items(), key=lambda item: -item[1].rate)


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.2f}" if theirs else "–"


def _plot(cases: list[Case], folder: Path) -> None:
    figure = Figure(figsize=(10, 0.9 + 2.1 * len(cases)), layout="constrained")
    for axes, case in zip(figure.subplots(len(cases), squeeze=False).flat, cases, strict=True):
        names = [name for name, _ in _fastest_first(case)][::-1]
        bars = axes.barh(
            names,
            [case.servers[name].rate / case.limit for name in names],
            color=["#c0392b" if name == PASSERELLE else "#7f8c8d" for name in names],
        )
        axes.bar_label(bars, fmt="%.2f", padding=3)
        axes.set_title(f"{case.operation}, {DIALECTS[case.dialect]}", loc="left")
        axes.set_xlim(0, 1.12)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(folder / "benchmarks.svg", metadata={"Date": None})


if __name__ == "__main__":
    results = Path(sys.argv[1])
    found = json.loads(results.read_text())
    measured = [
        Case(**{**one, "servers": {name: Measured(**values) for name, values in one["servers"].items()}})
        for one in found
    ]
    write_report(measured, results.parent, Path(__file__).parent.parent / "docs")
