"""Write the two reference pages that are read off the code: docs/refusals.md and docs/routes.md.

    .venv/bin/python tools/reference.py

The house tests compare the pages with the code, so neither can fall behind.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)] if str(ROOT) not in sys.path else []

from timebank.core import errors, http, i18n  # noqa: E402 - the tree must be on the path first

REFUSALS, ROUTES = ROOT / "docs" / "refusals.md", ROOT / "docs" / "routes.md"
_STATUS = {kind.__name__: kind.status for kind in errors.TimebankError.__subclasses__()}
_CODE_AT = {"answer": 0, "EventResult": 3}  # which argument of these names the code
_SENTENCE_AT = {"EventResult": 2}


@dataclass(frozen=True, order=True)
class Refusal:
    """One code, its status for a browser (200 where a phone reads it in a list), and its English sentence."""

    code: str
    status: int
    sentence: str


@dataclass(frozen=True)
class Place:
    """Where a refusal stands."""

    path: Path
    module: ast.Module
    function: ast.AST


class Unclear(Exception):
    """A refusal whose code or sentence cannot be read off the code; says where and what to write."""


@cache
def refusals() -> list[Refusal]:
    """Every refusal that the code can give, by code."""
    found = set(_http_refusals())
    for path in sorted((ROOT / "timebank").rglob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        for function in _functions(module):
            for call in _calls(function):
                found.update(_refusals_of(call, Place(path, module, function)))
    return sorted(found)


def _http_refusals() -> Iterator[Refusal]:
    for status, text in http._HTTP_TEXTS.items():
        yield Refusal(f"http.{status}", status, text.msgid)


def _functions(tree: ast.Module) -> Iterator[ast.AST]:
    inside = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    nested = {child for function in inside for child in ast.walk(function) if child is not function}
    yield from (function for function in inside if function not in nested)
    yield ast.Module([node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)], [])
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield ast.Module([part for part in node.body if not isinstance(part, ast.FunctionDef)], [])


def _calls(function: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _refusals_of(call: ast.Call, place: Place) -> Iterator[Refusal]:
    name = _name(call)
    if name not in _STATUS and name not in _CODE_AT and not (name == "Result" and _keyword(call, "code")):
        return
    code = _keyword(call, "code") or _argument(call, _CODE_AT.get(name, 0))
    if not isinstance(code, ast.Constant):
        return  # passed on: `answer(error.code, …)`, `Result(code=refusal.code)`
    if code.value == "" or "." not in str(code.value):
        return
    sentence = _keyword(call, "message") or _argument(call, _SENTENCE_AT.get(name, 1))
    for msgid in _sentences(sentence, call, place):
        yield Refusal(str(code.value), _status_of(call, name), msgid)


def _status_of(call: ast.Call, name: str) -> int:
    if name == "answer":
        status = _argument(call, 2)
        return int(status.value) if isinstance(status, ast.Constant) else 500  # type: ignore[arg-type]
    return _STATUS.get(name, 200)


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _argument(call: ast.Call, index: int) -> ast.expr | None:
    return call.args[index] if len(call.args) > index else None


def _sentences(found: ast.expr | None, call: ast.Call, place: Place) -> Iterator[str]:
    """The msgids that a sentence can be: T("…") on the spot, a name given before, or what callers hand over."""
    if isinstance(found, ast.Call) and _name(found) == "say":
        found = found.args[0]
    if isinstance(found, ast.Call) and _name(found) == "T" and isinstance(found.args[0], ast.Constant):
        yield str(found.args[0].value)
        return
    options = list(_options(found, call, place))
    if not options:
        where = f"{place.path.relative_to(ROOT)}:{call.lineno}"
        raise Unclear(f'{where}: give this refusal its sentence as T("…") on the spot or by a name set just before')
    for option in options:
        yield from _sentences(option, call, place)


def _options(found: ast.expr | None, call: ast.Call, place: Place) -> Iterator[ast.expr | None]:
    """What an expression that is no T("…") itself may stand for."""
    if isinstance(found, ast.IfExp):
        yield from (found.body, found.orelse)
    if not isinstance(found, ast.Name):
        return
    given = [node for node in ast.walk(place.function) if isinstance(node, ast.Assign) and _assigns(node, found.id)]
    before = [node for node in given if node.lineno <= call.lineno]
    if before:
        yield max(before, key=lambda node: node.lineno).value
    elif isinstance(place.function, ast.FunctionDef):
        names = [argument.arg for argument in place.function.args.args]
        callers = [other for other in _calls(place.module) if _name(other) == place.function.name]
        if found.id in names:
            yield from (_argument(other, names.index(found.id)) for other in callers)


def _assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def refusals_page(found: Iterable[Refusal]) -> str:
    """docs/refusals.md."""
    chinese = i18n.translations("zh").ugettext
    lines = [
        "# Refusals · 办不了的时候",
        "",
        "Every code that the product answers with when it says no, with the status of the answer and the sentence that",
        "people read. A status of 200 is the answer to one entry of a phone's queue. Written by `tools/reference.py`;",
        "a house test compares it with the code.",
        "",
        "| Code | Status | English | 中文 |",
        "|---|---|---|---|",
    ]
    rows = [f"| `{row.code}` | {row.status} | {row.sentence} | {chinese(row.sentence)} |" for row in found]
    return "\n".join([*lines, *rows, ""])


def routes_page() -> str:
    """docs/routes.md: every address, its methods, who may use it."""
    from timebank.app import BLUEPRINTS  # here, so that the page of refusals needs no pages

    lines = [
        "# Addresses · 网址一览",
        "",
        "Every address of the product and the roles that its guard lets in. An address is a promise: papers, QR codes",
        "and phones hold on to it. Written by `tools/reference.py`; a house test compares it with the code, so",
        "none appears or vanishes unseen.",
        "",
        "| Address | Method | For |",
        "|---|---|---|",
    ]
    rows = [f"| `{rule}` | {method} | {_who(view)} |" for rule, method, view in routes(BLUEPRINTS)]
    return "\n".join([*lines, *rows, ""])


def routes(blueprints: Iterable[object]) -> list[tuple[str, str, object]]:
    """(address, method, view) of every route of some blueprints, by address."""
    from flask import Flask

    app = Flask("routes", static_folder=None)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)  # type: ignore[arg-type]
    found = []
    for rule in app.url_map.iter_rules():
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        found += [(str(rule), method, app.view_functions[rule.endpoint]) for method in sorted(methods)]
    return sorted(found, key=lambda row: row[:2])


def _who(view: object) -> str:
    roles = getattr(view, "__guard__", {}).get("roles", ())
    return ", ".join(role.value for role in roles) if roles else "everybody"


def main() -> None:
    """Write both pages."""
    REFUSALS.write_text(refusals_page(refusals()), encoding="utf-8")
    ROUTES.write_text(routes_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
