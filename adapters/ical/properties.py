"""Properties of a component as texts and lists."""

from __future__ import annotations

from typing import Any

from icalendar.prop import vBroken


def listed(value: Any) -> list[Any]:
    """Return the values of a property, which icalendar gives as a list only where there are several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def written(value: Any) -> bytes:
    """Return a value as it stands in a file."""
    found = value.to_ical()
    return found if isinstance(found, bytes) else str(found).encode()


def shown(value: Any) -> str:
    """Return what a report shows of a property."""
    return "; ".join(written(one).decode() for one in listed(value))[:200]


def text_of(component: Any, name: str) -> str | None:
    """Return a text, the first where there are several; None without one."""
    values = listed(component.get(name))
    return (str(values[0]).strip() or None) if values and not isinstance(values[0], vBroken) else None


def categories_of(component: Any) -> tuple[str, ...]:
    """Return the categories of an event."""
    values = [one for one in listed(component.get("CATEGORIES")) if not isinstance(one, vBroken)]
    return tuple(str(one).strip() for value in values for one in value.cats)
