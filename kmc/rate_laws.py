# SPDX-License-Identifier: BSD-3-Clause
"""Rate laws without an electron: barriers, hops, collisions. Floor 0.

Pure functions that broadcast over their arguments; the registry is `kmc.rates`, the laws with an electron are in
`kmc.electron_transfer`. A barrier is floored at zero and, where the reaction free energy is known, at that too, so
that the reverse process has no negative barrier.
"""

import numpy as np

from kmc.constants import AVOGADRO, BOLTZMANN, BOLTZMANN_EV, PLANCK_EV


def attempt_frequency(temperature):
    """Return kB T/h [1/s], the ceiling of every barrier crossing, at `temperature` [K]."""
    return BOLTZMANN_EV * np.asarray(temperature, dtype=float) / PLANCK_EV


def effective_barrier(barrier, reaction_free_energy=-np.inf):
    """Return the barrier that is crossed [eV]: not below zero and not below the reaction free energy."""
    return np.maximum(np.maximum(barrier, reaction_free_energy), 0.0)


def constant(rate_constant):
    """Return a rate constant that depends on nothing.

    Equation: ``k``.

    Parameters
    ----------
    rate_constant : array_like
        k [1/s].

    Returns
    -------
    ndarray
        k [1/s].
    """
    return np.asarray(rate_constant, dtype=float)


def arrhenius(prefactor, barrier, temperature, reaction_free_energy=-np.inf):
    """Return the rate constant of Arrhenius' law.

    Equation: ``k = A exp(-Ea/kB T)``.

    Parameters
    ----------
    prefactor : array_like
        A [1/s].
    barrier : array_like
        Ea [eV].
    temperature : array_like
        T [K].
    reaction_free_energy : array_like, optional
        dG [eV]; where given, Ea is not below it.

    Returns
    -------
    ndarray
        k [1/s].

    References
    ----------
    S. Arrhenius, Z. Phys. Chem. 4U, 226 (1889), doi:10.1515/zpch-1889-0416.
    """
    crossed = effective_barrier(barrier, reaction_free_energy)
    return np.asarray(prefactor) * np.exp(-crossed / (BOLTZMANN_EV * np.asarray(temperature)))


def eyring(barrier, temperature, transmission=1.0, reaction_free_energy=-np.inf):
    """Return the rate constant of transition state theory.

    Equation: ``k = kappa (kB T/h) exp(-dG++/kB T)``.

    Parameters
    ----------
    barrier : array_like
        Free energy of activation dG++ [eV].
    temperature : array_like
        T [K].
    transmission : array_like, optional
        kappa [1].
    reaction_free_energy : array_like, optional
        dG [eV]; where given, dG++ is not below it.

    Returns
    -------
    ndarray
        k [1/s].

    References
    ----------
    H. Eyring, J. Chem. Phys. 3, 107 (1935), doi:10.1063/1.1749604.
    """
    prefactor = np.asarray(transmission) * attempt_frequency(temperature)
    return arrhenius(prefactor, barrier, temperature, reaction_free_energy)


def vineyard_prefactor(initial_frequencies, saddle_frequencies):
    """Return the prefactor of harmonic transition state theory.

    Equation: ``A = product of nu_i (initial state) / product of nu_j (saddle)``.

    Parameters
    ----------
    initial_frequencies : array_like, shape (..., n)
        Real frequencies nu of the initial state [1/s], cycles and not radians per time.
    saddle_frequencies : array_like, shape (..., m)
        Real frequencies of the saddle [1/s], one fewer; the imaginary one is left out.

    Returns
    -------
    ndarray, shape (...)
        A [1/s].

    Notes
    -----
    Rows of different length are filled up with ones, which change neither product.

    References
    ----------
    G. H. Vineyard, J. Phys. Chem. Solids 3, 121 (1957), doi:10.1016/0022-3697(57)90059-8, eq. 16.
    """
    # Products of dozens of frequencies of 1e13 exceed the largest double; their logarithms do not.
    initial, saddle = (np.log(np.asarray(each, dtype=float)).sum(axis=-1) for each in (initial_frequencies,
                                                                                      saddle_frequencies))
    return np.exp(initial - saddle)


def harmonic(initial_frequencies, saddle_frequencies, barrier, temperature, reaction_free_energy=-np.inf):
    """Return the rate constant of harmonic transition state theory.

    Equation: ``k = (product of nu_i / product of nu_j) exp(-Ea/kB T)``, i over the modes of the initial state and j
    over the real modes of the saddle.

    Parameters
    ----------
    initial_frequencies : array_like, shape (..., n)
        nu_i [1/s], cycles per time.
    saddle_frequencies : array_like, shape (..., m)
        nu_j [1/s].
    barrier : array_like
        Difference Ea of the potential energies of saddle and initial state [eV].
    temperature : array_like
        T [K].
    reaction_free_energy : array_like, optional
        dG [eV]; where given, Ea is not below it.

    Returns
    -------
    ndarray
        k [1/s], classical: without zero-point energy and tunnelling.

    References
    ----------
    G. H. Vineyard, J. Phys. Chem. Solids 3, 121 (1957), doi:10.1016/0022-3697(57)90059-8.
    """
    prefactor = vineyard_prefactor(initial_frequencies, saddle_frequencies)
    return arrhenius(prefactor, barrier, temperature, reaction_free_energy)


