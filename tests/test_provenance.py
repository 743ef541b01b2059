# SPDX-License-Identifier: BSD-3-Clause
"""A results file tells where each of its numbers comes from."""

import hashlib

import numpy as np
import pytest
from films import MECHANISM, deck, write_film

import kmc
from kmc import provenance
from kmc.result import Result


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Path of the results of one film."""
    path = tmp_path_factory.mktemp("film") / "results.h5"
    write_film(path)
    return path


def test_provenance_keeps_deck_tables_and_sources(tmp_path):
    (tmp_path / "a.csv").write_text("id,quantity\n# Å\n" + "x" * 200_000)
    (tmp_path / "b.db").write_bytes(bytes(range(256)))
    a_deck = deck(tmp_path, {"a": "a.csv", "b": tmp_path / "b.db"})
    write_film(tmp_path / "r.h5", heights=(0.0,), deck=a_deck)
    result = kmc.open(tmp_path / "r.h5")
    assert result.provenance["deck"] == a_deck.text
    assert result.provenance["seed"] == 1
    assert result.provenance["kmc_version"] == kmc.__version__
    files = result.table("tables").to_dataframe().set_index("name")
    assert files.loc["a", "text"] == (tmp_path / "a.csv").read_text()
    assert files.loc["b", "encoding"] == "base64"
    assert files.loc["a", "sha256"] == hashlib.sha256((tmp_path / "a.csv").read_bytes()).hexdigest()
    assert str(tmp_path) not in str(result.provenance) + files.to_string()


def test_every_number_keeps_uncertainty_unit_and_source(film):
    table = Result(film).table("parameters").to_dataframe().set_index(["owner", "name"])
    row = table.loc[("reduction", "rate-constant")]
    assert (row["value"], row["uncertainty"], row["unit"], row["method"]) == (1e6, 1e5, "1/s", "DFT")
    assert table.loc[("LEDC", "decay"), "source"] == "a guess"
    assert table.loc[("LiEC+", "activity"), "value"] == 0.067
    assert np.isnan(table.loc[("EC", "activity"), "uncertainty"])


def test_processes_are_listed_with_equation_and_law(film):
    table = Result(film).table("processes").to_dataframe().set_index("name")
    assert table.loc["reduction (reverse)", "reverse_of"] == "reduction"
    assert table.loc["reduction", "equation"] == "electrolyte + LiEC+ + e- <=> LiEC"
    assert table.loc["coupling", "law_equation"]


def test_references_are_listed_once_with_what_they_are_for(film):
    citations = Result(film).citations
    assert citations["MD, doi:10.1/b"] == "LiEC+, activity"
    assert any("10.1016/0021-9991(76)90041-3" in reference for reference in citations)
    assert "reduction, rate-constant" in citations["a paper, doi:10.1/a"]


def test_commit_is_given_for_a_source_tree_only(tmp_path):
    assert provenance.git_commit(tmp_path) == ""


def test_provenance_does_not_depend_on_the_directory(tmp_path):
    (tmp_path / "there").mkdir()
    here, there = (provenance.attributes(deck(d), 1, created="now") for d in (tmp_path, tmp_path / "there"))
    assert here == there


def test_units_of_parameters_come_from_the_rate_law():
    a_deck = deck()
    names = provenance.tables(a_deck, MECHANISM)["parameters"]
    assert set(names["unit"]) == {"m", "1/s", "m^3/mol", "1/m", ""}
