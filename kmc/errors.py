# SPDX-License-Identifier: BSD-3-Clause
"""What can go wrong, and how it is shown. Floor 0.

A `Problem` is one thing wrong with what the user wrote, with the place in the file; a `DeckError` carries
all of them at once. Both print as compilers do, with the source line and a caret.
"""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_EXCERPT_WIDTH = 100
_MESSAGE_WIDTH = 360
_GUESSED_LENGTH = 64  # comparing longer names with each other takes too long


# What is wrong with a path that was given, rather than with the machine.
_BAD_PATH = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL),
}
_PATH_WIDTH = 200
_NAME_BYTES = 255  # the most that the file systems of Linux take


class KmcError(Exception):
    """Anything the user can put right; its text is what the command prints, without a traceback.

    Attributes
    ----------
    exit_code : int
        How the command ends: 2, the input is refused.
    """

    exit_code = 2


class OutputError(KmcError):
    """The machine does not take what is to be written, as on a full disk: the input is not to blame."""

    exit_code = 1


def cannot_write(path: str | os.PathLike, error: OSError, chosen: bool = True) -> KmcError:
    """The error that tells why a file or directory cannot be written.

    Parameters
    ----------
    path : path
    error : OSError
    chosen : bool
        Whether the path was just given by the user, who may have to choose another one.

    Returns
    -------
    error : KmcError
        An `OutputError` unless the path is to blame.
    """
    shown = os.fspath(path)
    if len(shown) > _PATH_WIDTH:
        shown = f"{shown[: _PATH_WIDTH // 2]} ... {shown[-_PATH_WIDTH // 2 :]}"
    kind = KmcError if chosen and error.errno in _BAD_PATH else OutputError
    return kind(f"cannot write {shown}: {error.strerror or error}")


def make_directory(path: str | os.PathLike) -> None:
    """Make a directory and those above it, or none of them if one has too long a name.

    Raises
    ------
    OSError  if it cannot be made.
    """
    if any(len(os.fsencode(part)) > _NAME_BYTES for part in Path(path).parts):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    Path(path).mkdir(parents=True, exist_ok=True)


class InternalError(Exception):
    """The program contradicts itself (a structure differs from its rebuild): a bug, not bad input."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input file.

    Parameters
    ----------
    message : str
        What is wrong and what was expected, one line.
    file : str, optional
        The file, or the option of the command line, it was found in.
    line, column : int, optional
        Place in the file, counted from 1.
    excerpt : str, optional
        The source line.
    hint : str, optional
        What to do about it.
    """

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    excerpt: str | None = None
    hint: str | None = None

    def __post_init__(self):
        # A message quotes what the user wrote, which may be anything.
        shown = "".join(character if character.isprintable() else "?" for character in self.message)
        if len(shown) > _MESSAGE_WIDTH:
            shown = f"{shown[: _MESSAGE_WIDTH // 2]} ... {shown[-_MESSAGE_WIDTH // 3 :]}"
        object.__setattr__(self, "message", shown)

    def render(self) -> str:
        """Text of the problem: place and message, then the source line with a caret, then the hint."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        lines = [f"{place}: {self.message}" if place else self.message]
        margin = " " * 5
        if self.excerpt is not None and self.line is not None:
            number = f"{self.line:4d}"
            margin = " " * (len(number) + 1)
            shown, caret = _window(self.excerpt, self.column)
            lines.append(f"{number} | {shown}")
            if caret is not None:
                lines.append(f"{margin}| {' ' * caret}^")
        if self.hint:
            lines.append(f"{margin}= {self.hint}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.render()


class DeckError(KmcError):
    """An input file is refused.

    Parameters
    ----------
    problems : Problem or iterable of Problem
        Everything that is wrong; kept sorted by file and line as `problems`.
    """

    def __init__(self, problems: Problem | Iterable[Problem]):
        found = [problems] if isinstance(problems, Problem) else list(dict.fromkeys(problems))
        self.problems = sorted(found, key=_place)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(problem.render() for problem in self.problems)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """End of a message about an unknown name: `, did you mean 'x'?`, or the few names there are."""
    names = list(known)
    lowered = {each.lower(): each for each in names}
    close = difflib.get_close_matches(name.lower()[:_GUESSED_LENGTH], lowered, 1, 0.6)
    if close:
        return f", did you mean '{lowered[close[0]]}'?"
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"; there is {shown}" if names else ""


def _place(problem: Problem) -> tuple[str, int, int]:
    return (problem.file or "", problem.line or 0, problem.column or 0)


def _window(excerpt: str, column: int | None) -> tuple[str, int | None]:
    """Cut the source line to what fits on a screen; returns it with the offset of the caret."""
    clean = "".join(character if character.isprintable() else " " for character in excerpt)
    start = len(clean) - len(clean.lstrip())
    if column is not None:
        start = min(start, column - 1)
        if column - 1 - start >= _EXCERPT_WIDTH:
            start = column - 1 - _EXCERPT_WIDTH // 2
    shown = clean[start:].rstrip()
    if len(shown) > _EXCERPT_WIDTH:
        shown = shown[:_EXCERPT_WIDTH] + "..."
    return shown, None if column is None else column - 1 - start
