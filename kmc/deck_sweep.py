# SPDX-License-Identifier: BSD-3-Clause
"""The section `sweep` of a deck: an ensemble of films, and how each of them differs from the deck. Floor 1.

What the values at the paths must be is known when they are set: `kmc.sweep_plan` tries them.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from kmc.deck_section import Section, Text
from kmc.deck_values import Reading, described, number

MAX_MEMBERS = 1_000_000
"""Largest number of films of one sweep."""

MAX_SEED = 2**63 - 1
"""Largest seed."""

SALTELLI = "saltelli"
"""Method of samples for Sobol indices."""

# What is no value of a film, by the first key of its path, and what serves instead.
_NO_VALUE = {
    "extends": "the base deck is read before anything is set",
    "sweep": "a sweep cannot change itself",
    "tables": "a value of a table goes by `table#row.key`",
    "units": "give values with their units",
}


def _read_seeds(value: object, info: ValidationInfo) -> Any:
    """A number of seeds, or seeds."""
    reading: Reading = info.context
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, bool) or not isinstance(each, int):
            raise reading.refuse(f"'seeds' is {described(each)}; expected a number or a list of seeds", each)
    if isinstance(value, list):
        seeds = [int(each) for each in value]
        if not seeds or len(set(seeds)) < len(seeds) or not all(0 <= each <= MAX_SEED for each in seeds):
            raise reading.refuse(f"'seeds' needs different seeds from 0 to {MAX_SEED}", value)
        return seeds
    if not 1 <= int(value) <= MAX_MEMBERS:
        raise reading.refuse(f"'seeds' must be from 1 to {MAX_MEMBERS}, not {described(value)}", value)
    return int(value)


_Seeds = Annotated[
    int | list[int],
    PlainValidator(_read_seeds),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "array", "items": {"type": "integer"}}]}),
]


class SampleDeck(Section):
    """Values drawn at random: those that carry a distribution, or those that `ranges` gives one."""

    method: Literal["monte-carlo", "latin-hypercube", "saltelli"] = Field(
        "latin-hypercube",
        description="independent draws; draws that fill each range evenly; or the matrices that Sobol indices need",
        examples=["saltelli"],
    )
    size: Annotated[int, Field(ge=1, le=MAX_MEMBERS)] = Field(
        description="number of draws; of `saltelli` the number of rows N, a power of 2, of N (factors + 3) draws",
        examples=[64],
    )
    seed: int | None = Field(
        None, ge=0, le=MAX_SEED, description="seed of the draws; without it `run.seed`", examples=[3]
    )
    values: list[Text] | None = Field(
        None,
        min_length=1,
        description="what to draw, by path or `table#row.key`, with * and ?; by default all with a distribution",
        examples=[["processes.*.rate.barrier"]],
    )
    ranges: dict[str, Text] = Field(
        default_factory=dict,
        description="distribution of a value, by path or `table#row.key`, instead of that of the deck",
        examples=[{"protocol.temperature": "283 .. 333 K"}],
    )


class ParticleSizeDeck(Section):
    """Particles of one size."""

    radius: number("length", above=0.0, most=1.0) = Field(description="radius of the particles", examples=["5 um"])
    share: number("dimensionless", above=0.0) = Field(
        1.0, description="their number, relative to that of the others", examples=[0.3]
    )


class LognormalDeck(Section):
    """A lognormal size distribution by number, cut into sizes that have equal shares of the surface."""

    median: number("length", above=0.0, most=1.0) = Field(
        description="radius that half of the particles exceed", examples=["8 um"]
    )
    spread: number("dimensionless", above=0.0, most=3.0) = Field(
        description="standard deviation of the logarithm of the radius", examples=[0.35]
    )
    count: Annotated[int, Field(ge=1, le=10_000)] = Field(description="how many sizes", examples=[4])
    source: Text = Field(description="measurement or parameter set", examples=["laser diffraction of the powder"])


class PatchTableDeck(Section):
    """Potential histories from a cell model: one row for each time, position and, if they differ, radius."""

    file: Text = Field(description="CSV file, relative to the deck", examples=["tables/electrode.csv"])
    time: Text = Field(description="header of the times, unit in brackets", examples=["Time [s]"])
    position: Text = Field(description="header of the positions, from 0 to 1", examples=["Position [1]"])
    radius: Text | None = Field(
        None, description="header of the radii, with unit; without it sizes do not differ", examples=["Radius [um]"]
    )
    value: Text = Field(description="header of the potentials, unit in brackets", examples=["Potential [V]"])


class ParticlesDeck(Section):
    """Films on the particles of an electrode: every combination of size and position is a patch with its own history.

    Summaries weight the patches by the surface that they stand for. Particles at one position are connected in
    parallel, so that the potential differs between sizes only where a table says so.
    """

    sizes: list[ParticleSizeDeck] | None = Field(
        None, min_length=1, description="radii and how many particles have them", examples=[[{"radius": "5 um"}]]
    )
    lognormal: LognormalDeck | None = Field(
        None,
        description="size distribution",
        examples=[{"median": "8 um", "spread": 0.35, "count": 4, "source": "laser diffraction"}],
    )
    positions: list[number("dimensionless", least=0.0, most=1.0)] = Field(
        min_length=1,
        description="places through the electrode, from 0 at the separator to 1 at the current collector",
        examples=[[0.1, 0.5, 0.9]],
    )
    offsets: list[number("potential", least=-100.0, most=100.0)] | None = Field(
        None,
        description="for each position, what its potential has above that of the protocol",
        examples=[["0 mV", "4 mV", "6 mV"]],
    )
    table: PatchTableDeck | None = Field(
        None,
        description="potential histories from a cell model, not the protocol's",
        examples=[{"file": "a.csv", "time": "Time [s]", "position": "Position [1]", "value": "Potential [V]"}],
    )


class SweepDeck(Section):
    """An ensemble of films, run by `kmc sweep`: every combination of what is given here.

    A path is that of `--set`, such as `processes.ring opening.rate.barrier`; a value of a table that several processes
    share goes by `table#row.key`. Films of `grid` and `cases` are conditions to be compared; over draws, particles and
    seeds the results are averaged.
    """

    seeds: _Seeds = Field(
        1,
        description="films of each kind, all with random numbers of their own; or seeds that every kind gets",
        examples=[8],
    )
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="values by path; every combination is a case",
        examples=[{"protocol.temperature": ["283 K", "298 K"]}],
    )
    cases: list[Annotated[dict[str, Any], Field(min_length=1)]] = Field(
        default_factory=list,
        description="values that belong together, by path; combined with `grid`",
        examples=[[{"protocol.potential": "0.05 V", "run.duration": "1 ms"}]],
    )
    sample: SampleDeck | None = Field(None, description="values drawn at random")
    particles: ParticlesDeck | None = Field(None, description="patches on the particles of an electrode")
    fields: list[Text] | None = Field(
        None,
        min_length=1,
        description="datasets of results.h5 along time to collect; by default all but maps and composition profiles",
        examples=[["thickness", "porosity"]],
    )
    confidence: number("dimensionless", above=0.0, below=1.0) = Field(
        0.95, description="level of the confidence intervals", examples=[0.9]
    )
    keep_films: bool = Field(True, description="keep results.h5 of every film", examples=[False])


def check_sweep(data: Any, reading: Reading) -> None:
    """Report what is wrong between the keys of `sweep`; anything of the wrong type has been reported already.

    Parameters
    ----------
    data : MarkedDict
        The deck as read.
    reading : Reading
    """
    sweep = data.get("sweep") if isinstance(data, dict) else None
    if not isinstance(sweep, dict):
        return
    if not any(key in sweep for key in ("seeds", "grid", "cases", "sample", "particles")):
        reading.report(
            "'sweep' varies nothing; expected seeds, grid, cases, sample or particles", data.key_marks["sweep"]
        )
    _check_paths(sweep, reading)
    sample = sweep.get("sample")
    if isinstance(sample, dict) and sample.get("method") == SALTELLI:
        _check_saltelli(sample, sweep, reading)
    if isinstance(sweep.get("particles"), dict):
        _check_particles(sweep["particles"], reading, sweep.key_marks["particles"])


def _check_paths(sweep: Any, reading: Reading) -> None:
    """Paths lead to values of a film, and each is set in one place."""
    sample, cases = sweep.get("sample"), sweep.get("cases")
    ranges = sample.get("ranges") if isinstance(sample, dict) else None
    given = [("grid", sweep.get("grid")), ("sample.ranges", ranges)]
    given += [("cases", row) for row in (cases if isinstance(cases, list) else [])]
    first: dict[str, str] = {}
    for section, mapping in given:
        for path in mapping if isinstance(mapping, dict) else ():
            head, where = path.split(".")[0], mapping.key_marks[path]
            if path == "run.seed":
                reading.report("seeds of a sweep go under 'seeds'", where)
            elif head in _NO_VALUE:
                reading.report(f"'{head}' is no value of a film: {_NO_VALUE[head]}", where)
            if first.setdefault(path, section) != section:
                reading.report(f"'{path}' is in '{section}' and in '{first[path]}'; it can have one value", where)


def _check_saltelli(sample: Any, sweep: Any, reading: Reading) -> None:
    size = sample.get("size")
    if isinstance(size, int) and not isinstance(size, bool) and size & (size - 1):
        reading.report(
            f"'size' of a {SALTELLI} sample must be a power of 2, such as 64, not {size}", sample.value_marks["size"],
            "the Sobol sequence fills the ranges evenly with a power of 2 only",
        )
    if isinstance(sweep.get("seeds"), list):
        reading.report(
            f"a {SALTELLI} sample needs random numbers of its own for every film; give a number of seeds",
            sweep.value_marks["seeds"],
        )


def _check_particles(particles: Any, reading: Reading, where: Any) -> None:
    if ("sizes" in particles) == ("lognormal" in particles):
        reading.report("'particles' needs one of sizes, lognormal", where)
    if "offsets" in particles and "table" in particles:
        reading.report("'particles' has both offsets and table; give one", particles.key_marks["table"])
    positions, offsets = particles.get("positions"), particles.get("offsets")
    if isinstance(positions, list) and isinstance(offsets, list) and len(positions) != len(offsets):
        message = f"'offsets' has {len(offsets)} values for {len(positions)} positions"
        reading.report(message, particles.value_marks["offsets"])
    if isinstance(positions, list) and len({str(each) for each in positions}) < len(positions):
        reading.report("'positions' holds a place twice", particles.value_marks["positions"])
