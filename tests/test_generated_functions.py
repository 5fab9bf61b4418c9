"""Functions that are generated as text."""

from __future__ import annotations

from traceback import extract_tb

import pytest

from adapters.generated_functions import define


def test_tracebacks_show_the_lines_of_generated_functions() -> None:
    lines = ["def first(row):", "    return row['a']", "def second(row):", "    return first(row)"]
    second = define("example", lines, {})
    assert second({"a": 1}) == 1
    with pytest.raises(KeyError) as raised:
        second({})
    shown = [(one.name, one.lineno, one.line) for one in extract_tb(raised.tb)[1:]]
    assert shown == [("second", 4, "return first(row)"), ("first", 2, "return row['a']")]
