# SPDX-License-Identifier: BSD-3-Clause
"""A surface with lateral interactions, for timing: 100 clusters over three shells of the square lattice.

Synthetic, without a source: energies have the size and the decay with distance and number of members of published
cluster expansions of adsorbates on metals, and no other meaning.
"""

import time
from itertools import combinations, product

import numpy as np

from kmc.clusters import Cluster, placements
from kmc.deck import parse_deck
from kmc.lattice import Lattice
from kmc.model import Model
from kmc.quantity import Quantity

N_CLUSTERS = 100
SHELLS, WIDEST = 3, 5
"""int: every member of a cluster has another one within so many shells; largest squared distance of two members."""

NAMES = "AB"
SEED = 20240521
NEAREST, PER_MEMBER, PER_DISTANCE = 0.15, 0.35, 2.0
"""float: energy of a nearest pair [eV], factor for each further member, and power of the mean distance."""

_SQUARE = Lattice("square", 1e-9, (9, 1, 9), (True, False, True))


def cluster_expansion(n_adsorbates, n_clusters=N_CLUSTERS):
    """Clusters of one to four adsorbates, the most compact ones of each size.

    Parameters
    ----------
    n_adsorbates : int
        1 or 2 species.
    n_clusters : int
        With one species there are fewer of them.

    Returns
    -------
    list of (sites, species, energy)
        Sites (x, z), names of their species, energy [eV].
    """
    sizes = {1: n_clusters, 2: n_clusters, 3: n_clusters // 3, 4: n_clusters}
    chosen = []
    for size, most in sizes.items():
        found = sorted(_decorated(_shapes(size), n_adsorbates), key=lambda form: (_spread(form), form))
        chosen += found[: min(most, n_clusters - len(chosen))]
    generator = np.random.default_rng(SEED)
    return [_with_energy(form, generator) for form in chosen]


def _shapes(size):
    """Sets of sites up to symmetry, grown one site at a time."""
    steps = [step for n in range(1, SHELLS + 1) for step in _SQUARE.shell(n)]
    shapes = {_form(((0, 0, 0),), (0,))}
    for _ in range(size - 1):
        grown = set()
        for shape in shapes:
            sites = [site for site, _ in shape]
            for site, step in product(sites, steps):
                new = tuple(a + b for a, b in zip(site, step, strict=True))
                if new not in sites and max(_squares((*sites, new))) <= WIDEST:
                    grown.add(_form((*sites, new), (0,) * (len(sites) + 1)))
        shapes = grown
    return shapes


def _decorated(shapes, n_adsorbates):
    """Shapes with every choice of species up to symmetry."""
    found = set()
    for shape in shapes:
        sites = tuple(site for site, _ in shape)
        found |= {_form(sites, species) for species in product(range(n_adsorbates), repeat=len(sites))}
    return found


def _form(sites, species):
    """The first of all placements: the same for all that symmetry makes equal."""
    return placements(Cluster("", sites, species, Quantity(0.0)), _SQUARE.operations())[0]


def _squares(sites):
    """Square of the distance of every two sites."""
    return [sum((a - b) ** 2 for a, b in zip(*pair, strict=True)) for pair in combinations(sites, 2)]


def _spread(form):
    """Mean square distance between the members."""
    return float(np.mean(_squares([site for site, _ in form]))) if len(form) > 1 else 0.0


def _with_energy(form, generator):
    """Sites and names as decks write them, and an energy: alone 0.05 eV at most, pairs mostly repulsive."""
    sites = [[x, z] for (z, _, x), _ in form]
    n, sign = len(form), 1.0 if generator.random() < 0.7 else -1.0
    size = 0.05 if n == 1 else NEAREST * PER_MEMBER ** (n - 2) * _spread(form) ** (-PER_DISTANCE / 2)
    energy = round(sign * size * generator.uniform(0.5, 1.0), 6)
    return sites, [NAMES[species] for _, species in form], energy


_HEAD = """\
run: {{duration: 1 s}}
lattice:
  type: square
  spacing: 0.28 nm
  size: [{side}, {side}]
  boundaries: {{x: periodic, z: periodic}}
  fill: vacant
  random: [{random}]
protocol: {{temperature: 600 K, potential: 0 V}}
species: {{vacant: {{phase: liquid}}, A: {{phase: dissolved, formula: CO}}, B: {{phase: dissolved, formula: O}}}}
solution: {{CO: {{formula: CO, activity: 1}}, O2: {{formula: O2, activity: 1}}, CO2: {{formula: CO2, phase: gas}}}}
"""
_PROCESSES = {
    1: """\
processes:
- name: adsorption of A
  equation: vacant + CO <=> A
  rate: {law: arrhenius, prefactor: 1e3 1/s, barrier: 0.1 eV, reaction-free-energy: -0.05 eV}
- name: hop of A
  equation: A + vacant => vacant + A
  rate: {law: arrhenius, prefactor: 1e5 1/s, barrier: 0.2 eV}
""",
    2: """\
- name: dissociation of B2
  equation: 2 vacant + O2 <=> 2 B
  rate: {law: arrhenius, prefactor: 1e3 1/s, barrier: 0.1 eV, reaction-free-energy: -0.1 eV}
- name: hop of B
  equation: B + vacant => vacant + B
  rate: {law: arrhenius, prefactor: 1e5 1/s, barrier: 0.3 eV}
- name: A and B react
  equation: A + B => 2 vacant + CO2
  rate: {law: arrhenius, prefactor: 1e4 1/s, barrier: 0.3 eV}
""",
}


def surface(n_sites, n_adsorbates=2, n_clusters=N_CLUSTERS):
    """Model of a surface on which one or two adsorbates come, hop, react and go.

    Parameters
    ----------
    n_sites : int
        Number of sites to aim at.
    n_adsorbates : int
        1: A alone; 2: A and B.
    n_clusters : int
        0: the same model without interactions.

    Returns
    -------
    kmc.model.Model
    """
    random = ", ".join(f"{{species: {name}, fraction: 0.25}}" for name in NAMES[:n_adsorbates])
    text = _HEAD.format(side=round(n_sites**0.5), random=random)
    if n_clusters:
        text += "interactions:\n  transfer: 0.5\n  clusters:\n"
        for number, (sites, species, energy) in enumerate(cluster_expansion(n_adsorbates, n_clusters)):
            members = f"sites: {sites}, species: [{', '.join(species)}]"
            text += f"  - {{name: c{number}, {members}, energy: {energy!r} eV}}\n"
    text += "".join(_PROCESSES[n] for n in range(1, n_adsorbates + 1))
    return Model.of(parse_deck(text))


def measure_beside(n_sites, n_adsorbates, n_events=20_000, repetitions=15):
    """Events per second of CPU time with and without interactions, measured in turn.

    Returns
    -------
    without, with_interactions : float
        Medians [1/s].
    """
    engines = [surface(n_sites, n_adsorbates, n_clusters).engine() for n_clusters in (0, N_CLUSTERS)]
    found = ([], [])
    for repetition in range(repetitions + 1):
        for engine, rates, n in zip(engines, found, (10 * n_events, n_events), strict=True):
            started = time.process_time()
            engine.run((10**15, 0.0), n)
            if repetition:            # the first fills lists and caches
                rates.append(n / (time.process_time() - started))
    return tuple(float(np.median(rates)) for rates in found)


if __name__ == "__main__":
    for number in (1, 2):
        plain, interacting = measure_beside(10_000, number)
        print(f"{number} adsorbate(s): {plain:.3g} events/s without, {interacting:.3g} with interactions, "
              f"ratio {plain / interacting:.1f}")
