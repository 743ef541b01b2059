# SPDX-License-Identifier: BSD-3-Clause
"""Solutions that cannot be are refused, with their place."""

from pathlib import Path

import pytest
from chemistry import HEAD, refused
from solution_decks import FREE, SPECIES, VOLUME, solution_deck

from kmc.deck import parse_deck
from kmc.errors import DeckError
from kmc.mechanism import compile_mechanism

# --- what is refused ------------------------------------------------------------------------------------------

CONSTANT = "law: constant, rate-constant: 3 1/s"
ELECTRON = "law: butler-volmer, prefactor: 5 1/s, standard-potential: 0.1 V"
REFUSED = {
    "gas is consumed": (("A + G => C", CONSTANT), "", "consumes 'G', which has no activity and no count", "A + G"),
    "gas on the way back": (
        ("C <=> A + G", f"{FREE}: 0 eV"), "", "on its way back consumes 'G', which has no activity and no", "C <=>"
    ),
    "four at once": (("3 A + B => 2 C", CONSTANT), "", "consumes 4 molecules; an elementary step joins 3", "3 A"),
    "four on the way back": (
        ("2 C <=> 3 A + B", f"{FREE}: 0 eV"), "", "on its way back consumes 4 molecules", "2 C"
    ),
    "geometry": (("A => E", CONSTANT, "geometry: [[0, 0, 0]]"), "", "'geometry' is for lattice terms", "[[0"),
    "neighbours": (
        ("A => E", CONSTANT, "neighbours: [{species: [X], energy: 0.1 eV}]"), "", "'neighbours' is for lattice", "[{"
    ),
    "layer": (("A => E", CONSTANT, "layer: {from: 2}"), "", "'layer' is for lattice terms", "{from"),
    "diffusion": (
        ("A => E", "law: diffusion, diffusivity: 1e-10 m^2/s"), "", "rate law 'diffusion' is for sites", "{law"
    ),
    "impingement": (
        ("A => E", "law: impingement, pressure: 1 bar, molar-mass: 28 g/mol, site-area: 0.25 nm^2"), "",
        "rate law 'impingement' is for sites", "{law",
    ),
    "collision of one": (
        ("A => E", "law: collision, radii: [1 nm, 1 nm], molar-masses: [1 g/mol, 1 g/mol]"), "volume: 1e-24 m^3",
        "rate law 'collision' is for two molecules of the solution that meet", "{law",
    ),
    "collision nowhere": (
        ("2 A => D", "law: collision, radii: [1 nm, 1 nm], molar-masses: [1 g/mol, 1 g/mol]"), "",
        "rate law 'collision' is in m^3/s for a pair, which needs the volume of the compartment", "{law",
    ),
    "not balanced": (("A + B => A", CONSTANT), "", "not balanced: C 2 -> 1", "A + B"),
    "nothing": (("A + B => B + A", CONSTANT), "", "changes nothing", "A + B"),
    "two electrons": (("A + 2 e- => F", ELECTRON), "", "transfers 2 electrons", "A + 2"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_solution_process_that_cannot_be_is_refused_with_its_place(name):
    step, compartment, message, excerpt = REFUSED[name]
    species = SPECIES + "  G: {formula: C, phase: gas}\n  F: {formula: C, charge: -2, count: 0}\n"
    with pytest.raises(DeckError) as caught:
        compile_mechanism(solution_deck([step], compartment, species))
    (problem,) = caught.value.problems
    assert problem.message.startswith(f"process 'step 1': {message}")
    assert problem.excerpt[problem.column - 1 :].startswith(excerpt)


def test_adsorption_from_nowhere_is_refused():
    head = HEAD.replace("EC: {formula: C3H4O3, activity: 0.5}", "EC: {formula: C3H4O3, count: 9}")
    (problem,) = refused(("RO + EC => LiEC + EC", "{law: constant, rate-constant: 1 1/s}"), head=head)
    assert "consumes 'EC' at its activity, n/(N_A V c0), and there is no volume V" in problem.message
    assert "height" in problem.hint


def test_tunnelling_without_default_decay_is_refused():
    head = HEAD.replace("{default: 12 1/nm}", "{" + ", ".join(f"{name}: 12 1/nm" for name in (
        "electrode", "electrolyte", "LiEC", "RO", "RO-", "LEDC", "Li2CO3", "Li@Li2CO3")) + "}")
    head = head.replace("EC: {formula: C3H4O3, activity: 0.5}", "EC: {formula: C3H4O3, count: 9}\n  EC-: "
                        "{formula: C3H4O3, charge: -1, count: 0}")
    (problem,) = refused(("EC + e- => EC-", f"{{{ELECTRON}}}", "tunnelling: true"), head=head)
    assert "takes the decay 'default', and there is none" in problem.message


@pytest.mark.parametrize(
    ("concentration", "message"),
    [("1 mmol/L", "the volume is too small for 'A': 0.0241 molecules, which is none"),
     ("1e15 mol/L", "'A' would have 2.41e+16 molecules; at most 1e+12 are possible")],
)
def test_volume_that_cannot_hold_a_concentration_is_refused(concentration, message):
    species = SPECIES.replace("A: {formula: C, count: 4}", f"A: {{formula: C, concentration: {concentration}}}")
    with pytest.raises(DeckError) as caught:
        compile_mechanism(solution_deck([("A => E", CONSTANT)], f"volume: {VOLUME} m^3", species))
    (problem,) = caught.value.problems
    assert problem.message == message
    assert problem.excerpt[problem.column - 1 :].startswith(concentration)


def test_smallest_solution_of_the_page_is_a_deck():
    page = (Path(__file__).parents[1] / "docs" / "deck.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in page.split("```yaml\n")[1:]]
    (block,) = [block for block in blocks if "solution:" in block and block.startswith("run:")]
    mechanism = compile_mechanism(parse_deck(block))
    assert (mechanism.n_lattice, [process.name for process in mechanism.processes]) == (0, ["coupling"])


def test_amount_and_size_displace_those_of_the_base(tmp_path):
    (tmp_path / "base.yaml").write_text(
        "run: {duration: 1 s}\nprotocol: {temperature: 298.15 K, potential: 0 V}\ncompartment: {volume: 1e-24 m^3}\n"
        "solution: {A: {formula: C, activity: 0.5}, B: {formula: C}, E: {formula: C, concentration: 1 mol/L}}\n"
        "processes: [{name: step, equation: A => B, rate: {law: constant, rate-constant: 1 1/s}}]\n"
    )
    over = "extends: base.yaml\nsolution: {A: {count: 7}, E: {activity: 1}}\n"
    deck = parse_deck(over, directory=tmp_path)
    assert (deck.solution["A"].activity, deck.solution["A"].count) == (None, 7)
    assert (deck.solution["E"].activity.value, deck.solution["E"].concentration) == (1.0, None)
    assert deck.compartment.volume.value == 1e-24
