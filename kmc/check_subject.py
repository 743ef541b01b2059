# SPDX-License-Identifier: BSD-3-Clause
"""What the page of `kmc check` is about, and the numbers that tie its tables together. Floor 6."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from kmc.conditions import Condition
from kmc.findings import Finding
from kmc.model import Model
from kmc.process import Process
from kmc.rate_findings import Table
from kmc.thermodynamics import FreeEnergies
from kmc.trial import Trial
from kmc.values import Value


@dataclass(frozen=True)
class Subject:
    """Everything that the page is about.

    Parameters
    ----------
    model : Model
    conditions : tuple of Condition
        The first one is the start.
    rates : sequence of sequence of RateRow
        Under each of the conditions.
    energies : FreeEnergies
    values : sequence of Value
    trial : Trial
    findings : sequence of Finding
    n_ranks : int, optional
        Ranks that shall share the film.
    """

    model: Model
    conditions: Sequence[Condition]
    rates: Table
    energies: FreeEnergies
    values: Sequence[Value]
    trial: Trial
    findings: Sequence[Finding]
    n_ranks: int | None = None

    @cached_property
    def number(self) -> dict[int, str]:
        """Number of each process on the page, by its index: that of its entry in the deck, `r` for a reverse."""
        entries = {each.name: i for i, each in enumerate(self.model.deck.processes, start=1)}
        processes = self.model.mechanism.processes
        return {
            each.index: f"{entries[each.name]}"
            if each.reverse_of is None
            else f"{entries[processes[each.reverse_of].name]}r"
            for each in processes
        }

    @cached_property
    def forward(self) -> list[Process]:
        """Processes as in the deck, in its order, without generated reverses."""
        found = [each for each in self.model.mechanism.processes if each.reverse_of is None]
        return sorted(found, key=lambda each: int(self.number[each.index]))

    @cached_property
    def reverse(self) -> dict[int, int]:
        """Index of the generated reverse by that of its forward process."""
        processes = self.model.mechanism.processes
        return {each.reverse_of: each.index for each in processes if each.reverse_of is not None}

    @cached_property
    def sources(self) -> dict[str, int]:
        """Number of each source, in the order in which they are met."""
        found = [value.source for value in self.values if value.source]
        return {source: number for number, source in enumerate(dict.fromkeys(found), start=1)}
