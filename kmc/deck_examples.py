# SPDX-License-Identifier: BSD-3-Clause
"""Examples of every section of a deck, for its reference. Floor 0.

All of them extend the deck `HOST`; a test loads and runs each, and finds every key in one of them. Examples of rate
laws and modifiers are in their registries.
"""

from __future__ import annotations

HOST_NAME = "host.yaml"
"""str: name under which examples extend `HOST`."""

HOST = """\
title: what the examples extend
run: {duration: 1 us}
lattice:
  type: simple cubic
  spacing: 0.5 nm
  size: [8, 8, 8]
  fill: electrolyte
  layers: [{species: electrode, from: 0, to: 0}]
  random: [{species: LiEC, fraction: 0.2}]
protocol: {temperature: 298.15 K, potential: 0.1 V}
tunnelling: {decay: {default: 12 1/nm, electrode: 0 1/nm}}
compartment: {volume: 1000 nm^3, distance: 0.6 nm}
groups: {film: [LEDC, Li2CO3]}
species:
  electrode: {phase: electrode}
  electrolyte: {phase: liquid}
  LiEC: {formula: C3H4LiO3, phase: dissolved}
  RO: {formula: C3H4LiO3, phase: dissolved}
  LEDC: {formula: C4H4Li2O6, phase: solid, molar-volume: 95.8 cm^3/mol}
  Li2CO3: {formula: Li2CO3, phase: solid, units-per-site: 2, molar-volume: 35.2 cm^3/mol}
solution:
  LiEC+: {formula: C3H4LiO3, charge: 1, activity: 0.067}
  LiEC(d): {formula: C3H4LiO3, count: 200}
  RO(d): {formula: C3H4LiO3, count: 0}
processes:
- {name: ring opening, equation: LiEC <=> RO, rate: {law: eyring, barrier: 0.3 eV, reaction-free-energy: -0.1 eV}}
"""
"""str: the deck that every example extends, under the name `host.yaml`."""

_TABLE = "tables: {graphite: tables/graphite_ec.csv}\n"
_COUPLE = "standard-potential: 0.77 V, inner-reorganization-energy: 1.131 eV, outer-reorganization-energy: 0.32 eV"

