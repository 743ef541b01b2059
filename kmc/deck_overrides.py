# SPDX-License-Identifier: BSD-3-Clause
"""`--set key.path=value`: values of a deck replaced before it is checked. Floor 1."""

from __future__ import annotations

from kmc.deck_values import Reading, described
from kmc.errors import DeckError, did_you_mean
from kmc.quantity import Location
from kmc.yamltext import MarkedDict, MarkedList, read_value


def apply_overrides(data: MarkedDict, overrides: dict[str, str], reading: Reading) -> None:
    """Replace values in place.

    Parameters
    ----------
    data : MarkedDict
        The deck as read.
    overrides : dict of str to str
        YAML text by dotted path; an item of a list goes by its index or by its `name`, and `value` below a number that
        stands alone or comes from a table is that number.
    reading : Reading
        Problems are reported here, under the name of the option.
    """
    for path, text in overrides.items():
        option = Location(f"--set {path}")
        if path.split(".")[0] == "extends":
            reading.report("the base deck is read before anything is set; give it in the deck", option)
            continue
        try:
            value = read_value(text, option.file)
        except DeckError as error:
            reading.problems.extend(error.problems)
            continue
        message = _replace(data, path, value, option)
        if message:
            reading.report(message, option)


def _replace(data: MarkedDict, path: str, value: object, option: Location) -> str | None:
    """Set the value at a path; returns what is wrong with the path, if anything."""
    here: object = data
    rest = path.split(".")
    walked: list[str] = []
    while True:
        key, n_used = _step(here, rest)
        inside = f" in '{'.'.join(walked)}'" if walked else ""
        if key is None or key == "":
            # names may hold dots, and even end in one; only a path that leads nowhere is none
            return "expected a path such as run.seed" if "" in rest else _unknown(here, rest[0], inside, data)
        if n_used == len(rest) or (rest[n_used:] == ["value"] and not isinstance(here[key], (dict, list))):
            here[key] = value
            here.value_marks[key] = option
            if isinstance(here, MarkedDict):
                here.key_marks[key] = option
            return None
        walked += rest[:n_used]
        here, rest = here[key], rest[n_used:]


def _step(here: object, rest: list[str]) -> tuple[str | int | None, int]:
    """Key or index for the next part of a path, and how many of its parts it takes (names may hold dots)."""
    for n_used in range(len(rest), 0, -1):
        name = ".".join(rest[:n_used])
        if isinstance(here, MarkedDict) and name in here:
            return name, n_used
        if isinstance(here, MarkedList):
            for index, item in enumerate(here):
                if isinstance(item, dict) and item.get("name") == name:
                    return index, n_used
    if isinstance(here, MarkedDict) and len(rest) == 1:
        return rest[0], 1  # a key that the deck leaves at its default
    if (
        isinstance(here, MarkedList)
        and rest[0].isascii()
        and rest[0].isdigit()
        and int(rest[0][:9]) < len(here)
    ):
        return int(rest[0][:9]), 1
    return None, 0


def _unknown(here: object, part: str, inside: str, data: MarkedDict) -> str:
    """What is wrong with one part of a path."""
    if isinstance(here, MarkedDict):
        return f"no key '{part}'{inside}{did_you_mean(part, here)}"
    if isinstance(here, MarkedList):
        names = [str(item["name"]) for item in here if isinstance(item, dict) and "name" in item]
        return f"no item '{part}'{inside} of {len(here)} items{did_you_mean(part, names)}"
    return f"no key '{part}'{inside}, which is {described(here)}"
