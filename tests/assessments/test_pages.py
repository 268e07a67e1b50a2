"""An assessment walked through its pages: begun, filled in part by part, signed twice, shown, disputed."""

import pytest

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import SignIn
from timebank.assessments import queries
from timebank.core import db


def begun(desk: Visitor, cast: Cast) -> str:
    """The address of the new form."""
    desk.visit(f"/assessments/of/{cast.chen_popo.id}")
    answer = desk.send(f"/assessments/of/{cast.chen_popo.id}", {"reason": "first"})
    assert answer.status_code == 303
    return str(answer.location)


def fields(values: dict[str, str]) -> dict[str, str]:
    return {name.replace("-", "__"): value for name, value in values.items()}


def test_two_people_assess_on_the_pages(cast: Cast, sign_in: SignIn) -> None:
    zhou, wu = sign_in("zhou"), sign_in("wu")
    form = begun(zhou, cast)
    zhou.visit(form)
    half = dict(list(make.answers(level=3).items())[:12])
    assert "kept" in zhou.submit("/form", **fields(half)).lower()
    page = zhou.submit("/form", status=409, sign="yes")
    assert "answers are missing" in page
    zhou.visit(form)
    page = zhou.submit("/form", sign="yes", **fields(make.answers(level=3)))
    assert "waits for the second assessor" in page
    place = form.removesuffix("/form")
    wu.visit("/assessments")
    assert "陈婆婆" in wu.page.text and "waits for your look" in wu.page.text  # type: ignore[union-attr]
    wu.visit(place)
    page = wu.submit("/sign")
    assert "severely" in page.lower() and "How the level was counted" in page
    course = wu.visit(f"/assessments/of/{cast.chen_popo.id}")
    assert "<svg" in course and "3 · Severely dependent" in course
    wu.visit(place)
    assert "two other people" in wu.submit("/dispute", words="她现在好多了").lower()


def test_a_wrong_answer_comes_back_with_what_was_typed(cast: Cast, sign_in: SignIn) -> None:
    zhou = sign_in("zhou")
    form = begun(zhou, cast)
    zhou.visit(form)
    page = zhou.submit("/form", status=400, eating="3", event__fall="300")
    assert "Write how often" in page and 'value="300"' in page
    with db.reading() as session:
        made = queries.open_one(session, cast.chen_popo.id)
        assert made is not None and queries.opened(made).answers.scores == {}


def test_the_tablet_sends_some_answers_at_a_time(cast: Cast, sign_in: SignIn) -> None:
    zhou = sign_in("zhou")
    address = f"/api{begun(zhou, cast).removesuffix('/form')}/draft"
    known = zhou.get(address).json
    assert known["is_open"] and known["owner"] == cast.users["zhou"]
    for _ in range(2):  # sent again, nothing changes
        answer = zhou.send_json(address, {"values": {"eating": "3", "fact-dementia": "no"}})
        assert answer.status_code == 200 and len(answer.json["missing"]) == 31
    assert zhou.get(address).json["values"]["eating"] == "3"
    for wrong in ({"values": {"eating": 3}}, {"values": []}, []):
        assert zhou.send_json(address, wrong).status_code == 400
    assert zhou.send_json(address, {"values": {"level": "4"}}).json["error"]["code"] == "assessments.unknown_field"
    wu = sign_in("wu")
    assert wu.get(address).json["is_open"] is False
    assert wu.send_json(address, {"values": {"eating": "1"}}).status_code == 403


def test_bureau_sees_figures_and_no_names(cast: Cast, sign_in: SignIn) -> None:
    with db.transaction() as session:
        made = make.assessment(session=session, elder=cast.chen_popo, level=3)
    tan = sign_in("tan")
    page = tan.visit("/assessments/figures")
    assert "Jiangkou" in page and "陈" not in page
    assert tan.get(f"/assessments/{made.id}").status_code == 403


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_empty_form_opens_for_everybody_and_names_nobody(cast: Cast, client: Visitor, lang: str) -> None:
    page = client.visit(f"/assessments/offline?lang={lang}")
    assert page.count('type="radio"') == 90 + 26 + 2 * 2 and "陈" not in page
    assert ("进食" in page) == (lang == "zh")
