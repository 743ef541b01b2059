# SPDX-License-Identifier: BSD-3-Clause
"""Films in tiles against the same films in one piece, in one process and on ranks.

python -m benchmarks.tiles                   one process, interleaved with the film in one piece, CPU time
mpiexec -n 2 python -m benchmarks.tiles      the film in tiles only, CPU time of the busiest rank
python -m benchmarks.tiles --model           efficiency on more ranks than there are here, from `kmc.scaling`
"""

import argparse
import time

import numpy as np

from benchmarks.core import cases
from kmc.ranks import world
from kmc.scaling import Costs, efficiency
from kmc.tile_ranks import ranks_of
from kmc.tiled import TiledEngine
from kmc.tiling import Tiling

BOXES = {"1e6": ((100, 100, 100), 50, 1.0), "1e7": ((216, 216, 216), 54, 0.2)}
"""dict: name -> shape, sites of a tile, and simulated time of one measurement of `hop3d`."""

PREDICTED = (
    ("hop3d, 1000 x 1000 x 100, tiles of 64", 1e8, 0.54 * 0.075, (1000 / 64) ** 2),
    ("hop3d, 4000 x 4000 x 100, tiles of 64", 1.6e9, 0.54 * 0.075, (4000 / 64) ** 2),
    ("front of a film, 1000 x 1000, 1 % of the columns active", 1e6, 0.01 * 0.3, (1000 / 64) ** 2),
    ("front of a film, 4000 x 4000, 1 % of the columns active", 1.6e7, 0.01 * 0.3, (4000 / 64) ** 2),
)
"""tuple: name, sites, events per site and window, tiles."""


def in_tiles(parts, size, ranks, fraction=0.3):
    """The film in tiles, without probes, which would count as events of nobody."""
    reach = tuple(int(each) for each in np.abs(parts.rules.offsets).max(axis=0)[1:])
    tiling = Tiling.of(parts.species.shape, parts.periodic, (size, size), reach)
    return TiledEngine(parts.species, parts.periodic, parts.rules, tiling, 1, ranks=ranks, fraction=fraction,
                       probes=False, decay=parts.decay, quantum=parts.quantum, cutoff=parts.cutoff)


def advanced(engine, wait, clock):
    """Nanoseconds per event of the film over a stretch of simulated time."""
    events, begin = engine.n_events, clock()
    later = engine.time[1] + wait
    engine.run((engine.time[0] + int(later), later % 1.0))
    return (clock() - begin) * 1e9 / max(engine.n_events - events, 1)


def measure(repetitions):
    """Print what was measured."""
    ranks = ranks_of(world())
    clock = time.process_time
    for name, (shape, size, wait) in BOXES.items():
        parts = cases.hop3d(shape).parts()
        engines = {"tiles": in_tiles(parts, size, ranks)}
        if ranks.size == 1:
            engines["one piece"] = cases.engine_of(parts)
        found = {kind: [] for kind in engines}
        for engine in engines.values():
            advanced(engine, wait, clock)
        ranks.waited = 0.0
        for _ in range(repetitions):
            for kind, engine in engines.items():
                found[kind].append(ranks.every([advanced(engine, wait, clock)]).max())
        if ranks.is_root:
            text = ", ".join(f"{kind} {np.median(each):.0f} ({min(each):.0f} to {max(each):.0f})"
                             for kind, each in found.items())
            events = engines["tiles"].n_events / engines["tiles"].n_windows
            print(f"hop3d {name}, {ranks.size} ranks, ns of CPU per event: {text}; {events:.0f} events per window, "
                  f"{ranks.waited:.2f} s waited", flush=True)


def predict(cost):
    """Print the model's efficiency on many ranks.

    Parameters
    ----------
    cost : float, [s]
        Of an event.
    """
    for name, sites, density, tiles in PREDICTED:
        shares = []
        for n_ranks in (64, 512, 4096):
            used = min(n_ranks, int(tiles))
            share = efficiency(sites * density / used, used, tiles / used, Costs(event=cost)) * used / n_ranks
            busiest = -(-tiles // used)
            shares.append(f"{share * tiles / used / busiest:.0%} on {n_ranks}")
        print(f"{name}: {', '.join(shares)} ranks")


def main():
    """Run the measurements, or the model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--model", action="store_true", help="efficiency on many ranks instead")
    parser.add_argument("--cost", type=float, default=Costs().event, help="of an event [s]")
    arguments = parser.parse_args()
    if arguments.model:
        predict(arguments.cost)
    else:
        measure(arguments.repetitions)


if __name__ == "__main__":
    main()
