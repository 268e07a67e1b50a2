"""Many reviews in one go: only visits in which the rules find nothing to look at."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlmodel import Session

from timebank.core.actors import Actor
from timebank.core.errors import TimebankError
from timebank.core.text import T, Text
from timebank.visits import queries
from timebank.visits.operations.settlement import needs_a_look, review


@dataclass
class BulkReview:
    """How many visits were credited, and why each of the others was left: (visit id, reason)."""

    credited: int = 0
    left: list[tuple[str, Text]] = field(default_factory=list)


def review_all(session: Session, *, actor: Actor, visit_ids: Iterable[str]) -> BulkReview:
    """Credit what the rules propose for each visit in which there is nothing to look at; the others are left.

    Each visit counts by itself: one that is refused leaves nothing of its own behind and stops no other.
    """
    done = BulkReview()
    for visit_id in visit_ids:
        visit = queries.visit_for(session, actor.scope, visit_id)
        if visit is None or needs_a_look(session, visit):
            done.left.append((visit_id, T("there is something to look at first")))
            continue
        try:
            with session.begin_nested():
                review(session, actor=actor, visit_id=visit_id, approved=True)
        except TimebankError as refusal:
            done.left.append((visit_id, refusal.message))
        else:
            done.credited += 1
    return done
