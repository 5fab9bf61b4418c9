"""What texts of records may hold, and how they are cleaned at the door: HTML, URLs, colours and plain text.

Clients show these on pages about children, so that nothing in them may run, track or mislead. What a column
holds stands with the column (`adapters.records.base.holding`); one without a word there holds plain text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import nh3

HTML, URL, COLOR = "HTML", "URL", "Color"
"""Kinds of content, named as the scalars of the contract."""
LONGEST_TEXT = 30_000
"""Characters of one text: a page of twenty has to fit into an answer, and nested HTML is slow to clean."""
LONGEST_URL = 2_000
TAGS = nh3.ALLOWED_TAGS - {"img", "map", "area", "figure", "figcaption", "center", "font", "blink"}
"""An image in a text tells its sender when it is read; files are attached."""
ATTRIBUTES = {
    "a": {"href", "hreflang"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "*": {"dir", "lang", "title"},
}
"""No style, class or colour: a text is shown in the colours of the reader, dark ones too."""
SCHEMES = {"http", "https", "mailto", "tel"}
INVISIBLE = re.compile(
    # Control characters but tab and line breaks, half characters, and marks that turn the direction of what
    # follows or hide in a text. Joiners stay: Arabic and Persian are written with them.
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff]"
)
ELEMENTS = (
    "a|abbr|address|animate|area|article|aside|audio|b|base|bdi|bdo|big|blink|blockquote|body|br|button|canvas|caption|"
    "center|cite|code|col|colgroup|data|datalist|dd|del|details|dfn|dialog|div|dl|dt|em|embed|fieldset|figure|font|"
    "footer|form|frame|frameset|h[1-6]|head|header|hr|html|i|iframe|image|img|input|ins|isindex|kbd|keygen|label|"
    "legend|li|link|listing|main|map|mark|marquee|math|menu|meta|nav|noembed|noframes|noscript|object|ol|optgroup|"
    "option|output|p|param|picture|plaintext|pre|progress|q|rp|rt|ruby|s|samp|script|section|select|set|slot|small|"
    "source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|time|title|"
    "tr|track|tt|u|ul|use|var|video|wbr|xmp"
)
MARKUP = re.compile(rf"<(?:/?(?:{ELEMENTS})(?=[\s/>]|$)|[!?/]|[a-z][^<>]*=)", re.IGNORECASE)
"""What an HTML parser takes for markup, and not `x < y` or `<3`."""
SUSPECT = re.compile(r"[<&]|" + INVISIBLE.pattern)
COLOR_CODE = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})", re.IGNORECASE)
UNSAFE_IN_URL = re.compile(r"[\s<>\"`\\^{|}\x00-\x20\x7f-\x9f]")


def clean_html(text: str) -> str:
    """Return HTML without what could do harm, and without colours; cleaning it again changes nothing."""
    if SUSPECT.search(text) is None:
        return text
    return nh3.clean(
        INVISIBLE.sub("", text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer",
    )


def clean_text(text: str) -> str:
    """Return plain text without markup and invisible characters; `a < b` and `Tom & Jerry` stay."""
    if SUSPECT.search(text) is None:
        return text
    cleaned = INVISIBLE.sub("", text)
    # Markup that was written as entities appears when the markup around it goes.
    while MARKUP.search(cleaned):
        stripped = html.unescape(nh3.clean(cleaned, tags=set()))
        cleaned = INVISIBLE.sub("", stripped if stripped != cleaned else cleaned.replace("<", ""))
    return cleaned


def clean_url(text: str) -> str | None:
    """Return an address that a link may lead to, or None: http, https, mailto and tel only."""
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
        is_good = parts.username is None and parts.password is None
    except ValueError:
        return None
    if parts.scheme in ("http", "https"):
        return address if is_good and parts.hostname else None
    return address if parts.scheme in SCHEMES and parts.path else None


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
    None: clean_text,
}
LONG = (
    f"is longer than {LONGEST_TEXT:,} characters",
    "Shorten it at the source, or attach it as a file.",
)
REMEDIES = {
    HTML: LONG,
    URL: ("is no address that a link may lead to", "Write it in full, such as https://school.example/page."),
    COLOR: ("is no colour", "Write it as #RRGGBB, such as #1E88E5."),
    None: LONG,
}
"""What is wrong with a value that cannot be used, and what to do, by what its column holds."""


def cleaned(value: Any, content: str | None) -> Any:
    """Clean a text, or the texts of a list or an object; of a list, what cannot be used is left out."""
    if isinstance(value, str):
        return CLEANERS[content](value) if len(value) <= LONGEST_TEXT else None
    if isinstance(value, list):
        found = [(one, cleaned(one, content)) for one in value]
        return [kept for one, kept in found if kept is not None or one is None]
    if isinstance(value, dict):
        return {key: cleaned(one, content) for key, one in value.items()}
    return value


def clean_row(kinds: Mapping[str, str | None], row: dict[str, Any]) -> list[tuple[str, Any]]:
    """Clean the columns of a row in place; returns those whose value cannot be used, with the value.

    `kinds` says what the columns hold; what it does not name is left alone.
    """
    faults = []
    for name, content in kinds.items():
        value = row.get(name)
        if value:
            row[name] = cleaned(value, content)
            if row[name] is None or (isinstance(value, list) and len(row[name]) < len(value)):
                faults.append((name, value))
    return faults
