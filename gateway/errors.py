"""Errors as clients see them: a stable code, a message that helps, nothing of the inside."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from graphql import GraphQLError

from gateway.entrance import Refusal
from resolvers.errors import ClientError, SourceFailed

log = logging.getLogger("passerelle")

INTERNAL = "Something went wrong here. The administrator finds it in the log under {}."
INTERNAL_CODE = "INTERNAL"
NOT_PARSED = "GRAPHQL_PARSE_FAILED"
NOT_VALID = "GRAPHQL_VALIDATION_FAILED"
WRONG_VARIABLES = "BAD_USER_INPUT"
NO_OPERATION = "OPERATION_RESOLUTION_FAILURE"
"""Codes of operations that were never executed, named as Apollo Server names them: clients know these."""
TOO_LARGE = "OPERATION_TOO_LARGE"
TOO_COSTLY = "OPERATION_TOO_COSTLY"
"""Codes of operations beyond a limit."""


def formatted(error: GraphQLError, code_of_request: str = NOT_VALID) -> dict[str, Any]:
    """Turn an error into its entry of the response; the code given is for errors of the request itself."""
    cause = _cause(error)
    entry = dict(error.formatted)
    if isinstance(cause, ClientError | Refusal):
        entry["extensions"] = {"code": cause.code}
    elif isinstance(cause, SourceFailed):
        entry["extensions"] = {"code": cause.code, "source": cause.source}
    elif cause is None and error.path is None:
        entry["extensions"] = {"code": code_of_request, **(error.extensions or {})}
    else:
        entry |= internal(cause or error, error.path)
    return entry


def internal(error: BaseException, place: object) -> dict[str, Any]:
    """Write a fault of ours to the log; returns what a client may know of it."""
    reference = uuid.uuid4().hex[:8]
    log.error("%s %s", reference, place, exc_info=error)
    return {"message": INTERNAL.format(reference), "extensions": {"code": INTERNAL_CODE}}


def presented(error: GraphQLError, code_of_request: str = NOT_VALID) -> GraphQLError:
    """Turn an error into one that shows of itself what `formatted` says of it."""
    entry = formatted(error, code_of_request)
    return GraphQLError(entry["message"], error.nodes, path=error.path, extensions=entry["extensions"])


def _cause(error: GraphQLError) -> BaseException | None:
    """Find what was raised; None for an error of the request itself."""
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause
