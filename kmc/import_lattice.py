# SPDX-License-Identifier: BSD-3-Clause
"""A network of RNMC with a lattice (LGMC) as a deck with lattice and compartment. Floor 7.

Species 0 is the empty site. A molecule on the lattice is called `X*`, the one in solution `X`. The solution of LGMC has
no volume; the compartment is given the one in which an activity is a number of molecules, so that all rate constants
stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kmc.constants import AVOGADRO
from kmc.errors import DeckError, Problem
from kmc.import_draft import Draft, DraftProcess, DraftSpecies, number, usable_name, yaml_text
from kmc.import_rnmc import species_names
from kmc.import_species import NamedSpecies, read_text
from kmc.import_steps import Settings, side
from kmc.rate_laws import attempt_frequency
from kmc.rnmc_sqlite import KINDS, InitialState, Network, NetworkReaction

ELECTRON_AT_ZERO = -1.4
"""float, [eV]: free energy of the electron at 0 V vs Li/Li+ that RNMC's networks take."""

_VACANT, _ELECTRODE = "vacant", "electrode"
_FILM = "film"
_PARAMETERS = "lattice constant [angstrom], sites in x, y and z, temperature [K], free energy of the electron [eV], "
_PARAMETERS += "T or F (sites are added), M or B (Marcus or Butler-Volmer)"
_GROWING_LAYERS = 20
_VOLUME = 1.0 / (AVOGADRO * 1000.0)  # m^3, so that N_A V c0 = 1


@dataclass(frozen=True)
class Parameters:
    """What LGMC reads from its file of parameters.

    Parameters
    ----------
    spacing : float, [angstrom]
    size : tuple of int
        Sites in x, y, z.
    temperature : float, [K]
    electron : float, [eV]
        Free energy of the electron.
    grows : bool
        Whether sites are added above those that are taken.
    is_marcus : bool
        Marcus, else Butler-Volmer.
    """

    spacing: float
    size: tuple[int, int, int]
    temperature: float
    electron: float
    grows: bool
    is_marcus: bool


def read_parameters(path: Path) -> Parameters:
    """The file of parameters of a run of LGMC.

    Raises
    ------
    DeckError  if it is none.
    """
    words = read_text(Path(path)).split()
    try:
        spacing, temperature, electron = (float(words[i]) for i in (0, 4, 5))
        size = tuple(int(each) for each in words[1:4])
        if len(words) < 8 or words[6] not in "TF" or words[7] not in "MB":
            raise ValueError
        if not all(map(math.isfinite, (spacing, temperature, electron))) or min(spacing, temperature, *size) <= 0:
            raise ValueError
    except (ValueError, IndexError):
        message = f"is no file of parameters of LGMC; expected: {_PARAMETERS}"
        raise DeckError(Problem(message, str(path))) from None
    return Parameters(spacing, size, temperature, electron, words[6] == "T", words[7] == "M")


def draft_of_lattice_network(
    network: Network,
    state: InitialState | None,
    known: dict[int, NamedSpecies],
    parameters: Parameters,
    settings: Settings,
) -> Draft:
    """The deck of a network with a lattice.

    Parameters
    ----------
    network : Network
    state : InitialState, optional
    known : dict of int to NamedSpecies
        What the species are, number 0 (the empty site) not needed.
    parameters : Parameters
    settings : Settings

    Returns
    -------
    Draft

    Raises
    ------
    DeckError  if there is no list of species, or reactions are such that a lattice cannot have them.
    """
    if not known:
        message = "species of a lattice need formulas and charges, which this file does not hold: give --species"
        raise DeckError(Problem(message, str(network.path)))
    empty = NamedSpecies(0, _VACANT, "", 0)
    names = species_names(network, known | {0: empty})
    draft = Draft(title=settings.file)
    converter = _Converter(network, state, known, names, parameters, settings)
    draft.origin.append(
        f"Converted from the network {settings.file} (RNMC with a lattice): {network.n_species} species, "
        f"{len(network.reactions)} reactions. Reactions are numbered as in its table `reactions`."
    )
    problems = []
    for reaction in network.reactions:
        try:
            for process in converter.processes(reaction):
                draft.processes.setdefault(KINDS[reaction.lattice.kind], []).append(process)
        except _ReactionError as error:
            text = f"reaction {reaction.id}: {error}"
            if settings.skip_unbalanced:
                draft.left_out.append(text)
            else:
                problems.append(Problem(text, settings.file, hint="--skip-unbalanced leaves it out"))
    if problems:
        raise DeckError(problems[:20])
    converter.fill(draft)
    return draft


class _ReactionError(ValueError):
    """A reaction has no counterpart on our lattice; the message says why."""


