"""Bearer tokens: JWTs of a real identity provider (JWKS), or of the local development key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import jwt
from cachetools import TTLCache
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.key_set import KeySet, KeySetUnavailable, UnknownKey
from gateway.settings import Settings
from resolvers.viewer import Caller

ALGORITHMS = ["RS256", "ES256"]
"""Asymmetric only: a token signed with a public key as if it were a secret is refused."""
KINDS = ("GUARDIAN", "STUDENT", "TEACHER", "STAFF", "PARTNER")
ANONYMOUS = Caller("ANONYMOUS", "")
LONGEST_TOKEN = 8_192
"""Characters of a token; what is longer is not looked at."""
UNUSABLE = (UnknownKey, jwt.PyJWTError, ValueError, TypeError, AttributeError, OverflowError, RecursionError)
"""What a token written by a stranger makes the library raise, beside its own errors."""


class InvalidToken(Exception):
    """The token cannot be accepted; the message says why without repeating it."""


class IdentityProviderDown(Exception):
    """The keys of the identity provider cannot be read now."""


class Authenticator:
    """Turns the Authorization header into a caller."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # A client asks with the same token again and again; its signature is checked once a minute.
        self._verified: TTLCache[str, Caller] = TTLCache(maxsize=10_000, ttl=60)
        self._keys: KeySet | None = None
        self._development_key: Any = None
        if settings.jwks_url is not None:
            self._keys = KeySet(str(settings.jwks_url), settings.jwks_cooldown)
        else:
            self._development_key = development_key(settings.development_key).public_key()

    async def caller(self, header: str | None) -> Caller:
        """Read the header. Raises InvalidToken or IdentityProviderDown."""
        if not header:
            return ANONYMOUS
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise InvalidToken("The Authorization header must read `Bearer TOKEN`.")
        if len(token) > LONGEST_TOKEN:
            raise InvalidToken(f"The token is longer than {LONGEST_TOKEN} characters.")
        known = self._verified.get(token)
        if known is None or known.expires_at is None or known.expires_at <= datetime.now(UTC):
            known = caller_of(await self._claims(token), self._settings)
            self._verified[token] = known
        return known

    async def _claims(self, token: str) -> Mapping[str, Any]:
        settings = self._settings
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                await self._key(token),
                algorithms=ALGORITHMS,
                audience=settings.jwt_audience,
                issuer=settings.jwt_issuer,
                leeway=settings.jwt_leeway,
                options={"require": ["exp", "iat", "aud", settings.jwt_person_claim]},
            )
        except KeySetUnavailable as error:
            raise IdentityProviderDown("The identity provider does not answer.") from error
        except jwt.ExpiredSignatureError as error:
            raise InvalidToken("The token has expired; sign in again.") from error
        except jwt.InvalidAudienceError as error:
            raise InvalidToken("The token is for another audience.") from error
        except jwt.InvalidIssuerError as error:
            raise InvalidToken("The token is from another issuer.") from error
        except UNUSABLE as error:
            raise InvalidToken("The token cannot be verified.") from error
        return claims

    async def _key(self, token: str) -> Any:
        """Return the key that a token names: with it comes the algorithm that alone it is good for."""
        if self._keys is None:
            return self._development_key
        return await self._keys.key(jwt.get_unverified_header(token).get("kid"))


def caller_of(claims: Mapping[str, Any], settings: Settings) -> Caller:
    """Read kind, person, schools and scopes from verified claims. Raises InvalidToken."""
    kind = str(claims.get(settings.jwt_kind_claim, "")).upper()
    if kind not in KINDS:
        raise InvalidToken(f"The claim {settings.jwt_kind_claim!r} must be one of {', '.join(KINDS)}.")
    schools = claims.get("schools", [])
    if not isinstance(schools, list) or not all(isinstance(one, str) for one in schools):
        raise InvalidToken("The claim 'schools' must be a list of school ids.")
    person = claims[settings.jwt_person_claim]
    if not isinstance(person, str) or not person.strip():
        raise InvalidToken(f"The claim {settings.jwt_person_claim!r} must be the id of a person.")
    try:
        issued, expires = (datetime.fromtimestamp(int(claims[name]), UTC) for name in ("iat", "exp"))
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise InvalidToken("The claims 'iat' and 'exp' must be seconds since 1970.") from error
    return Caller(
        kind=kind,
        person_id=person,
        school_ids=tuple(schools),
        scopes=frozenset(str(claims.get("scope", "")).split()),
        issued_at=issued,
        expires_at=expires,
    )


def development_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Read the development key, or make one that only this user can read.

    Workers that start at once have the same key: it is written aside, and the first to put it in place wins.
    """
    if not path.exists():
        text = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        with NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.") as aside:
            aside.write(text)
            aside.flush()
            with suppress(FileExistsError):
                os.link(aside.name, path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), f"{path} does not hold an EC key."
    return key


def make_token(caller: Caller, settings: Settings, lifetime: timedelta, now: datetime) -> str:
    """Sign a token with the development key."""
    claims = {
        settings.jwt_person_claim: caller.person_id,
        settings.jwt_kind_claim: caller.kind,
        "schools": list(caller.school_ids),
        "scope": " ".join(sorted(caller.scopes)),
        "aud": settings.jwt_audience,
        "iat": now,
        "exp": now + lifetime,
    }
    if settings.jwt_issuer:
        claims["iss"] = settings.jwt_issuer
    return jwt.encode(claims, development_key(settings.development_key), algorithm="ES256")
