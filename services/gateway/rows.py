"""What one request may take: the cost of its documents, and the list items of its answers, counted as they come."""

from collections.abc import Sized
from dataclasses import dataclass
from typing import Any, Final

from graphql import Executor, GraphQLError, GraphQLNonNull, OperationType

from services.gateway.limits import MOST_COST

MOST_ITEMS: Final = 20_000
"""Items of all lists in the answer to one request; a document's cost only guesses them."""

TOO_MANY: Final = f"The answer would hold more than {MOST_ITEMS} list items"


@dataclass(slots=True)
class Budget:
    """What a request has taken so far; the documents of a batch share one."""

    cost: int = 0
    items: int = 0

    @property
    def spent(self) -> bool:
        """Say whether the answer holds too many items."""
        return self.items > MOST_ITEMS

    def charge(self, cost: int) -> None:
        """Take the cost of one more document of a batch; raise GraphQLError if that is too much."""
        if self.spent:
            raise GraphQLError(TOO_MANY)
        self.cost += cost
        if self.cost > MOST_COST:
            raise GraphQLError(f"The batch costs {self.cost} so far, at most {MOST_COST} is allowed")


class CountingExecutor(Executor[None]):
    """An executor that ends a query once its lists hold too many items.

    A mutation goes on, for its effect must be told: further lists are null, or empty where the schema has no null.
    """

    told = False

    def complete_list_value(self, *arguments: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  # by place
        """Return the items of a list, completed, or nothing when there are too many."""
        _, nodes, info, path, result, _ = arguments
        budget: Budget = self.context_value.budget
        budget.items += len(result) if isinstance(result, Sized) else 0
        if not budget.spent:
            return super().complete_list_value(*arguments)
        if not self.told:
            self.told = True
            self.collected_errors.add(
                GraphQLError(
                    TOO_MANY,
                    [each.node for each in nodes],
                    path=path.as_list(),
                    extensions={"code": "BAD_USER_INPUT"},
                ),
                path,
            )
        return [] if isinstance(info.return_type, GraphQLNonNull) else None

    def execute_fields(self, *arguments: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  # by place
        """Return the fields of an object; none of a query that is refused anyway."""
        if self.context_value.budget.spent and self.operation.operation is OperationType.QUERY:
            return {}
        return super().execute_fields(*arguments)
