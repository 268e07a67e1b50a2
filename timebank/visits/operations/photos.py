"""Keeping photos of slips: sealed, with the entry they belong to, for as long as policy says."""

import base64
import hashlib
from datetime import timedelta

from sqlmodel import Session, col, delete, select

from timebank.audit.operations import note
from timebank.core import clock, crypto
from timebank.core.actors import Actor
from timebank.core.errors import NotFound, Refused
from timebank.core.text import T
from timebank.people.queries import has_withdrawn
from timebank.policies.queries import in_force
from timebank.visits.models import EventKind, SlipPhoto, Visit, VisitEvent
from timebank.visits.photos import redrawn


def keep_photo(session: Session, *, actor: Actor, event_id: str, raw: bytes) -> SlipPhoto:
    """Keep the picture of a photo entry. Sent again it changes nothing; another picture for the same entry is refused.

    Refuses an entry that is not there or not the sender's, and what is no picture.
    """
    event = session.get(VisitEvent, event_id)
    by_sender = event is not None and (event.entered_by == actor.user_id or event.person_id == actor.person_id)
    if event is None or event.kind != EventKind.PHOTO or not by_sender:
        raise NotFound("visits.no_photo_entry", T("The entry of this photo has not arrived yet. Send it first."))
    digest = hashlib.sha256(raw).hexdigest()
    known = session.get(SlipPhoto, event_id)
    if known:
        if known.digest != digest:
            text = T("This entry was sent before with other content. Nothing was changed.")
            raise Refused("visits.event_reused", text)
        return known
    visit = session.get_one(Visit, event.visit_id)
    if has_withdrawn(session, visit.elder_id, "photo"):
        raise Refused("visits.no_photo_wanted", T("The elder does not want photos to be kept. The slip is enough."))
    drawn = redrawn(raw)
    kept = SlipPhoto(
        event_id=event_id,
        visit_id=event.visit_id,
        sealed=crypto.vault().seal(base64.b64encode(drawn.jpeg).decode()),
        digest=digest,
        width=drawn.width,
        height=drawn.height,
        kept_at=clock.now(),
    )
    session.add(kept)
    session.flush()
    note(session, actor=actor, action="visits.keep_photo", subject_id=event_id)
    return kept


def purge_photos(session: Session, *, actor: Actor, area_code: str) -> int:
    """Delete the photos of an area that are older than policy evidence.photo_days; how many."""
    days = in_force(session, area_code, clock.today()).number("evidence.photo_days")
    due = select(SlipPhoto.event_id).where(
        SlipPhoto.visit_id == Visit.id,
        col(Visit.area_code).startswith(area_code),
        SlipPhoto.kept_at < clock.now() - timedelta(days=days),
    )
    old = list(session.exec(due))
    session.exec(delete(SlipPhoto).where(col(SlipPhoto.event_id).in_(old)))
    if old:
        note(session, actor=actor, action="visits.purge_photos", subject_id=area_code, made=len(old))
    return len(old)
