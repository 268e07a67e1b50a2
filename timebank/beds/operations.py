"""The steps of a home-care bed: each with who, when and which paper; each refused by name where it does not fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, select

from timebank.assessments.queries import latest_assessment
from timebank.audit.operations import note
from timebank.beds import checklists, queries, rules
from timebank.beds.models import (
    BedAdaptation,
    BedEquipment,
    BedHazard,
    BedInspection,
    BedState,
    BedStep,
    CareBed,
)
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.people.effects import RELOCATED, follows, go_along
from timebank.people.models import Person, PersonCase, PersonState
from timebank.people.queries import has_consent, may_act
from timebank.policies.queries import in_force


@dataclass(frozen=True)
class Paper:
    """When a step happened, where its paper lies, and why, where a reason is asked for."""

    happened_on: date
    evidence: str = ""
    words: str = ""


@dataclass(frozen=True)
class Contract:
    """What was signed with a provider; targets are for a whole month."""

    provider: str
    contract_no: str
    starts_on: date
    ends_on: date
    monthly_target_visits: int
    monthly_target_minutes: int


def apply(session: Session, *, actor: Actor, elder_id: str, applied_by: str, paper: Paper) -> CareBed:
    """Keep that an elder, or who holds a written power, asks for a bed.

    Refuses an elder outside the area or not living there, one who has a bed, who applies without a power, and an elder
    who has not agreed that health data are kept.
    """
    elder = session.get(Person, elder_id)
    if elder is None or not actor.scope.holds_area(elder.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    if elder.elder_since_on is None or elder.state in (PersonState.DEAD, PersonState.MOVED, PersonState.MERGED):
        raise Refused("beds.not_an_elder_here", T("Only a registered elder who lives here can have a bed."))
    if queries.bed_of(session, elder.id):
        raise Refused("beds.has_one", T("This elder has a bed already, or has applied for one."))
    if not may_act(session, person_id=applied_by, for_person_id=elder.id, purpose="request"):
        text = T("Who applies must be the elder or hold a written power.")
        raise NotAllowed("beds.no_power", text, field="applied_by")
    if not has_consent(session, elder.id, "health"):
        text = T("First read the consent for health data aloud to the elder and keep the answer.")
        raise Refused("beds.no_consent", text)
    _check_past(paper.happened_on, "happened_on")
    policy = in_force(session, elder.area_code, clock.today())
    bed = CareBed(
        id=ids.new_id("bed"),
        elder_id=elder.id,
        area_code=elder.area_code,
        state=BedState.APPLIED,
        applied_by=applied_by,
        monthly_target_visits=policy.number("bed.target_visits"),
        monthly_target_minutes=policy.number("bed.target_minutes"),
        created_at=clock.now(),
    )
    session.add(bed)
    session.flush()
    _write_down(session, actor, bed, "apply", paper)
    return bed


def take_over_assessment(session: Session, *, actor: Actor, bed_id: str, paper: Paper) -> CareBed:
    """Take over the elder's assessment in force. Refuses none, one too old, and a level below policy."""
    bed = _bed(session, actor, bed_id)
    reached = rules.after(bed.state, "assess")
    policy = in_force(session, bed.area_code, clock.today())
    latest = latest_assessment(session, bed.elder_id)
    if latest is None or latest.level is None:
        text = T("First assess the elder; two assessors sign.")
        raise Refused("beds.no_assessment", text)
    if (clock.today() - latest.assessed_on).days > policy.number("bed.assessment_max_days"):
        raise Refused("beds.assessment_too_old", T("The assessment is too old. Assess the elder again."))
    least = policy.number("bed.least_level")
    if latest.level < least:
        text = T(
            "A bed is for level {least} and above; this elder is at level {level}.", least=least, level=latest.level
        )
        raise Refused("beds.level_too_low", text)
    bed.assessment_id = latest.id
    return _step(session, actor, bed, "assess", reached, paper)


def check_home(
    session: Session, *, actor: Actor, bed_id: str, adaptations: Sequence[tuple[str, bool]], paper: Paper
) -> CareBed:
    """Keep that the home was looked at, and what must change there: (kind, whether before the bed begins)."""
    bed = _bed(session, actor, bed_id)
    reached = rules.after(bed.state, "check")
    if any(kind not in rules.ADAPTATIONS for kind, _ in adaptations):
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="adaptations")
    session.add_all(
        BedAdaptation(id=ids.new_id("bad"), bed_id=bed.id, kind=kind, before_start=before)
        for kind, before in adaptations
    )
    return _step(session, actor, bed, "check", reached, paper)


