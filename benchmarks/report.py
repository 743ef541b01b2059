# SPDX-License-Identifier: BSD-3-Clause
"""Records of a run as a table and a picture for the documents: `python -m benchmarks.report`.

Reads build/bench.json; writes docs/performance_table.md and docs/performance.svg.
"""

import argparse
import json
from pathlib import Path

from benchmarks.contest import ROOT

TABLE, PICTURE = ROOT / "docs" / "performance_table.md", ROOT / "docs" / "performance.svg"

TOP = """\
<!-- Written by `python -m benchmarks.report` from build/bench.json. -->
# Figures of the benchmark suite

{date}, commit {commit}; {cpu}, {cores} cores, load average {lowest:.1f} to {highest:.1f}; core built by
{compiler}; Python {python}, NumPy {numpy}; transparent huge pages: {huge_pages}.

CPU time in the loop, medians of {repeats} interleaved rounds, with the fastest and the slowest; instructions counted by
callgrind; peak memory of the process; set-up with the first event; `re-rate`: the slowest of five changes of all rates,
wall time with the next event; `limit`: speed as a share of that of the faster probe (`benchmarks/probe.c`). What the
cases are: `benchmarks/README.md`.

![Events per second against sites](performance.svg)

"""

TITLES = (
    "case", "sites", "million events/s", "ns/event", "instructions/event", "bytes/site", "memory [MiB]", "set-up [s]",
    "re-rate [ms]", "limit",
)
HEAD = f"| {' | '.join(TITLES)} |\n{'|---' * len(TITLES)}|\n"

OTHERS = """
## Other programs on the same problem, in the same rounds

| case | program | sites | million events/s | ns/event | sei-kmc is so many times as fast |
|---|---|---|---|---|---|
"""

ROOM = "\N{NARROW NO-BREAK SPACE}"


def table(records):
    """Text of docs/performance_table.md.

    Parameters
    ----------
    records : list of dict
        As `python -m benchmarks` writes them.

    Returns
    -------
    text : str
    """
    loads = [record["load_average"] for record in records]
    text = TOP.format(**records[0], lowest=min(loads), highest=max(loads)) + HEAD
    text += "".join(_row(record) for record in records if record["program"] == "sei-kmc")
    others = [record for record in records if record.get("ours_over_this")]
    return text + (OTHERS + "".join(map(_other, others)) if others else "")


def _row(record):
    cells = [
        f"`{record['case']}`",
        _sites(record),
        f"{record['events_per_second'] / 1e6:.3g}",
        _spread(record),
        _number(record, "instructions_per_event", ".0f"),
        _number(record, "bytes_per_site", ".1f") if record["sites"] else "",
        _number(record, "peak_rss_mib", ".0f"),
        _number(record, "setup_seconds", ".3f"),
        _number(record, "rerate_ms_slowest", ".2f"),
        _number(record, "share_of_limit", ".2f"),
    ]
    return f"| {' | '.join(cells)} |\n"


def _other(record):
    case = record["case"].split(" ")[0]
    speed, faster = f"{record['events_per_second'] / 1e6:.3g}", f"{record['ours_over_this']:.2f}"
    return f"| `{case}` | {record['program']} | {_sites(record)} | {speed} | {_spread(record)} | {faster} |\n"


def _sites(record):
    return f"{record['sites']:,}".replace(",", ROOM) if record["sites"] else ""


def _spread(record):
    return f"{record['ns_per_event']:.0f} ({record['ns_fastest']:.0f} to {record['ns_slowest']:.0f})"


def _number(record, name, form):
    return "" if record.get(name) is None else format(record[name], form)


def draw(records, path):
    """Events per second against sites, for all cases that were measured at more than one size, and what they meet.

    Parameters
    ----------
    records : list of dict
    path : path-like
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "sei-kmc", "font.size": 9}
    curves = {}
    for record in records:
        curves.setdefault((record["case"], record["program"]), []).append(record)
    figure, axes = plt.subplots(figsize=(7.6, 4.2), layout="constrained")
    for (case, program), points in curves.items():
        points = sorted((record["sites"], record["events_per_second"]) for record in points if record["sites"])
        if len(points) > 1:
            ours = program == "sei-kmc"
            style = {"linestyle": "-", "marker": "o"} if ours else {"linestyle": ":", "marker": "x"}
            axes.plot(*zip(*points, strict=True), label=case, markersize=4, linewidth=1.2, **style)
    axes.set(xscale="log", yscale="log", xlabel="sites", ylabel="events per second")
    axes.grid(which="major", linewidth=0.3)
    figure.legend(loc="outside right upper", frameon=False, fontsize=7)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main():
    """Write table and picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__.splitlines()[0])
    parser.add_argument("records", nargs="?", type=Path, default=ROOT / "build" / "bench.json")
    given = parser.parse_args()
    if not given.records.exists():
        parser.error(f"{given.records} does not exist: run `make bench` first")
    records = json.loads(given.records.read_text())
    if not records:
        parser.error(f"{given.records} holds no records")
    TABLE.write_text(table(records))
    draw(records, PICTURE)
    print(f"{TABLE}\n{PICTURE}")


if __name__ == "__main__":
    main()
