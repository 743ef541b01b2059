# SPDX-License-Identifier: BSD-3-Clause
"""Engines without a deck, many independent copies in one engine, and the statistics of comparisons.

The square lattice extends along z and x only. An engine of shape (nz, ny, nx) on it therefore holds ny
slabs that do not know of each other: ny independent copies that share one clock. A standard error over
copies needs no model of correlations in space or time.
"""

from dataclasses import replace

import numpy as np

from kmc.lattice import Lattice
from kmc.patterns import symmetry_number
from kmc.tables import DECAY_QUANTUM, build_rules
from kmc.tiled import TiledEngine
from kmc.tiling import Tiling
from kmc_core import Engine

LIMIT = 4.5
"""float: |z| beyond it fails a test: 7e-6 for a normal variable, 2e-5 where 100 copies give the error."""


def rate_table(patterns, constants, lattice, thermal_energy=1.0):
    """Rates in the order of the core.

    Parameters
    ----------
    patterns : sequence of Pattern
    constants : sequence of float, [1/s]
        Rate constant of each pattern: per set of sites, without neighbours.
    lattice : Lattice
    thermal_energy : float
        kT in the unit of the energies of the neighbour terms.

    Returns
    -------
    rates : float64, shape (n_rates,), [1/s]
    """
    parts = []
    for pattern, constant in zip(patterns, constants, strict=True):
        boltzmann = np.exp(-pattern.energy_shifts() / thermal_energy) if pattern.terms else np.ones(1)
        parts.append(constant / symmetry_number(pattern, lattice) * boltzmann)
    return np.concatenate(parts)


def engine_of(
    patterns,
    constants,
    species,
    *,
    periodic=(False, False, False),
    kind="square",
    n_species=None,
    seed=1,
    thermal_energy=1.0,
    decay=None,
    cutoff=None,
    tiles=None,
):
    """An engine from patterns.

    Parameters
    ----------
    patterns, constants, thermal_energy
        As for `rate_table`.
    species : uint8, shape (nz, ny, nx)
    periodic : tuple of bool
        For z, y, x.
    kind : str
        "square" (ny independent slabs) or "simple cubic".
    n_species : int, optional
        Default: largest species of `species` and of the patterns, plus one.
    seed : int
    decay : sequence of float, optional
        Tunnelling exponent that a site of each species adds.
    cutoff : float, optional
        Transmission below which nothing tunnels.
    tiles : dict, optional
        For a lattice in tiles: `size`, sites of a tile along x and y, and options of `TiledEngine`.

    Returns
    -------
    kmc_core.Engine, or TiledEngine with `tiles`
    """
    if n_species is None:
        written = {new for pattern in patterns for new in pattern.products if new is not None}
        read = {s for pattern in patterns for allowed in pattern.reactants for s in allowed}
        n_species = 1 + max(written | read | {int(species.max())})
    lattice = Lattice(kind, 1.0, species.shape, periodic)
    rules = build_rules(patterns, n_species, lattice)
    rules = replace(rules, rates=rate_table(patterns, constants, lattice, thermal_energy))
    tunnelling = {}
    if decay is not None:
        quanta = [round(exponent / DECAY_QUANTUM) for exponent in decay]
        tunnelling = {
            "decay": np.array([*quanta, 0], dtype=np.int64),
            "quantum": DECAY_QUANTUM,
            "cutoff": round(-np.log(cutoff) / DECAY_QUANTUM),
        }
    if tiles is not None:
        return _in_tiles(species, periodic, rules, seed, **tunnelling, **tiles)
    return Engine(species, periodic, rules, np.random.PCG64DXSM(seed), **tunnelling)


def _in_tiles(species, periodic, rules, seed, size, **options):
    """A `TiledEngine`; slabs that do not know of each other are not cut apart if `size` is their number."""
    reach = np.abs(rules.offsets).max(axis=0, initial=0)
    tiling = Tiling.of(species.shape, periodic, size, (int(reach[1]), int(reach[2])))
    return TiledEngine(species, periodic, rules, tiling, seed, **options)


def run_to(engine, time):
    """Advance an engine to a time [s] and return its species, uint8, shape (n_sites,)."""
    whole = int(time)
    engine.run((whole, time - whole))
    return engine.species


def z_score(samples, exact):
    """Standard errors between the mean of independent samples and the exact value."""
    samples = np.asarray(samples, dtype=float)
    return (samples.mean() - exact) / (samples.std(ddof=1) / np.sqrt(len(samples)))


def z_variance(samples, exact):
    """Standard errors between the variance of independent samples and the exact value."""
    deviations = (np.asarray(samples, dtype=float) - np.mean(samples)) ** 2 * (
        len(samples) / (len(samples) - 1)
    )
    return z_score(deviations, exact)


def pure_birth(rates, times):
    """Distribution of a chain that climbs from 0 with the given rates.

    Parameters
    ----------
    rates : float64, shape (n,), [1/s]
        From state i to i + 1; the chain must be long enough not to be felt at its end.
    times : sequence of float, [s]

    Returns
    -------
    probabilities : float64, shape (n_times, n)
    """
    from scipy.linalg import expm

    rates = np.array(rates, dtype=float)
    generator = np.diag(-rates) + np.diag(rates[:-1], -1)
    return np.array([expm(generator * time)[:, 0] for time in times])


def mean_of(probabilities):
    """Means of distributions over 0, 1, 2, ..., shape (n_times,)."""
    return probabilities @ np.arange(probabilities.shape[1])
