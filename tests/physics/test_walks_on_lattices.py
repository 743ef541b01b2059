# SPDX-License-Identifier: BSD-3-Clause
"""Walkers and tracers on lattices that are not cubic have the exact diffusivity and correlation factor."""

import numpy as np
import pytest
from physics.ensembles import LIMIT, z_score
from physics.test_other_lattices import EMPTY, EVERY, engine_of, model_of

from kmc.lattice import Lattice
from kmc.patterns import Pattern

HOP = "A + empty => empty + A"
DIFFUSIVITY = 2e-15


def walk(model, n_events):
    """Times [s] and unwrapped places [m] of a single walker after every event."""
    engine, lattice = model.engine(), model.lattice
    engine.run((10**9, 0.0), 0)
    shape = np.array(lattice.shape)
    place = np.array(np.unravel_index(np.argmax(engine.species), lattice.shape))
    times, steps = np.zeros(n_events), np.zeros((n_events, 3), dtype=np.int64)
    for event in range(n_events):
        engine.run((10**9, 0.0), 1)
        now = np.array(np.unravel_index(np.argmax(engine.species), lattice.shape))
        steps[event] = (now - place + shape // 2) % shape - shape // 2
        place = now
        times[event] = engine.time[0] + engine.time[1]
    return times, lattice.displacement(np.cumsum(steps, axis=0))


@pytest.mark.parametrize(("kind", "surface"), EVERY)
def test_free_walker_diffuses_with_the_diffusivity_of_the_deck(kind, surface):
    """<R_i R_j> = 2 D t for i = j and 0 otherwise, in blocks of 10 hops: their means vanish after subtraction.

    800 blocks; six components with |z| < 4.5 (4e-5 together). A rate that is wrong by a quarter is 5 standard errors
    off in each direction.
    """
    law = f"{{law: diffusion, diffusivity: {DIFFUSIVITY} m^2/s}}"
    kinds = ("[[0, 0, 0], [1, 0, 0]]", "[[0, 0, 0], [0, 0, 1]]") if kind == "hexagonal" else (None,)
    hops = [(HOP, law, geometry) for geometry in kinds]
    model = model_of(kind, surface, *hops, random=f"[{{species: A, fraction: {1 / 729}}}]", seed=17)
    times, places = walk(model, 8000)
    blocks = np.diff(np.concatenate([np.zeros((1, 3)), places[9::10]]), axis=0)
    lasted = np.diff(np.concatenate([[0.0], times[9::10]]))
    scores = [
        z_score(blocks[:, i] * blocks[:, j] - (i == j) * 2 * DIFFUSIVITY * lasted, 0.0)
        for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    ]
    found = (blocks**2).sum() / lasted.sum() / 6
    print(f"{kind} {surface}: D {found:.3e} ({DIFFUSIVITY:.3e}), z {', '.join(f'{z:.2f}' for z in scores)}")
    assert max(map(abs, scores)) < LIMIT


def exact_cosine(lattice):
    """Mean cosine between two successive hops of a tracer next to the only vacancy of a torus.

    The tracer has just hopped from v to the origin, so that the vacancy is at v. u(place of the vacancy) is the mean of
    the tracer's next step along its last one: the mean of u over the neighbours of the vacancy, with the step towards
    the vacancy in place of u at the origin.
    """
    shape = np.array(lattice.shape)
    shell = np.array(lattice.shell(1))
    sites = np.array(list(np.ndindex(*lattice.shape)))
    first = lattice.displacement(-shell[0])  # from v = shell[0] to the origin
    matrix, right = np.eye(len(sites)), np.zeros(len(sites))
    for step in shell:
        target = (sites + step) % shape
        index = np.ravel_multi_index(target.T, lattice.shape)
        onto = index == 0
        matrix[np.flatnonzero(~onto), index[~onto]] -= 1 / len(shell)
        right[onto] += lattice.displacement(-step) @ first / len(shell)
    matrix[0], right[0] = np.eye(len(sites))[0], 0.0
    mean = np.linalg.solve(matrix, right)
    return mean[np.ravel_multi_index(shell[0] % shape, lattice.shape)] / (first @ first)


def correlation_factor(cosine):
    return (1 + cosine) / (1 - cosine)


@pytest.mark.parametrize(
    ("kind", "surface", "factor"),
    [("simple cubic", None, 0.65311), ("fcc", 111, 0.78145), ("fcc", 110, 0.78145), ("bcc", 100, 0.72720)],
)
def test_torus_value_of_the_correlation_factor_tends_to_that_of_the_crystal(kind, surface, factor):
    """The reference itself (no statistics): corrections of order 1/sites extrapolate to the values of

    K. Compaan and Y. Haven, Trans. Faraday Soc. 52, 786 (1956), doi:10.1039/TF9565200786.
    """
    small, large = (
        correlation_factor(exact_cosine(Lattice(kind, 1.0, (size,) * 3, (True,) * 3, surface))) for size in (8, 12)
    )
    extrapolated = (1728 * large - 512 * small) / 1216
    print(f"{kind} {surface}: {small:.6f}, {large:.6f}, extrapolated {extrapolated:.6f} ({factor})")
    assert abs(extrapolated - factor) < 1e-4


@pytest.mark.parametrize("n_events", [40_000, pytest.param(600_000, marks=pytest.mark.verify)])
@pytest.mark.parametrize(("kind", "surface"), [("fcc", 111), ("bcc", 110)])
def test_tracers_next_to_a_single_vacancy_have_the_exact_correlation_factor(kind, surface, n_events):
    """Mean cosine of successive hops of the same atom, on a torus of 125 sites with 124 atoms that are told apart.

    |z| < 4.5 with the standard error over 100 stretches of the trajectory (2e-5); f of the crystal follows after
    subtraction of the known effect of the torus: 0.78145 for fcc, 0.72720 for bcc.
    """
    shape = (5, 5, 5)
    lattice = Lattice(kind, 1.0, shape, (True, True, True), surface)
    pair = ((0, 0, 0), lattice.shell(1)[-1])
    patterns = tuple(Pattern((frozenset({atom}), EMPTY), (0, atom), pair) for atom in range(1, 125))
    engine = engine_of(lattice, patterns, (1.0,) * 124, np.arange(125, dtype=np.uint8).reshape(shape), 71)
    hops = _hops_of_atoms(engine, lattice, n_events)
    cosines = [np.array(part) for part in np.array_split(hops, 100)]
    means = [part.mean() for part in cosines]
    exact = exact_cosine(lattice)
    z = z_score(means, exact)
    found = correlation_factor(np.mean(means))
    crystal = {"fcc": 0.78145, "bcc": 0.72720}[kind]
    without_torus = found - correlation_factor(exact) + crystal
    print(
        f"{kind}: cosine {np.mean(means):.5f} ({exact:.5f}), z {z:.2f}; f {found:.5f} "
        f"({correlation_factor(exact):.5f}), without torus {without_torus:.5f} ({crystal})"
    )
    assert abs(z) < LIMIT


def _hops_of_atoms(engine, lattice, n_events):
    """Cosine between each hop and the hop before of the same atom, in the order of the hops."""
    shape = np.array(lattice.shape)
    steps = {}
    for step in lattice.shell(1):
        steps[tuple((np.array(step) % shape).tolist())] = lattice.displacement(step)
    vacancy = int(np.argmin(engine.species))
    places = np.array(list(np.ndindex(*lattice.shape)))
    last, cosines = {}, []
    for _ in range(n_events):
        engine.run((10**9, 0.0), 1)
        atom = int(engine.species[vacancy])
        now = int(np.argmin(engine.species))
        moved = steps[tuple(((places[vacancy] - places[now]) % shape).tolist())]
        if atom in last:
            cosines.append(float(moved @ last[atom]))
        last[atom], vacancy = moved, now
    return cosines
