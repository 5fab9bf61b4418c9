"""The schema that plans: what it covers runs by plan, all else on Strawberry's own executor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.extensions import MaxAliasesLimiter, MaxTokensLimiter, QueryDepthLimiter, SchemaExtension
from strawberry.types import ExecutionResult

from gateway.execution.executor import run
from gateway.execution.plan import Compiler, NotPlanned, Plan
from gateway.execution.writers import generate
from resolvers.catalogue import Catalogue
from resolvers.context import RequestContext
from resolvers.registry import ContractSchema
from resolvers.selection import Selection

REMEMBERED = 512
"""Documents and plans kept; the least used go first."""


@dataclass
class Limits:
    """What an operation may cost before it runs."""

    max_depth: int
    max_aliases: int
    max_tokens: int

    def extensions(self) -> list[Callable[[], SchemaExtension]]:
        """Return the limits as Strawberry's own executor takes them."""
        return [
            lambda: QueryDepthLimiter(max_depth=self.max_depth),
            lambda: MaxAliasesLimiter(max_alias_count=self.max_aliases),
            lambda: MaxTokensLimiter(max_token_count=self.max_tokens),
        ]


@dataclass
class Planner:
    """Finds the plan of an operation, compiling it once."""

    schema: ContractSchema
    catalogue: Catalogue
    limits: Limits
    fallbacks: int = 0
    planned: int = 0
    document: Any = field(init=False)

    def __post_init__(self) -> None:
        self.document = lru_cache(maxsize=REMEMBERED)(self._document)
        self._rules = [
            *specified_rules,
            *QueryDepthLimiter(max_depth=self.limits.max_depth).validation_rules,
            *MaxAliasesLimiter(max_alias_count=self.limits.max_aliases).validation_rules,
        ]
        self._plans: dict[tuple[Any, ...], Plan | None] = {}

    def _document(self, query: str) -> DocumentNode | None:
        """Parse and validate; None for a document that Strawberry must refuse."""
        try:
            document = parse(query, max_tokens=self.limits.max_tokens)
        except GraphQLError:
            return None
        return None if validate(self.schema._schema, document, self._rules) else document

    def plan(
        self, query: str, name: str | None, given: Mapping[str, Any]
    ) -> tuple[OperationDefinitionNode, Plan] | None:
        """Return operation and plan, or None where Strawberry's executor has to answer."""
        document = self.document(query)
        operation = document and get_operation_ast(document, name)
        if not operation or operation.operation is OperationType.SUBSCRIPTION:
            return None
        variables = get_variable_values(
            self.schema._schema, operation.variable_definitions or (), dict(given)
        )
        if not isinstance(variables, VariableValues):
            return None
        key = (query, name, repr(sorted(variables.coerced.items())))
        if key not in self._plans:
            if len(self._plans) >= REMEMBERED:
                self._plans.pop(next(iter(self._plans)))
            self._plans[key] = self._compile(document, operation, variables)
        plan = self._plans[key]
        return (operation, plan) if plan is not None else None

    def _compile(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> Plan | None:
        fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        root: Any = operation
        selection = Selection(self.schema._schema, fragments, variables, [root])
        serial = operation.operation is OperationType.MUTATION
        plan = Plan(serial)
        try:
            compiler = Compiler(self.schema._schema, self.catalogue, self.schema, plan)
            compiler.object_plan("Mutation" if serial else "Query", selection)
        except NotPlanned:
            return None
        generate(plan, {name: known.kind for name, known in self.catalogue.types.items()})
        return plan


class PlannedSchema(ContractSchema):
    """Executes by plan what the planner covers."""

    planner: Planner

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[Any] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> Any:
        """Answer an operation, by plan where there is one."""
        found = self.planner.plan(query, operation_name, variable_values or {}) if query else None
        allowed = {one.name for one in allowed_operation_types or ()}
        if found is None or (allowed and found[0].operation.name not in allowed):
            self.planner.fallbacks += 1
            return await super().execute(
                query,
                variable_values,
                context_value,
                root_value,
                operation_name,
                allowed_operation_types,
                operation_extensions,
            )
        self.planner.planned += 1
        return await self._run(found, context_value)

    @staticmethod
    async def _run(
        found: tuple[OperationDefinitionNode, Plan], context: RequestContext | None
    ) -> ExecutionResult:
        assert context is not None
        data, errors = await run(found[1], context)
        return ExecutionResult(data=data, errors=errors or None)
