# SPDX-License-Identifier: BSD-3-Clause
"""Ranges and uncertainties of a deck, decks drawn from them, and numbers set by their paths."""

from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from kmc.deck import load_deck, parse_deck
from kmc.errors import DeckError
from kmc.mechanism import compile_mechanism
from kmc.quantity import NORMAL, UNIFORM, Distribution, Quantity
from kmc.sampling import distributed, sample

INPUTS = Path(__file__).resolve().parents[1] / "inputs"
TABLE = """\
id,quantity,value,uncertainty,unit,method,source,doi,note
T1,barrier,0.5,0.1,eV,DFT,a paper,,
T1,reaction-free-energy,-0.4,,eV,DFT,a paper,,
T1,transmission,0.5,2,,,a paper,,
"""
DECK = """\
tables: {t: t.csv}
units: {energy: eV}
run: {duration: 1 us}
lattice: {type: simple cubic, spacing: 0.5 nm, size: [4, 4, 6], fill: A}
protocol: {temperature: {value: 300 K, range: 290 .. 320 K}, potential: 0.1 +- 0.01 V}
tunnelling: {decay: {default: 12 +- 6 1/nm}}
species:
  A: {formula: CO2, phase: dissolved}
  B.2: {formula: CO2, phase: solid, density: {value: 1690 +- 169 kg/m^3, source: Safari}}
  C: {formula: CO2, phase: dissolved}
  A-: {formula: CO2, charge: -1, phase: dissolved}
solution:
  M: {formula: CO2, activity: 0.1 +- 0.5}
processes:
- name: ring opening no. 1
  equation: A <=> B.2
  rate:
    law: eyring
    barrier: {value: 0.477, range: 0.40 .. 0.685, source: "W: 2001", method: DFT}
    reaction-free-energy: t#T1
  neighbours: [{species: [C], energy: 0.05 .. 0.07 eV}]
- name: second.
  equation: A => C
  rate: {law: eyring, barrier: t#T1}
- name: third
  equation: B.2 => C
  rate: {law: eyring, barrier: t#T1, transmission: t#T1}
- name: modes
  equation: C => B.2
  rate:
    law: harmonic
    initial-frequencies: [5 +- 0.5 THz, 120 1/cm]
    saddle-frequencies: {values: [4 .. 6 THz], source: X}
    barrier: {enthalpy: 0.4 +- 0.1 eV, entropy: {value: -1e-4 +- 1e-5 eV/K, source: Y}}
- name: reduction
  equation: A + e- <=> A-
  rate:
    law: marcus
    standard-potential: {temperatures: [280 K, 330 K], values: [0.5 +- 0.01 V, 0.6 V], source: Z}
    inner-reorganization-energy: 1 +- 0
    outer-reorganization-energy: {radius: 0.5 +- 0.1 nm, refractive-index: 1.4, permittivity: 15 .. 20, distance: site}
"""
PATHS = [
    "protocol.temperature",
    "protocol.potential",
    "tunnelling.decay.default",
    "species.B.2.density",
    "solution.M.activity",
    "processes.ring opening no. 1.rate.barrier",
    "processes.ring opening no. 1.neighbours.0.energy",
    "processes.second..rate.barrier",
    "processes.third.rate.barrier",
    "processes.third.rate.transmission",
    "processes.modes.rate.initial-frequencies.0",
    "processes.modes.rate.saddle-frequencies.values.0",
    "processes.modes.rate.barrier.enthalpy",
    "processes.modes.rate.barrier.entropy",
    "processes.reduction.rate.standard-potential.values.0",
    "processes.reduction.rate.outer-reorganization-energy.radius",
    "processes.reduction.rate.outer-reorganization-energy.permittivity",
]


@pytest.fixture
def path(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    path = tmp_path / "deck.yaml"
    path.write_text(DECK)
    return path


def value_at(deck, path):
    """Nominal value of a parameter of a rate law, by process and parameter."""
    name, key = path
    process = next(each for each in compile_mechanism(deck).processes if each.name == name)
    return process.parameters[key]


# --- distributions of single values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "kind", "parameters"),
    [
        ("0.477 +- 0.1 eV", 0.477, NORMAL, (0.477, 0.1)),
        ("0.40 .. 0.685 eV", 0.5425, UNIFORM, (0.4, 0.685)),
        ("0.4 eV .. 685 meV", 0.5425, UNIFORM, (0.4, 0.685)),
        ("0.4..0.6 eV", 0.5, UNIFORM, (0.4, 0.6)),
        ("-0.1 .. 0.1 eV", 0.0, UNIFORM, (-0.1, 0.1)),
        ("{value: 0.477 eV, range: 0.40 .. 0.685 eV, source: S}", 0.477, UNIFORM, (0.4, 0.685)),
        ("{value: 0.40 .. 0.685 eV, source: S}", 0.5425, UNIFORM, (0.4, 0.685)),
    ],
)
def test_distribution_of_a_value_is_read(path, text, value, kind, parameters):
    found = value_at(load_deck(path, {"processes.third.rate.barrier": text}), ("third", "barrier"))
    assert found.value == pytest.approx(value, abs=1e-15)
    assert found.distribution.kind == kind
    assert found.distribution.parameters == pytest.approx(parameters)
    spread = (parameters[1] - parameters[0]) / np.sqrt(12.0) if kind == UNIFORM else parameters[1]
    assert found.uncertainty == pytest.approx(spread)
    assert found.distribution.standard_deviation == pytest.approx(spread)


