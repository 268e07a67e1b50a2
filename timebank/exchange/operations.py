"""Taking over a register: all of it or nothing, and a second time it changes nothing."""

from dataclasses import dataclass, field

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core.actors import Actor
from timebank.core.csvio import Fault, read
from timebank.core.errors import TimebankError
from timebank.exchange.rules import PEOPLE_COLUMNS, REQUIRED, PersonLine, read_person
from timebank.people import operations as people
from timebank.people.queries import same_person


@dataclass
class ImportReport:
    """What an import did; with faults nothing was written."""

    registered: int = 0
    known: int = 0
    homes: int = 0
    faults: list[Fault] = field(default_factory=list)


def import_people(session: Session, *, actor: Actor, raw: bytes) -> ImportReport:
    """Register everybody of a CSV register inside the actor's area, with their homes.

    Who is registered already (identity number, or home, name and birth) is left alone. If any line is wrong, nothing
    of the file is written and the report names every fault by line and column. Raises BadInput for what is no table.
    """
    report, lines = ImportReport(), list[PersonLine]()
    for row in read(raw, PEOPLE_COLUMNS, required=REQUIRED):
        found = read_person(row)
        if isinstance(found, PersonLine):
            lines.append(found)
        else:
            report.faults += found
    whole = session.begin_nested()
    for line in lines:
        _register(session, actor, line, report)
    if report.faults:
        whole.rollback()
        report.faults.sort(key=lambda fault: fault.line)
        return ImportReport(faults=report.faults)
    whole.commit()
    note(session, actor=actor, action="exchange.import_people", subject_id=f"{report.registered} people")
    return report


def _register(session: Session, actor: Actor, line: PersonLine, report: ImportReport) -> None:
    """One line in a savepoint of its own, so that a refused line hides no other."""
    one = session.begin_nested()
    try:
        home, is_new = people.open_household(
            session,
            actor=actor,
            group_code=line.group_code,
            door=line.door,
            landmark=line.landmark,
            place=line.place,
        )
        report.homes += is_new
        if same_person(
            session, household_code=home.code, name=line.name, born_on=line.born_on, id_number=line.id_number
        ):
            report.known += 1
        else:
            people.register(session, actor=actor, given=_given(line, home.code))
            report.registered += 1
    except TimebankError as refusal:
        one.rollback()
        column = PEOPLE_COLUMNS.get(refusal.field or "", ("",))[0]
        report.faults.append(Fault(line.line, column, refusal.message))
        return
    one.commit()


def _given(line: PersonLine, household_code: str) -> people.NewPerson:
    return people.NewPerson(
        household_code=household_code,
        name=line.name,
        sex=line.sex,
        born_on=line.born_on,
        id_number=line.id_number,
        phone=line.phone,
        dialect=line.dialect,
        tags=line.tags,
        is_elder=line.is_elder,
        is_volunteer=line.is_volunteer,
    )
