# SPDX-License-Identifier: BSD-3-Clause
"""Processes that notice layers: restricted to some, or with a rate that depends on the height above the electrode."""

import numpy as np
import pytest

from kmc import tables
from kmc.constants import BOLTZMANN_EV
from kmc.deck import parse_deck
from kmc.errors import DeckError
from kmc.layers import layer_numbers, layers_of
from kmc.model import Model
from kmc.process import Process
from kmc.species import Species
from kmc_core.keys import with_hashed_keys

DECK = """\
run: {{duration: 1 s}}
lattice: {{{lattice}, fill: A, layers: [{layers}]}}
protocol: {{temperature: 298.15 K, potential: 0.1 V}}
tunnelling: {{decay: {{default: 2 1/nm}}}}
species:
  A: {{phase: dissolved, formula: C}}
  B: {{phase: dissolved, formula: C}}
  E: {{phase: electrode}}
processes:
- name: flip
  equation: {equation}
  rate: {rate}
{more}"""
SQUARE = "type: square, spacing: 1 nm, size: [5, 8]"
CHARGED = ("B: {phase: dissolved, formula: C}", "B: {phase: dissolved, formula: C, charge: -1}")
FLIP = "{law: constant, rate-constant: 2 1/s}"


def model_of(*, lattice=SQUARE, layers="", equation="A => B", rate=FLIP, more=""):
    return Model.of(parse_deck(DECK.format(lattice=lattice, layers=layers, equation=equation, rate=rate, more=more)))


def flipped(model):
    """Which layers are all B, none of them, or some, after everything that can happen has happened."""
    engine = model.engine()
    engine.run((10**6, 0.0))
    engine.verify()
    is_b = (engine.species == 1).reshape(model.lattice.shape[0], -1)
    assert set(np.unique(is_b.mean(axis=1))) <= {0.0, 1.0}
    return is_b.all(axis=1).tolist()


def species(*phases):
    return [Species(f"s{index}", index, phase, {}) for index, phase in enumerate(phases)]


# --- counting -----------------------------------------------------------------------------------------------


def test_layers_are_counted_from_the_highest_complete_layer_of_the_electrode():
    occupation = np.zeros((6, 2, 3), dtype=np.uint8)
    assert layer_numbers(occupation, species("liquid", "electrode")).tolist() == [1, 2, 3, 4, 5, 6]
    occupation[0] = 1
    assert layer_numbers(occupation, species("liquid", "electrode")).tolist() == [0, 1, 2, 3, 4, 5]
    occupation[1] = 1
    occupation[2, 0] = 1  # a step is no layer
    assert layer_numbers(occupation, species("liquid", "electrode")).tolist() == [-1, 0, 1, 2, 3, 4]
    assert layer_numbers(occupation, species("liquid", "solid")).tolist() == [1, 2, 3, 4, 5, 6]
    occupation[2, 1] = 2  # two kinds of electrode are one electrode
    assert layer_numbers(occupation, species("liquid", "electrode", "electrode")).tolist() == [-2, -1, 0, 1, 2, 3]


def restricted(*layers):
    """Processes restricted to layers."""
    return [Process(str(each), i, (), (), {}, 0, "constant", {}, layers=each) for i, each in enumerate(layers)]


def test_planes_that_no_process_tells_apart_share_rates():
    layers = layers_of(restricted(None, (1, 3), (3, None)), [False] * 3, np.arange(-1, 7), 0.5)
    assert layers.layer_of.tolist() == [0, 0, 1, 1, 2, 3, 3, 3]
    assert layers.n_layers == 4
    assert layers.notices.tolist() == [False, True, True]
    assert layers.is_open.astype(int).tolist() == [[1, 1, 1, 1], [0, 1, 1, 0], [0, 0, 1, 1]]


def test_planes_have_heights_of_their_own_where_a_process_notices_them():
    layers = layers_of(restricted((2, 4), None), [True, False], np.arange(-1, 7), 0.5)
    assert layers.layer_of.tolist() == [0, 0, 0, 1, 2, 3, 0, 0]
    assert layers.height[1:].tolist() == [1.0, 1.5, 2.0]
    assert layers.notices.tolist() == [True, False]


