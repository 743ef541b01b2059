# SPDX-License-Identifier: BSD-3-Clause
"""What `kmc check` says of tiles and ranks. Floor 71."""

from __future__ import annotations

import numpy as np

from kmc.check_subject import Subject
from kmc.errors import KmcError
from kmc.scaling import Costs, efficiency, proposed
from kmc.text_page import duration, entry, heading
from kmc.tiling import N_COLOURS, Tiling

_WINDOWS = 20
"""int: windows after which events per window are looked at, from the start of the run."""


def tiles(subject: Subject) -> str:
    """Layout, memory and time on the ranks that were asked for; nothing if the film is and stays in one piece."""
    model, n_ranks = subject.model, subject.n_ranks
    if model.tiling is None and n_ranks in (None, 1):
        return ""
    title = heading("TILES AND RANKS", "A model; docs/scaling.md has its assumptions.")
    reach = tuple(int(each) for each in np.abs(model.tables.rules.offsets).max(axis=0, initial=0)[1:])
    if model.solution is not None or model.interactions is not None:
        return f"{title}\n{entry('ranks', 'one: a film with interactions or a finite solution cannot be cut')}"
    lines = []
    try:
        tiling = model.tiling
        if tiling is None or tiling.n_tiles < (n_ranks or 1):
            size, tiling = proposed(model.lattice.shape, model.lattice.periodic, reach, n_ranks or 1)
            lines.append(entry("proposal", f"tiles: {{size: [{size}, {size}]}}"))
    except KmcError as error:
        return f"{title}\n{entry('ranks', str(error))}"
    lines.append(entry("tiles", _layout(tiling, reach)))
    lines += _on_ranks(subject, tiling, n_ranks or 1)
    return f"{title}\n" + "\n".join(lines)


def _layout(tiling: Tiling, reach: tuple[int, ...]) -> str:
    """How the film is cut, and what the halos add."""
    own = sum(int(box.own.sum()) for box in tiling.boxes)
    known = sum(box.n_columns for box in tiling.boxes)
    return (f"{tiling.x_axis.n_tiles} x {tiling.y_axis.n_tiles}, {len(tiling.boxes)} sectors that look {max(reach)} "
            f"beyond their own sites, {known / own - 1.0:.0%} more sites")


def _on_ranks(subject: Subject, tiling: Tiling, n_ranks: int) -> list[str]:
    """Memory and time of the busiest rank."""
    trial, model = subject.trial, subject.model
    per_rank = np.bincount(tiling.owners(n_ranks), minlength=n_ranks)
    most, mean = int(per_rank.max()), tiling.n_tiles / n_ranks
    known = sum(box.n_columns for box in tiling.boxes) * model.lattice.shape[0]
    own = model.lattice.n_sites
    n_bytes = trial.n_bytes / own * known * most / tiling.n_tiles + own
    lines = [
        entry("ranks", f"{n_ranks}, {per_rank.min()} to {most} tiles each"),
        entry("memory", f"{n_bytes / 1e6:.3g} MB on a rank, the whole lattice of an output included"),
    ]
    expected = trial.events_expected()
    events = _per_window(subject, tiling)
    if expected is None or not trial.n_events or not events:
        return lines
    cost = trial.used / trial.n_events
    sectors = len(tiling.boxes) / N_COLOURS / n_ranks
    share = efficiency(events / n_ranks, n_ranks, sectors, Costs(event=cost)) * mean / most
    few, many = (duration(trial.wall_time(each) / n_ranks / share) for each in expected)
    lines.append(entry("windows", f"{events:.3g} events each at the start of the run"))
    text = few if few == many else f"{few} to {many}"
    return [*lines, entry("time", f"{text}; efficiency {share:.0%} as at the start, less where little happens")]


def _per_window(subject: Subject, tiling: Tiling) -> float:
    """Events per window in the first windows of the run."""
    engine = subject.model.tiled_engine(tiling)
    subject.model.apply(engine, 0.0)
    engine.run((10**15, 0.0), 1)
    while engine.n_windows < _WINDOWS and engine.run((10**15, 0.0), 1) == 1:
        pass
    return engine.n_events / max(engine.n_windows, 1)
