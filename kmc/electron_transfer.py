# SPDX-License-Identifier: BSD-3-Clause
"""Rate laws of electron transfer between an electrode and a molecule. Floor 0.

The laws take a standard potential and the potential of the electrode, and return 1/s. The two factors are
dimensionless shares of the ceiling kB T/h; all their energies, kB T included, are in one unit (eV everywhere
in this program), and `free_energy` is that of the direction asked for, the other one having the opposite
sign. `electrons = 1` takes an electron from the electrode (reduction), -1 gives one to it. All functions
broadcast.
"""

import numpy as np

from kmc.constants import BOLTZMANN_EV, PLANCK_EV

# The relative error of the quadrature is about exp(-_ACCURACY), 2e-15.
_ACCURACY = 34.0
# Largest step, in kB T, that the poles of the Fermi function at +-i pi allow: the trapezoidal rule is wrong
# by exp(-2 pi d/step) when d is the distance of the nearest singularity from the real axis.
_LARGEST_STEP = 2.0 * np.pi**2 / _ACCURACY
# Grid values per block, so that a long vector of rates costs time and not memory.
_BLOCK = 200_000


def butler_volmer(
    prefactor, standard_potential, temperature, potential, transfer_coefficient=0.5, electrons=1
):
    """Return the rate constant of electron transfer by Butler and Volmer.

    Equation: ``k = A exp(-alpha (E - E0)/kB T)``; oxidation ``A exp((1 - alpha) (E - E0)/kB T)``.

    Parameters
    ----------
    prefactor : array_like
        A, the rate constant at the standard potential [1/s].
    standard_potential : array_like
        E0 of the couple [V vs Li/Li+].
    temperature : array_like
        T [K].
    potential : array_like
        E of the electrode [V vs Li/Li+].
    transfer_coefficient : array_like, optional
        alpha of the reduction [1].
    electrons : array_like, optional
        1 for the reduction, -1 for the oxidation.

    Returns
    -------
    ndarray
        k [1/s], unbounded.

    References
    ----------
    J. A. V. Butler, Trans. Faraday Soc. 19, 729 (1924), doi:10.1039/TF9241900729.
    """
    alpha = np.where(np.asarray(electrons) > 0, transfer_coefficient, 1.0 - np.asarray(transfer_coefficient))
    free_energy = _free_energy(potential, standard_potential, electrons)
    return np.asarray(prefactor) * np.exp(-alpha * free_energy / (BOLTZMANN_EV * np.asarray(temperature)))


def marcus(
    standard_potential,
    inner_reorganization_energy,
    outer_reorganization_energy,
    temperature,
    potential,
    electrons=1,
):
    """Return the rate constant of electron transfer by Marcus, from the Fermi level alone.

    Equation: ``k = (kB T/h) exp(-(lambda + dG)^2/(4 lambda kB T))``, ``lambda = lambda_in + lambda_out``,
    ``dG = E - E0`` for the reduction and ``E0 - E`` for the oxidation.

    Parameters
    ----------
    standard_potential : array_like
        E0 of the couple [V vs Li/Li+].
    inner_reorganization_energy : array_like
        lambda_in of the molecule [eV].
    outer_reorganization_energy : array_like
        lambda_out of the solvent [eV].
    temperature : array_like
        T [K].
    potential : array_like
        E of the electrode [V vs Li/Li+].
    electrons : array_like, optional
        1 for the reduction, -1 for the oxidation.

    Returns
    -------
    ndarray
        k [1/s]; falls again in the inverted region, which is wrong at a metal.

    References
    ----------
    R. A. Marcus, J. Chem. Phys. 24, 966 (1956), doi:10.1063/1.1742723.
    """
    total = np.asarray(inner_reorganization_energy) + np.asarray(outer_reorganization_energy)
    free_energy = _free_energy(potential, standard_potential, electrons)
    thermal = BOLTZMANN_EV * np.asarray(temperature)
    return thermal / PLANCK_EV * marcus_factor(free_energy, total, thermal)


def marcus_hush_chidsey(
    standard_potential,
    inner_reorganization_energy,
    outer_reorganization_energy,
    temperature,
    potential,
    electrons=1,
):
    """Return the rate constant of electron transfer from all levels of a metal.

    Equation: ``k = (kB T/h) (4 pi lambda kB T)^(-1/2)
    Integral f(e) exp(-(lambda + dG - e)^2/(4 lambda kB T)) de``,
    f the Fermi function, ``lambda = lambda_in + lambda_out``, ``dG = E - E0``; ``E0 - E`` for the oxidation.

    Parameters
    ----------
    standard_potential : array_like
        E0 of the couple [V vs Li/Li+].
    inner_reorganization_energy : array_like
        lambda_in of the molecule [eV].
    outer_reorganization_energy : array_like
        lambda_out of the solvent [eV].
    temperature : array_like
        T [K].
    potential : array_like
        E of the electrode [V vs Li/Li+].
    electrons : array_like, optional
        1 for the reduction, -1 for the oxidation.

    Returns
    -------
    ndarray
        k [1/s]; saturates at kB T/h.

    References
    ----------
    C. E. D. Chidsey, Science 251, 919 (1991), doi:10.1126/science.251.4996.919.
    """
    total = np.asarray(inner_reorganization_energy) + np.asarray(outer_reorganization_energy)
    free_energy = _free_energy(potential, standard_potential, electrons)
    thermal = BOLTZMANN_EV * np.asarray(temperature)
    return thermal / PLANCK_EV * marcus_hush_chidsey_factor(free_energy, total, thermal)