def sign_contract(session: Session, *, actor: Actor, bed_id: str, contract: Contract, paper: Paper) -> CareBed:
    """Keep the contract with the provider. Refuses one without a number, and days that cannot be."""
    bed = _bed(session, actor, bed_id)
    reached = rules.after(bed.state, "contract")
    for name in ("provider", "contract_no"):
        if not str(getattr(contract, name)).strip():
            raise BadInput("core.missing", T("Please fill this in."), field=name)
    rules.check_contract(contract.starts_on, contract.ends_on, today=clock.today())
    for name, value in vars(contract).items():
        setattr(bed, name, value)
    return _step(session, actor, bed, "contract", reached, paper)


def begin(session: Session, *, actor: Actor, bed_id: str, paper: Paper) -> CareBed:
    """The bed runs from a day on. Refuses a day outside the contract, and changes of the home that are not done."""
    bed = _bed(session, actor, bed_id)
    reached = rules.after(bed.state, "begin")
    missing = [
        change for change in queries.adaptations_of(session, bed.id) if change.before_start and not change.done_on
    ]
    if missing:
        text = T("{count:# change|# changes} of the home must be done before the bed begins.", count=len(missing))
        raise Refused("beds.adaptations_open", text)
    _check_in_contract(bed, paper.happened_on)
    return _step(session, actor, bed, "begin", reached, paper)


def _in_contract(bed: CareBed, on: date) -> bool:
    return bed.starts_on is not None and bed.ends_on is not None and bed.starts_on <= on <= bed.ends_on


def _check_in_contract(bed: CareBed, on: date) -> None:
    if not _in_contract(bed, on):
        raise Refused("beds.outside_contract", T("On that day no contract is in force."), field="happened_on")


def suspend(session: Session, *, actor: Actor, bed_id: str, paper: Paper) -> CareBed:
    """The bed rests: hospital, away with family. Its targets rest too. Refuses no reason."""
    bed = _bed(session, actor, bed_id)
    reached = rules.after(bed.state, "suspend")
    _check_reason(paper)
    return _step(session, actor, bed, "suspend", reached, paper)


def resume(session: Session, *, actor: Actor, bed_id: str, paper: Paper) -> CareBed:
    """The bed goes on. Refuses a day on which no contract is in force."""
    bed = _bed(session, actor, bed_id)
    reached = rules.after(bed.state, "resume")
    _check_in_contract(bed, paper.happened_on)
    return _step(session, actor, bed, "resume", reached, paper)


def close(session: Session, *, actor: Actor, bed_id: str, paper: Paper) -> CareBed:
    """The bed ends, or an application comes to nothing. Refuses no reason, and things lent that are not back."""
    bed = _bed(session, actor, bed_id)
    reached = rules.after(bed.state, "close")
    _check_reason(paper)
    lent = [thing for thing in queries.equipment_of(session, bed.id) if thing.returned_on is None]
    if lent:
        text = T("{count:# thing lent to this bed is|# things lent to this bed are} not back yet.", count=len(lent))
        raise Refused("beds.equipment_out", text)
    return _step(session, actor, bed, "close", reached, paper)


def _check_reason(paper: Paper) -> None:
    if not paper.words.strip():
        raise BadInput("core.missing", T("Please fill this in."), field="words")


def _bed(session: Session, actor: Actor, bed_id: str) -> CareBed:
    bed = queries.bed_for(session, actor.scope, bed_id)
    if bed is None:
        raise NotFound("beds.no_such_bed", T("There is no such bed in your area."))
    return bed


def _step(session: Session, actor: Actor, bed: CareBed, step: str, reached: BedState, paper: Paper) -> CareBed:
    _check_day(session, bed, paper.happened_on)
    bed.state = reached
    session.add(bed)
    _write_down(session, actor, bed, step, paper)
    return bed


def _check_day(session: Session, bed: CareBed, on: date) -> None:
    if on > clock.today() or any(on < known.happened_on for known in queries.steps_of(session, bed.id)):
        text = T("A step lies not in the future and not before the step before it.")
        raise BadInput("beds.bad_day", text, field="happened_on")


def _write_down(session: Session, actor: Actor, bed: CareBed, step: str, paper: Paper) -> None:
    """Keep the step with its event."""
    session.add(
        BedStep(
            id=ids.new_id("bst"),
            bed_id=bed.id,
            step=step,
            state=bed.state,
            happened_on=paper.happened_on,
            evidence=paper.evidence.strip()[:200],
            words=paper.words.strip()[:400],
            by_user_id=actor.user_id,
            at=clock.now(),
        )
    )
    note(session, actor=actor, action=f"beds.{step}", subject_id=bed.id, area_code=bed.area_code)
    session.flush()


