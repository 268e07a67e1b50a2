"""Mutual help of the demo: groups, teams and pairs everywhere, a duty week, one emergency, one drill, one month.

What stands from the beginning is written in bulk; what happened in one township goes through the operations.
A few groups and teams are missing, so that the map of the three indicators has something to show.
"""

from collections import defaultdict
from datetime import date, timedelta
from random import Random

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.areas.models import Area, AreaKind
from timebank.core import clock, ids
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import in_area
from timebank.demo.history import closing_day
from timebank.demo.people import Population
from timebank.demo.rows import Row
from timebank.emergency import operations as emergency
from timebank.emergency.models import AskState, CaseEnding, CaseKind, CaseSource, DutyShift
from timebank.emergency.queries import helpers_of
from timebank.ledger.models import ClosedMonth
from timebank.mutual import operations as mutual
from timebank.mutual.models import GroupKind, GroupMember, HelpGroup, Pairing
from timebank.mutual.queries import doors_of, members_of, paired_helpers
from timebank.mutual.rules import name_of
from timebank.people.models import Person, PersonState
from timebank.policies.rules import default_values
from timebank.visiting.models import Outcome
from timebank.visiting.queries import in_a_group
from timebank.visiting.rules import groups_of

TABLES = (HelpGroup, GroupMember, Pairing, DutyShift)
_NO_GROUP, _NO_TEAM, _NO_PAIR = 0.06, 0.05, 0.3
_DAY, _NIGHT = (8 * 60, 20 * 60), (20 * 60, 32 * 60)


def organise(random: Random, population: Population, areas: list[Area], *, today: date) -> None:
    """Rows for nearly every group, team and pair of the district, and for the duty week of every village."""
    helpers: dict[str, list[Row]] = defaultdict(list)
    for volunteer in population.volunteers:
        helpers[volunteer.area_code[:12]].append(volunteer)
    names = {area.code: area.name_zh for area in areas}
    for area in areas:
        crew = helpers[area.code[:12]]
        if area.kind == AreaKind.VILLAGE and crew:
            _duty(population, area.code, crew, today)
            if random.random() >= _NO_TEAM:
                _group(population, area, GroupKind.TEAM, names[area.code], crew, today)
        if area.kind == AreaKind.HELP_GROUP and len(crew) >= 3 and random.random() >= _NO_GROUP:
            _group(population, area, GroupKind.GROUP, names[area.code[:12]], _neighbours(crew, area.code), today)
    _pairs(random, population, helpers, today)


def _neighbours(crew: list[Row], group_code: str) -> list[Row]:
    """Who lives in the villager group, filled up from the ones beside it to three."""
    return sorted(crew, key=lambda person: (person.area_code != group_code, person.id))[:3]


def _group(population: Population, area: Area, kind: GroupKind, village: str, members: list[Row], today: date) -> None:
    group = population.add(
        HelpGroup,
        id=ids.new_id("hgr"),
        area_code=area.code,
        kind=kind,
        name=name_of(kind, area.name_zh, village=village),
        leader_id=members[0].id,
        founded_on=today,
    )
    for person in members:
        population.add(GroupMember, id=ids.new_id("gmb"), group_id=group.id, person_id=person.id, joined_on=today)


def _pairs(random: Random, population: Population, helpers: dict[str, list[Row]], today: date) -> None:
    """Most elders in special difficulty have a helper of their village, each helper few enough of them."""
    most = default_values()["mutual.elders_per_helper"]
    load: dict[str, int] = defaultdict(int)
    for elder in population.elders:
        crew = [one for one in helpers[elder.area_code[:12]] if one.household_code != elder.household_code]
        if not crew or not groups_of(elder.tags) or random.random() < _NO_PAIR:
            continue
        helper = crew[sum(map(ord, elder.id)) % len(crew)]  # the usual face of the months before (history)
        if load[helper.id] < most:
            load[helper.id] += 1
            population.add(
                Pairing,
                id=ids.new_id("pai"),
                elder_id=elder.id,
                helper_id=helper.id,
                area_code=elder.area_code,
                starts_on=today,
            )


def _duty(population: Population, village: str, crew: list[Row], today: date) -> None:
    """The assistant by day, the others in turn at night; nobody on Sunday nights."""
    for weekday in range(7):
        for (start, end), person in ((_DAY, crew[-1]), (_NIGHT, crew[weekday % len(crew)])):
            if weekday < 6 or (start, end) == _DAY:
                population.add(
                    DutyShift,
                    id=ids.new_id("dsh"),
                    area_code=village,
                    person_id=person.id,
                    weekday=weekday,
                    from_minute=start,
                    to_minute=end,
                    starts_on=today,
                )


