"""What each role has to do now, with a figure behind each line; every figure is the one its own page shows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from timebank.assessments import queries as assessments
from timebank.assessments.models import AssessmentState
from timebank.beds import queries as beds
from timebank.core import clock, months
from timebank.core.actors import Actor, Role
from timebank.core.text import T, Text
from timebank.dayplans.queries import latest_plan
from timebank.emergency.models import AskState
from timebank.emergency.queries import asks_of, count_open
from timebank.emergency.ready_queries import calls_to, drill_calendar
from timebank.ledger.desk_queries import entries_in, open_disputes
from timebank.ledger.models import EntryState
from timebank.ledger.queries import account_of
from timebank.meals.queries import meals_without_order
from timebank.mutual.queries import waiting_sessions
from timebank.people.queries import open_cases, people_by_id
from timebank.policies.queries import in_force, versions_of
from timebank.statements.certificate_queries import certificates_asked
from timebank.statements.queries import close_is_due
from timebank.visiting.door_queries import unanswered_doors
from timebank.visiting.queries import count_searches, total_rate, visiting_rate
from timebank.visits import queries as visits
from timebank.visits.desk_queries import NOTE_DAYS, count_late_news, count_notes
from timebank.visits.models import CarerState, VisitState


@dataclass(frozen=True)
class Duty:
    """One line of a start page: what it is about, how many, where to go, and whether it needs a person now."""

    text: Text
    endpoint: str
    icon: str
    count: int | None = None
    is_urgent: bool = False
    minutes: int | None = None  # hours, where the figure is one
    percent: int | None = None  # a share, which at nought is no good news

    @property
    def words(self) -> Text:
        """What it is about, in words that fit how many there are."""
        return Text(self.text.msgid, {**self.text.values, "count": self.count})


def duties_of(session: Session, actor: Actor) -> list[Duty]:
    """The lines of one role's start page, the urgent ones first."""
    found = _BY_ROLE[actor.role](session, actor)
    return sorted(found + _HELP.get(actor.role, _nothing)(session, actor), key=lambda duty: not duty.is_urgent)


def _count(text: Text, endpoint: str, icon: str, count: int) -> Duty:
    """A line that needs somebody as soon as there is one."""
    return Duty(text, endpoint, icon, count, is_urgent=count > 0)


def _volunteer(session: Session, actor: Actor) -> list[Duty]:
    on, person_id = clock.today(), actor.person_id or ""
    stops = visits.stops_of(session, person_id, on, on + timedelta(days=7))
    today = [stop for stop in stops if stop.visit.due_on == on and stop.carer.checked_out_at is None]
    asked = [stop for stop in stops if stop.carer.state == CarerState.INVITED]
    wanted = visits.wanted_near(session, person_id, actor.area_code[:9], on)
    return [
        _count(T("{count:home|homes} today"), "visits.today", "route", len(today)),
        _count(
            T("{count:invitation that waits|invitations that wait} for your answer"),
            "visits.today",
            "calendar",
            len(asked),
        ),
        Duty(
            T("{count:neighbour near you wants|neighbours near you want} help"), "visits.wanted", "hands", len(wanted)
        ),
        _own_hours(session, person_id),
    ]


def _own_hours(session: Session, person_id: str) -> Duty:
    account = account_of(session, person_id)
    return Duty(T("My hours"), "hours.passbook", "wallet", minutes=account.balance_minutes if account else 0)


def _elder(session: Session, actor: Actor) -> list[Duty]:
    on = clock.today()
    elders = [
        person for person in people_by_id(session, actor.scope.person_ids or ()).values() if person.elder_since_on
    ]
    recent = [
        visit
        for elder in elders
        for visit in visits.visits_of_elder(session, elder.id, on - timedelta(days=30), on + timedelta(days=1))
    ]
    waiting = [visit for visit in recent if visit.state == VisitState.DONE]
    coming = [visit for visit in recent if visit.due_on >= on and visit.state == VisitState.PLANNED]
    return [
        _count(T("{count:visit waits|visits wait} for your nod"), "family.visits_of_mine", "smile", len(waiting)),
        Duty(T("{count:visit comes|visits come} today and tomorrow"), "family.visits_of_mine", "visit", len(coming)),
        Duty(T("Ask for help"), "family.ask_form", "hands"),
        _own_hours(session, actor.person_id or ""),
    ]


