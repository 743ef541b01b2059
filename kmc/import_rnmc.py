# SPDX-License-Identifier: BSD-3-Clause
"""A well-mixed network of HiPRGen or RNMC as a deck without lattice. Floor 7.

The file holds rate constants at one temperature and potential; newer ones also hold free energies and barriers. Where
these explain the rate constants, after Eyring, the deck takes them, so that its temperature can be changed; where they
do not, it takes the numbers. Rate constants are per molecule or pair of molecules, as in the deck.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from statistics import median

from kmc.constants import BOLTZMANN_EV, PLANCK_EV
from kmc.errors import DeckError, Problem
from kmc.import_draft import Draft, DraftSpecies, number, usable_name
from kmc.import_species import NamedSpecies
from kmc.import_steps import Row, Settings, add_processes
from kmc.rate_laws import attempt_frequency
from kmc.rnmc_sqlite import InitialState, Network, NetworkReaction

ROOM = 298.15
"""float, [K]: temperature where nothing tells another; RNMC's examples are made for it."""

_EXPLAINED = 1e-4  # relative difference of a rate constant and its energies
_PLACEHOLDER = 50.0  # eV; RNMC's examples write -100 where an energy is not known
_LIKELY = (100.0, 2000.0)  # K
_HEADINGS = ("electron transfer", "one molecule", "two molecules", "other")
RESERVOIR, REMOVED = "reservoir", "removed"
"""Stand-ins for the empty side of a reaction: held at activity 1, and produced only."""


@dataclass(frozen=True)
class Scale:
    """How the rate constants of a network follow from its energies.

    Parameters
    ----------
    temperature : float, [K]
    transmission : float
        Factor of the redox reactions, for the tunnelling that they were made with; NaN if they have none in common.
    """

    temperature: float
    transmission: float


def draft_of_network(
    network: Network,
    state: InitialState | None,
    known: dict[int, NamedSpecies],
    settings: Settings,
    temperature: float | None = None,
) -> Draft:
    """The deck of a well-mixed network.

    Parameters
    ----------
    network : Network
    state : InitialState, optional
        Numbers of molecules and factors; without it none, and RNMC's usual factors.
    known : dict of int to NamedSpecies
        What the species are; may be empty.
    settings : Settings
    temperature : float, optional, [K]
        That the network was made for; worked out if it is not given.

    Returns
    -------
    Draft

    Raises
    ------
    DeckError  if species are missing in the list, or reactions do not balance.
    """
    names = species_names(network, known)
    scale = _scale(network, temperature)
    draft = Draft(title=settings.file)
    draft.origin.append(
        f"Converted from the reaction network {settings.file} (HiPRGen or RNMC): {network.n_species} species, "
        f"{len(network.reactions)} reactions. Reactions are numbered as in its table `reactions`."
    )
    draft.sections["compartment"] = "{rate-constants: per pair}"
    rows = _rows(draft, network, state, names, scale)
    species = {names[index]: known.get(index) for index in names}
    species |= {name: None for name in (RESERVOIR, REMOVED)}
    draft.processes = {heading: [] for heading in _HEADINGS}
    add_processes(draft, rows, species, replace(settings, temperature=scale.temperature))
    draft.solution = _solution(network, state, known, names)
    used = {name for row in rows for name in (*row.reactants, *row.products)}
    if RESERVOIR in used:
        draft.solution.append(DraftSpecies(RESERVOIR, keys={"activity": "1"}, comment="never runs out"))
    if REMOVED in used:
        draft.solution.append(DraftSpecies(REMOVED, comment="what is left of molecules that vanish"))
    draft.sections["protocol"] = f"{{temperature: {number(round(scale.temperature, 6))} K, potential: 0 V}}"
    return draft


def species_names(network: Network, known: dict[int, NamedSpecies]) -> dict[int, str]:
    """Names of the species of a network: as listed, or S0, S1, ... where there is no list.

    Raises
    ------
    DeckError  if there is a list and it lacks species.
    """
    missing = [index for index in range(network.n_species) if index not in known]
    if known and missing:
        shown = ", ".join(map(str, missing[:8])) + (", ..." if len(missing) > 8 else "")
        message = f"the list of species has no index {shown}; the network has 0 ... {network.n_species - 1}"
        raise DeckError(Problem(message, str(network.path)))
    names: dict[int, str] = {}
    for index in range(network.n_species):
        given = known[index].name if known else f"S{index}"
        names[index] = usable_name(given, (*names.values(), RESERVOIR, REMOVED))
    return names


def _solution(
    network: Network, state: InitialState | None, known: dict[int, NamedSpecies], names: dict[int, str]
) -> list[DraftSpecies]:
    found = []
    for index in range(network.n_species):
        keys = {"count": str(state.counts.get(index, 0) if state else 0)}
        what = known.get(index)
        if what is None:
            found.append(DraftSpecies(names[index], keys=keys))
            continue
        comment = f"{index}" if what.name == names[index] else f"{index} {what.name}"
        found.append(DraftSpecies(names[index], what.formula, what.charge, keys, comment))
    return found


def _scale(network: Network, given: float | None) -> Scale:
    """Temperature that the rate constants were made for, and the factor of the redox reactions."""
    candidates = [given] if given is not None else [_fastest(network), ROOM]
    best, most = given or ROOM, -1
    for temperature in candidates:
        if temperature is not None:
            explained = sum(_factor(each, temperature) == 1.0 for each in network.reactions if not each.is_redox)
            if explained > most:
                best, most = temperature, explained
    redox = [_factor(each, best) for each in network.reactions if each.is_redox]
    redox = [each for each in redox if each is not None and math.isfinite(each) and each > 0.0]
    middle = median(redox) if redox else 1.0
    alike = all(abs(each / middle - 1.0) < _EXPLAINED for each in redox)
    return Scale(best, middle if alike else math.nan)


