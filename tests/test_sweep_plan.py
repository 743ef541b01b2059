# SPDX-License-Identifier: BSD-3-Clause
"""What the films of a sweep are: cases, draws, patches, seeds, and mistakes in their description."""

import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from sweep_decks import GAS, written

from kmc.deck import load_deck, parse_deck
from kmc.deck_sweep import LognormalDeck, SampleDeck
from kmc.errors import DeckError, KmcError
from kmc.particles import patches_of, surface_sizes
from kmc.protocol import Constant, Ramp
from kmc.sweep_plan import DRAWS, plan_of, shares_of, value_text

GRAPHITE = Path(__file__).parent.parent / "inputs" / "graphite_ec.yaml"
RATE_IN, RATE_OUT = (f"processes.{name}.rate.rate-constant" for name in ("in", "out"))


def planned(sweep, tmp_path):
    return plan_of(load_deck(written(tmp_path, sweep)))


def problems_of(sweep, tmp_path, gas=GAS):
    path = tmp_path / "gas.yaml"
    path.write_text(f"{gas}sweep: {sweep}\n")
    with pytest.raises(DeckError) as caught:
        plan_of(load_deck(path))
    return [(problem.line, problem.message) for problem in caught.value.problems]


# --- cases and seeds ----------------------------------------------------------------------------------------


def test_every_combination_of_grid_and_cases_is_grown_with_every_seed(tmp_path):
    plan = planned(
        "{seeds: 2, cases: [{run.duration: 1 s}, {run.duration: 2 s, protocol.potential: 0 V}],"
        " grid: {protocol.temperature: [300 K, 310 K, 320 K]}}", tmp_path,
    )
    assert len(plan.cases) == 6
    assert len(plan.members) == 12
    assert plan.cases[4] == {
        "run.duration": "2 s", "protocol.potential": "0 V", "protocol.temperature": "310 K"
    }
    assert [member.case for member in plan.members] == [case for case in range(6) for _ in range(2)]
    deck = plan.film_deck(plan.members[9])
    assert deck.run.duration == 2.0
    assert deck.protocol.temperature == Constant(310.0)
    assert deck.run.seed == plan.members[9].seed


def test_films_have_seeds_of_their_own_that_stay_when_films_are_added(tmp_path):
    few = planned("{seeds: 3, grid: {run.duration: [1 s, 2 s]}}", tmp_path)
    many = planned("{seeds: 50, grid: {run.duration: [1 s, 2 s, 3 s]}}", tmp_path)
    seeds = [member.seed for member in many.members]
    assert len(set(seeds)) == 150
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert [member.seed for member in few.members] == seeds[0:3] + seeds[50:53]
    other = plan_of(load_deck(written(tmp_path, "{seeds: 3}"), {"run.seed": "6"}))
    assert not {member.seed for member in other.members} & set(seeds)


def test_seeds_are_spread_evenly_and_not_correlated(tmp_path):
    # As uniform numbers: the largest distance from their distribution function (Kolmogorov-Smirnov) and the
    # correlation of neighbours each pass 999 of 1000 run seeds.
    plan = planned("{seeds: 2000}", tmp_path)
    seeds = np.array([member.seed / 2**63 for member in plan.members])
    distance = np.abs(np.sort(seeds) - (np.arange(2000) + 0.5) / 2000).max()
    assert distance < 1.95 / math.sqrt(2000)
    assert abs(np.corrcoef(seeds[1:], seeds[:-1])[0, 1]) < 3.3 / math.sqrt(2000)


def test_listed_seeds_are_the_same_in_every_case(tmp_path):
    plan = planned("{seeds: [4, 9], grid: {run.duration: [1 s, 2 s]}}", tmp_path)
    assert [member.seed for member in plan.members] == [4, 9, 4, 9]


