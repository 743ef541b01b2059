# SPDX-License-Identifier: BSD-3-Clause
"""Molecules of a well-mixed volume react at the rates of the master equation, alone and beside a lattice.

Seeds are fixed. Unless another rate is stated, a test would raise a false alarm once in a million seeds.
"""

from itertools import product

import cases
import networks
import numpy as np
import pytest
from scipy import linalg, special, stats

from kmc_core import Engine, ExitReason, Interactions, Solution

FALSE_ALARM = 1e-6


def at(time):
    """A time as the engine takes it."""
    return int(time), float(time - int(time))


# Exact distributions


def generator_of(network, states):
    """Master equation of a network: rates[to, from] between states, by counting combinations one by one."""
    index = {state: i for i, state in enumerate(states)}
    rates = np.zeros((len(states), len(states)))
    for state in states:
        for asked, added, rate in network.reactions:
            ways = rate
            for species, order in asked.items():
                ways *= sum(1 for _ in _choices(state[species], order))
            after = list(state)
            for species, number in asked.items():
                after[species] -= number
            for species, number in added.items():
                after[species] += number
            if ways > 0:
                rates[index[tuple(after)], index[state]] += ways
                rates[index[state], index[state]] -= ways
    return rates


def _choices(n, order):
    """Every set of `order` molecules out of n."""
    return (chosen for chosen in product(range(n), repeat=order) if sorted(set(chosen)) == list(chosen))


def reachable(network):
    """All states that a network can get to."""
    found, new = {network.count}, [network.count]
    while new:
        state = new.pop()
        for asked, added, _ in network.reactions:
            after = list(state)
            for species, number in asked.items():
                after[species] -= number
            if min(after) < 0:
                continue
            for species, number in added.items():
                after[species] += number
            if tuple(after) not in found:
                found.add(tuple(after))
                new.append(tuple(after))
    return sorted(found)


def chi_square(samples, states, probability):
    """p value of sampled states; those expected less than ten times are pooled."""
    index = {state: i for i, state in enumerate(states)}
    observed = np.bincount([index[tuple(sample)] for sample in samples], minlength=len(states))
    expected = probability * len(samples)
    often = expected >= 10
    assert often.sum() > 3
    pooled = [np.append(values[often], values[~often].sum()) for values in (observed, expected)]
    if pooled[1][-1] < 5:
        pooled = [values[:-1] for values in pooled]
    statistic = ((pooled[0] - pooled[1]) ** 2 / pooled[1]).sum()
    return stats.chi2.sf(statistic, len(pooled[0]) - 1)


def runs(network, times, n, seed=1):
    """Counts at each of the times [s] in n runs from the same start: int64, shape (n, len(times), n_species).

    One engine does them one after the other: the molecules are put back and the clock goes on.
    """
    engine, longest = network.engine(seed), int(np.ceil(times[-1]))
    found = np.zeros((n, len(times), len(network.count)), dtype=np.int64)
    for run in range(n):
        for k, time in enumerate(times):
            engine.run((run * longest + int(time), time - int(time)))
            found[run, k] = engine.solution.count
        engine.run(((run + 1) * longest, 0.0))
        engine.solution.reset(network.count)
    engine.verify()
    return found


DSMTS = {
    "001-01": (networks.birth_and_death(), (10, 50), ((90.48374, 13.44708), (60.65307, 22.38677))),
    "003-01": (networks.dimerisation(), (10,), ((52.214271, 5.51176),)),
}


@pytest.mark.parametrize("name", DSMTS)
def test_stochastic_test_suite_is_passed_over_ten_thousand_runs(name):
    """Mean: |Z| < 3, a false alarm in 370 seeds. Standard deviation: |Y| < 5 as the suite has it.

    Evans, Gillespie, Wilkinson, Bioinformatics 24, 285 (2008), doi:10.1093/bioinformatics/btm566.
    """
    network, times, expected = DSMTS[name]
    n = 10_000
    counts = runs(network, times, n)[:, :, 0]
    for k, (mean, deviation) in enumerate(expected):
        z = np.sqrt(n) * (counts[:, k].mean() - mean) / deviation
        y = np.sqrt(n / 2) * (((counts[:, k] - mean) ** 2).mean() / deviation**2 - 1)
        assert abs(z) < 3, f"t = {times[k]}: Z = {z:.2f}"
        assert abs(y) < 5, f"t = {times[k]}: Y = {y:.2f}"


