# SPDX-License-Identifier: BSD-3-Clause
"""Mechanisms with interactions drawn at random: after every event all that is kept is compared with what it stands for.

`Engine.verify` works out anew, site by site, how far the energies of each rule may still fall, and asks for every rule
at the very end of its rate. What no one would write by hand comes up here: rates of zero, species without energy as
anchor or partner, rules that start from several species, levels of electrons, layers, walls, boxes around which an
event reaches, new rates in mid-run.
"""

from dataclasses import replace
from types import SimpleNamespace

import cases
import numpy as np
import pytest
from expansions import EMPTY, KT, energy_of, interactions_of

from kmc.lattice import Lattice
from kmc.patterns import Pattern
from kmc.tables import DECAY_QUANTUM, build_rules
from kmc_core import Engine, restore, snapshot

KINDS = ["square", "square", "simple cubic"]
SHELL = {"square": [(0, 0, 1), (1, 0, 0), (1, 0, 1), (1, 0, -1), (0, 0, 2), (2, 0, 0)],
         "simple cubic": [(0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 1, 1), (1, 0, -1)]}  # fmt: skip
BESIDE = {"square": [(0, 0, 1)], "simple cubic": [(0, 0, 1)]}
BENT = {"square": (1, 0, 0), "simple cubic": (0, 1, 0)}


class Draw:
    """A mechanism, a box and conditions out of one seed."""

    def __init__(self, seed, size=None):
        self.random = np.random.default_rng(seed)
        self.kind = self.random.choice(KINDS)
        self.n_species = int(self.random.integers(2, 5))
        self.neutral = int(self.random.integers(1, self.n_species)) if self.n_species > 2 and self.coin() else None
        self.thermal = KT * 2.0 ** self.random.integers(-1, 3)
        self.size = self.one_of([3e7, 1e8]) if size is None else size
        self.clusters = [self.cluster() for _ in range(self.random.integers(1, 10))]
        self.patterns = self.all_patterns()
        self.lines = [self.some_lines() for _ in self.patterns]
        self.lattice = self.box()
        self.layers = self.some_layers()
        self.decay = self.random.choice([0.0, 0.001, 0.05, 0.3], self.n_species + 1)

    def coin(self, chance=0.5):
        return self.random.random() < chance

    def one_of(self, choices):
        return choices[self.random.integers(len(choices))]

    def cluster(self):
        """One to four members, each beside the one before."""
        members = [species for species in range(0 if self.coin(0.2) else 1, self.n_species) if species != self.neutral]
        sites = [(0, 0, 0)]
        for _ in range(self.one_of([0, 1, 1, 1, 2, 2, 2, 3])):
            step = np.array(self.one_of(SHELL[self.kind][: self.one_of([2, None])])) * self.one_of([1, -1])
            new = tuple((np.array(sites[-1]) + step).tolist())
            if new not in sites and np.abs(new).max() <= 2:
                sites.append(new)
        species = tuple(int(self.one_of(members)) for _ in sites)
        return species, tuple(sites), int(self.random.normal(0.0, self.size))

    def all_patterns(self):
        """Every species comes and goes, most of them hop; besides, anything."""
        found = []
        for species in range(1, self.n_species):
            tunnels = self.coin(0.15)
            found += [self.process([EMPTY], [species], tunnels), self.process([species], [EMPTY], tunnels)]
            if self.coin(0.7):
                found.append(self.process([species, EMPTY], [EMPTY, species], False))
        if self.neutral is not None and self.coin():  # the anchor changes without energy, its partner does not
            other = int(self.random.integers(1, self.n_species))
            found.append(self.process(*self.one_of([([EMPTY, other], [self.neutral, EMPTY]),
                                                    ([self.neutral, other], [EMPTY, EMPTY])]), False))  # fmt: skip
        for _ in range(self.random.integers(0, 4)):
            old, new = self.random.integers(0, self.n_species, (2, self.one_of([1, 2, 2, 2, 3])))
            if (old != new).any():
                found.append(self.process(old.tolist(), new.tolist(), self.coin(0.1), self.coin(0.15)))
        return tuple(found)

    def process(self, old, new, tunnels, has_choice=False):
        """What stays as it is is a mere condition now and then."""
        sets = [frozenset({species, int(self.random.integers(self.n_species))} if has_choice and k else {species})
                for k, species in enumerate(old)]  # fmt: skip
        written = tuple(None if a == b and self.coin() else b for a, b in zip(old, new, strict=True))
        written = written if any(each is not None for each in written) else tuple(new)
        places = ((0, 0, 0), *BESIDE[self.kind], BENT[self.kind])[: len(old)]
        return Pattern(tuple(sets), written, places, tunnels=tunnels)

    def some_lines(self):
        slope = self.one_of([0.3, 0.5, 0.8, 1.0])
        return self.one_of([[], [(0.5, 0.0)], [(slope, 0.0)], [(slope, 0.0)], [(slope, 0.01), (0.0, -0.05)],
                            [(0.2, 0.0), (slope, -0.03), (1.0, -0.1)], [(0.0, 0.02)]])  # fmt: skip

    def box(self):
        """Walls or periodic; now and then no wider than clusters allow."""
        reach = np.abs([site for _, sites, _ in self.clusters for site in sites]).max(axis=0, initial=1)
        reach = 2 * np.minimum(reach, 2)  # between two members of a cluster
        room = self.one_of([0, 1, 6, 10] if self.kind == "square" else [0, 1, 2])
        shape = tuple(int(size) for size in np.maximum(2 * reach + 1, 4) + self.random.integers(0, room + 1, 3))
        if self.kind == "square":
            return Lattice("square", 1e-9, (shape[0], 1, shape[2]), (self.coin(), False, self.coin()))
        return Lattice("simple cubic", 1e-9, shape, (self.coin(), self.coin(), self.coin()))

    def some_layers(self):
        notices = [self.coin(0.3) for _ in self.patterns] if self.coin(0.3) else [False] * len(self.patterns)
        return SimpleNamespace(n_layers=3, notices=notices)

    def rates(self, n):
        """Over four decades, a seventh of them zero."""
        return 10.0 ** self.random.uniform(-2.0, 2.0, n) * (self.random.random(n) > 1 / 7)

    def engine(self, seed, species=None):
        """An engine of what was drawn; the first two processes always have a rate."""
        if species is None:
            species = self.random.choice(self.n_species, self.lattice.shape).astype(np.uint8)
            rules = build_rules(self.patterns, self.n_species, self.lattice, self.layers)
            rates = self.rates(len(rules.rates))
            rates[rules.rule_rate[np.asarray(rules.rule_process) < 2]] = 1.0
            self.rules = replace(rules, rates=rates)
        decay = np.round(self.decay / DECAY_QUANTUM).astype(np.int64)
        return Engine(species, self.lattice.periodic, self.rules, cases.bits(seed), decay=decay, quantum=DECAY_QUANTUM,
                      cutoff=round(4.0 / DECAY_QUANTUM),
                      layer_of=np.minimum(np.arange(self.lattice.shape[0]), 2).astype(np.int32),
                      interactions=interactions_of(self.clusters, self.lines, self.thermal))  # fmt: skip

    def twin_of(self, engine):
        """Another engine, restored from a snapshot."""
        other = self.engine(99, np.array(engine.species).reshape(self.lattice.shape))
        restore(other, {name: array.copy() for name, array in snapshot(engine).items()})
        return other


