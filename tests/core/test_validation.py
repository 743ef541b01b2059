# SPDX-License-Identifier: BSD-3-Clause
"""Arrays that the core could not trust are refused by name before it sees them."""

from dataclasses import replace

import cases
import numpy as np
import pytest

from kmc_core import Engine

GAS = cases.lattice_gas((6, 6, 6)).parts()
FILM = cases.film((8, 5, 5)).parts()


def with_entry(array, index, value):
    """A copy with one entry changed."""
    changed = np.array(array, dtype=np.int64)
    changed[index] = value
    return changed


BAD_RULES = {
    "offsets": (GAS.rules.offsets[:, :2], r"offsets must have shape \(24, 3\), not \(24, 2\)"),
    "weights": (GAS.rules.weights[:, 1:], r"weights must have shape \(3, 24, 4\)"),
    "base": (GAS.rules.base[1:], r"base must have shape \(3,\), not \(2,\)"),
    "level_stride": (GAS.rules.level_stride[1:], "level_stride must have shape"),
    "rule_ptr": (GAS.rules.rule_ptr[:-1], "rule_ptr must have shape"),
    "rule_rate": (GAS.rules.rule_rate[1:], "rule_rate must have shape"),
    "rule_tunnels": (GAS.rules.rule_tunnels[1:], "rule_tunnels must have shape"),
    "condition_ptr": (GAS.rules.condition_ptr[1:], "condition_ptr must have shape"),
    "condition_allowed": (GAS.rules.condition_allowed[:, 1:], "condition_allowed must have shape"),
    "change_ptr": (GAS.rules.change_ptr[1:], "change_ptr must have shape"),
    "change_species": (GAS.rules.change_species[1:], "change_species must have shape"),
    "term_ptr": (GAS.rules.term_ptr[1:], "term_ptr must have shape"),
    "term_weight": (GAS.rules.term_weight[1:], "term_weight must have shape"),
    "n_species": (255, "must have shape|n_species must be 1 to 254"),
    "rates": (np.append(GAS.rules.rates[:-1], np.nan), "rate constants must be finite and >= 0"),
}

OUT_OF_RANGE = {
    "rule_process": (with_entry(GAS.rules.rule_process, 0, 3), r"rule_process must lie in \[0, 3\)"),
    "rule_rate": (with_entry(GAS.rules.rule_rate, 0, len(GAS.rules.rates)), r"rule_rate must lie in"),
    "rule_tunnels": (with_entry(GAS.rules.rule_tunnels, 0, 2), r"rule_tunnels must lie in \[0, 2\)"),
    "condition_position": (
        with_entry(GAS.rules.condition_position, 0, 24),
        r"condition_position must lie in",
    ),
    "change_position": (
        with_entry(GAS.rules.change_position, 0, -2),
        r"change_position must lie in \[-1, 24\)",
    ),
    "change_species": (with_entry(GAS.rules.change_species, 0, 3), r"change_species must lie in \[0, 3\)"),
    "term_position": (with_entry(GAS.rules.term_position, 0, -1), r"term_position must lie in \[0, 24\)"),
    "rule_ptr": (with_entry(GAS.rules.rule_ptr, 1, 1000), "rule_ptr must rise from 0 to"),
    "condition_ptr": (with_entry(GAS.rules.condition_ptr, 0, 1), "condition_ptr must rise from 0 to"),
    "change_ptr": (with_entry(GAS.rules.change_ptr, -1, 0), "change_ptr must rise from 0 to"),
    "term_ptr": (with_entry(GAS.rules.term_ptr, 1, -5), "term_ptr must rise from 0 to"),
    "term_weight": (GAS.rules.term_weight * 1000, "can pick rates"),
}

NOT_INTEGERS = ["rule_process", "rule_rate", "condition_position", "change_position", "term_position"]


@pytest.mark.parametrize("name", BAD_RULES)
def test_rules_of_the_wrong_shape_are_refused_by_name(name):
    value, message = BAD_RULES[name]
    with pytest.raises(ValueError, match=message):
        replace(GAS.rules, **{name: value})


@pytest.mark.parametrize("name", OUT_OF_RANGE)
def test_rules_that_point_outside_are_refused_by_name(name):
    value, message = OUT_OF_RANGE[name]
    with pytest.raises(ValueError, match=message):
        replace(GAS.rules, **{name: value})


