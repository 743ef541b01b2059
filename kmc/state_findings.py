# SPDX-License-Identifier: BSD-3-Clause
"""Findings about species, volumes, sources, and about what happened in the trial. Floor 6."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kmc.conditions import Condition
from kmc.constants import AVOGADRO
from kmc.findings import Finding, Places
from kmc.model import Model
from kmc.rate_findings import Table
from kmc.rates import RATE_LAWS
from kmc.reachability import Reach, consumed, missing, named, reach
from kmc.trial import Trial
from kmc.values import Value

FILLS = ((0.5, 2.0), (0.8, 1.25))
"""((float, float), (float, float)): share of its site that a solid may fill without a warning; without a note."""

RARE = 0.01
"""float: events expected at most, if everything stood ready all the time, of a process that is called too slow."""

FLICKER = (0.5, 0.9)
"""(float, float): share of the trial's events in one pair, back and forth, that is noted; that is warned of."""

LONG = 7 * 86400.0
"""float, [s]: estimated time of a run that is warned of."""

_GEOMETRY = ("spacing", "distance", "height", "volume")
"""Values that are a choice of the model."""

_ENDS = ("solid", "gas")
"""Phases whose species are expected to stay once they are there."""


def species_findings(model: Model, places: Places, table: Table) -> Iterator[Finding]:
    """Species that never exist or have no use, and processes that never happen.

    Parameters
    ----------
    model : Model
    places : Places
    table : sequence of sequence of RateRow

    Yields
    ------
    Finding
    """
    mechanism = model.mechanism
    possible = np.array([[row.rate_constant * row.activity > 0.0 for row in rows] for rows in table]).any(axis=0)
    start = initially(model)
    reached = reach(mechanism, *start, possible)
    for process in mechanism.processes:
        if not possible[process.index]:
            yield places.of(process, "warn", "never", "the rate constant is zero all the time")
        elif process.index not in reached.processes:
            never = f"there is never {_missing(model, process, reached)}"
            yield places.of(process, "warn", "unreachable", "cannot happen", never)
    used, ends = named(mechanism), consumed(mechanism)
    for kind, species, present, there, mentioned, lost in zip(
        ("species", "solution"),
        (mechanism.species, mechanism.solution),
        start,
        (reached.species, reached.solution),
        used,
        ends,
        strict=True,
    ):
        for each in species:
            name, path = f"'{each.name}'", (kind, each.name)
            if each.index not in mentioned and each.index not in present:
                yield places.at(path, "warn", "unused species", "in no process and not there at the start", name)
            elif each.index not in there:
                yield places.at(path, "warn", "dead species", "never produced and not there at the start", name)
            elif each.index not in lost and each.index not in present and each.phase not in _ENDS:
                yield places.at(path, "note", "end product", "produced but never consumed", name)


def initially(model: Model) -> tuple[set[int], set[int]]:
    """Species that are there at the start: of the lattice, and of the solution."""
    on_sites = {int(index) for index in np.unique(model.initial())} if model.has_lattice else set()
    in_solution = {
        each.index
        for each in model.mechanism.solution
        if (each.count or 0) > 0 or (each.activity is not None and each.activity.value > 0.0)
    }
    return on_sites, in_solution


def _missing(model: Model, process, reached: Reach) -> str:
    """What a process waits for in vain, in words."""
    terms, solution = missing(process, reached)
    words = [" or ".join(f"'{model.mechanism.species[index].name}'" for index in sorted(term)[:4]) for term in terms]
    words += [f"'{model.mechanism.solution[index].name}'" for index in solution]
    return " and ".join(dict.fromkeys(words))


def slow_findings(model: Model, places: Places, table: Table) -> Iterator[Finding]:
    """Processes that will not happen within the run, even if everything stood ready for them all the time."""
    mechanism = model.mechanism
    molecules = max(sum(each.count or 0 for each in mechanism.solution), 1)
    for process in mechanism.processes:
        fastest = max(rows[process.index].rate_constant * rows[process.index].activity for rows in table)
        places_ = 1 if process.is_solution else model.lattice.n_sites
        combinations = float(molecules) ** sum(process.molecule_orders.values()) * mechanism.molecular[process.index]
        expected = fastest * places_ * combinations * model.deck.run.duration
        if process.reverse_of is None and 0.0 < expected < RARE:
            message = "too slow to happen in this run, whatever else does"
            yield places.of(process, "note", "slow", message, f"{fastest:.2g} 1/s")


def volume_findings(model: Model, places: Places) -> Iterator[Finding]:
    """Solids whose molecules need more or less room than their site has, so that thickness per charge is off."""
    for species in model.mechanism.species:
        share = fill(model, species)
        if share is None:
            continue
        (low, high), (low_note, high_note) = FILLS
        if low_note <= share <= high_note:
            continue
        level = "note" if low <= share <= high else "warn"
        side = "thin" if share > 1.0 else "thick"
        best = round(species.units_per_site / share)
        more = (
            f"; {best} units would fill {best * share / species.units_per_site:.2f}"
            if best not in (0, species.units_per_site)
            else ""
        )
        detail = f"fill {share:.2f}: {max(share, 1 / share):.2f} times too {side}{more}"
        message = (
            "by molar volume, its formula units are not the volume of its site, so that thickness per charge is off"
        )
        yield places.at(("species", species.name), level, "volume", message, f"'{species.name}'", detail)


