"""All edges and derived fields of all domains, held against the contract."""

from __future__ import annotations

from functools import cache

import strawberry
from strawberry.schema.config import StrawberryConfig

import schema as contract
from resolvers import (
    access,
    acknowledgements,
    attendance,
    behaviour,
    dashboard,
    gradebook,
    grades,
    help,
    homework,
    liaison,
    messaging,
    people,
    publications,
    queries,
    schools,
    skills,
    sources,
    timetable,
    trips,
)
from resolvers.catalogue import Catalogue, contract_types
from resolvers.fields import Fields
from resolvers.subscriptions import streams
from resolvers.writes import absences as absences_writes
from resolvers.writes import answers as answers_writes
from resolvers.writes import charter as charter_writes
from resolvers.writes import dashboard as dashboard_writes
from resolvers.writes import homework as homework_writes
from resolvers.writes import messages as messages_writes
from resolvers.writes import news as news_writes

DOMAINS = (
    access,
    acknowledgements,
    attendance,
    behaviour,
    dashboard,
    gradebook,
    grades,
    help,
    homework,
    liaison,
    messaging,
    people,
    publications,
    queries,
    schools,
    skills,
    sources,
    streams,
    timetable,
    trips,
    absences_writes,
    answers_writes,
    charter_writes,
    dashboard_writes,
    homework_writes,
    messages_writes,
    news_writes,
)


class ContractSchema(strawberry.Schema):
    """The schema; errors are logged once, by the gateway, and not here."""

    def process_errors(self, errors: object, execution_context: object = None) -> None:
        """Leave errors to `gateway.errors`."""


@cache
def strawberry_schema() -> ContractSchema:
    """Build the GraphQL schema from the contract; it is built once in a process, and nobody changes it."""
    return ContractSchema(
        query=contract.Query,
        mutation=contract.Mutation,
        subscription=contract.Subscription,
        types=contract_types(),
        config=StrawberryConfig(
            scalar_map=contract.SCALARS, name_converter=contract.ContractNames(auto_camel_case=True)
        ),
    )


def catalogue(graphql: strawberry.Schema) -> Catalogue:
    """Join contract and resolvers. Raises TypeError when an edge lacks its batch or a batch its edge."""
    return Catalogue(graphql, Fields().merge(*(domain.fields for domain in DOMAINS)))
