# SPDX-License-Identifier: BSD-3-Clause
"""A deck under construction: what an import has gathered, and its text. Floor 7.

The readers of foreign files fill a `Draft`; `Draft.text` writes it as a person would: a header that says where it comes
from and what was assumed, then one line for each species and process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kmc.deck_checks import name_fault

_PLAIN = re.compile(r"[A-Za-z0-9(<][A-Za-z0-9 ().+\-_^/<>=*~;'|:]*")
# Words and numbers that YAML, or somebody who reads YAML 1.1, takes for something else than text.
_OTHER_THINGS = re.compile(
    r"(?i)(y|n|yes|no|on|off|true|false|null|~|[-+.]?[0-9][-+0-9._:ex]*|[-+]?\.?(inf|nan))"
)
_WIDTH = 100


@dataclass
class DraftSpecies:
    """One species of a draft.

    Parameters
    ----------
    name : str
    formula : str, optional
    charge : int, optional
        [e]; None with an unknown formula.
    keys : dict of str to str
        Further keys with their values as YAML, such as `count`.
    comment : str
    """

    name: str
    formula: str | None = None
    charge: int | None = None
    keys: dict[str, str] = field(default_factory=dict)
    comment: str = ""

    def line(self) -> str:
        """The species as one line of YAML, without its comment."""
        parts = {} if self.formula is None else {"formula": yaml_text(self.formula)}
        if self.charge:
            parts["charge"] = str(self.charge)
        return f"  {yaml_text(self.name)}: {flow(parts | self.keys)}"


@dataclass
class DraftProcess:
    """One process of a draft.

    Parameters
    ----------
    name, equation : str
    rate : dict of str to str
        `law` and parameters, as YAML.
    keys : dict of str to str
        Further keys with their values as YAML.
    source : str
    rows : tuple of str
        Labels of the rows of the source that it stands for.
    """

    name: str
    equation: str
    rate: dict[str, str]
    keys: dict[str, str] = field(default_factory=dict)
    source: str = ""
    rows: tuple[str, ...] = ()

    def line(self) -> str:
        """The process as one line of YAML."""
        parts = {"name": yaml_text(self.name), "equation": yaml_text(self.equation), "rate": flow(self.rate)}
        if self.source:
            parts["source"] = yaml_text(self.source)
        return f"- {flow(parts | self.keys)}"


@dataclass
class Draft:
    """A deck under construction.

    Parameters
    ----------
    title : str
    origin : list of str
        Where it comes from, for the header.
    assumptions : list of str
        What was assumed or changed on the way, for the header.
    sections : dict of str to str
        Short sections by their key, as YAML of one line, or of several that begin on a new one.
    species, solution : list of DraftSpecies
    processes : dict of str to list of DraftProcess
        By heading.
    left_out : list of str
        What has no place in the deck.
    """

    title: str
    origin: list[str] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    sections: dict[str, str] = field(default_factory=dict)
    species: list[DraftSpecies] = field(default_factory=list)
    solution: list[DraftSpecies] = field(default_factory=list)
    processes: dict[str, list[DraftProcess]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def n_processes(self) -> int:
        """Number of processes, generated reverses not counted."""
        return sum(len(each) for each in self.processes.values())

    def text(self) -> str:
        """The deck."""
        title = " ".join(self.title.split())
        lines = [f"# {title}", "#"]
        lines += [line for each in self.origin for line in _comment("", each)]
        for head, entries in (("assumed", self.assumptions), ("left out", self.left_out)):
            if entries:
                lines += ["#", f"# {head}:", *(line for each in entries for line in _comment("- ", each))]
        lines.append(f"title: {yaml_text(title, in_flow=False)}")
        lines += [f"{key}:{value if value[:1] == chr(10) else f' {value}'}" for key, value in self.sections.items()]
        for key, entries in (("species", self.species), ("solution", self.solution)):
            if entries:
                lines += [f"{key}:", *_aligned(entries)]
        lines.append("processes:")
        for heading, entries in self.processes.items():
            if entries:
                lines += [f"# --- {heading}: {len(entries)} ---", *(each.line() for each in entries)]
        return "\n".join(lines) + "\n"


def _aligned(entries: Iterable[DraftSpecies]) -> list[str]:
    """Lines of species with their comments below each other."""
    pairs = [(each.line(), each.comment) for each in entries]
    width = max(len(line) for line, comment in pairs if comment) if any(comment for _, comment in pairs) else 0
    return [f"{line.ljust(width)}  # {comment}" if comment else line for line, comment in pairs]


def _comment(mark: str, text: str) -> list[str]:
    """A text as comment lines of a readable width."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > _WIDTH:
            lines.append(line)
            line = ""
        line = f"{line} {word}".lstrip()
    return [f"#{' ' if not mark else ' ' + (mark if not i else ' ' * len(mark))}{each}" for i, each in
            enumerate([*lines, line])]


def flow(parts: Mapping[str, str]) -> str:
    """A mapping as YAML on one line; the values are YAML already."""
    return "{" + ", ".join(f"{key}: {value}" for key, value in parts.items()) + "}"


def yaml_text(text: str, in_flow: bool = True) -> str:
    """A text as YAML, in quotes where it needs them.

    Parameters
    ----------
    text : str
    in_flow : bool
        Whether it may stand within braces.

    Returns
    -------
    yaml : str
    """
    shown = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    pattern_fits = _PLAIN.fullmatch(shown) or (not in_flow and re.fullmatch(r"[A-Za-z(][^:#]*", shown))
    plain = pattern_fits and not _OTHER_THINGS.fullmatch(shown) and ": " not in shown and shown[-1:] != ":"
    return shown if plain else json.dumps(shown, ensure_ascii=False)


def number(value: float, digits: int = 9) -> str:
    """A number with so many significant digits, without what says nothing."""
    return f"{value:.{digits}g}"


def energy(value: float) -> str:
    """An energy [eV] to 1e-8 eV, the accuracy that a rate constant to 1e-6 takes."""
    return f"{round(value, 8) + 0.0:.10g} eV"


def usable_name(text: str, taken: Iterable[str] = ()) -> str:
    """A name that a deck takes, as near to a given one as possible.

    Parameters
    ----------
    text : str
    taken : iterable of str
        Names that mean something else already.

    Returns
    -------
    name : str
    """
    name = "_".join(text.split()).strip("{}")[:56] or "S"
    if name_fault(name):
        name = f"S_{name}"
    known, unique, count = set(taken), name, 2
    while unique in known:
        unique, count = f"{name}~{count}", count + 1
    return unique
