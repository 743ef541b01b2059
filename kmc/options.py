# SPDX-License-Identifier: BSD-3-Clause
"""Values of the command line: what `--set` assigns, and physical values with their units. Floor 10."""

from __future__ import annotations

from collections.abc import Iterable

from kmc.errors import KmcError


def overrides_of(assignments: Iterable[str]) -> dict[str, str]:
    """``["run.seed=7"]`` as ``{"run.seed": "7"}``; the deck gives the values their types and units.

    Raises
    ------
    KmcError  if one of them is no assignment.
    """
    overrides = {}
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        if not (equals and path.strip() and value.strip()):
            raise KmcError(f"--set {assignment!r}: expected PATH=VALUE, as in --set run.seed=7")
        overrides[path.strip()] = value.strip()
    return overrides


def physical_value(option: str, text: str | None, dimension: str, is_positive: bool = True) -> float | None:
    """Value of an option in internal units; None if it is not given.

    Raises
    ------
    KmcError  if it is no value of the dimension, has an uncertainty, or is not positive where it must be.
    """
    if text is None:
        return None
    from kmc.units import UnitError, parse_quantity

    try:
        value, spread = parse_quantity(text, dimension)
    except UnitError as error:
        raise KmcError(f"{option} {text!r}: {error}") from error
    if spread is not None:
        raise KmcError(f"{option} {text!r}: must be one value, without an uncertainty")
    if is_positive and not value > 0:
        raise KmcError(f"{option} {text!r}: must be positive")
    return value
