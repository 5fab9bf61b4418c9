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


def formatted(error: GraphQLError) -> dict[str, Any]:
    """Turn an execution error into its entry of the response."""
    cause = _cause(error)
    entry = dict(error.formatted)
    if isinstance(cause, ClientError | Refusal):
        entry["extensions"] = {"code": cause.code}
    elif isinstance(cause, SourceFailed):
        entry["extensions"] = {"code": cause.code, "source": cause.source}
    elif cause is None and error.path is None:
        entry["extensions"] = {"code": "GRAPHQL_VALIDATION_FAILED"}
    else:
        reference = uuid.uuid4().hex[:8]
        log.error("%s %s", reference, error.path, exc_info=cause or error)
        entry |= {"message": INTERNAL.format(reference), "extensions": {"code": "INTERNAL"}}
    return entry


def presented(error: GraphQLError) -> GraphQLError:
    """Turn an error into one that shows of itself what `formatted` says of it."""
    entry = formatted(error)
    return GraphQLError(entry["message"], error.nodes, path=error.path, extensions=entry["extensions"])


def _cause(error: GraphQLError) -> BaseException | None:
    """Find what was raised; None for an error of the request itself."""
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause
