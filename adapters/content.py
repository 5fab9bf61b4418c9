"""What texts of records may hold, and how they are cleaned at the door: HTML, URLs, colours and plain text.

Clients show these on pages about children, so that nothing in them may run, track or mislead. What a column
holds stands with the column (`adapters.records.base.holding`); one without a word there holds a line of plain
text.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import nh3

from adapters.markup import TAGS, has_markup, read_markup

HTML, URL, COLOR = "HTML", "URL", "Color"
"""Kinds of content, named as the scalars of the contract."""
LINES = "Lines"
"""Plain text of several lines; plain text that is nothing else is one line, such as a title."""
EMAIL = "Email"
"""An address of mail, written as it is compared."""
LONGEST_TEXT = 30_000
"""Characters of one text: a page of twenty has to fit into an answer, and nested HTML is slow to clean."""
LONGEST_URL = 2_000
ATTRIBUTES = {
    "a": {"href", "hreflang"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "*": {"dir", "lang", "title"},
}
"""No style, class or colour: a text is shown in the colours of the reader, dark ones too."""
STYLE = {"center", "font", "blink", "html", "head", "body", "o", "xml"}
"""Elements that only dress a text, or hold all of it: nobody misses them."""
MOST_ELEMENTS = 5
SCHEMES = {"http", "https", "mailto", "tel"}
INVISIBLE = re.compile(
    # Control characters but tab and line breaks, half characters, what is no character, and marks that turn
    # the direction of what follows or hide in a text. Joiners stay: Arabic and Persian are written with them.
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
BLANKS = frozenset("\u115f\u1160\u2065\u2800\u3164\uffa0\U0001d159") | set(map(chr, range(0xFFF0, 0xFFF9)))
"""Letters and signs without ink, such as the filler of Hangul and the empty sign of Braille."""
WITHOUT_INK = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"})
"""Categories of Unicode that show nothing, or nothing by themselves, such as accents and variation selectors.

What Unicode has not assigned yet (Cn) counts as visible: it may be an emoji of a later version.
"""
SEPARATORS = re.compile("[\u2028\u2029]")
SUSPECT = re.compile(r"[<&\u2028\u2029]|" + INVISIBLE.pattern)
LINE_BREAK = re.compile(r"\s*[\t\n\r]\s*")
LINK = re.compile(r"<a href=")
COLOR_CODE = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})", re.IGNORECASE)
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
SEVERAL_RECEIVERS = re.compile(r"[,;]|%2c|%3b|(?:@|%40).*(?:@|%40)", re.IGNORECASE)
UNSAFE_IN_URL = re.compile(r"[\s<>\"`\\^{|}\x00-\x20\x7f-\x9f]")


def clean_html(text: str) -> str:
    """Return HTML without what could do harm, and without colours; cleaning it again changes nothing."""
    if SUSPECT.search(text) is None:
        return text
    cleaned = _harmless(read_markup(INVISIBLE.sub("", text)).with_lookalikes_as_text())
    # What was written as entities is a character now.
    while INVISIBLE.search(cleaned):
        cleaned = _harmless(INVISIBLE.sub("", cleaned))
    return cleaned


def _harmless(text: str) -> str:
    return nh3.clean(
        text,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=lambda _tag, name, value: clean_url(value) if name == "href" else value,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer",
    )


def as_html(text: str) -> str:
    """Return what was written as HTML or as plain text as HTML: plain text is escaped, and keeps its lines.

    It is not cleaned yet.
    """
    return text if has_markup(text) else "<br>".join(html.escape(text, quote=False).splitlines())


def clean_text(text: str) -> str:
    """Return plain text without markup and invisible characters; `a < b`, `a<b c>d`, `Tom & Jerry` stay."""
    if SUSPECT.search(text) is None:
        return text
    cleaned = SEPARATORS.sub("\n", INVISIBLE.sub("", text))
    # Markup that was written as entities appears when the markup around it goes.
    while (reading := read_markup(cleaned)).tags:
        stripped = html.unescape(nh3.clean(reading.with_lookalikes_as_text(), tags=set()))
        cleaned = INVISIBLE.sub("", stripped if stripped != cleaned else cleaned.replace("<", ""))
    return reading.without_acting_lookalikes()


def is_blank(text: str) -> bool:
    """Tell whether a text, without markup, shows nothing at all."""
    return all(one in BLANKS or unicodedata.category(one) in WITHOUT_INK for one in text)


def clean_line(text: str) -> str:
    """Return a line of plain text, as `clean_text`; line breaks in it become spaces."""
    cleaned = clean_text(text)
    return LINE_BREAK.sub(" ", cleaned).strip() if LINE_BREAK.search(cleaned) else cleaned


def comparable_email(text: str) -> str:
    """Return an address of mail as it is stored and compared: as a line of plain text, in small letters.

    One person's exports write it in several ways, and no mail server that people use tells them apart.
    """
    return clean_line(text).strip().lower()


def clean_url(text: str) -> str | None:
    """Return an address that a link may lead to, or None: http, https, mailto and tel only.

    A host of letters that are not ASCII is written in ASCII (IDNA), for it may look like another; an address
    of mail comes without subject and further receivers.
    """
    address = text.strip()
    if (
        not address
        or len(address) > LONGEST_URL
        or UNSAFE_IN_URL.search(address)
        or INVISIBLE.search(address)
    ):
        return None
    try:
        parts = urlsplit(address)
        # A port above 65535 raises ValueError.
        is_good = parts.username is None and parts.password is None and parts.port != 0
    except ValueError:
        return None
    if parts.scheme not in ("http", "https"):
        is_one = parts.scheme != "mailto" or SEVERAL_RECEIVERS.search(parts.path) is None
        return address.partition("?")[0] if parts.scheme in SCHEMES and parts.path and is_one else None
    if not is_good or not parts.hostname:
        return None
    return address if parts.netloc.isascii() else _with_plain_host(parts)


def _with_plain_host(parts: SplitResult) -> str | None:
    try:
        host = (parts.hostname or "").encode("idna").decode()
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return None
    return parts._replace(netloc=host + port).geturl()


def clean_color(text: str) -> str | None:
    """Return a colour as #RRGGBB, or None."""
    found = COLOR_CODE.fullmatch(text.strip())
    if found is None:
        return None
    digits = found[1].upper()
    return "#" + (digits if len(digits) == 6 else "".join(2 * one for one in digits))


