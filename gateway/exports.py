"""Writing what the database holds in a format that other systems read."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import or_, select

from adapters import records as r
from adapters.base import BadConfiguration
from adapters.native.database import migrate, open_database
from adapters.oneroster.writer import write_export
from adapters.templates.catalogue import TEMPLATES
from adapters.templates.columns import Template
from adapters.templates.writer import explained, write_template
from gateway.settings import Settings

WRITTEN: tuple[type[r.Imported], ...] = (
    r.School, r.SchoolSettings, r.GradingPeriod, r.Subject, r.SchoolClass, r.Student, r.Guardian,
    r.Guardianship, r.StaffMember, r.Enrolment, r.Teaching, r.Assessment, r.Grade,
)  # fmt: skip


async def export_oneroster(settings: Settings, path: Path, school: str | None) -> dict[str, int]:
    """Write a OneRoster zip of all schools, or of one by its national id; returns rows by file.

    Raises BadConfiguration where there is no such school.
    """
    engine = open_database(settings.database_url)
    try:
        await migrate(engine)
        async with engine.connect() as connection:
            only = None
            if school is not None:
                table = r.School.table()
                found = await connection.execute(select(table.c.id).where(table.c.national_id == school))
                only = found.scalar()
                if only is None:
                    raise BadConfiguration(
                        f"There is no school {school}; `passerelle imports` lists imports."
                    )
            records: list[r.Record] = []
            for kind in WRITTEN:
                table = kind.table()
                wanted = select(table).where(table.c.ended_at.is_(None))
                if only is not None:
                    wanted = wanted.where(or_(table.c.school_id == only, table.c.school_id.is_(None)))
                rows = await connection.execute(wanted)
                records += [kind.model_validate(dict(row)) for row in rows.mappings()]
    finally:
        await engine.dispose()
    return write_export(path, _connected(records) if only is not None else records)


def _connected(records: list[r.Record]) -> list[r.Record]:
    """Leave out guardians of other schools' students; they have no school of their own."""
    here = {one.guardian_id for one in records if isinstance(one, r.Guardianship)}
    return [one for one in records if not isinstance(one, r.Guardian) or one.id in here]


def templates() -> list[str]:
    """List the templates, each with its names."""
    return [f"{one.name:16} {one.title} ({', '.join(one.also)})" for one in TEMPLATES.values()]


def write_empty_table(name: str, path: Path) -> None:
    """Write an empty table after a template.

    Raises BadConfiguration where there is none of that name, and where the file cannot be made or is there.
    """
    try:
        write_template(_template(name), path)
    except FileExistsError as error:
        raise BadConfiguration(
            f"{path} is there already, and was left as it is: name another file."
        ) from error
    except OSError as error:
        raise BadConfiguration(
            f"{path} cannot be written: {error.strerror}. Name a file in a folder you may write to."
        ) from error


def columns_of(name: str) -> list[tuple[str, str, str, str]]:
    """List the columns of a template: name, whether needed, other names, meaning. Raises BadConfiguration."""
    return explained(_template(name))


def _template(name: str) -> Template:
    if name not in TEMPLATES:
        raise BadConfiguration(f"There is no template {name!r}; there are {', '.join(TEMPLATES)}.")
    return TEMPLATES[name]
