"""A refused form comes back as it was filled in: the page it stands on, with what was typed and why it was refused.

For the many small forms whose refusal would else be a page of its own, from which nobody finds back to what they wrote;
a page that shows its form again by itself needs none of this. It works on the HTML of the page, and so holds for every
form there is and will be. Secrets and files are never written back.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

from werkzeug.datastructures import MultiDict

FORM_PAGE = "form_page"  # field that names the page a form stands on, once it came back under the address it went to
_TICKS = {"checkbox", "radio"}
_NEVER = {"password", "file", "submit", "image", "button"}
_OURS = {"csrf_token", FORM_PAGE}
Sent = MultiDict[str, str]
Markup = Callable[
    [str, str, str], str
]  # (words, label, field): why, above the form by a label or at a field by its name
Edit = tuple[int, int, str]  # from, to, what stands there instead


@dataclass(frozen=True)
class Blame:
    """Why a form was refused: which field is to blame, in which words, and on which page the form stands.

    Without words they are the ones that `markup` knows; without a page the form stands where it was sent to.
    """

    field: str
    words: str
    page: str = ""


@dataclass
class Tag:
    """A start tag: where it stands and what it holds; of a field also its label's key and what it offers."""

    name: str
    given: dict[str, str | None]
    at: int
    end: int
    label: str = ""
    in_label: bool = False
    options: list["Tag"] = field(default_factory=list)
    text_end: int = 0
    typed: str | None = None
    is_changed: bool = False

    @property
    def kind(self) -> str:
        """What sort of field."""
        return (self.given.get("type") or "text") if self.name == "input" else self.name

    @property
    def field_name(self) -> str:
        """The name under which it is sent."""
        return self.given.get("name") or ""

    @property
    def value(self) -> str:
        """What it would send."""
        return self.given.get("value") or ("on" if self.kind in _TICKS else "")

    def switch(self, attribute: str, on: bool) -> None:
        """Give it an attribute that has no value, such as `checked`, or take it away."""
        self.given.pop(attribute, None)
        if on:
            self.given[attribute] = None
        self.is_changed = True

    def put(self, attribute: str, value: str) -> None:
        """Give an attribute a value."""
        self.given[attribute] = value
        self.is_changed = True

    def written(self) -> str:
        """The tag as it now is."""
        said = [name if value is None else f'{name}="{escape(value)}"' for name, value in self.given.items()]
        return f"<{' '.join([self.name, *said])}>"


@dataclass
class FormTag:
    """A form with its fields, and the folds it lies in."""

    tag: Tag
    folds: list[Tag]
    fields: list[Tag] = field(default_factory=list)

    def likeness(self, sent: Sent) -> int:
        """How far its hidden values and its names are those that were sent: tells forms of one address apart."""
        hidden = [one for one in self.fields if one.kind == "hidden" and one.field_name not in _OURS]
        same = sum(1 if sent.get(one.field_name) == one.value else -1 for one in hidden)
        return same - len(set(sent) - _OURS - {one.field_name for one in self.fields})


