# SPDX-License-Identifier: BSD-3-Clause
"""Runs with a solution: books that close, what the file holds, and the commands on a run without lattice."""

import csv

import numpy as np
import pytest

import kmc
from kmc import schema
from kmc.cli import EXIT_FINISHED, EXIT_REFUSED, main
from kmc.constants import AVOGADRO
from kmc.deck import load_deck, parse_deck
from kmc.errors import InternalError, KmcError
from kmc.ledger import Ledger
from kmc.mechanism import compile_mechanism
from kmc.model import Model
from kmc.simulation import Simulation

VOLT = "{law: butler-volmer, prefactor: 2e4 1/s, standard-potential: 0.15 V}"
ZERO = f"""\
title: reduction in solution
run: {{duration: 1 ms, seed: 3}}
protocol: {{temperature: 298.15 K, potential: {{ramp: {{start: 0.3 V, end: 0.1 V, rate: 400 V/s}}}}}}
compartment: {{volume: 2e-25 m^3, distance: 0.6 nm}}
tunnelling: {{decay: {{default: 1 1/nm}}}}
solution:
  LiEC+: {{formula: C3H4LiO3, charge: 1, concentration: 1 mol/L}}
  LiEC: {{formula: C3H4LiO3, count: 0}}
  LEDC: {{formula: C4H4Li2O6, count: 0}}
  C2H4: {{formula: C2H4, phase: gas}}
  PF6-: {{formula: PF6, charge: -1, activity: 1}}
  pair: {{formula: C3H4LiO3PF6, count: 5}}
processes:
- {{name: reduction, equation: LiEC+ + e- <=> LiEC, rate: {VOLT}, tunnelling: true}}
- {{name: coupling, equation: 2 LiEC => LEDC + C2H4, rate: {{law: constant, rate-constant: 300 1/s}}}}
- name: pairing
  equation: LiEC+ + PF6- + LiEC <=> pair + LiEC
  rate: {{law: constant, rate-constant: 50 1/s, reaction-free-energy: -0.02 eV}}
output: {{times: {{per-decade: 4, from: 1 us}}}}
"""
MIXED = f"""\
title: film and compartment
run: {{duration: 0.2 ms, seed: 3}}
lattice:
  {{type: simple cubic, spacing: 0.5 nm, size: [8, 8, 10], fill: electrolyte,
   layers: [{{species: electrode, from: 0, to: 0}}]}}
protocol: {{temperature: 298.15 K, potential: 0.1 V}}
compartment: {{height: 20 nm}}
tunnelling: {{decay: {{default: 1 1/nm, electrode: 0 1/nm}}}}
species:
  electrode: {{phase: electrode}}
  electrolyte: {{phase: liquid}}
  LiEC*: {{formula: C3H4LiO3, phase: dissolved}}
  LEDC: {{formula: C4H4Li2O6, phase: solid, molar-volume: 95.8 cm^3/mol}}
solution:
  LiEC+: {{formula: C3H4LiO3, charge: 1, concentration: 0.5 mol/L}}
  LiEC: {{formula: C3H4LiO3, count: 0}}
  C2H4: {{formula: C2H4, phase: gas, count: 0}}
  CO2: {{formula: CO2, phase: gas}}
  H2O: {{formula: H2O}}
  C: {{formula: C}}
  O2: {{formula: O2, activity: 0.1}}
processes:
- {{name: in solution, equation: LiEC+ + e- <=> LiEC, rate: {VOLT}}}
- {{name: at the surface, equation: electrolyte + LiEC+ + e- <=> LiEC*, rate: {VOLT}, tunnelling: true}}
- {{name: arrival, equation: electrolyte + LiEC <=> LiEC*,
   rate: {{law: constant, rate-constant: 1e4 1/s, reaction-free-energy: 0 eV}}}}
- {{name: coupling, equation: 2 LiEC* => LEDC + electrolyte + C2H4, rate: {{law: constant, rate-constant: 1e5 1/s}}}}
- {{name: burning, equation: C2H4 + 2 O2 => CO2 + 2 H2O + C, rate: {{law: constant, rate-constant: 1e5 1/s}}}}
output: {{times: {{every: 20 us}}}}
"""


def saved(directory, text):
    path = directory / "deck.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=[ZERO, MIXED], ids=["without lattice", "with lattice"])
