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
    transmission=1.0,
    electrons=1,
):
    """Return the rate constant of electron transfer by Marcus, from the Fermi level alone.

    Equation: ``k = kappa (kB T/h) exp(-(lambda + dG)^2/(4 lambda kB T))``, ``lambda = lambda_in + lambda_out``,
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
    transmission : array_like, optional
        kappa [1], the electronic transmission coefficient: 1 where the electron always follows the nuclei, and below
        where electrode and molecule couple weakly.
    electrons : array_like, optional
        1 for the reduction, -1 for the oxidation.

    Returns
    -------
    ndarray
        k [1/s]; falls again in the inverted region, which is wrong at a metal.

    References
    ----------
    R. A. Marcus, J. Chem. Phys. 24, 966 (1956), doi:10.1063/1.1742723; transmission: R. A. Marcus, Annu. Rev. Phys.
    Chem. 15, 155 (1964), doi:10.1146/annurev.pc.15.100164.001103.
    """
    total = np.asarray(inner_reorganization_energy) + np.asarray(outer_reorganization_energy)
    free_energy = _free_energy(potential, standard_potential, electrons)
    thermal = BOLTZMANN_EV * np.asarray(temperature)
    return np.asarray(transmission) * thermal / PLANCK_EV * marcus_factor(free_energy, total, thermal)


def marcus_hush_chidsey(
    standard_potential,
    inner_reorganization_energy,
    outer_reorganization_energy,
    temperature,
    potential,
    asymmetry=0.0,
    transmission=1.0,
    electrons=1,
):
    """Return the rate constant of electron transfer from all levels of a metal.

    Equation: ``k = kappa (kB T/h) (4 pi lambda kB T)^(-1/2)
    Integral f(e) exp(-(lambda + dG - e)^2/(4 lambda kB T)) de``,
    f the Fermi function, ``lambda = lambda_in + lambda_out``, ``dG = E - E0``; ``E0 - E`` for the oxidation. With an
    asymmetry, see `marcus_hush_chidsey_factor`.

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
    asymmetry : array_like, optional
        gamma [1] between -1 and 1, above 0 where the oxidised state is the stiffer one.
    transmission : array_like, optional
        kappa [1], the electronic transmission coefficient, alike for all levels.
    electrons : array_like, optional
        1 for the reduction, -1 for the oxidation.

    Returns
    -------
    ndarray
        k [1/s]; saturates at kappa kB T/h.

    References
    ----------
    C. E. D. Chidsey, Science 251, 919 (1991), doi:10.1126/science.251.4996.919; asymmetry: E. Laborda et al., Chem.
    Soc. Rev. 42, 4894 (2013), doi:10.1039/C3CS35487C.
    """
    total = np.asarray(inner_reorganization_energy) + np.asarray(outer_reorganization_energy)
    free_energy = _free_energy(potential, standard_potential, electrons)
    thermal = BOLTZMANN_EV * np.asarray(temperature)
    stiffer = np.asarray(electrons) * np.asarray(asymmetry)  # gamma of the state that the electron leaves from
    factor = marcus_hush_chidsey_factor(free_energy, total, thermal, stiffer)
    return np.asarray(transmission) * thermal / PLANCK_EV * factor


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


def marcus_hush_chidsey_factor(free_energy, reorganization_energy, thermal_energy, asymmetry=0.0):
    """Return the Marcus-Hush-Chidsey factor: Marcus, averaged over the levels of a metal.

    Equation: ``(4 pi lambda kT)^(-1/2) Integral f(e) exp(-(lambda + dG - e)^2/(4 lambda kT)) de`` with the
    Fermi function ``f(e) = 1/(1 + exp(e/kT))``; with an asymmetry ``< f(V_P(q) - V_R(q)) >_R``, see the notes.

    Parameters
    ----------
    free_energy : array_like
        Free energy dG of this direction [eV].
    reorganization_energy : array_like
        lambda, inner and outer together [eV], positive.
    thermal_energy : array_like
        kB T [eV].
    asymmetry : array_like, optional
        gamma [1] between -1 and 1: (k_R - k_P)/(k_R + k_P) of the force constants of reactant and product of this
        direction; the other direction has the opposite sign.

    Returns
    -------
    ndarray
        Factor [1] between 0 and 1; tends to 1 far downhill.

    Notes
    -----
    The molecule moves along one coordinate q, on a parabola V_R before and V_P after the transfer, with minima at 0
    and 1. It transfers from the level e at the q where the gap V_P(q) - V_R(q) is e, so that the factor is the
    occupation of that level averaged over the thermal motion of the reactant::

        < f(V_P(q) - V_R(q)) >_R = (1/Z_R) Integral 1/(exp(V_R(q)/kT) + exp(V_P(q)/kT)) dq

    Equal force constants give the integral over levels above. The integral is the same for both directions, so that
    their ratio is Z_P/Z_R = exp(-dG/kT): detailed balance for any two parabolas. In terms of lambda and gamma, with
    lambda taken from the reduced force constant 2 k_R k_P/(k_R + k_P) as Marcus does::

        V_R = lambda/(1 - gamma) q^2,  V_P = lambda/(1 + gamma) (1 - q)^2 + dG + kT artanh(gamma)

    Hence lambda/(1 + gamma) is relaxed after the transfer, and lambda/(1 - gamma) after the one back. To first order in
    gamma, and in the barrier at dG = 0 to second order, this is the asymmetric Marcus-Hush theory of Laborda et al.,
    who expand the crossing point of the two parabolas: ``lambda/4 (1 + y)^2 + gamma lambda y (1 - y^2)/4 +
    gamma^2 lambda/16``, y = (dG - e)/lambda. The cubic term of that expansion grows without bound, so that its
    integral over the levels diverges and depends on where it is cut (Zeng et al.); its weight over the levels is no
    thermal average either and does not saturate at 1. The parabolas themselves have neither fault.

    Only the downhill direction is integrated, and the uphill one is that times ``exp(-|dG|/kT)``. The integrand is
    analytic in a strip about the real axis, where the trapezoidal rule converges exponentially in 1/step.

    References
    ----------
    C. E. D. Chidsey, Science 251, 919 (1991), doi:10.1126/science.251.4996.919;
    E. Laborda, M. C. Henstridge, C. Batchelor-McAuley, R. G. Compton, Chem. Soc. Rev. 42, 4894 (2013),
    doi:10.1039/C3CS35487C; Y. Zeng, P. Bai, R. B. Smith, M. Z. Bazant, J. Electroanal. Chem. 748, 52 (2015),
    hdl:1721.1/110041.
    """
    given = np.broadcast_arrays(free_energy, reorganization_energy, thermal_energy, asymmetry)
    driving, width, thermal, gamma = (np.asarray(each, dtype=float) for each in given)
    driving = np.asarray(driving / thermal)
    # The way back from an uphill step is downhill, and what was the reactant is the product.
    gamma = np.where(driving > 0.0, -gamma, gamma).ravel()
    width = np.asarray(width / thermal).ravel()
    downhill = _downhill(np.abs(driving).ravel(), width / (1.0 - gamma), width / (1.0 + gamma))
    return downhill.reshape(driving.shape) * np.exp(-np.maximum(driving, 0.0))


