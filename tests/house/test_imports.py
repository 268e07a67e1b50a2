"""Who may know whom: the contracts of pyproject.toml, and what import-linter cannot say."""

import ast
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from tests.fixtures.source import ROOT, nodes, python_files, shown

LAYERS = {  # file of a feature: what it must never import (design: six files in every feature)
    "rules": {"flask", "sqlmodel", "sqlalchemy", "random", "timebank.core.clock", "timebank.core.db"},
    "operations": {"flask", "flask_login"},
    "queries": {"flask", "flask_login"},
    "models": {"flask"},
}


def imported(path: Path) -> set[str]:
    """Every module that a file imports, with `from a import b` as both `a` and `a.b`."""
    found: set[str] = set()
    for node in nodes(path, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def touches(modules: set[str], banned: str) -> bool:
    return any(module == banned or module.startswith(banned + ".") for module in modules)


def role_of(path: Path) -> str:
    """rules, operations, …: the file's name, or the folder of that name in which it lies."""
    parts = [part.removesuffix(".py") for part in path.relative_to(ROOT / "timebank").parts[1:]]
    return next((part for part in parts if part in LAYERS), "")


def test_imports_follow_the_import_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    status = lint_imports(no_cache=True, no_logo=True)
    assert status == 0, f"A contract of pyproject.toml [tool.importlinter] is broken:\n{capsys.readouterr().out}"


@pytest.mark.parametrize("path", python_files("timebank"), ids=shown)
def test_each_file_keeps_to_its_one_verb(path: Path) -> None:
    wrong = {banned for banned in LAYERS.get(role_of(path), set()) if touches(imported(path), banned)}
    assert not wrong, f"{shown(path)} must not import {sorted(wrong)}: {role_of(path)} files do one thing (design §3)"


def test_only_day_plans_know_the_planner() -> None:
    for path in python_files("timebank"):
        if "dayplans" not in path.parts and path.name != "cli.py":
            assert not touches(imported(path), "dispatch"), f"{shown(path)} imports dispatch; only dayplans may"


def test_the_solver_library_stays_inside_the_planner() -> None:
    for path in python_files("timebank", "tools"):
        assert not touches(imported(path), "ortools"), f"{shown(path)} imports ortools; only dispatch may"


def test_the_planner_knows_neither_pages_nor_tables() -> None:
    for path in python_files("dispatch"):
        for banned in ("flask", "sqlalchemy", "sqlmodel", "timebank"):
            assert not touches(imported(path), banned), f"{shown(path)} imports {banned}"
