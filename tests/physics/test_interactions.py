# SPDX-License-Identifier: BSD-3-Clause
"""Lateral interactions of a deck: rates follow the energy of the whole lattice, and are in detailed balance."""

import numpy as np
import pytest
from reference_energy import ReferenceEnergy

from kmc.constants import BOLTZMANN_EV
from kmc.deck import parse_deck
from kmc.model import Model
from kmc_core import Engine

# --- rates: three lattices, two species, clusters of one to four sites --------------------------------------

CLUSTERS = {
    "square": [
        ("alone", [(0, 0)], "B", -0.013),
        ("pair", [(0, 0), (1, 0)], "AA", -0.11),
        ("mixed pair", [(0, 0), (0, 1)], "AB", 0.07),
        ("diagonal", [(0, 0), (1, -1)], "AB", -0.0333333333),
        ("third shell", [(0, 0), (2, 0)], "BB", 0.021),
        ("corner", [(0, 0), (1, 0), (0, 1)], "AAB", 0.05),
        ("line", [(0, 0), (1, 0), (2, 0)], "ABA", -0.04),
        ("block", [(0, 0), (1, 0), (0, 1), (1, 1)], "AABB", 0.3),
    ],
    "simple cubic": [
        ("pair", [(0, 0, 0), (1, 0, 0)], "AA", -0.09),
        ("mixed pair", [(0, 0, 0), (0, 0, 1)], "AB", 0.05),
        ("diagonal", [(0, 0, 0), (1, 1, 0)], "BB", -0.03),
        ("space diagonal", [(0, 0, 0), (1, 1, 1)], "AA", 0.011),
        ("corner", [(0, 0, 0), (1, 0, 0), (0, 1, 0)], "BAA", 0.06),
        ("tripod", [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], "BAAA", -0.2),
        ("wall", [(0, 0, 0), (0, 0, 1)], "EA", -0.15),
    ],
    "fcc": [
        ("pair", [(0, 0, 0), (1, 0, 0)], "AA", -0.08),
        ("mixed pair", [(0, 0, 0), (0, 1, 0)], "AB", 0.04),
        ("triangle", [(0, 0, 0), (1, 0, 0), (0, 1, 0)], "AAA", 0.09),
        ("tetrahedron", [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], "AAAB", -0.25),
    ],
}
LATTICES = {
    "square": ("type: square, spacing: 1 nm, size: [6, 5], boundaries: {x: periodic, z: walls}", "[[0,0],[1,0],[1,1]]"),
    "simple cubic": (
        "type: simple cubic, spacing: 1 nm, size: [4, 3, 4], layers: [{species: E, from: 0, to: 0}]",
        "[[0,0,0],[1,0,0],[0,0,1]]",
    ),
    "fcc": ("type: fcc, surface: 111, spacing: 1 nm, size: [4, 4, 3]", "[[0,0,0],[1,0,0],[0,1,0]]"),
}
TEMPERATURE, POTENTIAL = 420.0, 0.13
THERMAL = BOLTZMANN_EV * TEMPERATURE
# name -> equation, rate, forward barrier E0 and free energy dG0 (None: no barrier) [eV], transfer coefficient
PROCESSES = {
    "adsorption": ("vacant + gas <=> A", "{law: arrhenius, prefactor: 1e3 1/s, barrier: 0.12 eV, "
                   "reaction-free-energy: -0.05 eV}", 0.12, -0.05, 0.3),
    "hidden": ("vacant + gas <=> B", "{law: eyring, barrier: -0.02 eV, reaction-free-energy: 0.08 eV}",
               -0.02, 0.08, 0.5),
    "dissociation": ("vacant + vacant + dimer <=> A + A", "{law: constant, rate-constant: 3 1/s, "
                     "reaction-free-energy: 0.1 eV}", None, 0.1, 0.8),
    "turn": ("A <=> B", "{law: arrhenius, prefactor: 50 1/s, barrier: 0.3 eV, reaction-free-energy: -0.1 eV}",
             0.3, -0.1, 0.0),
    "charge": ("vacant + cation + e- <=> A", "{law: butler-volmer, prefactor: 20 1/s, standard-potential: 0.1 V}",
               None, POTENTIAL - 0.1, 1.0),
    "hop": ("A + vacant => vacant + A", "{law: arrhenius, prefactor: 70 1/s, barrier: 0.04 eV}", 0.04, 0.0, 0.5),
    "swap": ("A + B => B + A", "{law: constant, rate-constant: 2 1/s}", None, 0.0, 0.5),
    "triple": ("A + B + vacant <=> B + vacant + A", "{law: arrhenius, prefactor: 9 1/s, barrier: 0.1 eV, "
               "reaction-free-energy: 0 eV}", 0.1, 0.0, 0.6),
}  # fmt: skip