def run(request, tmp_path_factory):
    """Model and results of a run of either kind."""
    directory = tmp_path_factory.mktemp("run")
    path = saved(directory, request.param)
    return Model.of(load_deck(path)), kmc.run(path, directory=directory)


def test_run_reaches_its_end_with_books_that_close(run):
    _, result = run
    assert result.finished
    assert int(result.data["n_events"][-1]) > 300
    assert (result.data["event_count"].values[-1] > 0).all()  # every process happens, both ways


def test_counts_of_the_file_follow_from_its_events(run):
    model, result = run
    mechanism = model.mechanism
    counts, events = result.data["count"].values, result.data["event_count"].values
    change = np.concatenate([mechanism.count_change, mechanism.solution_change], axis=1)
    np.testing.assert_array_equal(counts - counts[0], events @ change)
    np.testing.assert_array_equal(result.data["electrons"].values, events @ mechanism.electrons)
    starts = [species.count or 0 for species in mechanism.solution]
    assert counts[0, len(mechanism.species) :].tolist() == starts
    finite = [len(mechanism.species) + s.index for s in mechanism.solution if s.is_finite]
    assert (counts[:, finite] >= 0).all()


def test_elements_and_charge_are_kept_by_what_is_there(run):
    """Atoms and charge of lattice and compartment, less what the held species supplied and the electrons."""
    model, result = run
    mechanism = model.mechanism
    everyone = (*mechanism.species, *mechanism.solution)
    counts = result.data["count"].values
    for element in sorted({e for s in everyone for e in s.formula}):
        total = counts @ [s.formula.get(element, 0) for s in everyone]
        assert (total == total[0]).all()
    charge = counts @ [s.charge for s in everyone] + result.data["electrons"].values
    assert (charge == charge[0]).all()


def test_file_holds_the_datasets_of_the_schema_and_no_others(run):
    model, result = run
    expected = {variable.name for variable in schema.variables(model.has_lattice, True)}
    assert set(result.data.variables) == expected
    if not model.has_lattice:
        assert not expected & {"thickness", "charge", "gas", "x", "lattice"}
        assert "electrons" in expected


def test_concentrations_are_molecules_per_volume(run):
    model, result = run
    volume = model.mechanism.compartment.volume.value
    finite = [s.name for s in model.mechanism.solution if s.is_finite]
    assert result.data["solution_species"].values.tolist() == finite
    expected = result.data["count"].sel(species=finite).values / (AVOGADRO * volume)
    np.testing.assert_allclose(result.data["concentration"].values, expected, rtol=1e-14)
    assert result.data["concentration"].attrs["units"] == "mol m-3"


def test_species_of_the_solution_follow_those_of_the_lattice(run):
    model, result = run
    lattice, solution = model.mechanism.species, model.mechanism.solution
    assert result.data["species"].values.tolist() == [s.name for s in (*lattice, *solution)]
    compartments = ["lattice"] * len(lattice) + ["solution"] * len(solution)
    assert result.data["compartment"].values.tolist() == compartments


def test_output_cadence_does_not_change_the_trajectory(run, tmp_path):
    model, result = run
    overrides = {"output.times": "{every: 31 us}"}
    other = kmc.run(model.deck.path, directory=tmp_path, overrides=overrides)
    np.testing.assert_array_equal(other.data["count"].values[-1], result.data["count"].values[-1])
    np.testing.assert_array_equal(other.data["event_count"].values[-1], result.data["event_count"].values[-1])


def test_lost_molecule_stops_the_run(run, tmp_path):
    model, _ = run
    simulation = Simulation(model, tmp_path / "results.h5")
    change = simulation._ledger._solution_change
    first = next(s.index for s in model.mechanism.solution if s.is_finite)
    change[:, first] += 1
    with pytest.raises(InternalError, match=r"species LiEC\+: \d+ from events"):
        simulation.run()


def test_ledger_names_what_the_compartment_lost():
    mechanism = compile_mechanism(parse_deck(ZERO))
    start = np.array([species.count or 0 for species in mechanism.solution])
    ledger = Ledger(mechanism, np.zeros(0), 0.0, molecules=start)
    events = np.array([7, 2, 1, 0, 0])
    molecules = start + events @ mechanism.solution_change
    assert all(entry.is_closed for entry in ledger.entries(events, np.zeros(0), molecules))
    molecules[1] -= 1
    with pytest.raises(InternalError, match=r"(?s)species LiEC: 3 from events, 2 from the counts.*lithium: 0 .*, -1"):
        ledger.check(events, np.zeros(0), molecules)


