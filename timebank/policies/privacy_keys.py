"""The keys of how long something about somebody is kept. Pure. What each deletes: docs/security.md."""

from timebank.core.text import T
from timebank.policies.key import OURS, PolicyKey

PRIVACY_KEYS: dict[str, PolicyKey] = {
    "privacy.contact_days": PolicyKey(
        365,
        T("Days after a death after which phone, identity number, place of the home and assessments are deleted"),
        OURS,
        True,
        30,
        3_660,
    ),
    "privacy.consent_days": PolicyKey(
        1_096,
        T("Days after a death after which consents and written powers are deleted"),
        T("Civil Code art. 188: three years"),
        True,
        365,
        7_320,
    ),
    "privacy.answers_days": PolicyKey(
        180,
        T("Days after which the answers of an assessment are deleted once another one follows it"),
        OURS,
        True,
        120,  # the longest time in which that other one may be disputed
        3_660,
    ),
}