def fill(model: Model, species) -> float | None:
    """Volume of the formula units on a site by molar volume, over that of the site; None where there is none."""
    if species.phase != "solid" or not species.molar_volume:
        return None
    return species.units_per_site * species.molar_volume / (AVOGADRO * model.lattice.site_volume)


def electrode_findings(model: Model, places: Places, conditions: Sequence[Condition]) -> Iterator[Finding]:
    """Electrons without an electrode to come from, and potentials at which lithium would plate."""
    mechanism = model.mechanism
    there = {mechanism.species[index].phase for index in initially(model)[0]}
    for process in mechanism.processes:
        if process.tunnelling and not process.is_solution and "electrode" not in there and process.reverse_of is None:
            message = "electrons tunnel from the electrode, but no site is one at the start"
            yield places.of(process, "warn", "no electrode", message)
    for process in mechanism.processes:
        if process.electrons and not RATE_LAWS[process.law].uses_potential and process.reverse_of is None:
            message = f"transfers an electron at a rate that knows no potential ({process.law})"
            yield places.of(process, "note", "potential", message)
    lowest = min(condition.potential for condition in conditions)
    has_lithium = any("Li" in each.formula for each in (*mechanism.species, *mechanism.solution))
    if lowest < 0.0 and has_lithium and mechanism.electrons.any():
        message = f"the potential falls to {lowest:g} V vs Li/Li+, where metallic lithium plates on the electrode"
        yield places.at(("protocol", "potential"), "note", "plating", message, "")


def value_findings(model: Model, values: Sequence[Value]) -> Iterator[Finding]:
    """Values without a source, and values asked for at temperatures for which they are not given."""
    deck = model.deck
    yield from _unsourced(values)
    for note in model.mechanism.notes:
        # Said above, or by the findings about barriers and electrons, for each value with its place.
        if "no source" not in note and "its barrier, " not in note and "knows no potential" not in note:
            subject, colon, message = note.partition(": ")
            if colon and subject.endswith("'"):
                yield Finding("note", "deck", message, subject.removeprefix("process "))
            else:
                yield Finding("note", "deck", note)
    if deck.lattice is None:
        return
    for name, axis in (("x", 2), ("y", 1)):
        if model.lattice.shape[axis] > 1 and not model.lattice.periodic[axis]:
            message = f"walls in {name}: the film feels the edges of the box"
            yield Finding("note", "walls", message, where=deck.locate(("lattice", "boundaries")))


def _unsourced(values: Sequence[Value]) -> Iterator[Finding]:
    """Values without a source; one that several processes share is said once."""
    groups: dict[tuple, list[Value]] = {}
    for value in values:
        is_given = value.quantity.where is not None  # a default of the program has none
        if is_given and not value.has_source and value.name not in _GEOMETRY:
            groups.setdefault((value.name, value.text, value.source), []).append(value)
    for (name, text, source), group in groups.items():
        owners = list(dict.fromkeys(f"'{each.owner}'" for each in group))
        more = f" and {len(owners) - 1} more" if len(owners) > 1 else ""
        message = "no source" if not source else "no source, as it says itself"
        yield Finding("note", "source", message, f"{name} {text} of {owners[0]}{more}", group[0].quantity.where)


def trial_findings(model: Model, places: Places, trial: Trial) -> Iterator[Finding]:
    """Nothing that happens, pairs that eat the events, runs that take days."""
    if trial.n_events == 0:
        when = "in the whole run" if trial.is_whole else "in the trial"
        yield Finding("warn" if trial.is_whole else "note", "idle", f"nothing happens {when}")
        return
    for pair, share in flicker(model, trial):
        if share > FLICKER[0]:
            message = "back and forth takes most events of the trial"
            yield places.of(
                model.mechanism.processes[pair], "warn" if share > FLICKER[1] else "note", "flicker", message
            )
    expected = trial.events_expected()
    if expected is not None and trial.wall_time(expected[0]) > LONG:
        days = trial.wall_time(expected[0]) / 86400.0
        yield Finding("warn", "cost", f"the run would take {days:.0f} days at the least, by the trend of the trial")


def flicker(model: Model, trial: Trial) -> list[tuple[int, float]]:
    """Reversible pairs and the share of the trial's events that they undid, the largest first.

    Parameters
    ----------
    model : Model
    trial : Trial

    Returns
    -------
    list of (int, float)
        Index of the forward process, and twice the smaller of the two counts over all events.
    """
    pairs = []
    for process in model.mechanism.processes:
        if process.reverse_of is not None and trial.n_events:
            undone = 2 * min(trial.event_count[process.index], trial.event_count[process.reverse_of])
            if undone:
                pairs.append((process.reverse_of, float(undone / trial.n_events)))
    return sorted(pairs, key=lambda pair: -pair[1])
