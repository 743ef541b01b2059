# SPDX-License-Identifier: BSD-3-Clause
"""The page docs/tables.md: its examples run as they stand, and what they make is what the page says."""

import re
import subprocess
import sys

import pytest
from barrier_tables import value

from kmc.barriers import READERS
from kmc.table_kinds import SUFFIXES


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "tables.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made(page, tmp_path_factory):
    """Directory in which all examples of the page were run, in a process of their own."""
    folder = tmp_path_factory.mktemp("page")
    script = "\n".join(blocks(page, "python"))
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    csv, sources = blocks(page, "text")
    (folder / "page.csv").write_text(csv)
    (folder / "hop.sources.csv").write_text(sources.replace("*,", "other,"))
    return folder


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["surface.db", "states.db", "hop.traj", "hop.extxyz"])
def test_all_examples_give_the_barrier_of_one_hop(made, name):
    (made / "hop.sources.csv").unlink(missing_ok=True)
    found = value(made / name, "hop")
    assert found.value == pytest.approx(0.45, abs=0.1)
    assert found.value == pytest.approx(value(made / "surface.db", "hop").value, abs=1e-3)
    assert found.source == "this example"
    assert "EMT" in found.method


def test_the_example_of_vibrations_gives_three_frequencies_and_two(made):
    assert len(value(made / "states.db", "hop", "initial-frequencies").value) == 3
    assert len(value(made / "states.db", "hop", "saddle-frequencies").value) == 2


def test_the_example_of_a_csv_table_is_one(made):
    assert value(made / "page.csv", "G2").value == pytest.approx(0.47696, rel=1e-4)
    assert value(made / "page.csv", "G3").distribution.kind == "uniform"
    assert len(value(made / "page.csv", "hop", "initial-frequencies").value) == 3


def test_the_example_of_a_network_is_one(made):
    assert value(made / "rn.sqlite", 0, "rate-constant").value == 1.1e6
    assert value(made / "rn.sqlite", 0).value == 0.4


def test_the_page_names_every_ending_and_has_a_part_on_every_kind(page):
    assert not [suffix for suffix in SUFFIXES if f"`{suffix}`" not in page]
    titles = " ".join(re.findall(r"^## (.*)$", page, re.MULTILINE)).lower()
    names = {"network": "networks"}
    assert not [kind for kind in READERS if names.get(kind, kind) not in titles]
