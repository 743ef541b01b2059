# SPDX-License-Identifier: BSD-3-Clause
"""Weak scaling on this machine against the model of `kmc.scaling`: what sharing a film costs, apart from busy cores.

python -m benchmarks.weak       starts two ranks by itself (mpiexec)

Three measurements take turns in one job: the first rank grows a film while the others sleep (`alone`), every rank
grows a film of its own (`beside`), and all of them share one film of so many times the columns (`shared`). What
`beside` loses against `alone` is the machine's: cores share memory, cache and clock. What `shared` loses against
`beside` is what the model is about. Windows are made shorter and shorter, so that appointments come to cost more than
events, as they do on many ranks.
"""

import argparse
import json
import math
import time
from dataclasses import replace

import numpy as np

from benchmarks import problems
from benchmarks.problems import cases
from benchmarks.tiles import in_tiles, on_ranks
from kmc.ranks import world
from kmc.scaling import Costs, efficiency
from kmc.tile_ranks import ALONE, ranks_of

FILMS = (
    ((100, 100, 100), 50, 0.3),
    ((100, 100, 100), 50, 0.075),
    ((100, 100, 100), 50, 0.0075),
    ((46, 46, 46), 23, 0.0075),
    ((46, 46, 46), 23, 0.00075),
    ((46, 46, 46), 23, 0.000075),
)
"""tuple: shape of a rank's film, sites of a tile, window; the default `events-per-window` makes windows of 0.07."""

EVENTS = 4e5
"""float: of a rank in one measurement, about; `hop3d` has 0.54 a site and unit of time."""

MOST = 4000
"""int: windows in one measurement, at most."""


def hops(shape):
    """Arguments of an engine: walkers on a tenth of the sites."""
    case = replace(cases.hop3d((4, 4, 4)), lattice=cases.cubic(*shape), species=problems.filled(shape, [0.1]))
    return case.parts()._asdict()


def timed(engine, wait, barrier):
    """float64, shape (2,): wall time and CPU time at work of a stretch of the film, per event of a rank [s]."""
    barrier()
    n_events, end, ranks = engine.n_events, engine.time[1] + wait, engine.ranks
    began = time.perf_counter(), time.process_time() - ranks.polled
    engine.run((engine.time[0] + int(end), end % 1.0))
    taken = np.array([time.perf_counter() - began[0], time.process_time() - ranks.polled - began[1]])
    return taken / ((engine.n_events - n_events) / ranks.size)


def taken_in_turn(shape, size, window, repetitions, ranks):
    """A record of the three measurements: wall time per event of a rank [s], median of the repetitions, and counts."""
    def barrier():
        ranks.every([0.0])

    own = in_tiles(hops(shape), size, ALONE, window=window)
    nz, ny, nx = shape
    shared = in_tiles(hops((nz, ny * ranks.size, nx)), size, ranks, window=window)
    wait = min(EVENTS / (0.54 * math.prod(shape)), MOST * window)
    found = {"alone": [], "beside": [], "shared": []}
    for number in range(repetitions + 1):
        own_time = np.zeros(2)
        if ranks.is_root:
            own_time = timed(own, wait, lambda: None)
        found["alone"].append(ranks.every(own_time)[0])
        found["beside"].append(ranks.every(timed(own, wait, barrier)).mean(axis=0))
        found["shared"].append(ranks.every(timed(shared, wait, barrier)).mean(axis=0))
        if number == 0:
            for each in found.values():  # the first round warms up
                each.clear()
    losses = sorted(b[0] / s[0] for b, s in zip(found["beside"], found["shared"], strict=True))
    return {"shape": shape, "tile": size, "window": window,
            **{kind: np.median(each, axis=0).tolist() for kind, each in found.items()}, "losses": losses,
            "events": shared.n_events / shared.n_windows / ranks.size, "sectors": len(own.tiling.boxes) / 4}


def line(record, n_ranks):
    """A record as text, beside the model fed with what an event takes when all cores are busy."""
    sectors, events, losses = record["sectors"], record["events"], record["losses"]
    alone, beside, shared = (record[kind] for kind in ("alone", "beside", "shared"))
    costs = Costs()
    turns = 4 * min(sectors, events / 4) / events * costs.turn
    model = efficiency(events, n_ranks, sectors, replace(costs, event=max(beside[0] - turns, 1e-9)))
    times = ", ".join(f"{kind} {record[kind][0] * 1e9:.0f} ({record[kind][1] * 1e9:.0f})"
                      for kind in ("alone", "beside", "shared"))
    shape = "x".join(map(str, record["shape"]))
    return (f"{shape:>11} a rank, {events:7.0f} events in a window: ns an event (at work) {times}; a "
            f"window beside its events {(shared[0] - beside[0]) * events * 1e6:.0f} us "
            f"({(shared[1] - beside[1]) * events * 1e6:.0f}); efficiency of busy cores {alone[0] / beside[0]:.0%}, of "
            f"sharing {np.median(losses):.1%} ({losses[0]:.0%} to {losses[-1]:.0%}; "
            f"at work {beside[1] / shared[1]:.1%}), of the model {model:.1%}")


def main():
    """Measure, and print each film beside the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=9)
    given = parser.parse_args()
    ranks = ranks_of(world())
    if ranks.size == 1:
        for record in on_ranks(given.ranks, "--repetitions", str(given.repetitions), module="benchmarks.weak"):
            print(line(record, given.ranks), flush=True)
        return
    for film in FILMS:
        record = taken_in_turn(*film, given.repetitions, ranks)
        if ranks.is_root:
            print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
