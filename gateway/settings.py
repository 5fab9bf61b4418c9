"""Settings: environment variables `PASSERELLE_...`, then `passerelle.toml`, then the defaults.

`docs/settings.md` is generated from the descriptions here.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AnyHttpUrl,
    AnyUrl,
    BaseModel,
    ConfigDict,
    Field,
    UrlConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)
from strawberry.http.websocket_origin import normalize_allowed_origins

from adapters.base import BadConfiguration
from resolvers.routing import CAPABILITIES

FILE = "passerelle.toml"
RateStore = Annotated[AnyUrl, UrlConstraints(allowed_schemes=["redis", "rediss"])]
SECRET = {"database_url", "jwks_url", "rate_store", "sources"}
"""Settings that may hold a password: what was given for them is never shown."""
LOOPBACK: list[IPv4Network | IPv6Network] = [IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")]

PREFIX = "PASSERELLE_"
OF_OTHERS = re.compile(r"TEST_.*|EXAMPLES|SERVICE_(HOST|PORT).*|PORT_\d+_.*")
"""Names after the prefix that are no settings: of our tests, and of Kubernetes for a service of this name."""


class SourceSettings(BaseModel):
    """One additional source: `[sources.NAME]` in passerelle.toml."""

    model_config = ConfigDict(extra="forbid")
    adapter: str = Field(description="Name of the adapter, as its package registered it.")
    options: dict[str, Any] = Field(default_factory=dict, description="What the adapter needs to know.")


class RouteSettings(BaseModel):
    """One line of routing: `[[routes]]` in passerelle.toml. The first that fits is taken."""

    model_config = ConfigDict(extra="forbid")
    data: str = Field(description="Kind of data: a Capability of the schema, such as TIMETABLE_READ.")
    source: str = Field(description="Name of a source under `[sources]`, or `native`.")
    school: str | None = Field(default=None, description="National id (UAI) of the school; else all.")

    @field_validator("data")
    @classmethod
    def is_capability(cls, value: str) -> str:
        """Refuse a kind of data that does not exist."""
        known = sorted(set(CAPABILITIES.values()))
        if value not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return value


class Settings(BaseSettings):
    """All settings of the gateway."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", toml_file=FILE)

    database_url: str = Field(
        default="sqlite:///passerelle.db",
        description="Database: `sqlite:///FILE` (WAL, no server) or `postgresql://USER:PASSWORD@HOST/NAME`.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(default=8000, description="Port to listen on.")
    workers: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1, description="Processes that answer requests; one a core is a good number."
    )
    allowed_origins: list[str] = Field(
        default=[],
        description="Origins of web applications on other hosts that may ask, such as "
        '`["https://app.example"]`, over HTTP (CORS) and WebSockets. Pages of the gateway itself always may.',
    )
    trusted_proxies: list[IPv4Network | IPv6Network] = Field(
        default=LOOPBACK,
        description="Addresses or networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto "
        "are believed.",
    )
    request_timeout: Annotated[float, Field(gt=0, le=300)] = Field(
        default=15.0,
        description="Seconds within which a request must arrive whole; and between two looks at whether a "
        "client reads its answers, of which it must take 4 kB a second.",
    )
    max_requests_per_second: Annotated[int, Field(ge=1)] = Field(
        default=100,
        description="Requests of one address that begin within a second, and as many at once after a pause; "
        "further ones wait their turn. Trusted proxies are not counted: limit there what their clients send.",
    )
    max_requests: Annotated[int, Field(ge=1)] = Field(
        default=200, description="Most requests answered at once, in each worker."
    )
    jwks_url: AnyHttpUrl | None = Field(
        default=None,
        description="Key set (JWKS) of the identity provider; without it, only `passerelle token` signs.",
    )
    jwks_cooldown: Annotated[float, Field(ge=0, le=300)] = Field(
        default=5.0, description="Least seconds between two fetches of the key set for a key not known yet."
    )
    jwt_audience: str = Field(default="passerelle", description="Audience (`aud`) a token must be for.")
    jwt_issuer: str | None = Field(default=None, description="Issuer (`iss`) a token must be from.")
    jwt_leeway: Annotated[int, Field(ge=0, le=300)] = Field(
        default=30, description="Difference of clocks that is forgiven, in seconds."
    )
    jwt_person_claim: str = Field(default="sub", description="Claim that holds the person's id here.")
    jwt_kind_claim: str = Field(default="kind", description="Claim that holds the kind of viewer.")
    development_key: Path = Field(
        default=Path("passerelle-development-key.pem"),
        description="Private key that `passerelle token` signs with; made when missing. Ignored with a JWKS.",
    )
    source_timeout: Annotated[float, Field(gt=0, le=60)] = Field(
        default=5.0, description="How long a source may take, in seconds, before its fields are null."
    )
    max_depth: Annotated[int, Field(ge=3)] = Field(default=16, description="Deepest operation accepted.")
    max_aliases: Annotated[int, Field(ge=1)] = Field(default=60, description="Most aliases in an operation.")
    max_tokens: Annotated[int, Field(ge=100)] = Field(
        default=4000, description="Longest operation in tokens."
    )
    max_cost: Annotated[int, Field(ge=100)] = Field(
        default=75_000,
        description="Highest cost of an operation, worked out before it runs from what the schema "
        "declares; the "
        "dashboard of four children has about a twentieth.",
    )
    max_records: Annotated[int, Field(ge=100)] = Field(
        default=20_000, description="Most records that are read for one answer."
    )
    max_answer: Annotated[int, Field(ge=10_000)] = Field(
        default=750_000, description="Largest answer in bytes, before compression."
    )
    answer_timeout: Annotated[float, Field(gt=0, le=300)] = Field(
        default=15.0,
        description="Seconds that an answer may take; then its statements and sources are stopped.",
    )
    rate_per_viewer: Annotated[int, Field(ge=100)] = Field(
        default=600_000, description="Highest cost of what one viewer asks for in a minute."
    )
    rate_per_address: Annotated[int, Field(ge=100)] = Field(
        default=6_000_000,
        description="Highest cost of what is asked for from one address in a minute, a whole "
        "school's perhaps. "
        "Trusted proxies are not counted: the clients behind them are.",
    )
    rate_store: RateStore | None = Field(
        default=None,
        description="Redis or Valkey that counts for all workers and machines together, such as "
        "`redis://HOST:6379/0`; without it, each worker counts for itself.",
    )
    max_body: Annotated[int, Field(ge=1024)] = Field(default=262_144, description="Largest request in bytes.")
    import_shrink_limit: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.2,
        description="Part of the records of a kind that a complete export may lack; more stops the import.",
    )
    import_precedence: dict[Literal["people", "structure", "timetable"], list[str]] = Field(
        default_factory=dict,
        description="Formats by kind of data, the most believed first, where exports of one school differ; "
        'for example `{timetable = ["ical", "edt"]}`. A timetable is taken whole from one source.',
    )
    national_id_key: Path | None = Field(
        default=None,
        description="File with a secret with which national numbers of students (INE) are coded. Without "
        "one, whoever has the database can try all numbers. After a change, import all exports again.",
    )
    subscription_backlog: Annotated[int, Field(ge=1)] = Field(
        default=1000,
        description="Events that may wait for a client that does not read, before it must resume.",
    )
    connection_init_timeout: Annotated[float, Field(gt=0, le=60)] = Field(
        default=10.0, description="Seconds within which a WebSocket client must send its token."
    )
    max_connections: Annotated[int, Field(ge=1)] = Field(
        default=20, description="Most WebSockets and event streams of one viewer, in each worker."
    )
    max_connections_per_address: Annotated[int, Field(ge=1)] = Field(
        default=200,
        description="Most sockets of one address, in each worker; most WebSockets and event streams too. "
        "Sockets of trusted proxies are not counted: the clients behind them are.",
    )
    sources: dict[str, SourceSettings] = Field(
        default_factory=dict, description="Sources beside the native database, by name."
    )
    routes: list[RouteSettings] = Field(
        default_factory=list, description="Which source serves which kind of data of which school."
    )

    @field_validator("allowed_origins")
    @classmethod
    def are_origins(cls, values: list[str]) -> list[str]:
        """Refuse what is no origin, and the wildcard: an application is named, not the whole web."""
        if "*" in values:
            raise ValueError("name each origin, such as https://app.example, instead of *")
        return sorted(normalize_allowed_origins(values))

    @model_validator(mode="after")
    def lets_each_operation_be_sent(self) -> Settings:
        """Refuse rates below the cost of one operation that is allowed."""
        for name in ("rate_per_viewer", "rate_per_address"):
            if getattr(self, name) < 2 * self.max_cost:
                raise ValueError(f"{name}: must be at least twice max_cost ({self.max_cost})")
        return self

    @model_validator(mode="after")
    def names_known_sources(self) -> Settings:
        """Refuse a route to a source that is not configured."""
        for route in self.routes:
            if route.source != "native" and route.source not in self.sources:
                known = ", ".join(["native", *self.sources])
                raise ValueError(f"routes: there is no source {route.source!r}; configured are: {known}")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**overrides: Any) -> Settings:
    """Read the settings. Raises BadConfiguration, naming each wrong setting and the remedy."""
    meant = {name: one for name, one in unknown_variables(os.environ).items() if one is not None}
    if meant:
        raise _unusable(f"  {name}: there is no such setting; is {one} meant?" for name, one in meant.items())
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise _unusable(_line(*_told(fault)) for fault in error.errors()) from error
    except SettingsError as error:  # of pydantic-settings: a list in the environment that is not JSON
        raise BadConfiguration(
            f"These settings cannot be used: {error}. Write lists and tables in the environment as JSON: "
            """PASSERELLE_ALLOWED_ORIGINS='["https://app.example"]'."""
        ) from error
    except ValueError as error:  # a TOML file that cannot be read
        raise BadConfiguration(
            f"{Path(FILE).resolve()} cannot be read: {error}. Settings are lines such as port = 8000 and "
            'host = "127.0.0.1", texts in quotes (the format TOML); `passerelle check --settings` lists all.'
        ) from error


