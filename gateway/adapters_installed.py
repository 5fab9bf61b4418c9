"""Adapters of this program and of other packages, found through the entry-point group."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from adapters.base import BadConfiguration, ReaderAdapter, Source, SourceAdapter
from gateway.settings import Settings
from resolvers.routing import Route, Sources

GROUP = "passerelle.adapters"


@cache
def adapter_entry_points() -> Mapping[str, EntryPoint]:
    """List all registered adapters by name; what is installed later is found by the next process."""
    return {point.name: point for point in entry_points(group=GROUP)}


def load_adapter(name: str) -> object:
    """Load one adapter. Raises BadConfiguration when there is none of that name."""
    points = adapter_entry_points()
    if name not in points:
        known = ", ".join(sorted(points)) or "none"
        raise BadConfiguration(f"There is no adapter {name!r}; installed are: {known}.")
    adapter: object = points[name].load()()
    return adapter


def reader(name: str) -> ReaderAdapter:
    """Load an adapter that reads exports. Raises BadConfiguration."""
    adapter = load_adapter(name)
    if not isinstance(adapter, ReaderAdapter):
        raise BadConfiguration(f"The adapter {name!r} serves data; it reads no exports.")
    return adapter


def readers() -> list[ReaderAdapter]:
    """Load every adapter that reads exports."""
    loaded = [load_adapter(name) for name in sorted(adapter_entry_points())]
    return [adapter for adapter in loaded if isinstance(adapter, ReaderAdapter)]


def open_sources(settings: Settings, native: Source) -> Sources:
    """Open every configured source. Raises BadConfiguration."""
    others = {}
    for name, configured in settings.sources.items():
        adapter = load_adapter(configured.adapter)
        if not isinstance(adapter, SourceAdapter):
            raise BadConfiguration(f"sources.{name}: the adapter {configured.adapter!r} serves no data.")
        source = adapter.open(configured.options)
        source.name = name
        others[name] = source
    routes = [Route(one.source, one.data, one.school) for one in settings.routes]
    return Sources(native, others, routes, settings.source_timeout)
