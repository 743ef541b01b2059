# SPDX-License-Identifier: BSD-3-Clause
"""The section of a deck that describes the well-mixed volume beside the lattice, and what it goes with. Floor 1."""

from typing import Any, Literal

from pydantic import Field

from kmc.deck_section import Section
from kmc.deck_values import Reading, quantity

AMOUNTS = ("activity", "count", "concentration")
"""Keys of a species of the solution that say how much of it there is; one of them at most."""


class CompartmentDeck(Section):
    """The well-mixed volume beside the lattice, or the whole of a run without one.

    Molecules of species with `count` or `concentration` are in it. A solution process, which has no lattice species,
    happens there. `per pair`: k [1/s] per distinct combination of reactants, so that A + B has the propensity
    k n_A n_B and A + A has k n (n - 1)/2. `per activity`: k is the constant of v = k a_A a_B per standard
    concentration, with activities a = n/(N_A V c0) and c0 = 1 mol/L; the propensity is N_A V c0 k a_A a_B, that is
    k/(N_A V c0) per pair, and 2 k/(N_A V c0) per pair for A + A with v = k a^2. For one reactant both are k n. A rate
    constant in volume per time (`collision`, `encounter`) is per pair under either and divided by the volume. A species
    held at an activity multiplies by it. A process of the lattice always has k [1/s] at activity 1, so that a molecule
    of the compartment counts k/(N_A V c0), and two of a kind k n (n - 1)/(N_A V c0)^2.

    A generated reverse balances with free energies for activities 1, with `per pair` as well if there is a volume;
    without volume, the ratio of the two k per combination of molecules is exp(-dG/kT).
    """

    volume: quantity("volume", above=0.0) | None = Field(
        None, description="of the compartment; N_A V c0 molecules in it have activity 1", examples=["1e-24 m^3"]
    )
    height: quantity("length", above=0.0) | None = Field(
        None, description="instead of the volume: height over the electrode area of the lattice", examples=["30 nm"]
    )
    distance: quantity("length", least=0.0) | None = Field(
        None,
        description="of the molecules from the electrode, for electrons; in contact (0) if left out",
        examples=["0.6 nm"],
    )
    rate_constants: Literal["per pair", "per activity"] = Field(
        "per pair", description="what k of a solution process of two or more molecules means", examples=["per activity"]
    )


def check_compartment(data: Any, reading: Reading) -> None:
    """Report what does not go together: lattice, compartment and solution.

    Parameters
    ----------
    data : MarkedDict
        The deck as read.
    reading : Reading
    """
    parts = {key: _mapping(data, key) for key in ("lattice", "species", "compartment", "solution")}
    if "lattice" not in data:
        _check_without_lattice(data, parts, reading)
    elif "species" not in data and "species" not in _reported(data, reading):
        reading.report("missing key 'species'", reading.document.locate((), key=True))
    compartment = parts["compartment"]
    if "volume" in compartment and "height" in compartment:
        message = "'compartment' has both volume and height; give one"
        reading.report(message, compartment.key_marks["height"])
    has_volume = bool({"volume", "height"} & set(compartment))
    if compartment.get("rate-constants") == "per activity" and not has_volume:
        message = "'per activity' needs a volume: activities are a = n/(N_A V c0)"
        reading.report(message, compartment.value_marks["rate-constants"], "give 'volume' or 'height'")
    for name, entry in parts["solution"].items():
        if isinstance(entry, dict):
            _check_amount(name, entry, has_volume, reading)


def _mapping(data: Any, key: str) -> Any:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def _reported(data: Any, reading: Reading) -> set[str]:
    """Keys of the deck that another message calls misspelt."""
    return {key for owner, key in reading.reported if owner == id(data)}


def _check_without_lattice(data: Any, parts: Any, reading: Reading) -> None:
    """A run without lattice is all solution, and nothing speaks of sites."""
    if {"lattice", "solution"} & _reported(data, reading):
        return
    if parts["species"]:
        message = "missing key 'lattice': 'species' are what can be on a site"
        hint = "in a run without lattice all species stand under 'solution'"
        reading.report(message, reading.document.locate((), key=True), hint)
        return
    if not parts["solution"]:
        message = "missing key 'lattice' and 'species', or 'solution' for a run without lattice"
        reading.report(message, reading.document.locate((), key=True))
        return
    if _mapping(data, "groups"):
        reading.report("groups are of lattice species, and there is no lattice", data.key_marks["groups"])
    if "height" in parts["compartment"]:
        message = "'height' is over the electrode area, and there is no lattice"
        reading.report(message, parts["compartment"].key_marks["height"], "give 'volume'")
    output = _mapping(data, "output")
    if "snapshots" in output:
        reading.report("snapshots are of the lattice, and there is none", output.key_marks["snapshots"])
    decay = _mapping(_mapping(data, "tunnelling"), "decay")
    for name in decay:
        if name != "default":
            message = f"decay of '{name}', but there is no lattice that it could be on"
            reading.report(message, decay.key_marks[name], "solution processes take 'default'")


def _check_amount(name: str, entry: Any, has_volume: bool, reading: Reading) -> None:
    """How much there is of a species is said once, in a way that has a meaning."""
    given = [key for key in AMOUNTS if entry.get(key) is not None]
    if len(given) > 1:
        reading.report(f"'{name}' has both {' and '.join(given)}; give one", entry.key_marks[given[1]])
    if given == ["concentration"] and not has_volume:
        message = f"the concentration of '{name}' needs the volume of the compartment"
        reading.report(message, entry.key_marks["concentration"], "compartment: {volume: ...}, or give 'count'")
