# SPDX-License-Identifier: BSD-3-Clause
"""YAML 1.2 text to plain data that knows its place in the file. Floor 1.

`read_yaml` turns text into dicts, lists, numbers and strings, each marked with file, line and column. It
builds them from the event stream of ruamel.yaml, which has the exact position of every key and value, so
that all duplicate keys are found at once and nothing is recursive. Anchors, tags, merge keys and directives
are refused: a deck is data.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from kmc.errors import DeckError, Problem
from kmc.quantity import Location

MAX_BYTES = 4_000_000
"""Largest file that is read as YAML; big tables belong into CSV files or databases."""

# ruamel.yaml answers some malformed escapes and directives with Python's own exceptions
_PYTHON_ERRORS = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, AssertionError)
_MAX_DEPTH = 32
_MAX_DIGITS = 300
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class MarkedStr(str):
    """A string with the `mark` (Location) it was read at."""

    mark: Location


class MarkedInt(int):
    """An integer with the `mark` (Location) it was read at."""

    mark: Location


class MarkedFloat(float):
    """A float with the `mark` (Location) it was read at."""

    mark: Location


class MarkedDict(dict):
    """A mapping with its own `mark` and the marks of its keys and values, `key_marks` and `value_marks`."""

    def __init__(self, mark: Location):
        super().__init__()
        self.mark = mark
        self.key_marks: dict[str, Location] = {}
        self.value_marks: dict[str, Location] = {}


class MarkedList(list):
    """A list with its own `mark` and the marks of its items, `value_marks`."""

    def __init__(self, mark: Location):
        super().__init__()
        self.mark = mark
        self.value_marks: list[Location] = []


class Document:
    """A YAML text as data.

    Parameters
    ----------
    text : str
        The source.
    name : str
        File name for messages.

    Attributes
    ----------
    data : object
        MarkedDict, MarkedList, MarkedStr, MarkedInt, MarkedFloat, bool or None.
    problems : list of Problem
        What was wrong but did not prevent reading on (duplicate keys).
    sources : dict of str to list of str
        Lines of every file that `data` comes from, by name.
    """

    def __init__(self, text: str, name: str):
        self.name = name
        self.text = text
        self.lines = text.split("\n")
        self.data: object = None
        self.problems: list[Problem] = []
        self.sources = {name: self.lines}

    def problem(self, message: str, where: Location | None, hint: str | None = None) -> Problem:
        """Problem with `message` at a place of one of the `sources`, its source line included."""
        if where is None or where.line is None:
            return Problem(message, (where.file if where else None) or self.name, hint=hint)
        excerpt = self.sources.get(where.file or "", [])[where.line - 1 : where.line]
        return Problem(message, where.file, where.line, where.column, excerpt[0] if excerpt else None, hint)

    def locate(self, path: tuple, key: bool = False) -> Location:
        """Place of the value (or, with `key`, of the key) at a path of keys and indexes.

        Where the path leads beyond what is there, the place of the last part that exists.
        """
        here: object = self.data
        mark = getattr(self.data, "mark", Location(self.name, 1, 1))
        for depth, part in enumerate(path):
            last = depth == len(path) - 1
            if isinstance(here, MarkedDict) and part in here:
                mark = here.key_marks[part] if (key and last) else here.value_marks[part]
            elif isinstance(here, MarkedList) and isinstance(part, int) and -len(here) <= part < len(here):
                mark = here.value_marks[part]
            else:
                break
            here = here[part]
        return mark


def read_text(path: Path) -> str:
    """Text of a UTF-8 file.

    Raises
    ------
    DeckError  if there is no such file, or it is no text or no regular file, such as a device.
    """
    name = str(path)
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise DeckError(Problem("is not a regular file", name))
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DeckError(Problem("no such file", name)) from None
    except IsADirectoryError:
        raise DeckError(Problem("is a directory, not a file", name)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DeckError(Problem(f"cannot be read: {reason}", name)) from None
    if len(raw) > MAX_BYTES:
        raise DeckError(Problem(f"is larger than {MAX_BYTES // 1_000_000} MB; tables belong into CSV files", name))
    if b"\0" in raw:
        raise DeckError(Problem("is not a text file (it holds zero bytes); a deck is plain UTF-8 text", name))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"is not UTF-8 text (byte 0x{raw[error.start]:02x}); save it with encoding UTF-8"
        raise DeckError(Problem(message, name, line)) from None


def read_yaml(text: str, name: str) -> Document:
    """Read one YAML 1.2 document.

    Parameters
    ----------
    text : str
    name : str
        File name for messages.

    Returns
    -------
    Document

    Raises
    ------
    DeckError  if it is no YAML, or uses anchors, aliases, tags, merge keys, directives or several documents.
    """
    document = Document(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), name)
    _refuse_unprintable(document)
    try:
        _Builder(document).build()
    except DeckError:
        raise
    except MarkedYAMLError as error:
        raise DeckError([*document.problems, _translate(error, document)]) from None
    except (YAMLError, *_PYTHON_ERRORS) as error:
        message = f"cannot be read as YAML ({' '.join(str(error).split())[:80]})"
        raise DeckError([*document.problems, Problem(message, name)]) from None
    return document


def read_value(text: str, name: str) -> object:
    """Read a value given outside a file, as in `--set key=VALUE`; marks carry the name and no line.

    Raises
    ------
    DeckError  if the text is not YAML.
    """
    try:
        document = read_yaml(text, name)
        if document.problems:
            raise DeckError(document.problems)
    except DeckError as error:
        # the same problems, without lines
        raise DeckError(Problem(each.message, name, hint=each.hint) for each in error.problems) from None
    _forget_lines(document.data, Location(name))
    return document.data


def _forget_lines(data: object, mark: Location) -> None:
    """Mark everything below `data` with one place."""
    if hasattr(data, "mark"):
        data.mark = mark
    if isinstance(data, MarkedDict):
        data.key_marks = dict.fromkeys(data, mark)
        data.value_marks = dict.fromkeys(data, mark)
    elif isinstance(data, MarkedList):
        data.value_marks = [mark] * len(data)
    for each in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        _forget_lines(each, mark)


def _refuse_unprintable(document: Document) -> None:
    """Refuse control characters, odd blanks, zero-width characters: they hide, or shift line numbers."""
    if document.text.replace("\n", "").replace("\t", "").isprintable():
        return
    for number, line in enumerate(document.lines, 1):
        for column, character in enumerate(line, 1):
            if character != "\t" and not character.isprintable():
                message = f"invisible or control character U+{ord(character):04X}"
                where = Location(document.name, number, column)
                raise DeckError(document.problem(message, where, "delete it, or put a plain blank there"))


class _Builder:
    """Builds the data of a document from the parser's events, with a stack instead of recursion."""

    def __init__(self, document: Document):
        self.document = document
        # open containers, each with its pending key if it is a mapping
        self.stack: list[tuple[MarkedDict | MarkedList, list]] = []
        self.n_documents = 0

    def build(self) -> None:
        for event in YAML(typ="safe", pure=True).parse(self.document.text):
            if isinstance(event, ScalarEvent):
                self._refuse_reuse(event)
                self._scalar(event)
            elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
                self._refuse_reuse(event)
                kind = MarkedDict if isinstance(event, MappingStartEvent) else MarkedList
                self._open(kind(self._mark(event)))
            elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
                self.stack.pop()
            elif isinstance(event, AliasEvent):
                self._refuse_reuse(event)
            elif isinstance(event, DocumentStartEvent):
                self._start(event)

    def _mark(self, event) -> Location:
        return Location(self.document.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _refuse(self, message: str, mark: Location) -> None:
        raise DeckError([*self.document.problems, self.document.problem(message, mark)])

    def _refuse_reuse(self, event) -> None:
        if getattr(event, "anchor", None):
            sign = "*" if isinstance(event, AliasEvent) else "&"
            self._refuse(
                f"YAML anchors and aliases ('{sign}{event.anchor}') are not used in decks", self._mark(event)
            )
        if getattr(event, "tag", None):
            self._refuse(f"YAML tags ('{event.tag}') are not used in decks", self._mark(event))

    def _start(self, event) -> None:
        self.n_documents += 1
        if self.n_documents > 1:
            self._refuse("a second YAML document starts here; a file holds one", self._mark(event))
        if event.version or event.tags:
            line = next((n for n, text in enumerate(self.document.lines, 1) if text.startswith("%")), 1)
            where = Location(self.document.name, line, 1)
            self._refuse("YAML directives ('%...') are not used in decks", where)

    def _open(self, container: MarkedDict | MarkedList) -> None:
        if self.stack and self._wants_key():
            self._refuse("a key must be plain text; quote names that start with '{' or '['", container.mark)
        if len(self.stack) >= _MAX_DEPTH:
            self._refuse(f"nested more than {_MAX_DEPTH} levels deep", container.mark)
        self._add(container, container.mark)
        self.stack.append((container, []))

    def _wants_key(self) -> bool:
        container, pending = self.stack[-1]
        return isinstance(container, MarkedDict) and not pending

    def _scalar(self, event) -> None:
        mark = self._mark(event)
        if self.stack and self._wants_key():
            self._key(event.value, mark, event)
        else:
            self._add(self._resolve(event, mark), mark)

    def _key(self, key: str, mark: Location, event) -> None:
        container, pending = self.stack[-1]
        if key == "<<" and event.style is None:
            self._refuse("YAML merge keys ('<<') are not used in decks", self._mark(event))
        if key in container:
            message = f"duplicate key '{key}', first given in line {container.key_marks[key].line}"
            self.document.problems.append(self.document.problem(message, mark))
            pending.append(None)  # the second value is read and dropped
            return
        container.key_marks[key] = mark
        pending.append(key)

    def _add(self, value: object, mark: Location) -> None:
        if not self.stack:
            self.document.data = value
            return
        container, pending = self.stack[-1]
        if isinstance(container, MarkedList):
            container.append(value)
            container.value_marks.append(mark)
            return
        key = pending.pop()
        if key is not None:
            container[key] = value
            container.value_marks[key] = mark

    def _resolve(self, event, mark: Location) -> object:
        """Value of a scalar by the core schema of YAML 1.2: `NO` and `1:30` are text, `1e13` a number."""
        text = event.value
        value: MarkedStr | MarkedInt | MarkedFloat
        if event.style is not None:
            value = MarkedStr(text)
        elif text in _WORDS:
            return _WORDS[text]
        elif _INTEGER.fullmatch(text):
            if len(text) > _MAX_DIGITS:
                self._refuse("a number with this many digits", mark)
            value = MarkedInt(text, 0 if text[:2] in ("0o", "0x") else 10)
        elif _FLOAT.fullmatch(text):
            value = MarkedFloat(text)
        elif _INFINITE.fullmatch(text):
            value = MarkedFloat(text.replace(".", "").lower())
        else:
            value = MarkedStr(text)
        value.mark = mark
        return value


# What ruamel.yaml says, what a user needs to hear, and whether to look at the start of the construct.
_TRANSLATIONS: list[tuple[str, str, bool]] = [
    (r"character '\\t'", "a tab; YAML is indented with spaces", False),
    (r"mapping values are not allowed",
     "a ':' where none can stand; quote a value that holds ': ', check the indent", False),
    (r"found unexpected end of stream", "a quotation mark that is never closed", True),
    (r"found '<stream end>'", "a bracket that is never closed", True),
    (r"expected ',' or", "a bracket that is never closed, or a missing comma", True),
    (r"could not find expected ':'", "a line without 'key: value'", True),
    (r"character '([@`%|>&*!])'", "a value cannot start with '{0}'; quote it", False),
    (
        r"expected <block end>, but found '(?:\?|<block (mapping|sequence) start>)'",
        "a line with the wrong indent",
        False,
    ),
    (r"expected '<document start>', but found \('<", "a line with the wrong indent", False),
    (r"expected <block end>, but found '-'", "a list item with the wrong indent, or among keys", False),
    (r"expected <block end>, but found '<scalar>'", "text after the end of a value", False),
    (r"but found '([\]},])'", "'{0}' without its opening bracket", False),
    (r"but found \('([\]},])',\)", "'{0}' without its opening bracket", False),
    (r"sequence entries are not allowed", "a list item cannot stand here; start it on a line of its own", False),
]


def _translate(error: MarkedYAMLError, document: Document) -> Problem:
    """Turn an error of the YAML parser into plain words."""
    said = message = " ".join(str(error.problem or error.context or "malformed").split())
    place = error.problem_mark or error.context_mark
    for pattern, words, at_start in _TRANSLATIONS:
        found = re.search(pattern, said)
        if found:
            message = words.format(*found.groups())
            place = (error.context_mark or place) if at_start else place
            break
    if place is None:
        return Problem(f"not YAML: {message}", document.name)
    line = min(place.line, len(document.lines) - 1)
    return document.problem(f"not YAML: {message}", Location(document.name, line + 1, place.column + 1))
