"""Time, chance, the network and the shell have one door each (timebank/core), or no campaign could be replayed."""

import ast
from pathlib import Path

import pytest

from tests.fixtures.source import nodes, python_files, shown
from tests.house.test_imports import imported, touches

BANNED_IMPORTS = {
    "time": "core.clock",
    "secrets": "core.ids",
    "uuid": "core.ids",
    "socket": "core (no outbound network)",
    "urllib.request": "core (no outbound network)",
    "http.client": "core (no outbound network)",
    "requests": "core (no outbound network)",
    "httpx": "core (no outbound network)",
    "subprocess": "tools",
    "pickle": "JSON",
    "marshal": "JSON",
    "smtplib": "notices",
}
BANNED_CALLS = {
    "datetime.now": "core.clock.now",
    "datetime.utcnow": "core.clock.now",
    "datetime.today": "core.clock.today",
    "date.today": "core.clock.today",
    "os.urandom": "core.ids",
    "os.system": "nothing",
    "os.popen": "nothing",
    "eval": "nothing",
    "exec": "nothing",
    "sleep": "a fact to wait for",
    "random.random": "core.ids, or a seeded Random that is an argument",
    "random.choice": "core.ids, or a seeded Random that is an argument",
    "random.randint": "core.ids, or a seeded Random that is an argument",
    "random.shuffle": "core.ids, or a seeded Random that is an argument",
    "render_template_string": "a template file",
}
MAY = {  # file: what it may use all the same, and why
    "timebank/dayplans/processes.py": {"subprocess"},  # a search runs in a process that may be killed
    "timebank/ledger/bulk.py": {"sql"},  # COPY takes no parameters: names of our own columns, never a value
}
MARKUP_MAKERS = {"timebank/app.py"}  # the hidden field of forms; SVG drawings name themselves here


def outside_core() -> tuple[Path, ...]:
    return tuple(path for path in python_files("timebank") if path.parent.name != "core")


def dotted(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return f"{function.value.id}.{function.attr}"
    return function.id if isinstance(function, ast.Name) else ""


@pytest.mark.parametrize("path", outside_core(), ids=shown)
def test_no_clock_chance_network_or_shell(path: Path) -> None:
    for module, instead in BANNED_IMPORTS.items():
        if module in MAY.get(shown(path), ()):
            continue
        assert not touches(imported(path), module), f"{shown(path)} imports {module}; use {instead}"
    own_random = {"random"} & {alias.name for node in nodes(path, ast.Import) for alias in node.names}
    assert not own_random, f"{shown(path)}: `import random` is chance for everybody; take a seeded Random as argument"
    for call in nodes(path, ast.Call):
        assert isinstance(call, ast.Call)
        name = dotted(call)
        is_own_random = name.startswith("random.") and not own_random  # a Random that came as an argument
        if name in BANNED_CALLS and not is_own_random:
            pytest.fail(f"{shown(path)}:{call.lineno} calls {name}; use {BANNED_CALLS[name]}")


def is_put_together(sql: ast.expr) -> bool:
    """Whether SQL is made of anything but text and CONSTANTS of the module (lists of columns)."""
    if isinstance(sql, ast.JoinedStr):
        inside = [part.value for part in sql.values if isinstance(part, ast.FormattedValue)]
        return not all(isinstance(value, ast.Name) and value.id.isupper() for value in inside)
    return isinstance(sql, ast.BinOp)


@pytest.mark.parametrize("path", python_files("timebank"), ids=shown)
def test_no_sql_is_put_together_from_text(path: Path) -> None:
    if "sql" in MAY.get(shown(path), ()):
        return
    for call in nodes(path, ast.Call):
        assert isinstance(call, ast.Call)
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in ("text", "exec_driver_sql") and call.args and is_put_together(call.args[0]):
            pytest.fail(f"{shown(path)}:{call.lineno} builds SQL from text; use bound parameters")


@pytest.mark.parametrize("path", python_files("timebank"), ids=shown)
def test_markup_is_made_in_named_places_only(path: Path) -> None:
    if touches(imported(path), "markupsafe"):
        assert shown(path) in MARKUP_MAKERS, f"{shown(path)} makes Markup: let the template escape, or name it here"
