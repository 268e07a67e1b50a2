"""GB/T 42195-2022 as data: bands, missing answers, what raises a level; another scale beside it; files that lie."""

import json
from pathlib import Path

import pytest

from tests import factories as make
from timebank.assessments import rules, scales
from timebank.assessments.rules import Answers, evaluate, level_of_total, with_answer
from timebank.core.errors import BadInput, Refused

SCALE = scales.scale(scales.CURRENT)


def filled(**changed: str) -> Answers:
    answers = Answers()
    for name, value in make.answers(**{"level": 0} | changed).items():  # type: ignore[arg-type]
        answers = with_answer(SCALE, answers, name, value)
    return answers


def test_the_scale_has_26_items_in_4_parts_and_90_points() -> None:
    assert [(len(part.items), part.most) for part in SCALE.parts] == [(8, 32), (4, 15), (9, 28), (5, 15)]
    assert (len(SCALE.items), SCALE.most) == (26, 90)
    assert {name: SCALE.items[name].most for name in ("stairs", "travel", "sight", "aggression", "consciousness")} == {
        "stairs": 3,
        "travel": 3,
        "sight": 2,
        "aggression": 1,
        "consciousness": 2,
    }


@pytest.mark.parametrize(
    ("total", "level"), [(90, 0), (89, 1), (66, 1), (65, 2), (46, 2), (45, 3), (30, 3), (29, 4), (0, 4)]
)
def test_the_bands(total: int, level: int) -> None:
    assert level_of_total(SCALE, total) == level


@pytest.mark.parametrize("total", [91, -1])
def test_totals_that_cannot_be_are_refused(total: int) -> None:
    with pytest.raises(BadInput, match="no_such_total"):
        level_of_total(SCALE, total)


def test_each_level_is_reached_by_its_answers() -> None:
    levels = [evaluate(SCALE, filled(level=level)).level for level in range(5)]  # type: ignore[arg-type]
    assert levels == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", rules.field_names(SCALE))
def test_without_any_one_answer_there_is_no_level(name: str) -> None:
    answers = with_answer(SCALE, filled(), name, "")
    assert rules.missing(SCALE, answers) == [name]
    with pytest.raises(Refused) as refused:
        evaluate(SCALE, answers)
    assert (refused.value.code, refused.value.field) == ("assessments.missing_answers", name)


RAISED = [
    ({"fact-dementia": "yes"}, 1),
    ({"fact-mental_disorder": "yes"}, 1),
    ({"event-fall": "2"}, 1),
    ({"event-fall": "1", "event-choking": "1"}, 1),
    ({"event-fall": "1"}, 0),
    ({"fact-dementia": "yes", "fact-mental_disorder": "yes", "event-lost": "9"}, 1),  # once in total
]


@pytest.mark.parametrize(("changed", "steps"), RAISED)
def test_what_raises_the_level_does_so_once(changed: dict[str, str], steps: int) -> None:
    outcome = evaluate(SCALE, filled(**changed))
    assert (outcome.total, outcome.level) == (90, steps)
    assert ("raised" in [step["rule"] for step in outcome.trace]) == bool(steps)


def test_nothing_raises_beyond_the_highest_level() -> None:
    worst = filled(level=4, **{"fact-dementia": "yes"})  # type: ignore[arg-type]
    assert evaluate(SCALE, worst).level == 4


def test_a_coma_is_the_highest_level_whatever_the_rest_says() -> None:
    outcome = evaluate(SCALE, filled(consciousness="0"))
    assert (outcome.total, outcome.level) == (88, 4)
    assert outcome.trace[-1] == {"rule": "set_by_item", "item": "consciousness", "level": 4}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("stairs", "4", "assessments.no_such_score"),
        ("eating", "５", "assessments.no_such_score"),
        ("eating", "-1", "assessments.no_such_score"),
        ("fact-dementia", "maybe", "core.not_a_choice"),
        ("event-fall", "1.5", "assessments.not_a_count"),
        ("event-fall", "100", "assessments.not_a_count"),
        ("level", "0", "assessments.unknown_field"),
        ("total", "90", "assessments.unknown_field"),
    ],
)
def test_answers_that_are_not_offered_are_refused_by_field(name: str, value: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        with_answer(SCALE, Answers(), name, value)
    assert (refused.value.code, refused.value.field) == (code, name)


PART = {"zh": "部", "en": "part"}
YES_NO = [{"score": 1, **PART}, {"score": 0, **PART}]
OTHER = {
    "id": "by-parts",
    "name": PART,
    "parts": [
        {"id": "body", **PART, "items": [{"id": "walks", **PART, "options": YES_NO}]},
        {"id": "mind", **PART, "items": [{"id": "knows", **PART, "options": YES_NO}]},
    ],
    "levels": [{"level": level, **PART} for level in range(3)],
    "level_rules": [
        {"level": 0, "parts": {"body": [1, 1], "mind": [1, 1]}},
        {"level": 1, "parts": {"mind": [1, 1]}},
        {"level": 2},
    ],
}


def test_a_scale_of_another_make_lies_beside_it(tmp_path: Path) -> None:
    """A table of grades by part, as older scales have it; the numbers here are a test's own."""
    (tmp_path / "by-parts.json").write_text(json.dumps(OTHER), encoding="utf-8")
    scales.use_folder(tmp_path)
    try:
        assert scales.names() == [scales.CURRENT, "by-parts"]
        scale = scales.scale("by-parts")
        levels = [evaluate(scale, Answers({"walks": w, "knows": k})).level for w, k in ((1, 1), (0, 1), (1, 0))]
        assert levels == [0, 1, 2]
        (tmp_path / "by-parts.json").rename(tmp_path / "another.json")
        with pytest.raises(scales.BadScale, match=r"another\.json: the file is named otherwise"):
            scales.use_folder(tmp_path)
        with pytest.raises(Refused, match="scale_missing"):
            scales.scale("by-parts")
    finally:
        scales.use_folder(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"level_rules": OTHER["level_rules"][:2]}, "last rule"),  # type: ignore[index]
        ({"level_rules": [{"level": 0, "total": [0, 1]}]}, "a total of 2 has 0 levels"),
        ({"level_rules": [{"level": 0, "total": [0, 2]}, {"level": 1, "total": [2, 2]}]}, "a total of 2 has 2 levels"),
        ({"level_rules": [{"level": 7}]}, "without a name"),
        ({"sets": [{"item": "flies", "score": 0, "level": 2}]}, "does not have"),
        ({"parts": [OTHER["parts"][0], OTHER["parts"][0]]}, "twice"),  # type: ignore[index]
        ({"parts": 3}, "cannot be read"),
    ],
)
def test_a_file_that_does_not_add_up_is_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(scales.BadScale, match=says):
        scales.read(json.dumps(OTHER | change))


def test_the_next_one_is_due_on_the_same_day_or_the_month_s_last() -> None:
    assert str(rules.next_due(rules.date(2026, 11, 3), 12)) == "2027-11-03"
    assert str(rules.next_due(rules.date(2027, 8, 31), 6)) == "2028-02-29"
