"""Receipts of mutations."""

import sqlalchemy as sa
from alembic import op

import adapters.records.base

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mutation_receipt",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("results", sa.JSON(), nullable=False),
        sa.Column("write_state", sa.String(), nullable=False),
        sa.Column("done_at", adapters.records.base.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_mutation_receipt_done_at", "mutation_receipt", ["done_at"])


def downgrade() -> None:
    op.drop_table("mutation_receipt")
