# SPDX-License-Identifier: BSD-3-Clause
"""The film of the main deck in tiles and in one piece: thickness, porosity, composition and number of events."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from physics.ensembles import LIMIT
from scipy.stats import t as student

from kmc.deck import parse_deck
from kmc.fields import observe
from kmc.film import species_table
from kmc.model import Model

INPUTS = Path(__file__).resolve().parents[2] / "inputs"
FIELDS = "thickness", "mean_porosity", "equivalent_thickness", "roughness"
TILES = "tiles: {size: [20, 20]}"


@cache
def main_deck(tiles):
    """The main deck on 40 x 40 x 30 sites."""
    text = (INPUTS / "graphite_ec.yaml").read_text()
    assert "size: [40, 40, 62]" in text
    text = text.replace("size: [40, 40, 62]", "size: [40, 40, 30]")
    return Model.of(parse_deck(f"{text}\n{tiles}\n", "deck.yaml", INPUTS))


def grown(seed, time, tiles="", probes=True):
    """Fields and counts of a film at a time [s], and what its run says of windows."""
    model = main_deck(tiles)
    engine = model.with_seed(seed).engine()
    if tiles and not probes:
        engine.probe = None
    engine.run((0, time))
    sites = np.array(engine.species).reshape(model.lattice.shape)
    table = species_table(model.mechanism)
    fields = observe(sites, table, model.lattice)
    counts = np.bincount(sites.ravel(), minlength=table.n_species)
    found = {name: float(fields[name]) for name in FIELDS}
    found |= {"events": int(engine.event_count.sum()), "solid sites": int(counts[table.is_solid].sum())}
    found |= {f"sites of {species.name}": int(counts[i]) for i, species in enumerate(model.mechanism.species)}
    return found, engine.report() if tiles else {}


def compared(one, many):
    """By name: mean of both, standard error of the difference, and how many of these it is; only what has come at all.

    Parameters
    ----------
    one, many : list of dict
        What `grown` gives, of films in one piece and in tiles.
    """
    table = {}
    for name in one[0]:
        a, b = (np.array([film[name] for film in films], dtype=float) for films in (one, many))
        error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
        if error > 0.0 and min(abs(a.mean()), abs(b.mean())) > 0.0 and (name in FIELDS or a.mean() > 5.0):
            table[name] = a.mean(), b.mean(), error, (b.mean() - a.mean()) / error
    return table


def show(table):
    for name, (one, many, error, z) in table.items():
        print(f"{name:24s} one piece {one:.5g}, tiles {many:.5g}, difference {many / one - 1:+.4f} "
              f"+- {error / one:.4f}, z {z:+.2f}")


def limit(n_films):
    """Largest |z| of a difference of means of `n_films` each: false alarm 1e-5 by Student."""
    return student.isf(0.5e-5, 2 * n_films - 2)


def test_film_in_tiles_is_that_in_one_piece():
    """Main deck at 60 ns, 8 seeds each: |z| < 6.6 for each field and species (1e-5, about ten of them).

    A film in windows ten times as long has 8 % fewer events; the standard error is 1 %.
    """
    one = [grown(seed, 60e-9)[0] for seed in range(8)]
    many = [grown(seed, 60e-9, TILES, probes=False)[0] for seed in range(100, 108)]
    table = compared(one, many)
    show(table)
    assert {"thickness", "mean_porosity", "events", "sites of alkoxide", "sites of LiEC"} <= table.keys()
    assert all(abs(z) < limit(8) for _, _, _, z in table.values())


@pytest.mark.verify
def test_film_in_tiles_is_that_in_one_piece_over_twenty_seeds_within_what_it_reports():
    """Main deck at 3 us, 20 seeds each: |z| < 5.1 for each field and species (1e-5, about fifteen of them).

    Events and solid sites: the difference is within the error that the runs report, to 4.5 standard errors, that of one
    run's report and that of the difference (events of a film scatter by 3 %).
    """
    one = [grown(seed, 3e-6)[0] for seed in range(20)]
    many, reports = zip(*[grown(seed, 3e-6, TILES) for seed in range(100, 120)], strict=True)
    table = compared(one, many)
    show(table)
    for name, end in (("events", ""), ("solid sites", "_solid")):
        said, doubt = (np.array([report[f"window_error{end}{kind}"] for report in reports])
                       for kind in ("", "_uncertainty"))
        true, error = table[name][1] / table[name][0] - 1, table[name][2] / table[name][0]
        print(f"{name}: true {true:+.4f} +- {error:.4f}; reported, mean of runs {said.mean():+.4f} "
              f"+- {said.std(ddof=1) / np.sqrt(20):.4f}, one run +- {doubt.mean():.4f}")
        assert abs(true) < abs(said.mean()) + LIMIT * np.hypot(doubt.mean(), error)
    assert all(abs(z) < limit(20) for _, _, _, z in table.values())


@pytest.mark.verify
def test_what_films_report_falls_with_their_windows_and_bounds_the_true_difference():
    """Main deck at 100 ns in windows eight and four times as long as by default, 16 seeds, and 40 in one piece.

    Half the window, at most half the report, and the difference in events within the report: |z| < 4.5 (1e-4 by
    Student).
    """
    one = np.array([grown(seed, 1e-7)[0]["events"] for seed in range(40)])
    said, errors = {}, {}
    for events in (2.4, 1.2):
        tiles = f"tiles: {{size: [20, 20], events-per-window: {events}}}"
        films, reports = zip(*[grown(seed, 1e-7, tiles) for seed in range(4000, 4016)], strict=True)
        many = np.array([film["events"] for film in films])
        reported = np.array([report["window_error"] for report in reports])
        said[events], errors[events] = reported.mean(), reported.std(ddof=1) / 4
        true = many.mean() / one.mean() - 1
        error = np.hypot(many.std(ddof=1) / 4, one.std(ddof=1) / np.sqrt(40)) / one.mean()
        print(f"events per window {events}: true {true:+.4f} +- {error:.4f}, reported {said[events]:+.4f} "
              f"+- {errors[events]:.4f}")
        assert abs(true) < abs(said[events]) + LIMIT * np.hypot(error, errors[events])
    assert said[2.4] < -LIMIT * errors[2.4]
    assert abs(said[1.2]) < abs(said[2.4]) / 2 + LIMIT * np.hypot(errors[1.2], errors[2.4] / 2)