def _assistant(session: Session, actor: Actor) -> list[Duty]:
    today = visits.visits_on(session, actor.area_code, clock.today())
    return [
        _not_reached(session, actor),
        _count(
            T("{count:visit waits|visits wait} for the elder's nod"),
            "visit_desk.village_day",
            "smile",
            _waiting(session, actor, VisitState.DONE),
        ),
        Duty(T("{count:visit|visits} in the village today"), "visit_desk.village_day", "list", len(today)),
        _notes(session, actor),
        _late_news(session, actor),
        _visiting_rate(session, actor),
        _meals(session, actor),
        _changes_of_life(session, actor),
        Duty(T("Register somebody"), "people.new_person", "plus"),
    ]


def _notes(session: Session, actor: Actor) -> Duty:
    """Needs and hazards that helpers wrote down at visits, and nobody has answered."""
    told = count_notes(session, actor.area_code, clock.now() - timedelta(days=NOTE_DAYS))
    return _count(
        T("{count:need or hazard told at a visit waits|needs or hazards told at visits wait} for an answer"),
        "visit_desk.village_day",
        "alert",
        told,
    )


def _late_news(session: Session, actor: Actor) -> Duty:
    """Arrivals and departures of visits that were called off, closed or given away before they were told."""
    told = count_late_news(session, actor.area_code, clock.now() - timedelta(days=NOTE_DAYS))
    return _count(
        T("{count:visit|visits} of which somebody told too late: look"), "visit_desk.village_day", "alert", told
    )


def _changes_of_life(session: Session, actor: Actor) -> Duty:
    """Hospital, moved, died, registered twice: what is not settled yet."""
    text = T("{count:change of life is|changes of life are} not settled yet")
    return Duty(text, "cases.list_cases", "users", len(open_cases(session, actor.scope)))


def _waiting(session: Session, actor: Actor, state: VisitState) -> int:
    return visits.count_in_state(session, actor.area_code, state)


def _meals(session: Session, actor: Actor) -> Duty:
    """Meals of care plans for tomorrow that no kitchen cooks yet."""
    left = meals_without_order(session, actor.area_code, clock.today() + timedelta(days=1))
    return Duty(
        T("{count:meal of tomorrow is|meals of tomorrow are} not ordered yet"),
        "meals.kitchens",
        "meal",
        len(left),
        is_urgent=bool(left),
    )


def _not_reached(session: Session, actor: Actor) -> Duty:
    """Elders whom somebody has to look for: searches under way, and doors that stayed shut just now."""
    doors = unanswered_doors(session, actor.area_code, clock.today())
    count = count_searches(session, actor.area_code) + len(doors)
    return _count(T("{count:elder was|elders were} not reached"), "visiting.searches", "alert", count)


