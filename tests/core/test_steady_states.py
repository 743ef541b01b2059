# SPDX-License-Identifier: BSD-3-Clause
"""Steady states of two reaction-diffusion problems against the values that several exact codes agree on."""

import cases
import numpy as np
import pytest

pytestmark = pytest.mark.verify

STEADY = {
    "rd3d": (cases.rd3d((46, 46, 46)), 1500, 150.0, 0.2614, {1: 0.0602, 2: 0.2117}),
    "zgb2d": (cases.zgb2d(300, 300), 200, 10.0, 0.2935, {1: 0.00463, 2: 0.7345}),
}
"""dict: case, time to relax, time of a block, events per site and time, coverages."""


@pytest.mark.parametrize("name", STEADY)
def test_steady_state_has_the_known_activity_and_coverages(name):
    case, relax, length, activity, coverages = STEADY[name]
    engine = cases.engine_of(case.parts())
    engine.run((relax, 0.0))
    blocks = {key: [] for key in ("activity", *coverages)}
    for i in range(20):
        before = engine.n_events
        for part in range(1, 6):  # coverages are sampled five times in a block
            when = relax + (i + part / 5) * length
            engine.run((int(when), when - int(when)))
            for species in coverages:
                blocks[species].append((engine.species == species).mean())
        blocks["activity"].append((engine.n_events - before) / engine.species.size / length)
    for key, exact in {"activity": activity, **coverages}.items():
        values = np.array(blocks[key]).reshape(20, -1).mean(axis=1)
        # the reference values are given to four digits
        allowed = 4 * values.std(ddof=1) / 20**0.5 + 0.6 * 10.0 ** (np.floor(np.log10(exact)) - 2)
        assert abs(values.mean() - exact) < allowed, (key, values.mean(), allowed)
    engine.verify()
