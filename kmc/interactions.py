# SPDX-License-Identifier: BSD-3-Clause
"""Cluster expansion + mechanism + lattice -> the flat arrays with which the core works out interaction energies.

Floor 4. The energy of a site is the sum over the instances of clusters at it whose members all match; an event changes
the energy of the lattice by the changes of its sites, one after the other. A barrier follows this change dE as the
largest of some lines:

    barrier law, dG0 known   max(E0 + w dE, dG0 + dE, 0)       barrier law, dG0 unknown   max(E0 + w dE, 0)
    law without a barrier    k exp(-w dE/kT)                    reverse process            1 - w, E0 - dG0, -dG0

so that k(s -> s')/k(s' -> s) = exp(-(H(s') - H(s) + dG0)/kT) exactly, floors included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kmc.clusters import QUANTUM, Cluster, instances
from kmc.constants import BOLTZMANN_EV
from kmc.errors import KmcError
from kmc.process import Process, Step
from kmc.transfer import is_own_reverse
from kmc_core import Interactions, Rules

if TYPE_CHECKING:
    from kmc.lattice import Lattice
    from kmc.mechanism import Mechanism


MAX_POSITIONS = 512
"""int: positions around a site that the core can look at."""

MAX_EXPONENT = 600.0
"""float: largest exponent by which interactions may speed a process up; e^709 is the largest double."""


def site_energies(clusters: Sequence[Cluster], lattice: Lattice) -> dict[str, np.ndarray]:
    """Clusters as seen from one site, in the arrays of `kmc_core.Interactions`.

    Parameters
    ----------
    clusters : sequence of Cluster
    lattice : Lattice

    Returns
    -------
    dict of str to ndarray
        `offsets` int32 (n_positions, 3), (dz, dy, dx), closed under inversion, nearest first; per instance `centre`
        int32 and `energy` int64 [neV], and as CSR with `other_ptr` int32 the remaining members, `other_position` and
        `other_species` int32. Clusters whose energy rounds to zero are left out.
    """
    found = [each for each in instances(clusters, lattice.operations()) if clusters[each.cluster].quanta]
    found.sort(key=lambda each: each.centre)
    places = {offset for each in found for offset, _ in each.others}
    places |= {(-z, -y, -x) for z, y, x in places}
    offsets = sorted(places, key=lambda offset: (round(_length(lattice, offset), 6), offset))
    position_of = {offset: index for index, offset in enumerate(offsets)}
    others = [member for each in found for member in each.others]
    return {
        "offsets": np.array(offsets, dtype=np.int32).reshape(-1, 3),
        "centre": np.array([each.centre for each in found], dtype=np.int32),
        "other_ptr": np.cumsum([0, *(len(each.others) for each in found)]).astype(np.int32),
        "other_position": np.array([position_of[offset] for offset, _ in others], dtype=np.int32),
        "other_species": np.array([species for _, species in others], dtype=np.int32),
        "energy": np.array([clusters[each.cluster].quanta for each in found], dtype=np.int64),
    }


def _length(lattice: Lattice, offset: tuple) -> float:
    """Length of a step in units of the spacing."""
    return float(np.linalg.norm(lattice.displacement(offset))) / lattice.spacing


def lines(mechanism: Mechanism, temperature: float) -> dict[str, np.ndarray]:
    """How barriers follow the interactions.

    Parameters
    ----------
    mechanism : Mechanism
    temperature : float, [K]
        Barriers and reaction free energies may depend on it.

    Returns
    -------
    dict of str to ndarray
        CSR over the processes of the lattice: `line_ptr` int32, `line_slope` and `line_intercept` float64 [eV]. The
        barrier shifts by the largest intercept + slope dE, which is 0 at dE = 0. Only intercepts depend on the
        temperature.
    """
    barriers, energies = mechanism.barriers(temperature)
    found = [
        process_lines(process, barriers[process.index], energies[process.index])
        for process in mechanism.processes[: mechanism.n_lattice]
    ]
    flat = np.array([line for each in found for line in each], dtype=np.float64).reshape(-1, 2)
    return {
        "line_ptr": np.cumsum([0, *map(len, found)]).astype(np.int32),
        "line_slope": flat[:, 0].copy(),
        "line_intercept": flat[:, 1].copy(),
    }


def process_lines(process: Process, barrier: float, free_energy: float) -> list[tuple[float, float]]:
    """Lines of one process.

    Parameters
    ----------
    process : Process
    barrier : float, [eV]
        E0 in its own direction; NaN for a rate law without a barrier.
    free_energy : float, [eV]
        dG0 in its own direction; minus infinity where it is unknown.

    Returns
    -------
    list of (float, float)
        Slope and intercept [eV] of each; none where no cluster changes its energy.
    """
    if process.transfer is None:
        return []
    share = process.transfer.value if process.reverse_of is None else 1.0 - process.transfer.value
    if np.isnan(barrier):
        return [(share, 0.0)]
    if _is_own_reverse(process):
        free_energy = 0.0
    crossed = max(barrier, free_energy, 0.0)
    found = [(share, barrier - crossed), (0.0, -crossed)]
    return found + ([(1.0, free_energy - crossed)] if np.isfinite(free_energy) else [])


def _is_own_reverse(process: Process) -> bool:
    """Whether a process backwards is the same process at other sites."""
    step = Step(process.reactants, process.products, {}, {}, process.electrons)
    return not process.solution_change and is_own_reverse(step)


def compile_interactions(
    mechanism: Mechanism, lattice: Lattice, rules: Rules, temperature: float
) -> Interactions | None:
    """Interactions of a mechanism for the core.

    Parameters
    ----------
    mechanism : Mechanism
    lattice : Lattice
    rules : kmc_core.Rules
        Of its processes.
    temperature : float, [K]
        The lowest of the run: there rates are furthest apart.

    Returns
    -------
    kmc_core.Interactions or None
        As at this temperature; None if nothing interacts.

    Raises
    ------
    KmcError
        If an event would be noticed at more positions than the core can look at, or a rate could be infinite.
    """
    if not mechanism.clusters:
        return None
    arrays = site_energies(mechanism.clusters, lattice)
    if not len(arrays["centre"]):
        return None
    arrays |= lines(mechanism, temperature)
    interactions = Interactions(**arrays, thermal=BOLTZMANN_EV * temperature)
    n_positions = _n_positions(interactions.offsets, rules)
    if n_positions > MAX_POSITIONS:
        message = f"interactions: an event would be noticed at {n_positions} sites around it"
        raise KmcError(f"{message}; at most {MAX_POSITIONS} are possible, so the clusters reach too far")
    _check_speed(mechanism, interactions)
    return interactions


def _check_speed(mechanism: Mechanism, interactions: Interactions) -> None:
    """Rates stay numbers: a barrier ends at zero, but a law without one grows with the energy that it sets free."""
    lowest, highest = _bounds(interactions, len(mechanism.species))
    for process in mechanism.processes[: mechanism.n_lattice]:
        part = slice(*interactions.line_ptr[process.index : process.index + 2])
        if len(interactions.line_slope[part]) != 1:
            continue
        fall = sum(
            highest[next(iter(before))] - lowest[after]
            for before, after in zip(process.reactants, process.products, strict=True)
            if after is not None
        )
        if interactions.line_slope[part][0] * fall > MAX_EXPONENT * interactions.thermal:
            message = f"process '{process.name}': interactions may set free up to {fall:.3g} eV, and its rate law "
            raise KmcError(f"{message}'{process.law}' has no barrier that could end at zero; its rate has no bound")


def _bounds(interactions: Interactions, n_species: int) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest energy that each species may have on a site, no tighter than is easy [eV]."""
    totals: dict[tuple[int, int], dict[int, list[int]]] = {}
    for index, centre in enumerate(interactions.centre.tolist()):
        first, end = interactions.other_ptr[index : index + 2].tolist()
        position, species = (-1, -1) if first == end else (
            int(interactions.other_position[first]), int(interactions.other_species[first])
        )
        sums = totals.setdefault((centre, position), {}).setdefault(species, [0, 0])
        energy = int(interactions.energy[index])
        sums[energy > 0] += energy
    lowest, highest = np.zeros(n_species), np.zeros(n_species)
    for (centre, _), found in totals.items():  # one species at a time stands at a position
        lowest[centre] += QUANTUM * min(0, *(low for low, _ in found.values()), 0)
        highest[centre] += QUANTUM * max(0, *(high for _, high in found.values()), 0)
    return lowest, highest


def _n_positions(offsets: np.ndarray, rules: Rules) -> int:
    """Positions around the anchor of an event at which other anchors may have to be rated anew."""
    origin = np.zeros((1, 3), dtype=np.int64)
    written = np.unique(rules.change_position[rules.change_position >= 0])
    places = np.vstack([origin, rules.offsets[written]])
    steps = np.unique((places[:, None] - places[None]).reshape(-1, 3), axis=0)
    steps = (steps[:, None] + np.vstack([origin, offsets])[None]).reshape(-1, 3)
    return len(np.unique(steps, axis=0)) - 1


def with_lines(interactions: Interactions, mechanism: Mechanism, temperature: float) -> Interactions:
    """The same interactions at another temperature.

    Parameters
    ----------
    interactions : kmc_core.Interactions
    mechanism : Mechanism
    temperature : float, [K]

    Returns
    -------
    kmc_core.Interactions
    """
    return replace(interactions, **lines(mechanism, temperature), thermal=BOLTZMANN_EV * temperature)