def check(seed, n_events, at_once=1):
    """Run a draw, look at all that it keeps, change its rates, and go on from a snapshot."""
    draw = Draw(seed)
    engine = draw.engine(seed)
    engine.verify()
    for k in range(n_events):
        engine.run(cases.FOREVER, at_once)
        engine.verify()
        if k == n_events // 3:
            draw.thermal *= 1.2
            engine.set_rates(engine.rules.rates * draw.random.uniform(0.5, 2.0, len(engine.rules.rates)),
                             interactions_of(draw.clusters, draw.lines, draw.thermal))  # fmt: skip
            engine.verify()
        if k == 2 * n_events // 3:
            other = draw.twin_of(engine)
            other.verify()
            for each in (engine, other):
                each.run(cases.FOREVER, 10 * at_once)
            assert same(snapshot(engine), snapshot(other))
            engine = other
    return draw, engine


def same(first, second):
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("seed", range(1, 41))
def test_everything_kept_of_a_random_mechanism_stands_after_every_event(seed):
    check(seed, 12)


@pytest.mark.parametrize("size", [1e0, 1e3, 1e6, 1e9, 1e10, 1e11, 1e12])
@pytest.mark.parametrize("seed", [50, 51])
def test_clusters_may_have_any_strength(size, seed):
    """From 1e-9 to 1000 eV, with kB T of some 1e-2 eV: what is too strong for lanes is worked out as it is."""
    engine = Draw(seed, size).engine(seed)
    engine.verify()
    for _ in range(10):
        engine.run(cases.FOREVER, 1)
        engine.verify()


@pytest.mark.verify
@pytest.mark.parametrize("first", range(1000, 1400, 40))
def test_everything_kept_of_many_random_mechanisms_stands_for_hundreds_of_events(first):
    """`verify` after every third event: what an event breaks is seen before it is mended."""
    for seed in range(first, first + 40):
        check(seed, 100, 3)


@pytest.mark.parametrize("seed", range(1, 21))
def test_rates_of_a_random_mechanism_follow_the_energy_of_the_whole_lattice(seed):
    """In a periodic box: two engines, before and after 5 events; every rule of every ninth site, by its energy."""
    draw = Draw(seed)
    draw.lattice = replace(draw.lattice, periodic=tuple(size > 1 for size in draw.lattice.shape))
    draw.layers = SimpleNamespace(n_layers=3, notices=[False] * len(draw.patterns))
    draw.patterns = tuple(replace(pattern, tunnels=False) for pattern in draw.patterns)
    engine = draw.engine(seed)
    for _ in range(2):
        engine.run(cases.FOREVER, 5)
        before = np.array(engine.species).reshape(draw.lattice.shape)
        for site in range(0, before.size, 9):
            for process, rate, places, new in engine.rates_at(site):
                after = before.copy()
                after.ravel()[list(places)] = new
                change = (energy_of(after, draw.clusters) - energy_of(before, draw.clusters)) * 1e-9
                lines = draw.lines[process]
                factor = np.exp(-max(b + m * change for m, b in lines) / draw.thermal) if lines else 1.0
                assert rate == pytest.approx(engine.rules.rates[process] * factor, rel=1e-9)
