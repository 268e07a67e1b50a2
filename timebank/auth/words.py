"""What roles are called on pages."""

from timebank.core.actors import Role
from timebank.core.text import T, Text

ROLE_WORDS: dict[str, Text] = {
    Role.VOLUNTEER: T("volunteer"),
    Role.ELDER: T("elder or kin"),
    Role.ASSISTANT: T("village assistant"),
    Role.COORDINATOR: T("coordinator"),
    Role.SUPERVISOR: T("township supervisor"),
    Role.BUREAU: T("bureau"),
    Role.AUDITOR: T("auditor"),
    Role.ADMINISTRATOR: T("administrator"),
}
