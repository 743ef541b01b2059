# SPDX-License-Identifier: BSD-3-Clause
"""Pictures: all of them, of any run; the film fills its picture, colours are fixed and nothing overlaps."""

import shutil

import h5py
import numpy as np
import pytest
from films import CARBONATE, HOST, LEDC, MECHANISM, RADICAL, box, write_film

from kmc.errors import KmcError
from kmc.export import export
from kmc.film_picture import film_figure, time_text
from kmc.output import Writer
from kmc.palette import COMPOUNDS, DISSOLVED, SPARE, legend_of, pretty
from kmc.plotting import (
    budget_figure,
    electrons_by_process,
    growth_exponent,
    plot,
    profiles_figure,
    thickness_figure,
)
from kmc.result import Result

NAMES = ["film.png", "thickness.png", "profiles.png", "budget.png"]
TIMES = np.concatenate([[0.0], np.geomspace(1e-9, 1e-3, 31)])
HEIGHTS = np.concatenate([[0.0], 10 * np.log1p(np.geomspace(1e-9, 1e-3, 31) * 3e6) / np.log1p(3e3) + 0.5])


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "results.h5"
    write_film(path, lattice=box(16, 14, 40), times=TIMES, heights=HEIGHTS, snapshots=(0, 1, -1))
    return path


@pytest.fixture(scope="module")
def result(film):
    return Result(film)