def lend(session: Session, *, actor: Actor, bed_id: str, kind: str, mark: str, placed_on: date) -> BedEquipment:
    """Keep that a thing was brought to a bed. Refuses a bed that is ended."""
    bed = _bed(session, actor, bed_id)
    _check_open(bed)
    if kind not in rules.EQUIPMENT:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="kind")
    _check_past(placed_on, "placed_on")
    made = BedEquipment(id=ids.new_id("beq"), bed_id=bed.id, kind=kind, mark=mark.strip()[:40], placed_on=placed_on)
    session.add(made)
    note(session, actor=actor, action="beds.lend", subject_id=bed.id, area_code=bed.area_code, kind=kind)
    return made


def _check_open(bed: CareBed) -> None:
    if bed.state == BedState.CLOSED:
        raise Refused("beds.closed", T("This bed is ended. Apply for a new one."))


def _check_past(on: date, field: str) -> None:
    if on > clock.today():
        raise BadInput("beds.in_the_future", T("This day lies in the future."), field=field)


def take_back(session: Session, *, actor: Actor, bed_id: str, equipment_id: str, returned_on: date) -> BedEquipment:
    """Keep that a thing came back. Done twice, the first day stays."""
    bed = _bed(session, actor, bed_id)
    thing = queries.equipment_for(session, bed, equipment_id)
    if thing is None:
        raise NotFound("beds.no_such_thing", T("There is no such thing at this bed."))
    _check_past(returned_on, "returned_on")
    thing.returned_on = thing.returned_on or returned_on
    session.add(thing)
    note(session, actor=actor, action="beds.take_back", subject_id=bed.id, area_code=bed.area_code, kind=thing.kind)
    return thing


def finish_adaptation(
    session: Session, *, actor: Actor, bed_id: str, adaptation_id: str, done_on: date, evidence: str
) -> BedAdaptation:
    """Keep that a change of the home is done, and where one sees it. Refuses no evidence."""
    bed = _bed(session, actor, bed_id)
    change = queries.adaptation_for(session, bed, adaptation_id)
    if change is None:
        raise NotFound("beds.no_such_thing", T("There is no such thing at this bed."))
    _check_past(done_on, "done_on")
    if not evidence.strip():
        raise BadInput("core.missing", T("Please fill this in."), field="evidence")
    change.done_on, change.evidence = done_on, evidence.strip()[:200]
    session.add(change)
    note(session, actor=actor, action="beds.finish_adaptation", subject_id=bed.id, area_code=bed.area_code)
    return change


def inspect(
    session: Session, *, actor: Actor, bed_id: str, answers: Mapping[str, str], inspected_on: date, words: str = ""
) -> BedInspection:
    """Look at a bed by the checklist: each hazard becomes a ticket with a deadline; tickets that are gone are closed.

    A ticket is closed when its item is in order again; then whoever said that it is mended must not be the one who
    looks. Refuses a bed that does not run, an item without an answer, and a day in the future.
    """
    bed = _bed(session, actor, bed_id)
    if bed.state not in (BedState.ACTIVE, BedState.SUSPENDED):
        raise Refused("beds.not_active", T("Only a bed that runs or rests is inspected."))
    items = checklists.items()
    rules.check_answers(answers, items)
    _check_past(inspected_on, "inspected_on")
    made = BedInspection(
        id=ids.new_id("bin"),
        bed_id=bed.id,
        area_code=bed.area_code,
        checklist=checklists.CURRENT,
        answers={item: answers[item] for item in items},
        words=words.strip()[:400],
        inspected_on=inspected_on,
        by_user_id=actor.user_id,
        at=clock.now(),
    )
    session.add(made)
    session.flush()
    still_open = _close_gone(session, actor, made)
    _open_new(session, made, still_open)
    note(session, actor=actor, action="beds.inspect", subject_id=bed.id, area_code=bed.area_code)
    session.flush()
    return made


def _close_gone(session: Session, actor: Actor, inspection: BedInspection) -> set[str]:
    """Close the tickets whose item is in order; the items that stay open.

    A look entered late says nothing of what was found after it, and a thing that is not there is not in order.
    """
    still_open = set()
    for hazard in queries.hazards_of(session, inspection.bed_id):
        if hazard.closed_by_id is not None:
            continue
        found = session.get_one(BedInspection, hazard.inspection_id)
        if inspection.inspected_on < found.inspected_on or inspection.answers.get(hazard.item) == "not_here":
            still_open.add(hazard.item)
            continue
        if inspection.answers.get(hazard.item) == "hazard":
            hazard.mended_on, hazard.mended_by = None, ""  # it was not mended after all; the deadline stays
            still_open.add(hazard.item)
        elif hazard.mended_by == actor.user_id:
            text = T("Who mended a hazard does not inspect it. Let somebody else look.")
            raise NotAllowed("beds.own_mending", text, field=f"item-{hazard.item}")
        else:
            hazard.closed_by_id = inspection.id
        session.add(hazard)
    return still_open


