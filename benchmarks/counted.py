# SPDX-License-Identifier: BSD-3-Clause
"""A run whose instructions valgrind counts: an engine out of a file, so many events, and nothing else.

It imports the core alone, because everything takes fifty times as long under valgrind.
"""

import pickle
import sys

import numpy as np


def main(path, events):
    """Run the engine that `Worker.save` wrote."""
    from kmc_core import Engine, Solution

    with open(path, "rb") as file:
        given = pickle.load(file)
    if given.get("solution") is not None:
        given["solution"] = Solution(**given["solution"])
    given["blinds"] = False  # it goes on with those that were chosen
    engine = Engine(given.pop("species"), given.pop("periodic"), given.pop("rules"), np.random.SFC64(1), **given)
    engine.run((10**15, 0.0), int(events))


if __name__ == "__main__":
    main(*sys.argv[1:])
