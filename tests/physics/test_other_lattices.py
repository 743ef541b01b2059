# SPDX-License-Identifier: BSD-3-Clause
"""Exact results on lattices that are not cubic: propensities, jamming, equilibria, tunnelling.

Engines come from decks where the deck decides the physics, and from patterns where the lattice alone does.
"""

from contextlib import nullcontext
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from kmc_core.state import LatticeState
from physics.ensembles import LIMIT, rate_table, z_score

from kmc.constants import BOLTZMANN_EV
from kmc.deck import parse_deck
from kmc.errors import KmcError
from kmc.lattice import Lattice
from kmc.model import Model
from kmc.patterns import Pattern
from kmc.tables import MAX_POSITIONS, build_rules
from kmc_core import Engine, ExitReason

EMPTY = frozenset({0})
EVERY = [
    ("simple cubic", None),
    ("hexagonal", None),
    *((kind, surface) for kind in ("fcc", "bcc") for surface in (100, 110, 111)),
]
DECK = """\
run: {{duration: 1 s, seed: {seed}}}
lattice: {{type: {kind}, {more}spacing: 0.5 nm, size: {size}, fill: empty, boundaries: {{z: {z}}}, random: {random}}}
protocol: {{temperature: 300 K, potential: 0 V}}
species: {{empty: {{phase: liquid}}, A: {{phase: liquid}}}}
processes:
"""


def model_of(kind, surface, *processes, size="[9, 9, 9]", z="periodic", random="[]", seed=1):
    """A model on a lattice, from (equation, rate, geometry or None)."""
    more = "" if surface is None else f"surface: {surface}, "
    text = DECK.format(kind=kind, more=more, size=size, z=z, random=random, seed=seed)
    for number, (equation, rate, geometry) in enumerate(processes):
        text += f"- {{name: step {number}, equation: {equation}, rate: {rate}"
        text += f", geometry: {geometry}}}\n" if geometry else "}\n"
    return Model.of(parse_deck(text))


def engine_of(lattice, patterns, constants, species, seed):
    n_species = 1 + int(max(species.max(), max(max(p.products) for p in patterns)))
    rules = build_rules(patterns, n_species, lattice)
    rules = replace(rules, rates=rate_table(patterns, constants, lattice))
    return Engine(species, lattice.periodic, rules, np.random.PCG64DXSM(seed))


# --- rate constants are per set of sites ---


@pytest.mark.parametrize(
    ("kind", "pairs", "lines"),
    [("simple cubic", 3, 3), ("fcc", 6, 6), ("bcc", 4, 4), ("hexagonal", 3, 3)],
)
def test_every_pair_and_every_straight_trimer_counts_once(kind, pairs, lines):
    """Total propensity of an empty lattice = k times the sets of sites: z/2 pairs and z/2 lines of three per site.

    On the hexagonal lattice those of the layer; exact, no statistics.
    """
    for surface in (100, 110, 111) if kind in ("fcc", "bcc") else (None,):
        shape = (11, 10, 9)
        lattice = Lattice(kind, 1.0, shape, (True, True, True), surface)
        neighbour = lattice.neighbour_orbits()[0][0]
        line = ((0, 0, 0), neighbour, tuple(2 * c for c in neighbour))
        for geometry, number in ((line[:2], pairs), (line, lines)):
            pattern = Pattern((EMPTY,) * len(geometry), (1,) * len(geometry), geometry)
            engine = engine_of(lattice, (pattern,), (1.7,), np.zeros(shape, dtype=np.uint8), 1)
            assert engine.total_propensity == pytest.approx(1.7 * number * 990, rel=1e-12)


def test_every_triangle_of_fcc_counts_once():
    """8 triangles of nearest neighbours per site: 12 x 4 ordered pairs of neighbours at 60 degrees, over 6."""
    lattice = Lattice("fcc", 1.0, (7, 8, 9), (True, True, True), 111)
    pattern = Pattern((EMPTY,) * 3, (1, 1, 1), ((0, 0, 0), (0, 0, 1), (0, 1, 0)))
    engine = engine_of(lattice, (pattern,), (1.0,), np.zeros(lattice.shape, dtype=np.uint8), 1)
    assert engine.total_propensity == pytest.approx(8 * 504, rel=1e-12)


@pytest.mark.parametrize(("kind", "surface"), EVERY)
def test_two_terms_of_a_deck_meet_every_nearest_neighbour(kind, surface):
    model = model_of(kind, surface, ("2 empty => 2 A", "{law: constant, rate-constant: 3 1/s}", None), size="[6, 7, 8]")
    pairs = len(model.lattice.shell(1)) / 2
    assert model.engine().total_propensity == pytest.approx(3 * pairs * 336, rel=1e-12)