def test_distribution_takes_the_default_unit_of_its_file(path):
    overrides = {"units": "{energy: meV, length: nm}", "processes.third.rate.barrier": "400 .. 500"}
    overrides |= {"processes.ring opening no. 1.rate.barrier": "0.4 eV"}
    found = value_at(load_deck(path, overrides), ("third", "barrier"))
    assert found.distribution.parameters == pytest.approx((0.4, 0.5))


def test_quantity_with_an_uncertainty_is_normal_and_one_without_is_certain():
    assert Quantity(1.0, 0.1).distribution == Distribution(NORMAL, (1.0, 0.1))
    assert Quantity(1.0).distribution is None
    assert Quantity(1.0, 0.0).distribution is None


@pytest.mark.parametrize("distribution", [Distribution(UNIFORM, (2.0, 5.0)), Distribution(NORMAL, (3.0, 0.7))])
def test_draws_have_mean_and_variance_of_their_distribution(distribution):
    rng = np.random.default_rng(3)
    draws = np.array([distribution.sample(rng) for _ in range(20_000)])
    spread = distribution.standard_deviation
    mean = np.mean(distribution.parameters) if distribution.kind == UNIFORM else 3.0
    # 4 standard errors, that of the variance for the wider kurtosis: a false alarm in 8 000 seeds
    assert draws.mean() == pytest.approx(mean, abs=4.0 * spread / np.sqrt(draws.size))
    assert draws.var() == pytest.approx(spread**2, rel=4.0 * np.sqrt(2.0 / draws.size))


def test_normal_distribution_is_cut_where_the_key_has_a_bound():
    cut = Distribution(NORMAL, (0.1, 0.5), (0.0, 1.0))
    shares = np.linspace(0.0, 1.0, 1001)
    values = np.array([cut.quantile(share) for share in shares])
    assert values.min() > 0.0
    assert values.max() < 1.0
    assert (np.diff(values) >= 0.0).all()
    normal = NormalDist(0.1, 0.5)
    low, high = normal.cdf(0.0), normal.cdf(1.0)
    for share, value in zip(shares[1:-1:50], values[1:-1:50], strict=True):
        assert (normal.cdf(value) - low) / (high - low) == pytest.approx(share, abs=1e-12)


# --- all of a deck --------------------------------------------------------------------------------------------


def test_every_distribution_of_a_deck_is_found_with_its_path(path):
    found = distributed(load_deck(path))
    assert [name for name, _ in found] == PATHS
    by_path = dict(found)
    assert by_path["processes.third.rate.barrier"].source == "a paper"
    assert by_path["processes.modes.rate.saddle-frequencies.values.0"].source == "X"
    assert by_path["processes.modes.rate.barrier.entropy"].source == "Y"
    assert by_path["processes.reduction.rate.standard-potential.values.0"].source == "Z"


def test_drawn_deck_has_the_drawn_values_their_sources_and_nothing_left_to_draw(path):
    deck = load_deck(path)
    drawn = sample(deck, np.random.default_rng(1))
    assert list(drawn) == PATHS
    again = load_deck(path, drawn)
    assert distributed(again) == []
    barrier = value_at(again, ("ring opening no. 1", "barrier"))
    assert 0.4 <= barrier.value <= 0.685
    assert barrier.value != 0.477
    assert (barrier.source, barrier.method) == ("W: 2001", "DFT; drawn from 0.4 .. 0.685 eV")
    assert value_at(again, ("modes", "barrier")).value != value_at(deck, ("modes", "barrier")).value
    initial = value_at(again, ("modes", "initial-frequencies")).value
    assert initial[0] != 5e12
    assert initial[1] == value_at(deck, ("modes", "initial-frequencies")).value[1]


def test_row_of_a_table_is_drawn_once_for_all_that_refer_to_it(path):
    drawn = sample(load_deck(path), np.random.default_rng(1))
    assert drawn["processes.second..rate.barrier"] == drawn["processes.third.rate.barrier"]
    again = load_deck(path, drawn)
    second, third = (value_at(again, (name, "barrier")) for name in ("second.", "third"))
    assert second.value == third.value != 0.5
    assert (third.source, third.method) == ("a paper", "DFT; drawn from 0.5 +- 0.1 eV")


