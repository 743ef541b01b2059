# SPDX-License-Identifier: BSD-3-Clause
"""Lattice gases with lateral interactions reach the equilibrium of the Ising model and of exact enumerations.

Copies. A deck of a square lattice is run on many independent slabs at once (`physics.ensembles`), so that errors come
from copies and need no model of correlations.
"""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from physics.ensembles import run_to, z_score
from physics.test_interactions import cluster_lines, engine_at
from physics.test_ising import CRITICAL, exact_energy
from reference_energy import ReferenceEnergy

from kmc.constants import BOLTZMANN_EV
from kmc.deck import parse_deck
from kmc.interactions import compile_interactions
from kmc.model import Model
from kmc.tables import compile_tables

LIMIT = 3.0
"""float: standard errors beyond which a mean fails; a false alarm in 0.3 % of the seeds for each."""

PAIR = -0.1  # eV; particles n = (1 + s)/2 have J = -PAIR/4 = 0.025 eV, and no field at dG0 = -2 PAIR
LATTICE_GAS = """\
run: {{duration: 1 s}}
lattice: {{type: square, spacing: 1 nm, size: [{size}, {size}], fill: vacant, boundaries: {{x: periodic, z: {z}}}}}
protocol: {{temperature: {temperature!r} K, potential: 0 V}}
species: {{vacant: {{phase: liquid}}, A: {{phase: dissolved, formula: C}}, B: {{phase: dissolved, formula: C}}}}
solution: {{gas: {{formula: C, activity: 1}}}}
{interactions}processes:
{processes}"""
EXCHANGE = """\
- name: adsorption
  equation: vacant + gas <=> A
  rate: {law: arrhenius, prefactor: 8 1/s, barrier: 0.1 eV, reaction-free-energy: 0.2 eV}
  transfer: 0.3
- name: pair
  equation: 2 vacant + 2 gas <=> 2 A
  rate: {law: constant, rate-constant: 0.2 1/s, reaction-free-energy: 0.4 eV}
- name: hop
  equation: A + vacant => vacant + A
  rate: {law: arrhenius, prefactor: 0.5 1/s, barrier: 0.05 eV}
- name: turn around a corner
  equation: A + A + vacant => A + vacant + A
  geometry: [[0, 0], [1, 0], [0, 1]]
  rate: {law: constant, rate-constant: 0.1 1/s}
"""


def copies_of(text, n_copies, species, seed):
    """Engine with independent slabs of the box of a deck, one for each y."""
    model = Model.of(parse_deck(text))
    lattice = replace(model.lattice, shape=(model.lattice.shape[0], n_copies, model.lattice.shape[2]))
    tables = compile_tables(model.mechanism, lattice)
    temperature = model.protocol.at(0.0)[1]
    interactions = compile_interactions(model.mechanism, lattice, tables.rules, temperature)
    return engine_at(model, species.reshape(lattice.shape), seed, tables, interactions)


def ising_gas(size, coupling, n_copies, species, seed):
    """Engine at J/kT = coupling."""
    clusters = [("pair", [(0, 0), (1, 0)], "AA", PAIR)]
    temperature = float(-PAIR / 4 / coupling / BOLTZMANN_EV)
    text = LATTICE_GAS.format(
        size=size, z="periodic", temperature=temperature, interactions=cluster_lines(clusters), processes=EXCHANGE
    )
    return copies_of(text, n_copies, species, seed)


@pytest.mark.parametrize(
    ("coupling", "size", "start", "stop"),
    [
        (0.25, 8, 3, 13),
        (0.38, 8, 6, 30),
        (0.5, 8, 10, 40),
        pytest.param(CRITICAL, 8, 100, 400, marks=pytest.mark.verify),
    ],
)
def test_lattice_gas_of_one_two_and_three_site_processes_is_the_ising_model(coupling, size, start, stop):
    """Energy and coverage of 100 tori at particle-hole symmetry against Kaufman's finite torus, |z| < 3 (0.3 % each).

    Single, pair and hop rates follow different transfer coefficients and floors. Below the critical temperature half of
    the copies start full, half of them empty, so that the coverage is that of both phases together.
    """
    n_copies = 100
    species = np.random.default_rng(31).integers(0, 2, (size, n_copies, size), dtype=np.uint8)
    if coupling > CRITICAL:
        species[:, ::2], species[:, 1::2] = 0, 1
    engine = ising_gas(size, coupling, n_copies, species, seed=32)
    pairs, coverage = [], []
    for time in np.linspace(start, stop, 40):
        gas = run_to(engine, time).reshape(species.shape).astype(np.int64)
        pairs.append((gas * (np.roll(gas, 1, axis=0) + np.roll(gas, 1, axis=2))).mean(axis=(0, 2)))
        coverage.append(gas.mean(axis=(0, 2)))
    # With n = (1 + s)/2, H = PAIR sum n n - 2 PAIR sum n is -J sum s s + 2 J for each site.
    energy = PAIR * (np.mean(pairs, axis=0) - 2 * np.mean(coverage, axis=0))
    exact = -PAIR / 4 * (exact_energy(size, coupling) + 2)
    z = z_score(energy, exact), z_score(np.mean(coverage, axis=0), 0.5)
    print(f"J/kT {coupling:.4f}: {energy.mean():.6f} eV ({exact:.6f}), coverage {np.mean(coverage):.4f}, z {z}")
    assert max(map(abs, z)) < LIMIT
    assert (engine.event_count > 0).all()


