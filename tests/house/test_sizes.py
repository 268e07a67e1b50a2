"""Small files, short functions, names that say what a thing is."""

import ast
import re
from pathlib import Path

import pytest

from tests.fixtures.source import ROOT, nodes, python_files, shown

MOST_FUNCTION_LINES, MOST_FILE_LINES = 60, 450
BANNED_WORDS = ("util", "utils", "helper", "helpers", "manager", "misc")
LONG_FOR_SPEED = {"exchange"}  # a compiled kernel whose early exits share what each of them found out
ALLOWED_NAMES = {"helpers"}  # of the field: those who help an elder
SOURCES = python_files("timebank", "dispatch", "tools", "tests", "migrations")


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_files_and_functions_are_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    if "migrations" not in path.parts:
        assert lines <= MOST_FILE_LINES, f"{shown(path)} has {lines} lines; make it a folder of the same name"
        for function in nodes(path, ast.FunctionDef, ast.AsyncFunctionDef):
            assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            if function.name in LONG_FOR_SPEED:
                continue
            length = (function.end_lineno or 0) - function.lineno + 1
            assert length <= MOST_FUNCTION_LINES, (
                f"{shown(path)}:{function.lineno} {function.name} has {length} lines; let a leaf do a part of it"
            )


@pytest.mark.parametrize("path", python_files("timebank", "dispatch", "tools"), ids=shown)
def test_names_say_what_a_thing_is(path: Path) -> None:
    names = [path.stem, path.parent.name]
    for node in nodes(path, ast.FunctionDef, ast.ClassDef):
        assert isinstance(node, ast.FunctionDef | ast.ClassDef)
        names.append(node.name)
    for name in names:
        words = set(re.findall(r"[a-z]+", re.sub(r"([A-Z])", r"_\1", name).lower())) - ALLOWED_NAMES
        assert not words & set(BANNED_WORDS), f"{shown(path)}: {name!r} says nothing; name what it does"


@pytest.mark.parametrize("path", python_files("timebank", "dispatch"), ids=shown)
def test_public_things_say_what_they_promise(path: Path) -> None:
    module = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(module) or not module.body, f"{shown(path)} needs a first line that says what it is for"
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{shown(path)}:{node.lineno} {node.name} needs a docstring"


def test_every_feature_has_a_sentence_about_itself() -> None:
    for init in (ROOT / "timebank").glob("*/__init__.py"):
        assert ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))), f"{shown(init)} needs a docstring"
