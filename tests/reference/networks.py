# SPDX-License-Identifier: BSD-3-Clause
"""Reaction networks without a deck: shared by the tests of the core and by the benchmarks."""

from dataclasses import dataclass, field

import cases
import numpy as np
from reference_engine import ReferenceEngine
from reference_solution import ReferenceSolution

from kmc_core import Engine, Solution

ATTEMPTS = 6.2124e12
"""float: kB T / h at 298.15 K [1/s]."""

KT = 0.025693
"""float: thermal energy at 298.15 K [eV]."""

NOWHERE = cases.Case(cases.cubic(1, 1, 1), (), (), np.zeros((1, 1, 1), dtype=np.uint8), 1).parts()
"""Parts: a lattice on which nothing happens."""


@dataclass(frozen=True)
class Network:
    """Molecules and reactions, and what the processes of a lattice exchange with them.

    Reactions are (reactants, products, rate), each a dict of numbers by species; exchanges are (asked for, added) by
    process.
    """

    count: tuple
    reactions: tuple
    lattice: cases.Parts = field(default=NOWHERE)
    exchange: tuple = ()

    def arrays(self):
        """Arguments of a Solution."""
        reactants = [sorted(reaction[0].items()) for reaction in self.reactions]
        changes = [
            [(s, products.get(s, 0) - asked.get(s, 0)) for s in sorted({*asked, *products})]
            for asked, products, _ in self.reactions
        ]
        changes = [[(s, n) for s, n in row if n] for row in changes]
        return dict(
            count=np.array(self.count, dtype=np.int64),
            **_flat("reactant_ptr", "reactant_species", "reactant_order", reactants),
            **_flat("change_ptr", "change_species", "change", changes),
            rates=np.array([rate for *_, rate in self.reactions], dtype=np.float64),
        )

    def _exchange(self):
        order, change = np.zeros((2, self.lattice.rules.n_processes, len(self.count)), dtype=np.int64)
        for process, (asked, added) in enumerate(self.exchange):
            for species, number in asked.items():
                order[process, species] = number
            for species, number in added.items():
                change[process, species] = number
        return {"exchange_change": change, "exchange_order": order}

    def _made(self, engine, solution, seed):
        parts = self.lattice
        return engine(
            parts.species if parts is not NOWHERE else np.zeros((0, 0, 0), dtype=np.uint8),
            parts.periodic,
            parts.rules,
            cases.bits(seed),
            decay=parts.decay,
            quantum=parts.quantum,
            cutoff=parts.cutoff,
            solution=solution(**self.arrays()),
            **self._exchange(),
        )

    def engine(self, seed=1):
        """The compiled engine."""
        return self._made(Engine, Solution, seed)

    def twin(self, seed=1):
        """The engine in plain Python."""
        return self._made(ReferenceEngine, ReferenceSolution, seed)


def _flat(pointers, species, numbers, rows):
    flat = np.array([pair for row in rows for pair in row], dtype=np.int64).reshape(-1, 2)
    return {
        pointers: np.cumsum([0, *(len(row) for row in rows)]),
        species: flat[:, 0],
        numbers: flat[:, 1],
    }


def birth_and_death(n=100):
    """DSMTS 001-01: X -> 2 X with 0.1, X -> nothing with 0.11."""
    return Network((n,), (({0: 1}, {0: 2}, 0.1), ({0: 1}, {}, 0.11)))


def dimerisation(n=100):
    """DSMTS 003-01: 2 P -> P2 with 0.001 per pair, P2 -> 2 P with 0.01."""
    return Network((n, 0), (({0: 2}, {1: 1}, 0.001), ({1: 1}, {0: 2}, 0.01)))


def crowd(count=(4, 3, 2, 0, 1), seed=3):
    """Five species of few molecules that become one another in every way, up to third order; mass is conserved."""
    rng = np.random.Generator(cases.bits(seed))
    ways = (
        ({0: 1}, {1: 1}),
        ({1: 1}, {0: 1}),
        ({1: 2}, {2: 1}),
        ({2: 1}, {0: 1, 1: 1}),
        ({0: 1, 1: 1}, {3: 1}),
        ({3: 1}, {0: 2}),
        ({0: 3}, {4: 1}),
        ({4: 1}, {1: 1, 2: 1}),
        ({2: 1, 3: 1}, {3: 1, 1: 2}),
        ({2: 1, 0: 1}, {4: 1}),
    )
    rates = 10.0 ** rng.uniform(-0.7, 0.7, len(ways))
    return Network(count, tuple((*way, rate) for way, rate in zip(ways, rates.tolist(), strict=True)))


