# SPDX-License-Identifier: BSD-3-Clause
"""Films in tiles: the same physics as in one piece, the same bits on any number of ranks.

Seeds are fixed; statistical thresholds would raise a false alarm once in 1e5 seeds.
"""

from functools import partial

import cases
import numpy as np
import pytest
from mpi_runs import run_mpi
from restart_decks import GRAPHITE
from tile_films import CASES, clock, digest, exact_tiles, tiled, trajectory

from kmc.deck import parse_deck
from kmc.errors import KmcError
from kmc.model import Model
from kmc.tile_probe import WindowProbe
from kmc.tile_ranks import ALONE
from kmc.tile_windows import SharedWindows
from kmc.tiling import Tiling, steps_to_edge
from kmc_core import Engine, ExitReason
from kmc_core.ghosts import with_ghosts
from kmc_core.reach import reaching_rates

SIGMAS = 4.4
"""float: two-sided probability 1e-5 of a normal deviate."""

@pytest.mark.parametrize("name", CASES)
def test_every_sector_agrees_with_its_sites_and_with_its_neighbours(name):
    engine = trajectory(name)
    assert engine.n_events > 300
    engine.verify()


@pytest.mark.parametrize("name", ["hops", "film"])
def test_looking_does_not_change_the_trajectory(name):
    case, time = CASES[name]
    watched, alone = tiled(case), tiled(case)
    while watched.run(clock(time), 50) == ExitReason.MAX_EVENTS:
        assert watched.species.max() < case.n_species
        assert watched.event_count.sum() == watched.n_events
    alone.run(clock(time))
    assert digest(watched) == digest(alone)


@pytest.mark.parametrize("n_processes", [1, 2])
def test_coming_back_between_a_burst_and_silence_does_not_change_the_trajectory(n_processes):
    """The window after one with many events begins at once, for who comes back as for who goes on."""
    burst = cases.Case(cases.cubic(8, 16, 24), (cases.single(1, 0), cases.pair(2, 0, 0, 2)), (100.0, 0.01),
                       cases.scattered((8, 16, 24), [0.5, 0.002]), 3)
    found = []
    for most in (1, 100, 2**60):
        engine = tiled(burst, window=0.1)
        if n_processes > 1:
            engine._clock = partial(SharedWindows, engine.post, ALONE, len(engine.tiling.boxes))
        while engine.run((30, 0.0), most) == ExitReason.MAX_EVENTS:
            pass
        found.append(digest(engine))
    assert engine.n_windows < 100 < engine.n_events
    assert len(set(found)) == 1


@pytest.mark.parametrize("name", ["hops", "film"])
def test_windows_that_ranks_share_are_those_of_one_process(name):
    """The same loop twice: compiled where one process runs all sectors, and with appointments where several do."""
    case, time = CASES[name]
    compiled, shared = tiled(case, fraction=0.3), tiled(case, fraction=0.3)
    shared._clock = partial(SharedWindows, shared.post, ALONE, len(shared.tiling.boxes))
    for engine in (compiled, shared):
        engine.run(clock(0.5 * time))
        while engine.run(clock(time), 100) == ExitReason.MAX_EVENTS:
            pass
    assert digest(compiled) == digest(shared)
    assert compiled.window == shared.window


def test_walkers_are_neither_lost_nor_doubled():
    engine = tiled(CASES["hops"][0], fraction=2.0)
    before = np.bincount(engine.species)
    engine.run((5, 0.0))
    assert (np.bincount(engine.species) == before).all()
    assert engine.counters["handed"] > 1000


@pytest.mark.parametrize("periodic", [(True, True, True), (False, False, True), (False, True, False)])
@pytest.mark.parametrize("size", [(10, 10), (9, 12), (100, 10), (10, 100)])
def test_every_column_has_one_owner_and_sectors_of_a_colour_never_meet(periodic, size):
    tiling = Tiling.of((3, 43, 39), periodic, size, (1, 2))
    owned = np.zeros((43, 39), dtype=int)
    seen = np.zeros((4, 43, 39), dtype=int)
    for box in tiling.boxes:
        owned[box.y[:, None], box.x] += box.own
        seen[box.number % 4, box.y[:, None], box.x] += 1
        for other, columns in tiling.overlaps(box):
            there = np.flatnonzero(columns >= 0)
            places = np.stack(np.divmod(there, len(box.x))), np.stack(np.divmod(columns[there], len(other.x)))
            assert (box.y[places[0][0]] == other.y[places[1][0]]).all()
            assert (box.x[places[0][1]] == other.x[places[1][1]]).all()
            assert other.number % 4 != box.number % 4
    assert (owned == 1).all()
    assert seen.max() <= 1


