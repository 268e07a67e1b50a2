"""Becoming a volunteer: asked on a phone, agreed by the village that sees the card, decided by the township."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from timebank.areas.models import Area, AreaKind
from timebank.audit.operations import note
from timebank.auth import operations as auth
from timebank.core import clock, crypto, ids
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.people import operations as people
from timebank.people import rules as people_rules
from timebank.people.models import Household, Person, Sex
from timebank.phones import queries
from timebank.phones.models import Application, ApplicationState
from timebank.phones.rules import APPLICATIONS_PER_HOUR


@dataclass(frozen=True)
class ApplicationIn:
    """What somebody writes who wants to help; texts as typed."""

    area_code: str
    name: str
    sex: Sex
    born_on: date
    phone: str
    wishes: Sequence[str] = ()
    words: str = ""


def apply(session: Session, *, asked: ApplicationIn, address: str) -> Application:
    """Keep an application; the village assistant calls back. Sent again by the same person it is the same one.

    Refuses an unknown village, who is under 18, a bad phone number, and too many from one address in an hour.
    """
    auth.count_attempt(session, purpose="apply", of=address, limit=APPLICATIONS_PER_HOUR)
    village = session.get(Area, asked.area_code)
    if village is None or village.kind != AreaKind.VILLAGE:
        raise BadInput("phones.no_such_village", T("Choose your village from the list."), field="area_code")
    today = clock.today()
    born_on = people_rules.check_birth(asked.born_on, today=today)
    if not people_rules.may_volunteer(born_on, today):
        raise Refused("people.too_young", T("Who is under 18 helps in a group with a guardian."), field="born_on")
    phone = people_rules.check_phone(asked.phone)
    if not phone:
        raise BadInput("people.bad_phone", T("A phone number has 5 to 15 plain digits."), field="phone")
    name = people_rules.check_name(asked.name)
    known = _same(session, village.code, name, born_on)
    if known:
        return known
    made = Application(
        id=ids.new_id("apl"),
        area_code=village.code,
        name=name,
        sex=asked.sex,
        born_on=born_on,
        phone_sealed=crypto.vault().seal(phone),
        wishes=list(asked.wishes),
        words=asked.words.strip()[:400],
        sent_at=clock.now(),
    )
    session.add(made)
    note(session, actor=SYSTEM, action="phones.apply", subject_id=made.id, area_code=village.code)
    return made


def _same(session: Session, area_code: str, name: str, born_on: date) -> Application | None:
    village = Actor("usr_system", Role.ASSISTANT, area_code)
    waiting = queries.open_applications(session, village.scope)
    return next((one for one in waiting if one.name == name and one.born_on == born_on), None)


def agree_in_village(session: Session, *, actor: Actor, application_id: str, household_code: str) -> Application:
    """The village saw the identity card and knows the home; the township decides next."""
    found = _open(session, actor, application_id, ApplicationState.SENT)
    home = session.get(Household, household_code.strip())
    if home is None or not home.area_code.startswith(found.area_code):
        text = T("There is no such household in this village.")
        raise BadInput("people.no_such_household", text, field="household_code")
    found.state, found.household_code = ApplicationState.VILLAGE_AGREED, home.code
    found.village_by, found.village_at = actor.user_id, clock.now()
    session.add(found)
    note(session, actor=actor, action="phones.agree_in_village", subject_id=found.id, area_code=found.area_code)
    return found


def decide(session: Session, *, actor: Actor, application_id: str, accept: bool, reason: str = "") -> Application:
    """The township takes somebody on, or says why not. Accepted, they are registered with their identity checked.

    Refuses who agreed for the village, a no without a reason, and a person who is registered already.
    """
    found = _open(session, actor, application_id, ApplicationState.VILLAGE_AGREED)
    if actor.user_id == found.village_by:
        raise NotAllowed("phones.second_person", T("Somebody else than in the village must decide."))
    if not accept and not reason.strip():
        raise BadInput("phones.no_reason", T("Write the reason; it is told to the person."), field="reason")
    found.state = ApplicationState.ACCEPTED if accept else ApplicationState.REFUSED
    found.decided_by, found.decided_at, found.reason = actor.user_id, clock.now(), reason.strip()[:400]
    if accept:
        found.person_id = _registered(session, actor, found).id
    session.add(found)
    note(session, actor=actor, action="phones.decide", subject_id=found.id, area_code=found.area_code, accepted=accept)
    return found


def _open(session: Session, actor: Actor, application_id: str, state: ApplicationState) -> Application:
    found = queries.application_for(session, actor.scope, application_id)
    if found is None:
        raise NotFound("phones.no_such_application", T("There is no such application in your area."))
    if found.state != state:
        raise Refused("phones.not_this_step", T("This application waits for another step, or is decided."))
    return found


def _registered(session: Session, actor: Actor, found: Application) -> Person:
    given = people.NewPerson(
        household_code=found.household_code or "",
        name=found.name,
        sex=found.sex,
        born_on=found.born_on,
        phone=str(crypto.vault().open(found.phone_sealed)),
        is_volunteer=True,
    )
    person = people.register(session, actor=actor, given=given)
    who_saw_the_card = Actor(found.village_by, Role.ASSISTANT, found.area_code)
    people.check_real_name(session, actor=who_saw_the_card, person_id=person.id, passed=True, method="card_seen")
    return person
