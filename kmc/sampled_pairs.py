# SPDX-License-Identifier: BSD-3-Clause
"""Uncertain values of a reaction and its reverse, each written by hand, drawn so that they stay in balance. Floor 3.

Drawn independently of each other, the two directions of one step break detailed balance, and the deck is refused. They
share what is uncertain: the energy of the saddle, the free energy of the reaction, the standard potential. Where both
directions carry a value, the one that stands first in the deck is drawn, and the other follows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from kmc.errors import DeckError
from kmc.kinetics import free_energy
from kmc.mechanism import Mechanism
from kmc.process import Process
from kmc.quantity import Quantity
from kmc.rates import RATE_LAWS, effective_barrier

if TYPE_CHECKING:
    from kmc.deck import Deck

_BARRIER, _FREE_ENERGY = "barrier", "reaction-free-energy"
# Dimensions of parameters that both directions share as they are; what is left multiplies the rate constant.
_SHARED = ("energy", "potential")
_SHARES = ("transfer-coefficient", "asymmetry")


class Follower(NamedTuple):
    """A value that follows from those that are drawn."""

    nominal: Quantity
    value: float  # internal unit
    leader: str  # name of the process


def followers(deck: Deck, mechanism: Mechanism, drawn: Mapping[str, float]) -> dict[str, Follower]:
    """What follows from drawn values, in pairs of processes that are each other's reverse.

    Parameters
    ----------
    deck : Deck
    mechanism : Mechanism
        Of the deck, with its nominal values.
    drawn : mapping of str to float
        Values by path, in internal units.

    Returns
    -------
    dict of str to Follower
        By path; drawn values among them are replaced. Nothing of pairs whose balance is not judged, for want of a free
        energy of either direction.

    Raises
    ------
    DeckError  if nobody can say what follows, with the names of both.
    """
    processes = {process.name: process for process in mechanism.processes}
    found: dict[str, Follower] = {}
    problems = []
    for names in mechanism.pairs:
        pair = tuple(processes[name] for name in names)
        if any(free_energy(process, 0.0) is None for process in pair):
            continue
        values = [_drawn(process, drawn) for process in pair]
        if not any(values):
            continue
        what = _what_cannot_follow(*pair, *values)
        if what:
            entry = [each.name for each in deck.processes].index(names[1])
            message = (
                f"process '{names[1]}' is the reverse of '{names[0]}', both written by hand, and {what}: samples would "
                "break detailed balance"
            )
            problems.append(deck.problem(message, ("processes", entry, "equation"), "write one of them with <=>"))
            continue
        for process, other, new in zip(pair, pair[::-1], _balanced(*pair, *values), strict=True):
            for name, value in new.items():
                quantity = process.transfer if name == "transfer" else process.parameters[name]
                found[_path(process, name)] = Follower(quantity, value, other.name)
    if problems:
        raise DeckError(problems)
    return found


def _path(process: Process, name: str) -> str:
    return f"processes.{process.name}.{'' if name == 'transfer' else 'rate.'}{name}"


def _drawn(process: Process, drawn: Mapping[str, float]) -> dict[str, float]:
    """Drawn values of a process by parameter, or by the rest of the path if it leads into one."""
    rate = f"processes.{process.name}.rate."
    found = {path.removeprefix(rate): value for path, value in drawn.items() if path.startswith(rate)}
    if _path(process, "transfer") in drawn:
        found["transfer"] = drawn[_path(process, "transfer")]
    return found


def _what_cannot_follow(forward: Process, backward: Process, *values: Mapping[str, float]) -> str | None:
    """Why the values of a pair cannot follow each other, if they cannot."""
    names = {name for each in values for name in each}
    inner = sorted(name for name in names if name != "transfer" and name not in RATE_LAWS[forward.law].parameters)
    if forward.law != backward.law and names != {"transfer"}:
        return f"uncertain values of two rate laws, '{forward.law}' and '{backward.law}'"
    if inner:
        return f"'{inner[0]}' of them is uncertain, which is a part of a value"
    for process in (forward, backward):
        missing = [name for name in names if name != "transfer" and name not in process.parameters]
        if missing:
            return f"'{missing[0]}' is uncertain and not given for '{process.name}'"
    law = RATE_LAWS[forward.law]
    if _FREE_ENERGY in names and not law.has_barrier:
        return "their free energy is uncertain, which no parameter of their rate law follows"
    return None


def _balanced(
    forward: Process, backward: Process, ahead: Mapping[str, float], back: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, float]]:
    """Values of both directions that follow from drawn ones and balance as the nominal ones do."""
    new: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for name in sorted({*ahead, *back} - {_BARRIER, _FREE_ENERGY}):
        leads = name in ahead
        first, second = (forward, backward) if leads else (backward, forward)
        value, nominal = (ahead if leads else back)[name], [_nominal(each, name) for each in (first, second)]
        if name == "transfer":
            follows = nominal[1] - (value - nominal[0])
        elif RATE_LAWS[forward.law].parameters[name].dimension in _SHARED or name in _SHARES:
            follows = nominal[1] + (value - nominal[0])
        else:
            follows = nominal[1] * (value / nominal[0])
        new[1 if leads else 0][name] = follows
    if {_BARRIER, _FREE_ENERGY} & {*ahead, *back}:
        _balance_barriers(forward, backward, ahead, back, new)
    return new


def _balance_barriers(forward: Process, backward: Process, ahead, back, new) -> None:
    """Barriers to the saddle that both directions share, and free energies of opposite sign.

    Barriers are those that are crossed, not below zero and not below the free energy; what else the nominal ones differ
    by, such as prefactors explain, stays.
    """
    energy = _nominal(forward, _FREE_ENERGY)
    barriers = [_nominal(each, _BARRIER) for each in (forward, backward)]
    excess = _crossed(barriers[1], -energy) - (_crossed(barriers[0], energy) - energy)
    energy = ahead.get(_FREE_ENERGY, -back[_FREE_ENERGY] if _FREE_ENERGY in back else energy)
    barrier = ahead.get(_BARRIER, barriers[0])
    if _BARRIER in back and _BARRIER not in ahead:
        barrier = _crossed(back[_BARRIER], -energy) + energy - excess
        new[0][_BARRIER] = barrier
    new[1][_BARRIER] = _crossed(barrier, energy) - energy + excess
    if _FREE_ENERGY in {*ahead, *back}:
        new[0][_FREE_ENERGY], new[1][_FREE_ENERGY] = energy, -energy


def _crossed(barrier: float, energy: float) -> float:
    return float(effective_barrier(barrier, energy))


def _nominal(process: Process, name: str) -> float:
    quantity = process.transfer if name == "transfer" else process.parameters.get(name)
    return math.nan if quantity is None else quantity.value
