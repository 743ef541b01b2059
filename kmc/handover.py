# SPDX-License-Identifier: BSD-3-Clause
"""What a film says to a PyBaMM cell model: parameters under PyBaMM's own names (floor 75).

In: a `Result`. Out: one `Parameter` for every SEI parameter of PyBaMM, with its value and how it was
obtained, or with the reason why one run cannot give it. PyBaMM's film is a layer of one substance with
thickness L = c V, growing as dc/dt = -j / (F z); it has no porosity and no composition, so these enter
through V and z. PyBaMM has one law for j at a time; handed over is the one that the run supports, or none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kmc.constants import AVOGADRO, FARADAY, GAS_CONSTANT
from kmc.errors import KmcError
from kmc.growth import (
    Growth,
    Slope,
    compact_length,
    direct_exponent,
    has_interstitials,
    last_half,
    tunnelling_slope,
)

if TYPE_CHECKING:
    from kmc.result import Result

THICKNESS = "Initial SEI thickness [m]"
VOLUME = "SEI partial molar volume [m3.mol-1]"
RATIO = "Ratio of lithium moles to SEI moles"
BARRIER = "Tunneling barrier factor [m-1]"
EXCHANGE = "SEI reaction exchange current density [A.m-2]"
DIFFUSIVITY = "SEI lithium interstitial diffusivity [m2.s-1]"
CONCENTRATION = "Lithium interstitial reference concentration [mol.m-3]"

# The rest of PyBaMM's SEI parameters, with what it would take to give them.
NOT_GIVEN = {
    "SEI resistivity [Ohm.m]": "needs the diffusivity of Li+ through the film, which this run does not measure",
    "SEI lithium ion conductivity [S.m-1]": "needs the diffusivity of Li+ through the film, which this run "
    "does not measure",
    "SEI electron conductivity [S.m-1]": "electrons tunnel here; they do not migrate in a field",
    "SEI solvent diffusivity [m2.s-1]": "needs the tortuosity of the pores and the diffusivity of the solvent in them",
    "EC diffusivity [m2.s-1]": "needs the tortuosity of the pores and the diffusivity of the solvent in them",
    "Bulk solvent concentration [mol.m-3]": "a property of the electrolyte; the deck holds activities",
    "EC initial concentration in electrolyte [mol.m-3]": "a property of the electrolyte; the deck holds activities",
    "SEI kinetic rate constant [m.s-1]": "needs runs on a bare electrode at several potentials",
    "SEI open-circuit potential [V]": "needs runs at several potentials: where the current vanishes",
    "SEI growth transfer coefficient": "needs runs at several potentials: the slope of ln j against potential",
    "SEI growth activation energy [J.mol-1]": "needs runs at several temperatures",
    "Tunneling distance for electrons [m]": "needs runs with films of several thicknesses",
}
# Potential may change by this much [V] in the part of the run that a current is taken from: a tenth of kT/e.
_STEADY = 2.5e-3
# A slope says that the current decays as a law has it if it is known to this share of the expected value and is not
# further from it than this many of its standard errors. The uncertainty of the deck's decay constants is no excuse:
# the run was made with the values.
_SHARPEST, _ERRORS = 0.25, 2.0
# Only D c0 enters PyBaMM's law; c0 is kept at the value of its parameter sets [mol/m^3].
_REFERENCE = 15.0
# Transfer coefficient that PyBaMM builds into the option "tunnelling limited".
_TRANSFER = 0.5


@dataclass(frozen=True)
class Parameter:
    """One parameter of PyBaMM.

    Attributes
    ----------
    name : str
        PyBaMM's name, which ends in the unit.
    value : float or None
        None if the run does not support one.
    how : str
        How the value was obtained, or why there is none.
    uncertainty : float or None
        One standard deviation from the causes named in `how`; scatter between seeds is not in it.
    """

    name: str
    value: float | None
    how: str
    uncertainty: float | None = None

    @property
    def unit(self) -> str:
        """str: unit, as in the name; 1 for a pure number."""
        return self.name.rpartition("[")[2].rstrip("]") if self.name.endswith("]") else "1"


def pybamm_parameters(result: Result) -> dict[str, float]:
    """SEI parameters of PyBaMM that a run supports.

    Parameters
    ----------
    result : Result

    Returns
    -------
    parameters : dict of str to float
        For ``ParameterValues.update(parameters, check_already_exists=False)``. Parameters that the run cannot
        give are absent, so that the cell's own values stay.

    Raises
    ------
    KmcError
        If there is no film.
    """
    return {p.name: p.value for p in describe(result) if p.value is not None}


def sei_option(parameters: dict[str, float]) -> str:
    """PyBaMM's option ``SEI`` that the parameters are enough for.

    Parameters
    ----------
    parameters : dict of str to float

    Returns
    -------
    option : str
        ``tunnelling limited``, ``interstitial-diffusion limited``, or ``constant`` for a film that PyBaMM carries
        but does not grow.
    """
    if {BARRIER, EXCHANGE} <= parameters.keys():
        return "tunnelling limited"
    return "interstitial-diffusion limited" if {DIFFUSIVITY, CONCENTRATION} <= parameters.keys() else "constant"


def mean_current(result: Result) -> Parameter:
    """Current density at the end of the run, which no law of growth stands behind; not a parameter of PyBaMM.

    Parameters
    ----------
    result : Result

    Returns
    -------
    current : Parameter
    """
    growth = last_half(result)
    name = "mean current density [A.m-2]"
    if growth.electrons <= 0:
        return Parameter(name, None, f"no charge passed after t = {growth.start:.4g} s")
    return Parameter(name, growth.current, _passed(growth), growth.current / math.sqrt(growth.electrons))


def describe(result: Result) -> list[Parameter]:
    """Every SEI parameter of PyBaMM, with its value or with the reason why there is none.

    Parameters
    ----------
    result : Result

    Returns
    -------
    parameters : list of Parameter

    Raises
    ------
    KmcError
        If there is no film.

    Notes
    -----
    With N_s film sites of species s, u_s formula units, l_s lithium atoms and charge q_s per site, A the area, and
    j, E, T and L the current density and the mean conditions of the last half of the run:

    - L0 = thickness, or the compact length (`kmc.growth`) if growth is limited by tunnelling;
    - n = sum_s N_s u_s / (N_A A), formula units per area; V = L0 / n, which counts the pores as film with the
      thickness and not with the compact length;
    - z = sum_s N_s (l_s - q_s) / sum_s N_s u_s: PyBaMM divides the electrons by it to get formula units, and every
      lithium atom of the film came with an electron unless its site is charged;
    - beta = sum_s N_s beta_s / sum_s N_s, from the decay constants of the deck;
    - tunnelling limited: j0 = j exp(F E / (2 R T)) exp(beta L), with the compact length for L, given if most
      electrons tunnelled and -d ln j/dL of the run agrees with beta;
    - interstitial-diffusion limited: D c0 = (j L / F) exp(F E / (R T)), given if most electrons were taken without
      tunnelling, the chemistry has interstitial lithium, and -d ln j/d ln L of the run agrees with 1.
    """
    if result.n_outputs == 0 or not float(result.data["thickness"].values[-1]) > 0.0:
        raise KmcError(f"{result.path}: there is no film to hand over")
    growth, slope = last_half(result), tunnelling_slope(result)
    barrier = _barrier(result, slope)
    exchange = _exchange(growth, slope, barrier.value)
    given = [*_film(result, exchange.value is not None), barrier, exchange, *_interstitials(result, growth)]
    return given + [Parameter(name, None, reason) for name, reason in NOT_GIVEN.items()]


def _film(result: Result, compact: bool) -> list[Parameter]:
    """Thickness, volume and electrons of one mole of film."""
    last = result.data.isel(time=-1)
    sites, units = last["film_count"].values, last["units_per_site"].values
    moles = float(sites @ units) / (AVOGADRO * result.area)
    height, porosity = float(last["thickness"]), float(last["mean_porosity"])
    thickness = float(compact_length(result)[-1]) if compact else height
    electrons = float(sites @ (last["lithium_number"].values - last["charge_number"].values)) / float(sites @ units)
    dense = float(last["equivalent_thickness"]) / moles
    when = f"at t = {float(last['time']):.4g} s"
    mean = f"mean height of the film over {last['x'].size * last['y'].size} columns"
    how = f"thickness, the {mean}, {when}; roughness {float(last['roughness']):.3g} m"
    pores = f"pores (mean porosity {porosity:.3g}) count as film"
    if compact:
        how = f"compact length of the film, its sites without pores, {when}: what electrons tunnel through. The "
        how += f"{mean} is {height:.4g} m, roughness {float(last['roughness']):.3g} m"
        pores = f"pores (mean porosity {porosity:.3g}) do not count as film"
    return [
        Parameter(THICKNESS, thickness, how),
        Parameter(
            VOLUME,
            thickness / moles,
            f"thickness given here per mole of formula units and area, {when}, {sites.sum()} film sites: {pores}. "
            f"From the molar volumes alone it is {dense:.4g} m3/mol",
        ),
        Parameter(
            RATIO,
            electrons,
            f"electrons per formula unit of the film, {when}, {sites.sum()} film sites: lithium atoms, interstitials "
            "included, less the charge of their sites. PyBaMM divides the electrons by it to get formula units",
        ),
    ]


def _barrier(result: Result, slope: Slope | None) -> Parameter:
    """Decay constants of the deck, weighted over the film, with what the run itself says."""
    table = result.table("parameters")
    decay = {
        str(row["owner"].values): (float(row["value"]), float(row["uncertainty"]))
        for row in (table.isel(row=n) for n in np.flatnonzero(table["name"].values == "decay"))
    }
    if not decay:
        return Parameter(BARRIER, None, "the deck has no tunnelling")
    last = result.data.isel(time=-1)
    weights: dict[str, float] = {}
    for name, sites in zip(last["species"].values.tolist(), last["film_count"].values.tolist(), strict=True):
        if sites:
            owner = name if name in decay else "default"
            weights[owner] = weights.get(owner, 0.0) + sites
    if not weights.keys() <= decay.keys():
        return Parameter(BARRIER, None, "the deck gives no decay constant for a species of the film")
    total = sum(weights.values())
    value = sum(weight * decay[owner][0] for owner, weight in weights.items()) / total
    spread = [weight / total * decay[owner][1] for owner, weight in weights.items()]
    known = [u for u in spread if not math.isnan(u)]
    return Parameter(
        BARRIER,
        value,
        f"decay constants of the deck averaged over {total:.0f} film sites; uncertainty from those of the deck, "
        f"taken as independent. {_said(slope)}",
        math.hypot(*known) if known else None,
    )


def _said(slope: Slope | None) -> str:
    """The slope of the run, in words."""
    if slope is None:
        return "The run has too few intervals with a tunnelling current to show a slope of its own"
    return (
        f"The run itself has -d ln j/dL = {slope.value:.3g} +- {slope.error:.1g} 1/m over the compact length of its "
        f"outer half ({slope.intervals} intervals, {slope.electrons} tunnelled electrons)"
    )


def _passed(growth: Growth) -> str:
    """The current of the last half, in words, with its counts."""
    return (
        f"mean current density {growth.current:.4g} A/m2 of the {growth.electrons} electrons passed after t = "
        f"{growth.start:.4g} s ({growth.tunnelled} by tunnelling, {growth.direct} without), at "
        f"{growth.potential:.4g} V and L = {growth.thickness:.4g} m (compact: {growth.compact:.4g} m). "
        f"Lithium gained by the film per electron in that time: {growth.lithium / growth.electrons:.3g}; the rest "
        "dissolved, and PyBaMM deposits it all. "
        "Uncertainty: counting statistics of the electrons"
    )


def _no_current(growth: Growth) -> str:
    """Why the last half of the run gives no current to fit a law to; empty if it does."""
    if growth.electrons <= 0:
        return f"no charge passed after t = {growth.start:.4g} s"
    if growth.drift > _STEADY:
        return f"the potential moved by {growth.drift:.3g} V after t = {growth.start:.4g} s"
    return ""


def _exchange(growth: Growth, slope: Slope | None, barrier: float | None) -> Parameter:
    """Current density of the last half, carried back to zero potential and thickness if tunnelling limits it."""
    reason = _no_current(growth)
    if not reason and barrier is None:
        reason = "needs the barrier factor"
    elif not reason and growth.tunnelled <= growth.electrons / 2:
        reason = f"only {growth.tunnelled} of the {growth.electrons} electrons after t = {growth.start:.4g} s tunnelled"
    elif not reason:
        reason = _disagreement(slope, barrier, _said(slope), f"{barrier:.3g} 1/m of the deck")
    if reason:
        return Parameter(EXCHANGE, None, reason)
    kinetic = _TRANSFER * FARADAY * growth.potential / (GAS_CONSTANT * growth.temperature)
    value = growth.current * math.exp(kinetic + barrier * growth.compact)
    return Parameter(
        EXCHANGE,
        value,
        "carried back over the compact length with transfer coefficient 0.5 and the barrier factor given here; only "
        f"together with them and the thickness does it mean anything: {_passed(growth)}. {_said(slope)}, in agreement",
        value / math.sqrt(growth.electrons),
    )


def _disagreement(slope: Slope | None, expected: float, said: str, law: str) -> str:
    """Why the current cannot be carried to other thicknesses by a law; empty if it can."""
    if slope is None:
        return said
    if slope.error > _SHARPEST * expected:
        return f"{said}, too blurred to compare with the {law}"
    if abs(slope.value - expected) > _ERRORS * slope.error:
        return f"{said}, not the {law}: carried to another thickness by that law, the current would mean nothing"
    return ""


def _said_of_exponent(exponent: Slope | None) -> str:
    """The exponent of the run, in words."""
    if exponent is None:
        return "The run has too few intervals with a current without tunnelling to show its dependence on L"
    return (
        f"The run itself has -d ln j/d ln L = {exponent.value:.2g} +- {exponent.error:.1g} in its outer half "
        f"({exponent.intervals} intervals, {exponent.electrons} electrons without tunnelling)"
    )


def _interstitials(result: Result, growth: Growth) -> list[Parameter]:
    """Product of diffusivity and concentration of interstitials, if they carry the current."""
    reason = _no_current(growth)
    if not reason and growth.direct <= growth.electrons / 2:
        reason = f"only {growth.direct} of the {growth.electrons} electrons after t = {growth.start:.4g} s were "
        reason += "taken without tunnelling"
    elif not reason and not has_interstitials(result):
        reason = "the chemistry has no interstitial lithium"
    exponent = direct_exponent(result)
    said = _said_of_exponent(exponent)
    reason = reason or _disagreement(exponent, 1.0, said, "1 of diffusion through the film")
    if reason:
        return [Parameter(name, None, reason) for name in (DIFFUSIVITY, CONCENTRATION)]
    product = growth.current * growth.thickness / FARADAY
    product *= math.exp(FARADAY * growth.potential / (GAS_CONSTANT * growth.temperature))
    return [
        Parameter(
            DIFFUSIVITY,
            product / _REFERENCE,
            f"from D c0 = (j L/F) exp(F E/RT) = {product:.4g} mol/(m s), divided by the c0 given here: "
            f"{_passed(growth)}. {said}, in agreement with 1",
            product / _REFERENCE / math.sqrt(growth.electrons),
        ),
        Parameter(
            CONCENTRATION,
            _REFERENCE,
            "PyBaMM's own value, not measured: only the product with the diffusivity enters",
        ),
    ]
