# SPDX-License-Identifier: BSD-3-Clause
"""First passage of a random walk out of an interval."""

import numpy as np
from physics.ensembles import LIMIT, engine_of, z_score

from kmc.patterns import Pattern

EMPTY, WALKER, LEFT, RIGHT = range(4)
PAIR = ((0, 0, 0), (0, 0, 1))
HOP = Pattern((frozenset({WALKER}), frozenset({EMPTY})), (EMPTY, WALKER), PAIR)
EXITS = tuple(Pattern((frozenset({WALKER}), frozenset({end})), (EMPTY, None), PAIR) for end in (LEFT, RIGHT))


def exit_times(rate, length, start, n_walkers, seed):
    """Times at which each of many independent walkers leaves to the left and to the right."""
    species = np.zeros((1, n_walkers, length + 1), dtype=np.uint8)
    species[..., 0], species[..., length], species[..., start] = LEFT, RIGHT, WALKER
    engine = engine_of((HOP, *EXITS), (rate,) * 3, species, seed=seed)
    times, left, right = ([], []), 0, 0
    while len(times[0]) + len(times[1]) < n_walkers:
        engine.run((10**9, 0.0), 1)
        counts = engine.event_count
        if counts[1] > left or counts[2] > right:
            times[int(counts[2] > right)].append(sum(engine.time))
            left, right = counts[1], counts[2]
    return np.array(times[0]), np.array(times[1])


def test_walker_leaves_an_interval_at_the_exact_mean_time_and_on_the_exact_side():
    """Mean exit time x (L - x) / (2 Gamma), P(exit at L) = x / L; mean time and side jointly.

    E(time; exit at L) = x (L^2 - x^2) / (6 Gamma L).

    40 000 walkers with L = 12, x = 4, hop rate Gamma = 1.5 to each side; three |z| < 4.5 (7e-6 each).
    """
    rate, length, start, n_walkers = 1.5, 12, 4, 40_000
    left, right = exit_times(rate, length, start, n_walkers, seed=41)
    mean = start * (length - start) / (2 * rate)
    z_mean = z_score(np.concatenate([left, right]), mean)
    probability = start / length
    z_side = (len(right) - n_walkers * probability) / np.sqrt(n_walkers * probability * (1 - probability))
    joint = start * (length**2 - start**2) / (6 * rate * length)
    z_joint = z_score(np.concatenate([0 * left, right]), joint)
    print(
        f"mean {np.concatenate([left, right]).mean():.4f} ({mean:.4f}), z {z_mean:.2f}; right "
        f"{len(right) / n_walkers:.4f} ({probability:.4f}), z {z_side:.2f}; "
        f"time of those {right.sum() / n_walkers:.4f} ({joint:.4f}), z {z_joint:.2f}"
    )
    assert abs(z_mean) < LIMIT
    assert abs(z_side) < LIMIT
    assert abs(z_joint) < LIMIT