@pytest.mark.parametrize("time", [0.05, 0.3, 3.0])
def test_every_state_is_as_frequent_as_the_master_equation_says(time):
    """Few molecules, reactions of first to third order, no detailed balance."""
    network = networks.crowd()
    states = reachable(network)
    start = np.array([state == network.count for state in states], dtype=float)
    exact = linalg.expm(generator_of(network, states) * time) @ start
    samples = runs(network, (time,), 10_000)[:, 0]
    assert len(states) > 100
    assert chi_square(samples, states, exact) > FALSE_ALARM


def balanced(count, seed):
    """A reversible network in detailed balance, drawn at random, and the concentrations it is balanced at."""
    rng = np.random.Generator(cases.bits(seed))
    mass = (1, 1, 2, 2, 3)
    complexes = [c for c in product(range(3), repeat=5) if 0 < sum(c) <= 3]
    balance = rng.uniform(0.4, 2.5, 5)
    reactions = []
    while len(reactions) < 16:
        left, right = (complexes[i] for i in rng.choice(len(complexes), 2, replace=False))
        if np.dot(left, mass) != np.dot(right, mass) or any(a and b for a, b in zip(left, right, strict=True)):
            continue
        speed = 10.0 ** rng.uniform(-0.5, 0.5)
        for here, there in ((left, right), (right, left)):
            # per combination, and combinations are n!/(n - o)! / o!
            rate = speed / np.prod(balance ** np.array(here)) * np.prod([[1, 1, 2, 6][order] for order in here])
            reactions.append(
                (
                    {s: n for s, n in enumerate(here) if n},
                    {s: n for s, n in enumerate(there) if n},
                    float(rate),
                )
            )
    return networks.Network(count, tuple(reactions)), balance


@pytest.mark.parametrize("seed", [1, 2])
def test_reversible_network_settles_to_the_product_of_poisson_distributions(seed):
    """prod b^n / n! among the states with the same mass; Anderson, Craciun, Kurtz, doi:10.1007/s11538-010-9517-4."""
    network, balance = balanced((3, 3, 1, 1, 0), seed)
    states = reachable(network)
    factorials = special.factorial(np.array(states)).prod(axis=1)
    weight = np.prod(balance ** np.array(states), axis=1) / factorials
    exact = weight / weight.sum()
    steady = linalg.null_space(generator_of(network, states))
    assert np.allclose(steady[:, 0] / steady.sum(), exact)
    relaxation = -1 / np.sort(np.linalg.eigvals(generator_of(network, states)).real)[-2]
    engine, samples = network.engine(seed), []
    for i in range(6000):
        engine.run(at((i + 2) * 9 * relaxation))  # correlation exp(-9) between samples
        samples.append(engine.solution.count.copy())
    assert chi_square(samples, states, exact) > FALSE_ALARM


def test_frequencies_follow_rates_over_twelve_decades():
    """Reactions that change nothing, each with its own rate."""
    rates = 10.0 ** np.arange(12, -1, -1)
    network = networks.Network((5,), tuple(({0: 1}, {0: 1}, rate) for rate in rates.tolist()))
    engine, n = network.engine(), 5_000_000
    engine.run(cases.FOREVER, n)
    expected = n * rates / rates.sum()
    often = expected > 10
    counted = engine.solution.event_count
    pooled = stats.chisquare(
        np.append(counted[often], counted[~often].sum()), np.append(expected[often], expected[~often].sum())
    )
    assert pooled.pvalue > FALSE_ALARM, counted


