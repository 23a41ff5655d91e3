"""How operations are executed: graphql-core's plain executor, and plain objects in one call.

What an object's fields are and how plain ones are read is kept from run to run (`app.projection`);
whatever the written functions do not expect is executed again by graphql-core, so data, errors and
their order are its own (ADR 0026).
"""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, cast

from graphql import GraphQLObjectType, get_nullable_type, is_object_type
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList, collect_fields
from graphql.pyutils import Path
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.projection.plans import Plan, Plans, Selection
from schema.context import Context

EventRoot = tuple[str, GraphQLObjectType, FieldDetailsList]
"""The root field of a subscription: its key in the response, its type, and where it stands."""


class LeanExecutor(Executor[Any]):
    """Strawberry's default without `@defer` and `@stream`, which we do not offer: half the time.

    Objects of plain attributes are made by functions written for their selection, when the schema
    keeps plans (`app.schema.Schema.plans`). Fields with extensions are never among them, and with
    middleware (a schema extension with `resolve`) nothing is.

    graphql-core 3.3.2 keeps a memo of sub-selections for as long as a subscription lives, and adds
    to it at each event; here each event starts with an empty one, and with a fresh context.
    """

    def __init__(self, *args: Any, **given: Any) -> None:
        operation_extensions = given.pop("operation_extensions", None)
        super().__init__(*args, **given)
        # Read by Strawberry's `build_resolve_info`.
        self.operation_extensions = operation_extensions
        self.is_awaitable = cast(Any, optimized_is_awaitable)
        if self.middleware_manager is not None and not self.middleware_manager.middlewares:
            self.middleware_manager = None
        self._plan = self._find_plan()
        self._event_root: EventRoot | Literal[False] | None = None

    build_resolve_info = cast(
        "Callable[..., Any]", StrawberryGraphQLCoreExecutionContext.build_resolve_info
    )

    def build_per_event_executor(self, payload: Any) -> Executor[Any]:
        """The executor of one event of a subscription: it sees no values loaded for another one."""
        executor = super().build_per_event_executor(payload)
        executor._relevant_sub_fields = {}
        if isinstance(executor.context_value, Context):
            executor.context_value = executor.context_value.fresh()
        return executor

    def event_data(self, payload: Any) -> dict[str, Any] | None:
        """The data of one event of a subscription, when the whole of it is plain; None when it must
        be executed.
        """
        if self._plan is None:
            return None
        if self._event_root is None:
            self._event_root = self._find_event_root()
        if self._event_root is False:
            return None
        key, kind, details = self._event_root
        project = self._plan.selection(kind, details).project
        if project is None:
            return None
        try:
            return {key: project(payload)}
        except Exception:  # noqa: BLE001 - executing it finds out what is wrong
            return None

    def _find_event_root(self) -> "EventRoot | Literal[False]":
        """The only root field, if it is an object; its value is the payload itself."""
        root = self.schema.subscription_type
        assert root is not None
        grouped = collect_fields(
            self.schema,
            self.fragments,
            self.variable_values,
            root,
            self.operation,
            self.hide_suggestions,
        ).grouped_field_set
        if len(grouped) != 1:
            return False
        key, details = next(iter(grouped.items()))
        definition = self.schema.get_field(root, details[0].node.name.value)
        kind = None if definition is None else get_nullable_type(definition.type)
        return (key, kind, details) if is_object_type(kind) else False

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """The object's part of the response, or an awaitable of it."""
        if self._plan is None:
            return super().collect_and_execute_subfields(
                return_type, field_details_list, path, result, position_context
            )
        selection = self._plan.selection(return_type, field_details_list)
        if selection.project is not None:
            try:
                return selection.project(result)
            except Exception:  # noqa: BLE001 - the reference path finds out what is wrong, below
                return self._by_reference(selection, path, result)
        if selection.fill is not None:
            filled: dict[str, Any] = dict.fromkeys(selection.keys)
            try:
                selection.fill(result, filled)
            except Exception:  # noqa: BLE001 - as above
                return self._by_reference(selection, path, result)
            return self._completed(selection, path, result, filled)
        return self._by_reference(selection, path, result)

    def _completed(
        self, selection: Selection, path: Path, result: Any, filled: dict[str, Any]
    ) -> Any:
        """`filled` with the fields that are not plain as well, or an awaitable of it."""
        rest = self.execute_fields(selection.kind, result, path, selection.rest, None)
        if not self.is_awaitable(rest):
            filled.update(cast("dict[str, Any]", rest))
            return filled
        return _merged(filled, cast("Awaitable[dict[str, Any]]", rest))

    def _by_reference(self, selection: Selection, path: Path, result: Any) -> Any:
        fields = selection.collected.grouped_field_set
        return self.execute_fields(selection.kind, result, path, fields, None)

    def _find_plan(self) -> Plan | None:
        plans: Plans | None = getattr(
            getattr(self.schema, "_strawberry_schema", None), "plans", None
        )
        if plans is None or self.middleware_manager is not None or self.abort_signal is not None:
            return None
        return plans.plan(self.schema, self.operation, self.fragments, self.variable_values)


async def _merged(filled: dict[str, Any], rest: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    filled.update(await rest)
    return filled