class _Converter:
    """Turns reactions of LGMC into processes."""

    def __init__(self, network, state, known, names, parameters, settings):
        self._network, self._state, self._known, self._names = network, state, known, names
        self._parameters, self._settings = parameters, settings
        self._taken: set[str] = set()
        self._on_lattice: dict[int, str] = {}
        for index in range(1, network.n_species):
            self._on_lattice[index] = usable_name(f"{names[index]}*", names.values())
        self._sites: set[int] = set()
        self._decay = {each.lattice.tunnelling_coefficient for each in network.reactions} - {0.0}

    def processes(self, reaction: NetworkReaction) -> Iterator[DraftProcess]:
        """The processes of one reaction: one, or two where the products may stand either way round."""
        part = reaction.lattice
        self._check_balance(reaction)
        left = list(zip(reaction.reactants, part.reactant_phases, strict=True))
        right = list(zip(reaction.products, part.product_phases, strict=True))
        sites = [[index for index, phase in each if phase == "L"] for each in (left, right)]
        molecules = [[index for index, phase in each if phase == "S"] for each in (left, right)]
        if len(sites[0]) != len(sites[1]):
            raise _ReactionError(f"{len(sites[0])} sites become {len(sites[1])}")
        self._sites.update(*sites)
        electrons = {"R": 1, "O": -1}.get(part.kind, 0)
        orders = {tuple(sites[1]), tuple(reversed(sites[1]))} if len(sites[1]) == 2 else {tuple(sites[1])}
        if len(set(sites[0])) == 1:
            orders = {min(orders)}  # like reactants: both orders are the same
        for products in sorted(orders):
            if list(products) == sites[0] and not molecules[0] and not molecules[1] and not electrons:
                continue
            equation = self._equation(sites[0], products, molecules, electrons, part.kind)
            yield self._process(reaction, equation, 1.0 / len(orders), electrons, not sites[0])

    def _equation(self, sites, products, molecules, electrons, kind) -> str:
        condition = ["{" + _FILM + "}"] if kind == "A" and self._parameters.grows else []
        halves = []
        for chosen, solution, taken in ((sites, molecules[0], electrons), (products, molecules[1], -electrons)):
            names = [self._site(each) for each in chosen]
            halves.append(side([*names, *condition, *(self._names[each] for each in solution)], max(taken, 0)))
        return " => ".join(halves)

    def _site(self, index: int) -> str:
        return self._on_lattice.get(index, _VACANT)

    def _process(self, reaction, equation, share, electrons, is_solution) -> DraftProcess:
        part = reaction.lattice
        weight = share
        if len(reaction.reactants) == 2 and self._state is not None:
            alike = reaction.reactants[0] == reaction.reactants[1] and is_solution
            weight *= self._state.factor_two * (2.0 * self._state.factor_duplicate if alike else 1.0)
        rate = {"law": "constant", "rate-constant": f"{number(reaction.rate * weight)} 1/s"}
        keys = {}
        if electrons:
            rate, note = self._redox(reaction, electrons, weight)
            keys = {"note": yaml_text(note)} if note else {}
            if part.tunnelling_coefficient:
                keys["tunnelling"] = "true"
        if part.kind == "A" and not self._parameters.grows:
            keys["layer"] = f"{{from: {self._parameters.size[2]}}}"
        name = f"{KINDS[part.kind]}: {equation.replace(' => ', ' to ').replace(' + ', ' and ')}".replace(": ", " ")
        name = name.replace("{", "").replace("}", "")
        if name in self._taken:
            name = f"{name} (reaction {reaction.id})"
        self._taken.add(name)
        place = f"{self._settings.file}, reaction {reaction.id}"
        source = f"{self._settings.source} ({place})" if self._settings.source else place
        return DraftProcess(name, equation, rate, keys, source)

    def _redox(self, reaction, electrons, weight) -> tuple[dict[str, str], str]:
        """Law of electron transfer, and what there is to note; dG of the file leaves out the electron."""
        part, parameters = reaction.lattice, self._parameters
        prefactor = part.prefactor * weight
        if prefactor <= 0.0:
            raise _ReactionError("its prefactor is 0")
        # dG = -e E0 - g(0 V) for a reduction, and the opposite for an oxidation.
        standard = -electrons * reaction.free_energy + ELECTRON_AT_ZERO
        if not parameters.is_marcus:
            alpha = part.transfer_coefficient
            law = {
                "law": "butler-volmer",
                "prefactor": f"{number(prefactor)} 1/s",
                "standard-potential": f"{number(standard)} V",
                "transfer-coefficient": number(alpha if electrons > 0 else 1.0 - alpha),
            }
            return law, ""
        reorganization = part.reorganization_energy
        if reorganization <= 0.0:
            raise _ReactionError("electron transfer after Marcus, but its reorganization energy is 0")
        law = {
            "law": "marcus",
            "standard-potential": f"{number(standard)} V",
            "inner-reorganization-energy": f"{number(reorganization)} eV",
            "outer-reorganization-energy": "0 eV",
            "transmission": number(prefactor / float(attempt_frequency(parameters.temperature)), 12),
        }
        return law, f"prefactor {number(part.prefactor)} 1/s"

    def _check_balance(self, reaction: NetworkReaction) -> None:
        part = reaction.lattice
        totals: list[dict[str, int]] = []
        for indices in (reaction.reactants, reaction.products):
            total: dict[str, int] = {}
            for index in indices:
                if index:
                    species = self._known[index]
                    for element, amount in (*species.atoms.items(), ("charge", species.charge)):
                        total[element] = total.get(element, 0) + amount
            totals.append(total)
        before, after = totals
        electrons = {"R": 1, "O": -1}.get(part.kind, 0)
        before["charge"] = before.get("charge", 0) - electrons
        wrong = [
            f"{each} {before.get(each, 0)} -> {after.get(each, 0)}"
            for each in sorted({*before, *after})
            if before.get(each, 0) != after.get(each, 0)
        ]
        if wrong:
            raise _ReactionError(f"not balanced: {', '.join(wrong)}")

    def fill(self, draft: Draft) -> None:
        """Everything of the deck besides its processes."""
        parameters, state = self._parameters, self._state
        layers = parameters.size[2] if not parameters.grows else max(parameters.size[2], _GROWING_LAYERS)
        draft.sections["lattice"] = (
            f"\n  type: simple cubic\n  spacing: {number(parameters.spacing)} angstrom\n"
            f"  size: [{parameters.size[0]}, {parameters.size[1]}, {layers + 1}]\n  fill: {_VACANT}\n"
            f"  layers:\n  - {{species: {_ELECTRODE}, from: 0, to: 0}}"
        )
        potential = ELECTRON_AT_ZERO - parameters.electron
        kelvin = number(parameters.temperature)
        draft.sections["protocol"] = f"{{temperature: {kelvin} K, potential: {potential:.6g} V}}"
        draft.sections["compartment"] = f"{{volume: {_VOLUME:.12g} m^3, rate-constants: per pair}}"
        if self._decay:
            decay = max(self._decay)
            draft.sections["tunnelling"] = f"{{decay: {{default: {number(10 * decay)} 1/nm, {_ELECTRODE}: 0 1/nm}}}}"
        occupied = sorted(self._sites - {0})
        if parameters.grows:
            members = ", ".join([_ELECTRODE, *(self._on_lattice[each] for each in occupied)])
            draft.sections["groups"] = f"{{{_FILM}: [{members}]}}"
        draft.species = [DraftSpecies(_ELECTRODE, keys={"phase": "electrode"}),
                         DraftSpecies(_VACANT, keys={"phase": "liquid"}, comment="0, the empty site")]
        for index in occupied:
            species = self._known[index]
            name = self._on_lattice[index]
            draft.species.append(
                DraftSpecies(name, species.formula, species.charge, {"phase": "dissolved"}, f"{index} {species.name}")
            )
        for index in range(1, self._network.n_species):
            species = self._known[index]
            keys = {"count": str(state.counts.get(index, 0) if state else 0)}
            draft.solution.append(DraftSpecies(self._names[index], species.formula, species.charge, keys, str(index)))
        self._tell(draft)

    def _tell(self, draft: Draft) -> None:
        parameters = self._parameters
        kelvin = number(parameters.temperature)
        draft.assumptions += [
            "the solution of LGMC has no volume; in the one of the compartment an activity is a number of molecules, "
            "so that rate constants are per pair, of two molecules or of a molecule and a site",
            "two products of a pair of sites stand either way round, each with half the rate constant",
            f"the electron has {ELECTRON_AT_ZERO:g} eV at 0 V vs Li/Li+, so that its {parameters.electron:g} eV are "
            f"{ELECTRON_AT_ZERO - parameters.electron:.6g} V; dG of electron transfer leaves it out",
            "species on the lattice are `dissolved`: give those that are a film the phase solid and a molar volume",
            "rate constants are numbers, which do not change with the temperature, those of electron transfer excepted",
            "electron transfer in solution happens in contact with the electrode",
        ]
        if parameters.is_marcus:
            draft.assumptions.append(
                "LGMC multiplies Marcus' exponential by a prefactor of its own, which stands as the transmission, the "
                f"prefactor over kB T/h at {kelvin} K; its reorganization energy is that of molecule and solvent "
                "together"
            )
        if parameters.grows:
            draft.assumptions.append(
                "LGMC puts a new site on top of each that is taken; here a molecule adsorbs on an empty site, once for "
                f"each neighbour that is the electrode or taken, in a box of {_GROWING_LAYERS} layers at least"
            )
        else:
            draft.assumptions.append("as in LGMC, molecules adsorb in the highest layer of sites only")
        if len(self._decay) > 1:
            shown = ", ".join(number(each) for each in sorted(self._decay))
            draft.assumptions.append(f"one decay of the electron for all, the largest of {shown} 1/angstrom")
