"""Letters, numbers, days and marks of tables: what is read, and what is refused because it is not certain."""

from __future__ import annotations

import pytest

from adapters.base import InvalidExport
from adapters.templates import plain_values
from adapters.templates.marks import BadMark, Mark, read_mark
from adapters.text_encoding import decoded

FRENCH = (
    "élève;à;ça;Noël;œuvre", "Zoé;LEFÈVRE;Élise;d’Haÿ;30 €", "« Maïs » – où ?;naïve;aiguë;hôtel;Œdipe",
)  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "iso-8859-15", "mac_roman"])
@pytest.mark.parametrize("text", FRENCH)
def test_french_texts_are_read_right_or_refused_in_every_encoding(text: str, encoding: str) -> None:
    content = text.encode(encoding, "ignore")
    try:
        read_as, _ = decoded(content, "devoirs.csv")
    except InvalidExport as error:
        assert "Save it in UTF-8" in str(error)
    else:
        assert read_as == content.decode(encoding)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("23/11/2026", "2026-11-23"), ("3/9/2026", "2026-09-03"), ("23.11.2026", "2026-11-23"),
        ("23-11-2026", "2026-11-23"), ("2026-11-23", "2026-11-23"), ("2026/11/23", "2026-11-23"),
        ("23/11/2026 00:00", "2026-11-23"), ("2026-11-23T00:00:00", "2026-11-23"),
        ("11/23/2026", None), ("23/11/26", None), ("46349", None), ("20261123", None), ("23/11/2062x", None),
        ("2026-11-23T00:00:00Z", None), ("٢٣/١١/٢٠٢٦", None), ("23/11/1026", None),
    ],
)  # fmt: skip
def test_days_are_read_where_they_are_certain(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(plain_values.Unreadable) as error:
            plain_values.day(text)
        assert error.value.remedy
    else:
        assert plain_values.day(text).isoformat() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12,5", 12.5), ("12.50", 12.5), ("1 234,5", 1234.5), ("1\u202f234", 1234), (",5", 0.5), ("+2", 2),
        ("\u22122", -2), ("1e1", None), ("1_5", None), ("nan", None), ("inf", None), ("1.234,5", None),
        ("12,", None), ("٣", None), ("", None), ("-", None), ("9" * 40, None), ("12 5", None),
    ],
)  # fmt: skip
def test_numbers_are_read_by_a_pattern_alone(text: str, expected: float | None) -> None:
    if expected is None:
        with pytest.raises(plain_values.Unreadable):
            plain_values.number(text)
    else:
        assert plain_values.number(text) == expected


@pytest.mark.parametrize(
    ("written", "scale", "expected"),
    [
        ("Abs0", "20", Mark("ABSENT_ZERO", 0, 20, "NORMAL", "Abs0")),
        ("N.Rdu0", None, Mark("NOT_SUBMITTED_ZERO", 0, 20, "NORMAL", "N.Rdu0")),
        ("Très bien", None, Mark("LETTER", None, None, "NORMAL", "Très bien")),
        ("B", "0", Mark("LETTER", None, None, "NORMAL", "B")),
        ("(4,5/5)", None, Mark("GRADED", 4.5, 5, "NOT_SIGNIFICANT", "(4,5/5)")),
        ("22/20", "20", Mark("GRADED", 22, 20, "NORMAL", "22")),
        ("+2", "20", Mark("UNKNOWN", None, 20, "NORMAL", "+2", is_points=True)),
    ],
)
def test_marks_are_read_with_their_scale_and_weight(written: str, scale: str | None, expected: Mark) -> None:
    assert read_mark(written, scale) == expected


@pytest.mark.parametrize(
    ("written", "scale", "column", "reason"),
    [
        ("4/5", "20", "grade", "is out of 5, and out_of says 20"),
        ("-1", "20", "grade", "is below 0"),
        ("12", "vingt", "out_of", "is not a number"),
        ("12", "5000", "out_of", "is no highest mark (above 0, at most 1000)"),
        ("12", "-20", "out_of", "is no highest mark (above 0, at most 1000)"),
    ],
)
def test_marks_that_cannot_be_are_refused(written: str, scale: str, column: str, reason: str) -> None:
    with pytest.raises(BadMark) as error:
        read_mark(written, scale)
    assert (error.value.column, error.value.reason) == (column, reason)
