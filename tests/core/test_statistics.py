# SPDX-License-Identifier: BSD-3-Clause
"""What is drawn has the right probability, over twelve decades of rates.

Seeds are fixed. The thresholds would raise a false alarm once in a million seeds, test by test.
"""

import ctypes
from threading import Lock

import cases
import numpy as np
import pytest
from kmc_core.engine import Engine
from scipy import stats

FALSE_ALARM = 1e-6
SIGMAS = 4.9
"""float: two-sided probability 1e-6 of a normal deviate."""


def residence_fractions(engine, n_events, n_species):
    """Fraction of the time that the first site spends as each species, and the number of its visits."""
    time, visits = np.zeros(n_species), np.zeros(n_species, dtype=np.int64)
    for _ in range(n_events):
        species = engine.species[0]
        before = engine.time
        engine.run(cases.FOREVER, 1)
        after = engine.time
        time[species] += (after[0] - before[0]) + (after[1] - before[1])
        visits[species] += engine.species[0] != species
    return time, visits


@pytest.mark.parametrize("spectators", [(), (0.499,), (0.499, 0.99), (0.26, 0.51)])
def test_two_state_site_is_occupied_for_three_thirteenths_of_the_time(spectators):
    """Rates 0.3 and 1: 0.2308. Spectators in the same groups force rejections.

    A solver that draws the group anew after a rejection finds 0.150.
    """
    n = 5000
    engine = cases.engine_of(cases.switches(n, 0.3, 1.0, spectators).parts())
    engine.run((20, 0.0))  # 26 relaxation times
    measured, samples = 0.0, 40
    for i in range(samples):
        engine.run((24 + 4 * i, 0.0))  # correlation exp(-5.2) between samples
        measured += (engine.species[:n] == 1).mean() / samples
    if 0.499 in spectators:
        assert engine.n_candidates > 1.05 * engine.n_events
    exact = 0.3 / 1.3
    assert exact == pytest.approx(0.2308, abs=5e-5)
    error = (exact * (1 - exact) / (n * samples) * (1 + np.exp(-5.2)) / (1 - np.exp(-5.2))) ** 0.5
    assert abs(measured - exact) < SIGMAS * error


def test_residence_times_are_inverse_rates_over_twelve_decades():
    """A site that goes round thirteen states, each with its own rate, from 1e-6 to 1e6."""
    rates = 10.0 ** np.arange(-6, 7)
    patterns = tuple(cases.single(i, (i + 5) % 13) for i in range(13))
    parts = cases.Case(
        cases.cubic(1, 1, 1), patterns, tuple(rates), np.zeros((1, 1, 1), dtype=np.uint8), 13
    ).parts()
    time, visits = residence_fractions(cases.engine_of(parts), 13 * 4000, 13)
    assert visits.tolist() == [4000] * 13
    low, high = stats.gamma.interval(1 - FALSE_ALARM / 13, 4000)
    assert ((low < time * rates) & (time * rates < high)).all(), time * rates


@pytest.mark.parametrize("one_site", [True, False])
def test_frequencies_follow_rates_over_twelve_decades(one_site):
    """Competing processes, on one site (lists of rules) or on many (lists of sites)."""
    rates = 10.0 ** np.arange(0, -13, -1)
    if one_site:
        patterns = tuple(cases.single(0, 0) for _ in rates)
        species = np.zeros((1, 1, 1), dtype=np.uint8)
    else:
        patterns = tuple(cases.single(i, i) for i in range(13))
        species = np.arange(13, dtype=np.uint8).reshape(1, 1, 13)
    n = 5_000_000
    engine = cases.engine_of(
        cases.Case(cases.cubic(*species.shape), patterns, tuple(rates), species, 13).parts()
    )
    engine.run(cases.FOREVER, n)
    expected = n * rates / rates.sum()
    counted = engine.event_count
    often = expected > 10
    pooled = stats.chisquare(
        np.append(counted[often], counted[~often].sum()), np.append(expected[often], expected[~often].sum())
    )
    assert pooled.pvalue > FALSE_ALARM, counted


# Draws from a script: the width of the interval that chooses a rare event, to the last bit


class Scripted:
    """A bit generator that hands out given words, then zeros."""

    def __init__(self):
        self.words, self.lock = [], Lock()
        word = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)
        real = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_void_p)
        half = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_void_p)
        self.next = word(lambda state: self.words.pop(0) if self.words else 0)
        self.unused = half(lambda state: 0), real(lambda state: 0.0)

        class Interface(ctypes.Structure):
            _fields_ = [
                ("state", ctypes.c_void_p),
                ("next_uint64", word),
                ("next_uint32", half),
                ("next_double", real),
                ("next_raw", word),
            ]

        self.interface = Interface(None, self.next, *self.unused, self.next)
        make = ctypes.pythonapi.PyCapsule_New
        make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        self.name = b"BitGenerator"  # kept: the capsule only points to it
        self.capsule = make(ctypes.addressof(self.interface), self.name, None)


def chosen(parts, word, draw):
    """First process if draw 1 (group) or 3 (rule of the site) is `word` and all other draws are 0."""
    bits = Scripted()
    engine = Engine(parts.species, parts.periodic, parts.rules, bits)
    bits.words = [0] * draw + [word]
    engine.run(cases.FOREVER, 1)
    return int(np.flatnonzero(engine.event_count)[0])


def first_word_beyond(parts, process, draw):
    """Smallest draw (in units of 2**-53) that chooses a process beyond the first ones up to `process`."""
    low, high = 0, 2**53
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if chosen(parts, middle << 11, draw) <= process else (low, middle)
    return high


@pytest.mark.parametrize("one_site", [True, False])
def test_a_choice_of_one_in_1e12_is_made_by_exactly_that_share_of_the_draws(one_site):
    """The draw has 53 bits: boundaries between processes lie where they should to two units of 1.1e-16."""
    rates = np.array([1.0, 1e-3, 1e-6, 1e-9, 1e-12])
    if one_site:
        patterns = tuple(cases.single(0, 0) for _ in rates)
        species = np.zeros((1, 1, 1), dtype=np.uint8)
    else:
        patterns = tuple(cases.single(i, i) for i in range(5))
        species = np.arange(5, dtype=np.uint8).reshape(1, 1, 5)
    parts = cases.Case(cases.cubic(*species.shape), patterns, tuple(rates), species, 5).parts()
    exact = np.cumsum(rates) / rates.sum() * 2.0**53
    for process in range(4):
        assert abs(first_word_beyond(parts, process, 3 if one_site else 1) - exact[process]) <= 2
    rare = 2**53 - first_word_beyond(parts, 3, 3 if one_site else 1)
    assert rare == pytest.approx(1e-12 * 2.0**53 / rates.sum(), abs=3)  # 9007 of 2**53 draws


def test_rounding_at_the_end_of_the_groups_chooses_the_last_group_with_weight():
    rates = np.array([1.0, 1e-3, 0.0])
    parts = cases.Case(
        cases.cubic(1, 1, 3),
        tuple(cases.single(i, i) for i in range(3)),
        tuple(rates),
        np.arange(3, dtype=np.uint8).reshape(1, 1, 3),
        3,
    ).parts()
    assert chosen(parts, 2**64 - 1, 1) == 1
