"""Texts were cleaned here; 0008 does it anew, with more care."""

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Leave it to 0008."""


def downgrade() -> None:
    """What was taken out does not come back."""
