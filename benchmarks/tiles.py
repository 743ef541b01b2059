# SPDX-License-Identifier: BSD-3-Clause
"""Films in tiles: against the same films in one piece, on one rank and on two, and what the parts of a window cost.

python -m benchmarks.tiles                   the whole table; starts two ranks by itself (mpiexec)
python -m benchmarks.tiles --films 1e6 deck  some films only; also 1e5, 1e8-cube
python -m benchmarks.tiles --costs           a turn, a message, a byte, a collective: the figures of `kmc.scaling`
python -m benchmarks.tiles --settled         `hop3d` on one rank, and how far its hops are from the number that is known
python -m benchmarks.tiles --model           efficiency on more ranks than there are here, from `kmc.scaling`
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import problems
from benchmarks.problems import cases
from kmc.ranks import world
from kmc.scaling import Costs, efficiency
from kmc.tile_ranks import ALONE, ranks_of
from kmc.tiled import TiledEngine
from kmc.tiling import Tiling

FRACTION = 0.3
"""float: the default of `events-per-window`."""

HOPS = {"1e5": ((46, 46, 46), 23, 5.0), "1e6": ((100, 100, 100), 50, 1.0), "1e7": ((100, 316, 316), 80, 0.3),
        "1e8": ((100, 1000, 1000), 84, 0.075), "1e7-cube": ((216, 216, 216), 54, 0.3),
        "1e8-cube": ((464, 464, 464), 42, 0.075)}
"""dict: name -> shape, sites of a tile, and simulated time of one measurement of `hop3d`.

