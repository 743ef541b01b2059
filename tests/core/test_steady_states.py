# SPDX-License-Identifier: BSD-3-Clause
"""Steady states of two reaction-diffusion problems against the values that several exact codes agree on."""

import cases
import numpy as np
import pytest

pytestmark = pytest.mark.verify

STEADY = {
    "rd3d": (cases.rd3d((46, 46, 46)), [0.0602, 0.2117], 1000, 500, 0.2614, {1: 0.0602, 2: 0.2117}),
    "zgb2d": (cases.zgb2d(300, 300), [0.0, 0.7345], 100, 100, 0.2935, {1: 0.00463, 2: 0.7345}),
}
"""dict: case, coverages at the start, time to relax, time of a block, events per site and time, coverages."""

N_BLOCKS = 6


@pytest.mark.parametrize("name", STEADY)
def test_steady_state_has_the_known_activity_and_coverages(name):
    case, start, relax, length, activity, coverages = STEADY[name]
    species = cases.scattered(case.lattice.shape, start)
    engine = cases.engine_of(case.parts()._replace(species=species))
    engine.run((relax, 0.0))
    blocks = {key: [] for key in ("activity", *coverages)}
    for i in range(N_BLOCKS):
        before, samples = engine.n_events, []
        for part in range(1, 11):
            engine.run((relax + i * length + part * length // 10, 0.0))
            samples.append(np.bincount(engine.species, minlength=3) / engine.species.size)
        for index in coverages:
            blocks[index].append(np.mean(samples, axis=0)[index])
        blocks["activity"].append((engine.n_events - before) / engine.species.size / length)
    for key, exact in {"activity": activity, **coverages}.items():
        rounding = 0.6 * 10.0 ** (np.floor(np.log10(exact)) - (2 if exact < 0.1 else 3))
        allowed = 6 * np.std(blocks[key], ddof=1) / N_BLOCKS**0.5 + rounding
        assert abs(np.mean(blocks[key]) - exact) < allowed, (key, np.mean(blocks[key]), allowed)
    engine.verify()