# --- restricted processes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "below", "turned"),
    [
        ("{from: 1, to: 2}", 0, [0, 1]),
        ("{from: 3, to: 3}", 0, [2]),
        ("{from: 6}", 0, [5, 6, 7]),
        ("{to: 2}", 3, [3, 4]),
        ("{from: 2, to: 100}", 3, [4, 5, 6, 7]),
    ],
)
def test_a_process_starts_in_its_layers_only(layer, below, turned):
    electrode = f"{{species: E, from: 0, to: {below - 1}}}" if below else ""
    found = flipped(model_of(layers=electrode, more=f"  layer: {layer}\n"))
    assert np.flatnonzero(found).tolist() == turned


def test_the_reverse_process_is_restricted_as_well():
    rate = "{law: constant, rate-constant: 2 1/s, reaction-free-energy: 0 eV}"
    model = model_of(equation="A <=> B", rate=rate, more="  layer: {to: 2}\n", layers="{species: B, from: 4, to: 7}")
    engine = model.engine()
    for site in range(engine.species.size):
        assert len(engine.rates_at(site)) == (site < 10) or not sum(rate for _, rate, *_ in engine.rates_at(site))


def test_the_anchor_alone_decides():
    """A pair of which only the first term must lie in the layer: its second term may lie outside."""
    model = model_of(equation="A + A => B + A", more="  layer: {from: 4, to: 4}\n")
    assert np.flatnonzero(flipped_some(model)).tolist() == [3]


def flipped_some(model):
    engine = model.engine()
    engine.run((10**6, 0.0), max_events=10_000)
    return (engine.species == 1).reshape(model.lattice.shape[0], -1).any(axis=1)


def test_only_species_and_processes_that_notice_layers_have_tables_for_them():
    other = "- name: other\n  equation: B => A\n  rate: {law: constant, rate-constant: 1 1/s}\n"
    model = model_of(more=f"  layer: {{to: 2}}\n{other}")
    rules = model.tables.rules
    assert rules.n_layers == 2
    assert rules.rule_layer.tolist() == [1, 0]
    assert (rules.layer_stride > 0).tolist() == [True, False, False]
    assert len(model.rates(0.0)) == 3
    plain = model_of(more=other)
    assert plain.tables.layers is None
    assert not plain.tables.rules.layer_stride.any()


def test_layers_multiply_with_neighbours_and_tunnelling():
    """Rate at every site: k exp(-n eps/kT) in the layers, 0 elsewhere, times the transmission from the electrode."""
    more = """\
  tunnelling: true
  layer: {from: 2, to: 4}
  neighbours: [{species: [B], energy: 0.02 eV}]
"""
    rate = "{law: butler-volmer, prefactor: 3 1/s, standard-potential: 0.1 V}"
    electrode = "{species: E, from: 0, to: 0}"
    text = DECK.format(lattice=SQUARE, layers=electrode, equation="A + e- => B", rate=rate, more=more)
    text = text.replace("fill: A,", "fill: A, random: [{species: B, fraction: 0.4}],")
    text = text.replace(*CHARGED)
    model = Model.of(parse_deck(text))
    engine = model.engine()
    box = np.array(engine.species).reshape(8, 5)
    n_seen = 0
    for z in range(8):
        for x in range(5):
            found = sum(rate for _, rate, *_ in engine.rates_at(5 * z + x))
            if box[z, x] == 0 and 2 <= z <= 4:
                n = sum(box[z, (x + s) % 5] == 1 for s in (-1, 1)) + sum(box[z + s, x] == 1 for s in (-1, 1))
                expected = 3.0 * np.exp(-n * 0.02 / (BOLTZMANN_EV * 298.15)) * np.exp(-2.0 * z)
                assert found == pytest.approx(expected, rel=1e-8)
                n_seen += 1
            else:
                assert found == 0.0
    assert n_seen > 4


def test_hashed_keys_tell_layers_apart_like_mixed_radix_keys(monkeypatch):
    plain = model_of(more="  layer: {from: 2, to: 5}\n").engine()
    monkeypatch.setattr(tables, "with_keys", with_hashed_keys)
    hashed = model_of(more="  layer: {from: 2, to: 5}\n")
    assert hashed.tables.rules.layer_stride[0] > 2**40
    hashed = hashed.engine()
    for engine in (plain, hashed):
        engine.run((0, 0.3))
        engine.verify()
    assert np.array_equal(plain.species, hashed.species)
    assert plain.event_count == hashed.event_count > 0