def _downhill(driving, reactant, product):
    """Return the factor for driving forces -dG/kT >= 0 and parabolas reactant q^2, product (1 - q)^2 + offset."""
    offset = 0.5 * np.log(reactant / product) - driving
    summit = _summit(offset, reactant, product)
    low, high = _support(summit, offset, reactant, product)
    step = _step(offset, reactant, product)
    points = int(np.ceil(np.max((high - low) / step, initial=1.0))) + 1
    result = np.empty_like(driving)
    block = max(1, _BLOCK // points)
    for start in range(0, driving.size, block):
        part = slice(start, start + block)
        result[part] = _trapezoidal(
            low[part], high[part], summit[part], offset[part], reactant[part], product[part], points
        )
    return result


def _summit(offset, reactant, product):
    """Return the smallest value that the higher one of both parabolas takes: at their crossing, or a minimum."""
    height = product + offset  # of the product's parabola above the reactant's minimum
    root = np.sqrt(np.maximum(product * reactant + (reactant - product) * offset, 0.0))
    crossing = reactant * (height / (product + root)) ** 2
    return np.where(height <= 0.0, 0.0, np.where(reactant <= offset, offset, crossing))


def _support(summit, offset, reactant, product):
    """Return the interval of q outside which the integrand is below exp(-_ACCURACY) of its largest value."""
    inner = np.sqrt((summit + _ACCURACY) / reactant)
    outer = np.sqrt((summit - offset + _ACCURACY) / product)
    return np.maximum(-inner, 1.0 - outer), np.minimum(inner, 1.0 + outer)


def _step(offset, reactant, product):
    """Return the step of q for which the trapezoidal rule is as accurate as the support is wide.

    The rule is wrong by exp(-2 pi d/step) times the size of the integrand at a distance d from the real axis, at most
    that of the nearest poles, where the gap of the parabolas is +-i pi. There it has grown by exp(w d^2), w the
    steepness of the narrower parabola. Where the poles are further off than the accuracy asks for, the Gaussian alone
    bounds the step.
    """
    squared = product * reactant + (reactant - product) * offset
    modulus = np.hypot(squared, np.pi * (reactant - product))
    # |Im sqrt(squared + i pi (reactant - product))|/|reactant - product|, without a difference of near equals
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(
            squared >= 0.0,
            np.pi / np.sqrt(2.0 * (modulus + np.abs(squared))),
            np.sqrt((modulus + np.abs(squared)) / 2.0) / np.abs(reactant - product),
        )
    steepness = np.maximum(reactant, product)
    distance = np.minimum(distance, np.sqrt(_ACCURACY / steepness))
    return 2.0 * np.pi * distance / (_ACCURACY + steepness * distance**2)


def _trapezoidal(low, high, summit, offset, reactant, product, points):
    """Return the thermal average of the occupation over the motion of the reactant, on `points` values of q."""
    step = (high - low) / (points - 1)
    place = low[:, None] + step[:, None] * np.arange(points)
    before = reactant[:, None] * place**2 - summit[:, None]
    after = product[:, None] * (1.0 - place) ** 2 + (offset - summit)[:, None]
    # Both exponents are at most _ACCURACY on the support, and nothing overflows.
    total = (1.0 / (np.exp(before) + np.exp(after))).sum(axis=1)
    return step * total * np.sqrt(reactant / np.pi) * np.exp(-summit)
