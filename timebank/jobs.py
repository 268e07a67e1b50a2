"""What happens by itself: sealing, freeing holds, the month's gifts, the close of the month, in a process of its own.

APScheduler says when; a row per firing, written in the unit of work of its effect, says that it was done. So any number
of these processes do each thing once, one that is killed leaves nothing half done, and one that was down catches up.
"""

import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Event

import sqlalchemy as sa
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlmodel import Session

from timebank.assessments import operations as assessments
from timebank.config import Settings
from timebank.core import clock, db, months
from timebank.core.actors import SYSTEM
from timebank.core.claims import is_first
from timebank.core.crash import crash_point
from timebank.core.db import table_of
from timebank.core.errors import TimebankError
from timebank.dayplans import operations as dayplans
from timebank.emergency import operations as emergency
from timebank.ledger import operations as ledger
from timebank.meals import operations as meals
from timebank.people import operations as people
from timebank.policies.queries import in_force
from timebank.statements.models import JobFiring
from timebank.statements.operations import close_month
from timebank.statements.queries import close_is_due
from timebank.visiting import operations as visiting
from timebank.visits import operations as visits
from timebank.visits.queries import sources_at_work

log = logging.getLogger("timebank.jobs")
_LATE_SECONDS = 3_600  # a firing that could not run in time still runs
_KEPT = timedelta(days=40)  # longer than any slot, so that no firing is forgotten while its slot lasts


@dataclass(frozen=True)
class Job:
    """One thing that happens by itself.

    `slot` names the firing that is due now ("" for none): the same for every process that asks at that time.
    """

    name: str
    cron: str
    slot: Callable[[Session, str], str]
    work: Callable[[Session, str, str], object]


def _this_minute(_session: Session, _district_code: str) -> str:
    return clock.now().strftime("%Y-%m-%dT%H:%M")


def _this_month(_session: Session, _district_code: str) -> str:
    return months.of_date(clock.today())


def _month_due(session: Session, district_code: str) -> str:
    policy = in_force(session, district_code, clock.today())
    return close_is_due(session, policy.number("period.close_day")) or ""


def _today(_session: Session, _district_code: str) -> str:
    return clock.today().isoformat()


def _tidy(session: Session, _district_code: str, _slot: str) -> object:
    table = table_of(JobFiring)
    return session.connection().execute(sa.delete(table).where(table.c.done_at < clock.now() - _KEPT))


def _seal(session: Session, _district_code: str, _slot: str) -> object:
    return ledger.seal_new_rows(session, reason="minute")


def _free_holds(session: Session, _district_code: str, _slot: str) -> object:
    return ledger.release_expired_holds(session, actor=SYSTEM, kept=sources_at_work(session))


def _give(session: Session, district_code: str, slot: str) -> object:
    return ledger.give_gifts(session, actor=SYSTEM, area_code=district_code, month=slot)


def _close(session: Session, district_code: str, slot: str) -> object:
    return close_month(session, actor=SYSTEM, district_code=district_code, month=slot)


def _limits(session: Session, district_code: str, _slot: str) -> object:
    return ledger.apply_limits(session, actor=SYSTEM, district_code=district_code)


def _end_the_day(session: Session, district_code: str, _slot: str) -> object:
    """Forgotten departures of days before, and photos that were kept long enough."""
    visits.purge_photos(session, actor=SYSTEM, area_code=district_code)
    return visits.close_forgotten(session, actor=SYSTEM, area_code=district_code)


def _standing_meals(session: Session, district_code: str, _slot: str) -> object:
    """The meals of tomorrow that care plans ask for, as soon as a kitchen has put a dish on its list."""
    on = clock.today() + timedelta(days=1)
    return meals.make_standing_orders(session, actor=SYSTEM, area_code=district_code, on=on)


def _moves(session: Session, district_code: str, _slot: str) -> object:
    """Moves within the district that were entered ahead, on their day."""
    return people.carry_out_moves(session, actor=SYSTEM, area_code=district_code)


def _tiers(session: Session, district_code: str, _slot: str) -> object:
    return visiting.decide_tiers(session, actor=SYSTEM, area_code=district_code)


def _search(session: Session, district_code: str, _slot: str) -> object:
    """Searches for elders whom nobody reached: begun, gone on with, ended, and the alarm when time runs out."""
    return visiting.watch(session, area_code=district_code)


