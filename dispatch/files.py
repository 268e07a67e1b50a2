"""Problems and plans as JSON, and the checks on what comes in. The format is written down in docs/planner/format.md.

The keys are the names of the fields in ``dispatch.model``; what is left out has the default given there. Two numbers
are written as ``null``: a road that does not exist (``UNREACHABLE``) and a window that does not end (``FOREVER``).
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import MISSING, Field, is_dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, TypeVar, cast, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from dispatch.model import FOREVER, UNREACHABLE, Plan, Problem, ProblemError, Window
from dispatch.valid import MAX_BYTES, Remark, check_problem

__all__ = [
    "Remark",
    "check_problem",
    "parsed",
    "plan_from_json",
    "plan_to_json",
    "problem_from_json",
    "problem_to_json",
    "read_plan",
    "read_problem",
    "write_plan",
    "write_problem",
]

PROBLEM_FORMAT = "dispatch-problem/1"
PLAN_FORMAT = "dispatch-plan/1"
HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")

Value = TypeVar("Value", Problem, Plan)


def read_problem(source: str | Path) -> Problem:
    """The problem in a file, or in the JSON text given.

    Parameters
    ----------
    source
        A path, or a text that begins with ``{``.

    Raises
    ------
    ProblemError
        For everything that is wrong with it, the first thing found, with the path of the field.
    """
    return problem_from_json(parsed(source))


def read_plan(source: str | Path) -> Plan:
    """The plan in a file, or in the JSON text given; whether it fits a problem is for ``dispatch.check``."""
    return plan_from_json(parsed(source))


def problem_from_json(data: object) -> Problem:
    """The problem that parsed JSON says, already through ``check_problem`` (whose remarks are not kept)."""
    problem = _root(data, PROBLEM_FORMAT, Problem)
    check_problem(problem)
    return problem


def plan_from_json(data: object) -> Plan:
    """The plan that parsed JSON says. ``routes`` alone is enough: who writes by hand need not price it."""
    if isinstance(data, dict):
        data = {"routes": [], "unserved": [], "cost": {}, "engine": "hand", **data}
        if isinstance(data["cost"], dict):
            data["cost"] = {key: value for key, value in data["cost"].items() if key != "total"}
    return _root(data, PLAN_FORMAT, Plan)


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """``problem`` as JSON values; defaults are left out and sets are sorted, so equal problems look equal."""
    return {"format": PROBLEM_FORMAT, **_encode(problem)}


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """``plan`` as JSON values, with the total of its cost for readers (ignored when read)."""
    data = {"format": PLAN_FORMAT, **_encode(plan)}
    data["cost"] = {**data["cost"], "total": plan.cost.total}
    return data


def write_problem(problem: Problem, path: str | Path) -> None:
    """Write ``problem``; a file that stood there is replaced whole or not at all."""
    _write(problem_to_json(problem), Path(path))


def write_plan(plan: Plan, path: str | Path) -> None:
    """Write ``plan``; a file that stood there is replaced whole or not at all."""
    _write(plan_to_json(plan), Path(path))


# Text.


def parsed(source: str | Path) -> object:
    """What the JSON of a file, or of the text given, says; a field that stands twice in one object is refused."""
    name, text = "file", str(source)
    if isinstance(source, Path) or not text.lstrip().startswith(("{", "[")):
        name, text = text, _text(Path(source))
    try:
        return _sayable(json.loads(text, parse_constant=_not_a_number, object_pairs_hook=_unique), text, name)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ProblemError(name, f"is not JSON ({error.msg}, {where})", "Write it anew or correct it there") from None
    except (RecursionError, ValueError) as error:
        if isinstance(error, ProblemError):
            raise
        raise ProblemError(name, "is nested too deeply or holds a number of too many digits", "Write it anew") from None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ProblemError(
                str(path), f"is larger than {MAX_BYTES:,} bytes", "Split the day, by township for example"
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ProblemError(str(path), "is not a text in UTF-8", "Save it as UTF-8") from None
    except (OSError, ValueError) as error:
        if isinstance(error, ProblemError):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "is no path"
        raise ProblemError(str(path), f"cannot be read ({reason})", "Name a file that can be read") from None


def _sayable(value: object, text: str, name: str) -> object:
    """The value, unless it holds half a character (an escape of one surrogate), which no file can be written with."""
    if HALF_CHARACTER.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            remedy = "Write the character itself, in UTF-8"
            raise ProblemError(name, r"holds half a character (an escape from \ud800 to \udfff)", remedy) from None
    return value


def _not_a_number(text: str) -> NoReturn:
    raise ProblemError("file", f"holds {text}, which is not a number", "Write null for no road or no end")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        raise ProblemError(twice, "stands twice in one object", "Keep one of the two")
    return data


def _write(data: dict[str, Any], path: Path) -> None:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        _replace(text + "\n", path)
    except OSError as error:
        reason = f"cannot be written ({error.strerror or error})"
        raise ProblemError(str(path), reason, "Name a file in a folder that can be written to") from None


def _replace(text: str, path: Path) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


# Values to and from JSON, along the type hints of the model.


@lru_cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@lru_cache
def _fields(kind: type) -> dict[str, Field[Any]]:
    return {field.name: field for field in dataclasses.fields(kind)}


def _encode(value: Any) -> Any:
    if isinstance(value, str | int):  # most of what there is, and the checks below are slow
        return value
    if is_dataclass(value) and not isinstance(value, type):
        fields = _fields(type(value)).items()
        pairs = [(name, getattr(value, name), field) for name, field in fields]
        return {
            name: _encode_field(value, name, found) for name, found, field in pairs if not _is_default(field, found)
        }
    if isinstance(value, np.ndarray):
        return [[None if cell >= UNREACHABLE else cell for cell in row] for row in value.tolist()]
    if isinstance(value, Mapping):
        return {key: _encode(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _encode_field(owner: object, name: str, value: Any) -> Any:
    if isinstance(owner, Window) and name == "closes_minutes" and value == FOREVER:
        return None
    return _encode(value)


def _is_default(field: Field[Any], value: Any) -> bool:
    if field.default is not MISSING:
        return bool(value == field.default)
    return field.default_factory is not MISSING and bool(value == field.default_factory())


def _root(data: object, name: str, kind: type[Value]) -> Value:
    if not isinstance(data, dict):
        raise ProblemError("file", f"holds {_kind(data)}, not an object", f'Begin with {{"format": "{name}", …}}')
    if data.get("format") != name:
        found = f"is {data['format']!r}" if "format" in data else "is missing"
        raise ProblemError("format", found, f'Write "format": "{name}"; other versions are not read')
    return cast(Value, _object(kind, {key: value for key, value in data.items() if key != "format"}, ""))


def _object(kind: type, data: object, path: str) -> Any:
    if not isinstance(data, dict):
        raise ProblemError(path, f"is {_kind(data)}, not an object", f"Give the fields of a {kind.__name__}")
    fields, dot = _fields(kind), f"{path}." if path else ""
    for key in data:
        if key not in fields:
            near = get_close_matches(str(key), fields, 1)
            remedy = f"Is {near[0]} meant?" if near else f"Fields here are {', '.join(fields)}"
            raise ProblemError(f"{dot}{key}", "is not a field of the format", remedy)
    for name, field in fields.items():
        if name not in data and field.default is MISSING and field.default_factory is MISSING:
            raise ProblemError(f"{dot}{name}", "is missing", "Add it; docs/planner/format.md says what it holds")
    hints = _hints(kind)
    if kind is Window and data["closes_minutes"] is None:
        data = {**data, "closes_minutes": FOREVER}
    return kind(**{name: _decode(hints[name], value, f"{dot}{name}") for name, value in data.items()})


def _decode(hint: Any, value: object, path: str) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return None if value is None else _decode(next(part for part in inner if part is not NoneType), value, path)
    if is_dataclass(hint):
        return _object(cast(type, hint), value, path)
    if origin is np.ndarray:
        return _matrix(value, path)
    if origin is Literal:
        return _choice(inner, value, path)
    if origin in (tuple, frozenset):
        items = _expect(list, value, path)
        return cast(Any, origin)(_decode(inner[0], item, f"{path}[{index}]") for index, item in enumerate(items))
    if origin is not None:
        return {key: _decode(inner[1], item, f"{path}.{key}") for key, item in _expect(dict, value, path).items()}
    return _expect(hint, value, path)


NAMES = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def _kind(value: object) -> str:
    return "null" if value is None else NAMES.get(type(value), type(value).__name__)


def _expect(kind: type, value: object, path: str) -> Any:
    allowed = (int, float) if kind is float else (kind,)
    if type(value) in allowed:
        return value
    shown = f" ({value})" if isinstance(value, int | float) else f" ({value[:40]!r})" if isinstance(value, str) else ""
    raise ProblemError(path, f"is {_kind(value)}{shown}, not {NAMES[kind]}", f"Write {NAMES[kind]}")


def _choice(choices: tuple[str, ...], value: object, path: str) -> object:
    if value not in choices:
        raise ProblemError(path, f"is {value!r}", f"Write one of {', '.join(choices)}")
    return value


def _matrix(value: object, path: str) -> npt.NDArray[np.int32]:
    """A square of whole numbers from 0 to ``UNREACHABLE``; ``null`` is no road."""
    rows = _expect(list, value, path)
    for index, row in enumerate(rows):
        cells = _expect(list, row, f"{path}[{index}]")
        if len(cells) != len(rows):
            reason = f"has {len(cells)} columns in a matrix of {len(rows)} rows"
            raise ProblemError(f"{path}[{index}]", reason, "A matrix is square: one row and one column for each place")
        if not set(map(type, cells)) <= {int, NoneType}:
            column = next(number for number, cell in enumerate(cells) if type(cell) not in (int, NoneType))
            _expect(int, cells[column], f"{path}[{index}][{column}]")
        _cells_in_range(cells, f"{path}[{index}]")
    filled = [[UNREACHABLE if cell is None else cell for cell in row] for row in rows]
    return np.array(filled, dtype=np.int32).reshape(len(rows), len(rows))


def _cells_in_range(cells: list[int | None], path: str) -> None:
    for column, cell in enumerate(cells):
        if cell is not None and not 0 <= cell <= UNREACHABLE:
            raise ProblemError(f"{path}[{column}]", f"is {cell}", f"Write 0 to {UNREACHABLE}, or null for no road")
