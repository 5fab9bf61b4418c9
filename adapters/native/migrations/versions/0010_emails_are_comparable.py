"""Addresses of mail are stored as they are compared, so that `Jean@x.fr` and `jean@x.fr` are one."""

import sqlalchemy as sa
from alembic import op

from adapters import records as r
from adapters.content import comparable_email

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    claim, people = r.Claim.table(), (r.Guardian.table(), r.StaffMember.table())
    for table in people:
        written = sa.select(table.c.id, table.c.email).where(table.c.email.is_not(None))
        for key, email in connection.execute(written).all():
            if (plain := comparable_email(email)) != email:
                connection.execute(sa.update(table).where(table.c.id == key).values(email=plain))
    said = sa.select(claim.c.id, claim.c.content).where(claim.c.kind.in_([one.name for one in people]))
    for key, content in connection.execute(said).all():
        if (email := content.get("email")) and (plain := comparable_email(email)) != email:
            changed = sa.update(claim).where(claim.c.id == key)
            connection.execute(changed.values(content={**content, "email": plain}))


def downgrade() -> None:
    """How an address was written does not come back, and changes nothing."""
