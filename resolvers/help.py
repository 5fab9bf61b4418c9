"""Knowledge base: open to every caller, also before the charter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.base import Page
from resolvers.connections import searched
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.loading import Ask, ask
from resolvers.selection import Selection
from schema import HelpArticle, Query

fields = Fields()
DEFAULT_LOCALE = "fr"


async def _articles(
    context: RequestContext, question: Ask, locale: str | None, selection: Selection
) -> list[Any]:
    pointer = context.plain("HelpArticle", {}, locale or DEFAULT_LOCALE)
    (found,) = await context.listed(question, HelpArticle, [pointer], selection)
    if isinstance(found, Exception):
        raise found
    return list(found)


@fields.edge(Query, "help_articles")
async def help_articles(
    context: RequestContext, _parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Search articles in one language."""
    first = 20 if arguments.get("first") is None else min(max(arguments["first"], 0), 200)
    app = arguments.get("app")
    question = ask(
        "HelpArticle.all",
        Page(limit=first),
        search=searched(arguments),
        app=(app,) if app else None,
    )
    return [await _articles(context, question, arguments.get("locale"), selection)]


@fields.edge(Query, "help_article")
async def help_article(
    context: RequestContext, _parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Find one article by its name in addresses."""
    question = ask("HelpArticle.all", slug=(arguments["slug"],))
    found = await _articles(context, question, arguments.get("locale"), selection)
    return [found[0] if found else None]


@fields.edge(HelpArticle, "related", "app", "locale", "slug")
async def related(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """List the other articles about the same application in the same language."""
    columns = (*context.columns("HelpArticle", selection), "app", "slug")
    question = ask("HelpArticle.all", app=tuple({parent.app for parent in parents if parent.app}))
    answers = await context.fetch(question, parents, columns, key="locale")
    results: list[Any] = []
    for parent, answer in zip(parents, answers, strict=True):
        if isinstance(answer, Exception):
            results.append(answer)
            continue
        rows = [row for row in answer.rows if row["app"] == parent.app and row["slug"] != parent.slug]
        results.append(context.build("HelpArticle", rows, selection))
    return results
