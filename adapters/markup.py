"""Where a text holds tags of HTML, and where it only looks as if it did, as in `si a<b alors c>d`.

Tags are found as a browser finds them; what would be a tag there and is none by what people write is called a
lookalike. This decides what is kept as text, never what is safe: HTML is sanitised afterwards
(`adapters.content`), and plain text keeps a lookalike as it is only where it does nothing in a browser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

import nh3
from lxml.html import defs


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = nh3.ALLOWED_TAGS - {"img", "map", "area", "figure", "figcaption", "center", "font", "blink", "bdo"}
"""Elements that HTML keeps.

An image in a text tells its sender when it is read: files are attached. `bdo` turns text around.
"""
ACTIVE = _names(
    """
    animate applet area audio base basefont bdo bgsound big blink body button canvas center command datalist
    dialog dir embed fieldset figcaption figure font foreignobject form frame frameset head html iframe
    image img input isindex keygen label layer legend link listing main map marquee math menu meta meter
    nobr noembed noframes noscript object optgroup option output param picture plaintext portal progress
    script section select set slot source style svg template textarea tfoot title track use video xml xmp
    """
)
"""Elements that are never kept: they run, fetch or hide something, or dress a text. None of them is text."""
MATHML = _names(
    """
    annotation annotation-xml maction menclose merror mfenced mfrac mglyph mi mmultiscripts mn mo mover
    mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr
    munder munderover semantics
    """
)
KNOWN = TAGS | MATHML
BOOLEAN = _names(
    """
    allowfullscreen async autofocus autoplay checked compact contenteditable controls default defer disabled
    download formnovalidate hidden inert ismap itemscope loop multiple muted nohref nomodule noresize
    noshade novalidate nowrap open playsinline popover readonly required reversed selected truespeed
    """
)
"""Attributes that are written without a value."""
WITH_VALUE = defs.safe_attrs | _names(
    """
    background bgcolor bordercolor content data face http-equiv link poster srcdoc srcset style text vlink
    """
)
SPACE = r"\t\n\f\r "
BEGUN = re.compile(r"<(?=[a-z!?/])", re.IGNORECASE | re.ASCII)
NAME = re.compile(rf"<(/?)([a-z][^{SPACE}/>]*)", re.IGNORECASE | re.ASCII)
ATTRIBUTE = re.compile(
    rf"[{SPACE}/]*+([^{SPACE}/>][^{SPACE}/>=]*+)(?:[{SPACE}]*+(=)[{SPACE}]*+"
    rf"(?:(\"[^\"]*\"|'[^']*')|(?![\"'])[^{SPACE}>]*+|(.)))?",
    re.DOTALL,
)
END = re.compile(rf"[{SPACE}/]*+>")
DECLARATION = re.compile(
    r"<!--(?:-?>|.*?--!?>)|<!(?:\[(?:if|endif)|doctype)\b[^>]*>|<\?xml\b[^>]*>", re.DOTALL | re.IGNORECASE
)
BEGUN_DECLARATION = re.compile(r"<!--|<!doctype\b|<!\[(?:if|endif)\b|<\?xml\b", re.IGNORECASE)
OF_OFFICE = re.compile(r"(?:o|v|m|w\d*|st\d):[a-z]", re.IGNORECASE)
ADDRESS = re.compile(rf"<[a-z][a-z0-9+.-]+://[^{SPACE}<>]+>", re.IGNORECASE)
LETTER = re.compile(r"\w")
SIGN = re.compile(r"[:@_-]|[a-z]\.[a-z]")
"""Signs in names of attributes that are none of HTML itself, such as `xlink:href` and `@click`."""
MOST_WORK, OF_VALUES = 50, 25
"""How often a text is read at the most: nested lookalikes end at the same sign, and each is read up to it.

