# SPDX-License-Identifier: BSD-3-Clause
"""One engine in a process of its own, which runs when it is told to: `python -m benchmarks.worker hop3d 1e6`.

Requests and answers are lines of JSON. A process for each engine keeps their memory apart, so that the peak of one can
be read, and lets any number of them, the probe and other programs take turns.
"""

import json
import pickle
import resource
import sys
import time
from dataclasses import replace

import numpy as np

from benchmarks import problems

FACTORS = (1.01, 1.5, 0.4, 3.0, 1.0)
"""tuple of float: changes of all rates whose cost is measured; the last one restores them."""

FOREVER = (10**15, 0.0)


class Worker:
    """An engine that has warmed up.

    Parameters
    ----------
    name : str
        Key of PROBLEMS.
    n_sites : int
        Number of sites to aim at.
    """

    def __init__(self, name, n_sites):
        self.problem = problems.PROBLEMS[name]
        self.arguments = self.problem.arguments(n_sites)
        begin = time.process_time()
        self.engine = problems.engine_of(self.arguments)
        self.engine.run(FOREVER, 1)  # what is put off until the first event belongs to setting up
        self.setup = time.process_time() - begin
        self.events = self.problem.events_of(n_sites)
        self.warm_up = max(int(self.problem.warm_up * n_sites), self.events)
        self.engine.run(FOREVER, self.warm_up)
        self.candidates, self.begun_at = self.engine.n_candidates, self.engine.n_events

    def run(self, events):
        """CPU time [s] of so many events."""
        before, begin = self.engine.n_events, time.process_time()
        self.engine.run(FOREVER, events)
        seconds = time.process_time() - begin
        if self.engine.n_events - before != events:
            raise RuntimeError("nothing happens any more: the problem has ended before it was measured")
        return {"seconds": seconds, "events": events}

    def describe(self):
        """Memory, classes and acceptance since the warm-up."""
        engine, n_sites = self.engine, self.arguments["species"].size
        drawn = engine.n_candidates - self.candidates
        return {
            "sites": n_sites,
            "bytes_per_site": engine.n_bytes / n_sites if n_sites else 0.0,
            "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "accepted": (engine.n_events - self.begun_at) / drawn if drawn else None,
            "classes": engine.environments.n_classes,
            "setup_seconds": self.setup,
            "warm_up_events": self.warm_up,
            "events_per_repeat": self.events,
        }

    def rerate(self):
        """Wall time [ms] of each change of all rates, with the event after it."""
        rates, interactions = self.arguments["rules"].rates, self.arguments.get("interactions")
        if not len(rates):
            return {"rerate_ms": None, "rerate_ms_slowest": None}
        costs = []
        for factor in FACTORS:
            changed = rates * factor
            begin = time.perf_counter()
            self.engine.set_rates(changed, interactions)
            self.engine.run(FOREVER, 1)
            costs.append((time.perf_counter() - begin) * 1e3)
        return {"rerate_ms": float(np.median(costs)), "rerate_ms_slowest": max(costs)}

    def save(self, path):
        """Write the arguments of an engine that stands where this one does, but for its clock."""
        species = self.engine.species.reshape(self.arguments["species"].shape).copy()
        rules = replace(self.engine.rules)  # with its choice of blind rules, and without tables that are kept with it
        arguments = self.arguments | {"species": species, "rules": rules}
        if arguments.get("solution") is not None:
            count = np.asarray(self.engine.solution.count)
            arguments["solution"] = arguments["solution"] | {"count": count.copy()}
        with open(path, "wb") as file:
            pickle.dump(arguments, file)
        return {"path": str(path)}

    def verify(self):
        """Rebuild every redundant structure and compare."""
        self.engine.verify()
        return {"verified": True}


def answers(name, n_sites, requests):
    """What the process says: that it is ready, then an answer to each request.

    Whatever goes wrong is an answer as well, and the last one.
    """
    from kmc.errors import KmcError

    try:
        worker = Worker(name, n_sites)
        yield {"ready": True}
        for line in requests:
            verb, *arguments = json.loads(line)
            yield getattr(worker, verb)(*arguments)
    except (ValueError, RuntimeError, MemoryError, OverflowError, AssertionError, KmcError) as error:
        yield {"error": f"{type(error).__name__}: {error}"}


def main(name, n_sites):
    """Answer requests until there are no more."""
    for answer in answers(name, int(float(n_sites)), sys.stdin):
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
