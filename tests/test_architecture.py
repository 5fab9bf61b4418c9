"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
import importlib.metadata
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGES = ("schema", "adapters", "resolvers", "gateway")
SOURCES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if "node_modules" not in path.parts and "versions" not in path.parts
]


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_module_is_small_and_its_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            start = node.body[0].lineno if ast.get_docstring(node) is None else node.body[0].end_lineno or 0
            assert (node.end_lineno or 0) - start <= 40, f"{node.name} is too long"


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_nothing_is_imported_inside_a_function(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = [one for one in ast.walk(node) if isinstance(one, ast.Import | ast.ImportFrom)]
            assert inside == [], f"{node.name} imports"


def _imports(path: Path, modules: set[str]) -> Iterator[str]:
    """Yield the modules of ours that a module imports; types of the schema may refer to one another."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if _name(path).startswith("schema") else ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                deep = f"{node.module}.{alias.name}"
                found = deep if deep in modules else node.module
                if found in modules:
                    yield found


def test_no_module_imports_itself_through_others() -> None:
    modules = {_name(path): path for path in SOURCES}
    graph = {name: set(_imports(path, set(modules))) - {name} for name, path in modules.items()}
    # A package's __init__ gathers its own modules; that alone is no cycle.
    for name in graph:
        graph[name] = {one for one in graph[name] if not name.startswith(f"{one}.")}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for one in sorted(graph[name]):
                visit(one, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_no_other_distribution_owns_a_package_name_of_ours() -> None:
    owners = importlib.metadata.packages_distributions()
    strangers = {name: set(owners.get(name, [])) - {"passerelle"} for name in PACKAGES}
    assert strangers == {name: set[str]() for name in PACKAGES}


def test_every_adapter_folder_is_held_independent_of_the_others() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (listed,) = (one["modules"] for one in contracts if one["type"] == "independence")
    folders = {path.parent.name for path in (ROOT / "adapters").glob("*/__init__.py")} - {"records"}
    assert {f"adapters.{name}" for name in folders} == set(listed)


LOCKS = ["requirements.lock", "gateway/pages/package-lock.json", "tests/clients/package-lock.json"]


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_registry(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "registry." not in text and "pythonhosted" not in text
    assert '"resolved"' not in text
