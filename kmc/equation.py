# SPDX-License-Identifier: BSD-3-Clause
"""Reading the equation of a process: terms, coefficients and the arrow. Floor 3.

`electrolyte + LiEC+ + e- <=> LiEC`. Blanks separate; `+` stands between two blanks, because names of ions
hold signs. What the names mean is the business of the mechanism.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ELECTRON = "e-"
"""Name of the electron from the electrode."""

MAX_COEFFICIENT = 99
"""Largest coefficient."""

_ARROWS = {"=>": False, "<=>": True}
_MISTAKEN_ARROWS = frozenset("-> --> = == <-> <--> <= <== ==> >".split())
_WORD = re.compile(r"\S+")


class EquationError(ValueError):
    """A text is no equation.

    Parameters
    ----------
    message : str
    offset : int
        Where in the text, from 0.
    """

    def __init__(self, message: str, offset: int = 0):
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True)
class Term:
    """One term of an equation.

    Parameters
    ----------
    name : str
        Of a species, a group (without its braces), or `e-`.
    coefficient : int
        From 1.
    is_group : bool
        Whether it stood in braces.
    offset : int
        Where the name stands in the text, from 0.
    """

    name: str
    coefficient: int
    is_group: bool
    offset: int

    @property
    def is_electron(self) -> bool:
        """Whether it is the electron from the electrode."""
        return self.name == ELECTRON and not self.is_group


@dataclass(frozen=True)
class Equation:
    """A process as written.

    Parameters
    ----------
    left, right : tuple of Term
    reversible : bool
        Whether the arrow is `<=>`.
    """

    left: tuple[Term, ...]
    right: tuple[Term, ...]
    reversible: bool

    @property
    def electrons(self) -> int:
        """Electrons taken from the electrode, net."""
        return _electrons(self.left) - _electrons(self.right)


def _electrons(terms: tuple[Term, ...]) -> int:
    return sum(term.coefficient for term in terms if term.is_electron)


def parse_equation(text: str) -> Equation:
    """Terms of an equation.

    Parameters
    ----------
    text : str
        For example `2 RO => LEDC + electrolyte + C2H4`.

    Returns
    -------
    Equation

    Raises
    ------
    EquationError  if it is no equation.
    """
    words = [(match[0], match.start()) for match in _WORD.finditer(text)]
    for word, offset in words:
        if word in _MISTAKEN_ARROWS:
            raise EquationError(
                f"'{word}' is not an arrow; write => or, for a reversible process, <=>", offset
            )
    arrows = [index for index, (word, _) in enumerate(words) if word in _ARROWS]
    if not arrows:
        raise EquationError(f"'{text.strip()}' has no arrow; write => or, for a reversible process, <=>")
    if len(arrows) > 1:
        raise EquationError("a second arrow; an elementary step has one", words[arrows[1]][1])
    word, offset = words[arrows[0]]
    left = _side(words[: arrows[0]], offset, "left")
    right = _side(words[arrows[0] + 1 :], offset, "right")
    for terms in (left, right):
        repeated = [
            term for i, term in enumerate(terms) if term.is_electron and any(t.is_electron for t in terms[:i])
        ]
        if repeated:
            raise EquationError("electrons stand in two terms of one side", repeated[0].offset)
    if _electrons(left) and _electrons(right):
        raise EquationError("electrons on both sides", next(t.offset for t in right if t.is_electron))
    return Equation(left, right, _ARROWS[word])


def _side(words: list[tuple[str, int]], arrow: int, name: str) -> tuple[Term, ...]:
    """Terms of one side."""
    if not words:
        raise EquationError(f"nothing stands on the {name}; write the species that stands on the site", arrow)
    terms = []
    chunk: list[tuple[str, int]] = []
    for word, offset in words:
        if word == "+":
            terms.append(_term(chunk, offset))
            chunk = []
        else:
            chunk.append((word, offset))
    terms.append(_term(chunk, words[-1][1]))
    return tuple(terms)


def _term(chunk: list[tuple[str, int]], place: int) -> Term:
    """One term from its words: an optional coefficient and a name."""
    if not chunk:
        raise EquationError("a term is missing beside '+'", place)
    coefficient = 1
    if len(chunk) > 1:
        coefficient = _coefficient(chunk[0])
        if len(chunk) > 2 or coefficient is None:
            second = chunk[1] if coefficient is None else chunk[2]
            raise EquationError(f"'{second[0]}' follows '{chunk[-2][0]}' without ' + '", second[1])
    name, offset = chunk[-1]
    if len(chunk) == 1 and _coefficient(chunk[0]) is not None:
        raise EquationError(f"'{name}' is a number; a term is a species, a {{group}} or e-", offset)
    braces = (name[:1] == "{", name[-1:] == "}")
    if any(braces) and (not all(braces) or len(name) < 3 or any(brace in name[1:-1] for brace in "{}")):
        raise EquationError(f"'{name}' is neither a species nor a {{group}}", offset)
    return Term(name[1:-1] if braces[0] else name, coefficient, braces[0], offset)


def _coefficient(word: tuple[str, int]) -> int | None:
    """Whole number of a word; None if it is not meant as a number."""
    text, offset = word
    if not re.fullmatch(r"[+-]?[0-9.,/]+", text) or not any(character.isdigit() for character in text):
        return None
    if not re.fullmatch(r"[1-9][0-9]?", text):
        message = f"coefficient '{text}'; elementary steps have whole numbers from 1 to {MAX_COEFFICIENT}"
        raise EquationError(message, offset)
    return int(text)
