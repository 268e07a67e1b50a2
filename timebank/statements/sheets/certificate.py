"""The certificate of volunteer service as paper: what 民发〔2015〕149号 asks for, the identity number masked."""

from timebank.core import formats
from timebank.core.i18n import gettext, say
from timebank.core.minutes import spoken
from timebank.core.text import T
from timebank.people.models import Person
from timebank.statements.models import Certificate
from timebank.statements.sheets.press import both, printed, qr_svg
from timebank.visits.words import SERVICE_WORDS

_LOCALES = ("zh", "en")


def certificate_pdf(
    certificate: Certificate, person: Person, *, id_number: str, scheme: str, district: str, base_url: str
) -> bytes:
    """One certificate on A4, Chinese first; `id_number` comes masked, or empty where none is known."""
    assert certificate.listed_on is not None and certificate.counts_from_on is not None
    identity = [(both(T("Name")), person.name)]
    if id_number:
        identity.append((both(T("Identity card")), id_number))
    if person.national_volunteer_no:
        identity.append((both(T("Volunteer number")), person.national_volunteer_no))
    data = {
        "title": f"{scheme} {certificate.serial}",
        "issuer_line": f"{district} {scheme}",
        "heading": both(T("Certificate of volunteer service")),
        "serial": both(T("Number {serial}", serial=certificate.serial)),
        "identity": [{"label": label, "value": value} for label, value in identity],
        "sentence": {locale: _sentence(certificate, locale) for locale in _LOCALES},
        "services": [
            {"what": both(SERVICE_WORDS[service]), "hours": both(spoken(minutes))}
            for service, minutes in certificate.services.items()
        ],
        "columns": [both(T("Kind of help")), both(T("Hours"))],
        "notes": [
            {
                locale: gettext(
                    "Publicised from {first} on; it counts from {counts} unless it was revoked.",
                    locale,
                    first=formats.local_date(certificate.listed_on, locale),
                    counts=formats.local_date(certificate.counts_from_on, locale),
                )
                for locale in _LOCALES
            },
            both(T("Given free of charge. Travel is not counted. Whoever scans the code sees whether it is valid.")),
        ],
        "issuer": [
            {"label": both(T("Issued by")), "value": certificate.issuer},
            {"label": both(T("Who can be asked")), "value": certificate.handler},
            {"label": both(T("Date")), "value": certificate.counts_from_on.isoformat()},
        ],
        "seal_place": both(T("Seal of the organisation")),
        "qr": qr_svg(f"{base_url}/check/{certificate.proof_code}"),
        "qr_alt": gettext("QR code: check this sheet", "zh"),
        "qr_words": both(T("Scan to check this sheet")),
    }
    return printed("certificate.typ", data, issued_on=certificate.listed_on)


def _sentence(certificate: Certificate, locale: str) -> str:
    return gettext(
        "From {first} to {last} this person helped others at {visits:# visit|# visits}, {hours} in all.",
        locale,
        first=formats.local_date(certificate.first_on, locale),
        last=formats.local_date(certificate.last_on, locale),
        visits=certificate.visits,
        hours=say(spoken(certificate.minutes), locale),
    )
