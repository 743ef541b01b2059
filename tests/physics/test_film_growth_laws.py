# SPDX-License-Identifier: BSD-3-Clause
"""Growth laws of a dense film in columns: limited by reaction, by tunnelling, by diffusion.

A column is a chain of sites: electrode, film, electrolyte. Columns do not know of each other, so each of
them is an independent sample and its thickness in sites, n, is a chain whose exact distribution is known.
"""

import numpy as np
import pytest
from physics.ensembles import LIMIT, engine_of, mean_of, pure_birth, run_to, z_score, z_variance

from kmc.patterns import Pattern
from kmc_core import ExitReason

ELECTRODE, FILM, ELECTROLYTE, GUEST = range(4)
PAIR = ((0, 0, 0), (-1, 0, 0))
GROWTH = Pattern((frozenset({ELECTROLYTE}), frozenset({ELECTRODE, FILM})), (FILM, None), PAIR, tunnels=True)


def columns(height, n_columns, thickness=0):
    """One electrode site, `thickness` of film, then electrolyte; uint8, shape (height, n_columns, 1)."""
    species = np.full((height, n_columns, 1), ELECTROLYTE, dtype=np.uint8)
    species[1 : 1 + thickness] = FILM
    species[0] = ELECTRODE
    return species


def thickness_at(engine, time, shape):
    """Film sites in each column; none has reached the end of the box."""
    species = run_to(engine, time).reshape(shape)
    assert (species[-1] == ELECTROLYTE).all()
    return (species != ELECTROLYTE).sum(axis=0).ravel() - 1


def test_reaction_limited_film_grows_linearly_at_the_reaction_rate():
    """L = k a t: exponent 1 and the exact rate, with electron transfer that does not decay in the film.

    Poisson thickness of 20 000 columns at k t = 2 and 50, mean and variance, and the exponent between
    them: |z| < 4.5 (7e-6 each).
    """
    rate, n_columns = 2.0e3, 20_000
    species = columns(110, n_columns)
    engine = engine_of((GROWTH,), (rate,), species, decay=(0, 0, 0), cutoff=1e-20, seed=91)
    means = {}
    for time in (1e-3, 25e-3):
        n = thickness_at(engine, time, species.shape)
        means[time] = n.mean()
        z, z_var = z_score(n, rate * time), z_variance(n, rate * time)
        print(f"t {time}: {n.mean():.4f} ({rate * time}), z {z:.2f}; variance {n.var():.3f}, z {z_var:.2f}")
        assert abs(z) < LIMIT
        assert abs(z_var) < LIMIT
    exponent = np.log(means[25e-3] / means[1e-3]) / np.log(25)
    error = np.sqrt((1 / 2 - 1 / 50) / n_columns) / np.log(25)
    print(f"exponent {exponent:.5f} +- {error:.5f} (1)")
    assert abs(exponent - 1) < LIMIT * error


@pytest.mark.parametrize(
    ("decay", "rate", "times"),
    [
        (0.05, 1.0, (10, 100, 1000)),
        (0.5, 1.0e3, (1e-2, 1.0, 1e3, 1e6)),
        (6.0, 2.0e9, (1e-6, 1e-3, 1.0, 3600.0)),
    ],
)
def test_tunnelling_limited_film_is_the_exact_birth_chain_close_to_the_logarithmic_law(decay, rate, times):
    """k exp(-beta a n): the mean of the birth chain, with L = ln(1 + beta a k t) / beta nearby.

    3000 columns, beta a = 0.05, 0.5, 6; |z| < 4.5 each (7e-6). The discrete column is ahead of the
    continuum, as it grows at the rate of its present thickness until the next site is there: by 0.25 sites
    for beta a = 0.5, by up to 0.44 for beta a = 6.
    """
    n_columns = 3000
    species = columns(100, n_columns)
    engine = engine_of((GROWTH,), (rate,), species, decay=(0, decay, 0), cutoff=1e-20, seed=92)
    chains = pure_birth(rate * np.exp(-decay * np.arange(99)), times)
    for time, chain, exact in zip(times, chains, mean_of(chains), strict=True):
        n = thickness_at(engine, time, species.shape)
        variance = chain @ (np.arange(99) - exact) ** 2
        z = (n.mean() - exact) / np.sqrt(variance / n_columns)
        continuum = np.log1p(decay * rate * time) / decay
        print(
            f"beta a {decay}, t {time}: {n.mean():.4f} ({exact:.4f}), z {z:.2f}; variance {n.var():.4f} "
            f"({variance:.4f}); continuum {continuum:.4f}, off by {exact - continuum:+.4f}"
        )
        assert abs(z) < LIMIT
        assert abs(exact - continuum) < 0.6