# --- equilibrium: every state of a small box ----------------------------------------------------------------

SMALL = """\
- name: adsorption
  equation: vacant + gas <=> A
  rate: {law: arrhenius, prefactor: 10 1/s, barrier: 0.06 eV, reaction-free-energy: 0.02 eV}
- name: pair
  equation: 2 vacant + 2 gas <=> 2 A
  rate: {law: constant, rate-constant: 0.5 1/s, reaction-free-energy: 0.04 eV}
- name: hop
  equation: A + vacant => vacant + A
  rate: {law: arrhenius, prefactor: 3 1/s, barrier: 0.05 eV}
"""
OTHER = """\
- name: turn
  equation: A <=> B
  rate: {law: arrhenius, prefactor: 9 1/s, barrier: 0.02 eV, reaction-free-energy: -0.03 eV}
  transfer: 0.2
- name: swap
  equation: A + B => B + A
  rate: {law: constant, rate-constant: 1 1/s}
"""
TORUS = [
    ("pair", [(0, 0), (1, 0)], "AA", -0.06),
    ("diagonal", [(0, 0), (1, 1)], "AA", 0.03),
    ("corner", [(0, 0), (1, 0), (0, 1)], "AAA", 0.012),
]
SLAB = [
    ("pair", [(0, 0), (1, 0)], "AA", 0.02),
    ("mixed pair", [(0, 0), (1, 0)], "AB", -0.015),
    ("diagonal", [(0, 0), (1, 1)], "BB", -0.012),
    ("corner", [(0, 0), (1, 0), (0, 1)], "AAB", 0.02),
    ("block", [(0, 0), (1, 0), (0, 1), (1, 1)], "ABBA", -0.04),
]


def shares_of_states(text, clusters, n_copies, n_samples, interval, seed):
    """How often each state of a small box is met, and its Boltzmann share.

    Returns
    -------
    found, expected : int64, float64, shape (n_states,)
        Visits in snapshots of all copies, and what they should be.
    """
    model = Model.of(parse_deck(text))
    (nz, _, nx), n_species = model.lattice.shape, 2 + ("turn" in text)
    index = {each.name: each.index for each in model.mechanism.species}
    reference = ReferenceEnergy(
        [([(z, 0, x) for x, z in sites], [index[name] for name in species], e) for _, sites, species, e in clusters],
        model.lattice,
    )
    alone = np.array([0.0, 0.02, -0.01])  # free energies of vacant, A and B by themselves [eV]
    states = np.array(list(product(range(n_species), repeat=nz * nx)), dtype=np.uint8)
    thermal = BOLTZMANN_EV * model.protocol.at(0.0)[1]
    weight = np.exp([-(reference.energy(state) + alone[state].sum()) / thermal for state in states])
    start = np.random.default_rng(seed).integers(0, n_species, (nz, n_copies, nx), dtype=np.uint8)
    engine = copies_of(text, n_copies, start, seed)
    found = np.zeros(len(states), dtype=np.int64)
    place_value = n_species ** np.arange(nz * nx)[::-1]
    for sample in range(1, n_samples + 1):
        species = run_to(engine, interval * sample).reshape(start.shape)
        found += np.bincount(np.moveaxis(species, 1, 0).reshape(n_copies, -1) @ place_value, minlength=len(states))
    assert (engine.event_count > 0).all()
    return found, weight / weight.sum() * found.sum()


def chi_square_excess(found, expected):
    """Standard deviations by which chi-square over states exceeds its mean."""
    assert expected.min() > 5.0
    chi_square = ((found - expected) ** 2 / expected).sum()
    degrees = len(expected) - 1
    return (chi_square - degrees) / np.sqrt(2 * degrees)


@pytest.mark.parametrize("transfer", [0.0, 0.5, 1.0])
def test_every_state_of_a_small_torus_has_its_boltzmann_share(transfer):
    """Two shells and a three-body cluster on a 3 x 3 torus: all 512 states, whatever the barriers do.

    2000 copies, 10 snapshots 6 or more relaxation times apart. chi-square over the states within 4 standard deviations
    of its mean (1e-4 each).
    """
    text = LATTICE_GAS.format(
        size=3, z="periodic", temperature=1200.0, interactions=cluster_lines(TORUS), processes=SMALL
    ).replace("transfer: 0.5", f"transfer: {transfer}")
    found, expected = shares_of_states(text, TORUS, 2000, 10, 0.4, seed=41)
    excess = chi_square_excess(found, expected)
    print(f"transfer {transfer}: {expected.min():.1f} to {expected.max():.0f} visits, excess {excess:.2f}")
    assert abs(excess) < 4.0


def test_every_state_of_a_small_slab_of_two_species_has_its_boltzmann_share():
    """Clusters of two to four sites, A, B and vacant on 3 x 2 sites between walls: all 729 states.

    3000 copies; every process has a transfer coefficient and floors of its own; else as above.
    """
    text = LATTICE_GAS.format(
        size=3, z="walls", temperature=1800.0, interactions=cluster_lines(SLAB), processes=SMALL + OTHER
    ).replace("size: [3, 3]", "size: [3, 2]")
    found, expected = shares_of_states(text, SLAB, 3000, 10, 1.0, seed=42)
    excess = chi_square_excess(found, expected)
    print(f"{expected.min():.1f} to {expected.max():.0f} visits, excess {excess:.2f}")
    assert abs(excess) < 4.0
