#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Which solids form near the electrode and which farther out, over several runs of one deck.

    for seed in 1 2 3 4 5; do kmc run inputs/graphite_ec.yaml --seed $seed -o results/seed$seed; done
    python scripts/products_by_distance.py results/seed*/results.h5

Prints, at the last output, the share of each solid among the solid sites of bands of distance from the electrode, mean
and standard error over the runs; the growth exponent d ln L / d ln t between outputs a decade apart; and how often each
process that is no walk happened in each decade, which shows the step that limits growth.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np

import kmc


def main():
    """Read the runs and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Path, help="results.h5 of runs that differ in their seed")
    parser.add_argument("--bands", nargs="+", type=float, default=[0, 1, 2, 4, 8, 16], help="edges of the bands [nm]")
    arguments = parser.parse_args()
    runs = [kmc.open(path) for path in arguments.results]
    _print_shares(runs, arguments.bands)
    _print_growth(runs)
    _print_events(runs)


def _print_shares(runs, bands):
    data = runs[0].data
    solids = [str(name) for name in data["species"].values[data["phase"].values == "solid"]]
    shares = np.array([_shares(run.data, solids, bands) for run in runs])
    mean, error = _statistics(shares)
    print(f"share of the solid sites, {len(runs)} runs, t = {float(data['time'][-1]):.3g} s")
    print("nm".ljust(10) + "".join(name.rjust(22) for name in solids))
    for i, (low, high) in enumerate(pairwise(bands)):
        cells = "".join(f"{mean[i, j]:.3f} +- {error[i, j]:.3f}".rjust(22) for j in range(len(solids)))
        print(f"{low:g}-{high:g}".ljust(10) + cells)


def _shares(data, solids, bands):
    """float64, shape (n_bands, n_solids): share of each solid in each band."""
    height = data["z"].values * 1e9
    profile = data["volume_fraction"].isel(time=-1).sel(species=solids).values
    in_band = [(height > low) & (height < high) for low, high in pairwise(bands)]
    sums = np.array([profile[mask].sum(axis=0) for mask in in_band])
    with np.errstate(invalid="ignore"):
        return sums / sums.sum(axis=1, keepdims=True)


def _print_growth(runs):
    head = ("thickness (nm)", "equivalent (nm)", "porosity")
    print("\ntime (s)    " + "".join(name.ljust(20) for name in head) + "exponent of the equivalent thickness")
    time, decades = runs[0].data["time"].values, _decades(runs[0].data)
    names = ("thickness", "equivalent_thickness", "mean_porosity")
    before = None
    for i in decades:
        columns = [np.array([run.data[name].values[i] for run in runs]) for name in names]
        shown = [_statistics(column * scale) for column, scale in zip(columns, (1e9, 1e9, 1.0), strict=True)]
        text = "".join(f"{mean:.3f} +- {error:.3f}".ljust(20) for mean, error in shown)
        exponent = "" if before is None else "{:.3f} +- {:.3f}".format(*_statistics(
            np.log10(columns[1] / before[1]) / np.log10(time[i] / time[before[0]])))
        print(f"{time[i]:<12.3g}{text}{exponent}")
        before = (i, columns[1]) if (columns[1] > 0).all() else None


def _print_events(runs):
    """Mean events of every process in each decade of time; walks and what never reaches one event are left out."""
    time, decades = runs[0].data["time"].values, _decades(runs[0].data)
    names = [str(name) for name in runs[0].data["process"].values]
    counts = np.array([run.data["event_count"].values[decades] for run in runs]).mean(axis=0)
    gained = np.diff(counts, axis=0)
    print("\nevents up to (s)".ljust(44) + "".join(f"{time[i]:.0e}".rjust(10) for i in decades[1:]))
    for k, name in enumerate(names):
        if gained[:, k].max() >= 1.0 and not name.startswith("walk of"):
            print(name.ljust(43) + "".join(f"{n:10.1f}" for n in gained[:, k]))


def _decades(data):
    """Indexes of the outputs at powers of ten [s]."""
    time = data["time"].values
    return [i for i, t in enumerate(time) if t > 0 and abs(np.log10(t) - round(np.log10(t))) < 1e-6]


def _statistics(values):
    """Mean and standard error over the runs."""
    n = values.shape[0]
    error = values.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(values.shape[1:], np.nan)
    return values.mean(axis=0), error


if __name__ == "__main__":
    main()
