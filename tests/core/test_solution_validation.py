# SPDX-License-Identifier: BSD-3-Clause
"""Networks that the core refuses, and what `verify` notices in the solution."""

import cases
import networks
import numpy as np
import pytest

from kmc_core import Engine, ExitReason, Solution

GOOD = networks.dimerisation().arrays()
BAD = {
    "count": (np.array([1.5, 0]), "count must hold integers, not float64"),
    "count negative": (np.array([-1, 0]), r"count must lie in \[0, .*\), but spans -1 to 0"),
    "count of two dimensions": (np.zeros((2, 1), dtype=int), "count must have one dimension"),
    "count too large": (np.array([2**60, 0]), "count must lie in"),
    "reactant_ptr": ([0, 1], r"reactant_ptr must have shape \(3,\), not \(2,\)"),
    "reactant_ptr falls": ([0, 3, 2], "reactant_ptr must rise from 0 to 2"),
    "reactant_species": ([0, 2], r"reactant_species must lie in \[0, 2\), but spans 0 to 2"),
    "reactant_order": ([2, 4], r"reactant_order must lie in \[1, 4\), but spans 2 to 4"),
    "reactant_order shape": ([2], r"reactant_order must have shape \(2,\), not \(1,\)"),
    "change_ptr": ([0, 2, 5], "change_ptr must rise from 0 to 4"),
    "change_species": ([0, -1, 0, 1], r"change_species must lie in \[0, 2\)"),
    "change_species twice": ([0, 0, 0, 1], "change_species: reaction 0 names species 0 twice"),
    "change": ([-3, 1, 2, -1], "change: reaction 0 takes 3 molecules of species 0, but asks for 2"),
    "change not asked for": ([-2, -1, 2, -1], "change: reaction 0 takes 1 molecules of species 1, but asks for 0"),
    "change too large": ([-2, 1, 2000, -1], r"change must lie in \[-3, 1001\)"),
    "rates": ([1.0, np.inf], "rate constants must be finite"),
    "rates negative": ([1.0, -2.0], r"not so at indexes \[1\]"),
    "rates too large": ([1e270, 1.0], r"rates: the propensities of reactions \[0\] could leave the range"),
}


@pytest.mark.parametrize("name", BAD)
def test_networks_that_the_core_could_not_trust_are_refused(name):
    value, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        Solution(**(GOOD | {name.split()[0]: value}))


@pytest.mark.parametrize(
    ("exchange", "message"),
    [
        ({"exchange_order": np.zeros((2, 2), dtype=int)}, r"exchange_order must have shape \(2, 1\), not \(2, 2\)"),
        ({"exchange_change": np.zeros((1, 1), dtype=int)}, r"exchange_change must have shape \(2, 1\)"),
        ({"exchange_order": [[4], [0]]}, r"exchange_order must lie in \[0, 4\)"),
        ({"exchange_order": [[0.5], [0]]}, "exchange_order must hold integers"),
        ({"exchange_change": [[-1], [1]]}, "process 0 takes 1 molecules of species 0, but asks for 0"),
    ],
)
def test_exchange_that_does_not_fit_is_refused(exchange, message):
    parts = networks.sorption((2, 2, 2), 5).lattice
    solution = Solution([5], [0], [], [], [0], [], [], [])
    with pytest.raises(ValueError, match=message):
        Engine(parts.species, parts.periodic, parts.rules, cases.bits(), solution=solution, **exchange)


def test_a_solution_belongs_to_one_engine():
    engine = networks.birth_and_death().engine()
    parts = cases.hop3d((4, 4, 4)).parts()
    with pytest.raises(ValueError, match="it belongs to another engine already"):
        Engine(parts.species, parts.periodic, parts.rules, cases.bits(), solution=engine.solution)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda solution: solution.set_rates([1.0]), r"rates must have shape \(2,\), not \(1,\)"),
        (lambda solution: solution.set_rates([1.0, np.nan]), "must be finite and >= 0"),
        (lambda solution: solution.set_rates([1e300, 1.0]), "could leave the range of doubles"),
        (lambda solution: solution.reset([1]), r"count must have shape \(2,\), not \(1,\)"),
        (lambda solution: solution.reset([1, -1]), "count must lie in"),
    ],
)
def test_bad_changes_are_refused_and_leave_the_solution_as_it_was(change, message):
    engine = networks.dimerisation().engine()
    engine.run(cases.FOREVER, 50)
    with pytest.raises(ValueError, match=message):
        change(engine.solution)
    engine.verify()
    assert engine.solution.rates.tolist() == [0.001, 0.01]
    assert engine.run(cases.FOREVER, 50) is ExitReason.MAX_EVENTS


def entry_of(name, engine):
    """An entry of a structure whose change must be noticed."""
    solution = engine.solution
    filled = np.flatnonzero(np.diff([*_structures(engine)["start"][: solution.n_groups + 1]]) > 0)
    group = int(filled[filled > 0][0])
    if name in ("exponent", "edge", "group_weight", "tail"):
        return group
    if name == "group_of_exponent":
        return int(_structures(engine)["exponent"][group])
    if name == "start":
        return group + 1
    if name == "head":
        return tuple(np.argwhere(_structures(engine)["head"] > 0)[0])
    return 0


def _structures(engine):
    from kmc_core.verification import solution_structures

    return solution_structures(engine.solution)


NAMES = sorted(_structures(networks.crowd().engine()))


@pytest.mark.parametrize("name", NAMES)
def test_verify_notices_that_something_in_the_solution_is_broken(name):
    engine = networks.crowd().engine()
    engine.run(cases.FOREVER, 200)
    engine.verify()
    array, place = _structures(engine)[name], entry_of(name, engine)
    before = array[place]
    for broken in {"amount": (-1, 10**6), "lowest": (1 << 61,), "rate": (before * 1.5,)}.get(name, (before + 1,)):
        array[place] = broken
        with pytest.raises(AssertionError):
            engine.solution.verify()
        array[place] = before
    engine.verify()


def test_verify_notices_a_lattice_that_has_not_followed_its_gate():
    engine = networks.exchanging_film().engine()
    engine.run(cases.FOREVER, 100)
    from kmc_core.verification import structures

    assert engine.total_propensity > 0.0  # the lattice has followed
    structures(engine)["rule_scale"][0] *= 2
    with pytest.raises(AssertionError):
        engine.verify()
