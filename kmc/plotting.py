# SPDX-License-Identifier: BSD-3-Clause
"""Figures of one run, from its results file alone: film, growth, profiles, budgets (floor 8).

Times are on a logarithmic axis, because films grow over decades, unless the outputs are evenly spaced.
Nothing is drawn that the data do not carry: no growth exponent from a handful of outputs, no gas panel
without gas, no current against potential where the potential stands still.
"""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from kmc.constants import AVOGADRO, FARADAY
from kmc.errors import KmcError
from kmc.film_picture import NM, film_figure, mark_panel, time_text
from kmc.palette import Legend, legend_of, pretty
from kmc.result import Result, output_files
from kmc.solution_picture import is_drawn, solution_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from xarray import Dataset

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "xtick.major.pad": 5.0,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "lines.linewidth": 1.3,
    "legend.frameon": False,
    "savefig.dpi": 300,
    "svg.fonttype": "none",
}
# A growth exponent is the slope over this many decades of time, from at least this many outputs.
_WINDOW, _LEAST = 1.0, 5
# Solids below this share of all are drawn together, so that a legend stays short.
_MINOR = 0.01


def plot(results_path: str | os.PathLike, directory: str | os.PathLike | None = None) -> list[Path]:
    """Draw all figures of a run.

    Parameters
    ----------
    results_path : path
        A results.h5, or the directory that holds one.
    directory : path, optional
        Where the pictures go; beside the results by default.

    Returns
    -------
    files : list of Path
        film.png, thickness.png, profiles.png, budget.png; solution.png where the solution is finite or all there is.

    Raises
    ------
    KmcError
        If there are no results, or no output in them yet.
    """
    import matplotlib

    with Result(results_path) as result:
        if result.n_outputs == 0 or (result.has_lattice and result.data.sizes["snapshot_time"] == 0):
            raise KmcError(f"{result.path} holds no output yet")
        drawings = {
            "film": film_figure, "thickness": thickness_figure, "profiles": profiles_figure, "budget": budget_figure,
        } if result.has_lattice else {}
        names = [*drawings, *(["solution"] if is_drawn(result) else [])]
        files = output_files(directory or result.path.parent, [f"{name}.png" for name in names])
        legend = legend_of(result) if drawings else None
        with matplotlib.rc_context(STYLE):
            for path, name in zip(files, names, strict=True):
                figure = drawings[name](result, legend) if name in drawings else solution_figure(result)
                figure.savefig(path)
    return files


