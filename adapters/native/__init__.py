"""The gateway's own database: one schema on SQLite and PostgreSQL."""
