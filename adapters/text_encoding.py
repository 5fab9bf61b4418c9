"""The encodings of text files that people save: what the bytes stand for, or how to save them anew."""

from __future__ import annotations

import re

from charset_normalizer import from_bytes

from adapters.base import InvalidExport

UTF8_LETTERS = re.compile(
    rb"\xc3[\x80-\xbf]|\xc2[\xa0-\xbf]|\xc5[\x92\x93\xb8]|\xe2\x80[\x90-\xaf]|\xe2\x82\xac"
)
"""Accented letters, quotation marks, spaces, dashes and the euro in UTF-8.

In Windows-1252 the same bytes would be pairs such as `Ã©`, which no French text has.
"""
ODD = re.compile(r"[\x80-\x9fˆƒ˜˙˝˛ˇ¸¬√≈◊ﬁﬂı]|[a-z][À-ÖØ-ÝŽŠŸ]")
"""What school texts do not have, and wrongly decoded ones do: odd signs, capitals inside a word."""
FIFTEEN = re.compile(r"[^\W\d_][¼½]|[¼½][a-z]|¤")
"""Fractions inside words and currency signs: œ, Œ and € of ISO-8859-15 read as Windows-1252."""
LINE_END = re.compile(rb"\r\n|\r|\n")
SAMPLE = 2**16
"""Bytes that are enough to tell an encoding."""
SAVE = (
    'Save it in UTF-8: in Excel "CSV UTF-8 (comma delimited)"; in LibreOffice "Text CSV" with '
    '"Edit filter settings" and Unicode (UTF-8).'
)


def decoded(content: bytes, name: str) -> tuple[str, str]:
    """Return the text of a file, and what its reader should know of the encoding (empty where nothing).

    UTF-8 with or without a byte order mark, UTF-16 with one, Windows-1252, ISO-8859-15 and Mac OS Roman are
    read. Raises InvalidExport, naming the line, where bytes do not fit: a UTF-8 file with one bad byte is
    never read in another encoding.
    """
    remark = ""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = _in_utf16(content, name)
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            text, remark = _in_single_bytes(content, name, error)
    if "\x00" in text:
        raise InvalidExport(f"{name}: is no text (it has NUL bytes). {SAVE}")
    return text, remark


def _in_utf16(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-16")
    except UnicodeDecodeError as error:
        raise InvalidExport(f"{name}: begins like UTF-16 and is cut or damaged. {SAVE}") from error


def _in_single_bytes(content: bytes, name: str, error: UnicodeDecodeError) -> tuple[str, str]:
    if UTF8_LETTERS.search(content):
        line = len(LINE_END.findall(content, 0, error.start)) + 1
        byte = content[error.start]
        raise InvalidExport(
            f"{name}, line {line}: the file is UTF-8, but the byte 0x{byte:02X} on this line is not; its "
            f"letter cannot be told. {SAVE}"
        )
    # Lines in ASCII say nothing, and in a long file would be most of what is looked at.
    telling = b"\n".join(line for line in content.splitlines() if not line.isascii())[:SAMPLE]
    found = from_bytes(telling, cp_isolation=["cp1252", "mac_roman"]).best()
    encoding = found.encoding if found is not None else "cp1252"
    text = _without_faults(content, name, encoding)
    if encoding == "cp1252" and FIFTEEN.search(text):
        text = _without_faults(content, name, "iso-8859-15")
    if encoding == "mac_roman":
        return text, "was read as Mac OS Roman; where accents are wrong, save it in UTF-8 and import again"
    return text, ""


def _without_faults(content: bytes, name: str, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(LINE_END.findall(content, 0, error.start)) + 1
        raise InvalidExport(
            f"{name}, line {line}: the encoding of the file cannot be told. {SAVE}"
        ) from error
    odd = ODD.search(text)
    if odd is not None:
        line = len(re.findall(r"\r\n|\r|\n", text[: odd.start()])) + 1
        raise InvalidExport(
            f"{name}, line {line}: the encoding of the file cannot be told ({odd.group()!r} would stand "
            f"there). {SAVE}"
        )
    return text
