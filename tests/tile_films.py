# SPDX-License-Identifier: BSD-3-Clause
"""Films in tiles for the tests: cases of the core that are cut, runs of them, and a deck."""

import hashlib

import cases
import numpy as np

from kmc.tile_exact import ExactTiles
from kmc.tile_ranks import ALONE
from kmc.tiled import TiledEngine
from kmc.tiling import Tiling
from kmc_core import ExitReason

CASES = {
    "hops": (cases.hop3d((8, 24, 16)), 1.0),
    "reactions": (cases.rd3d((8, 16, 24)), 1.5),
    "wide stencil": (cases.lattice_gas((8, 24, 24)), 1.0),
    "film": (cases.film((10, 16, 24)), 0.02),
}


def tiled(case, size=(8, 8), seed=1, probes=False, **options):
    parts = case.parts()
    reach = np.abs(parts.rules.offsets).max(axis=0, initial=0)
    tiling = Tiling.of(parts.species.shape, parts.periodic, size, (int(reach[1]), int(reach[2])))
    return TiledEngine(parts.species, parts.periodic, parts.rules, tiling, seed, decay=parts.decay,
                       quantum=parts.quantum, cutoff=parts.cutoff, probes=probes, **options)


def clock(time):
    return int(time), time % 1


def digest(engine):
    """Everything that must not depend on who ran it."""
    state = repr((engine.time, engine.n_events, engine.n_windows, engine.counters)).encode()
    return hashlib.sha256(engine.species.tobytes() + engine.event_count.tobytes() + state).hexdigest()


def trajectory(name, **options):
    """A run with a stop and other rates in between, looked at on the way."""
    case, time = CASES[name]
    engine = tiled(case, fraction=0.3, **options)
    engine.run(clock(0.4 * time))
    engine.set_rates(case.rates(1.5))
    while engine.run(clock(time), 500) == ExitReason.MAX_EVENTS:
        assert [type(each) for each in engine.time] == [int, float]  # as they are written, so they are hashed
    return engine


def exact_tiles(case, seed, ranks=ALONE):
    parts = case.parts()
    tiling = Tiling.of(parts.species.shape, parts.periodic, (8, 8), (1, 1))
    return ExactTiles(parts.species, parts.periodic, parts.rules, tiling, seed, decay=parts.decay,
                      quantum=parts.quantum, cutoff=parts.cutoff, ranks=ranks)


DECK = """
run: {duration: 1 s, seed: 3}
lattice: {type: simple cubic, spacing: 0.5 nm, size: [32, 24, 8], fill: liquid,
          layers: [{species: electrode, from: 0, to: 0}],
          random: [{species: ion, fraction: 0.1}]}
protocol: {temperature: 300 K, potential: {ramp: {start: 0.1 V, end: 0.2 V, rate: 50 mV/s}}}
tiles: {size: [8, 8]}
groups: {surface: [electrode, solid]}
species:
  electrode: {phase: electrode}
  liquid: {phase: liquid}
  ion: {phase: dissolved, formula: Li}
  solid: {phase: solid, formula: Li, molar-volume: 13 cm^3/mol}
processes:
- {name: hop, equation: ion + liquid => liquid + ion, rate: {law: constant, rate-constant: 10 1/s}}
- {name: grow, equation: "ion + {surface} <=> solid + {surface}", rate: {law: constant, rate-constant: 2 1/s,
   reaction-free-energy: -0.05 eV}}
output: {times: {every: 0.5 s}, snapshots: {every: 1 s}}
"""

SAME = ("lattice", "time_seconds", "time_fraction", "count", "event_count", "thickness_map", "porosity", "n_events")
