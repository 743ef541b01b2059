# SPDX-License-Identifier: BSD-3-Clause
"""Figures of a sweep, from its file alone: growth with its bands, values at the end, Sobol indices. Floor 81."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from kmc.errors import KmcError
from kmc.film_picture import NM, mark_panel
from kmc.plotting import STYLE, set_time_axis
from kmc.result import output_files
from kmc.sobol import NOISE, OUTPUTS, Indices, draws_of, factors_of, final_values, indices, order_of
from kmc.sweep_file import FINAL
from kmc.sweep_result import SweepResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Hues of Okabe and Ito, https://jfly.uni-koeln.de/color/; more cases than these are not told apart in one picture.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5a5a5a")
_AXES = {"thickness": ("thickness (nm)", NM), "mean_porosity": ("porosity", 1.0)}
_LABEL_WIDTH = 30
_MOST_NOISE = 0.9


def plot_sweep(path: str | os.PathLike, directory: str | os.PathLike | None = None) -> list[Path]:
    """Draw the films of a sweep.

    Parameters
    ----------
    path : path
        A sweep.h5, or the directory that holds one.
    directory : path, optional
        Where the pictures go; beside the sweep by default.

    Returns
    -------
    files : list of Path
        sweep_growth.png, sweep_end.png.

    Raises
    ------
    KmcError
        If there is no sweep, or nothing in it to draw.
    """
    import matplotlib

    with SweepResult(path) as result:
        drawn = [name for name in OUTPUTS if name in result.data and np.isfinite(result.data[name].values).any()]
        if not drawn:
            raise KmcError(f"{result.path} holds no thickness of any film to draw")
        files = output_files(directory or result.path.parent, ["sweep_growth.png", "sweep_end.png"])
        with matplotlib.rc_context(STYLE):
            growth_figure(result, drawn).savefig(files[0])
            end_figure(result, drawn).savefig(files[1])
    return files


def growth_figure(result: SweepResult, outputs: Sequence[str] = OUTPUTS) -> Figure:
    """Means over the films of every case against time: dark band the confidence interval, light band 5 to 95 %.

    Parameters
    ----------
    result : SweepResult
    outputs : sequence of str

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    summary, time = result.summary, result.summary["time"].values
    figure = Figure(figsize=(3.6, 0.5 + 2.1 * len(outputs)), layout="constrained")
    panels = figure.subplots(len(outputs), 1, sharex=True, squeeze=False)[:, 0]
    positive = time > 0
    for axes, name, letter in zip(panels, outputs, "abcdef", strict=False):
        label, scale = _AXES.get(name, (name, 1.0))
        for case, colour in enumerate(_COLOURS[: summary.sizes["case"]]):
            of = {str(s): summary[name].values[case, n] * scale for n, s in enumerate(summary["statistic"].values)}
            for low, high, shade in (("q05", "q95", 0.15), ("low", "high", 0.4)):
                band = of[low][positive], of[high][positive]
                axes.fill_between(time[positive], *band, color=colour, alpha=shade, lw=0)
            axes.plot(time[positive], of["mean"][positive], color=colour, label=_case_label(result, case))
        axes.set_ylabel(label)
        axes.set_ylim(bottom=0)
        mark_panel(axes, letter)
    set_time_axis(panels[-1], time)
    if summary.sizes["case"] > 1:
        panels[0].legend(loc="upper left")
    confidence = float(summary.attrs["confidence"])
    panels[0].set_title(f"mean, {100 * confidence:g} % interval of the mean (dark), 5 to 95 % of films", fontsize=7)
    return figure