def test_processes_that_look_too_far_are_refused_in_words():
    """The limit is that of the core, which refuses one position more."""
    species = np.zeros((9, 9, 9), dtype=np.uint8)
    for number, accepted in ((MAX_POSITIONS, True), (MAX_POSITIONS + 2, False)):
        half = np.array([(0, dy, dx) for dy in range(1, 30) for dx in range(30)], dtype=np.int32)[: number // 2]
        with nullcontext() if accepted else pytest.raises(ValueError, match="neighbour positions"):
            LatticeState(species, (True, True, True), np.concatenate([half, -half]), 2)
    rate = "{law: constant, rate-constant: 1 1/s}"
    far = [("2 empty => 2 A", rate, f"[[0, 0, 0], [7, 3, {k}]]") for k in range(1, 13)]
    with pytest.raises(KmcError, match="positions around a site, at most 512 are possible"):
        model_of("simple cubic", None, *far, size="[27, 27, 30]")


# --- dimers on the triangular lattice ---


def plain_jamming(size, n_copies, seed):
    """Coverages of jammed dimers, by visiting the bonds of each torus in random order; an own program."""
    random = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(size), np.arange(size))
    site = (x + size * y).ravel()
    ends = [((x + dx) % size + size * ((y + dy) % size)).ravel() for dx, dy in ((1, 0), (0, 1), (-1, 1))]
    bonds = np.array([np.tile(site, 3), np.concatenate(ends)])
    order = random.permuted(np.tile(np.arange(3 * size * size, dtype=np.int32), (n_copies, 1)), axis=1).T
    occupied = np.zeros((n_copies, size * size), dtype=bool)
    copies = np.arange(n_copies)
    for bond in order:
        one, other = bonds[:, bond]
        free = ~(occupied[copies, one] | occupied[copies, other])
        occupied[copies[free], one[free]] = True
        occupied[copies[free], other[free]] = True
    return occupied.mean(axis=1)


@pytest.mark.parametrize("n_copies", [300, pytest.param(3000, marks=pytest.mark.verify)])
def test_dimers_on_the_triangular_lattice_jam_at_the_known_coverage(n_copies):
    """Jamming coverage 0.9142(12), and that of an independent program within |z| < 4.5 (2e-5).

    Each layer of a hexagonal box with pairs in the layer only is a torus of its own, of 60 x 60 sites. Literature:
    E. J. Perino et al., J. Stat. Mech. (2017) 073206, doi:10.1088/1742-5468/aa79ae (title and
    journal looked up, the DOI could not be).
    """
    size = 60
    lattice = Lattice("hexagonal", 1.0, (n_copies, size, size), (False, True, True))
    dimer = Pattern((EMPTY, EMPTY), (1, 1), ((0, 0, 0), (0, 0, 1)))
    engine = engine_of(lattice, (dimer,), (1.0,), np.zeros(lattice.shape, dtype=np.uint8), 51)
    assert engine.run((10**9, 0.0)) == ExitReason.NO_EVENTS
    found = (engine.species.reshape(n_copies, -1) != 0).mean(axis=1)
    plain = plain_jamming(size, n_copies, 52)
    error = np.sqrt((found.var(ddof=1) + plain.var(ddof=1)) / n_copies)
    z = (found.mean() - plain.mean()) / error
    print(f"jammed: {found.mean():.5f}, by an own program {plain.mean():.5f}, z {z:.2f}; literature 0.9142(12)")
    assert abs(z) < LIMIT
    assert abs(found.mean() - 0.9142) < 0.0012


# --- equilibria ---


@pytest.mark.parametrize(
    ("kind", "surface", "equation", "geometry", "order"),
    [
        ("hexagonal", None, "empty <=> A", None, 1),
        ("hexagonal", None, "2 empty <=> 2 A", None, 2),
        ("fcc", 111, "2 empty <=> 2 A", None, 2),
        ("bcc", 110, "2 empty <=> 2 A", None, 2),
        ("fcc", 100, "3 empty <=> 3 A", "[[0, 0, 0], [1, 0, 0], [0, 1, 0]]", 3),
        ("bcc", 111, "3 empty <=> 3 A", "[[0, 0, 0], [0, 1, 0], [1, 0, 0]]", 3),
    ],
)
def test_molecules_on_one_to_three_sites_reach_the_coverage_of_langmuir(kind, surface, equation, geometry, order):
    """theta/(1 - theta) = K^(1/n), K = exp(-dG/kT), for adsorption that breaks a molecule into n equal parts.

    The weight of a state is x^N with x = K^(1/n), whatever the lattice. 100 samples of 2197 sites, each after at least
    half an event per site: |z| < 4.5 (2e-5). Their variance is the binomial one within a factor of 2, so that they are
    independent.
    """
    free_energy = -0.02
    rate = f"{{law: constant, rate-constant: 1e3 1/s, reaction-free-energy: {free_energy} eV}}"
    engine = model_of(kind, surface, (equation, rate, geometry), size="[13, 13, 13]", seed=7).engine()
    coverages = []
    for sample in range(1, 106):
        engine.run((0, 1e-3 * sample))
        coverages.append((engine.species != 0).mean())
    coverages = coverages[5:]
    weight = np.exp(-free_energy / (BOLTZMANN_EV * 300.0)) ** (1 / order)
    exact = weight / (1 + weight)
    z = z_score(coverages, exact)
    spread = np.var(coverages) / (exact * (1 - exact) / 2197)
    print(f"{kind} {surface} {equation}: {np.mean(coverages):.5f} ({exact:.5f}), z {z:.2f}, variance {spread:.2f}")
    assert abs(z) < LIMIT
    assert 0.5 < spread < 2.0


