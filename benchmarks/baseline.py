# SPDX-License-Identifier: BSD-3-Clause
"""Figures of an earlier state of the core, to compare with: `baseline.json`."""

import json
from functools import cache
from pathlib import Path

PATH = Path(__file__).with_name("baseline.json")

KEPT = ("instructions_per_event", "bytes_per_site", "ns_per_event")
"""tuple of str: figures that are compared."""

UNDER = ("date", "commit", "cpu", "compiler", "python", "numpy", "load_average")
"""tuple of str: conditions that are kept with them; nanoseconds mean nothing without."""


@cache
def stored():
    """dict: (case, sites) -> record of the baseline; empty if there is none."""
    if not PATH.exists():
        return {}
    return {(record["case"], record["sites"]): record for record in json.loads(PATH.read_text())}


def beside(record):
    """A record with the ratios of its figures to those of the baseline.

    Parameters
    ----------
    record : dict

    Returns
    -------
    record : dict
        With `instructions_over_baseline`, `bytes_over_baseline` and `ns_over_baseline`, None where there is no figure.
    """
    old = stored().get((record["case"], record["sites"]), {})
    ratios = {}
    for name in KEPT:
        new, before = record.get(name), old.get(name)
        ratios[f"{name.split('_')[0]}_over_baseline"] = new / before if new and before else None
    return record | ratios


def update(records):
    """Replace the figures of the cases that have been measured; the others stay.

    Parameters
    ----------
    records : list of dict
    """
    kept = dict(stored())
    for record in records:
        if record["program"] == "sei-kmc":
            figures = {name: _rounded(record.get(name)) for name in KEPT}
            if figures["instructions_per_event"] is None:
                figures.pop("instructions_per_event")
            place = record["case"], record["sites"]
            kept[place] = kept.get(place, {}) | {"case": place[0], "sites": place[1]} | figures
            kept[place] |= {name: record[name] for name in UNDER}
    lines = ",\n".join(" " + json.dumps(kept[place]) for place in sorted(kept))
    PATH.write_text(f"[\n{lines}\n]\n")
    stored.cache_clear()


def _rounded(figure):
    return figure if figure is None else round(figure, 2)
