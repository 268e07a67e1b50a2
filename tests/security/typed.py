"""Forms filled in with one wrong field, and what is lost of the rest when they come back."""

from collections import defaultdict

from tests.fixtures.browsing import Form, Visitor, forms_in, gist
from tests.security.sweep import EVERYBODY, Row, Somebody, rows

NO_PAGES = ("/api/", "/manifest", "/sw.js", "/slip-photos", "/calendar/", "/sign-in", "/password")
NO_PAGE_ENDINGS = (".pdf", ".csv", ".xlsx", ".svg", ".ics", ".png", "<string:form>", "/root-sheet")
RIGHT = {
    "number": "7",
    "date": "2026-11-20",
    "time": "09:40",
    "text": "黄桷树下 <b>“左”</b> & 右",
    "tel": "13800001234",
}
WRONG = {"number": "１２", "date": "2026-13-45", "time": "25:99", "text": "长" * 6000, "textarea": "长" * 6000}
WRITTEN = {*RIGHT, "textarea"}


def pages_of(who: Somebody) -> list[Row]:
    """The pages that are looked at as somebody: each page as the first of everybody who may open it."""
    first = {row: next((one for one in EVERYBODY if one.role in row.roles), None) for row in rows()}
    pages = [row for row, one in first.items() if one is who and row.method == "GET"]
    return [row for row in pages if not row.rule.startswith(NO_PAGES) and not row.rule.endswith(NO_PAGE_ENDINGS)]


def filled_in(form: Form) -> tuple[str, dict[str, list[str]]] | None:
    """The form filled in, with the last field in which something can be wrong; None where there is none."""
    sent: defaultdict[str, list[str]] = defaultdict(list)
    for name, kind, value in form.fields:
        if kind in WRITTEN:
            sent[name].append(RIGHT.get(kind, "第一行\n第二行"))
        elif kind == "select":
            sent[name] = []
        elif kind in ("radio", "option"):
            sent[name] = [value]
        elif kind in ("hidden", "checkbox"):
            sent[name].append(value)
    wrong = [(name, kind) for name, kind, _ in form.fields if kind in WRONG]
    if not wrong or len({name for name, kind, _ in form.fields if kind not in ("hidden", "button")}) < 2:
        return None
    return wrong[-1][0], {**sent, wrong[-1][0]: [WRONG[wrong[-1][1]]]}


def lost(form: Form, wrong: str, sent: dict[str, list[str]], html: str) -> list[str]:
    """The fields that no longer hold what was sent, of the form that is most like it in the answer."""
    own = {name for name, kind, _ in form.fields if kind not in ("hidden", "button", "password", "file")} - {wrong}
    back = [found for found in forms_in(html) if own <= found.names]
    missed = [sorted(name for name in own if sorted(_read(found, name)) != sorted(sent[name])) for found in back]
    return min(missed, key=len, default=["the whole form"])


def _read(form: Form, name: str) -> list[str]:
    return [value.replace("\r", "").removeprefix("\n") for value in form.values.get(name, [])]


def faults(visitor: Visitor, form: Form, path: str, wrong: str, sent: dict[str, list[str]]) -> list[str]:
    """What is not as it should be when a form is sent with one wrong field."""
    target = form.action or path
    answer = visitor.post(target, data=sent, headers={"Referer": f"http://localhost{path}"})
    if answer.status_code not in (400, 403, 404, 409):
        return [f"{target} answered {answer.status_code} to a wrong {wrong}"]
    return [f"{target} lost {name} ({gist(answer)[:60]})" for name in lost(form, wrong, sent, answer.text)]
