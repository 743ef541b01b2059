# SPDX-License-Identifier: BSD-3-Clause
"""A small chemistry and a growing film without an engine: what the tests of fields, files and pictures work
on.

The names of the attributes are those of `kmc.mechanism`, `kmc.lattice` and `kmc.deck`.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from kmc.fields import electrode_surface, observe, species_table
from kmc.lattice import Lattice
from kmc.ledger import Ledger
from kmc.output import Writer
from kmc.provenance import attributes, tables
from kmc.quantity import Quantity

SPACING = 0.5e-9
ELECTRODE, LIQUID, RADICAL, LEDC, CARBONATE, HOST = range(6)


def species(index, name, phase, formula=None, units=1, volume=None, charge=0, unit=""):
    return SimpleNamespace(
        name=name,
        index=index,
        phase=phase,
        formula=formula or {},
        charge=charge,
        units_per_site=units,
        formula_unit=unit or name,
        molar_volume=volume,
        volume=None if volume is None else Quantity(volume, source="handbook"),
        label=name,
        colour=None,
    )


def solution_species(index, name, phase, formula, charge=0, activity=None):
    return SimpleNamespace(
        name=name, index=index, phase=phase, formula=formula, charge=charge, activity=activity, count=None
    )


def process(index, name, reactants, products, solution_change, electrons=0, law="constant", **more):
    return SimpleNamespace(
        name=name,
        index=index,
        reactants=tuple(frozenset(r) for r in reactants),
        products=tuple(products),
        solution_change=solution_change,
        electrons=electrons,
        law=law,
        parameters=more.pop(
            "parameters", {"rate-constant": Quantity(1e6, 1e5, "a paper, doi:10.1/a", "DFT")}
        ),
        reverse_of=more.pop("reverse_of", None),
        tunnelling=more.pop("tunnelling", False),
        neighbours=(),
        source=None,
    )


ECARB = {"C": 3, "H": 4, "O": 3}
MECHANISM = SimpleNamespace(
    species=(
        species(ELECTRODE, "electrode", "electrode"),
        species(LIQUID, "electrolyte", "liquid"),
        species(RADICAL, "LiEC", "dissolved", {"C": 3, "H": 4, "Li": 1, "O": 3}),
        species(LEDC, "LEDC", "solid", {"C": 4, "H": 4, "Li": 2, "O": 6}, 1, 95.8e-6, unit="C4H4Li2O6"),
        species(CARBONATE, "Li2CO3", "solid", {"C": 2, "Li": 4, "O": 6}, 2, 35.0e-6),
        species(HOST, "Li2CO3.Li", "solid", {"C": 2, "Li": 5, "O": 6}, 2, 35.0e-6, unit="Li2CO3"),
    ),
    solution=(
        solution_species(
            0, "LiEC+", "dissolved", ECARB | {"Li": 1}, 1, Quantity(0.067, 0.02, "MD, doi:10.1/b")
        ),
        solution_species(1, "EC", "dissolved", ECARB, 0, Quantity(1.0)),
        solution_species(2, "C2H4", "gas", {"C": 2, "H": 4}),
        solution_species(3, "CO", "gas", {"C": 1, "O": 1}),
    ),
    processes=(
        process(0, "reduction", [{LIQUID}], [RADICAL], {0: -1}, 1, tunnelling=True),
        process(1, "reduction (reverse)", [{RADICAL}], [LIQUID], {0: 1}, -1, reverse_of=0, tunnelling=True),
        process(2, "coupling", [{RADICAL}, {RADICAL}], [LEDC, LIQUID], {2: 1}),
        # a site of carbonate holds two formula units
        process(3, "carbonate", [{RADICAL}, {RADICAL}], [CARBONATE, LIQUID], {0: -2, 1: 2, 2: 2}, 2),
        process(4, "interstitial", [{CARBONATE}, {ELECTRODE, CARBONATE}], [HOST, None], {0: -1, 1: 1}, 1),
    ),
)


def box(nx=12, ny=12, nz=24, square=False):
    return Lattice("square" if square else "simple cubic", SPACING, (nz, ny, nx), (False, not square, True))


def written(name, equation):
    return SimpleNamespace(name=name, equation=equation, source="notes", note="")


def deck(directory=Path("."), tables=None):
    return SimpleNamespace(
        title="a film for the tests",
        description="grown by hand",
        path=Path(directory) / "deck.yaml",
        text="title: a film for the tests\n# Å, β\n",
        overrides={"run.seed": "1"},
        tables={name: Path(directory) / file for name, file in (tables or {}).items()},
        lattice=SimpleNamespace(type="simple cubic", spacing=Quantity(SPACING)),
        protocol=SimpleNamespace(
            temperature=SimpleNamespace(value=298.15), potential=SimpleNamespace(value=0.1)
        ),
        tunnelling=SimpleNamespace(
            decay={
                "default": Quantity(12e9),
                "LEDC": Quantity(10e9, 2e9, "a guess"),
                "electrode": Quantity(0.0),
            },
            cutoff=1e-20,
        ),
        processes=[
            written("reduction", "electrolyte + LiEC+ + e- <=> LiEC"),
            written("coupling", "LiEC + LiEC => LEDC + electrolyte + C2H4"),
            written("carbonate", "LiEC + LiEC + 2 LiEC+ + 2 e- => Li2CO3 + electrolyte + 2 EC + 2 C2H4"),
            written("interstitial", "Li2CO3 + {contact} + LiEC+ + e- => Li2CO3.Li + {contact} + EC"),
        ],
    )


class Growth:
    """A film that grows in steps, compact and inorganic below and porous and organic above, with exact
    books."""

    def __init__(self, lattice, seed=1):
        self.lattice = lattice
        self.sites = np.full(lattice.shape, LIQUID, dtype=np.uint8)
        self.sites[0] = ELECTRODE
        self.event_count = np.zeros(len(MECHANISM.processes), dtype=np.int64)
        self.random = np.random.default_rng(seed)

    def grow(self, mean_height, inner=3.0):
        """Raise every column to about `mean_height` sites."""
        nz, ny, nx = self.lattice.shape
        rough = self.random.normal(size=(ny, nx)).cumsum(axis=1) * 0.3
        target = mean_height + rough - rough.mean()
        for y, x in np.ndindex(ny, nx):
            for z in range(1, min(nz - 1, int(target[y, x]) + 1)):
                if self.sites[z, y, x] == LIQUID and self.random.random() > 0.45 * z / (z + inner):
                    self.deposit(z, y, x, inorganic=self.random.random() < np.exp(-z / inner))

    def deposit(self, z, y, x, inorganic):
        """Two reductions and a coupling on one site; the site's neighbour is liquid before and after."""
        self.event_count[0] += 2
        self.event_count[3 if inorganic else 2] += 1
        self.sites[z, y, x] = CARBONATE if inorganic else LEDC
        if inorganic and self.random.random() < 0.1:
            self.event_count[4] += 1
            self.sites[z, y, x] = HOST

    def radicals(self, n):
        """Put dissolved intermediates into the liquid."""
        nz = self.lattice.shape[0]
        free = np.flatnonzero(self.sites == LIQUID)
        chosen = self.random.choice(free[free > self.sites.size * 2 // nz], n, replace=False)
        self.event_count[0] += n
        self.sites.ravel()[chosen] = RADICAL


def write_film(
    path, lattice=None, heights=(0.0, 2.0, 4.0, 6.0), times=None, snapshots=(0, -1), **writer_options
):
    """A results file of a film that rests where a height is 0; returns the values of every output and the
    snapshots."""
    lattice = lattice or box()
    growth = Growth(lattice)
    times = np.geomspace(1e-9, 1e-3, len(heights)) * (np.arange(len(heights)) > 0) if times is None else times
    a_deck = writer_options.pop("deck", None) or deck(Path(path).parent)
    table = species_table(MECHANISM)
    ledger = Ledger(MECHANISM, np.bincount(growth.sites.ravel(), minlength=6), lattice.area)
    surface = electrode_surface(table.is_electrode[growth.sites])
    writer = Writer(
        path, MECHANISM, lattice, surface, attributes(a_deck, 1), tables(a_deck, MECHANISM), **writer_options
    )
    outputs, states = [], []
    kept = {n % len(heights) for n in snapshots}
    for n, (time, height) in enumerate(zip(times, heights, strict=True)):
        if height:
            growth.grow(height)
        if n == 1 and height:
            growth.radicals(5)
        values = observe(growth.sites, table, lattice)
        values |= ledger.record(time, growth.event_count, values["count"])
        values |= {"time": time, "time_seconds": int(time), "time_fraction": time - int(time)}
        values |= {"potential": 0.1, "temperature": 298.15, "events_per_second": 3e6}
        writer.append(values, growth.sites if n in kept else None)
        outputs.append(values)
        if n in kept:
            states.append(growth.sites.copy())
    writer.flush()
    return outputs, states
