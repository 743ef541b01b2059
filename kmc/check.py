# SPDX-License-Identifier: BSD-3-Clause
"""What a deck will do, before it does it: `kmc check`.

Floor 7. A deck that cannot be run is refused by the modules that compile it; this one explains a deck that can.
"""

from __future__ import annotations

import time as wall
from pathlib import Path

import numpy as np

from kmc.deck import load_deck
from kmc.model import Model
from kmc.schedule import clock, seconds
from kmc.tables import DECAY_QUANTUM

TRIAL = 0.5
"""float, [s]: CPU time at most that the engine is tried for."""
_CHUNK = 1000  # events between two looks at the clock, a few ms


def check(deck, overrides=None) -> str:
    """Explain a deck.

    Parameters
    ----------
    deck : str or Path
    overrides : dict of str to str, optional
        As for `kmc.run`.

    Returns
    -------
    report : str
        Species, processes with their rate constants at the start of the protocol, stiffness, memory, notes.

    Raises
    ------
    DeckError
        If the deck is refused, with everything that is wrong.
    """
    model = Model.of(load_deck(Path(deck), overrides or {}))
    engine = model.engine()
    parts = [_head(model), _species(model), _processes(model), _stiffness(model), _cost(model, engine), _notes(model)]
    return "\n\n".join(part for part in parts if part)


def _head(model):
    deck, lattice = model.deck, model.lattice
    extent = " x ".join(f"{n * lattice.spacing * 1e9:g}" for n in reversed(lattice.shape))
    potential, temperature = model.protocol.at(0.0)
    lines = [
        deck.title or Path(deck.path).name,
        *(f"extends      {base.name}" for base in deck.bases),
        f"lattice      {lattice.kind}, {' x '.join(str(n) for n in reversed(lattice.shape))} sites (x, y, z), "
        f"{extent} nm",
        f"duration     {deck.run.duration:g} s, seed {deck.run.seed}",
        f"conditions   {potential:g} V vs Li/Li+, {temperature:g} K at the start; "
        f"{_changes(model.protocol, deck.run.duration)}",
    ]
    if deck.tunnelling is not None:
        reach = model.tables.cutoff * DECAY_QUANTUM
        lines.append(f"tunnelling   transmission down to {deck.tunnelling.cutoff:g} (exponent {reach:.1f})")
    return "\n".join(lines)


def _changes(protocol, duration):
    """How often the protocol re-rates the environments."""
    n, time = 0, 0.0
    while (time := protocol.breakpoints(time, duration)) is not None:
        n += 1
    return f"{n} changes" if n else "constant"


def _species(model):
    rows = [("species", "phase", "formula", "charge", "units/site", "molar volume", "source")]
    for s in model.mechanism.species:
        volume = f"{s.molar_volume * 1e6:.2f} cm3/mol" if s.molar_volume else ""
        rows.append((s.name, s.phase, s.formula_unit or "", f"{s.charge:+d}" if s.charge else "0",
                     str(s.units_per_site) if s.phase == "solid" else "", volume, s.molar_volume_source or ""))
    for s in model.mechanism.solution:
        activity = "not held" if s.activity is None else f"activity {s.activity.value:g}"
        source = "" if s.activity is None else s.activity.source or ""
        rows.append((s.name, s.phase, "", f"{s.charge:+d}" if s.charge else "0", "", activity, source))
    return _table(rows)


def _processes(model):
    potential, temperature = model.protocol.at(0.0)
    constants = model.mechanism.rate_constants(temperature, potential, model.lattice.spacing)
    rows = [("process", "law", "rate constant", "modifiers", "parameters and sources")]
    for process, constant in zip(model.mechanism.processes, constants, strict=True):
        modifiers = ["tunnelling"] * process.tunnelling + ["neighbours"] * bool(process.neighbours)
        rows.append((process.name, process.law, f"{constant:.3g} 1/s", " ".join(modifiers), _parameters(process)))
    head = f"rate constants at {potential:g} V and {temperature:g} K, activities included, modifiers not:"
    return f"{head}\n{_table(rows)}"


def _parameters(process):
    if process.reverse_of is not None:
        return "from the reaction free energy"
    parts = []
    for name, quantity in process.parameters.items():
        error = f" +- {quantity.uncertainty:g}" if quantity.uncertainty else ""
        source = f" ({quantity.source})" if quantity.source else " (no source)"
        parts.append(f"{name} {quantity.value:g}{error}{source}")
    return "; ".join(parts)


def _stiffness(model):
    """Fastest over slowest process, and the reversible pairs whose both directions are fast."""
    potential, temperature = model.protocol.at(0.0)
    constants = model.mechanism.rate_constants(temperature, potential, model.lattice.spacing)
    positive = np.flatnonzero(constants > 0)
    if not positive.size:
        return "stiffness    no process has a positive rate constant"
    fast, slow = positive[constants[positive].argmax()], positive[constants[positive].argmin()]
    name = [process.name for process in model.mechanism.processes]
    lines = [f"stiffness    {constants[fast] / constants[slow]:.1e}: from {name[slow]} ({constants[slow]:.2g} 1/s) "
             f"to {name[fast]} ({constants[fast]:.2g} 1/s)"]
    for process in model.mechanism.processes:
        if process.reverse_of is not None:
            pair = min(constants[process.index], constants[process.reverse_of])
            if pair * model.deck.run.duration > 1e4:
                lines.append(f"             {name[process.reverse_of]} and its reverse: up to "
                             f"{2 * pair * model.deck.run.duration:.1e} events a site, if both keep finding their site")
    return "\n".join(lines)


def _cost(model, engine):
    bytes_per_site = engine.n_bytes / model.lattice.n_sites
    duration = model.deck.run.duration
    lines = [f"memory       {engine.n_bytes / 1e6:.1f} MB, {bytes_per_site:.1f} bytes a site",
             f"at the start {engine.total_propensity:.3g} events per simulated second"]
    reached, used = _trial(model, engine)
    speed = f"{engine.n_events / used:.2g} events per CPU second on this machine" if used > 0 else "too short to time"
    lines.append(f"trial        at most {TRIAL:g} s of CPU time in memory, nothing kept: {speed}")
    cost = f"{engine.n_events} events and {used:.2f} s"
    if reached >= duration:
        lines.append(f"cost         {cost} for the whole run, outputs not included")
    else:
        lines.append(f"cost         at least {cost} for the first {reached:.3g} s of the run "
                     f"of {duration:g} s")
    return "\n".join(lines)


def _trial(model, engine):
    """Run the engine for a moment; simulated time reached [s] and CPU time used [s]."""
    duration, most = model.deck.run.duration, model.deck.run.max_events
    start = wall.process_time()
    now = 0.0
    while now < duration and (used := wall.process_time() - start) < TRIAL:
        change = model.protocol.breakpoints(now, duration)
        stop = clock(duration if change is None else change)
        while engine.time < stop and (used := wall.process_time() - start) < TRIAL:
            chunk = _CHUNK if most is None else min(_CHUNK, most - engine.n_events)
            if chunk <= 0:
                return seconds(engine.time), used
            engine.run(stop, chunk)
        now = seconds(engine.time)
        if change is not None and engine.time >= stop:
            now = change
            engine.set_rates(model.rates(change))
    return now, wall.process_time() - start


def _notes(model):
    notes = [str(note) for note in model.mechanism.notes]
    return "\n".join(f"note: {note}" for note in notes)


def _table(rows):
    """Columns as wide as their widest cell; the last one runs free."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return "\n".join(lines)
