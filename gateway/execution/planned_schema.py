"""The schema that plans: what it covers runs by plan, all else on Strawberry's own executor."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import orjson
from cachetools import LRUCache
from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.extensions import MaxAliasesLimiter, MaxTokensLimiter, QueryDepthLimiter, SchemaExtension
from strawberry.types import ExecutionResult

from gateway.errors import presented
from gateway.execution.direct import direct_list
from gateway.execution.events import events
from gateway.execution.executor import run
from gateway.execution.plan import Compiler, NotPlanned, Plan
from gateway.execution.writers import generate
from gateway.listening import Connection
from resolvers.catalogue import Catalogue
from resolvers.context import RequestContext
from resolvers.registry import ContractSchema
from resolvers.selection import Selection

REMEMBERED = 512
"""Documents and plans kept, and plans with variables; the least used go first."""
SHORT = 2_000
"""Bytes of variables that are worth remembering."""

Prepared = tuple[Plan, list[dict[str, Any]]]
"""A plan, and the arguments of its edges."""


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
    """Valid operations that were left to Strawberry's executor."""
    planned: int = 0
    document: Any = field(init=False)
    deciding: Any = field(init=False)
    plans: LRUCache[tuple[Any, ...], Plan | None] = field(init=False)
    prepared: LRUCache[tuple[str, str | None, bytes], Prepared] = field(init=False)

    def __post_init__(self) -> None:
        self.document = lru_cache(maxsize=REMEMBERED)(self._document)
        self._rules = [
            *specified_rules,
            *QueryDepthLimiter(max_depth=self.limits.max_depth).validation_rules,
            *MaxAliasesLimiter(max_alias_count=self.limits.max_aliases).validation_rules,
        ]
        self.deciding = lru_cache(maxsize=REMEMBERED)(self._deciding)
        self.plans = LRUCache(REMEMBERED)
        self.prepared = LRUCache(REMEMBERED)

    def _document(self, query: str) -> DocumentNode | None:
        """Parse and validate; None for a document that Strawberry must refuse."""
        try:
            document = parse(query, max_tokens=self.limits.max_tokens)
        except GraphQLError:
            return None
        return None if validate(self.schema._schema, document, self._rules) else document

    def plan(self, query: str, name: str | None, given: Mapping[str, Any]) -> Prepared | None:
        """Return the plan of an operation and the arguments of its edges.

        None where Strawberry's executor has to answer. Widgets send the same variables again and again.
        """
        try:
            values = orjson.dumps(given)
        except TypeError:
            return self._prepare(query, name, given)
        key = (query, name, values)
        found: Prepared | None = self.prepared.get(key)
        if found is None:
            found = self._prepare(query, name, given)
            if found is not None and len(values) <= SHORT:
                self.prepared[key] = found
        return found

    def _prepare(self, query: str, name: str | None, given: Mapping[str, Any]) -> Prepared | None:
        document = self.document(query)
        operation = document and get_operation_ast(document, name)
        if not operation:
            return None
        variables = get_variable_values(
            self.schema._schema, operation.variable_definitions or (), dict(given)
        )
        if not isinstance(variables, VariableValues):
            return None
        deciding = tuple(variables.coerced.get(one) for one in self.deciding(query))
        key = (query, name, deciding)
        if key not in self.plans:
            self.plans[key] = self._compile(document, operation, variables)
        plan = self.plans[key]
        return None if plan is None else (plan, plan.arguments(variables))

    def _deciding(self, query: str) -> tuple[str, ...]:
        """List the variables of a document that decide in `@skip` and `@include` what is selected."""
        found = _DirectiveVariables()
        visit(self.document(query), found)
        return tuple(sorted(found.names))

    def _compile(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> Plan | None:
        fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        root: Any = operation
        selection = Selection(self.schema._schema, fragments, variables, [root])
        plan = Plan(operation.operation)
        try:
            compiler = Compiler(self.schema._schema, self.catalogue, self.schema, plan)
            compiler.object_plan(operation.operation.value.capitalize(), selection)
        except NotPlanned:
            return None
        generate(plan, {name: known.kind for name, known in self.catalogue.types.items()})
        for edge in plan.edges:
            edge.direct = direct_list(edge, self.catalogue)
        return plan


class _DirectiveVariables(Visitor):
    """Collects the variables in the directives of fields and fragments."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_place: object) -> None:
        """Note the variables of one directive."""
        values = (argument.value for argument in node.arguments or ())
        self.names.update(value.name.value for value in values if isinstance(value, VariableNode))


class PlannedSchema(ContractSchema):
    """Executes by plan what the planner covers."""

    planner: Planner

    def operation_type(self, query: str, name: str | None) -> OperationType | None:
        """Tell what an operation is; None for one that cannot be executed."""
        document = self.planner.document(query)
        operation = document and get_operation_ast(document, name)
        return operation.operation if operation else None

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
        if query is not None and context_value is not None and not allowed_operation_types:
            found = await self.answer(query, variable_values or {}, operation_name, context_value)
            if found is not None:
                return ExecutionResult(data=found[0], errors=found[1] or None)
        if query is not None and self.planner.document(query) is not None:
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

    async def answer(
        self,
        query: str,
        variables: Mapping[str, Any],
        operation_name: str | None,
        context: RequestContext,
    ) -> tuple[dict[str, Any] | None, list[GraphQLError]] | None:
        """Answer an operation by its plan: data and errors; None where there is no plan."""
        found = self.planner.plan(query, operation_name, variables)
        if found is None or found[0].operation is OperationType.SUBSCRIPTION:
            return None
        self.planner.planned += 1
        return await run(*found, context)

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Iterable[Any] | None = None,
    ) -> Any:
        """Answer an operation of a client that listens; `context_value` is its `Connection`."""
        connection: Connection = context_value  # type: ignore[assignment]
        found = self.planner.plan(query or "", operation_name, variable_values or {})
        if found is None:
            return self._refused(query, variable_values, operation_name, await connection.context())
        if found[0].operation is OperationType.SUBSCRIPTION:
            self.planner.planned += 1
            return events(*found, connection)
        return self._once(query, variable_values, operation_name, await connection.context())

    async def _once(self, *operation: Any) -> AsyncGenerator[ExecutionResult, None]:
        """Answer a query or a mutation."""
        query, variables, name, context = operation
        yield _presented(await self.execute(query, variables, context, operation_name=name))

    async def _refused(self, *operation: Any) -> AsyncGenerator[ExecutionResult, None]:
        """Say what is wrong with an operation, or answer one that has no plan."""
        query, variables, name, context = operation
        async for result in await super().stream(query, variables, context, operation_name=name):
            assert isinstance(result, ExecutionResult)
            yield _presented(result)


def _presented(result: ExecutionResult) -> ExecutionResult:
    return replace(result, errors=[presented(one) for one in result.errors] if result.errors else None)