100 sites high, as films are, so that sectors are the same at every size; cubes have taller ones.
"""

DECK = (400, 64, 3e-9)
"""(int, int, float): columns of the main deck along x and y, sites of a tile, simulated time of one measurement [s]."""

SPARSE = ((4, 192, 192), 48, 1e-5)
"""(shape, int, float): box of ten walkers with 3e9 hops a second, sites of a tile, simulated time [s]."""

SHARE = 1 / 40
"""float: of that time, where ranks share the film: what each window takes then is the time of a message."""

FILMS = ("1e6", "1e7", "1e8", "1e7-cube", "deck", "sparse")
"""tuple of str: films of the table."""

PREDICTED = (
    ("hop3d, 1000 x 1000 x 100, tiles of 64", 1e8, 0.54 * 0.075, (1000 / 64) ** 2),
    ("hop3d, 4000 x 4000 x 100, tiles of 64", 1.6e9, 0.54 * 0.075, (4000 / 64) ** 2),
    ("front of a film, 1000 x 1000, 1 % of the columns active", 1e6, 0.01 * 0.3, (1000 / 64) ** 2),
    ("front of a film, 4000 x 4000, 1 % of the columns active", 1.6e7, 0.01 * 0.3, (4000 / 64) ** 2),
)
"""tuple: name, sites, events per site and window, tiles."""

WORDS = (0, 1_000, 10_000, 100_000)
"""tuple of int: changes in a message whose cost is measured."""

CHOSEN = 100_000
"""int: events after which a sector has chosen which rules are blind (`kmc_core.blind_rules`)."""


def film(name):
    """Arguments of an engine, sites of a tile and simulated time of a measurement."""
    if name == "deck":
        side, size, wait = DECK
        from kmc.deck import load_deck
        from kmc.model import Model

        model = Model.of(load_deck(problems.MAIN_DECK, {"lattice.size": f"[{side}, {side}, 62]"}))
        return problems.of_model(model), size, wait
    if name == "sparse":
        shape, size, wait = SPARSE
        species = np.zeros(shape, dtype=np.uint8)
        species[2][tuple(np.random.default_rng(1).integers(0, shape[1], (2, 10)))] = 1
        lattice = cases.cubic(*shape, periodic=(False, True, True))
        case = replace(cases.hop3d((4, 4, 4)), lattice=lattice, species=species, constants=(3e9 / 6,))
        return case.parts()._asdict() | {"blinds": True}, size, wait
    shape, size, wait = HOPS[name]
    lattice = cases.cubic(*shape)
    case = replace(cases.hop3d((4, 4, 4)), lattice=lattice, species=problems.filled(shape, [0.1]))
    return case.parts()._asdict() | {"blinds": True}, size, wait


def in_tiles(arguments, size, ranks, fraction=FRACTION, window=None):
    """The film in tiles, without probes, which would count as events of nobody."""
    given = {key: value for key, value in arguments.items() if key not in ("species", "periodic", "rules")}
    given.pop("interactions", None)
    species, periodic, rules = arguments["species"], arguments["periodic"], arguments["rules"]
    reach = tuple(int(each) for each in np.abs(rules.offsets).max(axis=0)[1:])
    tiling = Tiling.of(species.shape, periodic, (size, size), reach)
    return TiledEngine(species, periodic, rules, tiling, 1, ranks=ranks, fraction=fraction, window=window,
                       probes=False, **given)


def advanced(engine, wait, ranks):
    """Events of a stretch of time, and of this rank wall and CPU time, and both while it waited [s]."""
    ranks.every([0.0])  # all begin at once
    before = np.array([engine.n_events, time.perf_counter(), time.process_time(), ranks.waited, ranks.polled])
    end = engine.time[1] + wait
    engine.run((engine.time[0] + int(end), end % 1.0))
    return np.array([engine.n_events, time.perf_counter(), time.process_time(), ranks.waited, ranks.polled]) - before


def measured(name, repetitions, ranks, fraction):
    """Records of a film in tiles and, on one rank, in one piece; the median of the repetitions by wall time."""
    arguments, size, wait = film(name)
    if name == "sparse" and ranks.size > 1:
        wait *= SHARE
    engines = {"tiles": in_tiles(arguments, size, ranks, fraction)}
    if ranks.size == 1:
        engines["one piece"] = problems.engine_of(arguments)
    found = {kind: [] for kind in engines}
    for engine in engines.values():
        advanced(engine, wait / 2, ranks)
    for _ in range(repetitions):
        for kind, engine in engines.items():
            found[kind].append(ranks.every(advanced(engine, wait, ranks)))
    tiles = engines["tiles"]
    records = []
    for kind, each in found.items():
        middle = sorted(each, key=lambda one: one[:, 1].max())[len(each) // 2]
        best = min(one[:, 1].max() / one[0, 0] for one in each)
        events, wall, cpu, waited, polled = middle.T.tolist()
        records.append({"film": name, "kind": kind, "ranks": ranks.size, "events": events[0], "wall": max(wall),
                        "best_ns": best * 1e9, "cpu": cpu, "waited": waited, "polled": polled,
                        "least_cpu_ns": min(float((one[:, 2] - one[:, 4]).max() / one[0, 0]) for one in each) * 1e9})
    records[0] |= {"windows": tiles.n_windows, "all_events": tiles.n_events, "turns": tiles.counters["turns"],
                   "sectors": len(tiles.tiling.boxes), "handed": tiles.counters["handed"]}
    return records


def line(record):
    """A record as text."""
    n = record["events"]
    text = (f"{record['film']:>8} {record['kind']:>9} {record['ranks']} rank{'s' if record['ranks'] > 1 else ' '} "
            f"{record['wall'] / n * 1e9:6.0f} ns wall (best {record['best_ns']:.0f}), CPU of each rank "
            + " ".join(f"{each / n * 1e9:.0f}" for each in record["cpu"])
            + f"; at work {record['least_cpu_ns']:.0f}; {n / record['wall'] / 1e6:.2f} million events/s")
    if record["ranks"] > 1:
        text += "; waiting " + " ".join(f"{each / record['wall']:.0%}" for each in record["waited"])
    if record.get("windows"):
        idle = 1.0 - record["turns"] / (record["windows"] * record["sectors"])
        text += (f"; {record['all_events'] / record['windows']:.0f} events a window, idle turns {idle:.0%}, "
                 f"{record['handed'] / record['all_events']:.2f} changes at edges an event")
    return text


def on_ranks(n_ranks, *arguments, module="benchmarks.tiles"):
    """Records that a program prints under mpiexec."""
    beside = Path(sys.executable).with_name("mpiexec")
    mpiexec = str(beside) if beside.exists() else shutil.which("mpiexec")
    done = subprocess.run([mpiexec, "-n", str(n_ranks), sys.executable, "-m", module, *arguments],
                          capture_output=True, text=True, check=False, env=os.environ)
    if done.returncode:
        raise SystemExit(done.stderr or f"mpiexec ended with {done.returncode}")
    return [json.loads(each) for each in done.stdout.splitlines()]


def table(names, repetitions, fraction):
    """Print every film in one piece, in tiles on one rank and on two."""
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores; wall and CPU time per event of the film, of "
          "the repetition in the middle by wall time; 'at work': least CPU time of the busiest rank without polling",
          flush=True)
    for name in names:
        one = measured(name, repetitions, ranks_of(None), fraction)
        two = on_ranks(2, "--films", name, "--repetitions", str(repetitions), "--fraction", str(fraction))
        for record in one + two:
            print(line(record), flush=True)
        alone, shared = one[0], two[0]
        print(f"{name:>8} two ranks {alone['best_ns'] / shared['best_ns']:.2f} times one by wall time, "
              f"{alone['least_cpu_ns'] / shared['least_cpu_ns']:.2f} by CPU time at work; tiles against one piece "
              f"{one[0]['best_ns'] / one[1]['best_ns'] - 1.0:+.0%} by wall time, "
              f"{one[0]['least_cpu_ns'] / one[1]['least_cpu_ns'] - 1.0:+.0%} by CPU time", flush=True)


def settled(name, fraction, repetitions):
    """Print the speed of `hop3d` on one rank once all sectors have chosen blind rules, and the error of its windows.

    Walkers that only exclude each other are anywhere with equal probability, so n of them on m sites make
    6 n (m - n) / (m - 1) hops in a time of one hop to one side.
    """
    arguments, size, wait = film(name)
    species, rate = arguments["species"], float(arguments["rules"].rates.max())
    engine = in_tiles(arguments, size, ALONE, fraction)
    while engine.n_events < CHOSEN * len(engine.tiling.boxes):
        advanced(engine, wait, ALONE)
    n_walkers, n_windows, begin = int((species == 1).sum()), engine.n_windows, engine.time[0] + engine.time[1]
    wait = max(wait, 4 * (begin / n_windows) * fraction / FRACTION)  # an output ends a window
    found = [advanced(engine, wait, ALONE) for _ in range(repetitions)]
    n_events, passed = sum(one[0] for one in found), engine.time[0] + engine.time[1] - begin
    exact = 6 * n_walkers * (species.size - n_walkers) / (species.size - 1) * rate * passed
    cost = float(np.median([one[2] / one[0] for one in found]))
    window = passed / (engine.n_windows - n_windows)
    print(f"{name:>8} tiles of {size}, events-per-window {fraction}: {cost * 1e9:.1f} ns an event (median of "
          f"{repetitions}), {1e-6 / cost:.2f} million events/s; windows of {window:.3f}, "
          f"hops {100 * (n_events / exact - 1):+.3f} +- {100 / np.sqrt(n_events):.3f} %", flush=True)


def turn_cost(repetitions):
    """Least squares: what an event costs in the cache, and a turn of a sector beside its events [s]."""
    arguments, size, _ = film("1e5")
    found = []
    for window in (0.0005, 0.001, 0.002, 0.005, 0.02):
        engine = in_tiles(arguments, size, ranks_of(None), window=window)
        advanced(engine, 20 * window, ranks_of(None))
        runs = []
        for _ in range(repetitions):
            turns = engine.counters["turns"]
            events, _, cpu, *_ = advanced(engine, 400 * window, ranks_of(None))
            runs.append((cpu, events, engine.counters["turns"] - turns))
        found.append(min(runs, key=lambda one: one[0] / one[1]))
    cpu, *counts = np.array(found).T
    (event, turn), *_ = np.linalg.lstsq(np.stack(counts, axis=1) / cpu[:, None], np.ones(len(cpu)), rcond=None)
    return event, turn


def message_costs(ranks, repetitions=2000):
    """Print a record: wall time of an exchange of messages of several lengths, and of the collective [s]."""
    found = {}
    for words in WORDS:
        parts = {rank: np.zeros(words, dtype=np.uint64) for rank in range(ranks.size) if rank != ranks.rank}
        times = []
        for _ in range(repetitions if words < WORDS[-1] else repetitions // 10):
            begin = time.perf_counter()
            ranks.finish(ranks.begin(parts))
            times.append(time.perf_counter() - begin)
        found[words] = ranks.every([np.median(times), np.percentile(times, 10)]).max(axis=0).tolist()
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        ranks.every([0.0, 0.0])
        times.append(time.perf_counter() - begin)
    found["collective"] = ranks.every([np.median(times), np.percentile(times, 10)]).max(axis=0).tolist()
    if ranks.is_root:
        print(json.dumps(found), flush=True)


def costs(repetitions):
    """Print what the parts of a window cost."""
    event, turn = turn_cost(repetitions)
    print(f"an event in the cache {event * 1e9:.0f} ns, a turn of a sector beside its events {turn * 1e6:.2f} us")
    found = on_ranks(2, "--messages")[0]
    for words in WORDS:
        middle, least = found[str(words)]
        print(f"exchange of {8 * words} bytes each way: {middle * 1e6:.1f} us (a tenth below {least * 1e6:.1f})")
    low, high = WORDS[0], WORDS[-1]
    print(f"so {(found[str(high)][1] - found[str(low)][1]) / (8 * (high - low)) * 1e9:.2f} ns a byte")
    middle, least = found["collective"]
    print(f"collective of two ranks: {middle * 1e6:.1f} us (a tenth below {least * 1e6:.1f})")


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", nargs="+", default=FILMS, choices=(*HOPS, "deck", "sparse"), metavar="FILM")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--fraction", type=float, default=FRACTION, help="events-per-window")
    parser.add_argument("--costs", action="store_true", help="what the parts of a window cost")
    parser.add_argument("--settled", action="store_true", help="`hop3d` on one rank, and the error of its windows")
    parser.add_argument("--messages", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--model", action="store_true", help="efficiency on many ranks instead")
    parser.add_argument("--cost", type=float, default=Costs().event, help="of an event [s], for the model")
    given = parser.parse_args()
    ranks = ranks_of(world())
    if given.model:
        predict(given.cost)
    elif ranks.size > 1 and given.messages:
        message_costs(ranks)
    elif ranks.size > 1:
        for name in given.films:
            records = measured(name, given.repetitions, ranks, given.fraction)
            if ranks.is_root:
                print("\n".join(json.dumps(each) for each in records), flush=True)
    elif given.costs:
        costs(given.repetitions)
    elif given.settled:
        for name in [each for each in given.films if each in HOPS]:
            settled(name, given.fraction, given.repetitions)
    else:
        table(given.films, given.repetitions, given.fraction)


if __name__ == "__main__":
    main()
