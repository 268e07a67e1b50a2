"""Two months that are over: visits that were settled, hours in the ledger, the months closed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.careplans.models import CareItem, CarePlan, ServiceKind
from timebank.careplans.rules import due_dates
from timebank.core import clock, ids, months
from timebank.core.actors import SYSTEM
from timebank.core.db import table_of
from timebank.demo.people import Population, columns_of
from timebank.ledger import operations as ledger
from timebank.ledger.models import HourAccount, Reason
from timebank.ledger.queries import pool_of
from timebank.ledger.rules import Posting
from timebank.people.models import Person
from timebank.policies.queries import in_force
from timebank.statements.operations import close_month
from timebank.visits.models import CarerState, Confirmation, EvidenceGrade, Visit, VisitCarer, VisitState

_BATCH = 1_000


@dataclass(frozen=True)
class _Done:
    """One visit that took place, with who came."""

    visit: Visit
    carers: list[VisitCarer]


def live_through(session: Session, random: Random, population: Population, *, district_code: str, month: str) -> None:
    """Let the visits of a past month happen, settle them and close the month, each at the time it would have."""
    with clock.frozen(clock.at_local(months.first_day(month), 9 * 60)):
        ledger.give_gifts(session, actor=SYSTEM, area_code=district_code, month=month)
    done = _visits(random, population, month)
    with clock.frozen(clock.at_local(months.last_day(month), 20 * 60)):
        _write(session, done)
        _credit(session, done, district_code)
    closed_at = min(clock.at_local(months.last_day(month) + timedelta(days=5), 12 * 60), clock.now())
    with clock.frozen(closed_at):
        close_month(session, actor=SYSTEM, district_code=district_code, month=month)


def _visits(random: Random, population: Population, month: str) -> list[_Done]:
    """What the care plans asked for in the month, done by volunteers of the elder's village, the same face first."""
    elders = {elder.id: elder for elder in population.elders}
    plans = {row.id: row for row in population.rows[CarePlan] if isinstance(row, CarePlan)}
    helpers = _helpers(population.volunteers)
    done: list[_Done] = []
    for item in population.rows[CareItem]:
        assert isinstance(item, CareItem)
        elder, plan = elders[plans[item.care_plan_id].elder_id], plans[item.care_plan_id]
        crew = helpers[elder.area_code[:12]]
        if len(crew) < item.crew_size or item.service == ServiceKind.MEAL:
            continue
        first = max(months.first_day(month), plan.starts_on)
        for on in due_dates(item.recurrence, starts_on=plan.starts_on, first_on=first, last_on=months.last_day(month)):
            if random.random() < 0.55:
                usual = sum(map(ord, elder.id)) + (random.random() < 0.2)
                team = [crew[(usual + seat) % len(crew)] for seat in range(item.crew_size)]
                done.append(_visit(random, item, elder, on, team))
    return done


def _helpers(volunteers: Sequence[Person]) -> dict[str, list[Person]]:
    by_village: dict[str, list[Person]] = defaultdict(list)
    for volunteer in volunteers:
        by_village[volunteer.area_code[:12]].append(volunteer)
    return by_village


def _visit(random: Random, item: CareItem, elder: Person, on: date, team: Sequence[Person]) -> _Done:
    starts_minute = item.window_from_minute + 5 * random.randrange(12)
    starts = clock.at_local(on, starts_minute)
    visit = Visit(
        id=ids.new_id("vis"),
        elder_id=elder.id,
        area_code=elder.area_code,
        household_code=elder.household_code,
        service=item.service,
        state=VisitState.SETTLED,
        care_item_id=item.id,
        due_on=on,
        window_from_minute=item.window_from_minute,
        window_to_minute=item.window_to_minute,
        duration_minutes=item.duration_minutes,
        crew_size=item.crew_size,
        tier=elder.tier.value,
        grade=EvidenceGrade.A,
        created_at=starts,
    )
    carers = [
        VisitCarer(
            id=ids.new_id("vca"),
            visit_id=visit.id,
            person_id=person.id,
            state=CarerState.ACCEPTED,
            starts_minute=starts_minute,
            checked_in_at=starts,
            checked_out_at=starts + timedelta(minutes=item.duration_minutes),
            credited_minutes=item.duration_minutes,
        )
        for person in team
    ]
    return _Done(visit, carers)


def _write(session: Session, done: Sequence[_Done]) -> None:
    confirmations = [_confirmation(item.visit) for item in done]
    for rows in ([item.visit for item in done], [carer for item in done for carer in item.carers], confirmations):
        if rows:
            session.connection().execute(sa.insert(table_of(type(rows[0]))), columns_of(rows))


def _confirmation(visit: Visit) -> Confirmation:
    at: datetime = clock.at_local(visit.due_on, visit.window_to_minute)
    return Confirmation(
        id=ids.new_id("cnf"), visit_id=visit.id, by_user_id="usr_history", method="call_back", happy=3, at=at
    )


def _credit(session: Session, done: Sequence[_Done], district_code: str) -> None:
    """Post what each carer earned, in batches, with every check of the ledger."""
    accounts = dict(
        session.exec(select(HourAccount.person_id, HourAccount.id).where(col(HourAccount.person_id).is_not(None))).all()
    )
    pool = pool_of(session, district_code)
    policy = in_force(session, district_code, done[0].visit.due_on)
    postings = [
        Posting(
            key=f"earn:{item.visit.id}:{carer.person_id}",
            debit_account_id=pool.id,
            credit_account_id=accounts[carer.person_id],
            minutes=carer.credited_minutes or 0,
            reason=Reason.EARN,
            source_id=item.visit.id,
            event_at=carer.checked_in_at or clock.now(),
            policy_version=policy.version,
            area_code=item.visit.area_code,
        )
        for item in done
        for carer in item.carers
    ]
    for start in range(0, len(postings), _BATCH):
        ledger.post_batch(session, actor=SYSTEM, postings=postings[start : start + _BATCH])
