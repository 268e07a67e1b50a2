"""The fixed cast of stories and sweeps: who lives where, who may what. Read it once and every test reads like a story.

桥头村, 江口镇: 陈婆婆 (85, no phone) and her daughter 陈小芳, who acts for her in writing; 冉大爷, who has a login of
his own; the volunteers 李姐 and 张哥; 王助理, the village assistant. 周站长 coordinates the township, 吴主任 supervises
it; 谭科长 and 何科长 sit at the bureau, 罗审计 audits, 高师傅 administers. 石梁村 in 火炉镇 is elsewhere: 胡大爷, 杨姐,
孙站长.
"""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from tests import factories as make
from timebank.core.actors import Role
from timebank.people.models import Person, RiskTier, Sex

LOGIN_OF_ROLE: dict[Role, str] = {
    Role.VOLUNTEER: "li",
    Role.ELDER: "xiaofang",
    Role.ASSISTANT: "wang",
    Role.COORDINATOR: "zhou",
    Role.SUPERVISOR: "wu",
    Role.BUREAU: "tan",
    Role.AUDITOR: "luo",
    Role.ADMINISTRATOR: "gao",
}
STRANGERS = {"yang": Role.VOLUNTEER, "sun": Role.COORDINATOR}  # of the other township


@dataclass(frozen=True)
class Cast:
    """The people; `users` has the login ids by login name."""

    chen_popo: Person
    xiaofang: Person
    ran_daye: Person
    li: Person
    zhang: Person
    wang: Person
    hu_daye: Person
    yang: Person
    users: dict[str, str]


def assemble(session: Session) -> Cast:
    """Make the district and everybody in it."""
    make.district(session=session)
    homes = [make.household(session=session, number=number) for number in range(1, 6)]
    near = make.household(session=session, group_code=make.NEXT_GROUP, landmark="石拱桥头")
    far = [make.household(session=session, group_code=make.OTHER_GROUP, number=number) for number in (1, 2)]
    chen = make.elder(session=session, household=homes[0], name="陈婆婆", tier=RiskTier.HIGH)
    xiaofang = make.person(session=session, household=near, name="陈小芳", born_on=date(1970, 9, 9))
    make.kin(session=session, of=chen, kin=xiaofang)
    make.proxy(session=session, holder=xiaofang, elder=chen)
    ran = make.elder(session=session, household=homes[1], name="冉大爷", sex=Sex.MALE, consents=("register",))
    skills = ("visit", "meal", "bath", "vitals", "agreement", "insurance", "health")
    li = make.volunteer(session=session, household=homes[2], name="李姐", qualifications=skills)
    zhang = make.volunteer(session=session, household=homes[3], name="张哥", sex=Sex.MALE, qualifications=skills)
    wang = make.person(session=session, household=homes[4], name="王助理", born_on=date(1985, 2, 2))
    hu = make.elder(session=session, household=far[0], name="胡大爷", sex=Sex.MALE)
    yang = make.volunteer(session=session, household=far[1], name="杨姐")
    people = {"li": li, "zhang": zhang, "xiaofang": xiaofang, "ran": ran, "wang": wang, "yang": yang}
    return Cast(chen, xiaofang, ran, li, zhang, wang, hu, yang, _logins(session, people))


def _logins(session: Session, people: dict[str, Person]) -> dict[str, str]:
    who = [
        ("li", Role.VOLUNTEER, make.VILLAGE, ""),
        ("zhang", Role.VOLUNTEER, make.VILLAGE, ""),
        ("xiaofang", Role.ELDER, make.VILLAGE, ""),
        ("ran", Role.ELDER, make.VILLAGE, ""),
        ("wang", Role.ASSISTANT, make.VILLAGE, ""),
        ("zhou", Role.COORDINATOR, make.TOWNSHIP, "周站长"),
        ("wu", Role.SUPERVISOR, make.TOWNSHIP, "吴主任"),
        ("tan", Role.BUREAU, make.DISTRICT, "谭科长"),
        ("he", Role.BUREAU, make.DISTRICT, "何科长"),
        ("luo", Role.AUDITOR, make.DISTRICT, "罗审计"),
        ("gao", Role.ADMINISTRATOR, make.DISTRICT, "高师傅"),
        ("yang", Role.VOLUNTEER, make.OTHER_VILLAGE, ""),
        ("sun", Role.COORDINATOR, make.OTHER_TOWNSHIP, "孙站长"),
    ]
    made = {}
    for name, role, area_code, display in who:
        user = make.login(
            session=session,
            name=name,
            role=role,
            area_code=area_code,
            display_name=display,
            person=people.get(name),
        )
        made[name] = user.id
    return made
