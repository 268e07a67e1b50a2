"""Put the Chinese catalogues in order, and say which sentences still lack Chinese.

    .venv/bin/python tools/catalogues.py

Code and templates hold English sentences; the Chinese stands in one `timebank/<feature>/zh.po` each.
"""

import io
import sys
from collections import defaultdict
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = {"T": None, "gettext": None, "_": None}
_JINJA = {"silent": "false", "trimmed": "false", "newstyle_gettext": "false"}
_HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: zh\\n"\n'


def catalogues() -> list[Path]:
    """Every feature's Chinese catalogue."""
    return sorted((ROOT / "timebank").glob("*/zh.po"))


def said() -> dict[str, set[str]]:
    """msgid → the features whose code or templates say it; the root and shared templates count as core."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "timebank").rglob("*.py")):
        for _, msgid, _, _ in extract_from_file("python", str(path), keywords=KEYWORDS):
            found[str(msgid)].add(_feature_of(path, "timebank"))
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for _, msgid, _, _ in extract_from_file("jinja2", str(path), keywords=KEYWORDS, options=_JINJA):
            found[str(msgid)].add(_feature_of(path, "templates"))
    return dict(found)


def _feature_of(path: Path, folder: str) -> str:
    parts = path.relative_to(ROOT / folder).parts
    return "core" if len(parts) == 1 or parts[0] == "errors" else parts[0]


def messages(path: Path) -> list[Message]:
    """The sentences of one catalogue, in the order in which they stand."""
    with path.open("rb") as file:
        return [message for message in read_po(file, locale="zh") if message.id]


def translated() -> dict[str, list[tuple[str, str]]]:
    """msgid → [(feature of the catalogue, Chinese)]."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in catalogues():
        for message in messages(path):
            found[str(message.id)].append((path.parent.name, str(message.string or "")))
    return dict(found)


def missing() -> dict[str, list[str]]:
    """Sentences without Chinese, by the feature whose catalogue should hold them."""
    known = {msgid for msgid, rows in translated().items() if any(chinese.strip() for _, chinese in rows)}
    found: dict[str, list[str]] = defaultdict(list)
    for msgid, where in sorted(said().items()):
        if msgid not in known:
            found[next(iter(where)) if len(where) == 1 else "core"].append(msgid)
    return dict(found)


def put_in_order(path: Path) -> None:
    """Write a catalogue sorted by its English sentences, one line each."""
    entries = sorted((str(message.id), str(message.string)) for message in messages(path))
    body = "".join(f"\nmsgid {_quoted(msgid)}\nmsgstr {_quoted(chinese)}\n" for msgid, chinese in entries)
    path.write_text(_HEAD + body, encoding="utf-8")
    check = Catalog(locale="zh")
    for message in read_po(io.BytesIO(path.read_bytes()), locale="zh"):
        check.add(message.id, message.string)
    assert {str(message.id) for message in check if message.id} == {msgid for msgid, _ in entries}


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def main() -> int:
    """Sort every catalogue that is given (all by default); exit 1 where Chinese is missing."""
    for path in [Path(name).resolve() for name in sys.argv[1:]] or catalogues():
        put_in_order(path)
    for feature, msgids in sorted(missing().items()):
        for msgid in msgids:
            print(f"timebank/{feature}/zh.po lacks {msgid!r}")
    return 1 if missing() else 0


if __name__ == "__main__":
    sys.exit(main())
