"""Changes of life of the demo: in hospital, died, moved, registered twice; and a pupil who helps."""

from datetime import date, timedelta
from random import Random

from sqlmodel import Session, col, select

from timebank.core import clock
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import in_area
from timebank.people import operations as people
from timebank.people.models import Person, PersonState, RiskTier, Sex
from timebank.volunteers.operations import let_minor_help

_AGO = {PersonState.HOSPITAL: 3, PersonState.DEAD: 5, PersonState.MOVED: 9}


def change_lives(session: Session, random: Random, township: str) -> None:
    """Cases that wait at the desks of a township, made through the real operations."""
    desk, today = Actor("usr_history", Role.COORDINATOR, township), clock.today()
    found = select(Person).where(in_area(col(Person.area_code), township), Person.tier == RiskTier.GENERAL)
    elders = list(session.exec(found.where(col(Person.elder_since_on).is_not(None)).order_by(Person.id)))
    *changed, twice, neighbour = random.sample(elders, len(_AGO) + 2)
    for elder, (state, days) in zip(changed, _AGO.items(), strict=True):
        until_on = today + timedelta(days=9) if state == PersonState.HOSPITAL else None
        since_on = today - timedelta(days=days)
        people.change_state(session, actor=desk, person_id=elder.id, state=state, since_on=since_on, until_on=until_on)
    _register_again(session, twice)
    _let_pupil_help(session, neighbour, today)


def _register_again(session: Session, known: Person) -> None:
    """The same person, entered a second time by somebody who did not look first."""
    again = people.NewPerson(known.household_code, known.name, known.sex, known.born_on, is_elder=True)
    people.register(session, actor=SYSTEM, given=again)


def _let_pupil_help(session: Session, grandparent: Person, today: date) -> None:
    born_on = today - timedelta(days=16 * 365 + 120)
    given = people.NewPerson(grandparent.household_code, grandparent.name[:1] + "小雨", Sex.FEMALE, born_on)
    pupil = people.register(session, actor=SYSTEM, given=given)
    people.check_real_name(session, actor=SYSTEM, person_id=pupil.id, passed=True, method="card_seen")
    let_minor_help(
        session,
        actor=SYSTEM,
        person_id=pupil.id,
        guardian_id=grandparent.id,
        relation="grandparent",
        ends_on=today + timedelta(days=200),
        evidence="村委会文件柜 3 号夹",
    )
