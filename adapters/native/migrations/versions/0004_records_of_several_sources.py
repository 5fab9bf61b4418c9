"""Records that several sources speak of, and what joins them.

`match_name` is filled by the next import of each source.
"""

import sqlalchemy as sa
from alembic import op

import adapters.records.base

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAMED = ("grading_period", "guardian", "room", "school_class", "staff_member", "student", "subject")
NUMBERS = {
    "guardian": {"match_code": 64},
    "staff_member": {"match_code": 64, "information_system_id": None},
    "student": {"match_code": 64, "national_id": 64},
    "subject": {"management_code": None},
}
INDEXED: dict[str, tuple[str, ...]] = {
    "guardian": ("match_name",),
    "staff_member": ("information_system_id", "match_code"),
    "student": ("information_system_id", "match_code", "match_name", "national_id"),
}


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.String(length=64), nullable=True),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.Column("is_mention", sa.Boolean(), nullable=False),
        sa.Column("ended_at", adapters.records.base.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_claim_record", "claim", ["record_id", "source_id"])
    op.create_index("ix_claim_source", "claim", ["source_id", "kind"])
    op.create_table(
        "merge_proposal",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("first_id", sa.String(length=64), nullable=False),
        sa.Column("second_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("noted_at", adapters.records.base.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for table in NAMED:
        op.add_column(table, sa.Column("match_name", sa.String(), nullable=False, server_default=""))
    op.add_column(
        "lesson", sa.Column("is_from_pattern", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    for table, columns in NUMBERS.items():
        for name, length in columns.items():
            op.add_column(table, sa.Column(name, sa.String(length=length), nullable=True))
    for table, names in INDEXED.items():
        for name in names:
            op.create_index(f"ix_{table}_{name}", table, [name])


def downgrade() -> None:
    for table, names in INDEXED.items():
        for name in names:
            op.drop_index(f"ix_{table}_{name}", table)
    for table, columns in NUMBERS.items():
        for name in columns:
            op.drop_column(table, name)
    op.drop_column("lesson", "is_from_pattern")
    for table in NAMED:
        op.drop_column(table, "match_name")
    op.drop_table("merge_proposal")
    op.drop_table("claim")
