"""Phones that were paired with people, their PINs, calendar addresses; and asking to become a volunteer on a phone."""
