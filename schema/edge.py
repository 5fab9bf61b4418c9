"""`@edge`: how the contract declares a field that leaves its object for other data.

An edge is a signature and a docstring, nothing else; `resolvers` gives it its batch. The docstring is
the GraphQL description, argument descriptions come from `ARGUMENTS`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from functools import partial
from typing import Annotated, Any, ForwardRef, overload

import strawberry

from schema.cost import LONGEST_PAGE, USUAL_LIST, Cost, ListSize, Window

ARGUMENTS = {
    "after_cursor": "The last `cursor` received: what was missed since comes first. Without it, from now on.",
    "conversation_id": "Only this thread.",
    "after": "Give the `endCursor` of the page before to get the page after it.",
    "after: DateTime | None": "Only what begins after this instant; now where it is not said.",
    "app": "Only articles about this application.",
    "before": "Give the `startCursor` of a page to get the page before it.",
    "categories": "Only these categories.",
    "date": "A day at the school: 2026-11-23.",
    "date_field": "Which date the window looks at.",
    "first": "At most this many, from the start of the list (1 to 200).",
    "folder": "Folder of the mailbox.",
    "from_": "First day, included. Replaces `range`; without `to`, open-ended.",
    "id": "Opaque identifier, as read from `id`.",
    "ids": "Only these; those that do not exist for the caller are left out.",
    "include_cancelled": "False leaves cancelled lessons out.",
    "include_superseded": "True also lists lessons that another one of the same slot replaces.",
    "input": "What to do.",
    "justification_status": "Only absences in these states.",
    "kind": "Only what may be used for this kind.",
    "kinds": "Only these kinds.",
    "last": "At most this many, from the end of the list (1 to 200).",
    "length": "Longest text wanted, in characters (1 to 1000).",
    "locale": "Language, BCP 47: fr.",
    "messageable_only": "True leaves out people the caller may not write to.",
    "order": "Newest or oldest first.",
    "period_id": "Only this grading period.",
    "range": "Window relative to today at the school; `from` and `to` take precedence.",
    "school_id": "The school; without it, the charter for all.",
    "school_year": "Only this school year: 2026-2027.",
    "search": "Only where the text holds these words; case and accents do not matter.",
    "slug": "Name in addresses.",
    "state": "Only notes in these states.",
    "status": "Only these states.",
    "student_ids": "Only what concerns these students.",
    "subject_ids": "Only these subjects.",
    "tests_only": "True lists announced tests only.",
    "to": "Last day, included. Replaces `range`; without `from`, open-ended.",
    "unread_only": "True lists only what is unread.",
}


@overload
def edge(declaration: Callable[..., object]) -> Any: ...
@overload
def edge(
    *, weight: int = ..., size: int = ..., per_day: Mapping[str, int] | None = ...
) -> Callable[[Callable[..., object]], Any]: ...
def edge(
    declaration: Callable[..., object] | None = None,
    *,
    weight: int = 1,
    size: int = USUAL_LIST,
    per_day: Mapping[str, int] | None = None,
) -> Any:
    """Turn a typed signature with a docstring into a field that is resolved in batches.

    The return type may name any type of the package `schema`, also one of a module that is imported for
    type checking only: it is looked up in `schema` when the schema is built.

    What it is taken to cost is declared beside it: `weight` for what is read behind the scenes, `size` for the
    usual length of a list, `per_day` for lists that grow with a window, by the name of the list (empty for the
    field itself).
    """
    if declaration is None:
        return partial(_edge, weight=weight, size=size, per_day=per_day or {})
    return _edge(declaration, weight, size, per_day or {})


def _edge(declaration: Callable[..., object], weight: int, size: int, per_day: Mapping[str, int]) -> Any:

    async def resolve(self: Any, info: Any, **arguments: Any) -> Any:
        return await info.context.resolve(self, info, arguments)

    _sign(resolve, declaration, str(inspect.signature(declaration).return_annotation))
    field = strawberry.field(
        resolver=resolve,
        description=inspect.cleandoc(declaration.__doc__ or ""),
        directives=_directives(inspect.signature(declaration), weight, size, per_day),
    )
    field.metadata = {"edge": True}
    return field


def _directives(
    signature: inspect.Signature, weight: int, size: int, per_day: Mapping[str, int]
) -> list[object]:
    """Write what an edge costs as directives of the schema."""
    returns = str(signature.return_annotation)
    found: list[object] = [Cost(weight=str(weight))] if weight != 1 else []
    is_paged = returns.removesuffix(" | None").endswith("Connection")
    sliced = [name for name in ("first", "last") if name in signature.parameters]
    if is_paged or sliced or (returns.startswith("list[") and not per_day):
        found.append(
            ListSize(
                assumed_size=LONGEST_PAGE if is_paged or sliced else size,
                slicing_arguments=sliced or None,
                sized_fields=["nodes", "edges"] if is_paged else None,
            )
        )
    found += [Window(per_day=most, sized_fields=[name] if name else None) for name, most in per_day.items()]
    return found


def stream(declaration: Callable[..., object]) -> Any:
    """Turn a typed signature with a docstring into a field that gives one event after the other.

    Where the events come from is the business of `resolvers.subscriptions`; Strawberry's executor only
    completes what each of them returns.
    """

    async def resolve(self: Any, info: Any, **arguments: Any) -> Any:
        raise NotImplementedError("Open subscriptions with `PlannedSchema.stream`.")
        yield

    event = str(inspect.signature(declaration).return_annotation)
    _sign(resolve, declaration, AsyncGenerator[ForwardRef(event), None])
    field = strawberry.subscription(resolver=resolve, description=inspect.cleandoc(declaration.__doc__ or ""))
    field.metadata = {"edge": True}
    return field


def _sign(resolve: Any, declaration: Callable[..., object], returns: object) -> None:
    """Give a resolver the parameters and the place of a declaration."""
    source = inspect.signature(declaration)
    namespace = sys.modules[declaration.__module__].__dict__
    parameters = [
        inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
        inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=strawberry.Info),
    ]
    for name, parameter in source.parameters.items():
        if name != "self":
            annotation = Annotated[
                eval(parameter.annotation, namespace),
                strawberry.argument(
                    description=ARGUMENTS.get(f"{name}: {parameter.annotation}") or ARGUMENTS[name],
                    name=name.rstrip("_") if name[-1] == "_" else None,
                ),
            ]
            kind = inspect.Parameter.KEYWORD_ONLY
            parameters.append(inspect.Parameter(name, kind, annotation=annotation, default=parameter.default))
    resolve.__signature__ = inspect.Signature(parameters, return_annotation=returns)
    resolve.__annotations__ = {p.name: p.annotation for p in parameters[1:]} | {"return": returns}
    resolve.__name__ = declaration.__name__
    resolve.__module__ = "schema"