def test_rates_may_span_forty_decades_in_one_network():
    """Waiting times of a slow reaction are right although a fast pair runs dry beside it; 1e-30 to 1e13 per second."""
    network = networks.Network(
        (1, 0, 0), (({0: 1}, {1: 1}, 1e-30), ({1: 1}, {2: 1}, 1e13), ({2: 1}, {0: 1}, 3e-30), ({0: 2}, {1: 2}, 1e13))
    )
    engine, waits, before = network.engine(), [], (0, 0.0)
    engine.solution.set_rates([1e-8, 1e13, 3e-8, 1e13])  # within the reach of the clock
    for _ in range(900):
        engine.run(cases.FOREVER, 1)
        waits.append(engine.time[0] - before[0] + (engine.time[1] - before[1]))
        before = engine.time
    engine.verify()
    assert engine.solution.event_count.tolist() == [300, 300, 300, 0]
    for first, rate in ((0, 1e-8), (1, 1e13), (2, 3e-8)):
        assert stats.kstest(np.array(waits[first::3]) * rate, "expon").pvalue > FALSE_ALARM or first == 1
    engine.solution.set_rates(network.arrays()["rates"])
    assert engine.run((10**15, 0.0)) is ExitReason.MAX_TIME
    assert engine.n_events == 900


# Refused candidates


def test_a_fast_reaction_without_molecules_costs_nothing():
    """A -> B 1e3, B -> C 6e12 per second: a ceiling of one B would draw 1e7 candidates for every event."""
    network = networks.Network((2000, 0, 0), (({0: 1}, {1: 1}, 1e3), ({1: 1}, {2: 1}, 6e12)))
    engine = network.engine()
    assert engine.run((1, 0.0)) is ExitReason.NO_EVENTS
    assert engine.solution.count.tolist() == [0, 0, 2000]
    assert engine.n_candidates < 4 * engine.n_events


@pytest.mark.parametrize("n_hot", [1, 3, 30])
@pytest.mark.parametrize("back", [1e-2, 1.0, 1e2, 1e4, 1e8])
def test_a_species_that_flickers_wastes_few_candidates(back, n_hot):
    """A + D -> B with one B at most, which has thirty ways back: at worst each of those in use is refused once."""
    ways = tuple(
        ({1: 1, 3 + k: 1}, {0: 1, 2: 1, 3 + k: 1}, 500 * back / n_hot * (1.0 if k < n_hot else 1e-9)) for k in range(30)
    )
    network = networks.Network((500, 0, 1) + (1,) * 30, (({0: 1, 2: 1}, {1: 1}, 1.0), *ways))
    engine = network.engine()
    engine.run(cases.FOREVER, 20_000)
    assert engine.n_events == 20_000
    assert engine.n_candidates < (4 + n_hot / 2) * engine.n_events
    engine.verify()


@pytest.mark.parametrize("count", [3, 100, 10**6, 10**15])
def test_acceptance_does_not_depend_on_how_many_molecules_there_are(count):
    network = networks.Network(
        (count, count, count), (({0: 1, 1: 1}, {2: 2}, 2.0), ({2: 2}, {0: 1, 1: 1}, 2.0), ({0: 1}, {1: 1}, 0.1))
    )
    engine = network.engine()
    engine.run(cases.FOREVER, 50_000)
    engine.verify()
    assert engine.n_candidates < 2.5 * engine.n_events
    assert engine.solution.count.sum() == 3 * count


def test_acceptance_and_groups_do_not_depend_on_the_number_of_reactions():
    few, many = networks.sei_like(20), networks.sei_like(20)
    slow = tuple((asked, added, rate * 1e-9) for asked, added, rate in many.reactions for _ in range(10))
    many = networks.Network(many.count, many.reactions + slow)
    share = []
    for network in (few, many):
        engine = network.engine()
        engine.run(cases.FOREVER, 20_000)
        share.append(engine.n_candidates / engine.n_events)
        engine.verify()
        assert engine.solution.n_groups < 250
    assert share[1] < 1.1 * share[0] < 2.5


def test_propensities_count_distinct_combinations():
    orders = ({}, {0: 1}, {0: 2}, {0: 3}, {0: 1, 1: 1}, {0: 2, 1: 1}, {1: 2}, {1: 3})
    network = networks.Network((5, 2), tuple((order, {}, 0.5) for order in orders))
    engine = network.engine()
    assert engine.solution.propensities.tolist() == [0.5, 2.5, 5.0, 5.0, 5.0, 10.0, 0.5, 0.0]
    assert engine.total_propensity == 28.5