CLEANERS: Mapping[str | None, Callable[[str], str | None]] = {
    HTML: clean_html,
    URL: clean_url,
    COLOR: clean_color,
    LINES: clean_text,
    EMAIL: comparable_email,
    None: clean_line,
}


@dataclass(slots=True)
class Cleaning:
    """What cleaning a row has changed."""

    unusable: list[tuple[str, Any]] = field(default_factory=list)
    """Columns that are empty now, or lists that are shorter, with the value before."""
    taken_out: list[tuple[str, str]] = field(default_factory=list)
    """Columns that lost something, and what."""


def cleaned(value: Any, content: str | None) -> Any:
    """Clean a text, or the texts of a list or an object; of a list, what cannot be used is left out."""
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            return None
        found = CLEANERS[content](value)
        # A title of nothing but markup is none; a message of nothing but a picture was written all the same.
        is_left = found is None or content == HTML or not is_blank(found) or not value.strip()
        return found if is_left else None
    if isinstance(value, list):
        parts = [(one, cleaned(one, content)) for one in value]
        return [kept for one, kept in parts if kept is not None or one is None]
    if isinstance(value, dict):
        return {
            key: (cleaned(one, content) or "") if isinstance(one, str) else cleaned(one, content)
            for key, one in value.items()
        }
    return value


def clean_row(kinds: Mapping[str, str | None], row: dict[str, Any]) -> Cleaning:
    """Clean the columns of a row in place; returns what that has changed.

    `kinds` says what the columns hold; what it does not name is left alone.
    """
    cleaning = Cleaning()
    for name, content in kinds.items():
        value = row.get(name)
        if value:
            row[name] = found = cleaned(value, content)
            if found is None or (isinstance(value, list) and len(found) < len(value)):
                cleaning.unusable.append((name, value))
            elif found != value:
                lost = (_taken_out(one, cleaned(one, content) or "", content) for one in _texts(value))
                cleaning.taken_out += [(name, what) for what in dict.fromkeys(lost) if what]
    return cleaning


def _texts(value: Any) -> list[str]:
    """List the texts of a value, of a list or of an object."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict | list):
        return [
            text for one in (value.values() if isinstance(value, dict) else value) for text in _texts(one)
        ]
    return []


def _taken_out(before: str, after: str, content: str | None) -> str:
    """Say what a text lost that somebody may miss; its style and the breaks of a line are not told."""
    found = []
    tags = read_markup(INVISIBLE.sub("", before)).tags
    if content == HTML:
        elements = {one.name.partition(":")[0] for one in tags if one.name} - TAGS - STYLE
        found += [f"<{one}>" for one in sorted(elements)[:MOST_ELEMENTS]]
        attributes = [each.name for one in tags for each in one.attributes if each.has_value]
        if any(one.startswith("on") for one in attributes):
            found.append("event handlers")
        if attributes.count("href") > len(LINK.findall(after)):
            found.append("addresses of links")
        if any(one.words for one in tags if one.name in TAGS | STYLE):
            found.append("words inside tags")
    elif content in (LINES, EMAIL, None) and tags:
        found.append("markup")
    if INVISIBLE.search(before):
        found.append("invisible characters")
    return ", ".join(found)


def fault_of(value: Any, content: str | None) -> tuple[str, str]:
    """Say why a value cannot be used, and what to do."""
    texts = [value] if isinstance(value, str) else [one for one in value if cleaned(one, content) is None]
    text = next((one for one in texts if isinstance(one, str)), "")
    if content == COLOR:
        return "is no colour", "Write it as #RRGGBB, such as #1E88E5."
    if content == URL and len(text) <= LONGEST_TEXT:
        return _fault_of_url(text.strip())
    if len(text) > LONGEST_TEXT:
        why = f"is longer than {LONGEST_TEXT:,} characters"
        return why, "Shorten it at the source, or attach it as a file."
    return "holds nothing but markup or invisible characters", "Write it as plain text."


def _fault_of_url(address: str) -> tuple[str, str]:
    do = "Write it in full, such as https://school.example/page."
    if len(address) > LONGEST_URL:
        return f"is an address of more than {LONGEST_URL:,} characters", "Link to a shorter one."
    scheme = SCHEME.match(address)
    if scheme is not None and scheme[1].lower() not in SCHEMES:
        return f"is an address of {scheme[1].lower()}:, which no link may lead to", (
            f"Links lead to {', '.join(sorted(SCHEMES))}: such as https://school.example/page."
        )
    if scheme is None:
        return "is an address without https:// at its beginning", do
    if UNSAFE_IN_URL.search(address) or INVISIBLE.search(address):
        return "is an address with characters that addresses do not have, such as spaces", (
            "Copy it from the address bar of a browser, which writes them as %20."
        )
    if "@" in address and scheme[1].lower() in ("http", "https"):
        return "is an address with a name or a password", "Leave out what stands before the @."
    if scheme[1].lower() == "mailto":
        return "is an address of several receivers", "Write one, such as mailto:office@school.example."
    return "is no address that a link may lead to", do
