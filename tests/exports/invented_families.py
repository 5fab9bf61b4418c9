"""Families as schools really have them, drawn at random, and what each export says of them.

The names, days of birth and numbers come from small pools, so that homonyms, twins, siblings and equal numbers in two
schools are frequent. A world is plain data: its `repr` replays it (`@example(World(...))`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

from tests.exports.one_school import UAI

UAIS = (UAI, "0750002B")
FIRST_NAMES = ("Zoé", "Léo", "Léa", "Zoé Léa")
LAST_NAMES = ("MARTIN", "DURAND")
BIRTHDAYS = (date(2014, 3, 5), date(2014, 5, 3), date(2015, 7, 1))
"""The second is the first with day and month swapped."""
PLACES = ("6A", "6B")

LACKS: Mapping[str, dict[str, Any]] = {
    "aaf": {"ine": ""},
    "edt": {"birth_name": ""},
    "oneroster": {"birth_name": ""},
    "onde": {"number": "", "ine": ""},
}
"""What a format has no field for."""
NEEDS = {"siecle": "no number", "onde": "no birth date"}
"""What a format cannot leave out."""
SECONDARY = ("siecle", "edt", "oneroster", "aaf")
PRIMARY = ("onde", "oneroster", "aaf")
TABLES = ("grades", "absences")
OMISSIONS = ("no number", "no INE", "no birth date", "birth name")
MISTYPED = ("letter in first name", "letter in last name", "letter in INE", "swapped birth date")
ERRORS = (*MISTYPED, "absent")
"""What an export may leave out of a pupil, and what it may have wrong: also that it does not have the pupil."""
IDENTIFYING = (
    "names", "names, birth date", "number", "number, names", "INE", "INE, names", "number, birth date",
    "number, INE, names, birth date",
)  # fmt: skip
"""The keys that a row of a table may give."""
ROW_ERRORS = (*MISTYPED, "number of another", "unknown number", "names of another")


@dataclass(frozen=True)
class Pupil:
    """A pupil as they are, or as an export describes them; empty where it leaves something out."""

    key: str
    school: int
    number: str
    ine: str
    first: str
    last: str
    birth_name: str
    born: date | None
    place: str


@dataclass(frozen=True)
class Guardian:
    """A guardian; `ties` holds the pupil's key, the relation, and the legal rank (0: none)."""

    key: str
    title: str
    first: str
    last: str
    ties: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Row:
    """A row of a table: which pupil it is about, and the keys that it gives."""

    token: str
    pupil: str
    number: str = ""
    ine: str = ""
    first: str = ""
    last: str = ""
    born: date | None = None
    is_wrong: bool = False


@dataclass(frozen=True)
class Export:
    """An export of one school (`aaf`: of all): what it leaves out or has wrong, by key of the person."""

    format: str
    school: int
    slips: tuple[tuple[str, str], ...] = ()
    rows: tuple[Row, ...] = ()

    @property
    def name(self) -> str:
        """What the export is called."""
        return self.format if self.format == "aaf" else f"{self.format}{self.school}"


@dataclass(frozen=True)
class World:
    """Two schools with their families, the exports of them, and orders in which to import these."""

    pupils: tuple[Pupil, ...]
    guardians: tuple[Guardian, ...]
    exports: tuple[Export, ...]
    orders: tuple[tuple[int, ...], ...]

    @property
    def is_correct(self) -> bool:
        """Tell whether exports only leave out, and have nothing wrong."""
        slips = {slip for one in self.exports for _, slip in one.slips}
        return slips.isdisjoint(ERRORS) and not any(row.is_wrong for one in self.exports for row in one.rows)

    def pupils_in(self, export: Export) -> list[Pupil]:
        """Return the pupils as an export describes them."""
        found = []
        for one in self.pupils:
            slips = [
                slip for key, slip in export.slips if key == one.key and slip != NEEDS.get(export.format)
            ]
            if (export.format == "aaf" or one.school == export.school) and "absent" not in slips:
                found.append(replace(_with_slips(one, slips), **LACKS.get(export.format, {})))
        return found

    def guardians_in(self, export: Export) -> list[tuple[str, Guardian]]:
        """Return the guardians as an export describes them, with its number for each.

        Who is entered twice has a number and a record for each child.
        """
        here = {one.key for one in self.pupils_in(export)}
        found = []
        for index, one in enumerate(self.guardians):
            ties = tuple(tie for tie in one.ties if tie[0] in here)
            slips = [slip for key, slip in export.slips if key == one.key]
            last = _mistyped(one.last) if "letter in last name" in slips else one.last
            if "entered twice" in slips:
                found += [(f"3{index}{tie[0][1:]}", replace(one, last=last, ties=(tie,))) for tie in ties]
            elif ties:
                found.append((f"3{index}99", replace(one, last=last, ties=ties)))
        return found

    def rows(self) -> dict[str, Row]:
        """Return the rows of all tables by their token."""
        return {row.token: row for one in self.exports for row in one.rows}


