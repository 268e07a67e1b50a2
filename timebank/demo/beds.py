"""The demo's home-care beds: an assessment with real answers for each, the steps that led to the bed, its things."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

import sqlalchemy as sa
from sqlmodel import Session

from timebank.assessments import rules, scales
from timebank.assessments.models import Assessment, AssessmentDispute, AssessmentState
from timebank.assessments.operations import sealed
from timebank.assessments.queries import Content
from timebank.assessments.rules import Answers
from timebank.beds import checklists
from timebank.beds.models import (
    BedAdaptation,
    BedEquipment,
    BedHazard,
    BedInspection,
    BedState,
    BedStep,
    CareBed,
)
from timebank.core import clock, crypto, ids
from timebank.core.db import table_of
from timebank.demo.rows import Row, Rows
from timebank.people.models import RiskTier

_PROVIDERS = ("武隆居家养老服务站", "乌江养老服务中心", "仙女山照护站")
_TOTALS = {1: (66, 89), 2: (46, 65), 3: (30, 45), 4: (8, 29)}
_STEPS = (  # step, state after it, days before the bed began
    ("apply", BedState.APPLIED, 60),
    ("assess", BedState.ASSESSED, 40),
    ("check", BedState.CHECKED, 30),
    ("contract", BedState.CONTRACTED, 7),
    ("begin", BedState.ACTIVE, 0),
)
_DAYS_LIVED = 100  # the beds began so long before the demo's first month


def add_bed(random: Random, rows: Rows, elder: Row, today: date) -> int:
    """An active bed with everything that led to it; the level of dependency."""
    level = random.choices((2, 3, 4), (5, 3, 2))[0]
    began_on = today - timedelta(days=_DAYS_LIVED + random.randrange(20))
    if random.random() < 0.3:  # came up from a lighter level in the year before
        add_assessment(random, rows, elder, level - 1, began_on - timedelta(days=340), "first")
        latest = add_assessment(random, rows, elder, level, began_on - timedelta(days=40), "immediate")
    else:
        latest = add_assessment(random, rows, elder, level, began_on - timedelta(days=40), "first")
    bed = rows.add(
        CareBed,
        id=ids.new_id("bed"),
        elder_id=elder.id,
        area_code=elder.area_code,
        state=BedState.ACTIVE,
        applied_by=elder.id,
        assessment_id=latest.id,
        provider=random.choice(_PROVIDERS),
        contract_no=f"WL-{began_on:%Y}-{len(rows.of(CareBed)) + 1:04d}",
        starts_on=began_on,
        ends_on=began_on + timedelta(days=364),
        monthly_target_minutes=(0, 60, 60, 90, 120)[level],
        monthly_target_visits=(0, 2, 2, 2, 3)[level],
        created_at=clock.now(),
    )
    for step, state, before in _STEPS:
        _add_step(rows, bed, step, state, began_on - timedelta(days=before))
    _add_things(random, rows, bed, began_on)
    return level


def _add_step(rows: Rows, bed: Row, step: str, state: BedState, on: date, words: str = "") -> None:
    rows.add(
        BedStep,
        id=ids.new_id("bst"),
        bed_id=bed.id,
        step=step,
        state=state,
        happened_on=on,
        evidence="镇上文件柜，床位夹",
        words=words,
        by_user_id="usr_history",
        at=clock.at_local(on, 10 * 60),
    )


def _add_things(random: Random, rows: Rows, bed: Row, on: date) -> None:
    for kind in random.sample(("care_bed", "call_button", "grab_bar", "commode", "wheelchair"), 2):
        rows.add(BedEquipment, id=ids.new_id("beq"), bed_id=bed.id, kind=kind, placed_on=on)
    for kind in random.sample(("grab_bar_toilet", "no_sill", "non_slip", "light", "bed_height"), 2):
        done_on = on - timedelta(days=random.randrange(1, 20))
        rows.add(BedAdaptation, id=ids.new_id("bad"), bed_id=bed.id, kind=kind, before_start=True, done_on=done_on)


def add_assessment(random: Random, rows: Rows, elder: Row, level: int, on: date, reason: str) -> Row:
    """A valid assessment with an answer to every item that gives a level."""
    scale = scales.scale(scales.CURRENT)
    answers = _answers(random, scale, level)
    outcome = rules.evaluate(scale, answers)
    return rows.add(
        Assessment,
        id=ids.new_id("ass"),
        elder_id=elder.id,
        area_code=elder.area_code,
        scale=scale.id,
        scale_digest=scale.digest,
        reason=reason,
        state=AssessmentState.VALID,
        assessed_on=on,
        content_sealed=sealed(Content(answers, total=outcome.total, trace=outcome.trace)),
        level=outcome.level,
        first_assessor_id="usr_history",
        first_signed_at=clock.at_local(on, 11 * 60),
        second_assessor_id="usr_history_two",
        second_signed_at=clock.at_local(on, 17 * 60),
        created_at=clock.at_local(on, 9 * 60),
        changed_at=clock.at_local(on, 17 * 60),
    )


def bring_up_to_date(session: Session, random: Random, made: Rows, elders: Sequence[Row], today: date) -> None:
    """What happened since the beds began: elders assessed again, inspections with hazards, beds that rest or ended;
    and beds on their way in every state, forms that wait for the second signature, a dispute in each hundred."""
    rows, people, beds = Rows(), {elder.id: elder for elder in elders}, made.of(CareBed)
    levels = {row.id: row.level for row in made.of(Assessment)}
    for bed in beds:
        if random.random() < 0.6:
            on = today - timedelta(days=random.randrange(3, 60))
            again = add_assessment(random, rows, people[bed.elder_id], levels[bed.assessment_id], on, "immediate")
            _dispute(random, rows, again)
        if random.random() < 0.3:
            _add_inspection(random, rows, bed, today - timedelta(days=random.randrange(1, 70)), today)
    for number, bed in enumerate(random.sample(beds, 24)):
        step, state = ("close", BedState.CLOSED) if number % 4 == 0 else ("suspend", BedState.SUSPENDED)
        _stop(session, rows, bed, step, state, today - timedelta(days=random.randrange(1, 20)))
    with_bed = {bed.elder_id for bed in beds}
    others = [elder for elder in elders if elder.tier == RiskTier.KEY and elder.id not in with_bed]
    for number, elder in enumerate(random.sample(others, 160)):
        _add_on_the_way(random, rows, elder, number % len(_STEPS), today)
    rows.write(session, (Assessment, AssessmentDispute, CareBed, BedStep, BedAdaptation, BedInspection, BedHazard))


def _dispute(random: Random, rows: Rows, assessment: Row) -> None:
    if random.random() < 0.01:
        rows.add(
            AssessmentDispute,
            id=ids.new_id("adp"),
            assessment_id=assessment.id,
            elder_id=assessment.elder_id,
            area_code=assessment.area_code,
            by_user_id="usr_history",
            words_sealed=crypto.vault().seal("评得轻了，老人现在下不了床。"),
            raised_at=clock.now(),
        )


def _add_inspection(random: Random, rows: Rows, bed: Row, on: date, today: date) -> None:
    items = checklists.items()
    found = random.sample(list(items.values()), random.choice((0, 0, 0, 1, 1, 2)))
    look = rows.add(
        BedInspection,
        id=ids.new_id("bin"),
        bed_id=bed.id,
        area_code=bed.area_code,
        checklist=checklists.CURRENT,
        answers=dict.fromkeys(items, "good") | {item.id: "hazard" for item in found},
        inspected_on=on,
        by_user_id="usr_history",
        at=clock.at_local(on, 15 * 60),
    )
    for item in found:
        due_on = on + timedelta(days=3 if item.grade == "serious" else 30)
        mended_on = min(due_on, today) if random.random() < 0.85 else None
        rows.add(
            BedHazard,
            id=ids.new_id("bhz"),
            bed_id=bed.id,
            area_code=bed.area_code,
            inspection_id=look.id,
            item=item.id,
            grade=item.grade,
            due_on=due_on,
            mended_on=mended_on,
            mended_by="usr_history" if mended_on else "",
            evidence="改好了，照片在夹子里" if mended_on else "",
            closed_by_id=look.id if mended_on and random.random() < 0.8 else None,
        )


def _stop(session: Session, rows: Rows, bed: Row, step: str, state: BedState, on: date) -> None:
    """Let a bed that is written already rest or end."""
    table = table_of(CareBed)
    session.connection().execute(sa.update(table).where(table.c.id == bed.id).values(state=state))
    _add_step(rows, bed, step, state, on, "住院" if step == "suspend" else "去了外地子女家")


def _add_on_the_way(random: Random, rows: Rows, elder: Row, steps: int, today: date) -> None:
    """A form that waits for the second signature (no step), or a bed that came so many steps on its way."""
    latest = add_assessment(random, rows, elder, random.choice((2, 3)), today - timedelta(days=9), "first")
    if steps == 0:
        latest.state, latest.second_assessor_id, latest.second_signed_at = AssessmentState.WAITING, "", None
        return
    bed = rows.add(
        CareBed,
        id=ids.new_id("bed"),
        elder_id=elder.id,
        area_code=elder.area_code,
        state=_STEPS[steps - 1][1],
        applied_by=elder.id,
        assessment_id=latest.id if steps > 1 else None,
        monthly_target_minutes=180,
        monthly_target_visits=4,
        created_at=clock.now(),
    )
    if steps > 3:
        bed.provider, bed.contract_no = random.choice(_PROVIDERS), f"WL-{today:%Y}-N{len(rows.of(CareBed)):03d}"
        bed.starts_on, bed.ends_on = today + timedelta(days=3), today + timedelta(days=367)
    for number, (step, state, _) in enumerate(_STEPS[:steps]):
        _add_step(rows, bed, step, state, today - timedelta(days=8 - 2 * number))
    if steps > 2:
        for kind in random.sample(("grab_bar_toilet", "no_sill", "non_slip", "light"), 2):
            rows.add(BedAdaptation, id=ids.new_id("bad"), bed_id=bed.id, kind=kind, before_start=True)


def _answers(random: Random, scale: scales.Scale, level: int) -> Answers:
    """Scores that lose points item by item, at random, until the total lies in the band of the level."""
    least, most = _TOTALS[level]
    wanted = random.randint(least, most)
    scores = {item.id: item.most for item in scale.items.values()}
    losing = [item.id for item in scale.items.values() if item.id != "consciousness"]
    for _ in range(scale.most - wanted):
        name = random.choice([item for item in losing if scores[item] > 0])
        scores[name] -= 1
    events = dict.fromkeys(scale.events, 0) | {"fall": int(random.random() < 0.2)}
    return Answers(scores, dict.fromkeys(scale.facts, False), events)