def matchings(bonds, n_sites):
    """Ways to put n dimers on bonds without overlap, for n = 0, 1, ..., by running through sets of free sites."""
    neighbours = [0] * n_sites
    for one, other in bonds:
        neighbours[one] |= 1 << other
        neighbours[other] |= 1 << one

    @cache
    def count(free):
        if not free:
            return (1,)
        site = free.bit_length() - 1
        rest = free & ~(1 << site)
        total = [*count(rest), 0]
        for other in range(site):
            if rest & neighbours[site] & (1 << other):
                for n, ways in enumerate(count(rest & ~(1 << other))):
                    total.extend([0] * (n + 2 - len(total)))
                    total[n + 1] += ways
        return tuple(total)

    return np.trim_zeros(np.array(count((1 << n_sites) - 1), dtype=float), "b")


ORIENTED = """\
run: {duration: 1 s, seed: 3}
lattice: {type: hexagonal, spacing: 0.5 nm, size: [4, 4, 1], fill: empty}
protocol: {temperature: 300 K, potential: 0 V}
species:
  empty: {phase: liquid}
  H1: {phase: liquid}
  T1: {phase: liquid}
  H2: {phase: liquid}
  T2: {phase: liquid}
  H3: {phase: liquid}
  T3: {phase: liquid}
processes:
"""


def test_molecules_that_know_how_they_lie_keep_their_tails_and_have_the_exact_equilibrium():
    """Dimers come and go on a 4 x 4 triangular torus: weight exp(-dG/kT) for each, on sets of bonds without overlap.

    Head and tail have a species for each orientation, and processes happen in the given orientation only, so that no
    molecule leaves with the tail of another. 3000 samples: |z| < 4.5 for mean and variance of the number of dimers.
    """
    steps = ((1, 0), (0, 1), (-1, 1))
    energy, text = -0.03, ORIENTED
    rate = f"{{law: constant, rate-constant: 100 1/s, reaction-free-energy: {energy} eV}}"
    for number, (x, y) in enumerate(steps, start=1):
        text += f"- {{name: along {number}, equation: 2 empty <=> H{number} + T{number}, rate: {rate}, "
        text += f"geometry: [[0, 0, 0], [{x}, {y}, 0]], orientations: given}}\n"
    engine = Model.of(parse_deck(text)).engine()
    bonds = [(x + 4 * y, (x + dx) % 4 + 4 * ((y + dy) % 4)) for x in range(4) for y in range(4) for dx, dy in steps]
    assert engine.total_propensity == pytest.approx(100 * len(bonds))
    numbers = []
    for sample in range(1, 3001):
        time = 0.1 * sample
        engine.run((int(time), time - int(time)))
        plane = engine.species.reshape(4, 4)
        for number, (x, y) in enumerate(steps, start=1):
            tails = np.roll(plane == 2 * number - 1, (y, x), axis=(0, 1))
            np.testing.assert_array_equal(plane == 2 * number, tails)
        numbers.append(np.count_nonzero(plane) // 2)
    weights = matchings(bonds, 16)
    weights *= np.exp(-energy / (BOLTZMANN_EV * 300.0)) ** np.arange(len(weights))
    exact = np.arange(len(weights)) @ weights / weights.sum()
    spread = (np.arange(len(weights)) - exact) ** 2 @ weights / weights.sum()
    scores = z_score(numbers, exact), z_score((np.array(numbers) - exact) ** 2, spread)
    print(f"dimers {np.mean(numbers):.4f} ({exact:.4f}), z {scores[0]:.2f}; variance z {scores[1]:.2f}")
    assert max(map(abs, scores)) < LIMIT


# --- tunnelling ---


@pytest.mark.parametrize(("kind", "surface"), EVERY)
def test_electrons_pass_one_site_of_the_height_of_a_layer_in_every_layer(kind, surface):
    """Exponent of the site in layer n above the electrode = beta (n - 1) b under a full film; exact, no statistics."""
    more = "" if surface is None else f"surface: {surface}, "
    text = DECK.format(kind=kind, more=more, size="[5, 5, 8]", z="walls", random="[]", seed=1)
    text = text.replace("fill: empty", "fill: A, layers: [{species: electrode, from: 0, to: 0}]")
    text = text[: text.index("species: {empty")] + """\
tunnelling: {decay: {default: 0 1/nm, A: 2 1/nm}}
species:
  electrode: {phase: electrode}
  A: {phase: dissolved, formula: Li, charge: 1}
  B: {phase: dissolved, formula: Li}
processes:
- {name: step, equation: A + e- => B, rate: {law: constant, rate-constant: 1 1/s}, tunnelling: true}
"""
    model = Model.of(parse_deck(text))
    height = model.lattice.layer_height
    rates = np.exp(-2e9 * height * np.arange(7))
    assert model.engine().total_propensity == pytest.approx(25 * rates.sum(), rel=1e-8)
