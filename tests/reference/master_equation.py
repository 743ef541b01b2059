# SPDX-License-Identifier: BSD-3-Clause
"""Networks of the solution against their master equation: states, generator, samples."""

from itertools import product

import numpy as np
from scipy import stats

FALSE_ALARM = 1e-6


def at(time):
    """A time as the engine takes it."""
    return int(time), float(time - int(time))


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