def _fastest(network: Network) -> float | None:
    """Temperature at which the largest rate constant is kB T/h."""
    temperature = max(each.rate for each in network.reactions) * PLANCK_EV / BOLTZMANN_EV
    return temperature if _LIKELY[0] < temperature < _LIKELY[1] else None


def _barrier(reaction: NetworkReaction) -> float | None:
    """Barrier that the file gives a reaction [eV], or the free energy where there is no column of barriers."""
    given = reaction.free_energy if reaction.barrier is None else reaction.barrier
    if given is None or abs(given) > _PLACEHOLDER or (reaction.is_redox and reaction.barrier is None):
        return None
    return given


def _factor(reaction: NetworkReaction, temperature: float) -> float | None:
    """Rate constant over the one of its barrier: 1 where the barrier explains it, None without barrier."""
    barrier = _barrier(reaction)
    if barrier is None or reaction.rate <= 0.0:
        return None
    exponent = math.log(reaction.rate / float(attempt_frequency(temperature))) + max(barrier, 0.0) / (
        BOLTZMANN_EV * temperature
    )
    return 1.0 if abs(exponent) < _EXPLAINED else math.exp(min(exponent, 700.0))


def _rows(
    draft: Draft, network: Network, state: InitialState | None, names: dict[int, str], scale: Scale
) -> list[Row]:
    """Every reaction that can happen, with the law that its numbers allow."""
    rows, kinds = [], Counter()
    for reaction in network.reactions:
        label = f"reaction {reaction.id}"
        weight = _weight(reaction, state)
        if reaction.rate * weight <= 0.0:
            draft.left_out.append(f"{label}: its rate constant is 0")
            continue
        reactants = tuple(names[each] for each in reaction.reactants) or (RESERVOIR,)
        products = tuple(names[each] for each in reaction.products)
        if not reaction.reactants:
            products = (RESERVOIR, *products)
        products = products or (REMOVED,)
        law, values = _law(reaction, weight, scale)
        kinds[law] += 1
        heading = _HEADINGS[0] if reaction.is_redox else _HEADINGS[min(len(reaction.reactants) or 3, 3)]
        rows.append(Row(label, reactants, products, law, values, heading=heading))
    _tell(draft, network, state, scale, kinds)
    return rows


def _law(reaction: NetworkReaction, weight: float, scale: Scale) -> tuple[str, dict[str, float]]:
    """Rate law of a reaction: Eyring where its energies explain its rate constant."""
    factor = _factor(reaction, scale.temperature)
    is_common = reaction.is_redox and factor is not None and abs(factor / scale.transmission - 1.0) < _EXPLAINED
    if factor is None or not (factor == 1.0 or is_common):
        return "constant", {"rate-constant": reaction.rate * weight}
    transmission = weight * (scale.transmission if is_common else 1.0)
    values = {"barrier": max(_barrier(reaction), 0.0)}
    if abs(transmission - 1.0) > _EXPLAINED:
        values["transmission"] = transmission
    if reaction.is_redox or reaction.free_energy is None:
        return "eyring", values
    if reaction.barrier is None:
        values["barrier"] = 0.0  # the free energy is the barrier where it is above
    if max(values["barrier"], 0.0) + 1e-9 >= reaction.free_energy or reaction.barrier is None:
        values["reaction-free-energy"] = reaction.free_energy
    return "eyring", values


def _weight(reaction: NetworkReaction, state: InitialState | None) -> float:
    """What RNMC multiplies a rate constant by so that it is one per distinct combination of molecules."""
    if state is None:
        return 1.0
    if not reaction.reactants:
        return state.factor_zero
    if len(reaction.reactants) == 1:
        return 1.0
    alike = reaction.reactants[0] == reaction.reactants[1]
    # k f2 fd n (n - 1) is 2 k f2 fd for each of the n (n - 1)/2 pairs.
    return state.factor_two * (2.0 * state.factor_duplicate if alike else 1.0)


def _tell(draft: Draft, network: Network, state: InitialState | None, scale: Scale, kinds: Counter[str]) -> None:
    """Say what was assumed."""
    said = draft.assumptions
    if kinds["eyring"]:
        has_barriers = any(each.barrier is not None for each in network.reactions)
        energies = "barriers and free energies" if has_barriers else "free energies, a barrier wherever above zero,"
        said.append(
            f"{kinds['eyring']} rate constants are what the {energies} of the file give at {scale.temperature:g} K "
            "after Eyring, so the deck has these"
        )
    if kinds["constant"]:
        said.append(f"{kinds['constant']} rate constants are numbers, which do not change with the temperature")
    if any(each.is_redox for each in network.reactions):
        text = "electron transfer happens at the potential and the distance that the network was made for"
        if abs(scale.transmission - 1.0) > _EXPLAINED:
            text += f", the latter a factor of {scale.transmission:.4g}"
        said.append(text + "; another potential takes standard potentials and reorganization energies")
    if state is None:
        said.append("no initial state was given: set the numbers of molecules")
    else:
        factors = (state.factor_zero, state.factor_two, state.factor_duplicate)
        said.append(
            "propensities as in the initial state, factor_zero {:g}, factor_two {:g}, factor_duplicate {:g}; the last "
            "two are in the rate constants, which are per distinct pair".format(*factors)
        )
    said.append("the network has no volume, so that rate constants and free energies are those of single molecules")
