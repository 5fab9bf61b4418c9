"""Teaching begins and ends: a teacher who left a class reads nothing of it any more."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("start_date", "end_date"):
        op.add_column("teaching", sa.Column(name, sa.Date(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("teaching") as teaching:
        for name in ("end_date", "start_date"):
            teaching.drop_column(name)
