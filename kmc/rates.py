# SPDX-License-Identifier: BSD-3-Clause
"""The rate laws: pure functions, and one registry of them that deck, documentation and citations read.

Every function returns a rate constant in 1/s, broadcasts over its arguments and knows nothing of decks. Names
of parameters in the registry are those of the deck (kebab case); the functions take them in snake case.

Conventions. A barrier is floored at zero and, where the reaction free energy is known, at that too, so that
the reverse process has no negative barrier. Electron transfer is written for the direction that the equation
has: ``electrons = 1`` takes an electron from the electrode (reduction), ``-1`` gives one to it.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from kmc.constants import BOLTZMANN_EV, PLANCK_EV
from kmc.electron_transfer import butler_volmer, marcus, marcus_hush_chidsey

# What a rate constant depends on besides its parameters; never written in a rate of a deck.
CONDITIONS = ("temperature", "potential", "spacing", "electrons")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a rate law as a deck writes it."""

    dimension: str  # a dimension of kmc.units
    required: bool  # whether the deck must give it
    default: float | None  # in internal units; None: unknown
    description: str  # one line, without the unit
    minimum: float | None = None  # smallest value allowed
    maximum: float | None = None  # largest value allowed
    positive: bool = False  # whether zero is refused

    def fault(self, value):
        """Return what a value [internal unit] must be and is not, such as "must be above 0"; else None."""
        if self.positive and not value > 0.0:
            return "must be above 0"
        if self.minimum is not None and not value >= self.minimum:
            return f"must be at least {self.minimum:g}"
        if self.maximum is not None and not value <= self.maximum:
            return f"must be at most {self.maximum:g}"
        return None


@dataclass(frozen=True)
class RateLaw:
    """A rate law with everything that a reader, a deck and a citation need to know about it."""

    name: str  # as written in a deck
    function: Callable  # pure and vectorised: arguments in snake case, returns 1/s
    parameters: dict[str, Parameter]  # by their names in a deck
    equation: str  # plain text
    source: str  # authors, journal, year, DOI
    uses_potential: bool  # whether it transfers an electron
    has_barrier: bool  # whether neighbours move a barrier (else they multiply by exp(-shift/kT))
    arguments: tuple[str, ...] = field(default=(), repr=False)  # of the function, in snake case

    def rate_constant(self, values, **conditions):
        """Return the rate constant in 1/s.

        Parameters
        ----------
        values : mapping of str to array_like
            Parameters by their names in a deck, in internal units. What is missing takes its default.
        **conditions : array_like
            ``temperature`` [K], ``potential`` [V vs Li/Li+], ``spacing`` [m] and ``electrons`` (1 or -1);
            those that the law does not use may be left out.

        Returns
        -------
        ndarray
            Rate constant [1/s].
        """
        given = {name.replace("-", "_"): value for name, value in values.items()} | conditions
        return self.function(**{name: given[name] for name in self.arguments if name in given})


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


def diffusion(diffusivity, spacing):
    """Return the rate constant of a hop to one neighbour that gives the diffusivity of a free walker.

    Equation: ``k = D/a^2`` per neighbour, in any number of dimensions.

    Parameters
    ----------
    diffusivity : array_like
        D [m^2/s].
    spacing : array_like
        Distance a of neighbouring sites [m].

    Returns
    -------
    ndarray
        k [1/s].

    References
    ----------
    A. Einstein, Ann. Phys. 322, 549 (1905), doi:10.1002/andp.19053220806.
    """
    return np.asarray(diffusivity) / np.asarray(spacing) ** 2


def _law(name, function, parameters, equation, source, *, uses_potential=False, has_barrier=False):
    arguments = tuple(inspect.signature(function).parameters)
    return RateLaw(name, function, parameters, equation, source, uses_potential, has_barrier, arguments)


_FREE_ENERGY = Parameter("energy", False, None, "reaction free energy; gives the reverse process its rate")
_BARRIER = Parameter("energy", True, None, "barrier of the forward step")
_REDOX = {
    "standard-potential": Parameter(
        "potential", True, None, "standard potential vs Li/Li+ of the one-electron couple"
    ),
    "inner-reorganization-energy": Parameter(
        "energy", True, None, "reorganization energy of the molecule itself", minimum=0.0
    ),
    "outer-reorganization-energy": Parameter(
        "energy", True, None, "reorganization energy of the solvent around it", minimum=0.0
    ),
}
_MARCUS = "R. A. Marcus, J. Chem. Phys. 24, 966 (1956), doi:10.1063/1.1742723"

RATE_LAWS: dict[str, RateLaw] = {
    law.name: law
    for law in (
        _law(
            "constant",
            constant,
            {
                "rate-constant": Parameter("rate constant", True, None, "the rate constant", minimum=0.0),
                "reaction-free-energy": _FREE_ENERGY,
            },
            "k",
            "a number of the deck",
        ),
        _law(
            "arrhenius",
            arrhenius,
            {
                "prefactor": Parameter("rate constant", True, None, "attempt frequency", positive=True),
                "barrier": _BARRIER,
                "reaction-free-energy": _FREE_ENERGY,
            },
            "k = A exp(-Ea/(kB T))",
            "S. Arrhenius, Z. Phys. Chem. 4U, 226 (1889), doi:10.1515/zpch-1889-0416",
            has_barrier=True,
        ),
        _law(
            "eyring",
            eyring,
            {
                "barrier": _BARRIER,
                "transmission": Parameter(
                    "dimensionless", False, 1.0, "transmission coefficient", positive=True
                ),
                "reaction-free-energy": _FREE_ENERGY,
            },
            "k = kappa (kB T/h) exp(-dG++/(kB T))",
            "H. Eyring, J. Chem. Phys. 3, 107 (1935), doi:10.1063/1.1749604",
            has_barrier=True,
        ),
        _law(
            "diffusion",
            diffusion,
            {
                "diffusivity": Parameter(
                    "diffusivity", True, None, "diffusivity of a free walker", positive=True
                ),
                "reaction-free-energy": _FREE_ENERGY,
            },
            "k = D/a^2 per neighbour",
            "A. Einstein, Ann. Phys. 322, 549 (1905), doi:10.1002/andp.19053220806",
        ),
        _law(
            "butler-volmer",
            butler_volmer,
            {
                "prefactor": Parameter(
                    "rate constant", True, None, "rate constant at the standard potential", positive=True
                ),
                "standard-potential": _REDOX["standard-potential"],
                "transfer-coefficient": Parameter(
                    "dimensionless",
                    False,
                    0.5,
                    "transfer coefficient of the reduction",
                    minimum=0.0,
                    maximum=1.0,
                ),
            },
            "k = A exp(-alpha (E - E0)/(kB T))",
            "J. A. V. Butler, Trans. Faraday Soc. 19, 729 (1924), doi:10.1039/TF9241900729",
            uses_potential=True,
        ),
        _law(
            "marcus",
            marcus,
            _REDOX,
            "k = (kB T/h) exp(-(lambda + dG)^2/(4 lambda kB T)), dG = E - E0",
            _MARCUS,
            uses_potential=True,
        ),
        _law(
            "marcus-hush-chidsey",
            marcus_hush_chidsey,
            _REDOX,
            "k = (kB T/h) (4 pi lambda kB T)^(-1/2) Integral f(e) exp(-(lambda + dG - e)^2/(4 lambda kB T)) "
            "de, dG = E - E0",
            f"{_MARCUS}; C. E. D. Chidsey, Science 251, 919 (1991), doi:10.1126/science.251.4996.919",
            uses_potential=True,
        ),
    )
}
