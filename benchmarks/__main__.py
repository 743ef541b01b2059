# SPDX-License-Identifier: BSD-3-Clause
"""Runner: a table on the screen, and the same as records in build/bench.json."""

import argparse
import json
import time
from pathlib import Path

from benchmarks import baseline, instructions, peers, suite
from benchmarks.conditions import conditions, load_average
from benchmarks.outside import outside_the_loop
from benchmarks.problems import DEFAULT, PROBLEMS
from benchmarks.table import HEADER, row

FEWEST, MOST = 1000, 2_000_000_000
"""int: numbers of sites that can be asked for; in smaller boxes some cases end before they are measured."""


def whole(text):
    """A number of sites: 1e6 as well as 1000000."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not FEWEST <= number <= MOST:
        raise argparse.ArgumentTypeError(f"numbers of sites are {FEWEST:.0e} to {MOST:.0e}, not {text}")
    return int(number)


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory of the core.")
    parser.add_argument("cases", nargs="*", metavar="case", help=f"of {', '.join(PROBLEMS)} (default: most)")
    parser.add_argument("--cases", nargs="+", dest="more", default=[], metavar="case", help="the same")
    parser.add_argument("--sizes", "--sites", type=whole, nargs="+", default=(), help="numbers of sites to aim at")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of which the median is taken (default: 5)")
    parser.add_argument("--quick", action="store_true", help="up to 1e6 sites, three rounds, no instructions")
    parser.add_argument("--no-peers", action="store_true", help="leave other programs out, installed or not")
    parser.add_argument("--update-baseline", action="store_true", help="the figures become benchmarks/baseline.json")
    parser.add_argument("--output", type=Path, default=Path("build/bench.json"))
    given = parser.parse_args()
    given.cases = [*given.cases, *given.more] or list(DEFAULT)
    unknown = sorted(set(given.cases) - set(PROBLEMS))
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}; there are {', '.join(PROBLEMS)}")
    if given.repeats < 3:
        parser.error("a median needs at least 3 repeats")
    return given


def describe(options):
    """What is measured, and under which conditions."""
    here = conditions()
    print(f"{here['cpu']}, {here['cores']} cores, load average {load_average():.1f}; {here['compiler']}, "
          f"Python {here['python']}, NumPy {here['numpy']}, huge pages {here['huge_pages']}; {here['commit']}")
    print(f"CPU time in the loop, medians of {options.rounds} interleaved rounds after a warm-up: benchmarks/README.md")
    if options.quick:
        print("quick: instructions are not counted")
    elif not instructions.is_available():
        print("valgrind is not installed: instructions are not counted")
    print("other programs: " + (", ".join(f"{n} ({p})" for n, p in options.peers.items()) or "none installed"))


def main():
    """Measure what the command line asks for; the exit status is 1 if a case could not be measured."""
    given, begin = arguments(), time.time()
    programs = {} if given.no_peers else peers.found()
    rounds = min(given.repeats, 3) if given.quick else given.repeats
    options = suite.Options(tuple(given.sizes), rounds, given.quick, programs, suite.note)
    describe(options)
    print(HEADER, flush=True)
    records, failed = [], []
    for case in given.cases:
        try:
            measured = suite.measure(case, options)
        except RuntimeError as error:
            suite.note(f"error: {error}")
            failed.append(case)
            continue
        records += measured
        for record in measured:
            print(row(record), flush=True)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(records, indent=1) + "\n")
    print(f"records: {given.output}; load average at the end {load_average():.1f}; {time.time() - begin:.0f} s")
    if "deck" in given.cases and not given.quick:
        print("main deck, CPU time: " + ", ".join(f"{name} {ms:.2f} ms" for name, ms in outside_the_loop().items()))
    if given.update_baseline:
        baseline.update(records)
        print(f"baseline: {baseline.PATH}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