def _open_new(session: Session, inspection: BedInspection, still_open: set[str]) -> None:
    policy = in_force(session, inspection.area_code, inspection.inspected_on)
    for name, item in checklists.items(inspection.checklist).items():
        if inspection.answers[name] == "hazard" and name not in still_open:
            key = "bed.serious_hazard_days" if item.grade == "serious" else "bed.hazard_days"
            session.add(
                BedHazard(
                    id=ids.new_id("bhz"),
                    bed_id=inspection.bed_id,
                    area_code=inspection.area_code,
                    inspection_id=inspection.id,
                    item=name,
                    grade=item.grade,
                    due_on=inspection.inspected_on + timedelta(days=policy.number(key)),
                )
            )


def mend(session: Session, *, actor: Actor, hazard_id: str, mended_on: date, evidence: str) -> BedHazard:
    """Keep that a hazard is mended; the next inspection sees whether it is so. Refuses no evidence and closed ones."""
    hazard = queries.hazard_for(session, actor.scope, hazard_id)
    if hazard is None:
        raise NotFound("beds.no_such_hazard", T("There is no such hazard in your area."))
    if hazard.closed_by_id is not None:
        raise Refused("beds.hazard_closed", T("An inspection has found this hazard gone already."))
    _check_past(mended_on, "mended_on")
    if not evidence.strip():
        raise BadInput("core.missing", T("Please fill this in."), field="evidence")
    hazard.mended_on, hazard.mended_by, hazard.evidence = mended_on, actor.user_id, evidence.strip()[:200]
    session.add(hazard)
    note(session, actor=actor, action="beds.mend", subject_id=hazard.bed_id, area_code=hazard.area_code)
    return hazard


@follows("bed_changed", T("home-care bed rests, goes on or ends"))
def follow_person(session: Session, actor: Actor, person: Person, case: PersonCase) -> int:
    """What a change in the elder's life does to the bed: hospital or away lets it rest, home again lets it go on, death
    or moving away ends it, and the bed of a double entry goes to the one that is kept. Things lent stay listed.

    A bed that rests for another reason, such as a home that nobody has looked at, or whose contract is over, is for a
    person to resume."""
    bed = queries.bed_of(session, person.id)
    if bed is None:
        return 0
    if case.kind == PersonState.MERGED:
        return _hand_over(session, actor, bed, str(case.detail.get("kept", "")))
    step = _STEP_OF_STATE.get(case.kind, "")
    if step not in rules.steps_from(bed.state):
        return 0
    before = queries.steps_of(session, bed.id)
    on = min(max(case.happened_on, *(known.happened_on for known in before)), clock.today())
    if step == "resume" and not (_STEP_OF_STATE.get(before[-1].words) == "suspend" and _in_contract(bed, on)):
        return 0
    _step(session, actor, bed, step, rules.after(bed.state, step), Paper(on, words=case.kind))
    return 1


@follows("bed_goes_along", T("home-care bed goes along and rests until the new home was looked at"))
def follow_move(session: Session, actor: Actor, person: Person, case: PersonCase) -> int:
    """A bed goes with the elder; one that runs rests, because the home that was looked at is another one now."""
    bed = queries.bed_of(session, person.id) if case.kind == RELOCATED else None
    if bed is None:
        return 0
    kept = [select(model).where(model.bed_id == bed.id) for model in (BedInspection, BedHazard)]
    go_along(case, person, [bed, *(row for found in kept for row in session.exec(found))])
    if "suspend" in rules.steps_from(bed.state):
        last_on = max(known.happened_on for known in queries.steps_of(session, bed.id))
        on = min(max(case.happened_on, last_on), clock.today())
        _step(session, actor, bed, "suspend", rules.after(bed.state, "suspend"), Paper(on, words=case.kind))
    session.add(bed)
    return 1


def _hand_over(session: Session, actor: Actor, bed: CareBed, kept_id: str) -> int:
    kept = session.get(Person, kept_id)
    if kept is None or queries.bed_of(session, kept.id):
        return 0
    bed.elder_id, bed.area_code = kept.id, kept.area_code
    session.add(bed)
    note(session, actor=actor, action="beds.hand_over", subject_id=bed.id, area_code=bed.area_code)
    return 1


_STEP_OF_STATE: dict[str, str] = {
    PersonState.HOSPITAL: "suspend",
    PersonState.AWAY: "suspend",
    PersonState.ACTIVE: "resume",
    PersonState.MOVED: "close",
    PersonState.DEAD: "close",
}
