"""The keys of mutual help and of emergencies. Pure."""

from timebank.core.text import T
from timebank.policies.key import OURS, PolicyKey, minutes

HELP_KEYS: dict[str, PolicyKey] = {
    "mutual.least_members": PolicyKey(
        3, T("Members from which a mutual-help group or a village team counts as one"), OURS, True, 1, 30
    ),
    "mutual.elders_per_helper": PolicyKey(5, T("Most elders that one helper looks after as a pair"), OURS, True, 1, 30),
    "mutual.helpers_per_elder": PolicyKey(2, T("Most helpers who look after one elder as a pair"), OURS, True, 1, 10),
    "mutual.session_max_minutes": minutes(240, T("Most minutes that a session of a group may last"), OURS, most=480),
    "emergency.ask_at_once": PolicyKey(
        2, T("How many people are asked at the same time to go to an emergency"), OURS, True, 1, 10
    ),
    "emergency.next_after_minutes": minutes(
        3, T("Minutes without an answer after which the next people are asked to go"), OURS, most=30, least=1
    ),
    "emergency.come_within_minutes": minutes(
        20, T("Minutes after which others are asked when who said yes is not there"), OURS, most=120, least=1
    ),
    "emergency.most_asked": PolicyKey(12, T("Most people who are asked to go to one emergency"), OURS, True, 1, 60),
    "emergency.within_m": PolicyKey(
        8_000,
        T("Who is not on duty and lives farther than this is not asked to go, in metres"),
        OURS,
        True,
        200,
        50_000,
    ),
    "emergency.skill_worth_m": PolicyKey(
        1_000,
        T("Somebody with the right training is asked as if they lived so much nearer, in metres"),
        OURS,
        True,
        0,
        20_000,
    ),
    "emergency.township_after_minutes": minutes(
        10, T("Minutes without anybody there after which the township takes over"), OURS, most=240, least=1
    ),
    "emergency.bureau_after_minutes": minutes(
        20,
        T("Minutes without anybody there after which the bureau takes over and 120 must be called"),
        OURS,
        most=480,
        least=1,
    ),
    "emergency.drills_per_year": PolicyKey(
        2, T("Drills that each township holds in a year"), T("武隆府办发〔2022〕31号: 每年2次以上"), False, 2, 12
    ),
    "emergency.drill_remind_days": PolicyKey(
        45, T("Days before a drill is due from which the township is reminded"), OURS, True, 7, 180
    ),
}
