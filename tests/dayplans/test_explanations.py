"""Why, why not, and what would make it possible: the planner's codes in plain words of both languages."""

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from dispatch.reasons import REASONS, RELAXATIONS, Reason, Relaxation
from tests.dayplans.test_hand import draft
from tests.dayplans.township import COORDINATOR, Township, settle
from timebank.core import db
from timebank.core.i18n import say
from timebank.dayplans import operations
from timebank.dayplans.adapter import explaining
from timebank.dayplans.adapter.hand import Move
from timebank.dayplans.explanation_words import reason_words, relaxation_words
from timebank.dayplans.models import DayPlan
from timebank.dayplans.queries.board import opened
from timebank.dayplans.queries.explanations import explanation, why
from timebank.dayplans.words import Names


@pytest.fixture
def made(database: sa.Engine) -> Township:
    with db.transaction() as session:
        return settle(session, visits=30, volunteers=3)


def waiting(session: Session, row: DayPlan) -> str:
    day = opened(session, row)
    return next(one.task for one in day.plan.unserved if "." not in one.task)


def test_a_visit_without_a_place_is_told_what_stands_against_it_and_what_would_help(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
        task = waiting(session, row)
        plain, searched = why(session, row, task), explanation(session, row, task)
    assert plain["here"] == [] and plain["reasons"]
    assert not searched["busy"] and (searched["fits"] or searched["reasons"])
    spoken = " ".join([*searched["reasons"], *searched["would_help"]])
    assert "vis_" not in spoken and "per_" not in spoken, spoken
    assert not any(word in spoken for word in ("could come", "door ", "home ")), spoken


def test_what_is_said_to_help_does_help(made: Township) -> None:
    """Giving away what the planner names makes room: asked again, it finds a place for the visit."""
    with db.transaction() as session:
        row = draft(session)
        task = waiting(session, row)
        found = explaining.explained(_asked(session, row, task))
        assert isinstance(found, explaining.Explanation)
        gifts = [one for one in found.relaxations if one.code == "others"]
        if not gifts:
            pytest.fail(f"a short-staffed day without anybody who could give a visit away: {found.relaxations}")
        gone = str(dict(gifts[0].values)["tasks"]).split(", ")
        taken = [Move(one, None) for one in gone if not one.endswith(".fetch")]
        row = operations.move_by_hand(session, actor=COORDINATOR, day_plan_id=row.id, revision=1, moves=taken)
        again = explaining.explained(_asked(session, row, task))
        assert isinstance(again, explaining.Explanation) and again.fits


def _asked(session: Session, row: DayPlan, task: str) -> explaining.Asked:
    day = opened(session, row)
    return explaining.Asked(row.id, row.revision, day.problem, day.plan, task)


def test_who_comes_is_compared_with_everybody_else(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
        day = opened(session, row)
        task = next(name for name in day.places if "." not in name)
        plain, searched = why(session, row, task), explanation(session, row, task)
    (here,) = [one for one in searched["carers"] if one["is_here"]]
    assert here["carer"] == day.places[task].carer
    assert plain["here"]
    assert all(one["reasons"] for one in searched["carers"] if one["change"] is None)


def test_an_answer_is_worked_out_once_and_one_at_a_time(made: Township, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction() as session:
        row = draft(session)
        task = waiting(session, row)
        with explaining._at_work:
            assert explanation(session, row, task) == {"busy": True, "faulty": False}
        first = explanation(session, row, task)
        monkeypatch.setattr(explaining, "why_unserved", None)
        assert explanation(session, row, task) == first


_VALUES = ["skills", "sex", "promised", "start", "hours", "kind", "able", "all", "minutes", "limit", "visits", "place"]


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_is_said_in_both_languages(code: str) -> None:
    values = dict.fromkeys(
        ["skills", "sex", "promised", "start", "hours", "kind", "able", "all", "minutes", "place"],
        "x",
    ) | {"limit": 2, "visits": 1}
    said = Reason(code, "vis_1", "per_1", tuple(values.items()), "in English by the planner")
    _is_said(lambda language: say(reason_words(said, Names({"per_1": "李姐"}, {"vis_1": "探访"})), language))


@pytest.mark.parametrize("code", RELAXATIONS)
def test_every_change_that_helps_is_said_in_both_languages(code: str) -> None:
    names = "skills promised start end hours kind load tasks codes direction second asked"
    values = dict.fromkeys(names.split(), "x") | {"visits": 1}
    said = Relaxation(code, "vis_1", "per_1", 5, tuple(values.items()), "in English")
    _is_said(lambda language: say(relaxation_words(said, Names({"per_1": "李姐"}, {"vis_1": "探访"})), language))


def _is_said(speak) -> None:  # type: ignore[no-untyped-def]
    chinese, english = speak("zh"), speak("en")
    assert chinese != english and "planner" not in english and "{" not in chinese + english
