# SPDX-License-Identifier: BSD-3-Clause
"""Small decks for the tests of restarts: each run remembers something that its lattice does not show."""

from pathlib import Path

GRAPHITE = Path(__file__).resolve().parents[1] / "inputs" / "graphite_ec.yaml"

SMALL = {
    "lattice.size": "[8, 8, 14]",
    "run.duration": "2 us",
    "output.times": "{per-decade: 3, from: 1 ns}",
    "output.snapshots": "{per-decade: 1, from: 1 ns}",
}
"""dict: overrides that make a run of the main deck short."""

RAMPED = SMALL | {
    "protocol.potential": "{ramp: {start: 1.0 V, end: 0.1 V, rate: 1e6 V/s}}",
    "protocol.temperature": "{ramp: {start: 300 K, end: 320 K, rate: 1e7 K/s}}",
    "run.duration": "1 us",
}
"""dict: the same with conditions that change some 200 times."""

VOLT = "{law: butler-volmer, prefactor: 2e4 1/s, standard-potential: 0.15 V}"

SOLUTION = f"""\
run: {{duration: 2 ms, seed: 3}}
protocol: {{temperature: 298.15 K, potential: {{ramp: {{start: 0.3 V, end: 0.1 V, rate: 400 V/s}}}}}}
compartment: {{volume: 2e-24 m^3, distance: 0.6 nm}}
tunnelling: {{decay: {{default: 1 1/nm}}}}
solution:
  LiEC+: {{formula: C3H4LiO3, charge: 1, concentration: 1 mol/L}}
  LiEC: {{formula: C3H4LiO3, count: 0}}
  LEDC: {{formula: C4H4Li2O6, count: 0}}
  C2H4: {{formula: C2H4, phase: gas}}
processes:
- {{name: reduction, equation: LiEC+ + e- <=> LiEC, rate: {VOLT}, tunnelling: true}}
- {{name: coupling, equation: 2 LiEC => LEDC + C2H4, rate: {{law: constant, rate-constant: 300 1/s}}}}
output: {{times: {{per-decade: 4, from: 1 us}}}}
"""

EXCHANGE = """\
run: {duration: 0.3 ms, seed: 3}
lattice:
  {type: simple cubic, spacing: 0.5 nm, size: [8, 8, 10], fill: electrolyte,
   layers: [{species: electrode, from: 0, to: 0}]}
protocol: {temperature: 298.15 K, potential: 0.1 V}
compartment: {height: 20 nm}
species:
  electrode: {phase: electrode}
  electrolyte: {phase: liquid}
  LiEC*: {formula: C3H4LiO3, phase: dissolved}
  LEDC: {formula: C4H4Li2O6, phase: solid, molar-volume: 95.8 cm^3/mol}
solution:
  LiEC: {formula: C3H4LiO3, count: 300}
  C2H4: {formula: C2H4, phase: gas, count: 0}
processes:
- name: arrival
  equation: electrolyte + LiEC <=> LiEC*
  rate: {law: constant, rate-constant: 2e3 1/s, reaction-free-energy: 0.05 eV}
- {name: hop, equation: LiEC* + electrolyte => electrolyte + LiEC*, rate: {law: constant, rate-constant: 1e6 1/s}}
- {name: coupling, equation: LiEC* + LiEC* => LEDC + electrolyte + C2H4, rate: {law: constant, rate-constant: 1e5 1/s}}
output: {times: {per-decade: 5, from: 1 us}, snapshots: {every: 0.1 ms}}
"""

INTERACTING = """\
run: {duration: 20 us, seed: 5}
lattice: {type: square, spacing: 0.5 nm, size: [12, 12], fill: empty, random: [{species: A, fraction: 0.3}]}
protocol: {potential: 0 V, temperature: {ramp: {start: 300 K, end: 400 K, rate: 5e6 K/s}}, temperature-step: 5 K}
interactions:
  transfer: 0.4
  clusters:
  - {name: pair, sites: [[0, 0], [1, 0]], species: [A, A], energy: -0.06 eV}
  - {name: triple, sites: [[0, 0], [1, 0], [2, 0]], species: [A, A, A], energy: 0.02 eV}
species: {empty: {phase: liquid}, A: {phase: dissolved, formula: C3H4O3}}
solution: {EC: {formula: C3H4O3, activity: 1}}
processes:
- {name: hop, equation: A + empty => empty + A, rate: {law: constant, rate-constant: 1e7 1/s}}
- name: arrival
  equation: empty + EC <=> A
  rate: {law: constant, rate-constant: 1e5 1/s, reaction-free-energy: 0.02 eV}
output: {times: {every: 1 us}, snapshots: {every: 5 us}}
"""

LAYERS = """\
run: {duration: 2 us, seed: 5}
lattice: {type: square, spacing: 0.5 nm, size: [30, 12], fill: empty, layers: [{species: electrode, from: 0, to: 0}]}
protocol: {potential: 0 V, temperature: 300 K}
species:
  electrode: {phase: electrode}
  empty: {phase: liquid}
  A: {phase: dissolved, formula: C3H4O3}
  S: {phase: solid, formula: C3H4O3, molar-volume: 60 cm^3/mol}
solution: {EC: {formula: C3H4O3, activity: 1}}
processes:
- {name: birth, equation: empty + EC => A, rate: {law: constant, rate-constant: 1e6 1/s}, layer: {from: 9, to: 11}}
- {name: hop, equation: A + empty => empty + A, rate: {law: constant, rate-constant: 1e8 1/s}}
- {name: growth, equation: A => S, rate: {law: constant, rate-constant: 1e8 1/s}, layer: {from: 1, to: 4}}
output: {times: {every: 0.1 us}}
"""

TEXTS = {"solution": SOLUTION, "exchange": EXCHANGE, "interacting": INTERACTING, "layers": LAYERS}


def deck_and_overrides(name, directory):
    """Path and overrides of one of the decks, which is written into the directory if need be."""
    if name in ("graphite", "ramped"):
        return GRAPHITE, SMALL if name == "graphite" else RAMPED
    path = Path(directory) / f"{name}.yaml"
    path.write_text(TEXTS[name])
    return path, {}


NAMES = ("graphite", "ramped", *TEXTS)