def unknown_variables(names: Iterable[str]) -> dict[str, str | None]:
    """Return the variables of the environment that are named like a setting and are none.

    Each with the setting that it is like (difflib), or None: what is like none may be somebody else's.
    """
    known = [one.upper() for one in Settings.model_fields]
    found: dict[str, str | None] = {}
    for name in names:
        rest = name.upper().removeprefix(PREFIX)
        if rest != name.upper() and rest not in known and not OF_OTHERS.fullmatch(rest):
            near = get_close_matches(rest, known, 1)
            found[name] = f"{PREFIX}{near[0]}" if near else None
    return found


def _unusable(lines: Iterable[str]) -> BadConfiguration:
    return BadConfiguration(
        "These settings cannot be used:\n" + "\n".join(lines) + "\nSet them as PASSERELLE_NAME in the "
        f"environment or in {FILE}; `passerelle check --settings` lists all of them."
    )


def _told(fault: ErrorDetails) -> tuple[tuple[int | str, ...], str, object]:
    """Return where a fault is, what it is in words of ours, and what was given."""
    place, given = fault["loc"], fault["input"]
    if fault["type"] != "extra_forbidden" or len(place) != 1:
        return place, fault["msg"], given
    if isinstance(given, dict):
        return place, "there is no such section; settings stand at the top of the file, in none", given
    near = get_close_matches(str(place[0]), Settings.model_fields, 1)
    return place, "there is no such setting" + (f"; is {near[0]} meant?" if near else ""), given


