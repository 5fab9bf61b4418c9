"""What fields cost, published in the schema: `@cost` and `@listSize` of the IBM specification, and `@window`.

https://ibm.github.io/graphql-specs/cost-spec.html. Two things differ: every selected field counts at least 1,
because what a leaf holds is most of an answer, and `@window` tells how a list grows with its days.
"""

from __future__ import annotations

import strawberry
from strawberry.schema_directive import Location

LONGEST_PAGE = 200
"""The longest page of a list, and what one is taken to have where no argument limits it."""
LONGEST_WINDOW = 400
"""Days of the longest window, and what one is taken to have where no argument limits it."""
USUAL_LIST = 5
"""Records of a list whose declaration says nothing else."""


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="What selecting the field counts, for each object that has it; 1 where this is missing.",
)
class Cost:
    """Weight of a field, a text as in the specification."""

    weight: str


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="How many records a list is taken to have: what the slicing argument says, else the assumed "
    "size. With `sizedFields`, the lists meant are those fields of what the field returns.",
)
class ListSize:
    """Size of a list."""

    assumed_size: int
    slicing_arguments: list[str] | None = None
    sized_fields: list[str] | None = None
    require_one_slicing_argument: bool = False


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    repeatable=True,
    description="How many records for each day of its window (`from`, `to`, `range`) a list is taken to have "
    "where no slicing argument says so.",
)
class Window:
    """Size of a list that grows with the days of a window."""

    per_day: int
    sized_fields: list[str] | None = None