def cluster_lines(clusters):
    """The section `interactions` of a deck."""
    text = "interactions:\n  transfer: 0.5\n  clusters:\n"
    for name, sites, species, energy in clusters:
        places = [list(site) for site in sites]
        text += f"  - {{name: {name}, sites: {places}, species: [{', '.join(species)}], energy: {energy!r} eV}}\n"
    return text


def mixed_model(kind):
    """Model of the processes above on a lattice."""
    lattice, bent = LATTICES[kind]
    electrode = "  E: {phase: electrode}\n" if kind == "simple cubic" else ""
    text = f"""\
run: {{duration: 1 s}}
lattice: {{{lattice}, fill: vacant}}
protocol: {{temperature: {TEMPERATURE} K, potential: {POTENTIAL} V}}
species:
  vacant: {{phase: liquid}}
  A: {{phase: dissolved, formula: C}}
  B: {{phase: dissolved, formula: C}}
{electrode}solution:
  gas: {{formula: C, activity: 0.4}}
  dimer: {{formula: C2, activity: 2}}
  cation: {{formula: C, charge: 1, activity: 0.5}}
{cluster_lines(CLUSTERS[kind])}processes:
"""
    for name, (equation, rate, _, _, transfer) in PROCESSES.items():
        text += f"- name: {name}\n  equation: {equation}\n  rate: {rate}\n  transfer: {transfer}\n"
        text += f"  geometry: {bent}\n" if name == "triple" else ""
    return Model.of(parse_deck(text))


def reference_of(kind, model):
    """Energies of configurations without sums around sites."""
    index = {each.name: each.index for each in model.mechanism.species}
    clusters = []
    for _, sites, species, energy in CLUSTERS[kind]:
        offsets = [(site[1], 0, site[0]) if len(site) == 2 else site[::-1] for site in sites]
        clusters.append((offsets, tuple(index[name] for name in species), energy))
    return ReferenceEnergy(clusters, model.lattice)


def engine_at(model, species, seed=1, tables=None, interactions=None):
    """Engine of a model with the given species."""
    tables, interactions = tables or model.tables, interactions or model.interactions
    engine = Engine(
        species, model.lattice.periodic, tables.rules, np.random.PCG64DXSM(seed), interactions=interactions
    )
    engine.set_rates(model.rates(0.0), interactions)
    return engine


def random_species(model, generator):
    """A configuration of vacant, A and B; the electrode stays."""
    initial = model.initial()
    species = generator.integers(0, 3, initial.shape, dtype=np.uint8)
    return np.where(initial == 0, species, initial)


def base_rate(model, process):
    """Rate constant for one placement without interactions [1/s]."""
    potential, temperature = model.protocol.at(0.0)
    constants = model.mechanism.rate_constants(temperature, potential, model.lattice.spacing)
    return constants[process.index] / model.tables.symmetry[process.index]


def expected_factor(process, change):
    """What an energy change [eV] makes of a rate: exp(-(E(dE) - E(0))/kT) with the floors, in either direction."""
    _, _, barrier, free_energy, transfer = PROCESSES[process.name.removesuffix(" (reverse)")]
    backward = process.reverse_of is not None
    ahead = -change if backward else change

    def crossed(energy):
        if barrier is None:
            return transfer * energy
        return max(barrier + transfer * energy, free_energy + energy, 0.0)

    shift = crossed(ahead) - crossed(0.0) - (ahead if backward else 0.0)
    return np.exp(-shift / THERMAL)


