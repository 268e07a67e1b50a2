"""What the forms of visits hold, read once for members and for the office."""

from typing import Any

from timebank.careplans.models import ServiceKind
from timebank.core import forms
from timebank.visits.operations import RequestIn


def request_in(form: Any, elder_id: str) -> RequestIn:
    """Help that is asked for, for an elder."""
    return RequestIn(
        elder_id=elder_id,
        service=forms.choice(form, "service", ServiceKind),
        due_on=forms.calendar_date(form, "due_on"),
        window_from_minute=forms.clock_minute(form, "window_from"),
        window_to_minute=forms.clock_minute(form, "window_to"),
        duration_minutes=forms.whole_number(form, "duration_minutes", least=15, most=240),
        notes=forms.text(form, "notes", most=400),
    )