def _free_energy(potential, standard_potential, electrons):
    """Return the free energy of one electron transfer in the direction given by `electrons` [eV]."""
    return np.asarray(electrons) * (np.asarray(potential, dtype=float) - np.asarray(standard_potential))


def marcus_factor(free_energy, reorganization_energy, thermal_energy):
    """Return the Marcus factor of an electron transfer from the Fermi level alone.

    Equation: ``exp(-(lambda + dG)^2/(4 lambda kT))``.

    Parameters
    ----------
    free_energy : array_like
        Free energy dG of this direction [eV].
    reorganization_energy : array_like
        lambda, inner and outer together [eV], positive.
    thermal_energy : array_like
        kB T [eV].

    Returns
    -------
    ndarray
        Factor [1] between 0 and 1. It falls again where -dG exceeds lambda (the inverted region), which is
        not what happens at a metal: see `marcus_hush_chidsey`.

    References
    ----------
    R. A. Marcus, J. Chem. Phys. 24, 966 (1956), doi:10.1063/1.1742723.
    """
    total = np.asarray(reorganization_energy, dtype=float)
    return np.exp(-((total + free_energy) ** 2) / (4.0 * total * np.asarray(thermal_energy)))


def marcus_hush_chidsey_factor(free_energy, reorganization_energy, thermal_energy):
    """Return the Marcus-Hush-Chidsey factor: Marcus, averaged over the levels of a metal.

    Equation: ``(4 pi lambda kT)^(-1/2) Integral f(e) exp(-(lambda + dG - e)^2/(4 lambda kT)) de`` with the
    Fermi function ``f(e) = 1/(1 + exp(e/kT))``.

    Parameters
    ----------
    free_energy : array_like
        Free energy dG of this direction [eV].
    reorganization_energy : array_like
        lambda, inner and outer together [eV], positive.
    thermal_energy : array_like
        kB T [eV].

    Returns
    -------
    ndarray
        Factor [1] between 0 and 1; tends to 1 far downhill.

    Notes
    -----
    With ``f(e) = exp(-e/2kT)/(2 cosh(e/2kT))`` the integral becomes exp(-dG/2kT) times a function that is
    even in dG. So only the downhill direction is integrated and the uphill one is that times
    ``exp(-|dG|/kT)``: detailed balance holds by construction. The integrand is analytic in a strip about the
    real axis, where the trapezoidal rule converges exponentially in 1/step.

    References
    ----------
    C. E. D. Chidsey, Science 251, 919 (1991), doi:10.1126/science.251.4996.919.
    """
    driving, width, thermal = np.broadcast_arrays(free_energy, reorganization_energy, thermal_energy)
    thermal = np.asarray(thermal, dtype=float)
    driving = np.asarray(driving / thermal)
    width = np.asarray(width / thermal)
    downhill = _downhill(np.abs(driving).ravel(), width.ravel()).reshape(driving.shape)
    return downhill * np.exp(-np.maximum(driving, 0.0))


def _downhill(driving, width):
    """Return the integral for the driving forces -dG/kT >= 0 and widths lambda/kT > 0 (one-dimensional)."""
    centre = width - driving  # the level that needs no activation
    low, high = _support(centre, width)
    # Besides the poles, the Gaussian bounds the step when it is narrower than they are far.
    step = np.minimum(_LARGEST_STEP, 2.0 * np.pi * np.sqrt(width / _ACCURACY))
    points = int(np.ceil(np.max((high - low) / step, initial=1.0))) + 1
    result = np.empty_like(driving)
    block = max(1, _BLOCK // points)
    for start in range(0, driving.size, block):
        part = slice(start, start + block)
        result[part] = _trapezoidal(low[part], high[part], centre[part], width[part], points)
    return result


def _support(centre, width):
    """Return the interval outside which the integrand is below exp(-_ACCURACY) of its largest value."""
    reach = 4.0 * _ACCURACY * width
    low = centre - np.sqrt(np.maximum(centre, 0.0) ** 2 + reach)
    # Above the Fermi level the occupation falls as exp(-e/kT); the slope of both together is at least 1/2.
    decayed = np.sqrt(width**2 + reach) - width
    high = np.where(centre > 0.0, decayed, np.minimum(centre + np.sqrt(reach), decayed))
    return low, high


def _trapezoidal(low, high, centre, width, points):
    """Return the Gaussian average of the Fermi function by the trapezoidal rule on `points` levels."""
    step = (high - low) / (points - 1)
    level = low[:, None] + step[:, None] * np.arange(points)
    weight = np.exp(-((level - centre[:, None]) ** 2) / (4.0 * width[:, None]))
    # 1/(1 + exp(x)) without overflow: x never exceeds a few hundred on the support.
    total = (weight / (1.0 + np.exp(level))).sum(axis=1)
    return step * total / np.sqrt(4.0 * np.pi * width)
