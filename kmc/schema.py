# SPDX-License-Identifier: BSD-3-Clause
"""The one table of what a results file contains (floor 5).

The writer creates every dataset from this table, the documentation prints it, and a test compares it with a
file. Dimensions are the names of coordinates: those of `COORDINATES`, with `time` and `snapshot_time` without
limit.
"""

from __future__ import annotations

from dataclasses import dataclass

FORMAT_VERSION = "1"
UNLIMITED = ("time", "snapshot_time")


@dataclass(frozen=True)
class Variable:
    """One dataset of a results file.

    Attributes
    ----------
    name : str
    dims : tuple of str
        Names of the coordinates along the axes.
    dtype : str
        NumPy dtype, or ``str``.
    unit : str
        UDUNITS spelling; ``1`` for a pure number and empty for text.
    long_name : str
        A line for an axis or a table.
    definition : str
        What the number is, exactly.
    in_digest : bool
        Whether the dataset is decided by deck and seed alone, and thus enters a comparison of runs.
    """

    name: str
    dims: tuple[str, ...]
    dtype: str
    unit: str
    long_name: str
    definition: str
    in_digest: bool = True

    @property
    def is_series(self) -> bool:
        """Whether the dataset grows by one entry at every output."""
        return "time" in self.dims


_ABOVE = "measured from the electrode surface, the face below the first layer without an electrode site"

COORDINATES = (
    Variable("time", ("time",), "f8", "s", "time", "Physical time of the output."),
    Variable("snapshot_time", ("snapshot_time",), "f8", "s", "time of the snapshot", "Physical time of `lattice`."),
    Variable("z", ("z",), "f8", "m", "height", f"Height of the centre of the layer, {_ABOVE}."),
    Variable("y", ("y",), "f8", "m", "y", "Way along the second lattice vector to the centre of the site."),
    Variable("x", ("x",), "f8", "m", "x", "Way along the first lattice vector to the centre of the site."),
    Variable("vector", ("vector",), "str", "", "lattice vector", "Index of a site, x, y or z, that it adds to."),
    Variable("direction", ("direction",), "str", "", "direction", "Cartesian: x and y in the surface, z normal to it."),
    Variable(
        "species",
        ("species",),
        "str",
        "",
        "species",
        "Names of the species: first those of the lattice, at the index used in `lattice`, then those of the solution.",
    ),
    Variable("gas_species", ("gas_species",), "str", "", "gas", "Names of the gases among the species."),
    Variable(
        "solution_species",
        ("solution_species",),
        "str",
        "",
        "solution species",
        "Names of the finite species of the solution, in a run whose compartment has a volume.",
    ),
    Variable(
        "process", ("process",), "str", "", "process", "Names of the processes; a generated reverse has its own name."
    ),
)

