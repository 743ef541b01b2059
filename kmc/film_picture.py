# SPDX-License-Identifier: BSD-3-Clause
"""The picture of a film: cross-sections in the colours of the species, beside a map of heights.

In: a `Result` and a `Legend`. Out: a matplotlib figure. Axes are placed in inches, because sections must keep
the aspect of the box and still not leave the page. Floor 75.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kmc.palette import DISSOLVED, ELECTRODE, LIQUID, Legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from kmc.result import Result

NM = 1e9
# Page, in inches.
_WIDTH, _LEFT, _TOP, _BOTTOM, _GAP = 7.2, 0.45, 0.2, 0.42, 0.5
_SECTION, _MAP = 3.6, 1.85
# Sections flatter than this come in pairs, along x and along y; none is drawn taller than the other limit.
_FLAT, _TALLEST = 1.6, 4.2
_LEGEND_COLUMNS, _LEGEND_ROW = 5, 0.16
# Pixels across a site where layers are shifted by parts of one.
_FINE = 12
# Liquid shown above the highest film site and electrode below the surface, [nm].
_ABOVE, _BELOW = 1.0, 0.8


@dataclass(frozen=True)
class _Cut:
    """The sites of one index y (or x), seen along the normal of the plane of a1 (or a2) and z.

    Attributes
    ----------
    axis : str
        Index that runs through it.
    picture : int64, shape (nz, n_pixels)
        Species, -1 outside of the box; a site is several pixels wide where layers are shifted against each other.
    ends : (float, float), [nm]
        Of the picture.
    shown : (float, float), [nm]
        The part of it with the layers that are drawn.
    layer, place : int64 (n,), float64 (n,) [nm]
        Layer and centre of the dissolved species.
    wide : float, [nm]
        Width of a site.
    """

    axis: str
    picture: np.ndarray
    ends: tuple[float, float]
    shown: tuple[float, float]
    layer: np.ndarray
    place: np.ndarray
    wide: float


def film_figure(result: Result, legend: Legend) -> Figure:
    """Draw the last snapshot of a film.

    Parameters
    ----------
    result : Result
    legend : Legend

    Returns
    -------
    figure : matplotlib.figure.Figure

    Notes
    -----
    Each layer of a section is where it is in space: on a lattice whose vector a3 leans it is shifted against the one
    below, and what leaves a periodic box comes in again on the other side. A site is drawn as wide as a1 (a2) and as
    high as a layer. The map has the height of a column at the foot of the column.
    """
    data = result.data
    sites = result.film.values
    heights = data["thickness_map"].values[_output_of_snapshot(result)] * NM
    vectors = result.lattice_vectors * NM
    _, n_y, n_x = sites.shape
    layer = vectors[2, 2]
    top = min(heights.max() + _ABOVE + layer, data["z"].values[-1] * NM + layer / 2)
    cuts = [_cut("x", sites[:, n_y // 2, :], top, result, legend)]
    height = min(_SECTION * (top + _BELOW) / (cuts[0].shown[1] - cuts[0].shown[0]), _TALLEST)
    if n_y > 1 and height < _FLAT:
        cuts.append(_cut("y", sites[:, :, n_x // 2], top, result, legend))
    entries = _entries(legend, np.unique(np.concatenate([cut.picture[cut.picture >= 0] for cut in cuts])))
    sections = len(cuts) * height + (len(cuts) - 1) * _GAP
    body = max(sections, _MAP if n_y > 1 else 0.0)
    figure = _page(_TOP + body + _BOTTOM + 0.1 + _LEGEND_ROW * -(-len(entries) // _LEGEND_COLUMNS), n_y > 1)
    for k, cut in enumerate(cuts):
        axes = _place(figure, _LEFT, _TOP + (body - sections) / 2 + k * (height + _GAP), _SECTION, height)
        _draw_section(axes, cut, legend, data["z"].values * NM, layer, top)
        mark_panel(axes, "ab"[k])
    _note_conditions(figure.axes[0], result)
    if n_y > 1:
        corners = _corners(heights.shape, vectors)
        width, depth = np.ptp(corners[..., 0]), np.ptp(corners[..., 1])
        wide, tall = _MAP * min(1.0, width / depth), _MAP * min(1.0, depth / width)
        left, from_top = _LEFT + _SECTION + _GAP, _TOP + (body - tall) / 2
        axes = _place(figure, left, from_top, wide, tall)
        bar = _place(figure, left + wide + 0.07, from_top, 0.1, tall)
        _draw_map(axes, bar, heights, vectors, len(cuts))
        mark_panel(axes, "abc"[len(cuts)])
    _draw_legend(figure, entries)
    return figure


def _cut(axis: str, sites: np.ndarray, top: float, result: Result, legend: Legend) -> _Cut:
    """A section, sites (nz, n) of it, with every layer shifted by the lean of a3; drawn up to `top` [nm]."""
    along, up = result.lattice_vectors["xy".index(axis)] * NM, result.lattice_vectors[2] * NM
    wide = float(np.linalg.norm(along))
    n_layers, n_sites = sites.shape
    wraps = bool(result.film.attrs["periodic"]["zyx".index(axis)])
    z = result.data["z"].values * NM
    shift = z / up[2] * float(up @ along) / wide
    shift = np.mod(shift, wide * n_sites) if wraps else shift
    layer, column = np.nonzero(np.isin(sites, legend.dissolved))
    place = (column + 0.5) * wide + shift[layer]
    if np.abs(up @ along) < 1e-6 * wide * up[2]:
        ends = 0.0, wide * n_sites
        return _Cut(axis, sites.astype(np.int64), ends, ends, layer, place, wide)
    fine = np.repeat(sites.astype(np.int64), _FINE, axis=1)
    moved = np.round(shift * _FINE / wide).astype(np.int64)
    first, last = (0, 0) if wraps else (int(moved.min()), int(moved.max()))
    picture = np.full((n_layers, fine.shape[1] + last - first), -1)
    for row, by in enumerate(moved.tolist()):
        picture[row, (np.arange(fine.shape[1]) + by - first) % picture.shape[1]] = fine[row]
    ends = first * wide / _FINE, (n_sites + last / _FINE) * wide
    if wraps:
        return _Cut(axis, picture, ends, ends, layer, np.mod(place, wide * n_sites), wide)
    drawn = shift[z - up[2] / 2 < top]
    return _Cut(axis, picture, ends, (drawn.min(), drawn.max() + n_sites * wide), layer, place, wide)


def _corners(shape: tuple[int, int], vectors: np.ndarray) -> np.ndarray:
    """Corners of the columns in the plane of the electrode, float64, shape (ny + 1, nx + 1, 2), [nm]."""
    y, x = np.indices((shape[0] + 1, shape[1] + 1))
    return x[..., None] * vectors[0, :2] + y[..., None] * vectors[1, :2]


def _output_of_snapshot(result: Result) -> int:
    """Index of the output at the time of the last snapshot."""
    data = result.data
    return int(np.argmin(np.abs(data["time"].values - data["snapshot_time"].values[-1])))


def _page(height: float, has_map: bool) -> Figure:
    """An empty page, narrower where there is no map."""
    from matplotlib.figure import Figure

    return Figure(figsize=(_WIDTH if has_map else _LEFT + _SECTION + 0.2, height))


def _place(figure: Figure, left: float, from_top: float, width: float, height: float) -> Axes:
    """Axes at a place in inches, from the upper left corner of the page."""
    wide, tall = figure.get_size_inches()
    return figure.add_axes((left / wide, 1 - (from_top + height) / tall, width / wide, height / tall))


def _note_conditions(axes: Axes, result: Result) -> None:
    """Time and potential of the picture, in its upper right corner."""
    data = result.data
    potential = float(data["potential"].values[_output_of_snapshot(result)])
    axes.annotate(
        f"{time_text(float(data['snapshot_time'].values[-1]))}, {potential:.2f} V",
        (1, 1),
        xytext=(-4, -4),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        va="top",
        bbox={"boxstyle": "square,pad=0.25", "fc": "white", "ec": "none"},
    )


def _draw_legend(figure: Figure, entries: list[tuple[str, object, str]]) -> None:
    """One legend for the page, at its foot."""
    figure.legend(
        handles=[_handle(*entry) for entry in entries],
        loc="lower center",
        ncols=min(_LEGEND_COLUMNS, len(entries)),
        handlelength=1.1,
        borderaxespad=0.2,
        labelspacing=0.3,
        columnspacing=1.4,
    )


def _draw_section(axes, cut, legend, z, layer, top) -> None:
    """One cut through the box, sites as rectangles, dissolved species as dots."""
    from matplotlib.collections import EllipseCollection

    colours = legend.colours.copy()
    for k in legend.dissolved:
        colours[k] = _liquid(legend)
    colours = np.vstack([colours, np.ones(3)])  # the last one for what is outside of the box
    axes.imshow(
        colours[cut.picture],
        origin="lower",
        extent=(*cut.ends, z[0] - layer / 2, z[-1] + layer / 2),
        interpolation="nearest",
        aspect="auto",
    )
    axes.axhspan(-_BELOW, 0.0, color=ELECTRODE, lw=0)
    centres = np.stack([cut.place, z[cut.layer]], axis=1)
    if len(centres):
        dots = np.full(len(centres), 0.75 * min(cut.wide, layer))
        axes.add_collection(
            EllipseCollection(
                dots, dots, 0.0, units="xy", offsets=centres, transOffset=axes.transData, fc=DISSOLVED, lw=0
            )
        )
    axes.set(xlim=cut.shown, ylim=(-_BELOW, top), xlabel=f"{cut.axis} (nm)", ylabel="z (nm)")
    axes.locator_params(nbins=6, steps=[1, 2, 5, 10])


def _draw_map(axes, bar, heights, vectors, n_cuts) -> None:
    """Height of every column, with the cuts marked."""
    n_y, n_x = heights.shape
    corners = _corners(heights.shape, vectors)
    if np.allclose(np.diff(corners[:, 0, 0]), 0.0) and np.allclose(np.diff(corners[0, :, 1]), 0.0):
        extent = (0, corners[0, -1, 0], 0, corners[-1, 0, 1])
        image = axes.imshow(heights, origin="lower", extent=extent, cmap="cividis", interpolation="nearest")
    else:
        image = axes.pcolormesh(corners[..., 0], corners[..., 1], heights, cmap="cividis")
        axes.set_aspect("equal")
    axes.set(xlabel="x (nm)", ylabel="y (nm)")
    axes.locator_params(nbins=5, steps=[1, 2, 5, 10])
    style = {"color": "white", "lw": 0.8, "ls": (0, (4, 3)), "scalex": False, "scaley": False}
    middle = vectors[1, :2] * (n_y // 2 + 0.5)
    axes.plot(*np.array([middle, middle + n_x * vectors[0, :2]]).T, **style)
    if n_cuts > 1:
        middle = vectors[0, :2] * (n_x // 2 + 0.5)
        axes.plot(*np.array([middle, middle + n_y * vectors[1, :2]]).T, **style)
    axes.figure.colorbar(image, cax=bar, label="height of the film (nm)")


def _entries(legend: Legend, present: np.ndarray) -> list[tuple[str, object, str]]:
    """Kind of mark, colour and name of what a picture shows, solids last."""
    entries = []
    for k in present:
        if legend.phases[k] == "electrode":
            entries.append(("square", legend.colours[k], legend.labels[k]))
    entries.append(("square", _liquid(legend), "electrolyte"))
    if set(present) & set(legend.dissolved):
        entries.append(("dot", DISSOLVED, "dissolved intermediates"))
    entries += [("square", legend.colours[k], legend.labels[k]) for k in legend.solids if k in present]
    return entries


def _liquid(legend: Legend):
    """Colour of the liquid, as shown by the first liquid species."""
    liquids = [k for k, phase in enumerate(legend.phases) if phase == "liquid"]
    return legend.colours[liquids[0]] if liquids else LIQUID


def _handle(kind: str, colour, label: str):
    """Mark of a legend."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    if kind == "dot":
        return Line2D([], [], marker="o", ms=4, color=colour, lw=0, label=label)
    return Patch(facecolor=colour, edgecolor="0.5", lw=0.4, label=label)


def mark_panel(axes: Axes, letter: str) -> None:
    """Letter of a panel, in bold, outside its upper left corner.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    letter : str
    """
    axes.annotate(
        letter,
        (0, 1),
        xytext=(-24, 3),
        xycoords="axes fraction",
        textcoords="offset points",
        weight="bold",
        size=9,
    )


def time_text(seconds: float) -> str:
    """A time with two digits and a unit.

    Parameters
    ----------
    seconds : float, [s]

    Returns
    -------
    text : str
    """
    units = ((31557600.0, "yr"), (86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
    small = ((1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
    factor, unit = next((pair for pair in (*units, *small) if seconds >= 0.995 * pair[0]), (1e-12, "ps"))
    value = seconds / factor
    return f"{value:.0f} {unit}" if value >= 9.95 else f"{value:.2g} {unit}"
