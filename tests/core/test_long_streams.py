# SPDX-License-Identifier: BSD-3-Clause
"""Ten billion uniform and a hundred million exponential draws of the stream that the engine uses.

The bounds hold for any stream that is right, whichever way it makes its draws; a false alarm comes once in a million
seeds, test by test.
"""

import importlib.util
import shutil
from pathlib import Path

import cases
import numpy as np
import pytest
from kmc_core.rng import RandomStream
from scipy import stats

import kmc_core

pytestmark = pytest.mark.verify

FALSE_ALARM = 1e-6
SOURCE = Path(__file__).with_name("stream_loop.pyx")

N_BLOCKS, BLOCK = 10, 10**9
"""int: blocks of uniform draws, and draws in each."""

N_EXPONENTIALS, PER_UNIT, REACH = 10**8, 256, 16
"""int: exponential draws, bins per unit, and units up to the open bin, which has the probability exp(-16) = 1e-7."""


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    """The compiled module `stream_loop`, against the core under test."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    folder = tmp_path_factory.mktemp("stream_loop")
    source = shutil.copy(SOURCE, folder)
    extension = Extension("stream_loop", [str(source)], include_dirs=[np.get_include()], extra_compile_args=["-O3"])
    directives = {"language_level": 3, "boundscheck": False, "wraparound": False, "cdivision": True}
    modules = cythonize(
        [extension],
        include_path=[str(Path(kmc_core.__file__).parents[1])],
        compiler_directives=directives,
        quiet=True,
    )
    command = Distribution({"ext_modules": modules}).get_command_obj("build_ext")
    command.build_lib = command.build_temp = str(folder)
    command.ensure_finalized()
    command.run()
    made = next(path for path in folder.iterdir() if path.suffix in (".so", ".pyd"))
    specification = importlib.util.spec_from_file_location("stream_loop", made)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_ten_billion_uniform_draws_are_uniform_in_every_block_and_do_not_repeat(loop):
    """A stream of 31 bits repeats after 2**31 = 2.1e9 draws; here none of 2**53 values does."""
    stream, memory = RandomStream(cases.bits(2024)), np.array([0, 0, 1], dtype=np.uint64)
    everything = np.zeros(1 << 14, dtype=np.int64)
    for block in range(N_BLOCKS):
        counts = np.zeros(1 << 14, dtype=np.int64)
        # One value in 2**53 equals the kept one by chance: once in a million runs of 1e10 draws.
        repeated = loop.count_uniforms(stream, BLOCK, counts, memory)
        assert repeated == 0, f"block {block}: a draw is met again {repeated} draws later"
        assert counts.sum() == BLOCK
        assert stats.chisquare(counts).pvalue > FALSE_ALARM / N_BLOCKS, f"block {block}"
        everything += counts
    # Counts that are too even are as wrong as counts that are too uneven.
    assert FALSE_ALARM / 2 < stats.chisquare(everything).pvalue < 1 - FALSE_ALARM / 2


def test_a_stream_that_repeats_is_found_out(loop):
    """The check of the test above, on draws that are the same again after a thousand, but for the first ones."""
    memory, counts = np.array([0, 0, 1], dtype=np.uint64), np.zeros(16, dtype=np.int64)
    loop.count_uniforms(RandomStream(cases.bits(2)), 700, counts, memory)
    found = [loop.count_uniforms(RandomStream(cases.bits(1)), 1000, counts, memory) for _ in range(5)]
    assert next(filter(None, found)) == 1000


@pytest.fixture(scope="module")
def exponentials(loop):
    bins = np.zeros(REACH * PER_UNIT + 1, dtype=np.int64)
    pairs = np.zeros((64, 64), dtype=np.int64)
    loop.count_exponentials(RandomStream(cases.bits(5)), N_EXPONENTIALS, float(PER_UNIT), bins, pairs)
    return bins, pairs


def test_a_hundred_million_exponential_draws_follow_the_exact_distribution(exponentials):
    """Bins of 1/256, so a wrong layer or wedge of a ziggurat would show; they reach out to a probability of 1e-7."""
    bins, _ = exponentials
    edges = np.arange(REACH * PER_UNIT + 1) / PER_UNIT
    expected = N_EXPONENTIALS * np.append(-np.diff(np.exp(-edges)), np.exp(-float(REACH)))
    often = expected >= 20
    counted = np.append(bins[often], bins[~often].sum())
    assert stats.chisquare(counted, np.append(expected[often], expected[~often].sum())).pvalue > FALSE_ALARM


def test_rare_long_waits_are_as_frequent_as_they_should_be(exponentials):
    """Beyond 1, 2, ..., 16 mean waits: frequencies down to 1e-7, each within its binomial interval."""
    bins, _ = exponentials
    for units in range(1, REACH + 1):
        beyond = int(bins[units * PER_UNIT :].sum())
        low, high = stats.binom.interval(1 - FALSE_ALARM / REACH, N_EXPONENTIALS, np.exp(-float(units)))
        assert low <= beyond <= high, (units, beyond, low, high)


def test_exponential_draws_beside_each_other_are_independent(exponentials):
    _, pairs = exponentials
    assert pairs.sum() == N_EXPONENTIALS // 2
    assert stats.chisquare(pairs.ravel()).pvalue > FALSE_ALARM
