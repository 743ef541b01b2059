# SPDX-License-Identifier: BSD-3-Clause
"""Pages of plain text: headings, aligned columns, wrapped lists, numbers at the width of a column. Floor 0.

What is printed here looks the same on a terminal, in a pipe and on paper: no colour, no line beyond `WIDTH`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

WIDTH = 120
"""int: largest number of characters of a line."""

_GAP = 2
_NARROWEST = 12


def heading(title: str, remark: str = "") -> str:
    """Heading of a section: its title, underlined, and a remark in lines below it."""
    lines = [title, "-" * len(title)]
    return "\n".join([*lines, *textwrap.wrap(remark, WIDTH)])


def table(rows: Sequence[Sequence[str]], right: Iterable[int] = (), widest: Mapping[int, int] | None = None) -> str:
    """Columns as wide as their widest cell.

    Parameters
    ----------
    rows : sequence of sequence of str
        The first one is the head. Columns that are empty below it are left out.
    right : iterable of int
        Columns that end on the right.
    widest : mapping of int to int, optional
        Width at which cells of a column are wrapped. The widest column is wrapped to what the others leave of `WIDTH`.

    Returns
    -------
    text : str
    """
    kept = [i for i in range(len(rows[0])) if any(row[i] for row in rows[1:])]
    if not kept:
        return ""
    widths = {i: min(max(len(row[i]) for row in rows), (widest or {}).get(i, WIDTH)) for i in kept}
    free = max(kept, key=widths.get)
    rest = sum(widths[i] for i in kept if i != free) + _GAP * (len(kept) - 1)
    widths[free] = max(min(widths[free], WIDTH - rest), _NARROWEST)
    right = set(right)
    lines = []
    for row in rows:
        cells = [textwrap.wrap(row[i], widths[i], break_on_hyphens=False) or [""] for i in kept]
        for parts in zip_longest(*cells, fillvalue=""):
            shown = [
                part.rjust(widths[i]) if i in right else part.ljust(widths[i])
                for i, part in zip(kept, parts, strict=True)
            ]
            lines.append((" " * _GAP).join(shown).rstrip())
    return "\n".join(lines)


def entry(label: str, text: str, indent: int = 15) -> str:
    """A label and what belongs to it, wrapped beside it."""
    lines = textwrap.wrap(text, WIDTH - indent, break_on_hyphens=False) or [""]
    first = label.ljust(indent - 1) + " " + lines[0]
    return "\n".join([first.rstrip(), *(" " * indent + line for line in lines[1:])])


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names one after the other, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def cut(text: str, width: int) -> str:
    """A text that is too long for a column, without its end."""
    return text if len(text) <= width else text[: width - 2].rstrip() + ".."


def short(value: float | None) -> str:
    """A number to three digits; empty for None."""
    return "" if value is None else f"{value:.3g}"


def energy(value: float | None) -> str:
    """An energy [eV] to 1 meV; empty for None."""
    return "" if value is None else f"{value:.3f}"


def duration(seconds: float) -> str:
    """A time in the unit that suits it, to two digits.

    Parameters
    ----------
    seconds : float, [s]
    """
    for unit, length in (("yr", 31557600.0), ("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.2g} {unit}" if seconds < 100 * length else f"{seconds / length:.0f} {unit}"
    return f"{seconds:.2g} s"
