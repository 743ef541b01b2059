# SPDX-License-Identifier: BSD-3-Clause
"""The registry of rate laws, which deck, documentation and citations read. Floor 1.

The laws themselves are pure functions in `kmc.rate_laws` and `kmc.electron_transfer`: every one returns a rate
constant, broadcasts over its arguments and knows nothing of decks. Names of parameters in the registry are those of
the deck (kebab case); the functions take them in snake case. Electron transfer is written for the direction that the
equation has: ``electrons = 1`` takes an electron from the electrode (reduction), ``-1`` gives one to it.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kmc.electron_transfer import butler_volmer, marcus, marcus_hush_chidsey
from kmc.rate_laws import (
    arrhenius,
    attempt_frequency,
    collision,
    constant,
    diffusion,
    effective_barrier,
    encounter,
    eyring,
    harmonic,
    impingement,
)

__all__ = ["CONDITIONS", "RATE_LAWS", "Parameter", "RateLaw", "attempt_frequency", "effective_barrier"]

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
    length: tuple[int, int] | None = None  # smallest and largest number of items of a list; None: one value
    image_charge: bool = False  # whether it may be computed from the image charge in the electrode

    @property
    def may_vary(self) -> bool:
        """Whether it may depend on temperature: energies and potentials do."""
        return self.dimension in ("energy", "potential") and self.length is None

    def fault(self, value):
        """Return what a value [internal unit] must be and is not, such as "must be above 0"; else None.

        The value is a float, or for a list a tuple of them.
        """
        if isinstance(value, tuple) != (self.length is not None):
            return "must be one value" if self.length is None else "must be a list of values"
        if self.length is not None:
            least, most = self.length
            if not least <= len(value) <= most:
                return f"must have {least if least == most else f'{least} or more'} values"
            return next((fault for fault in map(self._fault, value) if fault), None)
        return self._fault(value)

    def _fault(self, value):
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
    function: Callable  # pure and vectorised: arguments in snake case, returns 1/s, or m^3/s if volumetric
    parameters: dict[str, Parameter]  # by their names in a deck
    equation: str  # plain text
    source: str  # authors, journal, year, DOI
    example: str  # a rate of a deck with this law, as YAML on one line
    uses_potential: bool  # whether it transfers an electron
    has_barrier: bool  # whether neighbours move a barrier (else they multiply by exp(-shift/kT))
    is_volumetric: bool = False  # whether k is in m^3/s for one pair of molecules, to be divided by their volume
    check: Callable | None = field(default=None, repr=False)  # what its parameters must satisfy together
    arguments: tuple[str, ...] = field(default=(), repr=False)  # of the function, in snake case

    @property
    def unit(self) -> str:
        """Unit of the rate constant."""
        return "m^3/s" if self.is_volumetric else "1/s"

    def rate_constant(self, values, **conditions):
        """Return the rate constant.

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
            Rate constant [1/s]; [m^3/s] for one pair of molecules if the law is volumetric.
        """
        given = {name.replace("-", "_"): value for name, value in values.items()} | conditions
        return self.function(**{name: given[name] for name in self.arguments if name in given})

    def fault(self, values: Mapping) -> str | None:
        """Return what is wrong with parameters that are right one by one, or None.

        Parameters
        ----------
        values : mapping of str to (float or sequence of float)
            By their names in a deck, in internal units; what is missing is not judged.

        Returns
        -------
        str or None
            A sentence.
        """
        return None if self.check is None else self.check(values)


def _modes(values):
    """A saddle has one real frequency fewer than the state it is reached from."""
    lists = [values.get(name) for name in ("initial-frequencies", "saddle-frequencies")]
    if None in lists or len(lists[0]) == len(lists[1]) + 1:
        return None
    return (
        f"{len(lists[0])} initial-frequencies and {len(lists[1])} saddle-frequencies; a saddle has one real frequency "
        "fewer than the initial state (leave out the imaginary one, and translations and rotations in both)"
    )


def _reorganization(values):
    """Electron transfer without reorganization has no rate."""
    parts = [values.get(f"{name}-reorganization-energy") for name in ("inner", "outer")]
    if None in parts or sum(parts) > 0.0:
        return None
    return "the reorganization energies are both zero; their sum must be above 0 eV"


def _law(name, function, parameters, equation, source, example, **properties):
    arguments = tuple(inspect.signature(function).parameters)
    flags = {"uses_potential": False, "has_barrier": "barrier" in parameters} | properties
    return RateLaw(name, function, parameters, equation, source, example, arguments=arguments, **flags)


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
        "energy", True, None, "reorganization energy of the solvent around it", minimum=0.0, image_charge=True
    ),
}
_TRANSMISSION = Parameter(
    "dimensionless", False, 1.0, "electronic transmission coefficient; the prefactor over kB T/h", positive=True
)
_MARCUS = "R. A. Marcus, J. Chem. Phys. 24, 966 (1956), doi:10.1063/1.1742723"
_REVIEW = "R. A. Marcus, Annu. Rev. Phys. Chem. 15, 155 (1964), doi:10.1146/annurev.pc.15.100164.001103"
_COUPLE = "standard-potential: 0.77 V, inner-reorganization-energy: 1.131 eV"

_LAWS = (
    _law(
        "constant",
        constant,
        {
            "rate-constant": Parameter("rate constant", True, None, "the rate constant", minimum=0.0),
            "reaction-free-energy": _FREE_ENERGY,
        },
        "k",
        "a number of the deck",
        "{law: constant, rate-constant: 1e6 1/s, reaction-free-energy: {enthalpy: -0.8 eV, entropy: -1e-3 eV/K}}",
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
        "{law: arrhenius, prefactor: 1e13 1/s, barrier: 0.5 +- 0.05 eV}",
    ),
    _law(
        "eyring",
        eyring,
        {
            "barrier": _BARRIER,
            "transmission": Parameter("dimensionless", False, 1.0, "transmission coefficient", positive=True),
            "reaction-free-energy": _FREE_ENERGY,
        },
        "k = kappa (kB T/h) exp(-dG++/(kB T))",
        "H. Eyring, J. Chem. Phys. 3, 107 (1935), doi:10.1063/1.1749604",
        '{law: eyring, barrier: {value: 0.477 eV, range: 0.40 .. 0.685 eV, source: "doi:10.1021/ja0164529"}}',
    ),
    _law(
        "harmonic",
        harmonic,
        {
            "initial-frequencies": Parameter(
                "frequency", True, None, "real modes of the initial state", positive=True, length=(1, 100_000)
            ),
            "saddle-frequencies": Parameter(
                "frequency", True, None, "real modes of the saddle, one fewer", positive=True, length=(0, 100_000)
            ),
            "barrier": _BARRIER,
            "reaction-free-energy": _FREE_ENERGY,
        },
        "k = (product of nu_i/product of nu_j) exp(-Ea/(kB T)), i over the initial state, j over the saddle",
        "G. H. Vineyard, J. Phys. Chem. Solids 3, 121 (1957), doi:10.1016/0022-3697(57)90059-8",
        "{law: harmonic, initial-frequencies: [120 1/cm, 4.5 THz, 20 meV], saddle-frequencies: [110 1/cm, 5.1 THz], "
        "barrier: 0.35 eV}",
        check=_modes,
    ),
    _law(
        "diffusion",
        diffusion,
        {
            "diffusivity": Parameter("diffusivity", True, None, "diffusivity of a free walker", positive=True),
            "reaction-free-energy": _FREE_ENERGY,
        },
        "k = D/a^2 per neighbour; a^2 = sum |dx|^2/(2 d) over the hops dx of the process, in d dimensions",
        "A. Einstein, Ann. Phys. 322, 549 (1905), doi:10.1002/andp.19053220806",
        "{law: diffusion, diffusivity: 3e-6 cm^2/s}",
    ),
    _law(
        "collision",
        collision,
        {
            "radii": Parameter("length", True, None, "of the two molecules", positive=True, length=(2, 2)),
            "molar-masses": Parameter("molar mass", True, None, "of the two molecules", positive=True, length=(2, 2)),
            "barrier": Parameter("energy", False, 0.0, "energy that the collision needs along the line of centres"),
            "reaction-free-energy": _FREE_ENERGY,
        },
        "k = pi (r1 + r2)^2 (8 kB T/(pi mu))^(1/2) exp(-Ea/(kB T)), mu = m1 m2/(m1 + m2)",
        "M. Trautz, Z. Anorg. Allg. Chem. 96, 1 (1916), doi:10.1002/zaac.19160960102; W. C. McC. Lewis, J. Chem. Soc. "
        "Trans. 113, 471 (1918), doi:10.1039/CT9181300471",
        "{law: collision, radii: [0.25 nm, 0.30 nm], molar-masses: [88.06 g/mol, 44.01 g/mol]}",
        is_volumetric=True,
    ),
    _law(
        "encounter",
        encounter,
        {
            "relative-diffusivity": Parameter(
                "diffusivity", True, None, "sum of the diffusivities of both molecules", positive=True
            ),
            "encounter-distance": Parameter("length", True, None, "between centres that react", positive=True),
            "reaction-free-energy": _FREE_ENERGY,
        },
        "k = 4 pi D R",
        "M. von Smoluchowski, Z. Phys. Chem. 92U, 129 (1918), doi:10.1515/zpch-1918-9209",
        "{law: encounter, relative-diffusivity: 6e-10 m^2/s, encounter-distance: 0.6 nm}",
        is_volumetric=True,
    ),
    _law(
        "impingement",
        impingement,
        {
            "pressure": Parameter("pressure", True, None, "of the gas where its activity is 1", minimum=0.0),
            "molar-mass": Parameter("molar mass", True, None, "of the gas", positive=True),
            "site-area": Parameter("area", True, None, "of one site", positive=True),
            "sticking": Parameter(
                "dimensionless", False, 1.0, "fraction of the molecules that stay", minimum=0.0, maximum=1.0
            ),
            "reaction-free-energy": _FREE_ENERGY,
        },
        "k = S p A (2 pi m kB T)^(-1/2) per site",
        "M. Knudsen, Ann. Phys. 352, 697 (1915), doi:10.1002/andp.19153521306",
        "{law: impingement, pressure: 1 bar, molar-mass: 28.01 g/mol, site-area: 0.25 nm^2, sticking: 0.9}",
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
                "dimensionless", False, 0.5, "transfer coefficient of the reduction", minimum=0.0, maximum=1.0
            ),
        },
        "k = A exp(-alpha (E - E0)/(kB T))",
        "J. A. V. Butler, Trans. Faraday Soc. 19, 729 (1924), doi:10.1039/TF9241900729",
        "{law: butler-volmer, prefactor: 1e6 1/s, standard-potential: {value: 0.77 V, slope: 1 mV/K, at: 25 degC}}",
        uses_potential=True,
    ),
    _law(
        "marcus",
        marcus,
        _REDOX | {"transmission": _TRANSMISSION},
        "k = kappa (kB T/h) exp(-(lambda + dG)^2/(4 lambda kB T)), dG = E - E0",
        f"{_MARCUS}; transmission: {_REVIEW}",
        f"{{law: marcus, {_COUPLE}, transmission: 0.01, outer-reorganization-energy: "
        "{radius: 0.5 nm, refractive-index: 1.415, permittivity: 18.5, distance: 0.6 nm}}",
        uses_potential=True,
        check=_reorganization,
    ),
    _law(
        "marcus-hush-chidsey",
        marcus_hush_chidsey,
        _REDOX
        | {
            "asymmetry": Parameter(
                "dimensionless",
                False,
                0.0,
                "(k - k')/(k + k') of the force constants of oxidised and reduced state",
                minimum=-0.9,
                maximum=0.9,
            ),
            "transmission": _TRANSMISSION,
        },
        "k = kappa (kB T/h) (4 pi lambda kB T)^(-1/2) Integral f(e) exp(-(lambda + dG - e)^2/(4 lambda kB T)) "
        "de, dG = E - E0; with asymmetry k = kappa (kB T/h) <f(V' - V)>, averaged over parabolas V, V' of unequal "
        "force constants",
        # The DOI of Laborda et al. could not be looked up; Zeng et al. (hdl:1721.1/110041) describe the same theory.
        f"{_MARCUS}; C. E. D. Chidsey, Science 251, 919 (1991), doi:10.1126/science.251.4996.919; asymmetry: "
        "E. Laborda et al., Chem. Soc. Rev. 42, 4894 (2013), doi:10.1039/C3CS35487C",
        f"{{law: marcus-hush-chidsey, {_COUPLE}, outer-reorganization-energy: 0.3207 eV, asymmetry: 0.1}}",
        uses_potential=True,
        check=_reorganization,
    ),
)

RATE_LAWS: dict[str, RateLaw] = {law.name: law for law in _LAWS}
"""Every rate law, by its name in a deck."""