def rgb(code):
    return [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def extents(figure):
    """Bounding boxes in pixels of all texts that are drawn, and that of the page."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    hidden = {
        label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in off_limits(axis)
    }
    texts = [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible() and t not in hidden]
    return [(t.get_text(), t.get_window_extent(canvas.get_renderer())) for t in texts], figure.bbox


def off_limits(axis):
    """Labels of ticks beyond the ends of an axis, which exist but are not drawn."""
    low, high = sorted(axis.get_view_interval())
    for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
        if not low <= tick.get_loc() <= high:
            yield from (tick.label1, tick.label2)


def test_all_pictures_are_drawn_beside_the_results(film, tmp_path):
    files = plot(film, tmp_path / "pictures")
    assert [file.name for file in files] == NAMES
    assert all(file.read_bytes()[:4] == b"\x89PNG" for file in files)


@pytest.mark.parametrize(
    ("lattice", "heights"),
    [
        (box(20, 1, 16, square=True), (0.0, 3.0, 5.0)),
        (box(6, 6, 60), (0.0, 20.0, 55.0)),
        (box(24, 8, 20), (0.0, 1.0)),
        (box(), (0.0,)),
        (box(), (0.0, 0.0, 0.0)),
    ],
    ids=["square", "tall", "thin", "one output", "no film"],
)
def test_any_run_can_be_drawn(lattice, heights, tmp_path):
    write_film(tmp_path / "r.h5", lattice=lattice, heights=heights)
    assert len(plot(tmp_path / "r.h5", tmp_path)) == 4


def test_run_without_outputs_is_refused(tmp_path):
    Writer(tmp_path / "r.h5", MECHANISM, box(), 1)
    with pytest.raises(KmcError, match="holds no output yet"):
        plot(tmp_path / "r.h5", tmp_path)


@pytest.mark.parametrize("draw", [film_figure, thickness_figure, profiles_figure, budget_figure])
def test_texts_stay_on_the_page_and_apart(result, draw):
    from matplotlib import rc_context

    from kmc.plotting import STYLE

    with rc_context(STYLE):
        texts, page = extents(draw(result, legend_of(result)))
    assert len(texts) > 10
    for n, (text, extent) in enumerate(texts):
        assert page.x0 <= extent.x0 < extent.x1 <= page.x1, text
        assert page.y0 <= extent.y0 < extent.y1 <= page.y1, text
        for other, box_of_other in texts[n + 1 :]:
            overlap = extent.intersection(extent, box_of_other)
            assert overlap is None or min(overlap.width, overlap.height) < 1.0, (text, other)


@pytest.mark.parametrize("hand_over", [plot, lambda path: export(path, "pybamm", path.parent)])
def test_results_of_an_earlier_version_are_refused_with_what_they_lack_and_what_to_do(film, tmp_path, hand_over):
    path = tmp_path / "results.h5"
    shutil.copy(film, path)
    with h5py.File(path, "a") as file:
        del file["lattice_vectors"]
    message = r"results\.h5: has no lattice_vectors, .*written by sei-kmc .* run the deck again"
    with pytest.raises(KmcError, match=message):
        hand_over(path)
    with h5py.File(path, "a") as file:
        file.attrs["format_version"] = "0"
    with pytest.raises(KmcError, match=r"results\.h5: results of format 0; this version of kmc reads 1"):
        hand_over(path)


def test_another_hdf5_file_is_no_results_file(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["a"] = [1, 2]
    with pytest.raises(KmcError, match=r"other\.h5: not a results file; `kmc run` makes them"):
        plot(tmp_path / "other.h5")


def test_film_fills_its_section(result):
    section = film_figure(result, legend_of(result)).axes[0]
    highest = result.data["thickness_map"].values[-1].max() * 1e9
    assert section.get_ylim()[0] < 0.0
    assert highest < section.get_ylim()[1] < highest + 2.0


def test_section_shows_the_sites_of_the_snapshot(result):
    legend = legend_of(result)
    section = film_figure(result, legend).axes[0]
    lattice = result.film.values
    expected = legend.colours[lattice[:, lattice.shape[1] // 2]]
    found = section.images[0].get_array()
    solid = np.isin(lattice[:, lattice.shape[1] // 2], legend.solids)
    np.testing.assert_allclose(found[solid], expected[solid])


def test_conditions_stand_on_a_plain_ground(result):
    section = film_figure(result, legend_of(result)).axes[0]
    (note,) = [text for text in section.texts if text.get_text().endswith(" V")]
    assert note.get_bbox_patch().get_facecolor() == (1.0, 1.0, 1.0, 1.0)


def test_both_thicknesses_are_named(result):
    labels = thickness_figure(result, legend_of(result)).axes[0].get_legend_handles_labels()[1]
    assert labels == ["thickness: mean height (band: roughness)", "equivalent thickness: without pores"]


def test_lithium_above_the_charge_is_explained_only_where_there_is_some(film, tmp_path):
    def label(path):
        with Result(path) as a_result:
            return budget_figure(a_result, legend_of(a_result)).axes[0].lines[0].get_label()

    assert label(film) == "charge passed"
    path = shutil.copy(film, tmp_path / "r.h5")
    with h5py.File(path, "r+") as file:
        file["charge"][-1] /= 10
    assert "charged sites" in label(path)


def test_height_map_shows_the_heights(result):
    image = film_figure(result, legend_of(result)).axes[-2].images[0]
    np.testing.assert_allclose(image.get_array(), result.data["thickness_map"].values[-1] * 1e9)


def test_legend_names_what_is_there_and_nothing_else(result):
    (legend,) = film_figure(result, legend_of(result)).legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names[:2] == ["electrode", "electrolyte"]
    assert "LEDC" in names
    assert "dissolved intermediates" not in names or (result.film.values == RADICAL).any()


def test_compound_has_one_hue_darker_with_a_guest(result):
    colours = legend_of(result).colours
    assert colours[LEDC] == pytest.approx(rgb(COMPOUNDS["C4H4Li2O6"]))
    assert colours[CARBONATE] == pytest.approx(rgb(COMPOUNDS["Li2CO3"]))
    assert colours[HOST] == pytest.approx(0.62 * colours[CARBONATE])
    assert colours[RADICAL] == pytest.approx(rgb(DISSOLVED))


def simulated(code):
    """Colours as seen with protanopia and deuteranopia, after Vienot et al. 1999, in linear light."""
    linear = np.array(rgb(code)) ** 2.2
    to_lms = np.array(
        [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
    )
    views = [
        np.eye(3),
        [[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]],
        [[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]],
    ]
    return [
        np.clip(np.linalg.inv(to_lms) @ np.array(view) @ to_lms @ linear, 0, 1) ** (1 / 2.2) for view in views
    ]


def test_main_compounds_differ_for_colour_blind_readers():
    main = ["Li2CO3", "C4H4Li2O6", "C2H4Li2O2", "LiF", "Li2O"]
    for n, one in enumerate(main):
        for other in main[n + 1 :]:
            for a, b in zip(simulated(COMPOUNDS[one]), simulated(COMPOUNDS[other]), strict=True):
                assert np.linalg.norm(a - b) > 0.14, (one, other)


def test_no_two_compounds_share_a_colour():
    codes = [*COMPOUNDS.values(), *SPARE]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("Li2CO3", "Li₂CO₃"),
        ("(LiOCH2)2 with Li", "(LiOCH₂)₂ with Li"),
        ("C10H22", "C₁₀H₂₂"),
        ("LEDC", "LEDC"),
        ("2 V", "2 V"),
    ],
)
def test_numbers_of_formulas_are_subscripts(label, text):
    assert pretty(label) == text


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_growth_exponent_of_a_power_law_is_its_power(exponent):
    time = np.concatenate([[0.0], np.geomspace(1e-9, 1e-3, 61)])
    found_time, found = growth_exponent(time, 3e-9 * time**exponent)
    assert found == pytest.approx(exponent)
    assert found_time[0] == pytest.approx(10**-8.5)
    assert found_time[-1] == pytest.approx(10**-3.5)


def test_growth_exponent_needs_data():
    time = np.geomspace(1e-6, 1e-3, 7)
    assert len(growth_exponent(time, time)[0]) == 0
    assert len(growth_exponent(np.geomspace(1e-6, 1e-3, 31), np.ones(31))[0]) == 0
    assert len(growth_exponent(np.zeros(1), np.zeros(1))[0]) == 0


def test_electrons_are_booked_on_reversible_pairs(result):
    names, shares = electrons_by_process(result)
    assert "reduction" in names
    assert not any("reverse" in name for name in names)
    assert sum(shares) == pytest.approx(1.0)
    few, rest = electrons_by_process(result, n_most=1)
    assert few[-1] == "others"
    assert sum(rest) == pytest.approx(1.0)


def test_times_are_written_with_units():
    assert [time_text(t) for t in (0.0, 3e-12, 2.9e-7, 1e-3, 1.5, 90.0, 7200.0, 3.2e7)] == [
        "0 ps",
        "3 ps",
        "290 ns",
        "1 ms",
        "1.5 s",
        "1.5 min",
        "2 h",
        "1 yr",
    ]