def _line(place: tuple[int | str, ...], message: str, given: object) -> str:
    """Say what is wrong with a setting, without a secret that it may hold."""
    name = ".".join(str(part) for part in place)
    is_shown = place and place[0] in Settings.model_fields and place[0] not in SECRET
    return f"  {name or 'settings'}: {message}" + (f" (given: {given!r})" if is_shown else "")


def _bounds(setting: FieldInfo) -> str:
    """Say between which values a number must lie."""
    words = {"gt": "more than", "ge": "at least", "le": "at most"}
    given = {name: getattr(one, name) for one in setting.metadata for name in words if hasattr(one, name)}
    return f" {', '.join(f'{words[name]} {given[name]}' for name in given).capitalize()}." if given else ""


def settings_reference() -> str:
    """Write docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Generated by `passerelle check --settings`; a test holds it to the code.",
        "",
        f"Each setting is read from the environment, else from `{FILE}` in the working directory. A variable",
        f"`{PREFIX}...` that is no setting but is like one stops every command, with the name that is meant.",
        "",
        "| environment variable | in passerelle.toml | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for name, one in Settings.model_fields.items():
        is_none = one.default_factory is not None or one.default in (None, [])
        default = (
            json.dumps([str(each) for each in one.default]) if isinstance(one.default, list) else one.default
        )
        default = "none" if is_none else f"`{default}`"
        meaning = f"{one.description}{_bounds(one)}"
        lines.append(f"| `PASSERELLE_{name.upper()}` | `{name}` | {default} | {meaning} |")
    for title, model in (("[sources.NAME]", SourceSettings), ("[[routes]]", RouteSettings)):
        lines += ["", f"## `{title}`", ""]
        lines += [f"- `{name}`: {one.description}" for name, one in model.model_fields.items()]
    return "\n".join(lines) + "\n"
