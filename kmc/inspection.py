# SPDX-License-Identifier: BSD-3-Clause
"""What a deck will do, before it does it: `kmc check`. Floor 8.

A deck that cannot be run is refused by the modules that compile it; this one explains a deck that can, and finds what
is wrong with it that no rule of the deck forbids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kmc.check_page import page
from kmc.check_subject import Subject
from kmc.conditions import conditions_of
from kmc.deck import Deck, load_deck
from kmc.findings import Finding, Places, graded
from kmc.model import Model
from kmc.parameter_findings import parameter_findings
from kmc.rate_findings import rate_findings
from kmc.rate_table import rate_rows
from kmc.state_findings import (
    electrode_findings,
    slow_findings,
    species_findings,
    trial_findings,
    value_findings,
    volume_findings,
)
from kmc.sweep_plan import plan_of
from kmc.thermodynamics import FreeEnergies
from kmc.trial import try_out
from kmc.values import values_of


@dataclass(frozen=True)
class Inspection:
    """What `check` found.

    Parameters
    ----------
    page : str
        The page, plain text.
    findings : tuple of Finding
        With `level`, `kind`, `subject`, `message` and `where`; the gravest first.
    """

    page: str
    findings: tuple[Finding, ...]

    @property
    def is_refused(self) -> bool:
        """Whether a finding says that the results would mean nothing."""
        return any(finding.level == "refuse" for finding in self.findings)

    def __str__(self) -> str:
        return self.page


def check(
    deck: str | Path | Deck, overrides: Mapping[str, str] | None = None, n_ranks: int | None = None
) -> Inspection:
    """Explain a deck, and say what is wrong with it or odd.

    Parameters
    ----------
    deck : str, Path or Deck
    overrides : mapping of str to str, optional
        As for `kmc.run`; not with a Deck.
    n_ranks : int, optional
        Ranks for which a layout is proposed, with time and memory.

    Returns
    -------
    Inspection
        The page, and the findings on it. The engine has been tried for `kmc.trial.TRIAL` seconds of CPU time.

    Raises
    ------
    DeckError
        If the deck cannot be run, with everything that is wrong.
    """
    if not isinstance(deck, Deck):
        deck = load_deck(Path(deck), overrides or {})
    model = Model.of(deck)
    if deck.sweep is not None:
        plan_of(deck)  # refuses values that the films cannot have
    mechanism, places = model.mechanism, Places(deck, model.mechanism)
    values, energies = values_of(deck, mechanism), FreeEnergies(mechanism)
    conditions = conditions_of(model.protocol, deck.run.duration)
    rows = [rate_rows(mechanism, each.temperature, each.potential, model.lattice.spacing) for each in conditions]
    trial = try_out(model)
    found = [*rate_findings(mechanism, energies, places, conditions, rows)]
    found += parameter_findings(model, places)
    found += species_findings(model, places, rows)
    found += slow_findings(model, places, rows)
    found += volume_findings(model, places)
    found += electrode_findings(model, places, conditions)
    found += trial_findings(model, places, trial)
    found += value_findings(model, values)
    graded_findings = tuple(graded(found))
    subject = Subject(model, conditions, rows, energies, values, trial, graded_findings, n_ranks)
    return Inspection(page(subject), graded_findings)
