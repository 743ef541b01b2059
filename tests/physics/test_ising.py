# SPDX-License-Identifier: BSD-3-Clause
"""Equilibrium from neighbour-dependent rates: the Ising model and the attractive lattice gas.

Spins are two species that turn into each other. The barrier moves by half the change of energy, -+J for
each neighbour that is up or down, so forward and backward rates are in detailed balance.
"""

from itertools import combinations

import numpy as np
import pytest
from physics.ensembles import LIMIT, engine_of, run_to, z_score

from kmc.lattice import Lattice
from kmc.patterns import NeighbourCount, Pattern

DOWN, UP = 0, 1
SHELL = tuple(Lattice("square", 1.0, (1, 1, 1), (False,) * 3).shell(1))
CRITICAL = np.log(1 + np.sqrt(2)) / 2  # J / kT


def flips(coupling=1.0):
    """Up and down flips with half the change of energy as barrier shift."""

    def neighbours(sign):
        return (
            NeighbourCount(frozenset({UP}), 0, SHELL, -sign * coupling),
            NeighbourCount(frozenset({DOWN}), 0, SHELL, sign * coupling),
        )

    here = ((0, 0, 0),)
    return (
        Pattern((frozenset({DOWN}),), (UP,), here, terms=neighbours(1)),
        Pattern((frozenset({UP}),), (DOWN,), here, terms=neighbours(-1)),
    )


def log_partition(size, k):
    """ln Z of the size x size torus at k = J / kT (B. Kaufman, Phys. Rev. 76, 1232 (1949))."""
    r = np.arange(1, 2 * size)
    gamma = np.concatenate(
        [
            [2 * k + np.log(np.tanh(k))],
            np.arccosh(np.cosh(2 * k) ** 2 / np.sinh(2 * k) - np.cos(np.pi * r / size)),
        ]
    )
    odd, even = size * gamma[1::2] / 2, size * gamma[0::2] / 2
    logs = [
        np.log(2 * np.cosh(odd)).sum(),
        np.log(2 * np.sinh(odd)).sum(),
        np.log(2 * np.cosh(even)).sum(),
        np.log(2 * np.abs(np.sinh(even)) + 1e-300).sum(),
    ]
    signs = [1, 1, 1, np.sign(gamma[0])]
    total = sum(sign * np.exp(value - logs[0]) for sign, value in zip(signs, logs, strict=True))
    return -np.log(2) + size**2 / 2 * np.log(2 * np.sinh(2 * k)) + logs[0] + np.log(total)


def exact_energy(size, k):
    """Energy per spin of the torus, in units of J."""
    step = 1e-5
    return -(log_partition(size, k + step) - log_partition(size, k - step)) / (2 * step) / size**2


def onsager_energy(k):
    """Energy per spin of the infinite lattice, in units of J (L. Onsager, Phys. Rev. 65, 117 (1944))."""
    from scipy.special import ellipk

    modulus = 2 * np.sinh(2 * k) / np.cosh(2 * k) ** 2
    return -1 / np.tanh(2 * k) * (1 + 2 / np.pi * (2 * np.tanh(2 * k) ** 2 - 1) * ellipk(modulus**2))


def energies(species, shape):
    """Energy per spin of each copy, in units of J."""
    spins = 2.0 * species.reshape(shape) - 1
    return -(spins * (np.roll(spins, 1, axis=0) + np.roll(spins, 1, axis=2))).mean(axis=(0, 2))


def mean_energies(k, size, n_copies, times, start, seed):
    """Time average of the energy per spin of each copy."""
    shape = (size, n_copies, size)
    if start == "random":
        species = np.random.default_rng(seed).integers(0, 2, shape, dtype=np.uint8)
    else:
        species = np.full(shape, UP, dtype=np.uint8)
    engine = engine_of(
        flips(), (1.0, 1.0), species, periodic=(True, False, True), seed=seed, thermal_energy=1 / k
    )
    return np.mean([energies(run_to(engine, time), shape) for time in times], axis=0)


def test_exact_torus_energy_agrees_with_enumeration_and_tends_to_the_infinite_lattice():
    """The references themselves (no statistics): enumeration, Onsager, and -sqrt 2 J at Tc."""
    configurations = (np.arange(65536)[:, None] >> np.arange(16) & 1).astype(np.uint8)
    energy = 16 * energies(np.moveaxis(configurations.reshape(-1, 4, 4), 0, 1).copy(), (4, 65536, 4))
    for k in (0.3, CRITICAL, 0.6):
        weight = np.exp(-k * (energy + 32))
        assert abs(exact_energy(4, k) - (weight @ energy) / weight.sum() / 16) < 1e-7
    for k in (0.35, 0.5):
        assert abs(exact_energy(64, k) - onsager_energy(k)) < 1e-6
    assert abs(exact_energy(256, CRITICAL) + np.sqrt(2)) < 0.003