@pytest.mark.parametrize("name", NOT_INTEGERS)
def test_rules_that_are_no_integers_are_refused_by_name(name):
    with pytest.raises(ValueError, match=f"{name} must hold integers, not float64"):
        replace(GAS.rules, **{name: getattr(GAS.rules, name) + 0.5})


def test_rates_of_two_dimensions_are_refused():
    with pytest.raises(ValueError, match="rates must have one dimension"):
        replace(GAS.rules, rates=GAS.rules.rates.reshape(-1, 1))


def test_a_rule_that_writes_where_it_has_not_looked_is_refused():
    """Beyond a wall there is no site to write to; only a condition keeps a rule away from there."""
    allowed = GAS.rules.condition_allowed.copy()
    allowed[:, -1] = 1
    with pytest.raises(ValueError, match="change_position: rule 0 writes"):
        replace(GAS.rules, condition_allowed=allowed)


def test_a_rule_that_writes_a_site_twice_is_refused():
    with pytest.raises(ValueError, match="writes a position twice"):
        replace(GAS.rules, change_position=np.full_like(GAS.rules.change_position, -1))


BAD_ARGUMENTS = {
    "no sites": ({"species": np.zeros((0, 4, 4), dtype=np.uint8)}, "species must have shape"),
    "two dimensions": ({"species": np.zeros((4, 4), dtype=np.uint8)}, "species must have shape"),
    "unknown species": (
        {"species": np.full((6, 6, 6), 5)},
        "species 5 to 5 on the lattice, but there are only 5",
    ),
    "negative species": ({"species": np.full((6, 6, 6), -1)}, "species -1 to -1 on the lattice"),
    "species that wrap": ({"species": np.full((6, 6, 6), 256)}, "species 256 to 256 on the lattice"),
    "real species": ({"species": np.full((6, 6, 6), 0.5)}, "species must hold integers, not float64"),
    "periodic": ({"periodic": (True, True)}, r"periodic must have shape \(3,\), not \(2,\)"),
    "short decay": ({"decay": FILM.decay[:-1]}, "decay must hold 6 integers >= 0"),
    "negative decay": ({"decay": FILM.decay - 1}, "decay must hold 6 integers >= 0"),
    "real decay": ({"decay": FILM.decay * 0.5}, "decay must hold 6 integers >= 0"),
    "quantum": ({"quantum": float("nan")}, "quantum must be finite and >= 0"),
    "cutoff": ({"cutoff": -1}, "a rule tunnels, but no cutoff is given"),
}


@pytest.mark.parametrize("name", BAD_ARGUMENTS)
def test_engine_refuses_bad_arguments_by_name(name):
    change, message = BAD_ARGUMENTS[name]
    with pytest.raises(ValueError, match=message):
        cases.engine_of(FILM._replace(**change))


def test_engine_refuses_what_is_no_bit_generator():
    with pytest.raises(AttributeError):
        Engine(GAS.species, GAS.periodic, GAS.rules, 7)


def test_too_many_changes_are_refused():
    far = [(0, 0, i) for i in range(17)]
    pattern = cases.Pattern((cases.any_of(0),) * 17, (1,) * 17, tuple(far))
    lattice = cases.Lattice("square", 1.0, (17, 1, 40), cases.PERIODIC)
    rules = cases.build_rules((pattern,), 2, lattice)
    with pytest.raises(ValueError, match="at most 16 sites"):
        Engine(np.zeros((17, 1, 40), dtype=np.uint8), cases.PERIODIC, rules, cases.bits())


# Narrow boxes


def test_a_site_never_reacts_with_its_own_image():
    """A + A in a box one site wide: pairs are formed along the other axes only."""
    case = cases.rd3d((1, 1, 8))
    engine = cases.engine_of(replace(case, constants=(1.0, 1.0, 1.0, 1.0, 1.0)).parts())
    engine.run(cases.FOREVER, 20_000)
    engine.verify()
    single = replace(cases.rd3d((1, 1, 1)), species=np.ones((1, 1, 1), dtype=np.uint8))
    assert cases.engine_of(single.parts()).total_propensity == 5e-3  # A can go, and do nothing else


def test_rules_made_for_a_wider_box_are_refused_in_a_narrow_one():
    rules = cases.rd3d((4, 4, 4)).parts().rules
    with pytest.raises(ValueError, match="too small for process 3: one site would take part twice"):
        Engine(np.ones((1, 1, 1), dtype=np.uint8), cases.PERIODIC, rules, cases.bits())
