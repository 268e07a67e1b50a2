"""Every sentence that people read is marked, and stands in Chinese in exactly one catalogue, with the same places."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from jinja2 import Environment

from tests.fixtures.source import nodes, python_files, shown, templates
from timebank.audit.words import EVENT_WORDS
from tools import catalogues

ATTRIBUTES = r"{% block width %}.*?{% endblock %}|{% macro _described.*?endmacro -?%}"  # no words: what a tag carries
SORT = "`.venv/bin/python tools/catalogues.py FILE` sorts it."
UNTRANSLATED = {"English", "中文", "CSV", "PDF", "SOS", "QR", "m", "UTC", "GPS", "Excel"}  # the same in both languages


@cache
def used() -> dict[str, set[str]]:
    return catalogues.said()


@cache
def translated() -> dict[str, list[tuple[str, str]]]:
    return catalogues.translated()


def places(sentence: str) -> set[str]:
    """The values that a sentence needs, but for those that only choose between one and many in English."""
    found = [(name, spec or "") for _, name, spec, _ in Formatter().parse(sentence) if name is not None]
    return {name for name, spec in found if "|" not in spec or "#" in spec}


def test_every_sentence_is_translated() -> None:
    missing = "\n".join(f"timebank/{name}/zh.po: {msgids}" for name, msgids in sorted(catalogues.missing().items()))
    assert not missing, f"Say these in Chinese:\n{missing}"


def test_every_sentence_stands_in_one_catalogue() -> None:
    twice = {msgid: [name for name, _ in rows] for msgid, rows in translated().items() if len(rows) > 1}
    assert not twice, f"One fact, one place: keep one of each (core/zh.po where features share it): {twice}"


def test_no_translation_is_left_over() -> None:
    left = defaultdict(list)
    for msgid, rows in translated().items():
        if msgid not in used():
            left[rows[0][0]].append(msgid)
    assert not left, f"Nobody says these any more; remove them: {dict(left)}"


def test_a_sentence_stands_with_a_feature_that_says_it() -> None:
    odd = {
        msgid: (rows[0][0], sorted(used()[msgid]))
        for msgid, rows in translated().items()
        if msgid in used() and rows[0][0] not in used()[msgid] | {"core"}
    }
    assert not odd, f"In a catalogue of a feature that does not say them (catalogue, who says it): {odd}"


def test_both_languages_have_the_same_places() -> None:
    odd = {
        msgid: chinese
        for msgid, rows in translated().items()
        for _, chinese in rows
        if places(msgid) != places(chinese)
    }
    assert not odd, f"The {{places}} differ: {odd}"


@pytest.mark.parametrize("path", catalogues.catalogues(), ids=shown)
def test_catalogues_are_sorted(path: Path) -> None:
    msgids = [str(message.id) for message in catalogues.messages(path)]
    wrong = [(one, two) for one, two in zip(msgids, sorted(msgids), strict=True) if one != two]
    assert not wrong, f"{shown(path)}: {wrong[0][0]!r} stands where {wrong[0][1]!r} belongs. {SORT}"


@pytest.mark.parametrize("path", templates(), ids=shown)
def test_templates_hold_no_unmarked_words(path: Path) -> None:
    source = re.sub(ATTRIBUTES, "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    kept = ("data", "block_begin", "variable_begin")
    text = "".join(value for _, kind, value in Environment().lex(source) if kind in kept)
    text = text.replace("{{", "\x00").replace("{%", "\x00")
    said = re.findall(r"\s(?:aria-label|title|alt|placeholder)=\"([^\"\x00]+)\"", text)
    bare = re.sub(r"<(script|svg|style)\b.*?</\1>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    said += re.split(r"<[^>]*>|\x00", bare)
    words = [word for part in said for word in re.findall(r"[A-Za-z][A-Za-z]+|[\u4e00-\u9fff]+", part)]
    unmarked = [word for word in words if word not in UNTRANSLATED]
    assert not unmarked, f"{shown(path)} shows words that are in one language only: {unmarked}; write _('…')"


@pytest.mark.parametrize("path", python_files("timebank"), ids=shown)
def test_what_is_said_once_goes_through_a_catalogue(path: Path) -> None:
    for call in nodes(path, ast.Call):
        assert isinstance(call, ast.Call)
        if isinstance(call.func, ast.Name) and call.func.id == "flash" and isinstance(call.args[0], ast.Constant):
            pytest.fail(f'{shown(path)}:{call.lineno} says one language only; write flash(gettext("…"))')
        if isinstance(call.func, ast.Name) and call.func.id in ("T", "gettext"):
            fixed = isinstance(call.args[0], ast.Constant | ast.Name | ast.IfExp | ast.Attribute | ast.Subscript)
            assert fixed, f"{shown(path)}:{call.lineno} puts a sentence together; name its {{places}} instead"


def test_every_event_of_the_log_has_words() -> None:
    """What is noted under a name that the code puts together is not seen here; a page shows its code."""
    named = [node for path in python_files("timebank") for node in nodes(path, ast.keyword)]
    codes = {
        ast.literal_eval(one.value) for one in named if one.arg == "action" and isinstance(one.value, ast.Constant)
    }  # type: ignore[attr-defined]
    noted = {code for code in codes if "." in code}
    assert sorted(noted - set(EVENT_WORDS)) == []


def test_english_uses_quotation_marks_that_are_narrow_in_every_font() -> None:
    assert [sentence for sentence in used() if "“" in sentence or "”" in sentence] == []
