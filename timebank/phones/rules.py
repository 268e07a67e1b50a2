"""What a PIN must be. Pure."""

from timebank.core.errors import BadInput
from timebank.core.text import T

PIN_DIGITS = 6
PIN_TRIES_PER_HOUR = 5
APPLICATIONS_PER_HOUR = 10  # from one address
PAIRING_MINUTES = 10
_RUNS = "01234567890", "09876543210"


def check_pin(pin: str, again: str) -> str:
    """Six plain digits, typed twice alike, neither all the same nor a run such as 123456."""
    if not (len(pin) == PIN_DIGITS and pin.isascii() and pin.isdigit()):
        raise BadInput("phones.bad_pin", T("A PIN has six plain digits."), field="pin")
    if len(set(pin)) == 1 or any(pin in run for run in _RUNS):
        text = T("This PIN is too easy to guess. Choose six digits that only you think of.")
        raise BadInput("phones.easy_pin", text, field="pin")
    if pin != again:
        raise BadInput("phones.pins_differ", T("The two PINs are not alike. Type them again."), field="again")
    return pin
