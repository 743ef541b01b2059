# SPDX-License-Identifier: BSD-3-Clause
"""Cluster expansions of decks: placements by symmetry, what is refused, and which barriers follow them."""

import numpy as np
import pytest
from reference_energy import ReferenceEnergy

from kmc.clusters import Cluster, instances, placements, reach
from kmc.constants import BOLTZMANN_EV
from kmc.deck import parse_deck
from kmc.errors import DeckError, KmcError
from kmc.interactions import process_lines, site_energies
from kmc.lattice import Lattice
from kmc.mechanism import compile_mechanism
from kmc.model import Model
from kmc.quantity import Quantity

A, B = 1, 2


def lattice(kind, shape=(5, 5, 5), surface=None):
    ny = 1 if kind == "square" else shape[1]
    return Lattice(kind, 1e-9, (shape[0], ny, shape[2]), (False, kind != "square", True), surface)


def cluster(species, *offsets, energy=0.1, name="c"):
    return Cluster(name, offsets, tuple(species), Quantity(energy))


HERE, RIGHT, UP, BACK = (0, 0, 0), (0, 0, 1), (1, 0, 0), (0, 1, 0)
SQUARE, CUBIC, HEXAGONAL = lattice("square"), lattice("simple cubic"), lattice("hexagonal")
FCC, BCC = lattice("fcc", surface=111), lattice("bcc", surface=100)


# --- placements ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "members", "n_placements"),
    [
        (SQUARE, cluster([A], HERE), 1),
        (SQUARE, cluster([A, A], HERE, RIGHT), 2),
        (SQUARE, cluster([A, B], HERE, RIGHT), 4),
        (SQUARE, cluster([A, A], HERE, (1, 0, -1)), 2),
        (SQUARE, cluster([A, A, A], HERE, RIGHT, UP), 4),
        (SQUARE, cluster([A, B, B], HERE, RIGHT, UP), 4),
        (SQUARE, cluster([A, B, B], RIGHT, HERE, UP), 8),
        (SQUARE, cluster([A] * 4, HERE, RIGHT, UP, (1, 0, 1)), 1),
        (SQUARE, cluster([A, B, B, A], HERE, RIGHT, UP, (1, 0, 1)), 2),
        (SQUARE, cluster([A, A, B, B], HERE, RIGHT, UP, (1, 0, 1)), 4),
        (CUBIC, cluster([A, A], HERE, BACK), 3),
        (CUBIC, cluster([A, A], HERE, (1, 1, 1)), 4),
        (CUBIC, cluster([A, A, A], HERE, RIGHT, UP), 12),
        (CUBIC, cluster([A] * 4, HERE, RIGHT, UP, BACK), 8),
        (HEXAGONAL, cluster([A, A], HERE, RIGHT), 3),
        (HEXAGONAL, cluster([A, A], HERE, UP), 1),
        (HEXAGONAL, cluster([A, A, A], HERE, RIGHT, BACK), 2),
        (FCC, cluster([A, A], HERE, RIGHT), 6),
        (FCC, cluster([A, A, A], HERE, RIGHT, BACK), 8),
        (FCC, cluster([A] * 4, HERE, RIGHT, BACK, UP), 2),
        (BCC, cluster([A, A], HERE, UP), 4),
        (BCC, cluster([A, A], HERE, RIGHT), 3),
    ],
)
def test_a_cluster_has_as_many_placements_per_site_as_geometry_says(where, members, n_placements):
    assert len(placements(members, where.operations())) == n_placements


@pytest.mark.parametrize("where", [SQUARE, CUBIC, FCC, BCC], ids=lambda each: each.kind)
def test_placements_are_the_sets_of_sites_with_the_same_distances(where):
    """Counted without symmetry, on a box with walls along z: each set of sites once, like species or not."""
    for members in (
        cluster([A, B, A], HERE, RIGHT, UP),
        cluster([A, A, A], HERE, RIGHT, UP),
        cluster([A, A, B, B], HERE, RIGHT, UP, (1, 0, 1)),
    ):
        reference = ReferenceEnergy([(members.offsets, members.species, 0.1)], where)
        found = set()
        for placement in placements(members, where.operations()):
            offsets = np.array([offset for offset, _ in placement])
            for sites in reference.everywhere(offsets):
                found.add(frozenset(zip(sites, (species for _, species in placement), strict=True)))
        _, sites, species = reference.sets[0]
        assert len(sites) == len(found)
        pairs = zip(sites.tolist(), species.tolist(), strict=True)
        assert found == {frozenset(zip(*pair, strict=True)) for pair in pairs}


def test_every_member_of_a_placement_sees_the_others_once():
    members = cluster([A, B, B], HERE, RIGHT, UP)
    found = instances([members], SQUARE.operations())
    assert len(found) == 3 * 4
    assert len(set(found)) == len(found)
    assert sum(each.centre == A for each in found) == 4
    assert all(offset != HERE for each in found for offset, _ in each.others)


