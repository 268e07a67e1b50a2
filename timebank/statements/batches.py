"""A month on paper: one print file a village, in the order of the assistant's round, made by several processes."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from sqlmodel import Session

from timebank.areas.models import Area
from timebank.core import months
from timebank.core.errors import Refused
from timebank.core.text import T
from timebank.people.models import Person
from timebank.policies.queries import in_force
from timebank.statements import queries, sheets
from timebank.statements.models import Statement

SHEETS_A_RUN = 120  # a print file of more is split: one run of the press never holds more than this


@dataclass(frozen=True)
class PrintFile:
    """What goes into one file: the sheets in order, and what stands on each."""

    path: Path
    statements: tuple[tuple[Statement, Person], ...]
    head: sheets.Letterhead


def print_files(
    session: Session, month: str, folder: Path, *, scheme: str, base_url: str, area_code: str
) -> Iterator[PrintFile]:
    """The print files of a closed month, village by village; books with nothing in them are left out.

    Refuses a month that is not closed.
    """
    run = queries.run_of(session, months.parse_month(month))
    if run is None:
        raise Refused("statements.not_closed", T("This month is not closed yet."), field="month")
    district = session.get(Area, area_code[:6])
    for code, _ in queries.parts_with_sheets(session, area_code, month, digits=12):
        rows = queries.statements_of_area(session, code, month)
        worth_paper = [row for row in rows if queries.is_worth_paper(row[0])]
        head = sheets.Letterhead(
            scheme=scheme,
            district=district.name_zh if district else "",
            base_url=base_url,
            policy=in_force(session, code, months.last_day(month)),
            root=run.root,
        )
        for start in range(0, len(worth_paper), SHEETS_A_RUN):
            part = f"-{start // SHEETS_A_RUN + 1}" if len(worth_paper) > SHEETS_A_RUN else ""
            chosen = tuple(worth_paper[start : start + SHEETS_A_RUN])
            yield PrintFile(folder / f"sheets-{code}-{month}{part}.pdf", chosen, head)
        session.expunge_all()  # so that memory does not grow with the district


def print_all(files: Iterator[PrintFile], *, processes: int) -> int:
    """Print files with several presses at once; how many sheets. Only a few files are held in memory at a time."""
    printed, pending = 0, set[Future[int]]()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as presses:
        for file in files:
            pending.add(presses.submit(print_one, file))
            if len(pending) > 2 * processes:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                printed += sum(future.result() for future in done)
        printed += sum(future.result() for future in pending)
    return printed


def print_one(file: PrintFile) -> int:
    """Print one file; how many sheets. The file appears whole or not at all."""
    file.path.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.path.with_suffix(".part")
    fresh.write_bytes(sheets.pdf(file.statements, head=file.head))
    fresh.replace(file.path)
    return len(file.statements)
