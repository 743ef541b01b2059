# SPDX-License-Identifier: BSD-3-Clause
"""SQLite files of others, opened to be read and nothing else. Floor 1.

A file that is no database, is cut off, damaged, or still being written is refused with its name before
anybody reads a row; nothing is created beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kmc.errors import DeckError, Problem

if TYPE_CHECKING:
    import sqlite3

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100  # https://www.sqlite.org/fileformat.html, section 1.3


@contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that can only read; rows come as `sqlite3.Row`.

    Parameters
    ----------
    path : Path

    Raises
    ------
    DeckError  if the file is no whole SQLite database, or turns out damaged while it is read.
    """
    import sqlite3

    fault = file_fault(path)
    if fault:
        raise DeckError(Problem(fault, str(path)))
    # `immutable` keeps SQLite from making the files that it would share with a writer.
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        yield connection
    except sqlite3.Error as error:
        raise DeckError(Problem(f"is a damaged SQLite database: {error}", str(path))) from None
    finally:
        connection.close()


def file_fault(path: Path) -> str | None:
    """What keeps a file from being a whole SQLite database, from its first bytes and its size; None if nothing.

    Parameters
    ----------
    path : Path

    Returns
    -------
    fault : str or None
    """
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        size = path.stat().st_size
        pending = [path.with_name(path.name + end) for end in ("-wal", "-journal")]
        pending = [each.name for each in pending if each.exists() and each.stat().st_size]
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not header.startswith(_MAGIC):
        return "is not an SQLite database" + (": it is empty" if not size else "")
    if pending:
        return f"is being written, or was left unfinished: {pending[0]} stands beside it; close the program that writes"
    expected = _expected_size(header)
    if size < max(expected, _HEADER_BYTES):
        return f"is cut off: it holds {size} of {max(expected, _HEADER_BYTES)} bytes"
    return None


def _expected_size(header: bytes) -> int:
    """Bytes that the header promises; 0 where an old SQLite wrote no promise that can be trusted."""
    if len(header) < _HEADER_BYTES or header[24:28] != header[92:96]:
        return 0
    page = int.from_bytes(header[16:18], "big")
    return int.from_bytes(header[28:32], "big") * (65536 if page == 1 else page)


def table_names(path: Path) -> set[str]:
    """Names of the tables of an SQLite file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    names : set of str

    Raises
    ------
    DeckError  if the file is no whole SQLite database.
    """
    with database(path) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def check_columns(
    connection: sqlite3.Connection, path: Path, table: str, needed: tuple[str, ...], whose: str
) -> list[str]:
    """Names of the columns of a table.

    Parameters
    ----------
    connection : sqlite3.Connection
    path : Path
        For the message.
    table : str
        Name of the table, one of ours: it goes into the query as it is.
    needed : tuple of str
        Columns that it must have.
    whose : str
        Who writes such files, for the message.

    Returns
    -------
    columns : list of str

    Raises
    ------
    DeckError  if there is no such table, or it lacks columns.
    """
    columns = [row["name"] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    if not columns:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        message = f"has no table '{table}', so it is no such database of {whose}; it has {', '.join(names) or 'none'}"
        raise DeckError(Problem(message, str(path)))
    missing = [name for name in needed if name not in columns]
    if missing:
        what = f"column '{missing[0]}'" if len(missing) == 1 else f"columns {', '.join(missing)}"
        message = f"table '{table}' has no {what}, which {whose} writes; it has {', '.join(columns)}"
        raise DeckError(Problem(message, str(path)))
    return columns
