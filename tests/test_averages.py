"""Averages by the rules of the French school systems, with exact numbers."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.averages import Mark, average, display, rounded


def value(*marks: Mark) -> Decimal | None:
    found = average(marks)
    return None if found is None else rounded(found.value, 3)


def test_scales_weigh_unless_grades_are_rescaled_to_20() -> None:
    grades = ((18, 20), (3, 10), (1, 5))
    assert value(*(Mark(v, d, is_rescaled=False) for v, d in grades)) == Decimal("12.571")
    assert value(*(Mark(v, d, is_rescaled=True) for v, d in grades)) == Decimal("9.333")


def test_a_bonus_adds_its_points_above_half_and_no_coefficient() -> None:
    assert value(Mark(12), Mark(16), Mark(17, weighting="BONUS")) == Decimal("17.500")
    assert value(Mark(12), Mark(16), Mark(8, weighting="BONUS")) == Decimal("14.000")


def test_a_malus_takes_its_points_away() -> None:
    assert value(Mark(12), Mark(16), Mark(2, weighting="MALUS")) == Decimal("13.000")


def test_optional_grades_are_kept_in_descending_order_while_they_raise_the_average() -> None:
    marks = [Mark(12), Mark(17, weighting="OPTIONAL"), Mark(8, weighting="OPTIONAL")]
    found = average(marks)
    assert found is not None
    assert (rounded(found.value), found.counted) == (Decimal("14.50"), frozenset({0, 1}))


@pytest.mark.parametrize(
    "status",
    ["ABSENT", "EXEMPTED", "NOT_GRADED", "NOT_SUBMITTED", "NOT_EVALUATED", "LETTER", "UNFIT", "PENDING"],
)
def test_what_is_not_a_number_never_counts(status: str) -> None:
    assert value(Mark(12), Mark(None, status=status)) == Decimal("12.000")
    assert value(Mark(None, status=status)) is None


@pytest.mark.parametrize("status", ["ABSENT_ZERO", "NOT_SUBMITTED_ZERO"])
def test_only_the_zero_statuses_count_as_zero(status: str) -> None:
    assert value(Mark(12), Mark(0, status=status)) == Decimal("6.000")


def test_a_real_zero_counts() -> None:
    assert value(Mark(0), Mark(10)) == Decimal("5.000")


def test_coefficient_zero_counts_nothing_and_alone_gives_no_average() -> None:
    assert value(Mark(12), Mark(2, coefficient=0)) == Decimal("12.000")
    assert value(Mark(12, coefficient=0)) is None


def test_not_significant_is_shown_and_never_counted() -> None:
    assert value(Mark(12), Mark(2, weighting="NOT_SIGNIFICANT")) == Decimal("12.000")


def test_a_hidden_coefficient_makes_the_average_approximate() -> None:
    found = average([Mark(12, coefficient=None), Mark(14)])
    assert found is not None and found.is_approximate
    assert not average([Mark(12), Mark(14)]).is_approximate  # type: ignore[union-attr]


def test_an_assessment_without_a_scale_does_not_count() -> None:
    assert value(Mark(12), Mark(3, out_of=None), Mark(3, out_of=0)) == Decimal("12.000")


def test_nothing_to_average_is_none_and_shown_as_an_empty_text() -> None:
    assert average([]) is None
    assert display(None) == ""
    assert display(14.125) == "14,13"


def test_decimals_are_exact() -> None:
    assert average([Mark(0.1), Mark(0.2)]).value == Fraction(3, 20)  # type: ignore[union-attr]


marks = st.builds(
    Mark,
    value=st.integers(0, 40).map(lambda n: n / 2),
    out_of=st.sampled_from([20, 40]),
    coefficient=st.sampled_from([0.5, 1, 2]),
    weighting=st.sampled_from(["NORMAL", "OPTIONAL"]),
    is_rescaled=st.booleans(),
)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.lists(marks, min_size=1, max_size=7))
def test_taking_optional_grades_in_order_is_as_good_as_trying_every_choice(given_marks: list[Mark]) -> None:
    fixed = [one for one in given_marks if one.weighting == "NORMAL"]
    optional = [one for one in given_marks if one.weighting == "OPTIONAL"]
    choices = [
        average([*fixed, *(Mark(o.value, o.out_of, o.coefficient, "NORMAL", o.is_rescaled) for o in chosen)])
        for size in range(len(optional) + 1)
        for chosen in itertools.combinations(optional, size)
    ]
    best = max((one.value for one in choices if one is not None), default=None)
    found = average(given_marks)
    assert (found.value if found else None) == best