def test_layers_without_a_lattice_term_are_refused():
    text = DECK.format(lattice=SQUARE, layers="", equation="M => N", rate=FLIP, more="  layer: {to: 2}\n")
    text = text.replace("processes:", "solution: {M: {formula: C, count: 3}, N: {formula: C}}\nprocesses:")
    with pytest.raises(DeckError, match="'layer' is for lattice terms, and the equation has none"):
        Model.of(parse_deck(text))


# --- rates that depend on the height ------------------------------------------------------------------------

COUPLE = (
    "{{law: marcus, standard-potential: 0.5 V, inner-reorganization-energy: 0.6 eV, "
    "outer-reorganization-energy: {}}}"
)
IMAGE = "{radius: 0.5 nm, refractive-index: 1.415, permittivity: 18.5, distance: site}"


@pytest.mark.parametrize(
    ("lattice", "layer_height"),
    [
        (SQUARE, 1.0),
        ("type: simple cubic, spacing: 0.4 nm, size: [3, 3, 8]", 0.4),
        ("type: fcc, surface: 111, spacing: 0.5 nm, size: [3, 3, 8]", 0.5 * np.sqrt(2 / 3)),
    ],
    ids=["square", "simple cubic", "fcc"],
)
def test_a_rate_follows_the_image_charge_at_the_height_of_its_site(lattice, layer_height):
    """lambda = e/(8 pi eps0) (1/r - 1/(2 d)) (1/n^2 - 1/eps), d the height, at least the radius."""
    options = {"lattice": lattice, "layers": "{species: E, from: 0, to: 1}", "equation": "A + e- => B"}
    charged = {"more": ""}
    model = charged_model(rate=COUPLE.format(IMAGE), **options, **charged)
    engine = model.engine()
    n_plane = model.lattice.shape[1] * model.lattice.shape[2]
    rates = [sum(rate for _, rate, *_ in engine.rates_at(plane * n_plane)) for plane in range(8)]
    assert rates[:2] == [0.0, 0.0]
    for plane in range(2, 8):
        distance = max((plane - 1) * layer_height, 0.5)
        coulomb = 1.43996454 / 2.0  # e/(8 pi eps0) [eV nm], CODATA
        energy = coulomb * (1 / 0.5 - 1 / (2 * distance)) * (1 / 1.415**2 - 1 / 18.5)
        fixed = charged_model(rate=COUPLE.format(f"{float(energy)!r} eV"), **options, **charged)
        expected = fixed.rates(0.0)[0]
        assert rates[plane] == pytest.approx(expected, rel=1e-6)
    assert len(set(rates)) == 7
    assert model.tables.layers.n_layers == 7


def charged_model(**options):
    text = DECK.format(**options).replace(*CHARGED)
    return Model.of(parse_deck(text))


def test_restricted_layers_keep_the_heights_that_can_be_reached_only():
    model = charged_model(
        lattice=SQUARE,
        layers="{species: E, from: 0, to: 0}",
        equation="A + e- => B",
        rate=COUPLE.format(IMAGE),
        more="  layer: {from: 2, to: 3}\n",
    )
    assert model.tables.layers.layer_of.tolist() == [0, 0, 1, 2, 0, 0, 0, 0]
    assert model.tables.layers.height[1:] == pytest.approx([2e-9, 3e-9])


def test_a_change_of_potential_reaches_every_layer():
    options = {"lattice": SQUARE, "layers": "{species: E, from: 0, to: 0}", "equation": "A + e- => B", "more": ""}
    ramp = "potential: {ramp: {start: 0.1 V, end: 0.3 V, rate: 1 V/s}}"
    text = DECK.format(rate=COUPLE.format(IMAGE), **options).replace("potential: 0.1 V", ramp)
    model = Model.of(parse_deck(text.replace(*CHARGED)))
    engine = model.engine()
    before = [engine.rates_at(5 * z)[0][1] for z in range(1, 8)]
    model.apply(engine, 0.15)
    after = [engine.rates_at(5 * z)[0][1] for z in range(1, 8)]
    assert (np.array(after) < np.array(before)).all()
    assert len(set(after)) == 7
    engine.verify()
