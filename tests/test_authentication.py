"""Bearer tokens: a real key set served over HTTP, rotation, and every way a token can be wrong."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.authentication import (
    ANONYMOUS,
    Authenticator,
    IdentityProviderDown,
    InvalidToken,
    development_key,
    make_token,
)
from gateway.key_set import KeySet, KeySetUnavailable, UnknownKey
from gateway.settings import Settings
from resolvers.viewer import Caller
from tests.conftest import Gateway

GUARDIAN = Caller("GUARDIAN", "g1")


class IdentityProvider:
    """A key set on loopback, with keys that can be rotated; it can be held up and can answer nonsense."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.requests = 0
        self.answers = threading.Event()
        self.answers.set()
        self.says: bytes | None = None
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.requests += 1
                provider.answers.wait(60)
                keys = json.dumps({"keys": [provider.jwk(one) for one in provider.keys]}).encode()
                body = keys if provider.says is None else provider.says
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                with suppress(ConnectionError):
                    self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def jwk(self, key_id: str) -> dict[str, Any]:
        key = self.keys[key_id]
        algorithm: Any = (
            jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
        )
        found: dict[str, Any] = algorithm.to_jwk(key.public_key(), as_dict=True)
        return {**found, "kid": key_id, "use": "sig"}

    def sign(self, key_id: str, **claims: Any) -> str:
        key = self.keys[key_id]
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(standard_claims() | claims, key, algorithm, headers={"kid": key_id})


def standard_claims() -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "sub": "g1",
        "kind": "GUARDIAN",
        "aud": "passerelle",
        "iss": "https://idp.example",
        "iat": now,
        "exp": now + timedelta(minutes=5),
    }


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    found = IdentityProvider()
    found.keys["rsa"] = rsa.generate_private_key(65537, 2048)
    found.keys["ec"] = ec.generate_private_key(ec.SECP256R1())
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def authenticator(provider: IdentityProvider) -> Authenticator:
    settings = Settings(jwks_url=provider.url, jwt_issuer="https://idp.example", jwks_cooldown=0)
    return Authenticator(settings)


@pytest.mark.parametrize("key_id", ["rsa", "ec"])
async def test_a_token_of_the_identity_provider_is_accepted(
    provider: IdentityProvider, authenticator: Authenticator, key_id: str
) -> None:
    caller = await authenticator.caller(f"Bearer {provider.sign(key_id)}")
    assert (caller.kind, caller.person_id) == ("GUARDIAN", "g1")


async def test_a_new_key_of_the_provider_is_fetched_when_it_is_first_met(
    provider: IdentityProvider, authenticator: Authenticator
) -> None:
    await authenticator.caller(f"Bearer {provider.sign('ec')}")
    provider.keys["rotated"] = ec.generate_private_key(ec.SECP256R1())
    caller = await authenticator.caller(f"Bearer {provider.sign('rotated')}")
    assert caller.person_id == "g1"
    before = provider.requests
    await authenticator.caller(f"Bearer {provider.sign('rotated')}")
    assert provider.requests == before


async def test_a_key_that_was_withdrawn_is_refused(
    provider: IdentityProvider, authenticator: Authenticator
) -> None:
    provider.keys["old"] = ec.generate_private_key(ec.SECP256R1())
    token = provider.sign("old")
    del provider.keys["old"]
    with pytest.raises(InvalidToken):
        await authenticator.caller(f"Bearer {token}")


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"aud": "another"}, "audience"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"exp": datetime.now(UTC) - timedelta(minutes=5)}, "expired"),
        ({"iat": datetime.now(UTC) + timedelta(minutes=5)}, "verified"),
        ({"nbf": datetime.now(UTC) + timedelta(minutes=5)}, "verified"),
        ({"kind": "ADMIN"}, "kind"),
        ({"kind": None}, "kind"),
        ({"schools": "all"}, "schools"),
        ({"sub": ""}, "person"),
        ({"sub": "  "}, "person"),
        ({"sub": 5}, "verified"),
        ({"sub": None}, "verified"),
        ({"exp": 9e15}, "iat"),
        ({"exp": 10**30}, "iat"),
        ({"exp": float("inf")}, "verified"),
        ({"exp": "tomorrow"}, "verified"),
        ({"exp": [1]}, "verified"),
        ({"iat": -1e15}, "iat"),
        ({"iat": -(10**30)}, "iat"),
        ({"iat": {}}, "verified"),
        ({"nbf": 10**400}, "verified"),
    ],
)
async def test_a_wrong_claim_is_refused(
    provider: IdentityProvider, authenticator: Authenticator, claims: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidToken, match=message):
        await authenticator.caller(f"Bearer {provider.sign('ec', **claims)}")