def help_each_other(session: Session, township: str, today: date) -> None:
    """What happened in one township: a fall some mornings ago, a drill, a round and two afternoons."""
    closed = session.exec(select(sa.func.max(ClosedMonth.month))).one()
    _fall(session, township, max(today - timedelta(days=12), closing_day(closed) + timedelta(days=1)))
    with clock.frozen(clock.at_local(today - timedelta(days=1), 17 * 60)):
        drill = emergency.DrillIn(
            area_code=township,
            on=max(date(today.year, 1, 1), today - timedelta(days=160)),
            kind=CaseKind.WEATHER,
            people=38,
            minutes_to_help=14,
            went_well="值班电话全部打通，沿河 6 户老人 40 分钟内转移到村小",
            to_mend="两户没有求助卡；夜间要备手电和雨衣",
        )
        emergency.record_drill(session, actor=_office(township), drill=drill)
        _afternoon(session, township)


def _office(area_code: str) -> Actor:
    return Actor("usr_history", Role.COORDINATOR, area_code)


def _fall(session: Session, township: str, on: date) -> None:
    """An elder fell: the daughter called, the paired helper was there after eleven minutes."""
    elder = _elder_with_a_pair(session, township, on)
    with clock.frozen(clock.at_local(on, 7 * 60 + 40)):
        case = emergency.open_case(
            session,
            actor=_office(township),
            elder_id=elder.id,
            source=CaseSource.CALL,
            kind=CaseKind.FALL,
            words="女儿从城里打来：妈妈在院坝摔了，起不来",
        )
    goer = helpers_of(session, [case.id])[case.id][0][1]
    for minute, state in ((42, AskState.COMING), (51, AskState.THERE)):
        with clock.frozen(clock.at_local(on, 7 * 60 + minute)):
            emergency.answer(session, actor=_office(township), case_id=case.id, person_id=goer.id, state=state)
    with clock.frozen(clock.at_local(on, 8 * 60 + 30)):
        report = emergency.ReportIn(
            ending=CaseEnding.AT_HOME,
            words="扶起来坐稳，量了血压 142/84，手腕擦伤消了毒。女儿当天下午赶到。院坝青苔已铲掉。",
            there_at=clock.at_local(on, 7 * 60 + 51),
            over_at=clock.at_local(on, 8 * 60 + 25),
            who=[goer.id],
        )
        emergency.close_case(session, actor=_office(township), case_id=case.id, report=report)


def _elder_with_a_pair(session: Session, township: str, on: date) -> Person:
    found = select(Person).where(in_area(col(Person.area_code), township), in_a_group())
    found = found.where(Person.state == PersonState.ACTIVE, col(Person.elder_since_on).is_not(None))
    elders = list(session.exec(found.order_by(Person.id)))
    paired = paired_helpers(session, [elder.id for elder in elders], on)
    return next(elder for elder in elders if elder.id in paired)


def _afternoon(session: Session, township: str) -> None:
    """One group walked its doors and sat together; a second session still waits for somebody to agree."""
    groups = select(HelpGroup).where(in_area(col(HelpGroup.area_code), township), HelpGroup.kind == GroupKind.GROUP)
    group = session.exec(groups.order_by(HelpGroup.area_code)).first()
    if group is None:
        return
    today, assistant = clock.today(), Actor("usr_history", Role.ASSISTANT, group.area_code[:12])
    there = select(Person.id).where(Person.area_code == group.area_code, col(Person.elder_since_on).is_not(None))
    if session.exec(there).first():
        patrol = mutual.plan_round(session, actor=assistant, group_id=group.id, on=today)
        for door in doors_of(session, [patrol.id])[patrol.id][:-1]:
            mutual.tell_door(session, actor=assistant, round_id=patrol.id, door_id=door.door.id, outcome=Outcome.WELL)
    helped = [person.id for person in members_of(session, group.id, today)]
    for days_ago, topic in ((4, "scams"), (1, "table")):
        told = mutual.SessionIn(today - timedelta(days=days_ago), 14 * 60, 105, topic, helped)
        made = mutual.tell_session(session, actor=assistant, group_id=group.id, told=told)
        if days_ago > 1:
            mutual.accept_session(session, actor=SYSTEM, session_id=made.id)
