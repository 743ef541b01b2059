# SPDX-License-Identifier: BSD-3-Clause
"""What a film says to a PyBaMM cell model: parameters under PyBaMM's own names (floor 75).

In: a `Result`. Out: one `Parameter` for every SEI parameter of PyBaMM, with its value and how it was
obtained, or with the reason why one run cannot give it. PyBaMM's film is a layer of one substance with
thickness L = c V, growing as dc/dt = -j / (F z); it has no porosity and no composition, so these enter
through V and z.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kmc.constants import AVOGADRO, ELEMENTARY_CHARGE, FARADAY, GAS_CONSTANT
from kmc.errors import KmcError

if TYPE_CHECKING:
    from kmc.result import Result

THICKNESS = "Initial SEI thickness [m]"
VOLUME = "SEI partial molar volume [m3.mol-1]"
RATIO = "Ratio of lithium moles to SEI moles"
BARRIER = "Tunneling barrier factor [m-1]"
EXCHANGE = "SEI reaction exchange current density [A.m-2]"

# The rest of PyBaMM's SEI parameters, with what it would take to give them.
NOT_GIVEN = {
    "SEI resistivity [Ohm.m]": "needs the diffusivity of Li+ through the film, which this run does not "
    "measure",
    "SEI lithium ion conductivity [S.m-1]": "needs the diffusivity of Li+ through the film, which this run "
    "does not measure",
    "SEI electron conductivity [S.m-1]": "electrons tunnel here; they do not migrate in a field",
    "SEI lithium interstitial diffusivity [m2.s-1]": "needs tracers of interstitial lithium, which this run "
    "does not follow",
    "Lithium interstitial reference concentration [mol.m-3]": "needs the free energy of formation of the "
    "interstitial",
    "SEI solvent diffusivity [m2.s-1]": "needs the tortuosity of the pores and the diffusivity of the "
    "solvent in them",
    "EC diffusivity [m2.s-1]": "needs the tortuosity of the pores and the diffusivity of the solvent in them",
    "Bulk solvent concentration [mol.m-3]": "a property of the electrolyte; the deck holds activities",
    "EC initial concentration in electrolyte [mol.m-3]": "a property of the electrolyte; the deck holds "
    "activities",
    "SEI kinetic rate constant [m.s-1]": "needs runs on a bare electrode at several potentials",
    "SEI open-circuit potential [V]": "needs runs at several potentials: where the current vanishes",
    "SEI growth transfer coefficient": "needs runs at several potentials: the slope of ln j against "
    "potential",
    "SEI growth activation energy [J.mol-1]": "needs runs at several temperatures",
    "Tunneling distance for electrons [m]": "needs runs with films of several thicknesses",
}
# The part of the run that the current is taken from: from this fraction of its time on.
_LAST_PART = 0.5
# Potential may change by this much [V] in that part: a tenth of kT/e.
_STEADY = 2.5e-3
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
        ``tunnelling limited``, or ``constant`` for a film that PyBaMM carries but does not grow.
    """
    return "tunnelling limited" if {BARRIER, EXCHANGE} <= parameters.keys() else "constant"


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
    With N_s film sites of species s, u_s formula units and l_s lithium atoms per site, and A the area:

    - L0 = thickness;
    - n = sum_s N_s u_s / (N_A A), formula units per area; V = L0 / n, which counts the pores as film;
    - z = sum_s N_s l_s / sum_s N_s u_s;
    - beta = sum_s N_s beta_s / sum_s N_s, from the decay constants of the deck;
    - j0 = j exp(F E / (2 R T)) exp(beta L), so that PyBaMM's j0 exp(-F E / (2 R T)) exp(-beta L) is the
      current density j of the last half of the run at its potential E and thickness L.
    """
    if result.n_outputs == 0 or not float(result.data["thickness"].values[-1]) > 0.0:
        raise KmcError(f"{result.path}: there is no film to hand over")
    barrier = _barrier(result)
    given = [*_film(result), barrier, _exchange(result, barrier.value)]
    return given + [Parameter(name, None, reason) for name, reason in NOT_GIVEN.items()]


def _film(result: Result) -> list[Parameter]:
    """Thickness, volume and lithium of one mole of film."""
    last = result.data.isel(time=-1)
    area = _area(result)
    sites, units = last["film_count"].values, last["units_per_site"].values
    moles = float(sites @ units) / (AVOGADRO * area)
    thickness, porosity = float(last["thickness"]), float(last["mean_porosity"])
    ratio = float(sites @ last["lithium_number"].values) / float(sites @ units)
    dense = float(last["equivalent_thickness"]) / moles
    when = f"at t = {float(last['time']):.4g} s"
    return [
        Parameter(
            THICKNESS,
            thickness,
            f"thickness, the mean height of the film over {last['x'].size * last['y'].size} columns, {when}; "
            f"roughness "
            f"{float(last['roughness']):.3g} m",
        ),
        Parameter(
            VOLUME,
            thickness / moles,
            f"thickness per mole of formula units and area, {when}: pores (mean porosity {porosity:.3g}) "
            f"count as film. "
            f"Without pores, from the molar volumes alone, it is {dense:.4g} m3/mol",
        ),
        Parameter(
            RATIO,
            ratio,
            f"lithium atoms, interstitials included, per formula unit of the film, {when}. PyBaMM takes it "
            f"for the "
            "electrons per formula unit as well",
        ),
    ]


def _barrier(result: Result) -> Parameter:
    """Decay constants of the deck, weighted over the film."""
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
        f"decay constants of the deck averaged over {total:.0f} film sites; uncertainty from those of the "
        f"deck, taken as "
        f"independent{_slope(result)}",
        math.hypot(*known) if known else None,
    )


def _slope(result: Result) -> str:
    """What the run itself says of the barrier factor, from current density against thickness."""
    data = result.data
    current, thickness = data["current_density"].values[1:], data["thickness"].values
    middle = (thickness[1:] + thickness[:-1]) / 2
    late = (current > 0) & (middle > thickness[-1] / 2)
    if late.sum() < 5 or np.ptp(middle[late]) == 0.0:
        return ""
    slope, cover = np.polyfit(middle[late], np.log(current[late]), 1, cov=True)
    fit = f"{-slope[0]:.3g} +- {math.sqrt(cover[0, 0]):.1g} 1/m"
    return f". The run itself has -d ln j/dL = {fit} in its outer half"


def _exchange(result: Result, barrier: float | None) -> Parameter:
    """Current density of the last part of the run, carried back to zero potential and thickness."""
    data = result.data
    time = data["time"].values
    start = int(np.searchsorted(time, _LAST_PART * time[-1], side="right")) - 1
    part = slice(start, None)
    electrons = int(data["electrons"].values[-1] - data["electrons"].values[start])
    potential, temperature = data["potential"].values[part], data["temperature"].values[part]
    if barrier is None:
        return Parameter(EXCHANGE, None, "needs the barrier factor")
    if electrons <= 0:
        return Parameter(EXCHANGE, None, f"no charge passed after t = {time[start]:.4g} s")
    if np.ptp(potential) > _STEADY:
        return Parameter(
            EXCHANGE, None, f"the potential moved by {np.ptp(potential):.3g} V after t = {time[start]:.4g} s"
        )
    current = electrons * ELEMENTARY_CHARGE / (_area(result) * (time[-1] - time[start]))
    thickness = float(data["thickness"].values[part].mean())
    kinetic = _TRANSFER * FARADAY * potential.mean() / (GAS_CONSTANT * temperature.mean())
    value = current * math.exp(kinetic + barrier * thickness)
    gained = float(data["lithium"].values[-1] - data["lithium"].values[start]) * AVOGADRO * _area(result)
    return Parameter(
        EXCHANGE,
        value,
        f"mean current density {current:.4g} A/m2 of the {electrons} electrons passed after t = "
        f"{time[start]:.4g} s, at "
        f"{potential.mean():.4g} V and L = {thickness:.4g} m, carried back with transfer coefficient 0.5 and "
        f"the barrier "
        f"factor given here; only together with them does it mean anything. Lithium gained by the film per "
        f"electron in that "
        f"time: {gained / electrons:.3g}; the rest dissolved, and PyBaMM deposits it all. Uncertainty: "
        f"counting statistics "
        "of the electrons",
        value / math.sqrt(electrons),
    )


def _area(result: Result) -> float:
    """Area of the electrode [m^2]."""
    return result.data.sizes["x"] * result.data.sizes["y"] * float(result.provenance["lattice_spacing"]) ** 2