FIELDS = (
    Variable(
        "thickness", ("time",), "f8", "m", "film thickness",
        "Mean of thickness_map over all columns, a column without film counting as 0.",
    ),
    Variable(
        "thickness_map", ("time", "y", "x"), "f8", "m", "film thickness of the column",
        f"Top of the highest film site of the column, {_ABOVE}; 0 without film. Film: solid sites joined to the "
        "electrode by steps between face-sharing solid sites; unsupported solids are not film. A column, "
        "the sites of one x and y, leans with the third lattice vector.",
    ),
    Variable(
        "roughness", ("time",), "f8", "m", "film roughness",
        "Root mean square deviation of thickness_map from its mean.",
    ),
    Variable(
        "equivalent_thickness", ("time",), "f8", "m", "thickness without pores",
        "Volume of the film's matter per area: film sites times units_per_site times molar_volume / N_A, per area.",
    ),
    Variable(
        "porosity", ("time", "z"), "f8", "1", "porosity of the layer",
        "Fraction of the sites of the layer that are neither solid (supported or not) nor electrode; a fraction of "
        "sites, not of volume by molar volumes, for which see volume_porosity.",
    ),
    Variable(
        "mean_porosity", ("time",), "f8", "1", "porosity of the film",
        "Fraction of the sites between the electrode surface and thickness_map that are not film; NaN without film.",
    ),
    Variable(
        "volume_porosity", ("time",), "f8", "1", "porosity of the film by molar volume",
        "1 - equivalent_thickness / thickness: mean_porosity is a fraction of sites, this one of volume, with the "
        "solids as large as their molar volumes say; negative if those are larger than the sites; NaN without film.",
    ),
    Variable(
        "open_porosity", ("time",), "f8", "1", "open porosity of the film",
        "The part of mean_porosity in sites joined to the liquid above the film by steps between face-sharing sites "
        "that are neither solid nor electrode.",
    ),
    Variable(
        "closed_porosity", ("time",), "f8", "1", "closed porosity of the film",
        "The rest of mean_porosity: mean_porosity - open_porosity.",
    ),
    Variable(
        "volume_fraction", ("time", "z", "species"), "f8", "1", "share of the layer",
        "Fraction of the sites of the layer that hold the species; every site has the same volume. Sums to 1 over the "
        "species; 0 for species of the solution, which hold no site.",
    ),
    Variable(
        "coverage", ("time",), "f8", "1", "coverage of the electrode",
        "Fraction of the sites in the first layer above the electrode surface that are film.",
    ),
    Variable("film_count", ("time", "species"), "i8", "1", "film sites", "Film sites that hold the species."),
    Variable(
        "unsupported", ("time",), "i8", "1", "unsupported solid sites",
        "Solid sites that are not joined to the electrode and thus not film.",
    ),
    Variable(
        "lithium", ("time",), "f8", "mol m-2", "lithium in the film",
        "Lithium atoms in film sites per area, interstitial lithium included.",
    ),
    Variable(
        "thickness_esmaeilpour", ("time",), "f8", "m", "thickness after Esmaeilpour et al.",
        "Sum over columns of the row of the highest film site, per number of columns, the last electrode layer being "
        "row 0; NaN without film (doi:10.1002/aenm.202203966).",
    ),
    Variable(
        "porosity_esmaeilpour", ("time",), "f8", "1", "porosity after Esmaeilpour et al.",
        "Sites that are neither solid nor electrode in rows below half of thickness_esmaeilpour, per column and per "
        "half of the thickness in sites; NaN without film (doi:10.1002/aenm.202203966).",
    ),
)

BUDGETS = (
    Variable(
        "count",
        ("time", "species"),
        "i8",
        "1",
        "amount of the species",
        "Species of the lattice: sites that hold it. Finite species of the solution: molecules in the compartment. "
        "Other species of the solution: molecules gained since the start, negative if consumed.",
    ),
    Variable(
        "concentration",
        ("time", "solution_species"),
        "f8",
        "mol m-3",
        "concentration",
        "Molecules of the finite species per volume of the compartment.",
    ),
    Variable(
        "electrons",
        ("time",),
        "i8",
        "1",
        "electrons passed",
        "Electrons taken from the electrode since the start, less those given back.",
    ),
    Variable(
        "charge",
        ("time",),
        "f8",
        "C m-2",
        "charge passed",
        "Elementary charge times electrons per area; positive for reduction.",
    ),
    Variable(
        "film_charge",
        ("time",),
        "f8",
        "C m-2",
        "charge on the lattice",
        "Elementary charge times the sum of charge_number over all sites of the lattice, solid and dissolved, per "
        "area; ions of the well-mixed solution, which hold no site, balance it.",
    ),
    Variable(
        "current_density",
        ("time",),
        "f8",
        "A m-2",
        "mean current density",
        "Gain of charge since the output before, per time between the two; positive for reduction; NaN at the first.",
    ),
    Variable(
        "gas",
        ("time", "gas_species"),
        "f8",
        "mol m-2",
        "gas evolved",
        "Molecules of the gas evolved since the start per area.",
    ),
    Variable("n_events", ("time",), "i8", "1", "events of all processes", "Sum of event_count over the processes."),
    Variable("event_count", ("time", "process"), "i8", "1", "events", "Events of the process since the start."),
)

CONDITIONS = (
    Variable("potential", ("time",), "f8", "V", "electrode potential", "Potential as applied, against Li/Li+."),
    Variable("temperature", ("time",), "f8", "K", "temperature", "Temperature as applied."),
    Variable("time_seconds", ("time",), "i8", "s", "whole seconds of the clock", "Exact time, with time_fraction."),
    Variable(
        "time_fraction",
        ("time",),
        "f8",
        "s",
        "fraction of a second of the clock",
        "Exact time is time_seconds + time_fraction, the latter in [0, 1).",
    ),
    Variable(
        "events_per_second",
        ("time",),
        "f8",
        "s-1",
        "speed of the run",
        "Events per second of wall time since the output before, NaN if not measured; says nothing about the film.",
        in_digest=False,
    ),
)

