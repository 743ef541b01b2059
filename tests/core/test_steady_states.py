# SPDX-License-Identifier: BSD-3-Clause
"""Steady states of two reaction-diffusion problems against the values that several exact codes agree on."""

from typing import NamedTuple

import cases
import numpy as np
import pytest
from scipy import stats

KNOWN = {
    "rd3d": {"activity": (0.2614, 4), 1: (0.0602, 4), 2: (0.2117, 4)},
    "zgb2d": {"activity": (0.2935, 4), 1: (0.00463, 5), 2: (0.7345, 4)},
}
"""dict: events per site and time, and coverages by species, each with its number of decimals."""


class Course(NamedTuple):
    """How long a steady state is watched."""

    case: cases.Case
    start: tuple  # coverages at the start
    relax: int  # time before the first block
    length: int  # time of a block
    n_blocks: int


# Blocks are several times longer than what lives longest in them: a product of rd3d lives for 1000, an island of
# oxygen of zgb2d for some tens. Otherwise blocks would depend on each other and their scatter would promise too much.
LONG = {
    "rd3d": Course(cases.rd3d((30, 30, 30)), (0.0602, 0.2117), 4000, 4000, 16),
    "zgb2d": Course(cases.zgb2d(250, 250), (0.0, 0.7345), 100, 200, 24),
}
SHORT = {
    "rd3d": Course(cases.rd3d((10, 10, 10)), (0.0602, 0.2117), 2000, 2000, 24),
    "zgb2d": Course(cases.zgb2d(60, 60), (0.0, 0.7345), 50, 40, 40),
}

SAMPLES = 20
"""int: looks at the coverages in every block."""

FALSE_ALARM = 1e-6


def watched(course, species, seed=1):
    """Means over blocks, by name: float64, shape (n_blocks,); the engine is verified at the end."""
    start = cases.scattered(course.case.lattice.shape, course.start)
    engine = cases.engine_of(course.case.parts()._replace(species=start), seed)
    engine.run((course.relax, 0.0))
    found = {key: [] for key in ("activity", *species)}
    for block in range(course.n_blocks):
        begin, before, coverages = course.relax + block * course.length, engine.n_events, []
        for part in range(1, SAMPLES + 1):
            engine.run((begin + part * course.length // SAMPLES, 0.0))
            coverages.append(np.bincount(engine.species, minlength=3) / engine.species.size)
        for index in species:
            found[index].append(np.mean(coverages, axis=0)[index])
        found["activity"].append((engine.n_events - before) / engine.species.size / course.length)
    engine.verify()
    return {key: np.array(means) for key, means in found.items()}


def deviations(course, known):
    """By name: how far the mean of the blocks is off, beyond what rounding explains, in standard errors."""
    found = watched(course, [key for key in known if key != "activity"])
    off = {}
    for key, (value, decimals) in known.items():
        error = found[key].std(ddof=1) / course.n_blocks**0.5
        off[key] = max(abs(found[key].mean() - value) - 0.5 * 10.0**-decimals, 0.0) / error
    return off


@pytest.mark.parametrize("name", LONG)
@pytest.mark.verify
def test_steady_state_is_the_known_one_within_three_standard_errors(name):
    """Wrong composition-rejection was found to be off by 2 and 12 %, which are many standard errors here.

    One seed in about fifty gives a false alarm: six figures, three standard errors each.
    """
    off = deviations(LONG[name], KNOWN[name])
    assert max(off.values()) < 3.0, off


@pytest.mark.parametrize("name", SHORT)
def test_small_box_is_in_the_known_steady_state(name):
    """The same in a few seconds, with a false alarm once in a million seeds."""
    course = SHORT[name]
    allowed = stats.t.isf(FALSE_ALARM / 6, course.n_blocks - 1)
    off = deviations(course, KNOWN[name])
    assert max(off.values()) < allowed, off
