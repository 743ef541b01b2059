# SPDX-License-Identifier: BSD-3-Clause
"""Which processes the windows of a film in tiles have to follow, by the rates of the rules."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent / "reference"))

import cases

from kmc.patterns import Pattern
from kmc_core.reach import reaching_rates

HERE, BESIDE, BELOW = (0, 0, 0), (0, 0, 1), (-1, 0, 0)


def reached(patterns, constants, n_species=3):
    """Largest rate of each process that counts, float64, shape (n_processes,), [1/s]."""
    species = np.zeros((4, 4, 4), dtype=np.uint8)
    case = cases.Case(cases.cubic(4, 4, 4), tuple(patterns), tuple(constants), species, n_species)
    rules = case.parts().rules
    found = reaching_rates(rules, case.rates())
    return np.array([found[np.asarray(rules.rule_process) == process].max() for process in range(len(patterns))])


def adsorption(*blocked):
    """0 becomes 1, if these neighbours are empty."""
    return Pattern((cases.any_of(0), *[cases.any_of(0)] * len(blocked)), (1, *[None] * len(blocked)), (HERE, *blocked))


def test_sites_that_do_not_look_at_each_other_need_no_window():
    assert reached([cases.single(0, 1), cases.single(1, 0)], [2.0, 3.0]).tolist() == [0.0, 0.0]


def test_what_stays_in_its_column_counts_if_a_process_of_another_column_looks_there():
    """Adsorption next to empty sites, and a process that notices the change from 1 to 2 but is no part of it."""
    watching = Pattern((cases.any_of(0), cases.any_of(2)), (1, None), (HERE, BESIDE))
    assert reached([adsorption(BESIDE)], [2.0])[0] == 2.0
    alone = reached([cases.single(1, 2), cases.single(2, 1)], [5.0, 4.0])
    seen = reached([cases.single(1, 2), cases.single(2, 1), watching], [5.0, 4.0, 1.0])
    assert alone.tolist() == [0.0, 0.0]
    assert seen[:2].tolist() == [4.0, 4.0]  # 5 only as often as 4 brings back what it starts from


def test_a_growing_surface_counts_although_no_column_grows_twice_at_one_site():
    """Growth on a surface where the neighbour is as high: each step makes those of the neighbours possible."""
    growth = Pattern((cases.any_of(0), cases.any_of(1), cases.any_of(1)), (1, None, None),
                     (HERE, BELOW, (-1, 0, 1)))
    assert reached([growth], [1.0])[0] > 0.0


def test_what_follows_at_once_counts_as_often_as_it_is_made_possible():
    """1 comes at 5 on empty sites and is turned into 2 at 1e12 beside one; pairs of 2 leave one empty at 3."""
    turning = Pattern((cases.any_of(1), cases.any_of(0)), (2, None), (HERE, BESIDE))
    leaving = Pattern((cases.any_of(2), cases.any_of(2)), (0, None), (HERE, BESIDE))
    assert reached([cases.single(0, 1), turning, leaving], [5.0, 1e12, 3.0]).tolist() == [3.0, 3.0, 3.0]


def test_a_process_that_walks_is_measured_by_its_steps_across():
    walk = cases.pair(1, 0, 0, 1)
    species = np.zeros((4, 4, 4), dtype=np.uint8)
    case = cases.Case(cases.cubic(4, 4, 4), (walk,), (1.0,), species, 2)
    rules = case.parts().rules
    found = reaching_rates(rules, case.rates())
    position = np.asarray(rules.change_position)[np.asarray(rules.change_ptr)[1:] - 1]
    sideways = np.any(np.asarray(rules.offsets)[position, 1:], axis=1)
    assert sideways.sum() == 4
    assert (found == sideways).all()
