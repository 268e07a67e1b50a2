"""Scales as data: which there are, and reading one. A file that does not add up is refused when it is read.

The files of the product lie in `scales/`; an installation puts its own beside them in `<data_dir>/scales/`, for example
the older four-grade scale of MZ/T 039-2013, whose numbers are not shipped because no source at hand gives them.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from timebank.core.errors import Refused
from timebank.core.text import T

CURRENT = "gbt42195-2022"
_OWN = Path(__file__).parent / "scales"
_folders: list[Path] = [_OWN]


@dataclass(frozen=True)
class Label:
    """The same words in both languages; scale files bring their own."""

    zh: str
    en: str


@dataclass(frozen=True)
class Option:
    """One answer to an item and what it scores."""

    score: int
    label: Label


@dataclass(frozen=True)
class Item:
    """One thing that is looked at."""

    id: str
    label: Label
    options: tuple[Option, ...]

    @property
    def most(self) -> int:
        """The highest score."""
        return max(option.score for option in self.options)


@dataclass(frozen=True)
class Part:
    """Items that belong together, with a score of their own."""

    id: str
    label: Label
    items: tuple[Item, ...]

    @property
    def most(self) -> int:
        """The highest score of the part."""
        return sum(item.most for item in self.items)


@dataclass(frozen=True)
class LevelRule:
    """A level for a range of the total or of parts; the first rule that fits decides. No range fits everything."""

    level: int
    total: tuple[int, int] | None
    parts: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Raise:
    """What raises the level: any of some facts, or so many events within some days; how far, how often, up to where."""

    by: int
    times: int
    highest: int
    facts: tuple[str, ...]
    least_events: int


@dataclass(frozen=True)
class Scale:
    """One version of a scale."""

    id: str
    name: Label
    digest: str
    assumed: tuple[str, ...]
    parts: tuple[Part, ...]
    levels: Mapping[int, Label]
    level_rules: tuple[LevelRule, ...]
    facts: Mapping[str, Label]
    events: Mapping[str, Label]
    event_days: int
    raises: Raise
    sets: tuple[tuple[str, int, int], ...]  # (item, score, level): an answer that decides the level by itself

    @property
    def items(self) -> Mapping[str, Item]:
        """Every item by its id, in order."""
        return {item.id: item for part in self.parts for item in part.items}

    @property
    def most(self) -> int:
        """The highest total."""
        return sum(part.most for part in self.parts)


class BadScale(ValueError):
    """A scale file that does not add up; says what and where."""


def use_folder(folder: Path) -> None:
    """Read scales from a folder of this installation too; called once by `create_app`.

    Raises BadScale with the file's name for one that does not add up: better no start than a wrong level.
    """
    _folders[1:] = [folder]
    scale.cache_clear()
    for path in sorted(folder.glob("*.json")):
        try:
            made = read(path.read_text(encoding="utf-8"))
        except (BadScale, OSError, UnicodeError) as error:
            raise BadScale(f"{path.name}: {error}") from error
        if made.id != path.stem:
            raise BadScale(f"{path.name}: the file is named otherwise than the scale in it, {made.id}")


def names() -> list[str]:
    """Every scale that can be used here, the current one first."""
    found = {path.stem for folder in _folders for path in folder.glob("*.json")}
    return sorted(found, key=lambda name: (name != CURRENT, name))


@cache
def scale(name: str) -> Scale:
    """A scale by its name; refuses one whose file is not here any more."""
    for folder in _folders:
        path = folder / f"{name}.json"
        if name in {known.stem for known in folder.glob("*.json")}:
            return read(path.read_text(encoding="utf-8"))
    text = T('The file of the scale "{name}" is missing. Ask the administrator to put it back.', name=name)
    raise Refused("assessments.scale_missing", text)


def read(text: str) -> Scale:
    """A scale from the text of its file."""
    try:
        raw = json.loads(text)
        made = _scale(raw, hashlib.sha256(text.encode()).hexdigest())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, BadScale):
            raise
        raise BadScale(f"the scale file cannot be read: {type(error).__name__} {error}") from error
    _check(made)
    return made


def _label(raw: Mapping[str, Any]) -> Label:
    return Label(str(raw["zh"]), str(raw["en"]))


def _labels(rows: list[dict[str, Any]]) -> dict[str, Label]:
    return {str(row["id"]): _label(row) for row in rows}


def _scale(raw: Mapping[str, Any], digest: str) -> Scale:
    sets = {name: _options(rows) for name, rows in raw.get("option_sets", {}).items()}
    events, raised = raw.get("events", {}), raw.get("raise", {})
    return Scale(
        id=str(raw["id"]),
        name=_label(raw["name"]),
        digest=digest,
        assumed=tuple(map(str, raw.get("assumed", []))),
        parts=tuple(_part(part, sets) for part in raw["parts"]),
        levels={int(row["level"]): _label(row) for row in raw["levels"]},
        level_rules=tuple(_level_rule(row) for row in raw["level_rules"]),
        facts=_labels(raw.get("facts", [])),
        events=_labels(events.get("kinds", [])),
        event_days=int(events.get("days", 0)),
        raises=Raise(
            by=int(raised.get("by", 0)),
            times=int(raised.get("times", 1)),
            highest=int(raised.get("highest", 0)),
            facts=tuple(map(str, raised.get("facts", []))),
            least_events=int(raised.get("least_events", 0)),
        ),
        sets=tuple((str(row["item"]), int(row["score"]), int(row["level"])) for row in raw.get("sets", [])),
    )


def _options(rows: list[dict[str, Any]]) -> tuple[Option, ...]:
    return tuple(Option(int(row["score"]), _label(row)) for row in rows)


def _part(raw: Mapping[str, Any], sets: Mapping[str, tuple[Option, ...]]) -> Part:
    items = []
    for row in raw["items"]:
        given = row["options"]
        options = sets[given] if isinstance(given, str) else _options(given)
        items.append(Item(str(row["id"]), _label(row), options))
    return Part(str(raw["id"]), _label(raw), tuple(items))


def _level_rule(raw: Mapping[str, Any]) -> LevelRule:
    total = raw.get("total")
    parts = {str(name): (int(least), int(most)) for name, (least, most) in raw.get("parts", {}).items()}
    return LevelRule(int(raw["level"]), (int(total[0]), int(total[1])) if total else None, parts)


def _check(made: Scale) -> None:
    ids = [item.id for part in made.parts for item in part.items]
    if len(ids) != len(set(ids)) or not ids:
        raise BadScale("an item stands in the scale twice, or there is none")
    for item in made.items.values():
        scores = [option.score for option in item.options]
        if len(scores) < 2 or len(scores) != len(set(scores)) or min(scores) < 0:
            raise BadScale(f"item {item.id}: give at least two answers with different scores")
    named = {*(rule.level for rule in made.level_rules), *(level for _, _, level in made.sets)}
    if not named <= set(made.levels):
        raise BadScale(f"levels without a name: {sorted(named - set(made.levels))}")
    if any(item not in ids for item, _, _ in made.sets) or not set(made.raises.facts) <= set(made.facts):
        raise BadScale("a rule names an item or a fact that the scale does not have")
    if {name for rule in made.level_rules for name in rule.parts} - {part.id for part in made.parts}:
        raise BadScale("a rule names a part that the scale does not have")
    _check_levels(made)


def _check_levels(made: Scale) -> None:
    """Rules by the total alone must give every total exactly one level; others must end with one for all the rest."""
    if any(rule.total is None for rule in made.level_rules):
        last = made.level_rules[-1]
        if last.total is not None or last.parts:
            raise BadScale("the last rule must fit everything that no rule before it fits")
        return
    for total in range(made.most + 1):
        fitting = [rule for rule in made.level_rules if rule.total and rule.total[0] <= total <= rule.total[1]]
        if len(fitting) != 1:
            raise BadScale(f"a total of {total} has {len(fitting)} levels")
