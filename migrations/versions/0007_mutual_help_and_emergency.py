"""mutual help and emergency"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = (
    "sessionattendee",
    "patroldoor",
    "patrolround",
    "groupsession",
    "groupmember",
    "dutychange",
    "casereport",
    "caseask",
    "caseentry",
    "pairing",
    "helpgroup",
    "emergencycase",
    "dutyshift",
    "callupcheck",
    "callupanswer",
    "drill",
    "callup",
)


def upgrade() -> None:
    """Forward."""
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "callup",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "rain",
                "landslide",
                "cold",
                "heat",
                "search",
                "other",
                name="callupreason",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("skill", text(length=24), nullable=False),
        sa.Column("words", text(length=400), nullable=False),
        sa.Column("meet_at", text(length=120), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("to_minute", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("ended_at", instant(), nullable=True),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_callup_area_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callup")),
    )
    with op.batch_alter_table("callup", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_callup_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_callup_on"), ["on"], unique=False)

    op.create_table(
        "drill",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "fall",
                "ill",
                "no_answer",
                "fire",
                "weather",
                "other",
                name="casekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("minutes_to_help", sa.Integer(), nullable=False),
        sa.Column("went_well", text(length=400), nullable=False),
        sa.Column("to_mend", text(length=400), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_drill_area_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill")),
    )
    with op.batch_alter_table("drill", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drill_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_drill_on"), ["on"], unique=False)

    op.create_table(
        "callupanswer",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("call_up_id", text(length=31), nullable=False),
        sa.Column("person_id", text(length=31), nullable=False),
        sa.Column("is_coming", sa.Boolean(), nullable=True),
        sa.Column("answered_at", instant(), nullable=True),
        sa.ForeignKeyConstraint(["call_up_id"], ["callup.id"], name=op.f("fk_callupanswer_call_up_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_callupanswer_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callupanswer")),
        sa.UniqueConstraint("call_up_id", "person_id", name=op.f("uq_callupanswer_call_up_id_person_id")),
    )
    with op.batch_alter_table("callupanswer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_callupanswer_call_up_id"), ["call_up_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_callupanswer_person_id"), ["person_id"], unique=False)

    op.create_table(
        "callupcheck",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("call_up_id", text(length=31), nullable=False),
        sa.Column("elder_id", text(length=31), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("record_key", text(length=80), nullable=True),
        sa.ForeignKeyConstraint(["call_up_id"], ["callup.id"], name=op.f("fk_callupcheck_call_up_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_callupcheck_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callupcheck")),
        sa.UniqueConstraint("call_up_id", "elder_id", name=op.f("uq_callupcheck_call_up_id_elder_id")),
    )
    with op.batch_alter_table("callupcheck", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_callupcheck_call_up_id"), ["call_up_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_callupcheck_elder_id"), ["elder_id"], unique=False)

    op.create_table(
        "dutyshift",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("person_id", text(length=31), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("to_minute", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_dutyshift_area_code")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_dutyshift_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dutyshift")),
    )
    with op.batch_alter_table("dutyshift", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dutyshift_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_dutyshift_person_id"), ["person_id"], unique=False)

    op.create_table(
        "emergencycase",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("elder_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "phone",
                "card",
                "call",
                "visit",
                name="casesource",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("source_key", text(length=80), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "fall",
                "ill",
                "no_answer",
                "fire",
                "weather",
                "other",
                name="casekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("words_sealed", text(length=1600), nullable=False),
        sa.Column("opened_at", instant(), nullable=False),
        sa.Column("opened_by", text(length=31), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("there_at", instant(), nullable=True),
        sa.Column("closed_at", instant(), nullable=True),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_emergencycase_area_code")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_emergencycase_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergencycase")),
        sa.UniqueConstraint("source_key", name=op.f("uq_emergencycase_source_key")),
    )
    with op.batch_alter_table("emergencycase", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_emergencycase_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_emergencycase_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_emergencycase_elder_id"), ["elder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_emergencycase_opened_at"), ["opened_at"], unique=False)

    op.create_table(
        "helpgroup",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("group", "team", name="groupkind", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("name", text(length=60), nullable=False),
        sa.Column("leader_id", text(length=31), nullable=False),
        sa.Column("founded_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_helpgroup_area_code")),
        sa.ForeignKeyConstraint(["leader_id"], ["person.id"], name=op.f("fk_helpgroup_leader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helpgroup")),
        sa.UniqueConstraint("area_code", "kind", name=op.f("uq_helpgroup_area_code_kind")),
    )
    with op.batch_alter_table("helpgroup", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_helpgroup_area_code"), ["area_code"], unique=False)

    op.create_table(
        "pairing",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("elder_id", text(length=31), nullable=False),
        sa.Column("helper_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("end_reason", text(length=200), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_pairing_area_code")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_pairing_elder_id")),
        sa.ForeignKeyConstraint(["helper_id"], ["person.id"], name=op.f("fk_pairing_helper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairing")),
    )
    with op.batch_alter_table("pairing", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pairing_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairing_elder_id"), ["elder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairing_helper_id"), ["helper_id"], unique=False)

    op.create_table(
        "caseentry",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("case_id", text(length=31), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "opened",
                "alarm_again",
                "asked",
                "coming",
                "cannot",
                "silent",
                "there",
                "nobody_left",
                "carried_up",
                "called_120",
                "note",
                "closed",
                name="entrykind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("at", instant(), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("person_id", text(length=31), nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("words_sealed", text(length=1600), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["emergencycase.id"], name=op.f("fk_caseentry_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_caseentry_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caseentry")),
    )
    with op.batch_alter_table("caseentry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_caseentry_case_id"), ["case_id"], unique=False)

    op.create_table(
        "caseask",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("case_id", text(length=31), nullable=False),
        sa.Column("person_id", text(length=31), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("distance_m", sa.Integer(), nullable=False),
        sa.Column("is_on_duty", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "coming",
                "there",
                "cannot",
                "silent",
                "released",
                name="askstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("asked_at", instant(), nullable=False),
        sa.Column("answered_at", instant(), nullable=True),
        sa.Column("there_at", instant(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["emergencycase.id"], name=op.f("fk_caseask_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_caseask_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caseask")),
        sa.UniqueConstraint("case_id", "person_id", name=op.f("uq_caseask_case_id_person_id")),
    )
    with op.batch_alter_table("caseask", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_caseask_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_caseask_person_id"), ["person_id"], unique=False)

    op.create_table(
        "casereport",
        sa.Column("case_id", text(length=31), nullable=False),
        sa.Column(
            "ending",
            sa.Enum(
                "at_home",
                "hospital",
                "with_kin",
                "died",
                "false_alarm",
                "other",
                name="caseending",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("words_sealed", text(length=4000), nullable=False),
        sa.Column("there_at", instant(), nullable=True),
        sa.Column("over_at", instant(), nullable=False),
        sa.Column("who", sa.JSON(), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["emergencycase.id"], name=op.f("fk_casereport_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_casereport")),
    )
    op.create_table(
        "dutychange",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("shift_id", text(length=31), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("instead_id", text(length=31), nullable=True),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["instead_id"], ["person.id"], name=op.f("fk_dutychange_instead_id")),
        sa.ForeignKeyConstraint(["shift_id"], ["dutyshift.id"], name=op.f("fk_dutychange_shift_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dutychange")),
        sa.UniqueConstraint("shift_id", "on", name=op.f("uq_dutychange_shift_id_on")),
    )
    with op.batch_alter_table("dutychange", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dutychange_shift_id"), ["shift_id"], unique=False)

    op.create_table(
        "groupmember",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("group_id", text(length=31), nullable=False),
        sa.Column("person_id", text(length=31), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["helpgroup.id"], name=op.f("fk_groupmember_group_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_groupmember_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groupmember")),
    )
    with op.batch_alter_table("groupmember", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_groupmember_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_groupmember_person_id"), ["person_id"], unique=False)

    op.create_table(
        "groupsession",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("group_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("topic", text(length=24), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "told",
                "accepted",
                "rejected",
                name="sessionstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("told_by", text(length=31), nullable=False),
        sa.Column("told_at", instant(), nullable=False),
        sa.Column("decided_by", text(length=31), nullable=False),
        sa.Column("decided_at", instant(), nullable=True),
        sa.Column("reason", text(length=200), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_groupsession_area_code")),
        sa.ForeignKeyConstraint(["group_id"], ["helpgroup.id"], name=op.f("fk_groupsession_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groupsession")),
    )
    with op.batch_alter_table("groupsession", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_groupsession_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_groupsession_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_groupsession_on"), ["on"], unique=False)

    op.create_table(
        "patrolround",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("group_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("made_by", text(length=31), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_patrolround_area_code")),
        sa.ForeignKeyConstraint(["group_id"], ["helpgroup.id"], name=op.f("fk_patrolround_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrolround")),
        sa.UniqueConstraint("group_id", "on", name=op.f("uq_patrolround_group_id_on")),
    )
    with op.batch_alter_table("patrolround", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_patrolround_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_patrolround_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_patrolround_on"), ["on"], unique=False)

    op.create_table(
        "patroldoor",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("round_id", text(length=31), nullable=False),
        sa.Column("elder_id", text(length=31), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("record_key", text(length=80), nullable=True),
        sa.Column("knocked_by", text(length=31), nullable=True),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_patroldoor_elder_id")),
        sa.ForeignKeyConstraint(["knocked_by"], ["person.id"], name=op.f("fk_patroldoor_knocked_by")),
        sa.ForeignKeyConstraint(["round_id"], ["patrolround.id"], name=op.f("fk_patroldoor_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patroldoor")),
        sa.UniqueConstraint("record_key", name=op.f("uq_patroldoor_record_key")),
        sa.UniqueConstraint("round_id", "elder_id", name=op.f("uq_patroldoor_round_id_elder_id")),
    )
    with op.batch_alter_table("patroldoor", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_patroldoor_elder_id"), ["elder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_patroldoor_round_id"), ["round_id"], unique=False)

    op.create_table(
        "sessionattendee",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("session_id", text(length=31), nullable=False),
        sa.Column("person_id", text(length=31), nullable=False),
        sa.Column(
            "part",
            sa.Enum("helped", "came", name="sessionpart", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sessionattendee_person_id")),
        sa.ForeignKeyConstraint(["session_id"], ["groupsession.id"], name=op.f("fk_sessionattendee_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessionattendee")),
        sa.UniqueConstraint("session_id", "person_id", name=op.f("uq_sessionattendee_session_id_person_id")),
    )
    with op.batch_alter_table("sessionattendee", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessionattendee_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessionattendee_session_id"), ["session_id"], unique=False)


def downgrade() -> None:
    """Back."""
    for table in TABLES:
        op.drop_table(table)
