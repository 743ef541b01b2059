# SPDX-License-Identifier: BSD-3-Clause
"""The figure of a solution: its species against time (floor 8).

In: a `Result`. Out: a matplotlib figure. Concentrations where the compartment has a volume, else molecules; only the
species that are there at some time, and of many those of which there are most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kmc.palette import SPARE, pretty

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kmc.result import Result

MOST = 12
"""int: lines in the figure; the species with the largest numbers are drawn."""

# Outputs are spread over the run rather than over decades if their median time is beyond this share of the last.
_EVEN = 0.3
# Hues of Okabe and Ito, https://jfly.uni-koeln.de/color/, then muted ones.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", *SPARE)


def is_drawn(result: Result) -> bool:
    """Whether there is anything in the solution to draw: finite species, or a run without lattice.

    Parameters
    ----------
    result : Result

    Returns
    -------
    bool
    """
    if not result.has_lattice or "concentration" in result.data:
        return True
    # Only finite species have molecules at the start.
    in_solution = result.data["compartment"].values == "solution"
    return bool(result.data["count"].values[0, in_solution].any())


def solution_figure(result: Result) -> Figure:
    """Molecules or concentrations of the solution against time.

    Parameters
    ----------
    result : Result

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    names, values, unit = _amounts(result)
    time = result.data["time"].values
    over_decades = np.count_nonzero(time > 0) > 1 and np.median(time[time > 0]) <= _EVEN * time[-1]
    if over_decades:  # zero has no place on a logarithmic axis, nor have its amounts
        time, values = time[time > 0], values[time > 0]
    largest = np.abs(values).max(axis=0, initial=0)
    shown = [k for k in np.argsort(-largest, kind="stable") if largest[k] > 0][:MOST]
    figure = Figure(figsize=(5.2, 3.0), layout="constrained")
    axes = figure.subplots()
    for line, k in enumerate(shown):
        style = {"color": _COLOURS[line % len(_COLOURS)], "label": pretty(names[k])}
        axes.plot(time, values[:, k], drawstyle="steps-post" if unit == "1" else "default", **style)
    axes.set(xlabel="time (s)", ylabel="molecules" if unit == "1" else "concentration (mol m$^{-3}$)")
    if over_decades:
        axes.set_xscale("log")
    if len(time) > 1:
        axes.set_xlim(time[0], time[-1])
    if shown:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title=_title(largest, shown), title_fontsize=7)
    return figure


def _amounts(result: Result) -> tuple[list[str], np.ndarray, str]:
    """Names, values (n_times, n_species) and unit of what is drawn."""
    data = result.data
    if "concentration" in data:
        return data["solution_species"].values.tolist(), data["concentration"].values, "mol m-3"
    in_solution = data["compartment"].values == "solution"
    return data["species"].values[in_solution].tolist(), data["count"].values[:, in_solution], "1"


def _title(largest: np.ndarray, shown: list[int]) -> str | None:
    """What the legend says of species that are not drawn."""
    n_there = int(np.count_nonzero(largest))
    return f"{len(shown)} of {n_there} species" if n_there > len(shown) else None