def thickness_figure(result: Result, _legend: Legend | None = None) -> Figure:
    """Thickness and equivalent thickness against time, with the growth exponent where the data carry one.

    Parameters
    ----------
    result : Result

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    data = result.data
    time = data["time"].values
    exponent = growth_exponent(time, data["equivalent_thickness"].values)
    has_exponent = len(exponent[0]) >= 3
    figure = Figure(figsize=(3.5, 3.7 if has_exponent else 2.6), layout="constrained")
    panels = figure.subplots(
        2 if has_exponent else 1, 1, sharex=True, squeeze=False, height_ratios=[2, 1][: 1 + has_exponent]
    )
    axes = panels[0, 0]
    thickness, roughness = (data[name].values * NM for name in ("thickness", "roughness"))
    axes.fill_between(
        time, np.maximum(thickness - roughness, 0), thickness + roughness, color="#0072b2", alpha=0.15, lw=0
    )
    axes.plot(time, thickness, color="#0072b2", label="thickness: mean height (band: roughness)")
    equivalent = data["equivalent_thickness"].values * NM
    axes.plot(time, equivalent, color="#d55e00", ls="--", label="equivalent thickness: without pores")
    axes.set_ylabel("thickness (nm)")
    _legend_above(axes, 2)
    if has_exponent:
        lower = panels[1, 0]
        lower.plot(*exponent, "o", ms=2.5, color="#d55e00")
        for value, name in ((1.0, "1"), (0.5, "1/2")):
            lower.axhline(value, color="0.7", lw=0.6, zorder=0)
            lower.annotate(
                f"$t^{{{name}}}$",
                (1, value),
                xycoords=("axes fraction", "data"),
                xytext=(-3, 1),
                textcoords="offset points",
                ha="right",
                va="bottom",
                color="0.45",
            )
        lower.set(
            ylabel="growth exponent",
            ylim=(min(0.0, 1.1 * exponent[1].min()), max(1.25, 1.1 * exponent[1].max())),
        )
    set_time_axis(panels[-1, 0], time)
    return figure


def growth_exponent(time: np.ndarray, thickness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Local slope of thickness against time on logarithmic axes.

    Parameters
    ----------
    time : float64, shape (n,), [s]
    thickness : float64, shape (n,), [m]

    Returns
    -------
    time, exponent : float64, shape (m,)
        d ln L / d ln t by linear regression over windows of a decade that lie within the run, where they hold
        at least five outputs and the thickness changes.
    """
    keep = (time > 0) & (thickness > 0)
    log_time, log_thickness = np.log10(time[keep]), np.log10(thickness[keep])
    centres, slopes = [], []
    for centre in log_time:
        near = np.abs(log_time - centre) <= _WINDOW / 2 + 1e-9
        whole = log_time[0] <= centre - _WINDOW / 2 + 1e-9 and centre + _WINDOW / 2 - 1e-9 <= log_time[-1]
        if whole and near.sum() >= _LEAST and np.ptp(log_thickness[near]) > 0:
            centres.append(10.0**centre)
            slopes.append(np.polyfit(log_time[near] - centre, log_thickness[near], 1)[0])
    return np.array(centres), np.array(slopes)