def sei_like(count=500, seed=1):
    """A network with the shape of that of Spotte-Smith et al., ACS Energy Lett. 7, 1446 (2022): 62 species.

    28 molecules bind Li+ (56 reactions) and hand it to one another (756), barrier max(dG, 0.266 eV); 21 of them take
    an electron and give it back (42, Marcus), 52 come together in pairs and part again (104), one decays. Free energies
    are drawn.
    """
    rng = np.random.Generator(cases.bits(seed))
    n_pairs, lithium, others = 28, 56, range(57, 62)
    binding, reactions = rng.uniform(0.4, 1.4, n_pairs), []

    def speed(barrier):
        return float(ATTEMPTS * np.exp(-max(barrier, 0.0) / KT))

    for i in range(n_pairs):
        reactions += [({2 * i: 1, lithium: 1}, {2 * i + 1: 1}, ATTEMPTS)]
        reactions += [({2 * i + 1: 1}, {2 * i: 1, lithium: 1}, speed(binding[i]))]
        for j in range(n_pairs):
            if i != j:
                barrier = max(binding[i] - binding[j], 0.266)
                reactions += [({2 * i + 1: 1, 2 * j: 1}, {2 * i: 1, 2 * j + 1: 1}, speed(barrier))]
    for i in range(21):
        gain, reorganisation = rng.uniform(-0.6, 0.6), rng.uniform(0.6, 1.6)
        forward = (reorganisation - gain) ** 2 / (4 * reorganisation)
        reactions += [({2 * i: 1}, {2 * i + 2: 1}, speed(forward)), ({2 * i + 2: 1}, {2 * i: 1}, speed(forward + gain))]
    for i in range(52):
        a, b = rng.choice(56, 2, replace=False).tolist()
        whole, barrier, depth = others[i % 5], rng.uniform(0.2, 0.7), rng.uniform(0.0, 0.3)
        reactions += [({a: 1, b: 1}, {whole: 1}, speed(barrier)), ({whole: 1}, {a: 1, b: 1}, speed(barrier + depth))]
    reactions += [({others[0]: 1}, {others[1]: 1}, speed(0.4))]
    return Network((count,) * 62, tuple(reactions))


def sorption(shape, molecules, adsorption=0.02, desorption=1.0):
    """Molecules that sit down on the empty sites of a lattice and leave again."""
    patterns = (cases.single(0, 1), cases.single(1, 0))
    empty = np.zeros(shape, dtype=np.uint8)
    parts = cases.Case(cases.cubic(*shape), patterns, (adsorption, desorption), empty, 2).parts()
    return Network((molecules,), (), parts, (({0: 1}, {0: -1}), ({}, {0: 1})))


def exchanging_film(molecules=40):
    """Walkers on a lattice that come out of a solution in which they pair; two come back as a dimer that dissolves.

    Species of the lattice: empty, walker, dimer on one site. In solution: monomer, dimer.
    """
    patterns = (
        cases.single(0, 1),
        cases.single(1, 0),
        cases.pair(1, 0, 0, 1),
        cases.pair(1, 1, 2, 0),
        cases.single(2, 0),
        cases.single(0, 2),
    )
    shape = (5, 6, 4)
    parts = cases.Case(
        cases.cubic(*shape),
        patterns,
        (0.02, 0.8, 1.0, 0.5, 0.3, 0.004),
        np.zeros(shape, dtype=np.uint8),
        3,
    ).parts()
    exchange = (({0: 1}, {0: -1}), ({}, {0: 1}), ({}, {}), ({}, {}), ({}, {1: 1}), ({0: 2}, {0: -2}))
    reactions = (({0: 2}, {1: 1}, 0.01), ({1: 1}, {0: 2}, 0.2))
    return Network((molecules, 0), reactions, parts, exchange)
