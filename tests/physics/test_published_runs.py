# SPDX-License-Identifier: BSD-3-Clause
"""Runs of the published reaction network: inorganic and organic products against the distance from the electrode.

The reference was made with an independent direct-method simulation of the rate constants of the published database
(100 runs of 1e6 events each): means, and the standard deviation between runs.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kmc.deck import load_deck
from kmc.model import Model

DECK = Path(__file__).parents[2] / "inputs" / "published" / "spotte_smith_2022.yaml"
FOREVER = (10**15, 0.0)
EVENTS = 1_000_000
SEEDS = range(1, 11)
REFERENCE_RUNS = 100
ROUNDING = 0.1  # of the rare molecules, whose numbers are far from normal
ONLY = {"LiEC+": 1000, "LEDC": 0, "LEMC": 0, "Li2CO3": 0, "Li2C2O4": 0}
FORMS = {
    "LEDC": ("LEDC", "LEDC-", "LEDC(-Li)-", "LEDC.Li+", "LEDC.Li"),
    "Li2CO3": ("Li2CO3", "Li2CO3+"),
    "alkoxide": ("Li(OCH2)2-", "(LiOCH2)2"),
    "LiEC+": ("LiEC+",),
}
# distance [angstrom]: share of CO in the gas, then mean and deviation of the time [s] and of FORMS
CROSSOVER = {
    0: (1.000, (1.148e-8, 7.2e-11), (0.0, 0.1), (0.0, 0.1), (769.4, 12.0), (0.0, 0.1)),
    5: (0.991, (3.599e-8, 8.7e-10), (2.5, 1.5), (3.4, 1.5), (660.3, 10.0), (0.0, 0.1)),
    6: (0.961, (8.631e-8, 2.2e-9), (13.9, 3.0), (8.0, 2.6), (535.5, 8.9), (0.0, 0.1)),
    7: (0.858, (2.505e-7, 8.8e-9), (54.4, 5.7), (11.4, 3.1), (395.7, 7.7), (0.0, 0.1)),
    8: (0.605, (9.369e-7, 4.8e-8), (167.6, 9.6), (16.3, 4.5), (281.5, 7.7), (0.1, 0.3)),
    9: (0.290, (4.064e-6, 2.3e-7), (297.3, 7.3), (16.1, 4.2), (128.0, 10.0), (1.4, 1.0)),
    10: (0.096, (5.250e-6, 7.9e-8), (314.2, 4.2), (1.8, 1.4), (33.6, 5.0), (16.3, 3.6)),
    12: (0.008, (1.668e-5, 4.6e-7), (199.6, 3.9), (0.2, 0.4), (1.6, 1.2), (378.5, 12.0)),
}


def start(**overrides):
    return Model.of(load_deck(DECK, overrides))


def finished(model, seed, events=EVENTS):
    """Engine after some events, time [s] and molecules by name."""
    run = model.deck.run.model_copy(update={"seed": seed})
    engine = replace(model, deck=replace(model.deck, run=run)).engine()
    engine.run(FOREVER, events)
    names = [each.name for each in model.mechanism.solution]
    seconds, fraction = engine.time
    return engine, seconds + fraction, dict(zip(names, model.molecules(engine).tolist(), strict=True))


def flicker(model, engine):
    """Share of the events that reduce LEMC or undo it."""
    events = model.event_count(engine)
    pair = [each.index for each in model.mechanism.processes if each.name.split(" (")[0] == "reduction of LEMC"]
    assert len(pair) == 2
    return events[pair].sum() / events.sum()


def test_the_shipped_initial_state_flickers_between_lemc_and_its_anion():
    """The reference reaches 8.7e-10 s in 1e5 events, 74 % of them one redox pair; bounds of 10 deviations."""
    model = start()
    engine, time, _ = finished(model, 1, 100_000)
    assert engine.n_events == 100_000
    assert time == pytest.approx(8.7e-10, rel=0.05)
    assert flicker(model, engine) == pytest.approx(0.74, abs=0.03)


def test_elements_and_charge_are_conserved_in_a_run():
    model = start()
    engine, _, _ = finished(model, 2, 100_000)
    solution = model.mechanism.solution
    gained = model.molecules(engine) - np.array([each.count for each in solution])
    for element in ("C", "H", "Li", "O"):
        assert sum(each.formula.get(element, 0) * gained[each.index] for each in solution) == 0
    electrons = model.event_count(engine) @ model.mechanism.electrons
    assert sum(each.charge * gained[each.index] for each in solution) == -electrons


@pytest.mark.verify
@pytest.mark.parametrize("distance", CROSSOVER)
def test_products_cross_over_from_alkoxide_and_co_to_ledc_and_c2h4_with_the_distance(distance):
    """Share of CO within 0.03; means within 5 standard errors: one false alarm in 1e6 for each."""
    counts = {f"solution.{name}.count": str(count) for name, count in ONLY.items()}
    model = start(**counts, **{"compartment.distance": f"{distance} angstrom"})
    share, *reference = CROSSOVER[distance]
    shares, values = [], []
    for seed in SEEDS:
        _, time, left = finished(model, seed)
        shares.append(left["CO"] / (left["CO"] + left["C2H4"]))
        values.append([time, *(sum(left[name] for name in forms) for forms in FORMS.values())])
    assert np.mean(shares) == pytest.approx(share, abs=0.03)
    for found, (mean, deviation) in zip(np.array(values).T, reference, strict=True):
        error = deviation * np.sqrt(1 / len(SEEDS) + 1 / REFERENCE_RUNS)
        assert abs(found.mean() - mean) <= 5.0 * error + ROUNDING * (mean < 1.0 and deviation >= 0.1)


@pytest.mark.verify
def test_a_million_events_of_the_shipped_initial_state_take_8_7_nanoseconds():
    """60 runs of the reference: 8.672e-9 s and 74.08 %, deviations 2.9e-11 s and 0.15 %; one false alarm in 1e6."""
    model = start()
    runs = [finished(model, seed) for seed in SEEDS]
    assert np.mean([time for _, time, _ in runs]) == pytest.approx(8.672e-9, rel=0.006)
    assert np.mean([flicker(model, engine) for engine, _, _ in runs]) == pytest.approx(0.7408, abs=0.0025)
