"""every table of the first release"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from timebank.ledger.ddl import protect, unprotect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "area",
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "district",
                "township",
                "village",
                "villager_group",
                name="areakind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("parent_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=True),
        sa.Column("name_zh", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("name_en", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=True),
        sa.Column("population_on", sa.Date(), nullable=True),
        sa.Column("market_digits", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.ForeignKeyConstraint(["parent_code"], ["area.code"], name=op.f("fk_area_parent_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_area")),
    )
    with op.batch_alter_table("area", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_area_parent_code"), ["parent_code"], unique=False)

    op.create_table(
        "attempt",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("hour_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempt_hour_at"), ["hour_at"], unique=False)

    op.create_table(
        "auditevent",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("user_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("action", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("subject_id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auditevent")),
    )
    with op.batch_alter_table("auditevent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_auditevent_action"), ["action"], unique=False)
        batch_op.create_index(batch_op.f("ix_auditevent_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_auditevent_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_auditevent_subject_id"), ["subject_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_auditevent_user_id"), ["user_id"], unique=False)

    op.create_table(
        "closedmonth",
        sa.Column("month", sqlmodel.sql.sqltypes.AutoString(length=7), nullable=False),
        sa.Column("next_month", sqlmodel.sql.sqltypes.AutoString(length=7), nullable=False),
        sa.Column("closed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_closedmonth")),
    )
    op.create_table(
        "loginsession",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("user_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("last_seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loginsession")),
    )
    with op.batch_alter_table("loginsession", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_loginsession_user_id"), ["user_id"], unique=False)

    op.create_table(
        "monthrun",
        sa.Column("month", sqlmodel.sql.sqltypes.AutoString(length=7), nullable=False),
        sa.Column("district_code", sqlmodel.sql.sqltypes.AutoString(length=6), nullable=False),
        sa.Column("closed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("closed_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("statements", sa.Integer(), nullable=False),
        sa.Column("carried_over", sa.JSON(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_monthrun")),
    )
    op.create_table(
        "seal",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tree_size", sa.Integer(), nullable=False),
        sa.Column("root", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("previous", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("chain", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("signature", sqlmodel.sql.sqltypes.AutoString(length=128), nullable=False),
        sa.Column("sealed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal")),
    )
    op.create_table(
        "user",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("login_name", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("secret_hash", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("display_name", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("locale", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=True),
        sa.Column("type_size", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("disabled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
    )
    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_login_name"), ["login_name"], unique=True)
        batch_op.create_index(batch_op.f("ix_user_person_id"), ["person_id"], unique=False)

    op.create_table(
        "calendarday",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "holiday",
                "workday",
                "market",
                "farming",
                "no_service",
                name="daykind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_calendarday_area_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendarday")),
    )
    with op.batch_alter_table("calendarday", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_calendarday_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_calendarday_on"), ["on"], unique=False)

    op.create_table(
        "facility",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "station",
                "kitchen",
                "dining_point",
                "van_base",
                name="facilitykind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_facility_area_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facility")),
    )
    with op.batch_alter_table("facility", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_facility_area_code"), ["area_code"], unique=False)

    op.create_table(
        "grant",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("user_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "volunteer",
                "elder",
                "assistant",
                "coordinator",
                "supervisor",
                "bureau",
                "auditor",
                "administrator",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_grant_area_code")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_grant_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant")),
    )
    with op.batch_alter_table("grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_grant_user_id"), ["user_id"], unique=False)

    op.create_table(
        "household",
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("landmark", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("place_sealed", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("place_is_learnt", sa.Boolean(), nullable=False),
        sa.Column("fence_m", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_household_area_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_household")),
    )
    with op.batch_alter_table("household", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_household_area_code"), ["area_code"], unique=False)

    op.create_table(
        "policyversion",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column("proposed_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("approved_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_policyversion_area_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policyversion")),
    )
    with op.batch_alter_table("policyversion", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_policyversion_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_policyversion_starts_on"), ["starts_on"], unique=False)

    op.create_table(
        "roadclosure",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("from_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("to_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("extra_minutes", sa.Integer(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_roadclosure_area_code")),
        sa.ForeignKeyConstraint(["from_code"], ["area.code"], name=op.f("fk_roadclosure_from_code")),
        sa.ForeignKeyConstraint(["to_code"], ["area.code"], name=op.f("fk_roadclosure_to_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roadclosure")),
    )
    with op.batch_alter_table("roadclosure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roadclosure_area_code"), ["area_code"], unique=False)

    op.create_table(
        "visitgeneration",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("month", sqlmodel.sql.sqltypes.AutoString(length=7), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("by_user_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_visitgeneration_area_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visitgeneration")),
    )
    with op.batch_alter_table("visitgeneration", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visitgeneration_area_code"), ["area_code"], unique=False)

    op.create_table(
        "person",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("household_code", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("pinyin", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column(
            "sex",
            sa.Enum("female", "male", name="sex", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("born_on", sa.Date(), nullable=False),
        sa.Column("phone_sealed", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("id_number_sealed", sqlmodel.sql.sqltypes.AutoString(length=160), nullable=False),
        sa.Column("id_number_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("national_volunteer_no", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("dialect", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "active",
                "hospital",
                "away",
                "moved",
                "dead",
                "merged",
                name="personstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("state_since_on", sa.Date(), nullable=True),
        sa.Column("merged_into_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("elder_since_on", sa.Date(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column(
            "tier",
            sa.Enum("high", "key", "general", name="risktier", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("care_wish", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("volunteer_since_on", sa.Date(), nullable=True),
        sa.Column("volunteer_kind", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_person_area_code")),
        sa.ForeignKeyConstraint(["household_code"], ["household.code"], name=op.f("fk_person_household_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_elder_since_on"), ["elder_since_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_household_code"), ["household_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_id_number_hash"), ["id_number_hash"], unique=True)
        batch_op.create_index(batch_op.f("ix_person_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_pinyin"), ["pinyin"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_volunteer_since_on"), ["volunteer_since_on"], unique=False)

    op.create_table(
        "assessment",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("elder_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("scale", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("item_scores_sealed", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("adjustments", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("rule_trace", sa.JSON(), nullable=False),
        sa.Column("assessor_ids", sa.JSON(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_assessment_area_code")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_assessment_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
    )
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assessment_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_assessment_elder_id"), ["elder_id"], unique=False)

    op.create_table(
        "availability",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("to_minute", sa.Integer(), nullable=False),
        sa.Column("travel_mode", sqlmodel.sql.sqltypes.AutoString(length=12), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_availability_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_availability")),
    )
    with op.batch_alter_table("availability", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_availability_person_id"), ["person_id"], unique=False)

    op.create_table(
        "carebed",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("elder_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "applied",
                "assessed",
                "checked",
                "active",
                "suspended",
                "closed",
                name="bedstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("contract_no", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("monthly_target_minutes", sa.Integer(), nullable=False),
        sa.Column("monthly_target_visits", sa.Integer(), nullable=False),
        sa.Column("equipment", sa.JSON(), nullable=False),
        sa.Column("adaptations", sa.JSON(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_carebed_area_code")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_carebed_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carebed")),
    )
    with op.batch_alter_table("carebed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_carebed_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_carebed_elder_id"), ["elder_id"], unique=False)

    op.create_table(
        "careplan",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("elder_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "agreed",
                "replaced",
                "ended",
                name="careplanstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("agreed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("agreed_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("consent_method", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("contraindications", sa.JSON(), nullable=False),
        sa.Column("entitlement", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_careplan_area_code")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_careplan_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_careplan")),
    )
    with op.batch_alter_table("careplan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_careplan_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_careplan_elder_id"), ["elder_id"], unique=False)

    op.create_table(
        "consent",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("method", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("given_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("withdrawn_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_consent_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_person_id"), ["person_id"], unique=False)

    op.create_table(
        "dayoff",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_dayoff_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dayoff")),
    )
    with op.batch_alter_table("dayoff", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dayoff_on"), ["on"], unique=False)
        batch_op.create_index(batch_op.f("ix_dayoff_person_id"), ["person_id"], unique=False)

    op.create_table(
        "houraccount",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "member",
                "gift",
                "pool",
                "commons",
                name="accountkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("floor_minutes", sa.Integer(), nullable=True),
        sa.Column("ceiling_minutes", sa.Integer(), nullable=True),
        sa.Column("balance_minutes", sa.Integer(), nullable=False),
        sa.Column("held_minutes", sa.Integer(), nullable=False),
        sa.Column("opened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("closed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "ceiling_minutes IS NULL OR balance_minutes <= ceiling_minutes", name=op.f("ck_houraccount_ceiling")
        ),
        sa.CheckConstraint(
            "floor_minutes IS NULL OR balance_minutes - held_minutes >= floor_minutes",
            name=op.f("ck_houraccount_floor"),
        ),
        sa.CheckConstraint("held_minutes >= 0", name=op.f("ck_houraccount_held")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_houraccount_area_code")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_houraccount_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_houraccount")),
        sa.UniqueConstraint("person_id", "kind", name=op.f("uq_houraccount_person_id_kind")),
    )
    with op.batch_alter_table("houraccount", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_houraccount_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_houraccount_person_id"), ["person_id"], unique=False)

    op.create_table(
        "kinship",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("kin_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("relation", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.ForeignKeyConstraint(["kin_id"], ["person.id"], name=op.f("fk_kinship_kin_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_kinship_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kinship")),
    )
    with op.batch_alter_table("kinship", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kinship_kin_id"), ["kin_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_kinship_person_id"), ["person_id"], unique=False)

    op.create_table(
        "personcase",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("opened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("closed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_personcase_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personcase")),
    )
    with op.batch_alter_table("personcase", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_personcase_person_id"), ["person_id"], unique=False)

    op.create_table(
        "proxy",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("for_person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("proxy_person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("purposes", sa.JSON(), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("revoked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["for_person_id"], ["person.id"], name=op.f("fk_proxy_for_person_id")),
        sa.ForeignKeyConstraint(["proxy_person_id"], ["person.id"], name=op.f("fk_proxy_proxy_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxy")),
    )
    with op.batch_alter_table("proxy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_proxy_for_person_id"), ["for_person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_proxy_proxy_person_id"), ["proxy_person_id"], unique=False)

    op.create_table(
        "qualification",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("valid_from_on", sa.Date(), nullable=False),
        sa.Column("valid_until_on", sa.Date(), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_qualification_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qualification")),
    )
    with op.batch_alter_table("qualification", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_qualification_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_qualification_person_id"), ["person_id"], unique=False)

    op.create_table(
        "realnamecheck",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("method", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("checked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("verifier_user_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_realnamecheck_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_realnamecheck")),
    )
    with op.batch_alter_table("realnamecheck", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_realnamecheck_person_id"), ["person_id"], unique=False)

    op.create_table(
        "careitem",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("care_plan_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column(
            "service",
            sa.Enum(
                "visit",
                "meal",
                "bath",
                "escort",
                "chore",
                "company",
                "phone_check",
                name="servicekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("recurrence", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("window_from_minute", sa.Integer(), nullable=False),
        sa.Column("window_to_minute", sa.Integer(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("crew_size", sa.Integer(), nullable=False),
        sa.Column("same_sex", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=False),
        sa.Column("skips_holidays", sa.Boolean(), nullable=False),
        sa.Column("skips_market_days", sa.Boolean(), nullable=False),
        sa.Column("paid_by", sqlmodel.sql.sqltypes.AutoString(length=12), nullable=False),
        sa.Column("notes", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.ForeignKeyConstraint(["care_plan_id"], ["careplan.id"], name=op.f("fk_careitem_care_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_careitem")),
    )
    with op.batch_alter_table("careitem", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_careitem_care_plan_id"), ["care_plan_id"], unique=False)

    op.create_table(
        "hold",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("source_id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "captured",
                "released",
                "expired",
                name="holdstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("held_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["houraccount.id"], name=op.f("fk_hold_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        sa.UniqueConstraint("source_id", name=op.f("uq_hold_source_id")),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hold_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_hold_state"), ["state"], unique=False)

    op.create_table(
        "statement",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("serial", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("proof_code", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("month", sqlmodel.sql.sqltypes.AutoString(length=7), nullable=False),
        sa.Column("opening_minutes", sa.Integer(), nullable=False),
        sa.Column("in_minutes", sa.Integer(), nullable=False),
        sa.Column("out_minutes", sa.Integer(), nullable=False),
        sa.Column("closing_minutes", sa.Integer(), nullable=False),
        sa.Column("held_minutes", sa.Integer(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("revoked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["houraccount.id"], name=op.f("fk_statement_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_statement_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
        sa.UniqueConstraint("account_id", "month", name=op.f("uq_statement_account_id_month")),
        sa.UniqueConstraint("serial", name=op.f("uq_statement_serial")),
    )
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_statement_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_statement_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_statement_month"), ["month"], unique=False)
        batch_op.create_index(batch_op.f("ix_statement_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_statement_proof_code"), ["proof_code"], unique=True)

    op.create_table(
        "transfer",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("journal_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("debit_account_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("credit_account_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "earn",
                "group_session",
                "gift",
                "gift_lapse",
                "redeem",
                "transfer",
                "donation",
                "overflow",
                "estate",
                "expiry",
                "opening",
                "adjustment",
                "reversal",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("source_id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("event_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("recorded_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("book_month", sqlmodel.sql.sqltypes.AutoString(length=7), nullable=False),
        sa.Column("policy_version", sqlmodel.sql.sqltypes.AutoString(length=70), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("request_digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("reverses_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name=op.f("ck_transfer_two_sides")),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_transfer_positive")),
        sa.ForeignKeyConstraint(["credit_account_id"], ["houraccount.id"], name=op.f("fk_transfer_credit_account_id")),
        sa.ForeignKeyConstraint(["debit_account_id"], ["houraccount.id"], name=op.f("fk_transfer_debit_account_id")),
        sa.ForeignKeyConstraint(["reverses_id"], ["transfer.id"], name=op.f("fk_transfer_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("key", name=op.f("uq_transfer_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_transfer_reverses_id")),
    )
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.create_index("ix_transfer_credit", ["credit_account_id", "book_month"], unique=False)
        batch_op.create_index("ix_transfer_debit", ["debit_account_id", "book_month"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfer_source_id"), ["source_id"], unique=False)

    op.create_table(
        "dispute",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("transfer_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("words", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column("raised_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("raised_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("level", sqlmodel.sql.sqltypes.AutoString(length=12), nullable=False),
        sa.Column("answer", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column("upheld", sa.Boolean(), nullable=True),
        sa.Column("answered_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("answered_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["houraccount.id"], name=op.f("fk_dispute_account_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_dispute_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
    )
    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispute_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_dispute_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_dispute_transfer_id"), ["transfer_id"], unique=False)

    op.create_table(
        "sealedleaf",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("transfer_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_sealedleaf_transfer_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_sealedleaf")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_sealedleaf_transfer_id")),
    )
    op.create_table(
        "visit",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("elder_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("household_code", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column(
            "service",
            sa.Enum(
                "visit",
                "meal",
                "bath",
                "escort",
                "chore",
                "company",
                "phone_check",
                name="servicekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "due",
                "planned",
                "running",
                "done",
                "confirmed",
                "settled",
                "unreached",
                "cancelled",
                "rejected",
                name="visitstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("care_item_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("requested_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("hold_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("paid_by", sqlmodel.sql.sqltypes.AutoString(length=12), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("source_key", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("window_from_minute", sa.Integer(), nullable=False),
        sa.Column("window_to_minute", sa.Integer(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("crew_size", sa.Integer(), nullable=False),
        sa.Column("same_sex", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=False),
        sa.Column("tier", sqlmodel.sql.sqltypes.AutoString(length=12), nullable=False),
        sa.Column("notes", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column("day_plan_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column(
            "grade",
            sa.Enum("a", "b", "c", name="evidencegrade", native_enum=False, create_constraint=True, length=24),
            nullable=True,
        ),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_visit_area_code")),
        sa.ForeignKeyConstraint(["care_item_id"], ["careitem.id"], name=op.f("fk_visit_care_item_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_visit_elder_id")),
        sa.ForeignKeyConstraint(["household_code"], ["household.code"], name=op.f("fk_visit_household_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("care_item_id", "due_on", "slot", name=op.f("uq_visit_care_item_id_due_on_slot")),
        sa.UniqueConstraint("source_key", name=op.f("uq_visit_source_key")),
    )
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_day_plan_id"), ["day_plan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_due_on"), ["due_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_elder_id"), ["elder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_state"), ["state"], unique=False)

    op.create_table(
        "confirmation",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("visit_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("by_person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("by_user_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("method", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("happy", sa.Integer(), nullable=True),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("remark", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_confirmation_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmation")),
    )
    with op.batch_alter_table("confirmation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_confirmation_visit_id"), ["visit_id"], unique=True)

    op.create_table(
        "review",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("visit_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("reviewer_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("minutes", sa.JSON(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_review_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_review_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "visitcarer",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("visit_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "invited",
                "accepted",
                "declined",
                "replaced",
                name="carerstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("starts_minute", sa.Integer(), nullable=False),
        sa.Column("decline_reason", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("checked_in_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("checked_out_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("credited_minutes", sa.Integer(), nullable=True),
        sa.Column("transfer_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_visitcarer_person_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visitcarer_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visitcarer")),
        sa.UniqueConstraint("visit_id", "person_id", name=op.f("uq_visitcarer_visit_id_person_id")),
    )
    with op.batch_alter_table("visitcarer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visitcarer_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visitcarer_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "visitevent",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("visit_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "check_in",
                "check_out",
                "tick",
                "vitals",
                "note",
                "photo",
                "no_answer",
                "cancelled",
                "sos",
                name="eventkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("device_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("device_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("server_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("place_sealed", sqlmodel.sql.sqltypes.AutoString(length=160), nullable=False),
        sa.Column("entered_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_visitevent_person_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visitevent_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visitevent")),
    )
    with op.batch_alter_table("visitevent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visitevent_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visitevent_visit_id"), ["visit_id"], unique=False)
    for statement in protect(op.get_bind().dialect.name):
        op.execute(sa.text(statement))


def downgrade() -> None:
    """Back."""
    for statement in unprotect(op.get_bind().dialect.name):
        op.execute(sa.text(statement))
    with op.batch_alter_table("visitevent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visitevent_visit_id"))
        batch_op.drop_index(batch_op.f("ix_visitevent_person_id"))

    op.drop_table("visitevent")
    with op.batch_alter_table("visitcarer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visitcarer_visit_id"))
        batch_op.drop_index(batch_op.f("ix_visitcarer_person_id"))

    op.drop_table("visitcarer")
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_review_visit_id"))

    op.drop_table("review")
    with op.batch_alter_table("confirmation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_confirmation_visit_id"))

    op.drop_table("confirmation")
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visit_state"))
        batch_op.drop_index(batch_op.f("ix_visit_elder_id"))
        batch_op.drop_index(batch_op.f("ix_visit_due_on"))
        batch_op.drop_index(batch_op.f("ix_visit_day_plan_id"))
        batch_op.drop_index(batch_op.f("ix_visit_area_code"))

    op.drop_table("visit")
    op.drop_table("sealedleaf")
    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispute_transfer_id"))
        batch_op.drop_index(batch_op.f("ix_dispute_area_code"))
        batch_op.drop_index(batch_op.f("ix_dispute_account_id"))

    op.drop_table("dispute")
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_transfer_source_id"))
        batch_op.drop_index("ix_transfer_debit")
        batch_op.drop_index("ix_transfer_credit")

    op.drop_table("transfer")
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_statement_proof_code"))
        batch_op.drop_index(batch_op.f("ix_statement_person_id"))
        batch_op.drop_index(batch_op.f("ix_statement_month"))
        batch_op.drop_index(batch_op.f("ix_statement_area_code"))
        batch_op.drop_index(batch_op.f("ix_statement_account_id"))

    op.drop_table("statement")
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hold_state"))
        batch_op.drop_index(batch_op.f("ix_hold_account_id"))

    op.drop_table("hold")
    with op.batch_alter_table("careitem", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_careitem_care_plan_id"))

    op.drop_table("careitem")
    with op.batch_alter_table("realnamecheck", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_realnamecheck_person_id"))

    op.drop_table("realnamecheck")
    with op.batch_alter_table("qualification", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_qualification_person_id"))
        batch_op.drop_index(batch_op.f("ix_qualification_kind"))

    op.drop_table("qualification")
    with op.batch_alter_table("proxy", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_proxy_proxy_person_id"))
        batch_op.drop_index(batch_op.f("ix_proxy_for_person_id"))

    op.drop_table("proxy")
    with op.batch_alter_table("personcase", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_personcase_person_id"))

    op.drop_table("personcase")
    with op.batch_alter_table("kinship", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kinship_person_id"))
        batch_op.drop_index(batch_op.f("ix_kinship_kin_id"))

    op.drop_table("kinship")
    with op.batch_alter_table("houraccount", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_houraccount_person_id"))
        batch_op.drop_index(batch_op.f("ix_houraccount_area_code"))

    op.drop_table("houraccount")
    with op.batch_alter_table("dayoff", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dayoff_person_id"))
        batch_op.drop_index(batch_op.f("ix_dayoff_on"))

    op.drop_table("dayoff")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consent_person_id"))

    op.drop_table("consent")
    with op.batch_alter_table("careplan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_careplan_elder_id"))
        batch_op.drop_index(batch_op.f("ix_careplan_area_code"))

    op.drop_table("careplan")
    with op.batch_alter_table("carebed", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_carebed_elder_id"))
        batch_op.drop_index(batch_op.f("ix_carebed_area_code"))

    op.drop_table("carebed")
    with op.batch_alter_table("availability", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_availability_person_id"))

    op.drop_table("availability")
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assessment_elder_id"))
        batch_op.drop_index(batch_op.f("ix_assessment_area_code"))

    op.drop_table("assessment")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_volunteer_since_on"))
        batch_op.drop_index(batch_op.f("ix_person_pinyin"))
        batch_op.drop_index(batch_op.f("ix_person_name"))
        batch_op.drop_index(batch_op.f("ix_person_id_number_hash"))
        batch_op.drop_index(batch_op.f("ix_person_household_code"))
        batch_op.drop_index(batch_op.f("ix_person_elder_since_on"))
        batch_op.drop_index(batch_op.f("ix_person_area_code"))

    op.drop_table("person")
    with op.batch_alter_table("visitgeneration", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visitgeneration_area_code"))

    op.drop_table("visitgeneration")
    with op.batch_alter_table("roadclosure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_roadclosure_area_code"))

    op.drop_table("roadclosure")
    with op.batch_alter_table("policyversion", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_policyversion_starts_on"))
        batch_op.drop_index(batch_op.f("ix_policyversion_area_code"))

    op.drop_table("policyversion")
    with op.batch_alter_table("household", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_household_area_code"))

    op.drop_table("household")
    with op.batch_alter_table("grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_grant_user_id"))

    op.drop_table("grant")
    with op.batch_alter_table("facility", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_facility_area_code"))

    op.drop_table("facility")
    with op.batch_alter_table("calendarday", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_calendarday_on"))
        batch_op.drop_index(batch_op.f("ix_calendarday_area_code"))

    op.drop_table("calendarday")
    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_person_id"))
        batch_op.drop_index(batch_op.f("ix_user_login_name"))

    op.drop_table("user")
    op.drop_table("seal")
    op.drop_table("monthrun")
    with op.batch_alter_table("loginsession", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_loginsession_user_id"))

    op.drop_table("loginsession")
    op.drop_table("closedmonth")
    with op.batch_alter_table("auditevent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_auditevent_user_id"))
        batch_op.drop_index(batch_op.f("ix_auditevent_subject_id"))
        batch_op.drop_index(batch_op.f("ix_auditevent_at"))
        batch_op.drop_index(batch_op.f("ix_auditevent_area_code"))
        batch_op.drop_index(batch_op.f("ix_auditevent_action"))

    op.drop_table("auditevent")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attempt_hour_at"))

    op.drop_table("attempt")
    with op.batch_alter_table("area", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_area_parent_code"))

    op.drop_table("area")
