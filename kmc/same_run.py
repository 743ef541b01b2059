# SPDX-License-Identifier: BSD-3-Clause
"""What makes two runs the same: deck, overrides, tables and version; and how two of them differ (floor 5).

In: a deck as read, with its overrides. Out: its settings, one text per key, and the differences between two sets of
settings. What says when a run stops, rather than what happens in it, does not count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kmc import __version__
from kmc.provenance import git, paths_of_tables
from kmc.table_kinds import table_files

if TYPE_CHECKING:
    from kmc.deck import Deck

VERSION = "version of sei-kmc"
"""str: the setting that is no key of a deck."""

# What a run may be resumed with another value of: it changes nothing in the trajectory up to its end.
_FREE = ("title", "description", "extends", "run.max-events", "run.max-wall-time", "run.checkpoint-interval")
# What decides a trajectory, in a source tree.
_PROGRAM = ("kmc", "kmc_core")
# Tables are compared by what is in them.
_BY_CONTENT = "tables"
_SHOWN = 12
_WIDTH = 60


def settings(deck: Deck) -> dict[str, str]:
    """All that decides what a run of a deck does.

    Parameters
    ----------
    deck : Deck

    Returns
    -------
    settings : dict of str to str
        Values by their path in the deck, as written there or on the command line; the SHA-256 of every table by its
        name; the version of the program.
    """
    found = {VERSION: _version(), "run.seed": str(deck.run.seed)}
    for path, value in _flat(deck.document.data, ()):
        name = ".".join(path)
        if name not in _FREE and path[0] != _BY_CONTENT:
            found[name] = value
    for name, file in paths_of_tables(deck):
        for each in table_files(Path(file)):
            with each.open("rb") as stream:
                found[f"table {name}, {each.name}"] = hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    return found


def _version() -> str:
    """Version of the program; in a source tree with its last commit and a hash of what was edited since."""
    tree = Path(__file__).resolve().parents[1]
    if not (tree / ".git").exists():
        return __version__
    commit = git(tree, "log", "-1", "--format=%h", "--", *_PROGRAM)
    edits = git(tree, "diff", "HEAD", "--", *_PROGRAM)
    changes = f"+{hashlib.sha256(edits.encode()).hexdigest()[:8]}" if edits else ""
    return f"{__version__} ({commit}{changes})" if commit else __version__


def _flat(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Leaves of a deck with their paths; items of a list go by their name if they have one."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, (*path, str(key)))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value):
            name = item.get("name") if isinstance(item, Mapping) else None
            yield from _flat(item, (*path, str(name or number)))
    else:
        yield path, str(value)


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What differs between two sets of settings, in words.

    Parameters
    ----------
    before, now : mapping of str to str

    Returns
    -------
    lines : list of str
        Empty if nothing does; of many, the first.
    """
    lines = []
    for name in [*before, *(name for name in now if name not in before)]:
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if new is None:
            lines.append(f"{name}: was {_short(old)}, is not there now")
        elif old is None:
            lines.append(f"{name}: was not there, is {_short(new)}")
        else:
            lines.append(f"{name}: was {_short(old)}, is {_short(new)}")
    return lines if len(lines) <= _SHOWN else [*lines[:_SHOWN], f"and {len(lines) - _SHOWN} more"]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[:_WIDTH]} ..."
