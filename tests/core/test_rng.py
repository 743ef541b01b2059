# SPDX-License-Identifier: BSD-3-Clause
"""RandomStream draws what NumPy's bit generator gives, and draws it well."""

import math

import numpy as np
import pytest
from kmc_core.rng import RandomStream
from kmc_core.ziggurat import EDGES, HEIGHTS, TAIL
from scipy import stats

FALSE_ALARM = 1e-6
GENERATORS = [np.random.PCG64DXSM, np.random.PCG64, np.random.Philox, np.random.SFC64]


@pytest.mark.parametrize("kind", GENERATORS)
def test_uniform_equals_that_of_numpy(kind):
    drawn = [RandomStream(kind(seed)).draw(1)[0][0] for seed in range(200)]
    assert drawn == [np.random.Generator(kind(seed)).random() for seed in range(200)]


@pytest.mark.parametrize("kind", GENERATORS)
def test_draws_follow_from_raw_words_to_the_last_bit(kind):
    raw = iter([int(word) for word in kind(5).random_raw(100_000)])
    seen = set()
    for uniform, below, exponential in RandomStream(kind(5)).draw(25_000):
        assert uniform == (next(raw) >> 11) * 2.0**-53
        assert below == (next(raw) * 10) >> 64
        expected, path = exponential_from(raw)
        assert exponential == expected
        seen.add(path)
    assert seen == {"inside", "tail", "below the curve", "above the curve"}


def exponential_from(raw):
    """A standard exponential by the layers of `kmc_core.ziggurat`, and how it came about."""
    path = None
    while True:
        word = next(raw)
        layer, share = word % 256, (word >> 11) * 2.0**-53
        x = share * EDGES[layer]
        if x < EDGES[layer + 1]:
            return x, path or "inside"
        if layer == 0:
            return TAIL - math.log(1.0 - (next(raw) >> 11) * 2.0**-53), path or "tail"
        height = HEIGHTS[layer] + (next(raw) >> 11) * 2.0**-53 * (HEIGHTS[layer + 1] - HEIGHTS[layer])
        if height < math.exp(-x):
            return x, path or "below the curve"
        path = "above the curve"


def test_layers_have_equal_areas_up_to_the_top_of_the_curve():
    areas = [EDGES[i] * (HEIGHTS[i + 1] - HEIGHTS[i]) for i in range(1, 256)]
    tail = EDGES[1] * HEIGHTS[1] + math.exp(-TAIL)
    assert len(EDGES) == len(HEIGHTS) == 257
    assert [HEIGHTS[0], EDGES[256], HEIGHTS[256]] == [0.0, 0.0, 1.0]
    assert areas == pytest.approx([tail] * 255, rel=1e-12)
    assert EDGES[0] * HEIGHTS[1] == pytest.approx(tail, rel=1e-14)


def test_stream_runs_ahead_of_its_use_by_what_is_left_of_a_block():
    """The words are drawn in blocks; `cursor` tells how many of the last block have been used."""
    bits = np.random.PCG64DXSM(3)
    stream = RandomStream(bits)
    stream.draw(10)  # of which none reaches the tail
    untouched = np.random.PCG64DXSM(3)
    untouched.random_raw(512)
    assert bits.state == untouched.state
    assert stream.cursor == 30


def test_blocks_of_words_join_without_a_gap():
    drawn = RandomStream(np.random.PCG64DXSM(3)).draw(1000)
    raw = iter([int(word) for word in np.random.PCG64DXSM(3).random_raw(4000)])
    for uniform, _, exponential in drawn:
        assert uniform == (next(raw) >> 11) * 2.0**-53
        next(raw)
        assert exponential == exponential_from(raw)[0]


@pytest.fixture(scope="module")
def many_draws():
    return np.array(RandomStream(np.random.PCG64DXSM(1)).draw(200_000)).T


def test_uniform_is_uniform_and_keeps_its_low_bits(many_draws):
    uniform = many_draws[0]
    assert stats.kstest(uniform, "uniform").pvalue > FALSE_ALARM
    low = (uniform * 2.0**53).astype(np.int64) & 255
    assert stats.chisquare(np.bincount(low, minlength=256)).pvalue > FALSE_ALARM
    assert len(np.unique(uniform)) == len(uniform)  # a 31-bit stream would have given about nine pairs


def test_below_is_uniform_over_its_range(many_draws):
    assert stats.chisquare(np.bincount(many_draws[1].astype(int), minlength=10)).pvalue > FALSE_ALARM


def test_exponential_is_exponential(many_draws):
    assert stats.kstest(many_draws[2], "expon").pvalue > FALSE_ALARM
    edges = -np.log(np.linspace(1, 0, 1001)[:-1])
    counts = np.histogram(many_draws[2], [*edges, np.inf])[0]
    assert stats.chisquare(counts).pvalue > FALSE_ALARM


def test_successive_draws_are_uncorrelated(many_draws):
    uniform = many_draws[0]
    assert stats.pearsonr(uniform[:-1], uniform[1:]).pvalue > FALSE_ALARM
    assert stats.pearsonr(uniform, many_draws[2]).pvalue > FALSE_ALARM