# The engine


def driven(network, drive, end, seed=5):
    """All that a trajectory has led to."""
    engine = network.engine(seed)
    drive(engine, end)
    return (
        engine.solution.count.tolist(),
        engine.solution.event_count.tolist(),
        engine.event_count.tolist(),
        engine.species.tobytes(),
        engine.n_candidates,
        engine.next_time,
        engine.random.bit_generator.random_raw(),
    )


def in_one_go(engine, end):
    engine.run((end, 0.0))


def event_by_event(engine, end):
    while engine.run((end, 0.0), 1) is ExitReason.MAX_EVENTS:
        pass


def at_odd_times(engine, end):
    for when in np.sort(np.random.Generator(cases.bits(8)).uniform(0, end, 60)).tolist():
        for _ in range(2):
            engine.run(at(when), 10**9)
            engine.verify()
            assert engine.total_propensity >= 0
            assert engine.n_bytes > 0
    engine.run((end, 0.0))


@pytest.mark.parametrize("network", [networks.crowd(), networks.exchanging_film(90)], ids=["solution", "film"])
def test_stopping_to_look_does_not_change_the_trajectory(network):
    found = [driven(network, drive, 60) for drive in (in_one_go, event_by_event, at_odd_times)]
    assert sum(found[0][1]) > 200
    assert found[0] == found[1] == found[2]


def test_a_solution_in_which_nothing_happens_does_not_change_the_lattice():
    parts = cases.rd3d((6, 7, 8)).parts()
    idle = networks.Network((3, 0), (({0: 2, 1: 1}, {0: 1}, 1e9), ({1: 1}, {0: 1}, 1.0)), parts, ())
    alone, beside = cases.engine_of(parts, 4), idle.engine(4)
    for engine in (alone, beside):
        engine.run(cases.FOREVER, 5000)
    assert alone.time == beside.time
    assert np.array_equal(alone.species, beside.species)
    assert alone.n_candidates == beside.n_candidates


def test_run_says_that_nothing_can_react_any_more():
    engine = networks.Network((7, 0), (({0: 2}, {1: 1}, 3.0),)).engine()
    assert engine.run((100, 0.25)) is ExitReason.NO_EVENTS
    assert engine.time == (100, 0.25)
    assert engine.solution.count.tolist() == [1, 3]
    assert (engine.n_events, engine.total_propensity) == (3, 0.0)
    engine.solution.reset([4, 0])
    assert engine.run((200, 0.0)) is ExitReason.NO_EVENTS
    assert engine.n_events == 5


def test_run_of_the_solution_alone_has_a_lattice_without_sites():
    engine = networks.birth_and_death().engine()
    assert engine.species.size == 0
    assert engine.event_count.size == 0
    assert engine.run(cases.FOREVER, 1000) is ExitReason.MAX_EVENTS
    assert engine.n_events == engine.solution.event_count.sum() == 1000
    births, deaths = engine.solution.event_count
    assert engine.solution.count[0] == 100 + births - deaths


def test_counts_are_live_and_read_only():
    engine = networks.birth_and_death().engine()
    count = engine.solution.count
    engine.run(cases.FOREVER, 101)
    assert count[0] != 100
    with pytest.raises(ValueError, match="read-only"):
        count[0] = 1


def test_events_at_rates_that_jump_are_a_poisson_process_in_stretched_time():
    """In the time L(t) = integral of the rate, waiting times are standard exponentials, whatever the rates."""
    network = networks.Network((1, 1), (({0: 1}, {0: 1}, 1.0), ({1: 1}, {1: 1}, 0.7)))
    engine, dt, n_steps, times = network.engine(3), 0.25, 8000, []
    rates = 10.0 ** np.random.Generator(cases.bits(9)).uniform(-2, 1.5, n_steps)
    before = 0
    for step, rate in enumerate(rates.tolist()):
        engine.solution.set_rates([rate, 0.7 * (1 + step % 2)])
        if step % 5 == 0:
            engine.solution.reset([1, 1 + step % 3])
        while engine.run(at((step + 1) * dt), 1) is ExitReason.MAX_EVENTS:
            if engine.solution.event_count[0] > before:
                times.append(sum(engine.time))
            before = engine.solution.event_count[0]
    stretched = np.interp(times, np.arange(n_steps + 1) * dt, np.concatenate([[0], np.cumsum(rates * dt)]))
    waits = np.diff(stretched, prepend=0.0)
    assert len(waits) > 5000
    assert stats.kstest(waits, "expon").pvalue > FALSE_ALARM


