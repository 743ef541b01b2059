# SPDX-License-Identifier: BSD-3-Clause
"""Cluster expansions as the core wants them, and their energy by the plainest sum there is."""

import numpy as np

from kmc_core import Interactions

KT = 0.0257
EMPTY, A, B = 0, 1, 2

# name -> species and sites (dz, dy, dx) of a cluster, energy in 1e-9 eV; every translation of it counts
CLUSTERS = (
    ((A,), ((0, 0, 0),), -20_000_000),
    ((A, A), ((0, 0, 0), (0, 0, 1)), 31_000_001),
    ((A, A), ((0, 0, 0), (1, 0, 0)), -17_000_000),
    ((A, B), ((0, 0, 0), (0, 0, 2)), 23_000_003),
    ((B, B), ((0, 0, 0), (1, 0, 1)), -11_000_000),
    ((A, A, B), ((0, 0, 0), (0, 0, 1), (1, 0, 1)), 13_000_000),
    ((A, B, A, B), ((0, 0, 0), (0, 0, 1), (1, 0, 0), (2, 0, 1)), 19_000_000),
)


def interactions_of(clusters, lines, thermal=KT):
    """Flat arrays: every member of every cluster is the centre of a placement once."""
    placements = []
    for species, sites, energy in clusters:
        for centre in range(len(sites)):
            others = [
                (tuple(b - a for a, b in zip(sites[centre], sites[i], strict=True)), species[i])
                for i in range(len(sites))
                if i != centre
            ]
            placements.append((species[centre], others, energy))
    steps = {step for _, others, _ in placements for step, _ in others}
    offsets = sorted(steps | {tuple(-c for c in step) for step in steps})
    index = {step: j for j, step in enumerate(offsets)}
    flat = [(index[step], species) for _, others, _ in placements for step, species in others]
    return Interactions(
        offsets=np.array(offsets, dtype=np.int32).reshape(-1, 3),
        centre=np.array([centre for centre, _, _ in placements], dtype=np.int32),
        other_ptr=np.cumsum([0] + [len(others) for _, others, _ in placements]).astype(np.int32),
        other_position=np.array([j for j, _ in flat], dtype=np.int32),
        other_species=np.array([s for _, s in flat], dtype=np.int32),
        energy=np.array([energy for *_, energy in placements], dtype=np.int64),
        line_ptr=np.cumsum([0] + [len(each) for each in lines]).astype(np.int32),
        line_slope=np.array([slope for each in lines for slope, _ in each], dtype=float),
        line_intercept=np.array([intercept for each in lines for _, intercept in each], dtype=float),
        thermal=thermal,
    )


def energy_of(lattice, clusters):
    """Energy of a periodic lattice [1e-9 eV], cluster by cluster and site by site."""
    total = 0
    for species, sites, energy in clusters:
        found = np.ones(lattice.shape, dtype=bool)
        for kind, place in zip(species, sites, strict=True):
            found &= np.roll(lattice, [-c for c in place], axis=(0, 1, 2)) == kind
        total += energy * int(found.sum())
    return total
