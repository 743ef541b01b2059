# SPDX-License-Identifier: BSD-3-Clause
"""The low-level reader of HiPRGen and RNMC: networks and initial states as typed rows. Faults: test_malformed."""

import sqlite3

import pytest
from barrier_tables import LATTICE_COLUMNS, NETWORK_COLUMNS, write_network, write_state

from kmc.errors import DeckError
from kmc.rnmc_sqlite import InitialState, LatticePart, NetworkReaction, read_initial_state, read_network
from kmc.sqlite_files import database

PAIR = {"number_of_reactants": 2, "reactant_2": 0, "number_of_products": 2, "product_2": 2}


def test_a_network_comes_out_as_it_was_written(tmp_path):
    path = write_network(tmp_path / "rn.sqlite", [{"is_redox": 1}, PAIR | {"rate": 2.5}])
    network = read_network(path)
    assert (network.path, network.n_species, network.has_lattice) == (path, 3, False)
    assert network.reactions == [
        NetworkReaction(0, (0,), (1,), 1e6, -0.2, 0.4, True),
        NetworkReaction(1, (0, 0), (1, 2), 2.5, -0.2, 0.4, False),
    ]


def test_reactions_come_by_their_ids_whatever_their_order_in_the_file(tmp_path):
    path = write_network(tmp_path / "rn.sqlite", [{"reaction_id": 1, "rate": 1.0}, {"reaction_id": 0, "rate": 0.0}])
    assert [each.rate for each in read_network(path).reactions] == [0.0, 1.0]


def test_a_network_without_energies_has_none(tmp_path):
    good = {name: value for name, value in NETWORK_COLUMNS.items() if name not in ("dG", "dG_barrier", "is_redox")}
    (reaction,) = read_network(write_network(tmp_path / "rn.sqlite", [{}], good)).reactions
    assert (reaction.free_energy, reaction.barrier, reaction.is_redox, reaction.lattice) == (None,) * 4


def test_a_source_from_nothing_is_a_reaction(tmp_path):
    row = {"number_of_reactants": 0, "reactant_1": -1}
    (reaction,) = read_network(write_network(tmp_path / "rn.sqlite", [row])).reactions
    assert reaction.reactants == ()


def test_a_network_with_a_lattice_keeps_phases_and_electrochemistry(tmp_path):
    row = PAIR | {
        "phase_reactant_2": "S",
        "phase_product_2": "S",
        "prefactor": 1e6,
        "electron_tunneling_coefficient": 1.2,
        "reorganization_energy": 1.45,
        "charge_transfer_coefficient": 0.5,
        "type": "R",
    }
    network = read_network(write_network(tmp_path / "rn.sqlite", [{}, row], LATTICE_COLUMNS))
    assert network.has_lattice
    assert network.reactions[0].lattice == LatticePart(("L",), ("L",), 1.0, 0.0, 0.0, 0.0, "L")
    assert network.reactions[1].lattice == LatticePart(("L", "S"), ("L", "S"), 1e6, 1.2, 1.45, 0.5, "R")
    assert network.reactions[1].barrier is None


def test_an_unused_place_may_have_any_phase(tmp_path):
    network = read_network(
        write_network(tmp_path / "rn.sqlite", [{"phase_reactant_2": "S", "phase_product_2": "S"}], LATTICE_COLUMNS)
    )
    assert network.reactions[0].lattice.reactant_phases == ("L",)


def test_an_initial_state_comes_out_as_it_was_written(tmp_path):
    path = write_state(tmp_path / "state.sqlite", [(2, 5), (0, 7)], [(1.0, 1e-3, 0.5)])
    assert read_initial_state(path, 3) == InitialState(path, {2: 5, 0: 7}, 1.0, 1e-3, 0.5)


FAULTY_STATES = {
    "species_id 3 is none of the 3 species of the network": {"counts": [(3, 1)]},
    "species_id 1 stands there twice": {"counts": [(1, 1), (1, 2)]},
    "count of species_id 0 is -1; expected 0 or more": {"counts": [(0, -1)]},
    "count is 1.5; expected a whole number": {"counts": [(0, 1.5)]},
    "species_id is missing (NULL); expected a whole number": {"counts": [(None, 1)]},
    "factors: 0 rows; expected one": {"factors": []},
    "factors: 2 rows; expected one": {"factors": [(1.0, 1.0, 0.5)] * 2},
    "factors: factor_two is inf; expected a finite number": {"factors": [(1.0, float("inf"), 0.5)]},
    "factors: factor_zero is -1.0; expected 0 or more": {"factors": [(-1.0, 1.0, 0.5)]},
}


@pytest.mark.parametrize("message", FAULTY_STATES)
def test_a_wrong_initial_state_is_refused(tmp_path, message):
    path = write_state(tmp_path / "state.sqlite", **FAULTY_STATES[message])
    with pytest.raises(DeckError) as caught:
        read_initial_state(path, 3)
    (problem,) = caught.value.problems
    assert message in problem.message
    assert problem.file == str(path)


def test_all_faults_of_a_file_are_told_at_once(tmp_path):
    rows = [{"rate": None}, {"dG": "low"}, {"product_1": 9}]
    with pytest.raises(DeckError) as caught:
        read_network(write_network(tmp_path / "rn.sqlite", rows))
    assert [problem.message.partition(":")[0] for problem in caught.value.problems] == [
        "reaction_id 0",
        "reaction_id 1",
        "reaction_id 2",
    ]


def test_a_network_is_no_initial_state_and_the_other_way_round(tmp_path):
    network = write_network(tmp_path / "rn.sqlite", [{}])
    state = write_state(tmp_path / "state.sqlite")
    with pytest.raises(DeckError, match="has no table 'initial_state'"):
        read_initial_state(network)
    with pytest.raises(DeckError, match="has no table 'reactions'"):
        read_network(state)


def test_nothing_appears_beside_a_file_while_it_is_read(tmp_path):
    """SQLite would share a file with writers, were it not told that there are none."""
    path = write_network(tmp_path / "rn.sqlite", [{}])
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    with database(path) as connection:
        assert connection.execute("SELECT COUNT(*) FROM reactions").fetchone()[0] == 1
        assert list(tmp_path.iterdir()) == [path]
