# SPDX-License-Identifier: BSD-3-Clause
"""What a process asks of the solution, and whether the deck has it. Floor 3.

In: a process as the deck writes it, and its step. Out: faults, each with the key that it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kmc.compartment import Compartment
from kmc.process import Step
from kmc.rates import RATE_LAWS
from kmc.species import SolutionSpecies

if TYPE_CHECKING:
    from kmc.deck import ProcessDeck

MAX_ORDER = 3
"""Largest number of molecules that react in one step."""

_OF_SITES = ("geometry", "neighbours", "layer", "transfer")
"""Keys of a process that speak of sites."""


_SITE_ARGUMENTS = {"spacing", "site_area"}
"""Arguments of rate laws that speak of sites."""


class SolutionFault(NamedTuple):
    """Something wrong with what a process asks of the solution."""

    message: str
    key: str  # of the process
    hint: str | None = None


def solution_faults(
    entry: ProcessDeck, step: Step, reversible: bool, solution: Sequence[SolutionSpecies], compartment: Compartment
) -> list[SolutionFault]:
    """Everything wrong with what a process asks of the solution.

    Parameters
    ----------
    entry : ProcessDeck
    step : Step
        Its forward direction.
    reversible : bool
        Whether its reverse is generated.
    solution : sequence of SolutionSpecies
    compartment : Compartment

    Returns
    -------
    list of SolutionFault
    """
    directions = [("", step.consumed)] + ([("on its way back ", step.produced)] if reversible else [])
    found = []
    for way, consumed in directions:
        found += _amount_faults(way, consumed, solution, reversible)
        found += _order_faults(way, consumed, solution, step.is_solution)
        finite = [solution[index].name for index in consumed if solution[index].is_finite]
        if finite and not step.is_solution and compartment.volume is None:
            message = f"{way}consumes '{finite[0]}' at its activity, n/(N_A V c0), and there is no volume V"
            found.append(SolutionFault(message, "equation", "compartment: {volume: ...} or {height: ...}"))
            break
    found += _law_faults(entry, step, compartment)
    return [*found, *_place_faults(entry)] if step.is_solution else found


def _amount_faults(
    way: str, consumed: Mapping[int, int], solution: Sequence[SolutionSpecies], reversible: bool
) -> Iterator[SolutionFault]:
    """What is consumed is held at an activity or there in some number."""
    for index in consumed:
        species = solution[index]
        if species.activity is None and not species.is_finite:
            message = f"{way}consumes '{species.name}', which has no activity and no count"
            hint = "'activity' holds it, 'count: 0' lets it come and go; with neither it can be produced only"
            yield SolutionFault(message, "equation", hint + (" (=>)" if reversible else ""))


def _order_faults(
    way: str, consumed: Mapping[int, int], solution: Sequence[SolutionSpecies], is_solution: bool
) -> Iterator[SolutionFault]:
    """Elementary steps join three molecules at most; a site of the lattice may stand for more at held activities."""
    order = sum(number for index, number in consumed.items() if is_solution or solution[index].is_finite)
    if order > MAX_ORDER:
        message = f"{way}consumes {order} molecules; an elementary step joins {MAX_ORDER} at most"
        yield SolutionFault(message, "equation", "write one process for each encounter")


def _law_faults(entry: ProcessDeck, step: Step, compartment: Compartment) -> Iterator[SolutionFault]:
    """The rate law is one that has a meaning where the process happens."""
    law = RATE_LAWS[entry.law]
    if law.is_volumetric:
        if not step.is_solution or sum(step.consumed.values()) != 2:
            message = f"rate law '{law.name}' is for two molecules of the solution that meet"
            yield SolutionFault(message, "rate", "the equation has two of them on the left, and no lattice species")
        elif compartment.volume is None:
            message = f"rate law '{law.name}' is in m^3/s for a pair, which needs the volume of the compartment"
            yield SolutionFault(message, "rate", "compartment: {volume: ...}")
    elif step.is_solution and _SITE_ARGUMENTS & set(law.arguments):
        message = f"rate law '{law.name}' is for sites of the lattice, and the equation has none"
        yield SolutionFault(message, "rate")


def _place_faults(entry: ProcessDeck) -> Iterator[SolutionFault]:
    """A solution process has no place on the lattice."""
    for key in _OF_SITES:
        if getattr(entry, key, None):
            message = f"'{key}' is for lattice terms, and the equation has none"
            yield SolutionFault(message, key)