@pytest.mark.parametrize("seconds", [-20, 20])
async def test_a_small_difference_of_clocks_is_forgiven(
    provider: IdentityProvider, authenticator: Authenticator, seconds: int
) -> None:
    moved = datetime.now(UTC) + timedelta(seconds=seconds)
    claims = {"exp": moved} if seconds < 0 else {"iat": moved, "nbf": moved}
    assert (await authenticator.caller(f"Bearer {provider.sign('ec', **claims)}")).person_id == "g1"


def _segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(
    provider: IdentityProvider, authenticator: Authenticator
) -> None:
    public = provider.keys["rsa"].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = standard_claims()
    claims |= {name: int(claims[name].timestamp()) for name in ("iat", "exp")}
    signed = f"{_segment({'alg': 'HS256', 'typ': 'JWT', 'kid': 'rsa'})}.{_segment(claims)}"
    signature = base64.urlsafe_b64encode(hmac.new(pem, signed.encode(), hashlib.sha256).digest())
    with pytest.raises(InvalidToken, match="verified"):
        await authenticator.caller(f"Bearer {signed}.{signature.decode().rstrip('=')}")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512"])
async def test_no_other_algorithm_is_accepted(authenticator: Authenticator, algorithm: str) -> None:
    claims = standard_claims()
    claims |= {name: int(claims[name].timestamp()) for name in ("iat", "exp")}
    token = f"{_segment({'alg': algorithm, 'kid': 'ec'})}.{_segment(claims)}."
    with pytest.raises(InvalidToken):
        await authenticator.caller(f"Bearer {token}")


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Bearer ", "Bearer not-a-token", "token"])
async def test_a_header_that_is_no_bearer_token_is_refused(authenticator: Authenticator, header: str) -> None:
    with pytest.raises(InvalidToken):
        await authenticator.caller(header)


async def test_an_identity_provider_that_is_down_is_not_the_callers_fault() -> None:
    away = Authenticator(Settings(jwks_url="http://127.0.0.1:9/jwks.json"))
    provider_key = ec.generate_private_key(ec.SECP256R1())
    token = jwt.encode(standard_claims(), provider_key, "ES256", headers={"kid": "x"})
    with pytest.raises(IdentityProviderDown):
        await away.caller(f"Bearer {token}")


async def test_an_outage_of_the_identity_provider_is_logged_once_and_names_the_setting(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    keys = KeySet(provider.url, cooldown=0)
    try:
        for says in (b"secret", None, b"secret"):
            provider.says = says
            for _ in range(3):
                with pytest.raises(UnknownKey if says is None else KeySetUnavailable):
                    await keys.key("unknown")
    finally:
        provider.says = None
    outage = (
        "Tokens whose key is not at hand cannot be checked: the key set of the identity provider (the "
        "setting jwks_url) does not come. JSONDecodeError while the key set was read."
    )
    assert [(one.name, one.levelname, one.getMessage()) for one in caplog.records] == [
        ("passerelle.key_set", "WARNING", outage)
    ] * 2


@pytest.mark.parametrize(("algorithm", "key_id"), [("ES256", "rsa"), ("RS256", "ec"), ("PS256", "rsa")])
async def test_an_algorithm_that_does_not_fit_the_key_is_refused(
    authenticator: Authenticator, algorithm: str, key_id: str
) -> None:
    claims = standard_claims()
    claims |= {name: int(claims[name].timestamp()) for name in ("iat", "exp")}
    head = _segment({"alg": algorithm, "kid": key_id})
    for signature in ("", "AAAA", "A" * 86, "A" * 342):
        with pytest.raises(InvalidToken, match="verified"):
            await authenticator.caller(f"Bearer {head}.{_segment(claims)}.{signature}")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "HS256", "none", "", None, 5, {}, ["ES256"]])
@pytest.mark.parametrize("body", [b"[]", b"null", b"[" * 3000, b"\xff", b'{"exp": 1e400}', b"{}"])
async def test_a_token_of_nonsense_is_refused_with_the_development_key_too(
    tmp_path: Path, algorithm: object, body: bytes
) -> None:
    local = Authenticator(Settings(development_key=tmp_path / "key.pem"))
    payload = base64.urlsafe_b64encode(body).decode().rstrip("=")
    head = _segment({"alg": algorithm})
    for token in (f"{head}.{payload}.AAAA", f"{payload}.{payload}.", "é.é.é", "a" * 9000):
        with pytest.raises(InvalidToken):
            await local.caller(f"Bearer {token}")


async def test_a_key_set_that_does_not_come_is_fetched_once_and_holds_up_nobody_with_a_known_key(
    provider: IdentityProvider, authenticator: Authenticator
) -> None:
    await authenticator.caller(f"Bearer {provider.sign('ec')}")
    provider.answers.clear()
    before = provider.requests
    stranger = ec.generate_private_key(ec.SECP256R1())
    unknown = [
        asyncio.create_task(
            authenticator.caller(
                "Bearer " + jwt.encode(standard_claims(), stranger, "ES256", headers={"kid": f"unknown-{n}"})
            )
        )
        for n in range(40)
    ]
    while provider.requests == before:
        await asyncio.sleep(0.01)
    for key_id in ("ec", "rsa"):
        assert (await authenticator.caller(f"Bearer {provider.sign(key_id, jti=key_id)}")).person_id == "g1"
    assert not any(one.done() for one in unknown)
    provider.answers.set()
    assert {type(one) for one in await asyncio.gather(*unknown, return_exceptions=True)} == {InvalidToken}
    assert provider.requests == before + 1


