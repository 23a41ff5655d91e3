"""How operations are executed: graphql-core's plain executor, without its memory of past events."""

from collections.abc import Callable
from typing import Any, cast

from graphql.execution import Executor
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext


class LeanExecutor(Executor[Any]):
    """Strawberry's default without `@defer` and `@stream`, which we do not offer: half the time.

    graphql-core 3.3.2 keeps a memo of sub-selections for as long as a subscription lives, and adds
    to it at each event; here each event starts with an empty one.
    """

    def __init__(self, *args: Any, **given: Any) -> None:
        operation_extensions = given.pop("operation_extensions", None)
        super().__init__(*args, **given)
        # Read by Strawberry's `build_resolve_info`.
        self.operation_extensions = operation_extensions

    build_resolve_info = cast(
        "Callable[..., Any]", StrawberryGraphQLCoreExecutionContext.build_resolve_info
    )

    def build_per_event_executor(self, payload: Any) -> Executor[Any]:
        """The executor of one event of a subscription."""
        executor = super().build_per_event_executor(payload)
        executor._relevant_sub_fields = {}
        return executor
