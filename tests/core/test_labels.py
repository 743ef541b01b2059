# SPDX-License-Identifier: BSD-3-Clause
"""Labels of touching sites agree with a plain search."""

import numpy as np
import pytest
from kmc_core.labels import joined, labelled

STEPS = {
    "faces": [(-1, 0, 0), (0, -1, 0), (0, 0, -1)],
    "diagonal": [(-1, 0, 0), (-1, 1, 0), (-1, -1, 1), (0, -1, 1), (0, 0, -1)],
    "long": [(-2, 1, 1), (0, -3, 2), (0, 0, -2)],
}


def clusters(mask, steps):
    """Which sites hold together, by spreading the lowest index until nothing changes."""
    found = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        before = found.copy()
        for site in map(tuple, np.argwhere(mask)):
            for step in (*steps, *(tuple(-each for each in step) for step in steps)):
                other = tuple(a + b for a, b in zip(site, step, strict=True))
                if all(0 <= a < n for a, n in zip(other, mask.shape, strict=True)) and mask[other]:
                    found[site] = min(found[site], found[other])
        if (found == before).all():
            return found


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_sites_have_the_same_number_if_and_only_if_they_hold_together(name, share):
    for seed in range(4):
        mask = np.random.default_rng(seed).random((4, 6, 7)) < share
        labels, numbers = labelled(mask, STEPS[name])
        found, expected = numbers[labels], clusters(mask, STEPS[name])
        pairs = set(zip(found.ravel().tolist(), expected.ravel().tolist(), strict=True))
        assert len(pairs) == len({pair[0] for pair in pairs}) == len({pair[1] for pair in pairs})
        assert ((found > 0) == mask).all()
        assert sorted(set(numbers[1:].tolist())) == list(range(1, numbers.max() + 1))


def test_there_can_be_many_labels():
    """A chequerboard: every second site has a label of its own."""
    mask = np.indices((20, 30, 40)).sum(axis=0) % 2 == 0
    labels, numbers = labelled(mask, STEPS["faces"])
    assert numbers.max() == labels.max() == mask.sum() == 12_000


def test_boxes_may_be_empty_or_a_single_site():
    assert labelled(np.zeros((2, 0, 3), dtype=bool), STEPS["faces"])[1].tolist() == [0]
    assert labelled(np.ones((1, 1, 1), dtype=bool), STEPS["long"])[0].tolist() == [[[1]]]


def test_chains_of_pairs_join_their_labels():
    assert joined(6, np.array([[2, 5], [6, 5], [3, 1]])).tolist() == [0, 1, 2, 1, 3, 2, 2]
    assert joined(3, np.empty((0, 2), dtype=np.int64)).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("steps", [[(0, 0, 1)], [(0, 0, 0)], [(-1, 0, 0)] * 65])
def test_steps_that_lead_forward_or_are_too_many_are_refused(steps):
    with pytest.raises(ValueError, match="at most 64 steps, all to sites before"):
        labelled(np.ones((2, 2, 2), dtype=bool), steps)