def test_site_energies_are_flat_arrays_with_positions_closed_under_inversion():
    pair, small = cluster([A, B], HERE, (0, 0, 2)), cluster([A, A], HERE, UP, energy=4e-10)
    arrays = site_energies([pair, small, cluster([B], HERE, energy=-0.25)], SQUARE)
    offsets = {tuple(each) for each in arrays["offsets"].tolist()}
    assert offsets == {(0, 0, 2), (0, 0, -2), (2, 0, 0), (-2, 0, 0)}  # what rounds to nothing is left out
    assert arrays["centre"].tolist() == [A] * 4 + [B] * 5
    assert np.diff(arrays["other_ptr"]).tolist() == [1] * 8 + [0]
    assert arrays["energy"].tolist() == [100_000_000] * 8 + [-250_000_000]
    assert arrays["energy"].dtype == np.int64


def test_reach_is_that_of_all_orientations():
    assert reach(cluster([A, B, A], HERE, (0, 0, 2), (0, 0, 1)), SQUARE.operations()) == (2, 0, 2)
    assert reach(cluster([A, A], HERE, (0, 0, 2)), CUBIC.operations()) == (2, 2, 2)


# --- decks --------------------------------------------------------------------------------------------------

DECK = """\
run: {{duration: 1 s}}
tables: {{t: sei.csv}}
lattice: {{type: square, spacing: 1 nm, size: [5, 5], fill: vacant}}
protocol: {{temperature: 300 K, potential: 0 V}}
species:
  vacant: {{phase: liquid}}
  A: {{phase: dissolved, formula: C}}
  B: {{phase: dissolved, formula: C}}
  E: {{phase: electrode}}
solution: {{gas: {{formula: C, activity: 1}}}}
interactions:
  transfer: 0.4 +- 0.1
  clusters:
{clusters}processes:
{processes}"""
PAIR = "{name: pair, sites: [[0, 0], [1, 0]], species: [A, A], energy: -0.1 eV}"
ADSORPTION = (
    "{name: adsorption, equation: vacant + gas <=> A, "
    "rate: {law: arrhenius, prefactor: 1 1/s, barrier: 0.5 eV, reaction-free-energy: 0.1 eV}MORE}"
)
HOP = "{name: hop, equation: A + vacant => vacant + A, rate: {law: constant, rate-constant: 1 1/s}MORE}"
TURN = "{name: turn, equation: B => vacant + gas, rate: {law: constant, rate-constant: 1 1/s}MORE}"


def text_of(*clusters, processes=(ADSORPTION,), more=""):
    return DECK.format(
        clusters="".join(f"  - {each}\n" for each in clusters),
        processes="".join(f"- {each.replace('MORE', more)}\n" for each in processes),
    )


def compiled(*clusters, tables, **options):
    return compile_mechanism(parse_deck(text_of(*clusters, **options), "deck.yaml", tables))


@pytest.fixture
def tables(tmp_path):
    rows = "pair,energy,-0.12,0.02,eV,DFT,Someone 2020,,\nhuge,energy,1e6,,eV,DFT,Someone 2020,,\n"
    (tmp_path / "sei.csv").write_text("id,quantity,value,uncertainty,unit,method,source,doi,note\n" + rows)
    return tmp_path


def refusals(*clusters, tables, **options):
    with pytest.raises(DeckError) as caught:
        compiled(*clusters, tables=tables, **options)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_a_deck_gives_clusters_with_energy_uncertainty_and_source(tables):
    corner = "{name: corner, sites: [[0, 0], [1, 0], [0, 1]], species: [A, E, B], energy: {value: 1 kJ/mol, source: S}}"
    far = "{name: far, sites: [[2, 0], [0, 0]], species: [A, A], energy: t#pair}"
    mechanism = compiled(PAIR, corner, far, tables=tables)
    pair, bent, tabled = mechanism.clusters
    assert pair.offsets == ((0, 0, 0), (0, 0, 1))
    assert pair.quanta == -100_000_000
    assert bent.offsets[2] == (1, 0, 0)
    assert [mechanism.species[index].name for index in bent.species] == ["A", "E", "B"]
    assert bent.energy.value == pytest.approx(0.010364, rel=1e-4)
    assert (tabled.energy.value, tabled.energy.uncertainty) == (-0.12, 0.02)
    cited = {(row.owner, row.parameter): row for row in mechanism.citations()}
    assert cited["cluster far", "energy"].source == "Someone 2020"
    assert cited["cluster pair", "energy"].value == -0.1
    assert cited["adsorption", "transfer"].uncertainty == 0.1
    assert "cluster 'pair': no source for its energy" in mechanism.notes