def test_longest_films_come_first(tmp_path):
    plan = planned("{seeds: 2, grid: {run.duration: [1 s, 3 s, 2 s], 'lattice.size': [[30, 3], [60, 3]]}}", tmp_path)
    order = plan.longest_first(range(len(plan.members)))
    costs = [plan.members[index].cost for index in order]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] == 6 * costs[-1]
    assert order[:2] == [6, 7]
    assert plan.film_deck(plan.members[6]).lattice.size == [60, 3]


def test_a_value_of_a_table_is_set_wherever_it_is_used():
    deck = load_deck(GRAPHITE, {"sweep": '{"grid": {"graphite#organic.barrier": ["0.6 eV"]}}'})
    (case,) = plan_of(deck).cases
    assert len(case) == 6
    assert set(case.values()) == {"0.6 eV"}
    assert "processes.lithium hop in LEDC.rate.barrier" in case


@pytest.mark.parametrize("value", ["0.1 V", "a: b", "[1", "#x", "no", 3, 1e-5, True, [1, 2], {"ramp": {"a": "1 V"}}])
def test_text_of_a_value_is_read_back_as_that_value(value):
    from kmc.yamltext import read_value

    assert read_value(value_text(value), "test") == value


# --- samples ------------------------------------------------------------------------------------------------


def sample(method, size, **rest):
    return SampleDeck.model_construct(method=method, size=size, seed=None, values=None, ranges={}, **rest)


def test_latin_hypercube_has_one_draw_in_every_stratum():
    shares = shares_of(sample("latin-hypercube", 37), 4, seed=3)
    np.testing.assert_array_equal(np.sort(np.floor(shares * 37), axis=0), np.arange(37)[:, None] + np.zeros(4))


@pytest.mark.parametrize("method", ["monte-carlo", "latin-hypercube", "saltelli"])
def test_draws_follow_their_distributions(method, tmp_path):
    # Kolmogorov-Smirnov distance of 512 independent draws at a false-alarm rate of 0.001; the other designs are
    # more even than that. The normal distribution is cut off at 0, 5 standard deviations away.
    size = 512 if method != "saltelli" else 256
    plan = planned(f"{{sample: {{method: {method}, size: {size}}}}}", tmp_path)
    kept = [member for member in plan.members if member.weight > 0]
    assert len(kept) == 512
    values = np.sort(np.array([member.values for member in kept]), axis=0)
    normal = NormalDist(1.0, 0.2)
    expected = np.column_stack([[normal.cdf(x) for x in values[:, 0]], (values[:, 1] - 0.2) / 0.4])
    middles = (np.arange(512) + 0.5)[:, None] / 512
    assert np.abs(expected - middles).max() < 1.95 / math.sqrt(512)
    assert [factor.name for factor in plan.factors] == [RATE_IN, RATE_OUT]
    deck = plan.film_deck(kept[17])
    rate = deck.processes[0].rate.parameters["rate-constant"]
    assert rate.value == kept[17].values[0]
    assert rate.distribution is None


def test_saltelli_draws_exchange_one_factor_at_a_time():
    rows = shares_of(sample("saltelli", 8), 3, seed=1).reshape(8, 6, 3)
    first, second = rows[:, 0], rows[:, 5]
    assert (first != second).all()
    np.testing.assert_array_equal(rows[:, 4], first)
    for number in range(3):
        np.testing.assert_array_equal(rows[:, 1 + number, number], second[:, number])
        others = [each for each in range(3) if each != number]
        np.testing.assert_array_equal(rows[:, 1 + number, others], first[:, others])


def test_repeated_draws_of_a_saltelli_sample_count_for_nothing_in_averages_and_have_their_own_seeds(tmp_path):
    plan = planned("{sample: {method: saltelli, size: 4}}", tmp_path)
    assert [member.weight for member in plan.members] == [1, 0, 0, 0, 1] * 4
    assert len({member.seed for member in plan.members}) == 20