def test_rates_of_zero_stop_everything_and_others_start_it_again():
    engine = networks.birth_and_death().engine()
    engine.run((1, 0.0))
    engine.solution.set_rates([0.0, 0.0])
    assert engine.next_time is None
    assert engine.run((2, 0.0)) is ExitReason.NO_EVENTS
    engine.solution.set_rates([0.1, 0.11])
    assert engine.run((3, 0.0)) is ExitReason.MAX_TIME
    engine.verify()


def test_a_reset_engine_goes_the_way_of_a_new_one():
    """What happened before leaves no trace in ceilings and groups, so the same draws lead to the same events."""
    network = networks.crowd()
    fresh = Solution(**network.arrays())
    used = Solution(**network.arrays())
    engine = network.engine()
    engine.run(cases.FOREVER, 500)
    engine.solution.reset(network.count)
    used.reset([1, 1, 1, 1, 1])
    used.reset(network.count)
    assert fresh.groups() == used.groups() == engine.solution.groups()
    engine.verify()


# Between a lattice and the solution


def chain_of(n_sites, molecules, order, up, down):
    """Birth-death chain of the number of occupied sites: rates[to, from]."""
    most = min(n_sites, molecules // order)
    rates = np.zeros((most + 1, most + 1))
    for k in range(most + 1):
        left = molecules - order * k
        ways = max(left, 0) if order == 1 else max(left * (left - 1) // 2, 0)
        for other, rate in ((k + 1, up * (n_sites - k) * ways), (k - 1, down * k)):
            if 0 <= other <= most and rate > 0:
                rates[other, k] += rate
                rates[k, k] -= rate
    return rates


SORPTION = {
    "plenty": (300, 0.004, 1.0),
    "as many as sites": (14, 0.1, 1.0),
    "scarce": (3, 2.0, 0.5),
    "one": (1, 9.0, 1.0),
}
"""dict: molecules, adsorption per empty site and combination, desorption [1/s]."""


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", SORPTION)
def test_adsorption_from_a_finite_compartment_follows_the_birth_death_chain(name, order):
    """Occupied sites at several times after a quench and in the steady state."""
    molecules, up, down = SORPTION[name]
    molecules, n_sites = molecules * order, 14
    network = networks.sorption((1, 2, 7), molecules, up, down)
    asked, added = {0: order}, {0: -order}
    network = networks.Network((molecules,), (), network.lattice, ((asked, added), ({}, {0: order})))
    exact_rates = chain_of(n_sites, molecules, order, up, down)
    engine, occupied = network.engine(7), []
    step = 1.2 / -np.sort(np.linalg.eigvals(exact_rates).real)[-2]
    for i in range(4000):
        engine.run(at((i + 1) * step))
        k = int((engine.species == 1).sum())
        assert engine.solution.count[0] == molecules - order * k
        occupied.append(k)
    engine.verify()
    moves = linalg.expm(exact_rates * step)
    start, end = np.array([0, *occupied[:-1]]), np.array(occupied)
    counted, expected = np.zeros_like(moves), np.zeros_like(moves)
    np.add.at(counted, (end, start), 1)
    expected = moves * np.bincount(start, minlength=len(moves))
    often = expected >= 10
    counted, expected = counted[often], expected[often]  # which pairs are frequent hardly depends on the draws
    z = (counted - expected) / np.sqrt(expected)
    assert often.sum() > 1
    assert (z**2).sum() < stats.chi2.isf(FALSE_ALARM, often.sum())


def test_interacting_molecules_adsorb_from_a_finite_compartment_to_the_exact_equilibrium():
    """Six sites in a ring, neighbours attract: exp(-H / kT) (up / down)^k n! / (n - k)! for every arrangement."""
    up, down, molecules, pair, thermal = 0.4, 1.0, 5, -0.03, 0.0257
    parts = networks.sorption((1, 1, 6), molecules, up, down).lattice
    interactions = Interactions(
        offsets=np.array([[0, 0, -1], [0, 0, 1]], dtype=np.int32),
        centre=np.array([1, 1], dtype=np.int32),
        other_ptr=np.array([0, 1, 2], dtype=np.int32),
        other_position=np.array([0, 1], dtype=np.int32),
        other_species=np.array([1, 1], dtype=np.int32),
        energy=np.array([round(pair * 1e9)] * 2, dtype=np.int64),
        line_ptr=np.array([0, 1, 2], dtype=np.int32),
        line_slope=np.array([0.3, 0.7]),
        line_intercept=np.zeros(2),
        thermal=thermal,
    )
    engine = Engine(
        parts.species,
        parts.periodic,
        parts.rules,
        cases.bits(3),
        interactions=interactions,
        solution=Solution([molecules], [0], [], [], [0], [], [], []),
        exchange_change=[[-1], [1]],
        exchange_order=[[1], [0]],
    )
    states = [state for state in product(range(2), repeat=6) if sum(state) <= molecules]
    bonds = np.array([sum(a * b for a, b in zip(state, state[1:] + state[:1], strict=True)) for state in states])
    occupied = np.array(states).sum(axis=1)
    weight = np.exp(-pair * bonds / thermal) * (up / down) ** occupied / special.factorial(molecules - occupied)
    samples = []
    for i in range(6000):
        engine.run((6 * i + 20, 0.0))
        samples.append(engine.species.tolist())
        assert engine.solution.count[0] + engine.species.sum() == molecules
    engine.verify()
    assert chi_square(samples, states, weight / weight.sum()) > FALSE_ALARM


def test_molecules_are_conserved_between_solution_and_lattice():
    network = networks.exchanging_film(90)
    engine = network.engine()
    for _ in range(150):
        engine.run(cases.FOREVER, 200)
        monomers, dimers = engine.solution.count.tolist()
        walkers, pairs = (int((engine.species == s).sum()) for s in (1, 2))
        assert monomers + 2 * dimers + walkers + 2 * pairs == 90
        engine.verify()
    assert engine.event_count.min() > 20
    assert engine.solution.event_count.min() > 20
    changes = [[-1, 0], [1, 0], [0, 0], [0, 0], [0, 1], [-2, 0]]
    expected = engine.event_count @ np.array(changes) + engine.solution.event_count @ np.array([[-2, 1], [2, -1]])
    assert (engine.solution.count - [90, 0]).tolist() == expected.tolist()


def test_total_propensity_counts_the_molecules_that_are_there():
    network = networks.exchanging_film(30)
    engine = network.engine()
    for _ in range(30):
        engine.run(cases.FOREVER, 17)
        monomers = int(engine.solution.count[0])
        count = [int((engine.species == s).sum()) for s in range(3)]
        single = 0.02 * count[0] * monomers + 0.004 * count[0] * monomers * (monomers - 1) / 2
        single += 0.8 * count[1] + 0.3 * count[2] + engine.solution.propensities.sum()
        rates = [engine.rates_at(site) for site in range(engine.species.size)]
        hops = sum(rate for found in rates for process, rate, *_ in found if process in (2, 3))
        assert engine.total_propensity == pytest.approx(single + hops, rel=1e-12)


def test_the_lattice_is_rated_anew_a_few_times_only():
    """Ten thousand molecules go and come: the gate moves once for each doubling."""
    network = networks.sorption((10, 10, 100), 12_000, 0.0005, 1.0)
    engine, ceilings = network.engine(), []
    for _ in range(1000):
        engine.run(cases.FOREVER, 100)
        ceilings.append(float(engine.solution.ceilings[0]))
    assert len(set(ceilings)) < 5
    assert engine.n_candidates < 3.0 * engine.n_events
    engine.verify()


# What is refused

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


# verify()


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
