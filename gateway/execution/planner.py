"""Finds the plan of an operation, compiling it once for all who send it.

What is kept is kept by the bytes it takes, and only for callers with a token: strangers could fill any memory
with documents that nobody sends twice.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple

import orjson
from cachetools import LRUCache
from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    execute_sync,
    parse,
    validate,
    visit,
)
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.utils.str_converters import to_camel_case

from gateway.errors import NO_OPERATION, NOT_PARSED, NOT_VALID, TOO_COSTLY, TOO_LARGE, WRONG_VARIABLES
from gateway.execution.compiler import MOST_OBJECTS, Compiler, TooManyTypes
from gateway.execution.cost import Costs, counted
from gateway.execution.document_limits import DocumentLimits, fields_of
from gateway.execution.plan import OperationArguments, Plan, PlanKey
from resolvers.catalogue import Catalogue
from resolvers.context import OPEN_FIELDS_BEFORE_LOGIN
from resolvers.errors import NotAuthenticated
from resolvers.registry import ContractSchema
from resolvers.selection import Selection

OPEN_TO_ALL = {
    *((owner, to_camel_case(name)) for owner, name in OPEN_FIELDS_BEFORE_LOGIN),
    ("Query", "viewer"),
}
"""Fields of the root that a caller without a token may name; there is no viewer then, and it is told so."""
MEGABYTE = 1 << 20
BYTES_OF_DOCUMENTS = 16 * MEGABYTE
BYTES_OF_PLANS = 64 * MEGABYTE
BYTES_OF_ARGUMENTS = 8 * MEGABYTE
"""What may be kept of each; the least used goes first."""
BYTES_OF_TOKEN_IN_TREE = 450
BYTES_OF_FIELD_IN_PLAN = 3_000
BYTES_OF_ARGUMENT = 40
"""What a token of a document, a field or an object of a plan, and a byte of variables take at the most;
measured with tracemalloc on documents of many shapes, rounded up."""
BYTES_OF_SCHEMA = 2 * MEGABYTE
"""What an answer about the whole schema takes."""
COST_OF_TOKEN = 20
COST_OF_FIELD = 25
"""What it costs to validate a document, for each token, and to compile an operation, for each field or object
of its plan; to parse costs 1 for each character. A dashboard costs about four times as much at first.
"""
MOST_ERRORS = 20
"""Errors of one document, or of its variables, that are told."""
SHORT = 2_000
"""Bytes of variables that are worth keeping."""


class Refused(Exception):
    """An operation that is not executed: errors of the request, with their stable code."""

    def __init__(self, code: str, *errors: GraphQLError) -> None:
        super().__init__(code)
        self.code = code
        # What a scalar raised on a wrong value is no fault of ours.
        self.errors = [GraphQLError(one.message, one.nodes) if one.original_error else one for one in errors]


class Asking(NamedTuple):
    """What of a viewer decides how an operation is prepared."""

    is_anonymous: bool
    students: int


class Key(NamedTuple):
    """Under what an operation is kept with its variables."""

    query: str
    name: str | None
    values: bytes
    students: int


@dataclass(slots=True)
class Spent:
    """What preparing an operation has cost so far."""

    cost: int = 0


class Prepared(NamedTuple):
    """An operation ready to be executed."""

    plan: Plan
    arguments: OperationArguments


class Document(NamedTuple):
    """A valid document."""

    tree: DocumentNode
    deciding: tuple[str, ...]
    """The variables that decide in `@skip` and `@include` what is selected."""
    size: int
    """An estimate of the bytes that it takes."""


@dataclass
class Planner:
    """Parses, limits, validates and compiles operations."""

    schema: ContractSchema
    catalogue: Catalogue
    limits: DocumentLimits
    costs: Costs
    asked: int = 0
    """Operations that were sent so far."""
    documents: LRUCache[str, Document] = field(init=False)
    plans: LRUCache[PlanKey, Plan] = field(init=False)
    arguments: LRUCache[Key, OperationArguments] = field(init=False)
    _lock: Lock = field(default_factory=Lock)
    """Held while what is kept is looked at: long documents are prepared in a thread."""

    def __post_init__(self) -> None:
        self.documents = LRUCache(BYTES_OF_DOCUMENTS, getsizeof=lambda one: one.size)
        self.plans = LRUCache(BYTES_OF_PLANS, getsizeof=lambda one: one.size)
        self.arguments = LRUCache(BYTES_OF_ARGUMENTS, getsizeof=lambda one: one.size)

    def prepare(
        self, query: str, name: str | None, given: Mapping[str, Any], viewer: Asking, spent: Spent
    ) -> Prepared:
        """Return the plan of an operation, the arguments of its edges and its cost.

        Widgets send the same variables again and again. What is worked out now is added to `spent`, also
        where the operation is refused. Raises Refused, and NotAuthenticated where a caller without a token
        asks for more than is open to all.
        """
        found = self.known(query, name, given, viewer)
        if found is not None:
            return found
        self.asked += 1
        if viewer.is_anonymous:
            return self._fresh(query, name, given, spent)
        prepared = self._known(query, name, given, counted(viewer.students), spent)
        key = _key(query, name, given, viewer)
        if key is not None and len(key.values) <= SHORT:
            prepared.arguments.size += sys.getsizeof(query) + BYTES_OF_ARGUMENT * len(key.values)
            self._keep(self.arguments, key, prepared.arguments)
        return prepared

    def known(
        self, query: str, name: str | None, given: Mapping[str, Any], viewer: Asking
    ) -> Prepared | None:
        """Return an operation that was prepared before; None where it has to be prepared."""
        key = None if viewer.is_anonymous else _key(query, name, given, viewer)
        if key is None:
            return None
        with self._lock:
            found: OperationArguments | None = self.arguments.get(key)
            plan: Plan | None = None if found is None else self.plans.get(found.plan_key)
        if found is None or plan is None:
            return None
        self.asked += 1
        return Prepared(plan, found)

    def _fresh(self, query: str, name: str | None, given: Mapping[str, Any], spent: Spent) -> Prepared:
        """Prepare an operation of a caller without a token, and keep nothing of it."""
        tree = self._parsed(query, spent)
        operation = _operation(tree, name)
        _refuse_closed_fields(tree)
        document = self._validated(tree, query, spent)
        variables = self._variables(operation, given)
        plan = self._compile(document, operation, variables, spent)
        return self._with_arguments(plan, (), variables, given, 0)

    def _known(
        self, query: str, name: str | None, given: Mapping[str, Any], students: int, spent: Spent
    ) -> Prepared:
        with self._lock:
            document: Document | None = self.documents.get(query)
        tree = document.tree if document is not None else self._parsed(query, spent)
        operation = _operation(tree, name)
        if document is None:
            document = self._validated(tree, query, spent)
            self._keep(self.documents, query, document)
        variables = self._variables(operation, given)
        key = (query, name, *(variables.coerced.get(one) for one in document.deciding))
        with self._lock:
            plan: Plan | None = self.plans.get(key)
        if plan is None:
            plan = self._compile(document, operation, variables, spent)
            self._keep(self.plans, key, plan)
        return self._with_arguments(plan, key, variables, given, students)

    def _parsed(self, query: str, spent: Spent) -> DocumentNode:
        if (fault := self.limits.fault_of_text(query)) is not None:
            raise Refused(TOO_LARGE, fault)
        spent.cost += len(query)
        try:
            tree = parse(query, max_tokens=self.limits.max_tokens)
        except GraphQLError as error:
            if error.message.endswith("Parsing aborted.") and "tokens" in error.message:
                message = (
                    f"The document has more than {self.limits.max_tokens} tokens (the setting "
                    "max_tokens). Send it as several smaller ones."
                )
                raise Refused(TOO_LARGE, GraphQLError(message)) from error
            raise Refused(NOT_PARSED, error) from error
        if (fault := self.limits.fault(tree)) is not None:
            raise Refused(TOO_LARGE, fault)
        return tree

    def _validated(self, tree: DocumentNode, query: str, spent: Spent) -> Document:
        tokens = tree.token_count or 0
        spent.cost += COST_OF_TOKEN * tokens
        errors = validate(self.schema._schema, tree, max_errors=MOST_ERRORS)
        if errors:
            raise Refused(NOT_VALID, *errors)
        found = _DirectiveVariables()
        visit(tree, found)
        size = sys.getsizeof(query) + BYTES_OF_TOKEN_IN_TREE * tokens
        return Document(tree, tuple(sorted(found.names)), size)

    def _variables(self, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> VariableValues:
        if (fault := self.limits.fault_of_variables(given)) is not None:
            raise Refused(TOO_LARGE, fault)
        definitions = operation.variable_definitions or ()
        found = get_variable_values(self.schema._schema, definitions, dict(given), MOST_ERRORS)
        if not isinstance(found, VariableValues):
            raise Refused(WRONG_VARIABLES, *found)
        return found

    def _compile(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        spent: Spent,
    ) -> Plan:
        fragments = {
            one.name.value: one
            for one in document.tree.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        root: Any = operation
        selection = Selection(self.schema._schema, fragments, variables, [root])
        plan = Plan(operation.operation, operation.variable_definitions or ())
        try:
            Compiler(self.schema._schema, self.catalogue, self.schema, plan).operation(selection)
        except TooManyTypes as error:
            message = (
                f"The operation selects more than {MOST_OBJECTS} objects, for each type that an interface "
                "may be. Name the types wanted in fragments, and nest fewer interfaces."
            )
            raise Refused(TOO_LARGE, GraphQLError(message)) from error
        finally:
            parts = sum(1 + len(one.fields) for one in plan.objects)
            spent.cost += COST_OF_FIELD * parts
        # The nodes of a plan keep the tree of its document alive.
        plan.size = document.size + BYTES_OF_FIELD_IN_PLAN * parts
        return plan

    def _with_arguments(
        self,
        plan: Plan,
        plan_key: PlanKey,
        variables: VariableValues,
        given: Mapping[str, Any],
        students: int,
    ) -> Prepared:
        """Read the arguments, and work out the cost. Raises Refused."""
        try:
            arguments = plan.arguments(variables)
        except GraphQLError as error:
            raise Refused(WRONG_VARIABLES, error) from error
        cost = self.costs.of(plan, arguments, students)
        if (fault := self.costs.fault(cost)) is not None:
            raise Refused(TOO_COSTLY, fault)
        size = 2_000 + 500 * len(arguments) + BYTES_OF_SCHEMA * len(plan.introspection)
        return Prepared(plan, OperationArguments(plan_key, arguments, cost, dict(given), size))

    def _keep(self, memory: LRUCache[Any, Any], key: Any, value: Any) -> None:
        """Keep a value, unless it alone is larger than the whole memory."""
        if memory.getsizeof(value) <= memory.maxsize:
            with self._lock:
                memory[key] = value

    def describe(self, prepared: Prepared) -> dict[str, Any]:
        """Answer the fields of introspection."""
        arguments = prepared.arguments
        if arguments.described is None:
            arguments.described = _described(self.schema._schema, prepared)
        return arguments.described


def _described(schema: GraphQLSchema, prepared: Prepared) -> dict[str, Any]:
    """Execute fields of introspection alone; they need neither a viewer nor a source."""
    plan, selection = prepared.plan, prepared.plan.introspection[0].selection
    assert selection is not None
    nodes = tuple(node for one in plan.introspection for node in one.nodes)
    operation = OperationDefinitionNode(
        operation=plan.operation,
        variable_definitions=tuple(plan.variable_definitions),
        selection_set=SelectionSetNode(selections=nodes),
    )
    document = DocumentNode(definitions=(operation, *selection.fragments.values()))
    result = execute_sync(schema, document, variable_values=prepared.arguments.given)
    assert result.data is not None, result.errors
    return result.data


def _refuse_closed_fields(document: DocumentNode) -> None:
    """Refuse a document that asks for more than callers without a token may have. Raises Refused."""
    fragments = {
        one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
    }
    for one in document.definitions:
        if isinstance(one, OperationDefinitionNode):
            root = one.operation.value.capitalize()
            for node in fields_of([one.selection_set], fragments):
                name = node.name.value
                if not name.startswith("__") and (root, name) not in OPEN_TO_ALL:
                    raise NotAuthenticated(
                        f"`{name}` needs a token: send `Authorization: Bearer TOKEN`; `passerelle "
                        "token` makes one."
                    )


def _key(query: str, name: str | None, given: Mapping[str, Any], viewer: Asking) -> Key | None:
    """Return under what an operation is kept with its variables; None for variables that are not of JSON."""
    try:
        return Key(query, name, orjson.dumps(given), counted(viewer.students))
    except TypeError:
        return None


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """Find the operation to execute (October 2021, section 6.1 GetOperation). Raises Refused."""
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if name is None and len(operations) > 1:
        message = "The document has several operations: name the one to execute in `operationName`."
        raise Refused(NO_OPERATION, GraphQLError(message))
    for one in operations:
        if name is None or (one.name is not None and one.name.value == name):
            return one
    named = f" {name}" if name else ""
    message = f"The document has no operation{named}; name one in `operationName`."
    raise Refused(NO_OPERATION, GraphQLError(message))


class _DirectiveVariables(Visitor):
    """Collects the variables in the directives of fields and fragments."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_place: object) -> None:
        """Note the variables of one directive."""
        values = (argument.value for argument in node.arguments or ())
        self.names.update(value.name.value for value in values if isinstance(value, VariableNode))