SNAPSHOT = Variable(
    "lattice",
    ("snapshot_time", "z", "y", "x"),
    "u1",
    "1",
    "species of the site",
    "Index into `species`, as listed in flag_values and flag_meanings.",
)

LATTICE_VECTORS = Variable(
    "lattice_vectors", ("vector", "direction"), "f8", "m", "lattice vectors",
    "Cartesian steps from site to site. The centre of the site with indexes i, j, k in `lattice` (z, y, x: k, j, i) is "
    "at (i + 1/2) a1 + (j + 1/2) a2 + (k + 1/2 - s) a3, with s layers below the electrode surface; its height is the "
    "coordinate z, whereas x and y are cartesian only where the vectors are at right angles.",
)

CONSTANTS = (
    Variable("formula", ("species",), "str", "", "formula", "Formula of one formula unit or molecule, as in the deck."),
    Variable("phase", ("species",), "str", "", "phase", "electrode, liquid, dissolved, solid or gas."),
    Variable("label", ("species",), "str", "", "label", "Name for pictures."),
    Variable("colour", ("species",), "str", "", "colour", "Colour for pictures given by the deck, #rrggbb, or empty."),
    Variable(
        "compartment",
        ("species",),
        "str",
        "",
        "compartment",
        "lattice (holds sites) or solution (well mixed, counted).",
    ),
    Variable(
        "units_per_site",
        ("species",),
        "i8",
        "1",
        "formula units per site",
        "Formula units in one site; 1 for the solution.",
    ),
    Variable(
        "molar_volume",
        ("species",),
        "f8",
        "m3 mol-1",
        "molar volume",
        "Volume per mole of formula units; NaN where the deck gives none.",
    ),
    Variable("charge_number", ("species",), "i8", "1", "charge", "Charge per site or molecule in e."),
    Variable("lithium_number", ("species",), "i8", "1", "lithium atoms", "Lithium atoms per site or molecule."),
    Variable("electron_number", ("process",), "i8", "1", "electrons", "Electrons taken from the electrode per event."),
    Variable(
        "tunnels",
        ("process",),
        "u1",
        "1",
        "tunnelling",
        "1 if the electrons of the process tunnel through the film, 0 otherwise.",
    ),
)

VARIABLES = (*COORDINATES, LATTICE_VECTORS, *FIELDS, *BUDGETS, *CONDITIONS, SNAPSHOT, *CONSTANTS)
SERIES = tuple(v for v in VARIABLES if v.is_series)

_PER_AREA = {"charge", "film_charge", "current_density", "gas", "gas_species"}
_OF_SITES = {SNAPSHOT.name, LATTICE_VECTORS.name, "snapshot_time", "z", "y", "x", "vector", "direction"}
OF_LATTICE = frozenset({v.name for v in FIELDS} | _OF_SITES | _PER_AREA)
"""Datasets that a run without lattice leaves out."""
OF_VOLUME = frozenset({"concentration", "solution_species"})
"""Datasets that a run leaves out unless its compartment has a volume."""


def variables(has_lattice: bool = True, has_volume: bool = True) -> tuple[Variable, ...]:
    """Variables of the results file of a run.

    Parameters
    ----------
    has_lattice : bool
        Whether there are sites; without, all is solution.
    has_volume : bool
        Whether the compartment of the solution has a volume.

    Returns
    -------
    variables : tuple of Variable
    """
    absent = (frozenset() if has_lattice else OF_LATTICE) | (frozenset() if has_volume else OF_VOLUME)
    return tuple(variable for variable in VARIABLES if variable.name not in absent)


def by_name() -> dict[str, Variable]:
    """All variables by name.

    Returns
    -------
    variables : dict
    """
    return {variable.name: variable for variable in VARIABLES}


def table() -> str:
    """Markdown table of every dataset, for the documentation.

    Returns
    -------
    text : str
    """
    lines = ["| dataset | dims | dtype | unit | definition |", "|---|---|---|---|---|"]
    for v in VARIABLES:
        lines.append(f"| `{v.name}` | {', '.join(v.dims)} | {v.dtype} | {v.unit or '-'} | {v.definition} |")
    return "\n".join(lines) + "\n"