def test_passivation_thickness_after_an_hour_spans_fourteen_decades_of_rate():
    """ln(k0 t) / beta = 2.7 nm for k0 = 4.4e10 1/s, t = 3600 s, beta = 12 1/nm, on sites of 0.05 nm.

    1000 columns against the exact chain: |z| < 4.5 (7e-6); the continuum formula to 0.02 nm.
    """
    rate, time, beta, spacing, n_columns = 4.4e10, 3600.0, 12.0, 0.05, 1000
    species = columns(80, n_columns)
    engine = engine_of((GROWTH,), (rate,), species, decay=(0, beta * spacing, 0), cutoff=1e-20, seed=93)
    n = thickness_at(engine, time, species.shape)
    exact = mean_of(pure_birth(rate * np.exp(-beta * spacing * np.arange(79)), [time]))[0]
    z = z_score(n, exact)
    formula = np.log1p(beta * rate * spacing * time) / beta
    print(
        f"{n.mean() * spacing:.4f} nm ({exact * spacing:.4f}), z {z:.2f}; continuum {formula:.4f} nm, "
        f"ln(k0 t) / beta {np.log(rate * time) / beta:.4f} nm"
    )
    assert abs(z) < LIMIT
    assert abs(n.mean() * spacing - formula) < 0.02


def test_growth_by_tunnelling_ends_at_the_cutoff():
    """No transfer below a transmission of 1e-3: with beta a = 0.5, thickness 13 is the last that grows."""
    species = columns(20, 100)
    engine = engine_of((GROWTH,), (1.0,), species, decay=(0, 0.5, 0), cutoff=1e-3, seed=94)
    assert engine.run((10**9, 0.0)) == ExitReason.NO_EVENTS
    assert (thickness_at(engine, 10**9, species.shape) == 14).all()


def test_tunnelling_adds_up_the_decay_of_each_species_in_the_column():
    """Two film species deposit at rates k1 = 3 and k2 = 1, with beta a = 0.2 and 0.9: a chain in (n1, n2).

    Rates k exp(-0.2 n1 - 0.9 n2) up in n1 and in n2. 4000 columns, mean of both numbers at three times: |z|
    < 4.5 (7e-6 each).
    """
    from scipy.linalg import expm

    rates, decay, size, n_columns = (3.0, 1.0), (0.2, 0.9), 32, 4000
    other = GUEST
    solid = frozenset({ELECTRODE, FILM, other})
    grow = [
        Pattern((frozenset({ELECTROLYTE}), solid), (new, None), PAIR, tunnels=True) for new in (FILM, other)
    ]
    species = columns(60, n_columns)
    engine = engine_of(grow, rates, species, decay=(0, decay[0], 0, decay[1]), cutoff=1e-20, seed=95)
    first, second = (grid.ravel() for grid in np.indices((size, size)))
    transmission = np.exp(-decay[0] * first - decay[1] * second)
    generator = np.diag(-sum(rates) * transmission)
    for rate, number, step in ((rates[0], first, size), (rates[1], second, 1)):
        source = np.flatnonzero(number < size - 1)
        generator[source + step, source] = rate * transmission[source]
    for time in (1.0, 10.0, 100.0):
        chain = expm(generator * time)[:, 0]
        assert chain.reshape(size, size)[-1].sum() + chain.reshape(size, size)[:, -1].sum() < 1e-6
        surface = run_to(engine, time).reshape(species.shape)
        for name, number, code in (("first", first, FILM), ("second", second, other)):
            found = (surface == code).sum(axis=0).ravel()
            z = z_score(found, chain @ number)
            print(f"t {time}, {name}: {found.mean():.4f} ({chain @ number:.4f}), z {z:.2f}")
            assert abs(z) < LIMIT


