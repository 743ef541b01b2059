# SPDX-License-Identifier: BSD-3-Clause
"""Frequencies for harmonic transition-state theory out of vibrational energies as ASE gives them. Floor 1."""

from __future__ import annotations

import math
from typing import Any

from kmc.constants import PLANCK_EV
from kmc.quantity import Location, Quantity
from kmc.table_rows import Origin, Row, RowError

INITIAL, SADDLE = "initial-frequencies", "saddle-frequencies"
"""Quantities: parameters of the rate law `harmonic`."""


def frequency_row(initial: Any | None, saddle: Any | None, origin: Origin, where: Location) -> Row:
    """Frequencies of the initial state and of the transition state, without its unstable mode.

    Parameters
    ----------
    initial, saddle : sequence of float or complex, or None
        Energies of the vibrational quanta [eV], as `Vibrations.get_energies()` of ASE: an imaginary number, or
        one below zero, is an unstable mode. None where they are not known.
    origin : Origin
    where : Location

    Returns
    -------
    row : dict
        `initial-frequencies` and `saddle-frequencies` [1/s], cycles per time; empty if neither is known.

    Raises
    ------
    RowError  if one of the two is missing, the initial state is no minimum, the saddle has not exactly one unstable
        mode, or their numbers of modes differ.

    Notes
    -----
    nu = E/h.
    """
    if initial is None and saddle is None:
        return {}
    if initial is None or saddle is None:
        known, other = ("IS", "TS") if saddle is None else ("TS", "IS")
        raise RowError(f"{known} has vibrations, but {other} has none")
    stable, unstable = _modes(initial, "IS")
    if unstable:
        raise RowError(f"IS has {unstable} imaginary mode{'s' if unstable > 1 else ''}; a minimum has none")
    real, unstable = _modes(saddle, "TS")
    if unstable != 1:
        raise RowError(f"TS has {unstable or 'no'} imaginary modes; a transition state has exactly one")
    if len(real) + 1 != len(stable):
        raise RowError(
            f"IS has {len(stable)} modes and TS {len(real) + 1}; both need the same atoms to vibrate and none at rest"
        )
    method = ", ".join(part for part in ("vibrational energies over h", origin.method) if part)
    return {
        name: Quantity(
            tuple(energy / PLANCK_EV for energy in energies), None, origin.source, method, where, dimension="frequency"
        )
        for name, energies in ((INITIAL, stable), (SADDLE, real))
    }


def _modes(energies: Any, state: str) -> tuple[list[float], int]:
    """Energies of the real modes [eV], and the number of imaginary ones."""
    try:
        values = [complex(value) for value in energies]
    except (TypeError, ValueError):
        raise RowError(f"the vibrational energies of {state} are no list of numbers") from None
    real = []
    for value in values:
        if not (math.isfinite(value.real) and math.isfinite(value.imag)):
            raise RowError(f"a vibrational energy of {state} is not finite")
        if value.real and value.imag:
            raise RowError(f"a vibrational energy of {state} is {value}; a mode is either real or imaginary")
        if value == 0:
            raise RowError(f"a vibrational energy of {state} is zero: leave out translations and rotations")
        if value.real > 0.0:
            real.append(value.real)
    return real, len(values) - len(real)