def test_clusters_that_are_the_same_but_for_symmetry_are_refused_at_the_second(tables):
    turned = PAIR.replace("name: pair", "name: turned").replace("[1, 0]", "[0, -1]")
    assert refusals(PAIR, turned, tables=tables) == [(15, "cluster 'turned' is 'pair' again, but for symmetry")]
    mixed = PAIR.replace("pair", "AB").replace("[A, A]", "[A, B]")
    assert len(compiled(PAIR, mixed, tables=tables).clusters) == 2
    swapped = mixed.replace("AB", "BA").replace("[A, B]", "[B, A]")
    assert refusals(PAIR, mixed, swapped, tables=tables) == [(16, "cluster 'BA' is 'AB' again, but for symmetry")]


def test_a_cluster_that_reaches_around_the_box_is_refused(tables):
    wide = PAIR.replace("[1, 0]", "[3, 0]")
    assert refusals(wide, tables=tables) == [
        (14, "cluster 'pair' reaches 3 sites along x, too far for the periodic box")
    ]


def test_an_energy_of_a_table_is_refused_at_the_deck(tables):
    assert refusals(PAIR.replace("-0.1 eV", "t#huge"), tables=tables) == [
        (14, "cluster 'pair': 'energy' must lie within 100 eV of zero, not 1e+06 eV")
    ]
    (line, message), *_ = refusals(PAIR.replace("-0.1 eV", "t#none"), tables=tables)
    assert line == 14
    assert message.startswith("cluster 'pair': sei.csv has no row 'none'")


def test_an_energy_that_is_no_whole_number_of_quanta_is_rounded_and_said_to_be(tables):
    mechanism = compiled(PAIR.replace("-0.1 eV", "2.5e-9 eV"), tables=tables)
    assert mechanism.clusters[0].quanta == 2
    assert "cluster 'pair': its energy, 2.5e-09 eV, is rounded to 2e-09 eV" in mechanism.notes


def test_clusters_that_reach_too_far_for_the_core_are_refused():
    wide = PAIR.replace("[A, A]", "[A, A, B, B]").replace("[[0, 0], [1, 0]]", "[[0, 0, 0], [20, 1, 2], PLACES]")
    text = text_of(
        wide.replace("PLACES", "[3, 19, 4], [5, 6, 18]"),
        wide.replace("pair", "other").replace("PLACES", "[7, 15, 9], [8, 11, 14]"),
        wide.replace("pair", "third").replace("PLACES", "[13, 4, 6], [2, 10, 16]"),
    )
    text = text.replace("square", "simple cubic").replace("[5, 5]", "[50, 50, 50]")
    text = text.replace("tables: {t: sei.csv}\n", "")
    with pytest.raises(KmcError, match=r"interactions: an event would be noticed at \d+ sites around it; at most 512"):
        Model.of(parse_deck(text))


def test_a_rate_without_a_bound_is_refused():
    """A law without a barrier is multiplied by exp(-w dE/kT), of which e^600 is refused; a barrier ends at zero."""
    strong, fast = PAIR.replace("-0.1 eV", "-20 eV"), HOP.replace("MORE", "")
    text = text_of(strong, processes=(fast,)).replace("tables: {t: sei.csv}\n", "")
    with pytest.raises(KmcError, match="process 'hop': interactions may set free up to 80 eV, and its rate law"):
        Model.of(parse_deck(text))
    slow = text.replace("law: constant, rate-constant: 1 1/s", "law: arrhenius, prefactor: 1 1/s, barrier: 0.1 eV")
    slow = slow.replace("fill: vacant", "fill: vacant, random: [{species: A, fraction: 0.5}]")
    assert Model.of(parse_deck(slow)).engine().total_propensity < 25 * 4
    Model.of(parse_deck(text.replace("-20 eV", "-1 eV")))


# --- which barriers follow ----------------------------------------------------------------------------------


def test_transfer_is_that_of_the_process_or_of_the_section_and_only_where_energies_change(tables):
    mechanism = compiled(PAIR, tables=tables, processes=(ADSORPTION, HOP, TURN))
    found = {process.name: process.transfer for process in mechanism.processes}
    assert found["adsorption"].value == found["adsorption (reverse)"].value == 0.4
    assert found["hop"].value == 0.5
    assert found["turn"] is None
    mechanism = compiled(PAIR, tables=tables, more=", transfer: 0.1")
    assert mechanism.processes[0].transfer.value == 0.1


def test_transfer_without_effect_is_noted(tables):
    mechanism = compiled(PAIR, tables=tables, processes=(TURN,), more=", transfer: 0.1")
    assert "process 'turn': 'transfer' has no effect: no cluster changes its energy" in mechanism.notes