def profiles_figure(result: Result, legend: Legend) -> Figure:
    """Composition at the end against the distance from the electrode, and porosity as it evolved.

    Parameters
    ----------
    result : Result
    legend : Legend

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    data = result.data
    figure = Figure(figsize=(7.2, 2.7), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True)
    half = result.lattice_vectors[2, 2] * NM / 2
    above = data["z"].values > 0
    edges = np.append(data["z"].values[above] * NM - half, data["z"].values[-1] * NM + half)
    _draw_composition(left, data["volume_fraction"].values[-1][above], edges, legend)
    _draw_porosity(right, data["time"].values, data["porosity"].values[:, above], edges)
    solid_layers = np.flatnonzero((data["porosity"].values[:, above] < 1.0).any(axis=0))
    end = edges[min(solid_layers[-1] + 3, len(edges) - 1)] if len(solid_layers) else edges[-1]
    for axes, letter in ((left, "a"), (right, "b")):
        axes.set(xlim=(0, end), ylim=(0, 1), xlabel="distance from the electrode (nm)")
        mark_panel(axes, letter)
    return figure


def _draw_composition(axes: Axes, fraction: np.ndarray, edges: np.ndarray, legend: Legend) -> None:
    """Stacked shares of the layers, solids from the bottom, liquid on top."""
    from matplotlib.patches import Patch

    floor = np.zeros(len(fraction))
    handles = []
    for colour, label, share in _stack(fraction, fraction, legend):
        axes.stairs(floor + share, edges, baseline=floor, fill=True, color=colour, lw=0)
        floor = floor + share
        handles.append(Patch(facecolor=colour, label=label))
    axes.stairs(floor, edges, color="0.2", lw=0.7)
    axes.set_ylabel("share of the layer")
    handles.append(Patch(facecolor="white", edgecolor="0.5", lw=0.5, label="liquid"))
    axes.legend(handles=handles[::-1], loc="upper right", frameon=True, framealpha=0.85, edgecolor="none")


def _stack(values: np.ndarray, weights: np.ndarray, legend: Legend) -> list[tuple[object, str, np.ndarray]]:
    """Colour, name and values (n, n_species) of every solid that matters, then of the rest together."""
    total = weights[:, legend.solids].sum()
    major = [k for k in legend.solids if weights[:, k].sum() > _MINOR * total]
    rest = values[:, [k for k in legend.solids if k not in major]].sum(axis=1)
    stack = [(legend.colours[k], legend.labels[k], values[:, k]) for k in major]
    return [*stack, ("0.75", "other solids", rest)] if rest.any() else stack


def _draw_porosity(axes: Axes, time: np.ndarray, porosity: np.ndarray, edges: np.ndarray) -> None:
    """Porosity at the end and at up to five earlier times, as evenly spaced as the outputs are."""
    from matplotlib import colormaps

    positive = np.flatnonzero(time > 0)
    shown = positive[-1:] if len(positive) else np.array([len(time) - 1])
    if len(positive) > 1:
        scale = np.asarray(time if _is_even(time[positive]) else np.log(np.maximum(time, time[positive[0]])))
        targets = np.linspace(scale[positive[0]], scale[-1], 6)
        shown = np.unique([positive[np.argmin(np.abs(scale[positive] - target))] for target in targets])
    shades = colormaps["cividis_r"](np.linspace(0.12, 1.0, len(shown)))
    for k, shade in zip(shown, shades, strict=True):
        axes.stairs(porosity[k], edges, baseline=None, color=shade, lw=1.2, label=time_text(time[k]))
    axes.set_ylabel("porosity of the layer")
    axes.legend(loc="lower right", title="time", title_fontsize=7)


def budget_figure(result: Result, legend: Legend) -> Figure:
    """Charge and where its lithium is, gas, the electrons of every process, and current against potential.

    Parameters
    ----------
    result : Result
    legend : Legend

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    data = result.data
    has_gas = bool((data["gas"].values != 0).any()) if data.sizes["gas_species"] else False
    names, shares = electrons_by_process(result)
    sweeps = len(np.unique(data["potential"].values[1:])) >= _LEAST
    n_panels = 1 + has_gas + bool(names) + sweeps
    figure = Figure(figsize=(2.45 * n_panels if n_panels > 1 else 3.5, 2.7), layout="constrained")
    panels = iter(figure.subplots(1, n_panels, squeeze=False)[0])
    letters = iter("abcd")
    time = data["time"].values
    axes = next(panels)
    _draw_charge(axes, result, legend)
    set_time_axis(axes, time)
    mark_panel(axes, next(letters))
    if has_gas:
        axes = next(panels)
        for k, gas in enumerate(data["gas_species"].values.tolist()):
            colour = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")[k % 5]
            if data["gas"].values[:, k].any():
                axes.plot(time, data["gas"].values[:, k] * 1e6, color=colour, label=pretty(gas))
        axes.set_ylabel("gas evolved (µmol m$^{-2}$)")
        _legend_above(axes, len(axes.lines))
        set_time_axis(axes, time)
        mark_panel(axes, next(letters))
    if names:
        axes = next(panels)
        bars = axes.barh(range(len(names)), 100 * np.array(shares), color="#56b4e9", height=0.65)
        axes.bar_label(
            bars,
            [f"{100 * share:.2g} %" if abs(share) < 0.1 else f"{100 * share:.0f} %" for share in shares],
            padding=2,
        )
        axes.margins(x=0.22)
        axes.set_yticks(range(len(names)), [fill(name, 20) for name in names])
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.axvline(0, color="0.3", lw=0.6)
        axes.set_xlabel("electrons (% of those passed)")
        mark_panel(axes, next(letters))
    if sweeps:
        axes = next(panels)
        _draw_current(axes, data)
        mark_panel(axes, next(letters))
    return figure


