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

COUNT = 20
"""The weight of a number that takes a walk through a list, however short the page is."""


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="What selecting the field counts, for each object that has it; 1 where this is missing. An "
    "operation costs the sum over all selected fields, and 1 more for every object that it may return: "
    "`{ viewer { students { id } } }` costs 1 + 1 for the viewer, 1 for `students`, and 5 × (1 + 1) for as many "
    "students with one field each, 13 in all. Fields under `__schema` and `__type` count 2 each.",
)
class Cost:
    """Weight of a field, a text as in the specification."""

    weight: str


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="How many records a list is taken to have: what the slicing argument says, else the assumed "
    "size. With `sizedFields`, the lists meant are those fields of what the field returns. A list without this "
    f"directive, and without `@window`, is taken to have {USUAL_LIST} records.",
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
    "where no slicing argument says so; a number such as `totalCount` weighs at least so much, whatever that "
    "argument says. A window has the days from `from` to `to`, both included; a range as "
    "many as it says (TODAY 1, CURRENT_WEEK 7, NEXT_14_DAYS 14 ...), CURRENT_PERIOD 100 and SCHOOL_YEAR 320; "
    f"one that is open on a side is taken to have {LONGEST_WINDOW}, the longest that is allowed.",
)
class Window:
    """Size of a list that grows with the days of a window."""

    per_day: int
    sized_fields: list[str] | None = None