def _visiting_rate(session: Session, actor: Actor) -> Duty:
    """Percent of the elders on the visiting list who were visited this month, from the one query for it."""
    visited, registered = total_rate(visiting_rate(session, actor.area_code, months.of_date(clock.today())))
    if not registered:
        return Duty(T("Visiting rate"), "visiting.visiting_rate", "chart")
    text = T("of the elders in special difficulty were visited this month")
    return Duty(text, "visiting.visiting_rate", "chart", percent=visited * 100 // registered)


def _coordinator(session: Session, actor: Actor) -> list[Duty]:
    tomorrow = clock.today() + timedelta(days=1)
    due = visits.visits_on(session, actor.area_code, tomorrow, (VisitState.DUE,))
    plan = latest_plan(session, actor.area_code[:9], tomorrow)
    is_published = plan is not None and plan.published_at is not None
    text = T("visits of tomorrow are on no plan")
    if plan is not None and not is_published:
        text = T("visits of tomorrow wait for their plan to be published")
    return [
        Duty(text, "dayplans.list_days", "route", len(due), is_urgent=bool(due) and not is_published),
        _not_reached(session, actor),
        _notes(session, actor),
        _late_news(session, actor),
        Duty(
            T("{count:visit is|visits are} under way"),
            "visit_desk.village_day",
            "clock",
            _waiting(session, actor, VisitState.RUNNING),
        ),
        _count(
            T("{count:visit waits|visits wait} for a review"),
            "reviews.review_queue",
            "eye",
            _waiting(session, actor, VisitState.CONFIRMED),
        ),
        _visiting_rate(session, actor),
        _meals(session, actor),
        *_care_at_home(session, actor),
    ]


def _care_at_home(session: Session, actor: Actor) -> list[Duty]:
    """Assessments that wait for this reader's signature, beds that got too little, hazards past their day."""
    waiting = [
        row
        for row, _ in assessments.under_way(session, actor.scope)
        if row.state == AssessmentState.WAITING and row.first_assessor_id != actor.user_id
    ]
    month = months.of_date(clock.today())
    short = sum(row.month.is_short for row in beds.month_figures(session, actor.area_code, month))
    return [
        _count(
            T("{count:assessment waits|assessments wait} for your signature"),
            "assessments.list_assessments",
            "list",
            len(waiting),
        ),
        _count(T("{count:home-care bed|home-care beds} got too little this month"), "beds.list_beds", "bed", short),
        _overdue_hazards(session, actor),
    ]


def _overdue_hazards(session: Session, actor: Actor) -> Duty:
    rows = beds.open_hazards(session, actor.area_code)
    overdue = sum(hazard.due_on < clock.today() and hazard.mended_on is None for hazard, _, _ in rows)
    return _count(
        T("{count:hazard at a home-care bed is past its day|hazards at home-care beds are past their day}"),
        "bed_figures.hazards",
        "alert",
        overdue,
    )


def _desk_of_hours(session: Session, actor: Actor) -> list[Duty]:
    """What members and colleagues ask the office to decide about hours."""
    entries = entries_in(session, actor.scope, state=EntryState.WAITING)
    disputes = open_disputes(session, actor.scope, actor.role)
    asked = certificates_asked(session, actor.area_code)
    return [
        _count(
            T("{count:entry waits|entries wait} for a second person"), "hours_desk.list_entries", "shield", len(entries)
        ),
        _count(T("{count:line is|lines are} disputed"), "hours_desk.list_disputes", "alert", len(disputes)),
        _count(T("{count:certificate is|certificates are} asked for"), "certificates.desk", "file", len(asked)),
    ]


def _supervisor(session: Session, actor: Actor) -> list[Duty]:
    return [
        _count(
            T("{count:visit waits|visits wait} for a review"),
            "reviews.review_queue",
            "eye",
            _waiting(session, actor, VisitState.CONFIRMED),
        ),
        _visiting_rate(session, actor),
        _changes_of_life(session, actor),
        *_care_at_home(session, actor),
        *_desk_of_hours(session, actor),
        *_month_to_close(session, actor),
    ]


def _month_to_close(session: Session, actor: Actor) -> list[Duty]:
    close_day, page = (
        in_force(session, actor.area_code, clock.today()).number("period.close_day"),
        "statements.list_months",
    )
    if month := close_is_due(session, close_day):
        return [Duty(T("{month} is to be closed", month=months.spoken(month)), page, "lock", is_urgent=True)]
    if month := close_is_due(session, 1):
        text = T("{month} is over; it is closed on day {day} of this month", month=months.spoken(month), day=close_day)
        return [Duty(text, page, "lock")]
    return [Duty(T("All months are closed"), page, "check")]


def _bureau(session: Session, actor: Actor) -> list[Duty]:
    proposals = [row for row in versions_of(session, actor.area_code) if row.approved_by is None]
    return [
        *_month_to_close(session, actor),
        *_desk_of_hours(session, actor),
        _count(
            T("{count:change of the rules waits|changes of the rules wait} for a second person"),
            "policies.rules_in_force",
            "book-open",
            len(proposals),
        ),
        _visiting_rate(session, actor),
        _overdue_hazards(session, actor),
    ]


def _auditor(session: Session, actor: Actor) -> list[Duty]:
    return [
        *_month_to_close(session, actor),
        Duty(T("What was done"), "desk.event_log", "scroll-text"),
        Duty(T("The rules in force"), "policies.rules_in_force", "book-open"),
    ]


def _administrator(session: Session, actor: Actor) -> list[Duty]:
    return [
        Duty(T("Logins"), "desk.list_logins", "key"),
        Duty(T("What was done"), "desk.event_log", "scroll-text"),
        *_month_to_close(session, actor),
    ]


def _nothing(_session: Session, _actor: Actor) -> list[Duty]:
    return []


def _emergencies(session: Session, actor: Actor) -> list[Duty]:
    """Open emergencies that were carried up to this desk; drills that are due, where the desk holds them."""
    level = {Role.BUREAU: 2, Role.COORDINATOR: 1, Role.SUPERVISOR: 1}.get(actor.role, 0)
    reached = count_open(session, actor.area_code, level=level)
    groups = Duty(T("Groups, pairs and rounds"), "mutual.overview", "users")
    waiting = _count(
        T("{count:session waits|sessions wait} for a second person"),
        "mutual.overview",
        "users",
        _sessions(session, actor),
    )
    found = [
        _count(T("{count:emergency is|emergencies are} open"), "emergency.desk", "siren", reached),
        waiting if waiting.count else groups,
    ]
    if actor.role in (Role.SUPERVISOR, Role.COORDINATOR):
        due = [row for row in drill_calendar(session, actor.scope, clock.today()) if row.due and row.due.is_near]
        found += (
            [Duty(T("{count:drill is|drills are} due"), "readiness.drills", "list", len(due), is_urgent=True)]
            if due
            else []
        )
    return found


def _sessions(session: Session, actor: Actor) -> int:
    return len(waiting_sessions(session, actor.scope))


def _asked(session: Session, actor: Actor) -> list[Duty]:
    """Where a volunteer is asked to go now."""
    asks = [ask for ask in asks_of(session, actor.person_id or "") if ask.helper.state != AskState.THERE]
    calls = [call_up for call_up, said in calls_to(session, actor.person_id or "") if said.is_coming is None]
    needed = len(asks) + len(calls)
    return [Duty(T("call you for help now"), "alarm.needed", "siren", needed, is_urgent=True)] if needed else []


def _call_for_help(_session: Session, _actor: Actor) -> list[Duty]:
    return [Duty(T("Call for help"), "alarm.sos", "siren")]


_HELP: dict[Role, Callable[[Session, Actor], list[Duty]]] = {
    Role.VOLUNTEER: _asked,
    Role.ELDER: _call_for_help,
    Role.ASSISTANT: _emergencies,
    Role.COORDINATOR: _emergencies,
    Role.SUPERVISOR: _emergencies,
    Role.BUREAU: _emergencies,
}
_BY_ROLE: dict[Role, Callable[[Session, Actor], list[Duty]]] = {
    Role.VOLUNTEER: _volunteer,
    Role.ELDER: _elder,
    Role.ASSISTANT: _assistant,
    Role.COORDINATOR: _coordinator,
    Role.SUPERVISOR: _supervisor,
    Role.BUREAU: _bureau,
    Role.AUDITOR: _auditor,
    Role.ADMINISTRATOR: _administrator,
}