@pytest.mark.parametrize(("temperature", "start"), [(3.0, "random"), (2.0, "up")])
def test_ising_energy_off_tc_is_onsager_s(temperature, start):
    """Energy per spin at T = 3 J and 2 J (correlation length 2 spacings), 32 x 32 tori, 100 copies.

    200 time units to forget the start, then 30 samples; |z| < 4.5 over copies (2e-5).
    """
    k = 1 / temperature
    found = mean_energies(k, 32, 100, np.arange(50, 200, 5), start, seed=71)
    z = z_score(found, onsager_energy(k))
    print(
        f"T {temperature}: {found.mean():.5f} +- {found.std() / 10:.5f} ({onsager_energy(k):.5f}), z {z:.2f}"
    )
    assert abs(onsager_energy(k) - exact_energy(32, k)) < 1e-5
    assert abs(z) < LIMIT


@pytest.mark.parametrize(
    ("size", "n_copies", "duration", "start"),
    [(12, 100, 4000, "random"), pytest.param(24, 100, 6000, "up", marks=pytest.mark.verify)],
)
def test_ising_energy_at_tc_is_that_of_the_finite_torus(size, n_copies, duration, start):
    """Energy per spin at Tc = 2 / ln(1 + sqrt 2) against Kaufman's torus.

    Its limit for large tori is -sqrt 2 J.

    The first third of the run is left out; |z| < 4.5 over copies (2e-5).
    """
    found = mean_energies(CRITICAL, size, n_copies, np.arange(duration / 3, duration, 5), start, seed=72)
    exact = exact_energy(size, CRITICAL)
    z = z_score(found, exact)
    print(
        f"L {size}: {found.mean():.5f} +- {found.std() / np.sqrt(n_copies):.5f} ({exact:.5f}), z {z:.2f}; "
        f"less the effect of the torus {found.mean() - exact - np.sqrt(2):.5f} ({-np.sqrt(2):.5f})"
    )
    assert abs(z) < LIMIT


def test_lattice_gas_that_hops_by_breaking_bonds_has_the_boltzmann_distribution():
    """6 particles on a 4 x 4 torus: probability of each number of bonds, by enumeration.

    The barrier of a hop grows by the bond energy for each particle next to its start. 400 copies, 800
    samples each; |z| < 4.5 for each number of bonds that is met often enough (2e-5 each).
    """
    bond, n_particles, size = 0.8, 6, 4
    site = np.arange(size * size).reshape(size, size)
    pairs = np.concatenate(
        [np.column_stack([site.ravel(), np.roll(site, 1, axis).ravel()]) for axis in (0, 1)]
    )
    occupied = np.zeros((8008, size * size), dtype=np.int64)
    for row, chosen in enumerate(combinations(range(size * size), n_particles)):
        occupied[row, list(chosen)] = 1
    bonds = (occupied[:, pairs[:, 0]] * occupied[:, pairs[:, 1]]).sum(axis=1)
    weight = np.bincount(bonds, weights=np.exp(bond * bonds), minlength=9)
    exact = weight / weight.sum()
    hop = Pattern(
        (frozenset({1}), frozenset({0})),
        (0, 1),
        ((0, 0, 0), (0, 0, 1)),
        terms=(NeighbourCount(frozenset({1}), 0, SHELL, bond),),
    )
    shape = (size, 400, size)
    species = np.zeros(shape, dtype=np.uint8)
    species[0], species[1, :, :2] = 1, 1
    engine = engine_of((hop,), (1.0,), species, periodic=(True, False, True), seed=73)
    found = []
    for time in np.arange(50, 4050, 5):
        gas = run_to(engine, time).reshape(shape).astype(np.int64)
        found.append((gas * np.roll(gas, 1, axis=0) + gas * np.roll(gas, 1, axis=2)).sum(axis=(0, 2)))
    found = np.array(found)
    for n in np.flatnonzero(exact > 1e-3):
        z = z_score((found == n).mean(axis=0), exact[n])
        print(f"{n} bonds: {(found == n).mean():.5f} ({exact[n]:.5f}), z {z:.2f}")
        assert abs(z) < LIMIT
