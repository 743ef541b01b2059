# SPDX-License-Identifier: BSD-3-Clause
"""The books of a film: they close exactly, and say what is wrong when they do not."""

from types import SimpleNamespace

import numpy as np
import pytest
from films import CARBONATE, ELECTRODE, LEDC, LIQUID, MECHANISM, RADICAL, Growth, box, process

from kmc.constants import AVOGADRO, ELEMENTARY_CHARGE, FARADAY
from kmc.deck import load_deck
from kmc.errors import InternalError
from kmc.ledger import Ledger, stoichiometry
from kmc.mechanism import compile_mechanism

N_SPECIES = len(MECHANISM.species)


@pytest.fixture
def grown():
    """A film with its events, its counts, and the ledger opened before it grew."""
    lattice = box(8, 8, 16)
    growth = Growth(lattice)
    ledger = Ledger(MECHANISM, count(growth), lattice.area)
    growth.grow(6.0)
    growth.radicals(7)
    return growth, ledger


def count(growth):
    return np.bincount(growth.sites.ravel(), minlength=N_SPECIES)


def with_process(wrong):
    processes = (*MECHANISM.processes, wrong)
    return SimpleNamespace(species=MECHANISM.species, solution=MECHANISM.solution, processes=processes)


def test_books_of_a_grown_film_close(grown):
    growth, ledger = grown
    entries = ledger.entries(growth.event_count, count(growth))
    assert all(entry.is_closed for entry in entries)
    names = {entry.name for entry in entries}
    assert {"species LEDC", "electrons", "lithium", "element C", "gas, element H"} <= names
    assert sum(abs(entry.from_events) for entry in entries) > 1000


def test_a_lost_site_is_named(grown):
    growth, ledger = grown
    wrong = count(growth)
    wrong[LEDC] -= 1
    wrong[LIQUID] += 1
    with pytest.raises(
        InternalError, match=r"(?s)species electrolyte.*species LEDC: (\d+) from events.*lithium"
    ):
        ledger.check(growth.event_count, wrong)


def test_a_lost_event_is_named(grown):
    growth, ledger = grown
    wrong = growth.event_count.copy()
    wrong[0] += 1
    with pytest.raises(InternalError, match="species LiEC"):
        ledger.record(1.0, wrong, count(growth))


def test_a_process_that_makes_charge_is_found():
    mechanism = with_process(process(5, "from nothing", [{LIQUID}], [RADICAL], {1: -1}, 1))
    ledger = Ledger(mechanism, np.zeros(N_SPECIES), 1e-16)
    site_change = stoichiometry(mechanism)[0]
    with pytest.raises(
        InternalError, match=r"electrons: 3 from events, 0 from the counts\n  lithium: 0 from events, 3"
    ):
        ledger.check(np.array([0, 0, 0, 0, 0, 3]), 3 * site_change[5])


def test_charge_is_positive_for_reduction_and_counts_every_electron(grown):
    growth, ledger = grown
    values = ledger.record(1e-3, growth.event_count, count(growth))
    n = growth.event_count
    assert values["electrons"] == n[0] - n[1] + 2 * n[3] + n[4]
    assert values["charge"] == pytest.approx(values["electrons"] * ELEMENTARY_CHARGE / growth.lattice.area)
    assert values["charge"] > 0


def test_lithium_of_the_film_and_the_radicals_is_the_charge(grown):
    growth, ledger = grown
    values = ledger.record(1e-3, growth.event_count, count(growth))
    lithium = [s.formula.get("Li", 0) for s in MECHANISM.species] @ count(growth)
    assert lithium / (AVOGADRO * growth.lattice.area) * FARADAY == pytest.approx(values["charge"], rel=1e-12)


