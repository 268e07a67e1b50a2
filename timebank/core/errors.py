"""The error tree: named for facts, mapped to HTTP once (core.http), worded for the person who reads it.

Every error carries a code `feature.fact` (documented in docs/refusals.md), a sentence that says what happened and
what to do now, and, where a form field is to blame, its name.
"""

from timebank.core.text import Text


class TimebankError(Exception):
    """What the product refuses on purpose. Never raised itself; raise one of the four below."""

    status = 500

    def __init__(self, code: str, message: Text, *, field: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field


class BadInput(TimebankError):
    """What was sent cannot be read as what was asked for; names the field."""

    status = 400


class NotAllowed(TimebankError):
    """The person is known and may not do this."""

    status = 403


class NotFound(TimebankError):
    """There is no such thing within what the caller may see; foreign and absent answer alike."""

    status = 404


class Refused(TimebankError):
    """A rule of the scheme or the state of things forbids it now."""

    status = 409