@pytest.mark.parametrize("kind", LATTICES)
def test_rates_of_a_deck_follow_the_energy_of_the_whole_lattice(kind):
    """Every event at every site of 6 configurations, rates to 1e-12, energies by distances alone."""
    model = mixed_model(kind)
    reference, generator = reference_of(kind, model), np.random.default_rng(11)
    configurations = [random_species(model, generator) for _ in range(6)]
    engine, firsts = stacked(model, configurations)
    seen, changes = set(), set()
    for species, first in zip(configurations, firsts, strict=True):
        for site in range(species.size):
            for number, rate, places, new in engine.rates_at(first + site):
                if max(places) >= first + species.size or min(places) < first:
                    continue  # it leaves the configuration
                process = model.mechanism.processes[number]
                change = reference.change(species, np.array(places) - first, new)
                expected = base_rate(model, process) * expected_factor(process, change)
                assert rate == pytest.approx(expected, rel=1e-12), (process.name, change)
                seen.add(number)
                changes.add(round(change, 9))
    assert seen == set(range(len(model.mechanism.processes)))
    assert len(changes) > 50
    assert min(changes) < -0.3 < 0.3 < max(changes)


def summed_events(engine, sites, first=0):
    """{(process, changed sites less `first`, their new species): rate}, summed over placements that do the same."""
    found = {}
    for site in sites:
        for number, rate, places, new in engine.rates_at(site + first):
            key = (number, *zip(*sorted((place - first, s) for place, s in zip(places, new, strict=True)), strict=True))
            found[key] = found.get(key, 0.0) + rate
    return found


def stacked(model, configurations):
    """One engine with many configurations above each other, too far apart to notice, and the first site of each."""
    gap = 3
    padded = [np.concatenate([each, np.zeros_like(each[:1]).repeat(gap, axis=0)]) for each in configurations]
    return engine_at(model, np.concatenate(padded)), [index * padded[0].size for index in range(len(padded))]


def log_activities(model, process):
    """ln of the activities that the forward process consumes."""
    forward = process if process.reverse_of is None else model.mechanism.processes[process.reverse_of]
    orders = forward.activity_orders.items()
    return sum(order * np.log(model.mechanism.solution[index].activity.value) for index, order in orders)


@pytest.mark.parametrize("kind", LATTICES)
def test_every_event_is_in_detailed_balance_with_its_way_back(kind):
    """ln k(s -> s') - ln k(s' -> s) = -(H(s') - H(s) + dG0)/kT for every third event of a configuration, to 1e-11."""
    model = mixed_model(kind)
    reference = reference_of(kind, model)
    species = random_species(model, np.random.default_rng(12))
    reverse_of = {process.reverse_of: process.index for process in model.mechanism.processes}
    events = list(summed_events(engine_at(model, species), range(species.size)).items())[::3]
    configurations = []
    for (_, places, new), _ in events:
        configurations.append(species.copy())
        configurations[-1].ravel()[list(places)] = new
    engine, first = stacked(model, configurations)
    on_a_floor = 0
    for index, ((number, places, new), rate) in enumerate(events):
        process = model.mechanism.processes[number]
        back = reverse_of.get(number, number) if process.reverse_of is None else process.reverse_of
        old = tuple(species.ravel()[list(places)].tolist())
        backward = summed_events(engine, places, first[index])[back, places, old]
        _, _, barrier, energy, transfer = PROCESSES[process.name.removesuffix(" (reverse)")]
        sign = 1.0 if process.reverse_of is None else -1.0
        change = sign * reference.change(species, places, new)
        expected = sign * (log_activities(model, process) - (change + energy) / THERMAL)
        assert np.log(rate / backward) == pytest.approx(expected, abs=1e-11), process.name
        on_a_floor += barrier is not None and barrier + transfer * change < max(energy + change, 0.0)
    assert on_a_floor > 5