def test_a_hop_has_half_of_the_change_in_either_direction(tables):
    [(line, message)] = refusals(PAIR, tables=tables, processes=(HOP,), more=", transfer: 0.3")
    assert (line, message) == (16, "process 'hop': is its own reverse, so 'transfer' is 0.5, not 0.3")
    compiled(PAIR, tables=tables, processes=(HOP,), more=", transfer: 0.5")
    uphill = HOP.replace("rate-constant: 1 1/s", "rate-constant: 1 1/s, reaction-free-energy: 0.2 eV")
    [(_, message)] = refusals(PAIR, tables=tables, processes=(uphill,))
    assert message == "process 'hop': is its own reverse, so its reaction free energy is 0 eV, not 0.2 eV"


def test_neighbours_and_interactions_do_not_move_one_barrier_together(tables):
    neighbours = ", neighbours: [{species: [A], energy: 0.1 eV}]"
    [(_, message)] = refusals(PAIR, tables=tables, more=neighbours)
    assert message.startswith("process 'adsorption': 'neighbours' and 'interactions' would both move its barrier")
    compiled(PAIR, tables=tables, processes=(HOP,), more=neighbours)  # a law without a barrier is multiplied


def test_a_hand_written_pair_shares_the_change_of_energy(tables):
    forward = ADSORPTION.replace("<=>", "=>").replace("MORE", ", transfer: 0.3")
    backward = forward.replace("name: adsorption", "name: desorption").replace("vacant + gas => A", "A => vacant + gas")
    backward = backward.replace("barrier: 0.5", "barrier: 0.4").replace("energy: 0.1", "energy: -0.1")
    [(line, message)] = refusals(PAIR, tables=tables, processes=(forward, backward))
    assert line == 17
    assert "their transfer coefficients add up to 0.6, not 1" in message
    compiled(PAIR, tables=tables, processes=(forward, backward.replace("transfer: 0.3", "transfer: 0.7")))


def test_lines_of_a_process_and_its_reverse_differ_by_the_change_itself(tables):
    """E_rev(-dE) = E(dE) - dG0 - dE: the largest lines differ by dE at any dE, floors or not."""
    mechanism = compiled(PAIR, tables=tables)
    forward, reverse = mechanism.processes
    for barrier, energy in ((0.5, 0.1), (0.05, 0.1), (-0.2, -0.3), (0.2, -0.4)):
        there, back = process_lines(forward, barrier, energy), process_lines(reverse, barrier - energy, -energy)
        for change in np.linspace(-2, 2, 41):
            ahead = max(b + m * change for m, b in there)
            assert ahead == pytest.approx(max(b - m * change for m, b in back) + change, abs=1e-15)
            top = max(barrier + 0.4 * change, energy + change, 0.0)
            assert ahead == pytest.approx(top - max(barrier, energy, 0.0), abs=1e-15)


def test_a_barrier_law_without_free_energy_is_floored_at_zero_only(tables):
    one_way = ADSORPTION.replace("<=>", "=>").replace(", reaction-free-energy: 0.1 eV", "")
    [process] = compiled(PAIR, tables=tables, processes=(one_way,)).processes
    assert process_lines(process, 0.5, -np.inf) == [(0.4, 0.0), (0.0, -0.5)]
    assert process_lines(process, np.nan, -np.inf) == [(0.4, 0.0)]


def test_rates_follow_a_free_energy_that_depends_on_temperature(tables):
    varying = ADSORPTION.replace(
        "reaction-free-energy: 0.1 eV", "reaction-free-energy: {value: 0.1 eV, slope: 1e-3 eV/K, at: 300 K}"
    ).replace("barrier: 0.5 eV", "barrier: 0.15 eV")
    text = text_of(PAIR, processes=(varying,)).replace(
        "temperature: 300 K", "temperature: {ramp: {start: 300 K, end: 400 K, rate: 1 K/s}}"
    )
    text = text.replace("fill: vacant", "fill: vacant, random: [{species: A, fraction: 0.5}]")
    model = Model.of(parse_deck(text.replace("tables: {t: sei.csv}\n", "")))
    engine = model.engine()
    model.apply(engine, 90.0)
    temperature = model.protocol.at(90.0)[1]
    barrier, energy = 0.15, 0.1 + 1e-3 * (temperature - 300.0)
    assert [each[0] for each in model.mechanism.barriers(temperature)] == pytest.approx([barrier, energy])
    box = np.array(engine.species).reshape(5, 5)
    for z, x in np.argwhere((box == 0) & np.array([[0], [1], [1], [1], [0]], dtype=bool)):
        change = -0.1 * sum(box[z + dz, (x + dx) % 5] == 1 for dz, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)))
        crossed = max(barrier + 0.4 * change, energy + change, 0.0)
        [(_, rate, _, _)] = engine.rates_at(5 * z + x)
        assert rate == pytest.approx(np.exp(-crossed / (BOLTZMANN_EV * temperature)), rel=1e-12)
