"""Functions that are generated as text: compiled one by one, and shown line by line in tracebacks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

_number = count(1)


class _Text:
    """Gives tracebacks the lines of what was generated, as the loader of a module does (PEP 302)."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_source(self, _name: str) -> str:
        """Return the whole text."""
        return self._text


def define(title: str, lines: Sequence[str], names: dict[str, Any]) -> Any:
    """Define the functions whose text is given, among the names that they use; returns the last.

    Each begins with a line that begins with `def`. `title` names the text in tracebacks. Names of others,
    such as those of fields, may go into a text as literals only.
    """
    names["__name__"], names["__loader__"] = title, _Text("\n".join(lines))
    file = f"generated/{title}-{next(_number)}"
    starts = [at for at, line in enumerate(lines) if line.startswith("def ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        # Compiling holds the interpreter until it is done: a long text at once would stop all other threads.
        text = "\n" * start + "\n".join(lines[start:end])
        exec(compile(text, file, "exec"), names)
    return names[lines[starts[-1]].partition("(")[0].removeprefix("def ")]
