"""The member's passbook: what there is, what waits, the lines by month, and the story behind each line."""

from typing import Any

from flask import Blueprint, render_template, request

from timebank.auth.guards import EVERY_ROLE, MEMBERS, actor, guard
from timebank.core import clock, http, ids, months
from timebank.core.actors import Scope
from timebank.core.errors import NotFound
from timebank.core.i18n import current_locale
from timebank.core.text import T
from timebank.ledger.desk_pages import PROPOSERS
from timebank.ledger.models import AccountKind, Reason, Seal
from timebank.ledger.queries import account_of, sealing_of
from timebank.ledger.rules import REASON_WORDS
from timebank.people.entries import joined_entries
from timebank.people.models import Person
from timebank.people.queries import entry_for, people_by_id, person_for
from timebank.statements import passbook_queries as queries
from timebank.statements import pictures
from timebank.statements.passbook_queries import Story
from timebank.statements.readers import check_reader, reads
from timebank.statements.words import WAITING_WORDS, rule_words

bp = Blueprint("hours", __name__)


@bp.app_context_processor
def reason_words() -> dict[str, Any]:
    """What the reasons of transfers are called, for every template that shows lines."""
    return {"reason_words": REASON_WORDS}


@bp.get("/hours")
@guard(*MEMBERS)
def passbook() -> Any:
    """The caller's own passbook."""
    person_id = actor().person_id
    person = person_for(http.session(), actor().scope, person_id) if person_id else None
    if person is None:
        raise NotFound("statements.no_person", T("This login belongs to no person. Ask the township office."))
    return _book(person)


@bp.get("/hours/<string:person_id>")
@guard(*EVERY_ROLE, load={"person_id": entry_for})
def passbook_of(person: Person) -> Any:
    """The passbook of somebody the caller acts for, or of a member of the office's area."""
    return _book(person)


def _book(person: Person) -> str:
    session, caller = http.session(), actor()
    check_reader(session, caller, person.id)
    this_month = months.of_date(clock.today())
    until = months.parse_month(request.args.get("until") or this_month, field="until")
    standing = queries.standing_of(session, person)
    is_gift = standing.gift is not None and (standing.own is None or request.args.get("book") == "gift")
    kind = AccountKind.GIFT if is_gift else AccountKind.MEMBER
    account = account_of(session, person.id, kind)
    pages = queries.months_of(session, account, until) if account else []
    others = people_by_id(session, (caller.scope.person_ids or frozenset()) - {person.id})
    return render_template(
        "statements/passbook.html",
        person=person,
        joined=joined_entries(session, person.id),
        standing=standing,
        kind=kind,
        pages=pages,
        picture=pictures.year_bars([(page.month, page.came_in, page.went_out) for page in pages[::-1]]),
        waiting=queries.waiting_hours(session, person),
        waiting_words=WAITING_WORDS,
        holds=queries.holds_of(session, standing),
        others=[other for _, other in sorted(others.items()) if reads(session, caller, other.id)],
        is_own=caller.scope.person_ids is not None,
        earlier=months.shifted(until, -queries.SHOWN_MONTHS),
        this_month=this_month,
        locale=current_locale(),
    )


def _as_the_reader_may(story: Story) -> Story:
    """A line between a mother's book and one's own is read from one's own where hers is closed to the reader."""
    session, caller = http.session(), actor()
    if not reads(session, caller, story.account.person_id or ""):
        own = Scope(caller.area_code, frozenset({caller.person_id or ""}))
        mine = queries.line_for(session, own, story.transfer.id)
        if mine is not None:
            return mine
    check_reader(session, caller, story.account.person_id or "")
    return story


@bp.get("/hours/lines/<string:transfer_id>")
@guard(*EVERY_ROLE, load={"transfer_id": queries.line_for})
def line(transfer: Story) -> Any:
    """One line: who, when, by which rule, who reviewed; and the way to say that it is wrong."""
    session, transfer = http.session(), _as_the_reader_may(transfer)
    sealing, proof = sealing_of(session, transfer.transfer)
    return render_template(
        "statements/line.html",
        story=transfer,
        sealing=sealing,
        proof=proof,
        seal=session.get(Seal, proof.seal_id) if proof else None,
        may_take_back=actor().role in PROPOSERS and transfer.transfer.reason != Reason.REVERSAL,
        key=ids.new_id("ent"),
        rule=rule_words(transfer.transfer.reason, transfer.policy),
        is_own=actor().scope.person_ids is not None,
    )