def test_tiles_too_narrow_for_what_happens_there_are_refused():
    with pytest.raises(KmcError, match="sectors need at least 4: give tiles of 8 or more"):
        Tiling.of((4, 24, 24), (True, True, True), (6, 6), (2, 2))


def test_a_tile_as_large_as_the_box_is_the_exact_engine():
    text = GRAPHITE.read_text()
    models = [Model.of(parse_deck(text + tiles, "deck.yaml", GRAPHITE.parent))
              for tiles in ("", "\ntiles: {size: [40, 40]}\n")]
    engines = [model.engine() for model in models]
    for engine in engines:
        assert isinstance(engine, Engine)
        engine.run((1, 0.0), 3000)
    assert engines[0].time == engines[1].time
    assert np.array_equal(engines[0].species, engines[1].species)


def test_independent_sites_have_their_exact_coverage():
    """Adsorption at 2, desorption at 3: no sector needs to know of another, so no window is too long."""
    patterns = (cases.single(0, 1), cases.single(1, 0))
    case = cases.Case(cases.cubic(4, 40, 40), patterns, (2.0, 3.0), np.zeros((4, 40, 40), dtype=np.uint8), 2)
    engine = tiled(case, (10, 10), window=0.7)
    engine.run((3, 0.0))
    coverage = []
    for k in range(1, 13):
        engine.run((3 + k, 0.0))
        coverage.append(engine.species.mean())
    error = np.sqrt(0.4 * 0.6 / (6400 * 12))
    assert abs(np.mean(coverage) - 0.4) < SIGMAS * error


def test_walkers_at_equilibrium_hop_as_often_as_they_must_in_short_windows():
    """Walkers that exclude each other: all arrangements are equally likely, N z (V - N)/(V - 1) hops per time."""
    case = cases.hop3d((16, 32, 32))
    engine = tiled(case, (16, 16), fraction=0.3)
    engine.run((8, 0.0))
    v, n = 16 * 32 * 32, int(case.species.sum())
    expected = 8 * n * 6 * (v - n) / (v - 1)
    assert abs(engine.n_events - expected) < SIGMAS * np.sqrt(expected)


def test_walkers_lose_hops_in_windows_that_are_far_too_long():
    """What the test above would miss if windows did not matter: twenty hops a window at sectors eight wide."""
    case = cases.hop3d((16, 32, 32))
    engine = tiled(case, (16, 16), window=4.0)
    engine.run((8, 0.0))
    v, n = 16 * 32 * 32, int(case.species.sum())
    expected = 8 * n * 6 * (v - n) / (v - 1)
    assert engine.n_events < expected - SIGMAS * np.sqrt(expected)


def test_conflicts_fall_with_the_window():
    """Sites that two sectors change in one window, per change at an edge: proportional to the window."""
    shares = []
    for window in (0.1, 0.05, 0.025):
        engine = tiled(cases.hop3d((16, 32, 32)), (16, 16), window=window)
        engine.run((4, 0.0))
        shares.append(engine.counters["conflicts"] / engine.counters["handed"])
    assert shares[0] > 0.03
    assert shares[1] / shares[0] == pytest.approx(0.5, abs=0.12)
    assert shares[2] / shares[1] == pytest.approx(0.5, abs=0.12)


def test_empty_windows_are_skipped():
    """One walker that nothing disturbs: far fewer windows are run than fit into the time."""
    case = cases.hop3d((4, 32, 32))
    species = np.zeros_like(case.species)
    species[2, 4, 4] = 1
    engine = tiled(cases.Case(case.lattice, case.patterns, case.constants, species, 2), (16, 16), window=0.01)
    engine.run((20, 0.0))
    assert engine.n_windows <= engine.n_events < 400
    assert 20 / 0.01 == 2000


def test_a_reaction_that_happens_once_does_not_shorten_windows():
    """Walkers at rate 1 that react at 1e9 to something that stays: the walk sets the window."""
    patterns = (cases.pair(1, 0, 0, 1), cases.pair(1, 1, 2, 2))
    case = cases.Case(cases.cubic(4, 8, 8), patterns, (1.0, 1e9), cases.scattered((4, 8, 8), [0.1]), 3)
    rules = case.parts().rules
    found = reaching_rates(rules, case.rates())
    process = np.asarray(rules.rule_process)
    assert found[process == 0].max() == 1.0
    assert found[process == 1].max() == 0.0
    back = cases.Case(case.lattice, (*patterns, cases.single(2, 1)), (1.0, 1e9, 5.0), case.species, 3)
    rules = back.parts().rules
    found = reaching_rates(rules, back.rates())
    assert found[np.asarray(rules.rule_process) == 1].max() == 5.0


