# SPDX-License-Identifier: BSD-3-Clause
"""Page of `kmc check`, first part: what a deck is made of. Floor 7."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kmc import __version__
from kmc.check_subject import Subject
from kmc.constants import AVOGADRO, ELEMENTARY_CHARGE
from kmc.findings import LEVELS
from kmc.model import Model
from kmc.state_findings import fill
from kmc.text_page import cut, duration, entry, heading, listed, table

_NAME = 40  # characters of the name of a process


def head(subject: Subject) -> str:
    """Title, lattice, protocol and the number of findings."""
    model, deck = subject.model, subject.model.deck
    title = deck.title or Path(deck.path).name
    lines = [title, "=" * len(title)]
    lines.append(entry("deck", f"{deck.path} (sei-kmc {__version__})"))
    lines += [entry("extends", base.name) for base in deck.bases]
    lines += [entry("set", f"{path} = {value}") for path, value in deck.overrides.items()]
    if deck.description:
        lines.append(entry("description", " ".join(deck.description.split())))
    lines += _geometry(model)
    lines.append(entry("duration", f"{deck.run.duration:g} s; seed {deck.run.seed}{_limits(deck.run)}"))
    lines += [entry(*each) for each in _conditions(model)]
    if deck.tunnelling is not None:
        reach = -math.log(deck.tunnelling.cutoff)
        text = f"transmission exp(-path x decay), none below {deck.tunnelling.cutoff:g} (exponent {reach:.1f})"
        lines.append(entry("tunnelling", text))
    lines.append(entry("mechanism", _counts(subject)))
    counts = {level: sum(each.level == level for each in subject.findings) for level in LEVELS}
    lines.append(entry("findings", ", ".join(f"{n} {level}" for level, n in counts.items()) + "; at the end"))
    return "\n".join(lines)


def _limits(run) -> str:
    events = f"; at most {run.max_events} events" if run.max_events is not None else ""
    return events + (f"; at most {duration(run.max_wall_time)} of real time" if run.max_wall_time is not None else "")


def _geometry(model: Model) -> list[str]:
    if not model.has_lattice:
        return [entry("lattice", "none: all is solution"), *_compartment(model)]
    lattice = model.lattice
    size = " x ".join(str(n) for n in reversed(lattice.shape))
    extent = " x ".join(f"{length * 1e9:.4g}" for length in lattice.extent)
    axes = [name for name, wraps in zip("zyx", lattice.periodic, strict=True) if wraps]
    around = f"periodic in {' and '.join(sorted(axes))}" if axes else "walls all around"
    face = f" ({lattice.surface})" if lattice.surface else ""
    site = f"{lattice.spacing * 1e9:.4g} nm between nearest sites of {lattice.site_volume * 1e27:.4g} nm3"
    kind = f"{lattice.kind}{face}, {site}"
    counts = np.bincount(model.initial().ravel(), minlength=len(model.mechanism.species))
    there = [f"{n} {species.name}" for n, species in zip(counts, model.mechanism.species, strict=True) if n]
    return [
        entry("lattice", kind),
        entry("box", f"{size} sites (x, y, z), {extent} nm, {around}; electrode area {lattice.area * 1e18:.4g} nm2"),
        entry("at the start", listed(there, 20)),
        *_compartment(model),
    ]


def _compartment(model: Model) -> list[str]:
    compartment = model.mechanism.compartment
    if model.deck.compartment is None:
        return []
    volume = (
        ""
        if compartment.volume is None
        else f"{compartment.volume.value * 1e27:.4g} nm3, 1 mol/L is {compartment.molecules:.4g} molecules; "
    )
    meaning = "per activity" if compartment.per_activity else "per pair"
    text = f"{volume}{compartment.distance.value * 1e9:g} nm from the electrode; rate constants {meaning}"
    return [entry("compartment", text)]


def _conditions(model: Model) -> Iterator[tuple[str, str]]:
    protocol, end = model.protocol, model.deck.run.duration
    for name, series, unit, step in (
        ("potential", protocol.potential, "V vs Li/Li+", protocol.steps[0]),
        ("temperature", protocol.temperature, "K", protocol.steps[1]),
    ):
        edges, levels = series.staircase(step)
        levels = levels[edges < end]
        if len(levels) == 1:
            yield name, f"{levels[0]:g} {unit}, constant"
        else:
            first, last = series.value(0.0), series.value(end)
            low, high = min(levels.min(), first, last), max(levels.max(), first, last)
            text = f"{first:g} {unit} at the start, {last:g} at the end, between {low:g} and {high:g}"
            yield name, f"{text}; in {len(levels)} steps of at most {step:g}"


def _counts(subject: Subject) -> str:
    mechanism = subject.model.mechanism
    reverse = len(mechanism.processes) - len(subject.forward)
    parts = [f"{len(mechanism.species)} species on the lattice"] if mechanism.species else []
    parts += [f"{len(mechanism.solution)} in the solution"] if mechanism.solution else []
    parts.append(f"{len(subject.forward)} processes, {reverse} of them reversible")
    return ", ".join(parts)


def _charge(charge: int) -> str:
    return f"{charge:+d}" if charge else "0"


def species(subject: Subject) -> str:
    """Species of the lattice; what solids are made of stands in the next table."""
    model = subject.model
    if not model.mechanism.species:
        return ""
    rows = [("species", "phase", "formula", "charge", "guest")]
    for each in model.mechanism.species:
        guest = ", ".join(f"{n} {element}" for element, n in model.deck.species[each.name].guest.items())
        charge = _charge(each.charge) if each.formula else ""
        rows.append((each.name, each.phase, each.formula_unit, charge, guest))
    return f"{heading('SPECIES ON THE LATTICE')}\n{table(rows, right=(3,))}"


def solids(subject: Subject) -> str:
    """Solids: how well the lattice holds their volume, and the charge in a dense film."""
    model = subject.model
    numbers = subject.sources
    rows = [("solid", "units/site", "V_m [cm3/mol]", "fill", "Li/unit", "C/m2 in 1 nm", "on the lattice", "source")]
    for each in model.mechanism.species:
        share = fill(model, each)
        if share is None:
            continue
        lithium = each.formula.get("Li", 0) / each.units_per_site
        dense = lithium * AVOGADRO * ELEMENTARY_CHARGE * 1e-9 / each.molar_volume
        source = f"[{numbers[each.molar_volume_source]}]" if each.molar_volume_source else "none"
        spread = f" +- {each.volume.uncertainty * 1e6:.2g}" if each.volume.uncertainty else ""
        volume = f"{each.molar_volume * 1e6:.2f}{spread}"
        cells = (f"{share:.2f}", f"{lithium:.4g}", f"{dense:.2f}", f"{dense * share:.2f}")
        rows.append((each.name, str(each.units_per_site), volume, *cells, source))
    if len(rows) == 1:
        return ""
    site = model.lattice.site_volume
    remark = (
        f"Site volume {site * 1e27:.4g} nm3 = {site * AVOGADRO * 1e6:.1f} cm3/mol. fill: volume of the units of a site "
        "by molar volume, over that of the site. C/m2 in 1 nm: charge in a dense film, one electron for each Li, by "
        "molar volume and on the lattice; where they differ, thickness per charge is off by the fill."
    )
    return f"{heading('SOLIDS', remark)}\n{table(rows, right=(1, 2, 3, 4, 5, 6))}"


def solution(subject: Subject) -> str:
    """Species of the solution, and how much of them there is."""
    model = subject.model
    if not model.mechanism.solution:
        return ""
    rows = [("species", "phase", "formula", "charge", "amount", "source")]
    for each in model.mechanism.solution:
        given = each.activity or each.concentration
        source = "" if given is None else f"[{subject.sources[given.source]}]" if given.source else "none"
        if each.activity is not None:
            spread = f" +- {each.activity.uncertainty:g}" if each.activity.uncertainty else ""
            amount = f"held at activity {each.activity.value:g}{spread}"
        else:
            amount = "produced and counted" if each.count is None else f"{each.count} molecules at the start"
        formula = model.deck.solution[each.name].formula or ""
        rows.append((each.name, each.phase, formula, _charge(each.charge), amount, source))
    return f"{heading('SOLUTION')}\n{table(rows, right=(3,))}"


def equations(subject: Subject) -> str:
    """Names and equations of the processes."""
    rows = [("#", "process", "equation")]
    for process in subject.forward:
        entry_ = subject.model.deck.processes[int(subject.number[process.index]) - 1]
        rows.append((subject.number[process.index], cut(process.name, _NAME), entry_.equation))
    return f"{heading('PROCESSES')}\n{table(rows, right=(0,))}"
