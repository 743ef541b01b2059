# SPDX-License-Identifier: BSD-3-Clause
"""Findings about parameters that the deck says twice: masses, areas, both directions of a step. Floor 5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kmc.errors import DeckError
from kmc.findings import Finding, Places
from kmc.formulas import molar_mass
from kmc.model import Model
from kmc.process import Process
from kmc.sampled_pairs import followers
from kmc.sampling import distributed

SAME_MASS = 0.01
"""float: relative difference of molar masses that rounding and isotopes explain; 28 for 28.01 g/mol is 0.0004."""

SAME_AREA = 0.1
"""float: relative difference of the area of a site from that of the lattice that is not told of."""


def parameter_findings(model: Model, places: Places) -> Iterator[Finding]:
    """Molar masses that are not those of the species, and areas that are not those of the sites.

    Parameters
    ----------
    model : Model
    places : Places

    Yields
    ------
    Finding
    """
    for process in model.mechanism.processes:
        if process.reverse_of is not None:
            continue
        if process.law == "impingement":
            yield from _gas(process, model, places)
            yield from _area(process, model, places)
        elif process.law == "collision":
            yield from _pair(process, model, places)
    yield from _uncertain_pairs(model, places)


def _gas(process: Process, model: Model, places: Places) -> Iterator[Finding]:
    """The molar mass of what strikes the surface is that of a species that the process takes out of the solution."""
    masses = {name: mass for name, _, mass in _consumed(process, model)}
    given = process.parameters["molar-mass"].value
    if not masses or None in masses.values() or any(_is_same(given, mass) for mass in masses.values()):
        return
    shown = ", ".join(f"{name} {mass * 1e3:.5g}" for name, mass in masses.items())
    message = "the molar mass is not that of a species which the process takes from the solution"
    yield places.of(process, "warn", "molar mass", message, f"{given * 1e3:.5g}, {shown} g/mol")


def _pair(process: Process, model: Model, places: Places) -> Iterator[Finding]:
    """The molar masses of molecules that collide are those of the reactants, in their order or the other one."""
    found = [(name, mass) for name, number, mass in _consumed(process, model) for _ in range(number)]
    given = process.parameters["molar-masses"].value
    if len(found) != 2 or any(mass is None for _, mass in found):
        return
    masses = [mass for _, mass in found]
    if any(all(map(_is_same, given, order)) for order in (masses, masses[::-1])):
        return
    shown = " and ".join(f"{mass * 1e3:.5g}" for mass in given)
    meant = ", ".join(f"{name} {mass * 1e3:.5g}" for name, mass in found)
    message = "the molar masses are not those of the two molecules that collide"
    yield places.of(process, "warn", "molar mass", message, f"{shown}, {meant} g/mol")


def _uncertain_pairs(model: Model, places: Places) -> Iterator[Finding]:
    """Reactions and their reverses, both written by hand, that an ensemble has to draw together."""
    uncertain = {path: quantity.value for path, quantity in distributed(model.deck)}
    processes = {process.name: process for process in model.mechanism.processes}
    for forward, backward in model.mechanism.pairs:
        mine = {
            path: value
            for path, value in uncertain.items()
            if path.startswith((f"processes.{forward}.rate.", f"processes.{backward}.rate."))
        }
        try:
            follows = followers(model.deck, model.mechanism, mine)
        except DeckError as error:
            yield places.of(processes[backward], "warn", "uncertain pair", error.problems[0].message)
            continue
        if follows:
            message = (
                f"is the reverse of '{forward}', both written by hand with uncertain values; an ensemble draws what "
                "they share once, so that one follows the other; write one of them with <=>"
            )
            yield places.of(processes[backward], "warn", "uncertain pair", message)


def _area(process: Process, model: Model, places: Places) -> Iterator[Finding]:
    """The area that collects molecules is that of a site; of several sites, something between a share and the sum."""
    given, area, n_sites = process.parameters["site-area"].value, model.lattice.site_area, len(process.reactants)
    share = 1.0 if n_sites == 1 else len(model.lattice.shell(1))
    if area / share * (1.0 - SAME_AREA) <= given <= area * n_sites * (1.0 + SAME_AREA):
        return
    message = "the area of a site is not the one that the lattice has"
    yield places.of(process, "warn", "site area", message, f"{given * 1e18:.4g}, lattice {area * 1e18:.4g} nm^2")


def _consumed(process: Process, model: Model) -> list[tuple[str, int, float | None]]:
    """Species that a process takes out of the solution: names, molecules and molar masses [kg/mol]."""
    orders: Mapping[int, int] = {**process.activity_orders, **process.molecule_orders}
    found = []
    for index, number in orders.items():
        species = model.mechanism.solution[index]
        formula = "".join(f"{element}{count}" for element, count in species.formula.items())
        found.append((species.name, number, molar_mass(formula) if formula else None))
    return found


def _is_same(given: float, mass: float) -> bool:
    return abs(given / mass - 1.0) <= SAME_MASS