@pytest.mark.parametrize(
    "says", [b"", b"no JSON", b"[]", b"null", b'{"keys": 5}', b'{"keys": []}', b"x" * 300_000, b"[" * 2000]
)
async def test_a_key_set_of_nonsense_or_without_end_leaves_the_known_keys(
    provider: IdentityProvider, authenticator: Authenticator, says: bytes
) -> None:
    await authenticator.caller(f"Bearer {provider.sign('ec')}")
    stranger = ec.generate_private_key(ec.SECP256R1())
    provider.says = says
    try:
        with pytest.raises((IdentityProviderDown, InvalidToken)):
            token = jwt.encode(standard_claims(), stranger, "ES256", headers={"kid": "unknown"})
            await authenticator.caller(f"Bearer {token}")
        assert (await authenticator.caller(f"Bearer {provider.sign('ec', jti='2')}")).person_id == "g1"
    finally:
        provider.says = None


async def test_development_tokens_do_not_count_where_a_provider_is_set(
    authenticator: Authenticator, tmp_path: Path
) -> None:
    local = Settings(development_key=tmp_path / "key.pem", jwt_issuer="https://idp.example")
    token = make_token(GUARDIAN, local, timedelta(hours=1), datetime.now(UTC))
    with pytest.raises(InvalidToken):
        await authenticator.caller(f"Bearer {token}")


def test_workers_that_start_at_once_have_one_development_key(tmp_path: Path) -> None:
    def secret_of(path: Path, together: threading.Barrier) -> int:
        together.wait()
        return development_key(path).private_numbers().private_value

    with ThreadPoolExecutor(8) as pool:
        for attempt in range(20):
            path, together = tmp_path / f"{attempt}.pem", threading.Barrier(8)
            found = set(pool.map(secret_of, [path] * 8, [together] * 8))
            assert found == {development_key(path).private_numbers().private_value}
    assert len(list(tmp_path.iterdir())) == 20


async def test_the_development_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    first = development_key(path).private_numbers()
    assert development_key(path).private_numbers() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_without_a_token_only_charter_and_help_answer(sqlite_gateway: Gateway) -> None:
    query = "{ charter { title } helpArticles(first: 1) { slug } viewer { kind } }"
    answer = (await sqlite_gateway.post(query, None)).json()
    assert answer["data"] == {
        "charter": {"title": "Charte d'utilisation"},
        "helpArticles": [{"slug": "cours-annules"}],
        "viewer": None,
    }
    assert {one["extensions"]["code"] for one in answer["errors"]} == {"UNAUTHENTICATED"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("{ charter { title } students { id } }", "students"),
        ("query { ...A } fragment A on Query { ... on Query { s: node(id: 5) { id } } }", "node"),
        ("mutation { markNewsRead(input: {newsIds: []}) { writeState } }", "markNewsRead"),
        ("query A { charter { title } } query B { news { totalCount } }", "news"),
    ],
)
async def test_without_a_token_a_document_that_asks_for_more_is_refused_whole(
    sqlite_gateway: Gateway, query: str, field: str
) -> None:
    answer = await sqlite_gateway.client.post(
        "/graphql", json={"query": query, "operationName": "A" if "query A" in query else None}
    )
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json() == {
        "errors": [
            {
                "message": f"`{field}` needs a token: send `Authorization: Bearer TOKEN`; "
                "`passerelle token` makes one.",
                "extensions": {"code": "UNAUTHENTICATED"},
            }
        ]
    }


async def test_a_wrong_token_is_answered_with_401_and_says_why(sqlite_gateway: Gateway) -> None:
    answer = await sqlite_gateway.post("{ viewer { kind } }", None, token="wrong")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json() == {
        "errors": [{"message": "The token cannot be verified.", "extensions": {"code": "UNAUTHENTICATED"}}]
    }


async def test_a_token_is_remembered_once_however_it_is_written(
    provider: IdentityProvider, authenticator: Authenticator
) -> None:
    token = provider.sign("ec")
    for spaces in range(3):
        header = f"Bearer{' ' * (spaces + 1)}{token}{' ' * spaces}"
        assert (await authenticator.caller(header)).person_id == "g1"
    assert list(authenticator._verified) == [token]
    with pytest.raises(InvalidToken, match="longer than 8192 characters"):
        await authenticator.caller(f"Bearer {'a' * 9_000}")


async def test_no_header_is_the_anonymous_caller(authenticator: Authenticator) -> None:
    assert await authenticator.caller(None) is ANONYMOUS