def diffusion(diffusivity, spacing):
    """Return the rate constant of a hop to one neighbour that gives the diffusivity of a free walker.

    Equation: ``k = D/a^2`` per neighbour. On simple cubic and square lattices a is the distance of neighbours, on any
    lattice ``a^2 = sum |dx|^2/(2 d)`` over the hops dx of the walker, which reach d dimensions (`kmc.bravais`).

    Parameters
    ----------
    diffusivity : array_like
        D [m^2/s].
    spacing : array_like
        Length a [m].

    Returns
    -------
    ndarray
        k [1/s].

    References
    ----------
    A. Einstein, Ann. Phys. 322, 549 (1905), doi:10.1002/andp.19053220806.
    """
    return np.asarray(diffusivity) / np.asarray(spacing) ** 2


def collision(radii, molar_masses, temperature, barrier=0.0, reaction_free_energy=-np.inf):
    """Return the rate constant per pair and volume of hard spheres that meet in free flight.

    Equation: ``k = pi (r1 + r2)^2 (8 kB T/(pi mu))^(1/2) exp(-Ea/kB T)``, mu the reduced mass.

    Parameters
    ----------
    radii : array_like, shape (..., 2)
        r1, r2 of the two molecules [m].
    molar_masses : array_like, shape (..., 2)
        Their molar masses [kg/mol].
    temperature : array_like
        T [K].
    barrier : array_like, optional
        Energy Ea along the line of centres that a reactive collision needs [eV].
    reaction_free_energy : array_like, optional
        dG [eV]; where given, Ea is not below it.

    Returns
    -------
    ndarray
        k [m^3/s] for one pair; over the volume it is [1/s]. In a liquid molecules do not fly freely; `encounter` is
        the limit there.

    References
    ----------
    M. Trautz, Z. Anorg. Allg. Chem. 96, 1 (1916), doi:10.1002/zaac.19160960102;
    W. C. McC. Lewis, J. Chem. Soc. Trans. 113, 471 (1918), doi:10.1039/CT9181300471.
    """
    cross_section = np.pi * np.sum(radii, axis=-1) ** 2
    masses = np.asarray(molar_masses, dtype=float) / AVOGADRO
    reduced = np.prod(masses, axis=-1) / np.sum(masses, axis=-1)
    speed = np.sqrt(8.0 * BOLTZMANN * np.asarray(temperature) / (np.pi * reduced))
    return arrhenius(cross_section * speed, barrier, temperature, reaction_free_energy)


def encounter(relative_diffusivity, encounter_distance):
    """Return the rate constant per pair and volume of molecules that react whenever diffusion brings them together.

    Equation: ``k = 4 pi D R``.

    Parameters
    ----------
    relative_diffusivity : array_like
        D, the sum of the diffusivities of both molecules [m^2/s].
    encounter_distance : array_like
        R between their centres at which they react [m].

    Returns
    -------
    ndarray
        k [m^3/s] for one pair; over the volume it is [1/s]. Steady state, no forces between the molecules.

    References
    ----------
    M. von Smoluchowski, Z. Phys. Chem. 92U, 129 (1918), doi:10.1515/zpch-1918-9209.
    """
    return 4.0 * np.pi * np.asarray(relative_diffusivity, dtype=float) * np.asarray(encounter_distance)


def impingement(pressure, molar_mass, site_area, temperature, sticking=1.0):
    """Return the rate constant at which molecules of a gas strike a site and stay.

    Equation: ``k = S p A (2 pi m kB T)^(-1/2)``.

    Parameters
    ----------
    pressure : array_like
        p of the gas where its activity is 1 [Pa].
    molar_mass : array_like
        Of the gas [kg/mol]; m is that of one molecule.
    site_area : array_like
        A of one site [m^2].
    temperature : array_like
        T [K].
    sticking : array_like, optional
        Fraction S of the molecules that stay [1].

    Returns
    -------
    ndarray
        k [1/s] of one site.

    References
    ----------
    M. Knudsen, Ann. Phys. 352, 697 (1915), doi:10.1002/andp.19153521306.
    """
    mass = np.asarray(molar_mass, dtype=float) / AVOGADRO
    flux = np.asarray(pressure) / np.sqrt(2.0 * np.pi * mass * BOLTZMANN * np.asarray(temperature))
    return np.asarray(sticking) * flux * np.asarray(site_area)