def test_species_without_a_formula_are_counted_all_the_same(tmp_path):
    """Networks of others may leave formulas out; numbers of molecules close, atoms and charge are not judged."""
    text = ZERO.replace("{formula: C4H4Li2O6, count: 0}", "{count: 0}")
    result = kmc.run(saved(tmp_path, text), directory=tmp_path)
    assert result.data["count"].sel(species="LEDC").values[-1] > 0


# --- commands -------------------------------------------------------------------------------------------------


def test_commands_work_on_a_run_without_lattice(tmp_path, capsys):
    deck, out = saved(tmp_path, ZERO), tmp_path / "out"
    assert main(["run", str(deck), "-o", str(out)]) == EXIT_FINISHED
    said = capsys.readouterr().err
    assert "finished: t = 1 ms, " in said
    assert "thickness -" not in said
    assert main(["plot", str(out)]) == EXIT_FINISHED
    assert [path.name for path in out.glob("*.png")] == ["solution.png"]
    assert main(["export", str(out), "--to", "csv"]) == EXIT_FINISHED
    files = {path.stem: list(csv.reader(path.open())) for path in (out / "csv").glob("*.csv")}
    assert set(files) == {"time_series", "amounts", "events", "species", "parameters", "concentrations"}
    assert files["concentrations"][0] == ["time [s]", "solution_species", "concentration [mol m-3]"]
    assert files["amounts"][0] == ["time [s]", "species", "count [1]"]
    owners = {(row[0], row[1]) for row in files["parameters"]}
    assert {("compartment", "volume"), ("compartment", "distance"), ("LiEC+", "concentration")} <= owners
    capsys.readouterr()
    assert main(["export", str(out), "--to", "pybamm"]) == EXIT_REFUSED
    assert "a run without lattice has no film to hand over to PyBaMM" in capsys.readouterr().err


def test_figures_of_a_run_with_both_show_film_and_solution(tmp_path):
    deck = saved(tmp_path, MIXED)
    assert main(["run", str(deck), "-o", str(tmp_path), "--quiet"]) == EXIT_FINISHED
    assert main(["plot", str(tmp_path)]) == EXIT_FINISHED
    drawn = {path.stem for path in tmp_path.glob("*.png")}
    assert drawn == {"film", "thickness", "profiles", "budget", "solution"}


def test_run_of_limited_events_stops_without_a_lattice(tmp_path):
    deck = saved(tmp_path, ZERO)
    code = main(["run", str(deck), "-o", str(tmp_path), "--quiet", "--set", "run.max-events=100"])
    assert code == EXIT_FINISHED
    assert kmc.open(tmp_path).stop_reason == "100 events executed"
    assert int(kmc.open(tmp_path).data["n_events"][-1]) == 100


def test_result_without_lattice_says_so(tmp_path):
    result = kmc.run(saved(tmp_path, ZERO), directory=tmp_path)
    assert not result.has_lattice
    assert "electrons passed" in repr(result)
    with pytest.raises(KmcError, match="a run without lattice has no thickness; it has count and event_count"):
        _ = result.thickness


def test_exhausted_solution_reaches_the_end_of_its_deck(tmp_path):
    text = """\
run: {duration: 1 yr}
protocol: {temperature: 298.15 K, potential: 0 V}
solution: {A: {formula: C, count: 9}, B: {formula: C}}
processes:
- {name: decay, equation: A => B, rate: {law: constant, rate-constant: 1 1/s}}
"""
    result = kmc.run(saved(tmp_path, text), directory=tmp_path)
    assert result.finished
    assert float(result.time[-1]) == 31557600.0
    assert result.data["count"].values[-1].tolist() == [0, 9]
    assert "concentration" not in result.data


def test_rate_that_overflows_is_refused_by_name(tmp_path):
    text = ZERO.replace("reaction-free-energy: -0.02 eV", "reaction-free-energy: 30 eV")
    with pytest.raises(KmcError, match=r"rate constants are not finite at .*: pairing \(reverse\)"):
        Model.of(parse_deck(text)).engine()