def test_seed_of_a_sample_decides_its_draws():
    one, other = (shares_of(sample("monte-carlo", 5), 2, seed) for seed in (1, 2))
    assert (one != other).all()
    np.testing.assert_array_equal(one, shares_of(sample("monte-carlo", 5), 2, 1))
    stream = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(1, spawn_key=(DRAWS,))))
    np.testing.assert_array_equal(one, stream.random((5, 2)))


def test_sample_takes_the_values_that_it_names_and_the_ranges_that_it_gives(tmp_path):
    plan = planned(
        "{sample: {size: 3, values: ['*.in.*'],"
        f" ranges: {{protocol.temperature: 290 .. 310 K, {RATE_OUT}: 2 +- 0.1 1/s}}}}}}", tmp_path,
    )
    assert {factor.name for factor in plan.factors} == {RATE_IN, RATE_OUT, "protocol.temperature"}
    assert all(290 < plan.film_deck(member).protocol.temperature.level < 310 for member in plan.members)


def test_a_shared_value_is_drawn_once_for_all_its_places():
    deck = load_deck(GRAPHITE, {"sweep": '{"sample": {"size": 2, "values": ["graphite#organic.*"]}}'})
    plan = plan_of(deck)
    assert [factor.name for factor in plan.factors] == ["graphite#organic.barrier"]
    assert len(set(plan.members[0].overrides.values())) == 1
    assert len(plan.members[0].overrides) == 6


def test_a_range_of_a_shared_value_is_one_factor():
    ranges = '{"graphite#G2.barrier": "0.40 .. 0.685 eV", "graphite#organic.barrier": "0.5 .. 0.9 eV"}'
    sample = f'{{"size": 4, "values": ["graphite#organic.*"], "ranges": {ranges}}}'
    deck = load_deck(GRAPHITE, {"sweep": f'{{"sample": {sample}}}'})
    plan = plan_of(deck)
    assert [factor.name for factor in plan.factors] == ["graphite#G2.barrier", "graphite#organic.barrier"]
    assert all(0.40 < member.values[0] < 0.685 for member in plan.members)
    assert len(plan.members[0].overrides) == 7


# --- particles ----------------------------------------------------------------------------------------------


def test_sizes_stand_for_equal_shares_of_the_surface_of_a_lognormal():
    median, spread = 8e-6, 0.4
    given = LognormalDeck.model_construct(median=median, spread=spread, count=4000, source="")
    radii = np.array([radius for radius, _ in surface_sizes(given)])
    # by surface, the moments of the lognormal are <r^(n+2)> / <r^2> = exp(n ln m + (n^2 / 2 + 2 n) s^2)
    for n in (-1, 1, 2):
        exact = math.exp(n * math.log(median) + (n * n / 2 + 2 * n) * spread**2)
        assert (radii**n).mean() == pytest.approx(exact, rel=2e-3)


def test_patches_have_shares_of_the_surface_and_shifted_potentials(tmp_path):
    sizes = "sizes: [{radius: 2 um, share: 3}, {radius: 4 um}]"
    plan = planned(f"{{particles: {{{sizes}, positions: [0, 1], offsets: [0 mV, 20 mV]}}}}", tmp_path)
    weights = [member.weight for member in plan.members]
    # 3 * 2^2 against 1 * 4^2
    assert weights == pytest.approx([12 / 56, 16 / 56, 12 / 56, 16 / 56])
    levels = [plan.film_deck(member).protocol.potential.level for member in plan.members]
    assert levels == pytest.approx([0.1, 0.1, 0.12, 0.12])
    assert [member.patch.radius for member in plan.members] == pytest.approx([2e-6, 4e-6, 2e-6, 4e-6])


def test_offsets_shift_ramps_as_a_whole(tmp_path):
    path = written(tmp_path, "{particles: {sizes: [{radius: 1 um}], positions: [0.5], offsets: [-10 mV]}}")
    ramp = "{ramp: {start: 1 V, end: 0.2 V, rate: 1 V/s}}"
    (patch,) = patches_of(load_deck(path, {"protocol.potential": ramp}))
    assert patch.potential == Ramp(0.99, 0.19, 1.0)


