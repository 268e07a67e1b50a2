"""Templates: a folder per feature, each one used, nothing unescaped, nothing that a strict CSP would refuse."""

import ast
import re
from pathlib import Path

import pytest

from tests.fixtures.source import ROOT, TEMPLATES, features, nodes, python_files, shown, templates

SHARED = {"errors"}
BANNED = {
    r"\|\s*safe\b": "prints text unescaped",
    r"\|\s*tojson\b(?!\s*\|\s*forceescape)": "puts data into a page; use data-… attributes",
    r"\sstyle\s*=": "has an inline style; the CSP refuses it: give it a class",
    r"<style\b": "has an inline style sheet; the CSP refuses it",
    r"<script\b(?![^>]*\ssrc=)": "has an inline script; the CSP refuses it",
    r"\son[a-z]+\s*=\s*[\"']": "has an inline event handler; the CSP refuses it",
    r"javascript:": "has a javascript: address",
    r"autoescape\s+false": "switches escaping off",
    r"https?://(?!www\.w3\.org)": "loads or links something elsewhere",
    r"<form[^>]*method=[\"']?post(?:(?!</form>|csrf_field).)*</form>": "posts without csrf_field()",
}


@pytest.mark.parametrize("path", templates(), ids=shown)
@pytest.mark.parametrize("pattern", BANNED, ids=list(BANNED.values()))
def test_nothing_unsafe(path: Path, pattern: str) -> None:
    found = re.search(pattern, path.read_text(encoding="utf-8"), re.IGNORECASE | re.DOTALL)
    assert not found, f"{shown(path)} {BANNED[pattern]}: {found.group()[:80]!r}" if found else ""


def test_folders_are_features() -> None:
    folders = {path.name for path in TEMPLATES.iterdir() if path.is_dir()}
    assert folders <= features() | SHARED, f"templates without a feature: {sorted(folders - features() - SHARED)}"


def test_every_template_is_used() -> None:
    used = {
        node.value
        for path in python_files("timebank")
        for node in nodes(path, ast.Constant)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".html")
    }
    for path in templates():
        used |= set(re.findall(r"(?:extends|include|import|from)\s+[\"']([^\"']+\.html)", path.read_text("utf-8")))
    known = {str(path.relative_to(TEMPLATES)) for path in templates()}
    assert not known - used, f"no view shows {sorted(known - used)}"
    assert not used - known, f"views name templates that do not exist: {sorted(used - known)}"


def test_a_view_shows_templates_of_its_own_feature() -> None:
    for path in python_files("timebank"):
        feature = path.relative_to(ROOT / "timebank").parts[0]
        for node in nodes(path, ast.Constant):
            value = node.value if isinstance(node, ast.Constant) else ""
            if isinstance(value, str) and value.endswith(".html"):
                folder = value.split("/")[0]
                shared = folder in SHARED or folder.startswith("_")
                assert shared or folder == feature, f"{shown(path)} shows {value}, which belongs to another feature"