def _draw_current(axes: Axes, data: Dataset) -> None:
    """Mean current density between outputs against the potential half-way, with the film that is there."""
    potential, current = data["potential"].values, data["current_density"].values
    axes.axhline(0, color="0.7", lw=0.6, zorder=0)
    axes.plot((potential[1:] + potential[:-1]) / 2, current[1:], color="black", label="reduction current")
    axes.set(xlabel="potential (V vs Li/Li$^+$)", ylabel="current density (A m$^{-2}$)")
    axes.ticklabel_format(axis="y", scilimits=(-2, 3), useMathText=True)
    right = axes.twinx()
    colour = "#d55e00"
    right.plot(potential, data["equivalent_thickness"].values * NM, color=colour, ls="--")
    right.set_ylim(bottom=0.0)
    right.set_ylabel("equivalent thickness (nm)", color=colour)
    right.tick_params(axis="y", colors=colour)
    axes.tick_params(axis="y", right=False)


def _draw_charge(axes: Axes, result: Result, legend: Legend) -> None:
    """Charge passed, and the charge equivalent of the lithium in every solid of the film, stacked."""
    data = result.data
    time = data["time"].values
    bound = data["film_count"].values * data["lithium_number"].values * FARADAY / (AVOGADRO * result.area)
    floor = np.zeros(len(time))
    for colour, label, charge in _stack(bound, bound[-1:], legend):
        axes.fill_between(time, floor, floor + charge, color=colour, lw=0, label=f"Li in {label}")
        floor = floor + charge
    charge = data["charge"].values
    # Lithium came with an electron unless its site is charged, so only charged sites lift it above the charge.
    label = "charge passed (Li above\nit: Li$^+$ in charged sites)" if (floor > charge).any() else "charge passed"
    axes.plot(time, charge, color="black", label=label)
    axes.set_ylabel("charge (C m$^{-2}$)")
    _legend_above(axes, len(axes.get_legend_handles_labels()[0]))


def electrons_by_process(result: Result, n_most: int = 7) -> tuple[list[str], list[float]]:
    """Net electrons of every reversible pair or single process, as shares of all electrons passed.

    Parameters
    ----------
    result : Result
    n_most : int
        Names at most; the smaller rest is summed up as ``others``.

    Returns
    -------
    names : list of str
        By size; empty if no electron passed on balance.
    shares : list of float
    """
    data = result.data
    total = int(data["electrons"].values[-1])
    if total == 0:
        return [], []
    taken = data["event_count"].values[-1] * data["electron_number"].values
    forward = result.table("processes")["reverse_of"].values.tolist()
    sums: dict[str, int] = {}
    for name, of, n in zip(data["process"].values.tolist(), forward, taken.tolist(), strict=True):
        if n:
            sums[of or name] = sums.get(of or name, 0) + n
    ordered = sorted(sums, key=lambda name: -abs(sums[name]))
    names, shares = ordered[:n_most], [sums[name] / total for name in ordered[:n_most]]
    rest = sum(sums[name] for name in ordered[n_most:])
    return (names, shares) if len(ordered) <= n_most else ([*names, "others"], [*shares, rest / total])


def _legend_above(axes: Axes, n_entries: int) -> None:
    """Legend in the upper left, with room for it above what is drawn; drawn last is named first."""
    bottom, top = axes.get_ylim()
    height = axes.figure.get_size_inches()[1] * axes.get_subplotspec().get_position(axes.figure).height
    share = min(0.6, (0.15 * n_entries + 0.1) / height)
    axes.set_ylim(min(bottom, 0.0) if bottom < -0.1 * top else 0.0, top / (1.0 - share))
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="upper left", handlelength=1.4)


def set_time_axis(axes: Axes, time: np.ndarray) -> None:
    """Label the axis over the times after zero, logarithmic unless the outputs are evenly spaced.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    time : float64, shape (n,), [s]
    """
    positive = time[time > 0]
    axes.set_xlabel("time (s)")
    if len(positive) > 1:
        axes.ticklabel_format(axis="x", useMathText=True)
        if not _is_even(positive):
            axes.set_xscale("log")
        axes.set_xlim(positive[0], positive[-1])


def _is_even(time: np.ndarray) -> bool:
    """Whether times (n,) [s] are spread over the run rather than over decades."""
    return bool(np.median(time) > 0.3 * time[-1])