def test_charge_of_the_lattice_is_that_of_its_sites(grown):
    growth, ledger = grown
    assert ledger.record(1e-3, growth.event_count, count(growth))["film_charge"] == 0.0
    ions = SimpleNamespace(name="anion", phase="dissolved", formula={}, charge=-1)
    cations = SimpleNamespace(name="cation", phase="solid", formula={}, charge=2)
    counter = SimpleNamespace(name="counter", phase="dissolved", formula={}, charge=1)
    pair = process(0, "pair", [{0}], [1], {0: -3}, 0)
    mechanism = SimpleNamespace(species=(ions, cations), solution=(counter,), processes=(pair,))
    values = Ledger(mechanism, np.array([9, 0]), 1e-16).record(0.0, np.array([4]), np.array([5, 4]))
    assert values["film_charge"] == pytest.approx((2 * 4 - 5) * ELEMENTARY_CHARGE / 1e-16)


def test_gas_is_given_per_area_and_species(grown):
    growth, ledger = grown
    gas = ledger.record(1e-3, growth.event_count, count(growth))["gas"]
    ethylene = growth.event_count[2] + 2 * growth.event_count[3]
    assert gas == pytest.approx([ethylene / (AVOGADRO * growth.lattice.area), 0.0])


def test_current_density_is_the_mean_over_the_interval():
    lattice = box(4, 4, 8)
    growth = Growth(lattice)
    ledger = Ledger(MECHANISM, count(growth), lattice.area)
    first = ledger.record(0.0, growth.event_count, count(growth))
    growth.radicals(10)
    second = ledger.record(1e-6, growth.event_count, count(growth))
    third = ledger.record(1e-6, growth.event_count, count(growth))
    assert np.isnan(first["current_density"])
    assert second["current_density"] == pytest.approx(10 * ELEMENTARY_CHARGE / lattice.area / 1e-6)
    assert np.isnan(third["current_density"])


def test_ledger_taken_up_again_knows_the_last_output():
    lattice = box(4, 4, 8)
    growth = Growth(lattice)
    ledger = Ledger(MECHANISM, count(growth), lattice.area, previous=(1.0, -2))
    record = ledger.record(2.0, growth.event_count, count(growth))
    assert record["current_density"] == pytest.approx(2 * ELEMENTARY_CHARGE / lattice.area)


def test_conditions_change_nothing():
    site_change, solution_change, electrons = stoichiometry(MECHANISM)
    assert site_change[4].tolist() == [0, 0, 0, 0, -1, 1]
    assert site_change[4, ELECTRODE] == 0
    assert solution_change[4].tolist() == [-1, 1, 0, 0]
    assert electrons.tolist() == [1, -1, 0, 2, 1]


def test_change_of_an_open_site_is_refused():
    mechanism = with_process(process(5, "either", [{LEDC, CARBONATE}], [LIQUID], {}))
    with pytest.raises(InternalError, match="process 'either' changes a site"):
        stoichiometry(mechanism)


def test_counts_beyond_32_bits_stay_exact():
    ledger = Ledger(MECHANISM, np.zeros(N_SPECIES), 1e-16)
    n = 2**40
    values = ledger.record(1.0, np.array([n, n, 0, 0, 0]), np.zeros(N_SPECIES))
    assert values["electrons"] == 0
    assert ledger.entries(np.array([n + 3, n, 0, 0, 0]), np.zeros(N_SPECIES))[RADICAL].from_events == 3


def test_mechanism_without_solution_has_books_too():
    mechanism = SimpleNamespace(
        species=MECHANISM.species,
        solution=(),
        processes=(process(0, "hop", [{LIQUID}, {RADICAL}], [RADICAL, LIQUID], {}),),
    )
    values = Ledger(mechanism, np.zeros(N_SPECIES), 1e-16).record(1.0, np.array([10]), np.zeros(N_SPECIES))
    assert values["gas"].shape == (0,)
    assert values["electrons"] == 0


def test_stoichiometry_agrees_with_the_tables_of_the_main_deck(repository):
    mechanism = compile_mechanism(load_deck(repository / "inputs" / "graphite_ec.yaml"))
    site_change, solution_change, electrons = stoichiometry(mechanism)
    np.testing.assert_array_equal(site_change, mechanism.count_change)
    np.testing.assert_array_equal(solution_change, mechanism.solution_change)
    np.testing.assert_array_equal(electrons, mechanism.electrons)
