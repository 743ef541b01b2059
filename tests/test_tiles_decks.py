# SPDX-License-Identifier: BSD-3-Clause
"""Decks of films in tiles: runs of the command on ranks, refusals, and what `kmc check` says of tiles and ranks."""

import re
from itertools import pairwise

import h5py
import numpy as np
import pytest
from mpi_runs import run_mpi
from tile_films import DECK, SAME

from kmc.deck import parse_deck
from kmc.errors import DeckError
from kmc.inspection import check
from kmc.model import Model
from kmc.scaling import Costs, efficiency


def test_ranks_write_the_same_results(tmp_path):
    (tmp_path / "film.yaml").write_text(DECK)
    command = ["-m", "kmc", "run", "film.yaml", "--quiet", "-o"]
    for n_ranks in (1, 2, 3):
        done = run_mpi(n_ranks, [*command, str(n_ranks)], tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout + done.stderr == ""
    with h5py.File(tmp_path / "1" / "results.h5") as alone:
        assert alone.attrs["finished"] == 1
        assert alone.attrs["tiles"] == "4 x 3"
        assert alone.attrs["halo_changes"] > alone.attrs["halo_conflicts"] > 0
        for n_ranks in (2, 3):
            with h5py.File(tmp_path / str(n_ranks) / "results.h5") as shared:
                assert all(np.array_equal(alone[name][()], shared[name][()]) for name in SAME)


def test_an_error_on_one_rank_ends_all_with_one_message(tmp_path):
    (tmp_path / "film.yaml").write_text(DECK.replace("duration: 1 s", "duration: 1000 s"))
    code = """
import sys
import kmc.tile_windows
from kmc.cli import main
from kmc.ranks import launched_ranks
window = kmc.tile_windows.SharedWindows.window
def broken(windows, *arguments):
    if launched_ranks()[1] == 1 and windows.n_windows == 20:
        raise MemoryError("no room")
    window(windows, *arguments)
kmc.tile_windows.SharedWindows.window = broken
sys.exit(main(["run", "film.yaml", "--quiet", "-o", "out"]))
"""
    done = run_mpi(2, ["-c", code], tmp_path, timeout=60)
    assert done.returncode != 0
    assert done.stderr.count("no room") == 1


def test_ranks_refuse_a_deck_with_one_message(tmp_path):
    (tmp_path / "film.yaml").write_text(DECK.replace("fraction: 0.1", "fraction: 1.1"))
    done = run_mpi(2, ["-m", "kmc", "run", "film.yaml"], tmp_path)
    assert done.returncode != 0
    assert done.stderr.count("film.yaml:") == 1


@pytest.mark.parametrize(("change", "message"), [
    (("size: [8, 8]", "size: [3, 3]"), "deck.yaml:7:15: tiles of 3 sites along y make sectors of 1"),
    (("groups:", "solution: {gas: {formula: Li, count: 5}}\ngroups:"), "solution runs out or reacts"),
])
def test_films_that_cannot_be_cut_are_refused_where_the_deck_cuts_them(change, message):
    with pytest.raises(DeckError, match=re.escape(message)):
        Model.of(parse_deck(DECK.replace(*change)))


@pytest.mark.parametrize(("change", "lines"), [
    (("", ""), ["tiles          4 x 3, 48 sectors", "ranks          3, 4 to 4 tiles each", "MB on a rank"]),
    (("tiles: {size: [8, 8]}", ""), ["proposal       tiles: {size: [12, 12]}", "ranks          3, 2 to 2 tiles each"]),
    (("size: [32, 24, 8]", "size: [4, 4, 8]"), ["a film of 4 x 4 columns is too small to be shared by 3 ranks"]),
])
def test_check_proposes_tiles_for_ranks(change, lines):
    page = check(parse_deck(DECK.replace(*change).replace("duration: 1 s", "duration: 1000 s")), n_ranks=3).page
    part = page[page.index("TILES AND RANKS"):page.index("FINDINGS")]
    assert all(line in part for line in lines), part


def test_check_without_tiles_does_not_speak_of_them():
    assert "TILES" not in check(parse_deck(DECK.replace("tiles: {size: [8, 8]}", ""))).page


def test_efficiency_falls_with_ranks_and_rises_with_events():
    costs = Costs()
    shares = [efficiency(1e6 / n_ranks, n_ranks, 8, costs) for n_ranks in (1, 64, 512, 4096)]
    assert shares[0] == 1.0
    assert all(b < a for a, b in pairwise(shares))
    assert efficiency(1e8 / 512, 512, 8, costs) > efficiency(1e6 / 512, 512, 8, costs)
    balance_only = Costs(event=1e-6, turn=0.0, exchange=0.0, byte=0.0, gather=0.0, window=0.0)
    assert efficiency(4 * 500, 64, 8, balance_only) == pytest.approx(0.886, abs=0.001)  # kmc_methods: 0.89