class _Reader(HTMLParser):
    """The forms of a page, and the words of its labels."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[FormTag] = []
        self.labels: dict[str, str] = {}
        self.blame: Blame | None = None
        self._lines = [0]
        for line in html.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self._folds: list[Tag] = []
        self._form: FormTag | None = None
        self._label = ""
        self.feed(html)

    def _place(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = self._place()
        found = Tag(tag, dict(attrs), at, at + len(self.get_starttag_text() or ""))
        if found.given.get("data-wrong"):
            self.blame = self.blame or Blame(str(found.given["data-wrong"]), found.given.get("data-why") or "")
        if tag == "details":
            self._folds.append(found)
        elif tag == "form":
            self._form = FormTag(found, list(self._folds))
            self.forms.append(self._form)
        elif tag in ("label", "legend"):
            self._label = found.given.get("for") or f"around {at}"
        elif self._form is not None:
            self._take(found, self._form)

    def _take(self, found: Tag, form: FormTag) -> None:
        if found.name == "option" and form.fields:
            form.fields[-1].options.append(found)
        elif found.name in ("input", "select", "textarea") and found.field_name:
            found.in_label = self._label.startswith("around")
            found.label = self._label or found.given.get("id") or ""
            form.fields.append(found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "details" and self._folds:
            self._folds.pop()
        elif tag == "form":
            self._form = None
        elif tag in ("label", "legend"):
            self._label = ""
        elif tag == "textarea" and self._form is not None and self._form.fields:
            self._form.fields[-1].text_end = self._place()

    def handle_data(self, data: str) -> None:
        if self._label and data.strip():
            self.labels.setdefault(self._label, " ".join(data.split()))


def refilled(
    html: str, *, action: str, page: str, sent: Sent, markup: Markup, blame: Blame | None = None
) -> str | None:
    """The page with its form for `action` as it was sent; None where no such form with fields to fill stands on it.

    `page` is the address of the page itself, where a form without an action goes. Without `blame` the page has said
    above the form what is wrong; it is only said again at the field.
    """
    reader = _Reader(html)
    forms = [one for one in reader.forms if (one.tag.given.get("action") or page) == action]
    form = max(forms, key=lambda one: one.likeness(sent), default=None)
    if form is None or all(one.kind in _NEVER | {"hidden"} for one in form.fields):
        return None
    for fold in form.folds:
        fold.switch("open", True)
    _fill(form.fields, sent)
    known = blame or reader.blame
    wrong = next((one for one in form.fields if known and one.field_name == known.field and one.kind != "hidden"), None)
    edits = [*_above(form, reader, wrong, markup, blame), *_sent_home(reader.forms, blame.page)] if blame else []
    if wrong is not None and known is not None and f'id="error-{known.field}"' not in html:
        edits += _beside(wrong, markup, known)
    return _written(html, [*edits, *_changes(form)])


def _sent_home(forms: list[FormTag], page: str) -> Iterator[Edit]:
    """Forms that go to the address of their page must say so where the page is shown under another."""
    for one in forms:
        if not one.tag.given.get("action"):
            one.tag.put("action", page)
            yield one.tag.at, one.tag.end, one.tag.written()


def _above(form: FormTag, reader: _Reader, wrong: Tag | None, markup: Markup, blame: Blame) -> Iterator[Edit]:
    label = (reader.labels.get(wrong.label) or wrong.given.get("aria-label") or "") if wrong else ""
    yield form.tag.end, form.tag.end, f'<input type="hidden" name="{FORM_PAGE}" value="{escape(blame.page)}">'
    yield form.tag.end, form.tag.end, markup(blame.words, label, "")


def _beside(wrong: Tag, markup: Markup, blame: Blame) -> Iterator[Edit]:
    wrong.put("aria-invalid", "true")
    wrong.switch("autofocus", True)  # the reader finds the place on a long page
    if not wrong.in_label:  # a label holds no paragraph
        described = wrong.given.get("aria-describedby") or ""
        wrong.put("aria-describedby", f"{described} error-{wrong.field_name}".strip())
        yield wrong.at, wrong.at, markup(blame.words, "", wrong.field_name)


def _fill(fields: list[Tag], sent: Sent) -> None:
    left = {name: list(values) for name, values in sent.lists()}
    for one in fields:
        if one.kind in _NEVER or one.field_name in _OURS:
            continue
        if one.kind in _TICKS:
            one.switch("checked", one.value in sent.getlist(one.field_name))
        elif left.get(one.field_name):
            one.typed = left[one.field_name].pop(0)
            _type(one, one.typed)


def _type(one: Tag, value: str) -> None:
    if one.name == "input":
        one.put("value", value)
    elif any(option.value == value for option in one.options):
        for option in one.options:
            option.switch("selected", option.value == value)


def _changes(form: FormTag) -> Iterator[Edit]:
    for one in [*form.folds, *form.fields, *(option for menu in form.fields for option in menu.options)]:
        if one.is_changed:
            yield one.at, one.end, one.written()
        if one.name == "textarea" and one.typed is not None:
            yield one.end, one.text_end, "\n" + escape(one.typed)  # a page leaves out the first line break


def _written(html: str, edits: list[Edit]) -> str:
    parts, done = [], 0
    for start, end, words in sorted(edits, key=lambda edit: edit[:2]):
        parts += [html[done:start], words]
        done = end
    return "".join([*parts, html[done:]])