EXAMPLES: tuple[tuple[str, str], ...] = (
    (
        "",
        "extends: host.yaml\n"
        "title: SEI on graphite\n"
        "description: values from a table, and bare numbers in the unit that the deck says\n"
        "units: {length: nm}\n"
        f"{_TABLE}"
        "run: {duration: 1 ms}\n"
        "lattice: {spacing: 0.5}\n"
        "processes:\n"
        '- {name: ring opening, equation: LiEC => RO, rate: {law: eyring, barrier: "graphite#G2"}}\n',
    ),
    (
        "run",
        "run: {duration: 100 ms, seed: 7, max-events: 100000000, max-wall-time: 20 min, checkpoint-interval: 5 min}\n",
    ),
    (
        "lattice",
        "lattice:\n"
        "  type: fcc\n"
        "  surface: 111\n"
        "  spacing: 0.28 nm\n"
        "  size: [12, 12, 9]\n"
        "  boundaries: {x: periodic, y: periodic, z: walls}\n"
        "  fill: electrolyte\n"
        "  layers:\n"
        "  - {species: electrode, from: 0, to: 1}\n"
        "  random:\n"
        "  - {species: LiEC, fraction: 0.1}\n",
    ),
    (
        "lattice.cell",
        "lattice:\n"
        "  type: cell\n"
        "  cell: {vectors: [[0.4 nm, 0 nm, 0 nm], [0 nm, 0.5 nm, 0 nm], [0 nm, 0 nm, 0.6 nm]]}\n",
    ),
    ("lattice.cell", "lattice: {type: cell, cell: {file: li2o.extxyz}}\n"),
    (
        "lattice.layers[]",
        "lattice: {layers: [{species: electrode, from: 0, to: 0}, {species: LEDC, from: 1, to: 2}]}\n",
    ),
    ("lattice.random[]", "lattice: {random: [{species: LiEC, fraction: 0.3}, {species: RO, fraction: 0.1}]}\n"),
    (
        "compartment",
        "compartment: {height: 30 nm, distance: 0.6 nm, rate-constants: per activity}\n"
        "processes:\n"
        "- {name: ring opening, equation: LiEC(d) => RO(d), rate: {law: eyring, barrier: 0.3 eV}}\n",
    ),
    ("compartment", "compartment: {volume: 1e-24 m^3}\n"),
    (
        "interactions",
        "interactions:\n"
        "  transfer: 0.5\n"
        "  clusters:\n"
        "  - {name: nearest pair, sites: [[0, 0, 0], [1, 0, 0]], species: [RO, RO], energy: -0.1 eV}\n",
    ),
    (
        "interactions.clusters[]",
        "interactions:\n"
        "  clusters:\n"
        "  - {name: beside the electrode, sites: [[0, 0, 0], [0, 0, 1]], species: [electrode, RO], energy: -0.05 eV}\n"
        "  - {name: three, sites: [[0, 0, 0], [1, 0, 0], [0, 1, 0]], species: [RO, RO, RO], energy: 0.02 +- 0.01 eV}\n",
    ),
    (
        "protocol",
        "protocol: {temperature: 25 degC, potential: 0.05 V, potential-step: 10 mV, temperature-step: 1 K}\n",
    ),
    ("protocol.temperature", "protocol: {temperature: {ramp: {start: 25 degC, end: 330 K, rate: 1 K/min}}}\n"),
    ("protocol.temperature.ramp", "protocol: {temperature: {ramp: {start: 298.15 K, end: 333 K, rate: 0.5 K/s}}}\n"),
    (
        "protocol.temperature",
        'protocol:\n  temperature: {table: {file: tables/cycle.csv, time: "Time [s]", value: "Temperature [degC]"}}\n',
    ),
    (
        "protocol.temperature.table",
        "protocol:\n"
        "  temperature:\n"
        '    table: {file: tables/cycle.csv, time: "Time [s]", value: "Temperature [degC]"}\n',
    ),
    ("protocol.potential", "protocol: {potential: {ramp: {start: 1.2 V, end: 0.1 V, rate: 10 mV/s}}}\n"),
    ("protocol.potential.ramp", "protocol: {potential: {ramp: {start: 1.2 V, end: 0.1 V, rate: 5e4 V/s}}}\n"),
    (
        "protocol.potential",
        'protocol: {potential: {table: {file: tables/cycle.csv, time: "Time [s]", value: "Potential [V]"}}}\n',
    ),
    (
        "protocol.potential.table",
        'protocol:\n  potential:\n    table: {file: tables/cycle.csv, time: "Time [s]", value: "Potential [V]"}\n',
    ),
    (
        "tunnelling",
        "tunnelling: {decay: {default: 12 +- 6 1/nm, electrode: 0 1/nm, Li2CO3: 8 +- 4 1/nm}, cutoff: 1e-20}\n",
    ),
    (
        "species.NAME",
        "species:\n"
        "  Li@Li2CO3:\n"
        "    phase: solid\n"
        "    formula: Li2CO3\n"
        "    charge: 1\n"
        "    units-per-site: 2\n"
        "    guest: {Li: 1}\n"
        '    molar-volume: {value: 35.2 +- 0.5 cm^3/mol, source: "Idemoto 1998"}\n'
        '    colour: "#0072b2"\n'
        "    label: Li2CO3 with Li+\n",
    ),
    ("species.NAME", "species: {LEDC: {density: 1.69 g/cm^3}}\n"),
    (
        "species.NAME.crystal",
        "species:\n"
        "  LiF:\n"
        "    formula: LiF\n"
        "    phase: solid\n"
        "    units-per-site: 8\n"
        "    crystal:\n"
        "      spacegroup: Fm-3m\n"
        "      cell: [4.027, 4.027, 4.027, 90, 90, 90]\n"
        "      sites: {Li: [[0, 0, 0]], F: [[0.5, 0.5, 0.5]]}\n"
        "      source: publication of the structure\n",
    ),
    (
        "species.NAME",
        "species:\n"
        "  LiF:\n"
        "    formula: LiF\n"
        "    phase: solid\n"
        "    units-per-site: 8\n"
        "    crystal: {spacegroup: Fm-3m, cell: [4.027, 4.027, 4.027, 90, 90, 90], sites: {Li: [[0, 0, 0]], "
        "F: [[0.5, 0.5, 0.5]]}}\n",
    ),
    (
        "solution.NAME",
        "solution:\n"
        '  LiEC+: {formula: C3H4LiO3, charge: 1, activity: {value: 0.067 +- 0.02, source: "site fraction"}}\n'
        "  EC: {formula: C3H4O3, count: 500}\n"
        "  CO2: {formula: CO2, phase: dissolved, concentration: 10 mmol/L}\n"
        "  C2H4: {formula: C2H4, phase: gas}\n",
    ),
    (
        "processes[]",
        "processes:\n"
        "- name: first reduction\n"
        "  equation: electrolyte + LiEC+ + e- <=> LiEC\n"
        f"  rate: {{law: marcus-hush-chidsey, {_COUPLE}}}\n"
        "  tunnelling: true\n"
        "  layer: {from: 1, to: 8}\n"
        '  source: "doi:10.1021/acsenergylett.2c00517"\n'
        "  note: couple and reorganization energy from the same calculation\n"
        "- name: two of them beside a third\n"
        "  equation: 3 LiEC => 2 RO + LiEC\n"
        "  rate: {law: eyring, barrier: 0.3 eV}\n"
        "  geometry: [[0, 0, 0], [1, 0, 0], [1, 1, 0]]\n"
        "  orientations: given\n",
    ),
    (
        "processes[]",
        "interactions: {clusters: [{name: pair, sites: [[0, 0, 0], [1, 0, 0]], species: [RO, RO], energy: -0.1 eV}]}\n"
        "processes:\n"
        "- name: ring opening\n"
        "  equation: LiEC => RO\n"
        "  rate: {law: eyring, barrier: 0.3 eV}\n"
        "  transfer: 0.3 +- 0.1\n",
    ),
    (
        "processes[].neighbours[]",
        "processes:\n"
        "- name: ring opening\n"
        "  equation: LiEC => RO\n"
        "  rate: {law: eyring, barrier: 0.3 eV}\n"
        "  neighbours:\n"
        '  - {species: ["{film}", electrode], energy: 0.05 +- 0.02 eV, site: 1, shell: 2}\n',
    ),
    (
        "processes[].layer",
        "processes:\n"
        "- {name: ring opening, equation: LiEC => RO, rate: {law: eyring, barrier: 0.3 eV}, layer: {from: 1, to: 4}}\n",
    ),
    (
        "tiles",
        "lattice: {size: [16, 16, 8]}\n"
        "solution: {LiEC(d): {activity: 0.1}, RO(d): {activity: 0.1}}\n"
        "tiles: {size: [8, 8], events-per-window: 0.1}\n",
    ),
    (
        "tiles",
        "lattice: {size: [16, 16, 8]}\n"
        "solution: {LiEC(d): {activity: 0.1}, RO(d): {activity: 0.1}}\n"
        "tiles: {size: [8, 8], window: 1 ns}\n",
    ),
    ("output", "output: {times: {per-decade: 10, from: 1 ns}, snapshots: {every: 0.1 us}}\n"),
    ("output.times", "output: {times: {per-decade: 10, from: 1 ns}}\n"),
    ("output.times", "output: {times: {every: 10 ns}}\n"),
    ("output.snapshots", "output: {snapshots: {every: 0.1 us}}\n"),
    ("output.snapshots", "output: {snapshots: {per-decade: 2, from: 1 ns}}\n"),
    (
        "sweep",
        "sweep:\n"
        "  seeds: 8\n"
        "  grid:\n"
        "    protocol.temperature: [283 K, 298 K, 313 K]\n"
        "    processes.ring opening.rate.barrier: [0.28 eV, 0.32 eV]\n"
        "  cases:\n"
        "  - {protocol.potential: 0.05 V, run.duration: 2 us}\n"
        "  - {protocol.potential: 0.2 V, run.duration: 1 us}\n"
        "  fields: [thickness, porosity]\n"
        "  confidence: 0.9\n"
        "  keep-films: false\n",
    ),
    ("sweep", "sweep: {seeds: [1, 2, 3]}\n"),
    (
        "sweep.sample",
        "sweep:\n"
        "  sample:\n"
        "    method: saltelli\n"
        "    size: 64\n"
        "    seed: 3\n"
        '    values: ["processes.*.rate.barrier"]\n'
        "    ranges:\n"
        "      processes.ring opening.rate.barrier: 0.25 .. 0.35 eV\n"
        "      protocol.temperature: 298 +- 5 K\n",
    ),
    (
        "sweep.particles",
        "sweep:\n"
        "  particles:\n"
        "    sizes: [{radius: 4 um, share: 0.7}, {radius: 9 um, share: 0.3}]\n"
        "    positions: [0.1, 0.5, 0.9]\n"
        "    offsets: [0 mV, 4 mV, 6 mV]\n",
    ),
    ("sweep.particles.sizes[]", "sweep: {particles: {sizes: [{radius: 4 um, share: 2}], positions: [0.5]}}\n"),
    (
        "sweep.particles.lognormal",
        "sweep:\n"
        "  particles:\n"
        "    lognormal: {median: 8 um, spread: 0.35, count: 4, source: laser diffraction of the powder}\n"
        "    positions: [0.25, 0.75]\n",
    ),
    (
        "sweep.particles.table",
        "sweep:\n"
        "  particles:\n"
        "    lognormal: {median: 8 um, spread: 0.35, count: 4, source: laser diffraction of the powder}\n"
        "    positions: [0.25, 0.75]\n"
        "    table:\n"
        "      file: tables/electrode.csv\n"
        '      time: "Time [s]"\n'
        '      position: "Position [1]"\n'
        '      radius: "Radius [um]"\n'
        '      value: "Potential [V]"\n',
    ),
)
"""tuple of (str, str): path of a section, as in the reference of keys, and a deck that shows it."""
