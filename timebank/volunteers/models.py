"""Tables of volunteers that no other feature needs."""

from datetime import date, datetime

from sqlmodel import Field, SQLModel


class GuardianConsent(SQLModel, table=True):
    """A guardian lets somebody under 18 help, on paper, until a day (policy minor.*)."""

    id: str = Field(primary_key=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    guardian_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    relation: str = Field(max_length=24)  # what the guardian is to the minor: parent, grandparent, other
    evidence: str = Field(max_length=200)  # where the signed paper lies
    starts_on: date
    ends_on: date
    given_to: str = Field(max_length=31)  # login that saw the paper
    revoked_at: datetime | None = None
