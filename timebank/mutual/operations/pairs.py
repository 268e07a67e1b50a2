"""结对: elder and helper become a pair, and end it."""

from datetime import timedelta

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import SYSTEM, Actor
from timebank.core.errors import BadInput, NotFound
from timebank.core.text import T
from timebank.mutual import queries, rules
from timebank.mutual.models import Pairing
from timebank.people.effects import follows, go_along, has_left_township, helpers_known
from timebank.people.models import Person, PersonCase, PersonState
from timebank.policies.queries import in_force


def pair(session: Session, *, actor: Actor, elder_id: str, helper_id: str) -> Pairing:
    """Make a pair from today on. Both must live in the actor's area; limits are policy mutual.*."""
    elder, helper = session.get(Person, elder_id), session.get(Person, helper_id)
    if elder is None or not actor.scope.holds_area(elder.area_code):
        raise BadInput("mutual.not_an_elder", T("Choose a registered elder."), field="elder_id")
    if helper is None or helper.area_code[:9] != elder.area_code[:9]:
        raise BadInput("mutual.not_a_volunteer", T("Choose an active volunteer."), field="helper_id")
    today, policy = clock.today(), in_force(session, elder.area_code, clock.today())
    helpers = queries.paired_helpers(session, [elder.id], today).get(elder.id, frozenset())
    facts = rules.PairFacts(
        is_elder=elder.elder_since_on is not None and elder.state in (PersonState.ACTIVE, PersonState.HOSPITAL),
        is_volunteer=helper.volunteer_since_on is not None and helper.state == PersonState.ACTIVE,
        same_home=elder.household_code == helper.household_code,
        is_known=helper.id in helpers,
        helpers_of_elder=len(helpers),
        elders_of_helper=queries.load_of(session, [helper.id], today),
    )
    rules.check_pair(
        facts,
        helpers_per_elder=policy.number("mutual.helpers_per_elder"),
        elders_per_helper=policy.number("mutual.elders_per_helper"),
    )
    made = Pairing(
        id=ids.new_id("pai"), elder_id=elder.id, helper_id=helper.id, area_code=elder.area_code, starts_on=today
    )
    session.add(made)
    session.flush()
    note(session, actor=actor, action="mutual.pair", subject_id=made.id, area_code=elder.area_code)
    return made


def end_pairing(session: Session, *, actor: Actor, pairing_id: str, reason: str) -> Pairing:
    """End a pair with a reason; yesterday was its last day. Ended before, the first end stands."""
    pairing = queries.pairing_for(session, actor.scope, pairing_id)
    if pairing is None:
        raise NotFound("mutual.no_such_pair", T("There is no such pair in your area."))
    if pairing.ends_on is None:
        _end(session, actor, pairing, reason)
    return pairing


def _end(session: Session, actor: Actor, pairing: Pairing, reason: str) -> None:
    pairing.ends_on, pairing.end_reason = clock.today() - timedelta(days=1), reason.strip()[:200]
    session.add(pairing)
    note(session, actor=actor, action="mutual.end_pairing", subject_id=pairing.id, area_code=pairing.area_code)


@follows("pairs_ended", T("pairs ended"))
def end_with_the_person(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """Who died, moved away (out of the township too) or was joined with another entry is no half of a pair any more."""
    is_gone = case.kind in (PersonState.DEAD, PersonState.MOVED, PersonState.MERGED)
    if not is_gone and not has_left_township(case, person):
        return 0
    pairs = queries.pairs_with(session, person.id, clock.today())
    for pairing in pairs:
        _end(session, SYSTEM, pairing, str(case.kind))
    return len(pairs)


@follows("pairs_go_along", T("pairs that go on from the new door"))
def follow_move(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """Within the township a pair goes on: the same face comes to the new door."""
    pairs = queries.pairs_with(session, person.id, clock.today())
    return go_along(case, person, [pairing for pairing in pairs if pairing.elder_id == person.id])


@helpers_known
def who_looks_in(session: Session, elder: Person) -> list[str]:
    """Who is paired with an elder."""
    pairs = queries.pairs_with(session, elder.id, clock.today())
    return [pairing.helper_id for pairing in pairs if pairing.elder_id == elder.id]
