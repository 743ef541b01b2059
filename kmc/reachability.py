# SPDX-License-Identifier: BSD-3-Clause
"""What can come about from the initial state: species that never exist, processes that never happen. Floor 4.

Numbers of sites and molecules, places and times do not count: whatever is present can meet whatever else is. What is
called unreachable is so for certain; what is called reachable may still never happen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kmc.mechanism import Mechanism
    from kmc.process import Process


@dataclass(frozen=True)
class Reach:
    """What can come about.

    Parameters
    ----------
    species : frozenset of int
        Lattice species.
    solution : frozenset of int
        Species of the solution.
    processes : frozenset of int
        Processes.
    """

    species: frozenset[int]
    solution: frozenset[int]
    processes: frozenset[int]


def reach(mechanism: Mechanism, species: Iterable[int], solution: Iterable[int], possible: Sequence[bool]) -> Reach:
    """Everything that can come about.

    Parameters
    ----------
    mechanism : Mechanism
    species, solution : iterable of int
        Present at the start: lattice species, and solution species with molecules or an activity.
    possible : sequence of bool
        Of each process: whether it has a rate constant above zero at some time.

    Returns
    -------
    Reach
    """
    present, dissolved = set(species), set(solution)
    waiting = [process for process in mechanism.processes if possible[process.index]]
    found: set[int] = set()
    grown = True
    while grown:
        grown, still = False, []
        for process in waiting:
            if not _can_start(process, present, dissolved):
                still.append(process)
                continue
            found.add(process.index)
            present.update(after for after in process.products if after is not None)
            dissolved.update(index for index, gain in process.solution_change.items() if gain > 0)
            grown = True
        waiting = still
    return Reach(frozenset(present), frozenset(dissolved), frozenset(found))


def missing(process: Process, reached: Reach) -> tuple[list[frozenset[int]], list[int]]:
    """What a process waits for in vain.

    Parameters
    ----------
    process : Process
    reached : Reach

    Returns
    -------
    terms : list of frozenset of int
        Lattice species of the terms of which none ever exists.
    solution : list of int
        Species of the solution that never exist.
    """
    terms = [each for each in process.reactants if not each & reached.species]
    return terms, [index for index in needed(process) if index not in reached.solution]


def needed(process: Process) -> list[int]:
    """Species of the solution that a process asks for, held or finite."""
    return sorted({*process.activity_orders, *process.molecule_orders})


def consumed(mechanism: Mechanism) -> tuple[set[int], set[int]]:
    """Species that some process changes into others: of the lattice, and of the solution."""
    sites: set[int] = set()
    molecules: set[int] = set()
    for process in mechanism.processes:
        for before, after in zip(process.reactants, process.products, strict=True):
            if after is not None and before != {after}:
                sites |= before
        molecules.update(index for index, gain in process.solution_change.items() if gain < 0)
    return sites, molecules


def named(mechanism: Mechanism) -> tuple[set[int], set[int]]:
    """Species that occur in some process at all, as conditions too: of the lattice, and of the solution."""
    sites: set[int] = set()
    molecules: set[int] = set()
    for process in mechanism.processes:
        sites.update(*process.reactants, (after for after in process.products if after is not None))
        molecules.update(process.solution_change, needed(process))
    return sites, molecules


def _can_start(process: Process, present: Collection[int], dissolved: Collection[int]) -> bool:
    return all(not term.isdisjoint(present) for term in process.reactants) and all(
        index in dissolved for index in needed(process)
    )
