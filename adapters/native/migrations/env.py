"""Alembic's environment: the connection is handed over by `adapters.native.database`."""

from alembic import context
from sqlmodel import SQLModel

import adapters.records  # noqa: F401 - registers every table

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