TABLE = "Time [ms],Position [1],Radius [um],Potential [mV]\n" + "".join(
    f"{time},{place},{radius},{100 + time + 10 * place + 4 * math.log2(radius)}\n"
    for place in (0, 0.5, 1) for radius in (2, 8) for time in (0, 1, 5)
)


def test_histories_are_interpolated_between_positions_and_sizes(tmp_path):
    (tmp_path / "cell.csv").write_text(TABLE)
    table = (
        '{file: cell.csv, time: "Time [ms]", position: "Position [1]", radius: "Radius [um]", value: "Potential [mV]"}'
    )
    sweep = f"{{particles: {{sizes: [{{radius: 4 um}}], positions: [0.25, 1], table: {table}}}}}"
    plan = planned(sweep, tmp_path)
    for member, place in zip(plan.members, (0.25, 1), strict=True):
        series = plan.film_deck(member).protocol.potential
        assert series.value(2e-3) == pytest.approx(1e-3 * (100 + 2 + 10 * place + 8))
    (_, message), = problems_of(sweep.replace("4 um", "9 um"), tmp_path)
    assert "logarithm of the radius" in message


def test_table_of_histories_must_be_one(tmp_path):
    (tmp_path / "cell.csv").write_text(TABLE.replace("[mV]", "[s]"))
    table = '{file: cell.csv, time: "Time [ms]", position: "Position [1]", value: "Potential [s]"}'
    sweep = f"{{particles: {{sizes: [{{radius: 4 um}}], positions: [0], table: {table}}}}}"
    (_, message), = problems_of(sweep, tmp_path)
    assert "is a time; expected a potential" in message


# --- mistakes -----------------------------------------------------------------------------------------------

LINE = len(GAS.split("\n"))


@pytest.mark.parametrize(
    ("sweep", "messages"),
    [
        ("{grid: {protocol.potential: [0 V, 0.1 s]}}", ["'0.1 s' is a time; expected a potential"]),
        ("{grid: {protocol.potentail: [0 V, 1 V]}}", ["unknown key 'potentail', did you mean 'potential'?"]),
        ("{cases: [{processes.inn.rate.rate-constant: 1 1/s}]}", ["no item 'inn' in 'processes' of 2 items"]),
        ("{grid: {'x#y.barrier': [1 eV]}}", ["no value 'x#y.barrier' of a table is used in the deck"]),
        ("{sample: {size: 2, values: ['*.onn.*']}}", ["no value with a distribution is called '*.onn.*'"]),
        ("{sample: {size: 2, ranges: {run.duration: 1 .. 2 s}}}", ["it can carry no uncertainty and no range"]),
        ("{sample: {size: 2, ranges: {protocol.temperature: 300 K}}}", ["'300 K' is one value; expected a range"]),
        ("{seeds: 1000000, grid: {run.duration: [1 s, 2 s]}}", ["2000000 films; at most 1000000 are possible"]),
        (
            "{grid: {protocol.potential: [x]}, cases: [{lattice.size: 3}]}",
            ["'size' must be a list", "does not start with a number"],
        ),
    ],
)
def test_mistake_is_shown_at_its_line(sweep, messages, tmp_path):
    found = problems_of(sweep, tmp_path)
    assert [line for line, _ in found] == [LINE] * len(messages)
    for (_, message), expected in zip(sorted(found), sorted(messages), strict=True):
        assert expected in message


def test_sample_needs_a_distribution(tmp_path):
    gas = GAS.replace("1.0 +- 0.2", "1.0").replace("0.2 .. 0.6", "0.4")
    (_, message), = problems_of("{sample: {size: 2}}", tmp_path, gas)
    assert message.startswith("no value of the deck carries a distribution")


def test_deck_without_a_sweep_is_a_single_film():
    with pytest.raises(KmcError, match="no section 'sweep'"):
        plan_of(parse_deck(GAS))
