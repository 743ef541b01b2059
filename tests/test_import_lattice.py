# SPDX-License-Identifier: BSD-3-Clause
"""`kmc import` of networks with a lattice and of CatHub: conditions, laws and rates of their source."""

import json

import numpy as np
import pytest
from barrier_tables import LATTICE_COLUMNS, write_cathub, write_network, write_state
from import_networks import PARAMETERS, ROOM, eyring, row

from kmc.constants import BOLTZMANN_EV
from kmc.deck import load_deck
from kmc.errors import DeckError
from kmc.importing import Options, import_deck
from kmc.mechanism import compile_mechanism

# --- networks with a lattice ---

LATTICE_SPECIES = "index,name,formula,charge\n1,X,CO,0\n2,Y,CO,-1\n3,Z,C2O2,0\n"


def site_row(reactants, products, kind, **columns):
    """One reaction of a network with a lattice, species as (index, phase)."""
    entry = row([each[0] for each in reactants], [each[0] for each in products], 0.0, 0.0)
    entry = {key: value for key, value in entry.items() if key in LATTICE_COLUMNS} | {"rate": 8.0, "type": kind}
    for side, species in (("reactant", reactants), ("product", products)):
        for place in (0, 1):
            entry[f"phase_{side}_{place + 1}"] = species[place][1] if place < len(species) else "N"
    return entry | columns


@pytest.fixture
def convert_lattice(tmp_path):
    def run(rows, parameters=PARAMETERS):
        write_network(tmp_path / "rn.sqlite", rows, LATTICE_COLUMNS, n_species=4)
        write_state(tmp_path / "state.sqlite", ((1, 50),))
        (tmp_path / "species.csv").write_text(LATTICE_SPECIES)
        (tmp_path / "params.txt").write_text(parameters)
        files = [tmp_path / name for name in ("rn.sqlite", "state.sqlite", "species.csv", "params.txt")]
        imported = import_deck(files, tmp_path / "deck.yaml")
        deck = load_deck(imported.path)
        return deck, compile_mechanism(deck)

    return run


def test_a_network_with_a_lattice_has_its_box_conditions_and_solution(convert_lattice):
    deck, mechanism = convert_lattice([site_row([(0, "L"), (1, "S")], [(1, "L")], "A")])
    assert list(deck.lattice.size) == [10, 12, 4]
    assert deck.lattice.spacing.value == pytest.approx(2e-10)
    assert (deck.protocol.temperature.level, deck.protocol.potential.level) == pytest.approx((300.0, 0.7))
    assert mechanism.solution[0].count == 50
    # An activity is a number of molecules: the rate of one molecule is the one of the file.
    assert mechanism.molecular[0] * mechanism.rate_constants(300.0, 0.7, 2e-10)[0] == pytest.approx(8.0)


def test_products_of_two_sites_stand_either_way_round_with_half_the_rate_constant_each(convert_lattice):
    hop = site_row([(1, "L"), (0, "L")], [(0, "L"), (1, "L")], "F")
    split = site_row([(3, "L"), (0, "L")], [(1, "L"), (1, "L")], "L")
    deck, mechanism = convert_lattice([hop, split])
    # Of the two ways to place the products of a hop, one changes nothing.
    assert [each.equation for each in deck.processes] == ["X* + vacant => vacant + X*", "Z* + vacant => 2 X*"]
    assert list(mechanism.rate_constants(300.0, 0.0, 2e-10)) == pytest.approx([4.0, 8.0])


def test_butler_volmer_of_the_lattice_has_the_rate_of_its_source(convert_lattice):
    columns = {"dG": -2.0, "prefactor": 1e4, "charge_transfer_coefficient": 0.4, "electron_tunneling_coefficient": 1.2}
    reduction = site_row([(1, "L")], [(2, "L")], "R", **columns)
    oxidation = site_row([(2, "S")], [(1, "S")], "O", **columns | {"dG": 2.0})
    deck, mechanism = convert_lattice([reduction, oxidation])
    thermal = BOLTZMANN_EV * 300.0
    expected = [1e4 * np.exp(-0.4 * energy / thermal) for energy in (-2.0 + 2.1, 2.0 - 2.1)]
    assert list(mechanism.rate_constants(300.0, 0.7, 2e-10)) == pytest.approx(expected)
    assert [each.tunnelling for each in mechanism.processes] == [True, True]
    assert deck.tunnelling.decay["default"].value == pytest.approx(1.2e10)


@pytest.mark.parametrize("potential", [0.7, 0.2, -0.3, 1.1])
def test_marcus_of_the_lattice_has_the_rate_of_its_source_at_any_potential(convert_lattice, potential):
    """LGMC: prefactor exp(-(lambda + dG)^2/(4 lambda kT)), the electron with -1.4 eV at 0 V vs Li/Li+."""
    columns = {"prefactor": 1e6, "reorganization_energy": 1.4}
    rows = [site_row([(1, "L")], [(2, "L")], "R", dG=-2.0, **columns)]
    rows.append(site_row([(2, "S")], [(1, "S")], "O", dG=2.0, **columns))
    deck, mechanism = convert_lattice(rows, PARAMETERS.replace("B", "M").replace("F", "T"))
    assert [each.law for each in deck.processes] == ["marcus", "marcus"]
    electron = -1.4 - potential
    energies = (-2.0 - electron, 2.0 + electron)
    expected = [1e6 * np.exp(-((1.4 + energy) ** 2) / (4 * 1.4) / (BOLTZMANN_EV * 300.0)) for energy in energies]
    assert list(mechanism.rate_constants(300.0, potential, 2e-10)) == pytest.approx(expected, rel=1e-9)


# --- CatHub ---


def test_elementary_steps_of_cathub_refer_to_the_database(tmp_path):
    reactions = [
        {"reactants": json.dumps({"COstar": 1, "Hstar": 1}), "products": json.dumps({"CHOstar": 1, "star": 1})},
        {"reactants": json.dumps({"star": 1, "H2gas": 0.5}), "products": json.dumps({"Hstar": 1})},
        {"reactants": json.dumps({"star": 1, "COgas": 1}), "products": json.dumps({"COstar": 1})},
    ]
    reactions[2]["activation_energy"] = None
    (tmp_path / "data").mkdir()
    path = write_cathub(tmp_path / "data" / "c.db", reactions)
    imported = import_deck([path], tmp_path / "deck.yaml")
    deck = load_deck(imported.path)
    assert [each.equation for each in deck.processes] == ["CO* + H* <=> CHO* + vacant"]
    mechanism = compile_mechanism(deck)
    assert mechanism.rate_constants(ROOM, 0.0, 3e-10) == pytest.approx([eyring(0.4), eyring(0.3)])
    assert "J. Test" in mechanism.processes[0].parameters["barrier"].source
    assert [each.partition(": ")[0] for each in imported.left_out] == ["reaction 2", "reaction 3"]


def test_a_deck_of_cathub_is_of_one_surface(tmp_path):
    step = {"reactants": json.dumps({"COstar": 1}), "products": json.dumps({"OCstar": 1})}
    path = write_cathub(tmp_path / "c.db", [step, step | {"facet": "111"}])
    with pytest.raises(DeckError, match="CuAu 100, CuAu 111; a deck is of one surface"):
        import_deck([path], tmp_path / "deck.yaml")
    with pytest.raises(DeckError, match="no surface 'CuAu 110', did you mean"):
        import_deck([path], tmp_path / "deck.yaml", options=Options(surface="CuAu 110"))
    assert import_deck([path], tmp_path / "deck.yaml", options=Options(surface="CuAu 111")).n_processes == 1
