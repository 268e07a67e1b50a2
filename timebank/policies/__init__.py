"""The rules of the scheme as data with a start date; every decision names the version it used."""