What may have values counts more: it is read attribute by attribute.
"""


class Attribute(NamedTuple):
    """An attribute of what a browser takes for a tag."""

    name: str
    has_value: bool = False
    is_quoted: bool = False

    @property
    def is_one(self) -> bool:
        """Tell whether this is an attribute with a value, and no part of a formula or of an address."""
        return self.is_quoted or (self.has_value and "?" not in self.name and self.is_known)

    @property
    def is_known(self) -> bool:
        """Tell whether HTML or a library knows such an attribute, so that its name is no word of the text."""
        if self.name.startswith(("_", "data-", "aria-")):
            return True
        if not self.has_value:
            return self.name in BOOLEAN
        return self.name in WITH_VALUE or self.name.startswith("on") or SIGN.search(self.name) is not None

    @property
    def is_word(self) -> bool:
        """Tell whether it holds a word that a browser drops."""
        return LETTER.search(self.name) is not None and not self.is_known

    @property
    def does_nothing(self) -> bool:
        """Tell whether no browser, and no library of a page, does anything with it."""
        return not self.has_value or "?" in self.name


@dataclass(frozen=True, slots=True)
class Tag:
    """What a browser takes for a tag, a comment or a declaration; `end` is None where it does not end."""

    start: int
    end: int | None
    name: str = ""
    """In small letters; empty where it is no tag."""
    is_closing: bool = False
    attributes: tuple[Attribute, ...] = ()

    @property
    def words(self) -> list[str]:
        """What is no attribute in it, and would be lost with it."""
        return [one.name for one in self.attributes if one.is_word]

    @property
    def does_nothing(self) -> bool:
        """Tell whether a browser that meets it in a plain text does nothing with it."""
        return self.name not in ACTIVE and all(one.does_nothing for one in self.attributes)


@dataclass(slots=True)
class Reading:
    """What is markup in a text, and what only looks like it."""

    text: str
    tags: list[Tag] = field(default_factory=list)
    lookalikes: list[int] = field(default_factory=list)
    """Places of each `<` that is text, though a browser would take it for the beginning of a tag."""
    is_inert: bool = True
    """Whether no lookalike does anything in a browser."""

    def with_lookalikes_as_text(self) -> str:
        """Return the text as HTML in which lookalikes are escaped; it is not sanitised yet."""
        parts, end = [], 0
        for start in self.lookalikes:
            parts.append(self.text[end:start])
            end = start + 1
        return "&lt;".join([*parts, self.text[end:]])

    def without_acting_lookalikes(self) -> str:
        """Return a text without tags in which nothing would act if a page took it for HTML.

        A space behind each `<` sees to that, where one would.
        """
        return self.text if self.is_inert else BEGUN.sub("< ", self.text)


def read_markup(text: str) -> Reading:
    """Tell tags from what only looks like them; a text of too many nested ones holds no tags."""
    reading, opened = Reading(text), set[str]()
    left = MOST_WORK * len(text) + 1_000
    found = BEGUN.search(text)
    while found is not None:
        start = found.start()
        tag = _tag_at(text, start)
        has_values = any(one.has_value for one in tag.attributes)
        left -= ((tag.end or len(text)) - start) * (OF_VALUES if has_values else 1)
        if left < 0:
            return Reading(text, lookalikes=[one.start() for one in BEGUN.finditer(text)], is_inert=False)
        if tag.end is None or not _is_meant(text[start : tag.end], tag, opened):
            reading.lookalikes.append(start)
            reading.is_inert &= tag.does_nothing and BEGUN_DECLARATION.match(text, start) is None
            found = BEGUN.search(text, start + 1)
        else:
            reading.tags.append(tag)
            opened.add(tag.name)
            found = BEGUN.search(text, tag.end)
    return reading


def has_markup(text: str) -> bool:
    """Tell whether a text holds a tag, a comment or a declaration; `x < y`, `<3` and `<a b>` are none."""
    return bool(read_markup(text).tags)


def _tag_at(text: str, start: int) -> Tag:
    named = NAME.match(text, start)
    if named is None:
        declared = DECLARATION.match(text, start)
        if declared is None and BEGUN_DECLARATION.match(text, start) is None:
            # `</3>` and `<!>`: a browser takes them for comments, in which nothing is.
            return Tag(start, start + 1)
        return Tag(start, declared.end() if declared else None)
    end, attributes = _attributes_at(text, named.end())
    return Tag(start, end, named[2].lower(), bool(named[1]), attributes)


def _attributes_at(text: str, place: int) -> tuple[int | None, tuple[Attribute, ...]]:
    """Read attributes up to the end of a tag, which is None where there is none."""
    until = text.find(">", place)
    stretch = text[place : len(text) if until < 0 else until]
    if "=" not in stretch:
        names = dict.fromkeys(stretch.lower().replace("/", " ").split())
        return None if until < 0 else until + 1, tuple(map(Attribute, names))
    attributes, end = [], END.match(text, place)
    while end is None and (found := ATTRIBUTE.match(text, place)) is not None:
        name, sign, quoted, never_ends = found.groups()
        attributes.append(Attribute(name.lower(), sign is not None, quoted is not None))
        place = len(text) if never_ends is not None else found.end()
        end = END.match(text, place)
    return end and end.end(), tuple(attributes)


def _is_meant(written: str, tag: Tag, opened: set[str]) -> bool:
    """Tell whether what ends like a tag was written as one; `opened` are the names of tags before it."""
    if not tag.name:
        return len(written) > 1
    if tag.name in ACTIVE or OF_OFFICE.match(tag.name):
        return True
    if ADDRESS.fullmatch(written):
        return False
    if any(one.is_one for one in tag.attributes):
        return True
    if tag.name in KNOWN:
        return not tag.words
    return tag.is_closing and tag.name in opened