def _mistyped(name: str) -> str:
    """Change the last letter: Léo becomes Léa, and MARTIN becomes MARTIA."""
    last = "o" if name[-1].lower() == "a" else "a"
    return name[:-1] + (last.upper() if name.isupper() else last)


def _swapped(day: date | None) -> date | None:
    return day and day.replace(month=day.day, day=day.month)


def _with_slips(one: Pupil, slips: Sequence[str]) -> Pupil:
    for slip in slips:
        changes: dict[str, dict[str, Any]] = {
            "no number": {"number": ""},
            "no INE": {"ine": ""},
            "no birth date": {"born": None},
            "birth name": {"last": one.birth_name},
            "letter in first name": {"first": _mistyped(one.first)},
            "letter in last name": {"last": _mistyped(one.last), "birth_name": _mistyped(one.birth_name)},
            "letter in INE": {"ine": one.ine and _mistyped(one.ine)},
            "swapped birth date": {"born": _swapped(one.born)},
        }
        one = replace(one, **changes[slip])
    return one


# ---- drawing ---------------------------------------------------------------------------------------------


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw families, exports with and without errors, and two orders of import and one of importing again."""
    pupils: list[Pupil] = []
    guardians: list[Guardian] = []
    for _ in range(draw(st.integers(1, 4))):
        _draw_family(draw, pupils, guardians)
    slips = OMISSIONS if draw(st.integers(0, 2)) == 0 else (*OMISSIONS, *ERRORS)
    exports = [_draw_export(draw, *one, slips, pupils, guardians) for one in _draw_formats(draw)]
    orders = [tuple(draw(st.permutations(range(len(exports))))) for _ in range(3)]
    if orders[0] == orders[1]:
        orders[1] = orders[0][::-1]
    return World(tuple(pupils), tuple(guardians), tuple(exports), tuple(orders))


def _draw_formats(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Draw two or three registers of one school, some tables, and perhaps an export of the other school."""
    main = draw(st.integers(0, 1))
    formats = (SECONDARY, PRIMARY if draw(st.booleans()) else SECONDARY)
    chosen = draw(st.lists(st.sampled_from(formats[main]), unique=True, min_size=2, max_size=3))
    found = [(one, main) for one in chosen] + [("grades", main)]
    more = [
        ("absences", main),
        (formats[1 - main][0], 1 - main),
        ("grades", 1 - main),
        ("sts", 0),
        ("feed", 0),
    ]
    return found + draw(st.lists(st.sampled_from(more), unique=True, min_size=1, max_size=2))