# Interstitials: a guest enters next to the electrode, walks through the film, turns electrolyte into film.
ENTRY = Pattern((frozenset({FILM}), frozenset({ELECTRODE})), (GUEST, None), PAIR)
RETURN = Pattern((frozenset({GUEST}), frozenset({ELECTRODE})), (FILM, None), PAIR)
HOP = Pattern((frozenset({GUEST}), frozenset({FILM})), (FILM, GUEST), PAIR)
REACTION = Pattern((frozenset({GUEST}), frozenset({ELECTROLYTE})), (FILM, FILM), PAIR)
CARRIED = (ENTRY, RETURN, HOP, REACTION)


def carried_film(concentration, hop, reaction, height, n_columns, seed):
    """Film of one site that grows by guests; the electrode acts like a site with a guest at probability c."""
    constants = (concentration * hop, (1 - concentration) * hop, hop, reaction)
    species = columns(height, n_columns, thickness=1)
    return engine_of(CARRIED, constants, species, seed=seed), species.shape


@pytest.mark.parametrize(("reaction", "times"), [(1.0, (5.0e4, 3.0e5, 3.0e6)), (0.05, (2.0e5, 1.0e6, 4.0e6))])
def test_film_fed_by_dilute_guests_follows_the_diffusion_limited_and_the_mixed_law(reaction, times):
    """L^2 = 2 D c V t where diffusion limits, L^2 + (2 D / k) L = 2 D c V t where reaction counts too.

    Each guest makes one site of film, so c V is the number of guests per film site at the electrode, here
    1e-4, and D = 1. With at most one guest in a column at a time the film is a birth chain with rates c /
    (n + D / k): entry and n - 1 hops at resistance 1 each, the reaction at D / k. Corrections: a second
    guest in the column, of order c n (2e-3 here), and in the continuum the guests that fill the growing
    film, a fraction c / 3 (see the Stefan test). 2000 columns, |z| < 4.5 against the chain (7e-6 each); the
    continuum law within 3 % at the last time.
    """
    concentration, n_columns = 1e-4, 2000
    engine, shape = carried_film(concentration, 1.0, reaction, 80, n_columns, seed=96)
    extra = 1 / reaction
    chains = pure_birth(concentration / (np.arange(1, 79) + extra), times)
    for time, exact in zip(times, 1 + mean_of(chains), strict=True):
        n = thickness_at(engine, time, shape)
        z = z_score(n, exact)
        continuum = np.sqrt((1 + extra) ** 2 + 2 * concentration * time) - extra
        print(
            f"k {reaction}, t {time:g}: {n.mean():.3f} ({exact:.3f}), z {z:.2f}; Deal-Grove {continuum:.3f}, "
            f"pure diffusion {np.sqrt(1 + 2 * concentration * time):.3f}"
        )
        assert abs(z) < LIMIT
    assert abs(n.mean() / continuum - 1) < 0.03


@pytest.mark.parametrize("n_columns", [250, pytest.param(1000, marks=pytest.mark.verify)])
def test_film_fed_by_many_guests_is_stefan_s_problem(n_columns):
    """Concentrated guests: L = 2 lambda sqrt(D t) with sqrt(pi) lambda exp(lambda^2) erf(lambda) = c V.

    The mean density of guests obeys the diffusion equation at any concentration, and the front moves with
    their flux. c V = 0.4; L is n plus one site, the resistances of entry and reaction. Between t = 200 and
    5000 the increase of L^2 is 4 lambda^2 D t to 4 %: sites in place of a continuum make 1 % of it
    (measured), the standard error is 0.7 % (250 columns; false alarm 1e-4). Without the guests in the film
    it would be 13 % more.
    """
    from scipy.optimize import brentq
    from scipy.special import erf

    concentration = 0.4
    engine, shape = carried_film(concentration, 1.0, 1.0, 130, n_columns, seed=97)
    early, late = ((thickness_at(engine, time, shape) + 1.0) ** 2 for time in (200, 5000))
    slope = 4 * brentq(lambda x: np.sqrt(np.pi) * x * np.exp(x * x) * erf(x) - concentration, 0.01, 2) ** 2
    found = (late - early) / 4800
    z = z_score(found, slope)
    print(
        f"d(L^2)/dt {found.mean():.4f} +- {found.std() / np.sqrt(n_columns):.4f} ({slope:.4f}), z {z:.2f}; "
        f"without the guests in the film {2 * concentration:.4f}"
    )
    assert abs(found.mean() / slope - 1) < 0.04
    assert found.mean() < 0.95 * 2 * concentration