def end_figure(result: SweepResult, outputs: Sequence[str] = OUTPUTS) -> Figure:
    """How the films of every case are distributed at their end, with mean and confidence interval.

    Parameters
    ----------
    result : SweepResult
    outputs : sequence of str

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    data, summary = result.data, result.summary
    figure = Figure(figsize=(7.2, 2.6), layout="constrained")
    panels = figure.subplots(1, len(outputs), squeeze=False)[0]
    weights, cases = data["weight"].values, data["case_of_member"].values
    for axes, name, letter in zip(panels, outputs, "abcdef", strict=False):
        label, scale = _AXES.get(name, (name, 1.0))
        values = data[f"{FINAL}{name}"].values * scale
        there = np.isfinite(values) & (weights > 0)
        edges = np.histogram_bin_edges(values[there], bins="fd" if there.sum() > 10 else 5)
        if len(edges) > 60:
            edges = np.linspace(edges[0], edges[-1], 41)
        for case, colour in enumerate(_COLOURS[: summary.sizes["case"]]):
            chosen = there & (cases == case)
            axes.hist(values[chosen], edges, weights=weights[chosen] / max(weights[chosen].sum(), 1e-300),
                      color=colour, alpha=0.45, label=_case_label(result, case))
            mean, _, low, high, *_ = summary[f"{FINAL}{name}"].values[case] * scale
            top = axes.get_ylim()[1]
            axes.errorbar([mean], [top * 1.03], xerr=[[mean - low], [high - mean]], fmt="|", color=colour, capsize=2)
        axes.set(xlabel=f"{label} at the end", ylabel="share of films")
        mark_panel(axes, letter)
    if summary.sizes["case"] > 1:
        panels[0].legend()
    return figure


def plot_sensitivity(
    path: str | os.PathLike, directory: str | os.PathLike | None = None, outputs: Sequence[str] | None = None
) -> Path:
    """Draw the Sobol indices of a sweep, one picture for its first case.

    Parameters
    ----------
    path : path
        A sweep.h5, or the directory that holds one.
    directory : path, optional
        Where the picture goes; beside the sweep by default.
    outputs : sequence of str, optional
        Fields along time; thickness and mean_porosity by default.

    Returns
    -------
    file : Path
        sensitivity.png.

    Raises
    ------
    KmcError
        See `kmc.sobol.sensitivity`.
    """
    import matplotlib

    with SweepResult(path) as result:
        (file,) = output_files(directory or result.path.parent, ["sensitivity.png"])
        with matplotlib.rc_context(STYLE):
            sensitivity_figure(result, outputs or OUTPUTS).savefig(file)
    return file


def sensitivity_figure(result: SweepResult, outputs: Sequence[str], case: int = 0) -> Figure:
    """First-order and total indices at the end of the films, and total indices against time.

    Parameters
    ----------
    result : SweepResult
    outputs : sequence of str
    case : int

    Returns
    -------
    figure : matplotlib.figure.Figure
        Of the expected film, the mean over random numbers; below it the share of these in the variance of single films.
    """
    from matplotlib.figure import Figure

    names, confidence = factors_of(result), float(result.summary.attrs["confidence"])
    figure = Figure(figsize=(7.2, 3.4 + 0.3 * len(names)), layout="constrained")
    panels = figure.subplots(2, len(outputs), squeeze=False, height_ratios=[1.3 + 0.3 * len(names), 2.0])
    colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(names)}
    for column, output in enumerate(outputs):
        found = indices(draws_of(result, final_values(result, output), case), names, confidence)
        _draw_bars(panels[0, column], found, _AXES.get(output, (output, 1.0))[0].partition(" (")[0])
        _draw_course(panels[1, column], result, output, case, colours)
    for axes, letter in zip(panels.ravel(), "abcdefgh", strict=False):
        mark_panel(axes, letter)
    drawn = [axes for axes in panels[0] if axes.get_legend_handles_labels()[0]]
    if drawn:
        drawn[-1].legend(loc="lower right")
    panels[1, 0].legend(fontsize=6)
    return figure


def _draw_bars(axes: Axes, found: Indices, title: str) -> None:
    """First-order and total index of every factor, the largest total on top."""
    axes.set_title(title, fontsize=7)
    if np.isnan(found.total).all():
        axes.annotate("does not vary", (0.5, 0.5), xycoords="axes fraction", ha="center")
        axes.set(xticks=[], yticks=[])
        return
    order = order_of(found)[:-1]
    places = np.arange(len(order))
    for kind, shift, colour, label in (
        ("film_first_order", -0.19, "#56b4e9", "first order"), ("film_total", 0.19, "#0072b2", "total"),
    ):
        values = getattr(found, kind)[order]
        axes.barh(places + shift, values[:, 0], 0.36, xerr=values[:, 1], color=colour, label=label,
                  error_kw={"lw": 0.7, "capsize": 1.5})
    share, error = found.total[-1]
    axes.barh([len(order)], [share], 0.36, xerr=[error], color="0.7", label="of single films",
              error_kw={"lw": 0.7, "capsize": 1.5})
    axes.set_yticks([*places, len(order)], [*(_factor_label(found.factors[number]) for number in order), NOISE])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.axvline(0, color="0.3", lw=0.6)
    ends = np.concatenate([getattr(found, kind)[:-1].sum(axis=1) for kind in ("film_first_order", "film_total")])
    axes.set_xlim(-0.2, min(max(1.1, 0.05 + np.nanmax(ends)), 2.0))
    axes.set_xlabel("Sobol index of the expected film")


def _draw_course(axes: Axes, result: SweepResult, output: str, case: int, colours: dict[str, str]) -> None:
    """Total indices against time, with that of the random numbers in single films."""
    time, values = result.data["time"].values, result.data[output].values
    courses = {name: np.full(len(time), np.nan) for name in (*colours, NOISE)}
    for step in range(len(time)):
        try:
            found = indices(draws_of(result, values[:, step], case), list(colours), n_resamples=2)
        except KmcError:  # too few films have a value yet
            continue
        if found.total[-1, 0] < _MOST_NOISE:  # above, next to nothing is left for the factors
            for number, name in enumerate(colours):
                courses[name][step] = found.film_total[number, 0]
        courses[NOISE][step] = found.total[-1, 0]
    for name, course in courses.items():
        style = {"color": "0.5", "ls": ":"} if name == NOISE else {"color": colours[name]}
        axes.plot(time, course, label=_factor_label(name).replace("\n", ""), **style)
    set_time_axis(axes, time)
    axes.set(ylim=(0, 1.2), ylabel="total index")


def _factor_label(name: str) -> str:
    """Name of a factor without what all of them have in common."""
    short = name.rpartition("#")[2].removeprefix("processes.").replace(".rate.", " ")
    return fill(short, _LABEL_WIDTH)


def _case_label(result: SweepResult, case: int) -> str:
    """What a case sets, in a line."""
    text = ", ".join(f"{path.rpartition('.')[2]} {value}" for path, value in result.cases[case].items())
    return text if len(text) <= _LABEL_WIDTH * 2 else f"case {case}"
