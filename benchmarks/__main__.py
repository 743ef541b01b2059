# SPDX-License-Identifier: BSD-3-Clause
"""Runner: a table on the screen, and the same as records in build/bench.json."""

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

from benchmarks.core import PROBLEMS, SIZES, measure, measure_main_deck, outside_the_loop
from benchmarks.solution import NETWORKS, measure_network

HEADER = (
    f"{'case':7}{'sites':>10}{'Mevents/s':>12}{'ns/event':>11}{'(fastest..slowest)':>20}{'bytes/site':>13}"
    f"{'accepted':>11}{'classes':>10}{'setup':>9}"
)
NETWORK_HEADER = (
    f"{'network':10}{'species':>9}{'reactions':>11}{'Mevents/s':>12}{'ns/event':>11}{'(fastest..slowest)':>20}"
    f"{'candidates/event':>18}{'groups':>8}{'setup':>9}"
)
CASES = (*PROBLEMS, "deck", *NETWORKS)


def row(record):
    """One line of the table."""
    spread = f"({record.ns_fastest:.0f}..{record.ns_slowest:.0f})"
    return (
        f"{record.case:7}{record.sites:10}{record.events_per_second / 1e6:12.2f}{record.ns_per_event:11.0f}"
        f"{spread:>20}{record.bytes_per_site:13.1f}{record.acceptance:11.2f}{record.classes:10}"
        f"{record.setup_seconds:7.2f} s"
    )


def network_row(record):
    """One line of the table of networks."""
    spread = f"({record.ns_fastest:.0f}..{record.ns_slowest:.0f})"
    return (
        f"{record.case:10}{record.species:9}{record.reactions:11}{record.events_per_second / 1e6:12.2f}"
        f"{record.ns_per_event:11.0f}{spread:>20}{record.candidates_per_event:18.2f}{record.groups:8}"
        f"{record.setup_seconds:7.2f} s"
    )


def measure_lattices(names, sizes):
    """Measure lattices and the main deck; prints a table."""
    print(HEADER, flush=True)
    records = []
    for name in names:
        for n_sites in sizes if name in PROBLEMS else (0,):
            records.append(measure(name, int(n_sites)) if n_sites else measure_main_deck())
            print(row(records[-1]), flush=True)
    if "deck" in names:
        print("main deck, CPU time: " + ", ".join(f"{name} {ms:.2f} ms" for name, ms in outside_the_loop().items()))
    return records


def measure_networks(names):
    """Measure networks; prints a table."""
    print(NETWORK_HEADER, flush=True)
    records = []
    for name in names:
        records.append(measure_network(name))
        print(network_row(records[-1]), flush=True)
    return records


def main():
    """Measure what the command line asks for, by default everything at 1e4 and 1e6 sites."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory of the core.")
    parser.add_argument("cases", nargs="*", metavar="case", help=f"of {', '.join(CASES)} (default: all)")
    parser.add_argument("--sites", type=float, nargs="+", default=SIZES, help="numbers of sites to aim at")
    parser.add_argument("--output", type=Path, default=Path("build/bench.json"))
    arguments = parser.parse_args()
    unknown = set(arguments.cases) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    load = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"CPU time, medians of 5 runs of 10^6 events; {load}")
    lattices, solutions = (
        [name for name in arguments.cases or CASES if (name in NETWORKS) == wanted] for wanted in (False, True)
    )
    records = measure_lattices(lattices, arguments.sites) if lattices else []
    records += measure_networks(solutions) if solutions else []
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps([asdict(record) for record in records], indent=1) + "\n")
    print(f"records: {arguments.output}")


if __name__ == "__main__":
    main()