def _watch_emergencies(session: Session, district_code: str, _slot: str) -> object:
    """Ask the next people, and carry up what waits too long."""
    return emergency.watch(session, area_code=district_code)


def _drop_old_forms(session: Session, district_code: str, _slot: str) -> object:
    """Assessment forms that nobody finished: health data are not kept for nothing."""
    return assessments.drop_old_drafts(session, actor=SYSTEM, area_code=district_code)


def _learn_drives(session: Session, district_code: str, _slot: str) -> object:
    """What drives take, from the arrivals and departures of the last weeks."""
    return dayplans.learn_drives(session, actor=SYSTEM, area_code=district_code)


def _forget(session: Session, district_code: str, _slot: str) -> object:
    """A part of what was kept long enough; the next firing goes on, until nothing is left that night."""
    assessments.drop_superseded(session, actor=SYSTEM, area_code=district_code)
    return people.forget(session, actor=SYSTEM, area_code=district_code)


JOBS = (
    Job("free-holds", "* * * * *", _this_minute, _free_holds),
    Job("close", "*/10 * * * *", _month_due, _close),
    Job("gifts", "*/10 * * * *", _this_month, _give),
    Job("seal", "* * * * *", _this_minute, _seal),
    Job("tidy", "7 3 * * *", _today, _tidy),
    Job("limits", "*/10 * * * *", _today, _limits),
    Job("end-the-day", "17 2 * * *", _today, _end_the_day),
    Job("search", "* * * * *", _this_minute, _search),
    Job("standing-meals", "*/15 * * * *", _this_minute, _standing_meals),
    Job("moves", "*/10 * * * *", _this_minute, _moves),
    Job("tiers", "47 3 * * *", _today, _tiers),
    Job("emergencies", "* * * * *", _this_minute, _watch_emergencies),  # after the search, whose alarms it looks after
    Job("old-forms", "37 3 * * *", _today, _drop_old_forms),
    Job("learn-drives", "57 3 * * *", _today, _learn_drives),
    Job("forget", "*/5 1-5 * * *", _this_minute, _forget),
)


def fire(job: Job, settings: Settings) -> bool:
    """Do a job if its slot is due and nobody did it before; True where this call did it.

    What stands in the way (unsettled visits, a fund too small) is logged, leaves nothing behind and is tried again at
    the next time; the other jobs go on. What the database breaks off is done anew at once.
    """
    try:
        done = db.in_one_unit(lambda session: _do(session, job, settings.district_code), before_again=lambda: None)
    except TimebankError as error:
        log.warning("%s waits: %s", job.name, error.code)
        return False
    crash_point(f"jobs.{job.name}.after_commit")
    if done:
        _keep_seals(settings)
    return done


def _keep_seals(settings: Settings) -> None:
    """Write new seals to the file outside. A disk that is full stops no job: what is missing, the next call adds."""
    try:
        with db.reading() as session:
            ledger.export_seals(session, settings.data_dir / "seals")
    except (OSError, ValueError):
        log.exception("the seals could not be written to their file")


def _do(session: Session, job: Job, district_code: str) -> bool:
    slot = job.slot(session, district_code)
    if not slot or not is_first(session, JobFiring, id=f"{job.name}:{slot}", done_at=clock.now()):
        return False
    crash_point(f"jobs.{job.name}.after_claim")
    job.work(session, district_code, slot)
    log.info("%s done for %s", job.name, slot)
    crash_point(f"jobs.{job.name}.before_commit")
    return True


def catch_up(settings: Settings, *, is_asked_to_stop: Callable[[], bool] = lambda: False) -> None:
    """Do everything that is due now, months that were missed one after the other."""
    for job in JOBS:
        while not is_asked_to_stop() and fire(job, settings) and job.slot is _month_due:
            pass


def run(settings: Settings) -> None:
    """Catch up, then wait for the times of the jobs until the process is asked to stop."""
    scheduler = BackgroundScheduler(timezone=clock.ZONE)
    for job in JOBS:
        scheduler.add_job(
            fire,
            CronTrigger.from_crontab(job.cron, timezone=clock.ZONE),
            args=[job, settings],
            id=job.name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=_LATE_SECONDS,
        )
    stop = Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    log.info("watching for what is due")
    catch_up(settings, is_asked_to_stop=stop.is_set)
    scheduler.start(paused=stop.is_set())
    stop.wait()
    scheduler.shutdown()  # what runs ends its unit of work first; nothing is broken off in the middle
