"""Who acts, and how far they see: value types that every query and operation takes as an argument."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a login may be in an area. One person may hold several; a page uses the first that its guard allows."""

    VOLUNTEER = "volunteer"
    ELDER = "elder"  # the elder, or kin who act for one
    ASSISTANT = "assistant"
    COORDINATOR = "coordinator"
    SUPERVISOR = "supervisor"
    BUREAU = "bureau"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class Scope:
    """What a caller may see: everything in an area, or only what concerns some persons.

    `area_code` is the beginning of every area code inside the area (district 6 digits, township 9, village 12,
    villager group 14). `person_ids` is None for office roles, and the caller plus those they act for otherwise.
    """

    area_code: str
    person_ids: frozenset[str] | None = None

    def holds_area(self, area_code: str) -> bool:
        """Whether an area lies inside this scope's area."""
        return area_code.startswith(self.area_code)

    def holds_person(self, person_id: str, area_code: str) -> bool:
        """Whether a person of that area may be seen."""
        return person_id in self.person_ids if self.person_ids is not None else self.holds_area(area_code)


@dataclass(frozen=True)
class Actor:
    """Who does something, as an argument of every operation. `person_id` is None for staff without an hour account."""

    user_id: str
    role: Role
    area_code: str
    person_id: str | None = None
    acts_for: frozenset[str] = frozenset()

    @property
    def scope(self) -> Scope:
        """Members see themselves and those they act for; offices see their area."""
        if self.role in (Role.VOLUNTEER, Role.ELDER):
            own = {self.person_id} if self.person_id else set()
            return Scope(self.area_code, frozenset(own | self.acts_for))
        return Scope(self.area_code)


SYSTEM = Actor(user_id="usr_system", role=Role.ADMINISTRATOR, area_code="")
