"""The index of a student's grades holds what decides whether a grade is shown: lists are counted in it alone."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BEFORE = ["student_id", "date", "id"]


def upgrade() -> None:
    op.drop_index("ix_grade_student", "grade")
    op.create_index("ix_grade_student", "grade", [*BEFORE, "ended_at", "published_at"])


def downgrade() -> None:
    op.drop_index("ix_grade_student", "grade")
    op.create_index("ix_grade_student", "grade", BEFORE)
