#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Products of reduced LiEC+ against the distance from the electrode, in the network of Spotte-Smith et al. 2022.

    python scripts/crossover.py                       # 10 seeds, 1e6 events each, 0 V: about half a minute
    python scripts/crossover.py --potential '0.4 V'

Starts with 1000 LiEC+ at each distance and prints means over the seeds, with the standard deviation of the share of CO
in the gas: the time reached, CO/(CO + C2H4), molecules of LEDC in all its forms (organic), of Li2CO3 and Li2CO3+
(inorganic), of the alkoxide in both forms, and LiEC+ that is left.
"""

import argparse
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from kmc.deck import load_deck
from kmc.model import Model

DECK = Path(__file__).resolve().parents[1] / "inputs" / "published" / "spotte_smith_2022.yaml"
FOREVER = (10**15, 0.0)
FORMS = {
    "LEDC": ("LEDC", "LEDC-", "LEDC(-Li)-", "LEDC.Li+", "LEDC.Li"),
    "Li2CO3": ("Li2CO3", "Li2CO3+"),
    "alkoxide": ("Li(OCH2)2-", "(LiOCH2)2"),
    "LiEC+": ("LiEC+",),
}


def main():
    """Run all distances and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deck", nargs="?", type=Path, default=DECK, help="the network")
    parser.add_argument("--distances", nargs="+", type=float, default=[0, 5, 6, 7, 8, 9, 10, 12], help="[angstrom]")
    parser.add_argument("--seeds", type=int, default=10, help="number of runs at each distance")
    parser.add_argument("--events", type=float, default=1e6, help="events of each run")
    parser.add_argument("--potential", default="0 V", help="vs Li/Li+")
    arguments = parser.parse_args()
    print("d/A  t/s         f_CO            " + "".join(name.rjust(10) for name in FORMS))
    for distance in arguments.distances:
        model = Model.of(load_deck(arguments.deck, conditions(distance, arguments.potential)))
        runs = [products(model, seed, int(arguments.events)) for seed in range(1, arguments.seeds + 1)]
        times, shares, counts = zip(*runs, strict=True)
        spread = np.std(shares, ddof=1) if len(shares) > 1 else math.nan
        mean = np.mean(counts, axis=0)
        print(
            f"{distance:<4g} {np.mean(times):<11.3g} {np.mean(shares):.3f} +- {spread:.3f} "
            + "".join(f"{each:10.1f}" for each in mean)
        )


def conditions(distance, potential):
    """What differs from the deck at a distance [angstrom]."""
    start = {"LiEC+": 1000, "LEDC": 0, "LEMC": 0, "Li2CO3": 0, "Li2C2O4": 0}
    counts = {f"solution.{name}.count": str(count) for name, count in start.items()}
    return counts | {"compartment.distance": f"{distance} angstrom", "protocol.potential": potential}


def products(model, seed, events):
    """One run: time reached [s], share of CO in the gas, and molecules by `FORMS`."""
    run = model.deck.run.model_copy(update={"seed": seed})
    engine = replace(model, deck=replace(model.deck, run=run)).engine()
    engine.run(FOREVER, events)
    names = [each.name for each in model.mechanism.solution]
    left = dict(zip(names, model.molecules(engine).tolist(), strict=True))
    gas = left["CO"] + left["C2H4"]
    share = left["CO"] / gas if gas else math.nan
    seconds, fraction = engine.time
    return seconds + fraction, share, [sum(left[name] for name in forms) for forms in FORMS.values()]


if __name__ == "__main__":
    main()
