# SPDX-License-Identifier: BSD-3-Clause
"""A restored engine goes on to the same bits as one that never stopped."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import cases
import networks
import numpy as np
import pytest
from kmc_core.verification import structures

from kmc_core import Engine, ExitReason, restore, snapshot

_SPEC = importlib.util.spec_from_file_location("interacting", Path(__file__).with_name("test_energies.py"))
interacting = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(interacting)

MECHANISMS = {
    "walkers": replace(cases.rd3d((12, 11, 13)), constants=(0.02, 0.1, 1.0, 0.4, 0.05)),
    "counted neighbours": cases.lattice_gas((7, 8, 9)),
    "film": cases.film((16, 7, 6)),
    "adsorption": cases.zgb2d(12, 9),
    "self images": replace(cases.rd3d((2, 3, 2)), constants=(0.02, 0.1, 1.0, 0.4, 0.05)),
}


def lattice_engine(name, species=None, seed=3):
    parts = MECHANISMS[name].parts()
    return cases.engine_of(parts if species is None else parts._replace(species=species), seed)


def interacting_engine(species=None, seed=3):
    return interacting.gas(seed, species=species)


def network_engine(make):
    """An engine for a network; species of another one can be put on its lattice."""

    def engine(species=None, seed=3):
        network = make()
        if species is not None:
            network = replace(network, lattice=network.lattice._replace(species=species))
        return network.engine(seed)

    return engine


ENGINES = {name: lambda species=None, seed=3, name=name: lattice_engine(name, species, seed) for name in MECHANISMS} | {
    "interacting": interacting_engine,
    "reactions": network_engine(networks.crowd),
    "exchange": network_engine(networks.exchanging_film),
    "sorption": network_engine(lambda: networks.sorption((5, 6, 4), 60)),
}


def continued(engine, make):
    """Another engine, made from the species and with other random numbers, that takes the snapshot over."""
    arrays = {name: array.copy() for name, array in snapshot(engine).items()}
    species = arrays["species"].reshape(SHAPES[engine.species.size])
    other = make(species=species if species.size else None, seed=77)
    restore(other, arrays)
    return other


SHAPES = {case.species.size: case.species.shape for case in MECHANISMS.values()} | {
    interacting.LATTICE.n_sites: interacting.LATTICE.shape,
    120: (5, 6, 4),
    0: (0, 0, 0),
}
"""dict: boxes of the engines here, by their number of sites."""


def assert_same(one, other):
    """Equal in all that the future depends on, and in what follows from it."""
    mine, its = snapshot(one), snapshot(other)
    assert mine.keys() == its.keys()
    for name, array in mine.items():
        np.testing.assert_array_equal(array, its[name], err_msg=name)


def advance(engine, n):
    """Run for some events, or for a year where nothing happens any more."""
    return engine.run((engine.time[0] + 31_557_600, 0.0), n)


def changed_rates(engine, step):
    """Other rate constants for everything, by up to two decades, one of them all but zero."""
    rates = np.array(engine.rules.rates) * 10.0 ** (0.3 * step - 1) * (1.0 + 0.1 * np.arange(len(engine.rules.rates)))
    if len(rates):
        rates[step % len(rates)] *= 1e-3
    engine.set_rates(rates)
    if engine.solution.n_reactions:
        engine.solution.set_rates(np.array(engine.solution.rates) * (1.0 + 0.25 * (step % 3)))


@pytest.mark.parametrize("name", ENGINES)
def test_a_restored_engine_goes_on_to_the_same_bits(name):
    make = ENGINES[name]
    engine = make()
    for n in (0, 1, 137, 5000):
        engine.run(cases.FOREVER, n)
        other = continued(engine, make)
        other.verify()
        assert_same(engine, other)
        for each in (engine, other):
            assert each.run(cases.FOREVER, 6000) is ExitReason.MAX_EVENTS
        assert_same(engine, other)
    other.verify()
    assert engine.time == other.time
    assert engine.n_events >= 20_000


@pytest.mark.parametrize("name", ENGINES)
def test_it_does_so_through_changes_of_the_rates(name):
    make = ENGINES[name]
    engine = make()
    for step in range(6):
        advance(engine, 300)
        changed_rates(engine, step)
        engine.run((engine.time[0], engine.time[1] / 2 + 0.5), 200)
        other = continued(engine, make)
        for later in (step + 1, step + 2):
            for each in (engine, other):
                advance(each, 400)
                changed_rates(each, later)
        assert_same(engine, other)
        engine = other
    engine.verify()


def test_a_pending_candidate_beyond_the_clock_is_kept():
    engine = lattice_engine("walkers")
    engine.run((1, 0.0))
    engine.set_rates(np.full_like(engine.rules.rates, 1e-30))
    other = continued(engine, ENGINES["walkers"])
    for each in (engine, other):
        each.run((10**9, 0.5))
        each.set_rates(each.rules.rates)
        each.run((10**9, 0.75))
    assert engine.next_time is not None
    assert_same(engine, other)


def test_a_change_of_interactions_goes_on():
    engine = interacting_engine()
    warm = interacting.interactions_of(interacting.CLUSTERS, interacting.LINES, 1.3 * interacting.KT)
    engine.run(cases.FOREVER, 500)
    engine.set_rates(engine.rules.rates * 2.0, warm)
    engine.run(cases.FOREVER, 500)
    other = continued(engine, interacting_engine)
    for each in (engine, other):
        each.run(cases.FOREVER, 5000)
    assert_same(engine, other)
    other.verify()


def test_forgotten_environments_are_forgotten_again():
    """Room for environments is kept too: when they are forgotten decides what a change of rates finds."""
    engine = lattice_engine("counted neighbours")
    engine.run(cases.FOREVER, 20_000)
    rooms = snapshot(engine)["environments/room"]
    other = continued(engine, ENGINES["counted neighbours"])
    assert snapshot(other)["environments/room"].tolist() == rooms.tolist()


@pytest.mark.parametrize("bit_generator", [np.random.Philox, np.random.MT19937, np.random.SFC64])
def test_any_bit_generator_goes_on(bit_generator):
    parts = MECHANISMS["walkers"].parts()

    def engine(species, seed):
        return Engine(species, parts.periodic, parts.rules, bit_generator(seed))

    first = engine(parts.species, 1)
    first.run(cases.FOREVER, 1000)
    second = engine(np.array(first.species).reshape(parts.species.shape), 2)
    restore(second, snapshot(first))
    for each in (first, second):
        each.run(cases.FOREVER, 1000)
    assert_same(first, second)


def test_a_snapshot_is_a_copy():
    engine = lattice_engine("film")
    engine.run(cases.FOREVER, 1000)
    arrays = snapshot(engine)
    before = {name: array.copy() for name, array in arrays.items()}
    engine.run(cases.FOREVER, 1000)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


def test_an_engine_of_other_species_processes_or_random_numbers_is_refused():
    arrays = snapshot(lattice_engine("walkers"))
    moved = lattice_engine("walkers")
    moved.run(cases.FOREVER, 100)
    with pytest.raises(ValueError, match="must be made from the species of the snapshot"):
        restore(moved, arrays)
    with pytest.raises(ValueError, match="5 processes does not fit"):
        restore(cases.engine_of(cases.hop3d((12, 11, 13)).parts()._replace(species=MECHANISMS["walkers"].species)),
                arrays)
    parts = MECHANISMS["walkers"].parts()
    with pytest.raises(ValueError, match=rf"draws from {type(cases.bits()).__name__}, not Philox"):
        restore(Engine(parts.species, parts.periodic, parts.rules, np.random.Philox(1)), arrays)


def test_every_structure_of_the_engine_is_restored():
    """What `verify` looks at is equal where it does not depend on room or on numbers of classes."""
    engine = lattice_engine("film")
    engine.run(cases.FOREVER, 5000)
    other = continued(engine, ENGINES["film"])
    np.testing.assert_array_equal(engine.groups.classes, other.groups.classes)
    mine, its = structures(engine), structures(other)
    for name in ("key", "environment", "total", "group", "is_current"):  # room beyond the last class holds anything
        mine[name], its[name] = (each[name][: engine.environments.n_classes] for each in (mine, its))
    for name in mine.keys() - {"pool", "record"}:  # classes of records are compared above
        np.testing.assert_array_equal(mine[name], its[name], err_msg=name)