def _draw_family(draw: st.DrawFn, pupils: list[Pupil], guardians: list[Guardian]) -> None:
    """Draw a mother, one or two fathers of her children, and perhaps a grandfather of the first father's name.

    The later father is a contact of the earlier one's children.
    """
    first, last = st.sampled_from(FIRST_NAMES), st.sampled_from(LAST_NAMES)
    fathers = [("Paul", draw(last)), ("Jean", draw(last))][: draw(st.integers(1, 2))]
    children: list[tuple[str, int]] = []
    for _ in range(draw(st.integers(1, 3))):
        father = draw(st.integers(0, len(fathers) - 1))
        usual = fathers[father][1]
        child = _pupil(
            pupils, draw(st.integers(0, 1)), draw(st.integers(0, 3)) < 3, draw(first), usual,
            birth_name=draw(last) if draw(st.integers(0, 3)) == 3 else usual,
            born=draw(st.sampled_from(BIRTHDAYS)), place=draw(st.sampled_from(PLACES)),
        )  # fmt: skip
        children.append((child.key, father))
        if draw(st.integers(0, 4)) == 4:
            other = _pupil(
                pupils,
                1 - child.school,
                False,
                child.first,
                child.last,
                child.birth_name,
                child.born,
                child.place,
            )
            pupils[-1] = replace(other, ine=child.ine)
            children.append((other.key, father))
    ties = tuple((child, "MOTHER", 1) for child, _ in children)
    guardians.append(
        Guardian(f"g{len(guardians)}", "Mme", draw(st.sampled_from(("Claire", "Sonia"))), draw(last), ties)
    )
    for number, (name, family) in enumerate(fathers):
        own = [(child, "FATHER", 2) for child, father in children if father == number]
        steps = [(child, "OTHER", 0) for child, father in children if father < number]
        guardians.append(Guardian(f"g{len(guardians)}", "M.", name, family, (*own, *steps)))
    if draw(st.booleans()):
        ties = tuple((child, "GRANDPARENT", 0) for child, father in children if father == 0)
        guardians.append(Guardian(f"g{len(guardians)}", "M.", *fathers[0], ties))


def _pupil(
    pupils: list[Pupil],
    school: int,
    has_ine: bool,
    first: str,
    last: str,
    birth_name: str,
    born: date | None,
    place: str,
) -> Pupil:
    """Add a pupil; both schools count their numbers from the same one."""
    number = f"500{sum(one.school == school for one in pupils)}"
    ine = f"06000000{len(pupils)}AA" if has_ine else ""
    made = Pupil(f"p{len(pupils)}", school, number, ine, first, last, birth_name, born, place)
    pupils.append(made)
    return made


def _draw_export(
    draw: st.DrawFn,
    name: str,
    school: int,
    slips: Sequence[str],
    pupils: list[Pupil],
    guardians: list[Guardian],
) -> Export:
    here = [one for one in pupils if one.school == school]
    if name in TABLES:
        count = draw(st.integers(1, 8)) if here else 0
        errors = ("none",) if "swapped birth date" not in slips else ("none",) * 6 + ROW_ERRORS
        return Export(
            name,
            school,
            rows=tuple(_draw_row(draw, f"{name}{school}-{n}", here, errors) for n in range(count)),
        )
    few = st.one_of(
        *[st.just(frozenset[str]())] * 2, st.frozensets(st.sampled_from(slips), min_size=1, max_size=2)
    )
    described = pupils if name == "aaf" else here
    found = [(one.key, slip) for one in described for slip in sorted(draw(few))]
    kinds = (
        ("entered twice",) if "swapped birth date" not in slips else ("entered twice", "letter in last name")
    )
    for guardian in guardians:
        if draw(st.integers(0, 4)) == 4:
            found.append((guardian.key, draw(st.sampled_from(kinds))))
    return Export(name, school, tuple(found))


def _draw_row(draw: st.DrawFn, token: str, here: list[Pupil], errors: Sequence[str]) -> Row:
    true, error = draw(st.sampled_from(here)), draw(st.sampled_from(errors))
    other = draw(st.sampled_from(here)) if error.endswith("another") else true
    said = true if error not in MISTYPED else _with_slips(true, [error])
    if error == "number of another":
        said = replace(said, number=other.number)
    elif error == "unknown number":
        said = replace(said, number="9999")
    elif error == "names of another":
        said = replace(said, first=other.first, last=other.last)
    given = draw(st.sampled_from(IDENTIFYING))
    if "number" not in given and not said.ine:
        given += ", names"
    return Row(
        f"{token} about {true.key}",
        true.key,
        said.number if "number" in given else "",
        said.ine if "INE" in given else "",
        said.first if "names" in given else "",
        said.last if "names" in given else "",
        said.born if "birth date" in given else None,
        said != true,
    )
