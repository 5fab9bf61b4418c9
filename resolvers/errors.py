"""Refusals a client can act on. `gateway.errors` gives each its stable `extensions.code`."""


class ClientError(Exception):
    """Something the caller did; the message says what and how to mend it."""

    code = "BAD_REQUEST"


class InvalidArgument(ClientError):
    """An argument that cannot be used."""

    code = "INVALID_ARGUMENT"


class CharterNotAccepted(ClientError):
    """The charter of the school must be accepted first."""

    code = "CHARTER_NOT_ACCEPTED"


class NotAuthenticated(ClientError):
    """The field needs a bearer token, and none was sent."""

    code = "UNAUTHENTICATED"


class NotPermitted(ClientError):
    """The caller's kind or scopes do not allow this kind of data."""

    code = "NOT_PERMITTED"


class SourceFailed(Exception):
    """A source could not answer; its fields are null and the rest of the response stands."""

    code = "SOURCE_UNAVAILABLE"

    def __init__(self, source: str, message: str) -> None:
        super().__init__(message)
        self.source = source