def test_steps_to_an_edge_count_events():
    tiling = Tiling.of((2, 40, 40), (True, True, True), (20, 20), (1, 1))
    box = tiling.boxes[0]
    at_edge = np.zeros(box.n_columns, dtype=bool)
    for _, columns in tiling.overlaps(box):
        at_edge |= columns >= 0
    steps = steps_to_edge(box, at_edge, (1, 1)).reshape(box.own.shape)
    assert steps[6, 6] == 4
    assert (steps[[0, 1, 2, -1]][:, 5] == 1).all()


def test_a_lattice_in_parts_has_half_as_many_species():
    rules = cases.hop3d((4, 4, 4)).parts().rules
    doubled = with_ghosts(rules)
    assert doubled.n_species == 4
    assert np.diff(doubled.rule_ptr)[2:].sum() == 0
    one = np.zeros((1, 1, 1), dtype=np.uint8)
    too_many = cases.Case(cases.cubic(1, 1, 1), (cases.single(0, 1),), (1.0,), one, 128).parts().rules
    with pytest.raises(ValueError, match="127 are possible"):
        with_ghosts(too_many)


def test_more_ranks_than_tiles_are_refused():
    class Many:
        size, rank = 99, 0

    with pytest.raises(KmcError, match="99 ranks share 6 tiles"):
        tiled(CASES["hops"][0], ranks=Many())


def test_the_probe_finds_the_error_of_windows_that_are_too_long():
    """Windows of one hop time lose 7 % of the hops of walkers in sectors eight wide, and the film says so.

    What it says is a bound: the error if that is of first order in the window, three times the error if of second.
    """
    case = cases.hop3d((16, 48, 48))
    engine = tiled(case, (16, 16), window=1.0, probes=True)
    engine.run((65, 0.0))
    v, n = case.species.size, int(case.species.sum())
    true = engine.n_events / (65 * n * 6 * (v - n) / (v - 1)) - 1.0
    found, error = (engine.report()[name] for name in ("window_error", "window_error_uncertainty"))
    assert true < -0.05
    assert error < 0.02
    assert found - 3.0 * error < true < found / 3.0 + error


def test_probes_do_not_change_the_trajectory():
    watched, alone = (tiled(CASES["hops"][0], window=0.05, probes=probes) for probes in (True, False))
    for engine in (watched, alone):
        engine.run((4, 0.0))
    assert watched.probe.sums[0, 0] > 0
    assert digest(watched) == digest(alone)


def test_a_probe_goes_on_from_its_numbers():
    case = CASES["hops"][0]
    watched = tiled(case, window=0.02, probes=True)
    watched.run((4, 0.0))
    other = WindowProbe()
    other.state = watched.probe.state
    assert (other.last, other.due) == (64, 256)
    assert other.report() == watched.probe.report() | {name: pytest.approx(np.nan, nan_ok=True) for name in (
        "window_error_solid", "window_error_solid_uncertainty")}


def test_sectors_without_windows_are_the_exact_algorithm():
    """Null events between sectors of unequal propensity; hops of walkers at equilibrium are counted."""
    case = cases.hop3d((4, 16, 16))
    engine = exact_tiles(case, 1)
    engine.run((4, 0.0))
    engine.verify()
    v, n = case.species.size, int(case.species.sum())
    expected = 4 * n * 6 * (v - n) / (v - 1)
    assert abs(engine.n_events - expected) < SIGMAS * np.sqrt(expected)
    assert engine.n_null > 0.02 * engine.n_events


# An error on one rank ends all with its message; without that the launcher kills the others, which says nothing.
DIGESTS = """
from kmc.ranks import all_or_none, world
from kmc.tile_ranks import ranks_of
communicator = world()
with all_or_none(communicator, 75):
    import tile_films
    ranks = ranks_of(communicator)
    for name in tile_films.CASES:
        engine = tile_films.trajectory(name, ranks=ranks)
        engine.verify()
        found = tile_films.digest(engine)
        if ranks.is_root:
            print(name, found, flush=True)
    engine = tile_films.exact_tiles(tile_films.CASES["film"][0], 1, ranks)
    engine.run((0, 0.0005))
    found = tile_films.digest(engine)
    if ranks.is_root:
        print("exact", found, flush=True)
"""


@pytest.mark.parametrize("n_ranks", [2, 4])
def test_ranks_make_the_same_film_bit_for_bit(n_ranks, tmp_path):
    done = run_mpi(n_ranks, ["-c", DIGESTS], tmp_path)
    assert done.returncode == 0, done.stderr
    exact = exact_tiles(CASES["film"][0], 1)
    exact.run((0, 0.0005))
    alone = {**{name: trajectory(name) for name in CASES}, "exact": exact}
    assert done.stdout.splitlines() == [f"{name} {digest(engine)}" for name, engine in alone.items()]
