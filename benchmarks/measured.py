"""What the benchmarks measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Measured:
    """What the rounds of one server and operation gave: times in milliseconds, one entry for each round."""

    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    statements: float = 0

    @property
    def rate(self) -> float:
        """Requests a second, the median of the rounds."""
        return median(self.rates)


@dataclass
class Case:
    """One operation asked by one guardian, of every server."""

    dialect: str
    schools: int
    operation: str
    person: str
    servers: dict[str, Measured]

    @property
    def limit(self) -> float:
        """Requests a second of the faster hand-written server; 1 where none took part."""
        return max((one.rate for name, one in self.servers.items() if name.startswith("limit")), default=1.0)
