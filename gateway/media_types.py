"""The media types of requests and answers: what is read, and what a client would like to have."""

from __future__ import annotations

from starlette.datastructures import Headers

from gateway.entrance import Refusal

JSON = "application/json"
RESULT = "application/graphql-response+json"
"""The media type of GraphQL over HTTP, in which errors of the request have a status of their own."""
ANY = ("*/*", "application/*")


def refuse_other_than_json(headers: Headers) -> None:
    """Refuse a body that is not plain JSON in UTF-8. Raises Refusal.

    A form or a script of another site can send text and forms with the cookies of its reader, without the
    browser asking us first; it cannot send `application/json` so (Fetch standard, CORS-safelisted headers).
    """
    content_type = headers.get("content-type", "")
    if content_type != JSON:
        name, *parameters = (one.strip().lower() for one in content_type.split(";"))
        if name != JSON or any(one.replace('"', "") not in ("charset=utf-8", "") for one in parameters):
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Send Content-Type: application/json, in UTF-8.")
    if headers.get("content-encoding", "identity") != "identity":
        message = "Send the body as it is, without Content-Encoding."
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", message, {"Accept-Encoding": "identity"})


def media_type_of_answer(accept: str | None) -> str:
    """Choose the media type of an answer from the header Accept. Raises Refusal.

    Without a preference it is `application/json`, which every client understands.
    """
    if accept is None or accept in (JSON, "*/*"):
        return JSON
    wanted = _qualities(accept)
    others = max(wanted.get(one, 0.0) for one in ANY)
    json, result = wanted.get(JSON, others), wanted.get(RESULT, 0.0)
    if max(json, result) <= 0:
        message = f"Answers are {RESULT} or {JSON}: name one of them in the header Accept."
        raise Refusal(406, "NOT_ACCEPTABLE", message)
    if result == json:
        # Named alike, the first wins; a wildcard gives way to what is named.
        return next((one for one in wanted if one in (JSON, RESULT)), JSON)
    return RESULT if result > json else JSON


def _qualities(accept: str) -> dict[str, float]:
    """Read the header Accept: how much each media type is wanted, from 0 to 1."""
    found: dict[str, float] = {}
    for item in accept.split(","):
        name, *parameters = (one.strip().lower() for one in item.split(";"))
        quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        try:
            found[name] = max(found.get(name, 0.0), float(quality))
        except ValueError:
            found.setdefault(name, 0.0)
    return found
