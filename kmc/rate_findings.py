# SPDX-License-Identifier: BSD-3-Clause
"""Findings about rate constants and free energies. Floor 5."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kmc.conditions import Condition
from kmc.constants import BOLTZMANN_EV
from kmc.contradictions import Contradiction, contradictions
from kmc.findings import Finding, Places
from kmc.mechanism import Mechanism
from kmc.process import Process
from kmc.rate_table import RateRow, heights_of
from kmc.rates import RATE_LAWS, attempt_frequency
from kmc.thermodynamics import FreeEnergies, given_barrier, reorganization_energy

REFUSED_CLOSURE = 10.0
"""float, [kT]: a reversible cycle that gains more is refused; it turns 20 000 times more often than back."""

PREFACTORS = (1e9, 1e15)
"""(float, float), [1/s]: prefactors outside are suspicious; kB T/h is 6e12 1/s at room temperature."""

REORGANIZATION_ENERGIES = (0.1, 4.0)
"""(float, float), [eV]: reorganization energies outside are suspicious."""

Table = Sequence[Sequence[RateRow]]
"""Rows of all processes, under each of some conditions."""


def rate_findings(
    mechanism: Mechanism,
    energies: FreeEnergies,
    places: Places,
    conditions: Sequence[Condition],
    table: Table,
) -> Iterator[Finding]:
    """Cycles, barriers, prefactors, and electron transfer outside of what its law is good for.

    Parameters
    ----------
    mechanism : Mechanism
    energies : FreeEnergies
    places : Places
    conditions : sequence of Condition
    table : sequence of sequence of RateRow

    Yields
    ------
    Finding
    """
    yield from _cycles(mechanism, energies, places, conditions)
    heights = heights_of(mechanism)
    reversible = {process.reverse_of for process in mechanism.processes} - {None}
    for process in mechanism.processes:
        rows = [rows[process.index] for rows in table]
        if process.reverse_of is None:
            yield from _barrier(process, places, conditions, rows)
            yield from _prefactor(process, places, conditions, rows)
            if process.index in reversible:
                yield from _neighbour_count(process, places)
            yield from _reorganization(process, places, conditions, heights[process.index])
        yield from _electron_transfer(process, places, conditions, rows, heights[process.index])


def _cycles(
    mechanism: Mechanism, energies: FreeEnergies, places: Places, conditions: Sequence[Condition]
) -> Iterator[Finding]:
    """Cycles of processes whose free energies do not sum to zero, at the temperature where it is worst."""
    worst: dict[tuple, tuple[float, Finding]] = {}
    for temperature in sorted({condition.temperature for condition in conditions}):
        for each in contradictions(energies, temperature):
            gain = abs(each.cycle.misclosure) / (BOLTZMANN_EV * temperature)
            if gain > worst.get(each.cycle.steps, (0.0,))[0]:
                worst[each.cycle.steps] = (gain, _contradiction(each, mechanism, places, temperature, gain))
    yield from (finding for _, finding in worst.values())


def _contradiction(
    found: Contradiction, mechanism: Mechanism, places: Places, temperature: float, gain: float
) -> Finding:
    """Finding about free energies that cannot all be right; the gain is that of the cycle [kT]."""
    cycle = found.cycle
    level = "note" if gain <= 1.0 else "refuse" if gain > REFUSED_CLOSURE and cycle.is_reversible else "warn"
    message = (
        f"{cycle.text(mechanism)} changes nothing, but the free energies sum to {cycle.misclosure:+.4g} eV "
        f"({gain:.2g} kT at {temperature:g} K)"
    )
    if cycle.uncertainty:
        message += f", uncertainty {cycle.uncertainty:.2g} eV"
    if not cycle.is_reversible:
        message += "; it cannot turn, because one of them runs one way only"
    if found.suspects and len(found.suspects) < len(cycle.steps):
        names = [f"'{mechanism.processes[index].name}'" for index in found.suspects]
        message += f"; all others agree without {' or '.join(names)}"
    first = found.suspects[0] if found.suspects else cycle.steps[-1][0]
    return Finding(level, "cycle", message, where=places.process(mechanism.processes[first]))


def _barrier(process: Process, places: Places, conditions, rows) -> Iterator[Finding]:
    """A barrier below zero, or below the free energy of reaction, is not the one that is crossed."""
    for condition, row in zip(conditions, rows, strict=True):
        given = given_barrier(process, condition.temperature)
        if given is None or row.barrier <= given + 1e-9:
            continue
        if row.barrier == 0.0:
            yield places.of(process, "warn", "barrier", "the barrier is negative; 0 is used", f"{given:.4g} eV")
        else:
            message = "the barrier is below the free energy of reaction, which is used instead"
            yield places.of(process, "warn", "barrier", message, f"{given:.4g} < {row.free_energy:.4g} eV")
        return


def _prefactor(process: Process, places: Places, conditions, rows) -> Iterator[Finding]:
    """Prefactors that no vibration explains; of laws without a barrier the rate constant itself."""
    law = RATE_LAWS[process.law]
    if law.is_volumetric:
        return
    low, high = PREFACTORS
    for condition, row in zip(conditions, rows, strict=True):
        if row.rate_constant == 0.0 or not np.isfinite(row.rate_constant):
            continue
        has_barrier = law.has_barrier and row.barrier is not None
        with np.errstate(over="ignore"):
            lifted = np.exp(row.barrier / (BOLTZMANN_EV * condition.temperature)) if has_barrier else 1.0
        prefactor = float(row.rate_constant * lifted)
        what = "prefactor" if has_barrier else "rate constant"
        if prefactor > high * (1 + 1e-9):
            message = f"the {what} is above {high:g} 1/s, faster than any vibration"
        elif has_barrier and prefactor < low * (1 - 1e-9):
            message = f"the prefactor is below {low:g} 1/s"
        else:
            continue
        yield places.of(process, "warn", "prefactor", message, f"{prefactor:.3g} 1/s")
        return


def _neighbour_count(process: Process, places: Places) -> Iterator[Finding]:
    """Sites of the process itself that its neighbour terms count in one direction only."""
    for term in process.neighbours:
        for index, (before, after) in enumerate(zip(process.reactants, process.products, strict=True)):
            if index == term.site - 1 or after is None:
                continue
            if (next(iter(before)) in term.species) != (after in term.species):
                message = (
                    "counts a site that the process itself changes as a neighbour in one direction only, so that "
                    "detailed balance is lost; write the energies as interactions"
                )
                yield places.of(process, "warn", "neighbour count", message, f"{term.energy.value:g} eV")
                return


def _reorganization(process: Process, places: Places, conditions, height: float) -> Iterator[Finding]:
    low, high = REORGANIZATION_ENERGIES
    energy = reorganization_energy(process, conditions[0].temperature, height)
    if energy is not None and not low <= energy <= high:
        side = f"above {high:g}" if energy > high else f"below {low:g}"
        message = f"the reorganization energy, inner and outer, is {side} eV"
        yield places.of(process, "warn", "reorganization", message, f"{energy:.3g} eV")


def _electron_transfer(process: Process, places: Places, conditions, rows, height: float) -> Iterator[Finding]:
    """Marcus in the inverted region, and Butler-Volmer above the ceiling of every barrier crossing."""
    for condition, row in zip(conditions, rows, strict=True):
        at = f"at {condition.potential:g} V"
        energy = reorganization_energy(process, condition.temperature, height)
        if process.law == "marcus" and row.free_energy < -energy:
            message = (
                "Marcus theory in the inverted region, where the rate constant at an electrode does not fall; "
                "marcus-hush-chidsey has that"
            )
            detail = f"{row.free_energy:.3g} eV {at}, lambda {energy:.3g} eV"
            yield places.of(process, "warn", "inverted region", message, detail)
            return
        ceiling = float(attempt_frequency(condition.temperature))
        if process.law == "butler-volmer" and row.rate_constant > ceiling:
            message = f"Butler-Volmer above kB T/h, {ceiling:.3g} 1/s; marcus-hush-chidsey has that ceiling"
            yield places.of(process, "warn", "ceiling", message, f"{row.rate_constant:.3g} 1/s {at}")
            return
