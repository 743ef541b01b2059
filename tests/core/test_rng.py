# SPDX-License-Identifier: BSD-3-Clause
"""RandomStream draws what NumPy's bit generator gives, and draws it well."""

import math

import numpy as np
import pytest
from kmc_core.rng import RandomStream
from scipy import stats

FALSE_ALARM = 1e-6
GENERATORS = [np.random.PCG64DXSM, np.random.PCG64, np.random.Philox, np.random.SFC64]


@pytest.mark.parametrize("kind", GENERATORS)
def test_uniform_equals_that_of_numpy(kind):
    drawn = [uniform for uniform, _, _ in RandomStream(kind(11)).draw(200)]
    expected = np.random.Generator(kind(11)).random(600)[::3]
    assert drawn == expected.tolist()


@pytest.mark.parametrize("kind", GENERATORS)
def test_draws_follow_from_raw_words_to_the_last_bit(kind):
    raw = [int(word) for word in kind(5).random_raw(300)]
    for i, (uniform, below, exponential) in enumerate(RandomStream(kind(5)).draw(100)):
        first, second, third = raw[3 * i : 3 * i + 3]
        assert uniform == (first >> 11) * 2.0**-53
        assert below == (second * 10) >> 64
        assert exponential == -math.log(1.0 - (third >> 11) * 2.0**-53)


def test_stream_runs_ahead_of_its_use_by_what_is_left_of_a_block():
    """The words are drawn in blocks; `cursor` tells how many of the last block have been used."""
    bits = np.random.PCG64DXSM(3)
    stream = RandomStream(bits)
    stream.draw(10)
    untouched = np.random.PCG64DXSM(3)
    untouched.random_raw(512)
    assert bits.state == untouched.state
    assert stream.cursor == 30


def test_blocks_of_words_join_without_a_gap():
    drawn = RandomStream(np.random.PCG64DXSM(3)).draw(1000)
    words = np.random.PCG64DXSM(3).random_raw(3000)
    assert [uniform for uniform, _, _ in drawn] == [(int(word) >> 11) * 2.0**-53 for word in words[::3]]


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


def test_successive_draws_are_uncorrelated(many_draws):
    uniform = many_draws[0]
    assert stats.pearsonr(uniform[:-1], uniform[1:]).pvalue > FALSE_ALARM
    assert stats.pearsonr(uniform, many_draws[2]).pvalue > FALSE_ALARM
