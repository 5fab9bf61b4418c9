"""Texts are cleaned: what was stored before texts were cleaned as they are now is cleaned where it lies."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from adapters import records as r
from adapters.content import clean_row

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BATCH = 1000


def upgrade() -> None:
    connection = op.get_bind()
    if connection.execute(sa.select(r.DataSource.table().c.id).limit(1)).first() is None:
        return  # nothing was imported yet
    there = sa.inspect(connection)
    kept = (r.Claim, r.FeedEntry, r.FeedHead, r.ImportRun, r.MutationReceipt)
    kinds = {one.table().name: one for one in r.kinds_of_records() if one not in kept}
    for name, kind in kinds.items():
        known = {column["name"] for column in there.get_columns(name)}
        contents = {one: holds for one, holds in kind.contents().items() if one in known}
        for before in _rows(connection, kind.table(), list(contents)):
            row = dict(before)
            clean_row(contents, row)
            _write(connection, kind.table(), before, row)
    for before in _rows(connection, r.Claim.table(), ["kind", "content"]):
        kind, content = kinds.get(before["kind"]), dict(before["content"])
        if kind is not None:
            clean_row(kind.contents(), content)
            _write(connection, r.Claim.table(), before, {**before, "content": content})


def _rows(connection, table, names):
    """Read columns of all rows in batches, in the order of their keys."""
    key, last = table.c.id, ""
    query = sa.select(key, *(table.c[name] for name in names)).order_by(key).limit(BATCH)
    while rows := connection.execute(query.where(key > last)).mappings().all():
        last = rows[-1]["id"]
        yield from rows


def _write(connection, table, before, row):
    """Write what changed; a record that cannot be without what was taken out ends."""
    changed = {name: value for name, value in row.items() if value != before[name]}
    for name in [name for name, value in changed.items() if value is None and not table.c[name].nullable]:
        changed[name] = ""
        if "ended_at" in table.c:
            changed["ended_at"] = datetime.now(UTC)
    if changed:
        connection.execute(sa.update(table).where(table.c.id == before["id"]).values(changed))


def downgrade() -> None:
    """What was taken out does not come back."""