def test_same_generator_draws_the_same_deck_and_another_one_another(path):
    deck = load_deck(path)
    first, same, other = (sample(deck, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert first == same
    assert all(first[key] != other[key] for key in PATHS)


def test_draws_stay_within_the_bounds_of_their_keys(path):
    deck, rng = load_deck(path), np.random.default_rng(9)
    for _ in range(40):
        drawn = load_deck(path, sample(deck, rng))
        assert drawn.solution["M"].activity.value >= 0.0
        assert drawn.tunnelling.decay["default"].value >= 0.0
        assert value_at(drawn, ("third", "transmission")).value > 0.0
        assert 290.0 <= drawn.protocol.temperature.value(0.0) <= 320.0


def test_draws_of_a_deck_have_the_mean_and_spread_of_its_distributions(path):
    deck, rng = load_deck(path), np.random.default_rng(2)
    key = "processes.third.rate.barrier"
    values = [float(sample(deck, rng)[key].split('"value": "')[1].split(" ")[0]) for _ in range(400)]
    # 4 standard errors: a false alarm in 8 000 seeds
    assert np.mean(values) == pytest.approx(0.5, abs=4.0 * 0.1 / 20.0)
    assert np.std(values) == pytest.approx(0.1, rel=4.0 / np.sqrt(800.0))


def test_deck_without_distributions_draws_nothing(path):
    overrides = sample(load_deck(path), np.random.default_rng(1))
    assert sample(load_deck(path, overrides), np.random.default_rng(1)) == {}


def test_deck_of_the_inputs_can_be_drawn_and_compiled():
    deck = load_deck(INPUTS / "graphite_ec.yaml")
    drawn = load_deck(INPUTS / "graphite_ec.yaml", sample(deck, np.random.default_rng(8)))
    before, after = (compile_mechanism(each).rate_constants(298.15, 0.1, 0.5e-9) for each in (deck, drawn))
    assert np.isfinite(after).all()
    assert (before != after).sum() > 20


def test_table_that_lacks_a_value_is_told_with_its_place(path):
    path.write_text(DECK.replace("barrier: t#T1, transmission", "barrier: t#T9, transmission"))
    with pytest.raises(DeckError, match="has no row 'T9'"):
        distributed(load_deck(path))


# --- numbers set by their paths -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "text", "process", "key", "value"),
    [
        ("processes.ring opening no. 1.rate.barrier", "0.6 eV", "ring opening no. 1", "barrier", 0.6),
        ("processes.ring opening no. 1.rate.barrier.value", "0.6 eV", "ring opening no. 1", "barrier", 0.6),
        ("processes.second..rate.barrier", "0.3 eV", "second.", "barrier", 0.3),
        ("processes.third.rate.barrier.value", "0.3 eV", "third", "barrier", 0.3),
        ("processes.2.rate.transmission", "0.25", "third", "transmission", 0.25),
        ("processes.third.rate.transmission.value", "0.25", "third", "transmission", 0.25),
        ("processes.modes.rate.initial-frequencies.1", "3 THz", "modes", "initial-frequencies", (5e12, 3e12)),
        ("processes.modes.rate.saddle-frequencies.values.0", "7 THz", "modes", "saddle-frequencies", (7e12,)),
        ("processes.modes.rate.barrier.entropy", "0 eV/K", "modes", "barrier", 0.4),
        ("processes.modes.rate.barrier.entropy.value", "0 eV/K", "modes", "barrier", 0.4),
    ],
)
def test_number_is_set_by_its_path(path, where, text, process, key, value):
    assert value_at(load_deck(path, {where: text}), (process, key)).value == pytest.approx(value)


def test_value_set_inside_its_mapping_keeps_the_source(path):
    key = "processes.ring opening no. 1.rate.barrier"
    inside, whole = (
        value_at(load_deck(path, {where: "0.6 eV"}), ("ring opening no. 1", "barrier"))
        for where in (f"{key}.value", key)
    )
    assert (inside.source, inside.distribution.kind) == ("W: 2001", UNIFORM)
    assert (whole.source, whole.distribution) == (None, None)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("processes.third.rate.barrier.valu", "no key 'valu' in 'processes.third.rate.barrier', which is 't#T1'"),
        ("processes.third.rate..barrier", "expected a path such as run.seed"),
        ("processes..rate.barrier", "expected a path such as run.seed"),
        ("processes.third.rate.", "expected a path such as run.seed"),
        ("processes.modes.rate.initial-frequencies.2", "no item '2' in 'processes.modes.rate.initial-frequencies'"),
    ],
)
def test_path_that_leads_nowhere_is_refused(path, where, message):
    with pytest.raises(DeckError) as caught:
        load_deck(path, {where: "0.3 eV"})
    assert message in str(caught.value)


def test_sections_of_a_deck_are_those_that_were_read():
    text = DECK.replace("tables: {t: t.csv}\n", "").replace(", transmission: t#T1", "").replace("t#T1", "0.4 eV")
    deck = parse_deck(text)
    assert deck.sections.processes is deck.processes
