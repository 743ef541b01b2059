# SPDX-License-Identifier: BSD-3-Clause
"""What ties the sections of a deck together: names that refer to each other, sizes, layers. Floor 1.

Works on the deck as read, so that these problems are reported together with those of types and units.
Anything of the wrong type is passed over here: it has been reported already.
"""

from __future__ import annotations

import math
import re
from typing import Any

from kmc.deck_compartment import check_compartment
from kmc.deck_interactions import check_interactions
from kmc.deck_lattice import TYPES, check_type
from kmc.deck_tiles import check_tiles
from kmc.deck_values import Reading
from kmc.errors import did_you_mean

MAX_SPECIES = 64
"""Largest number of lattice species."""

MAX_SITES = 2**32 // 3
"""The number of sites is below this."""

_RESERVED = ("e-", "+", "=>", "<=>", "default")


def check_references(data: Any, reading: Reading) -> None:
    """Report everything wrong between the sections.

    Parameters
    ----------
    data : MarkedDict
        The deck as read.
    reading : Reading
    """
    names = {section: _mapping(data, section) for section in ("species", "solution", "groups")}
    _check_names(names, reading)
    _check_species(names["species"], reading)
    _check_lattice(data, names["species"], reading)
    _check_groups(names, reading)
    _check_tunnelling(data, names["species"], reading)
    _check_processes(data, names, reading)
    _check_output(data, reading)
    check_compartment(data, reading)
    check_interactions(data, names["species"], reading)
    check_tiles(data, reading)


def _mapping(data: Any, key: str) -> Any:
    """Value of a key if it is a mapping, else an empty one."""
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def _list(data: Any, key: str) -> Any:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, list) else []


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def name_fault(name: str) -> str | None:
    """Why a text cannot be the name of a species or group, or None if it can."""
    if not name:
        return "is empty"
    if re.search(r"\s", name):
        return "holds a blank; blanks separate the terms of equations"
    if name in _RESERVED:
        return "has a meaning of its own"
    if name[0] in "{}" or name[-1] in "{}":
        return "stands in braces, which mark groups"
    if name.isdigit():
        return "is a number, which is a coefficient in equations"
    return "is longer than 64 characters" if len(name) > 64 else None


def _check_names(names: dict[str, Any], reading: Reading) -> None:
    """Every name can be told apart in an equation, and means one thing."""
    seen: dict[str, Any] = {}
    for section, entries in names.items():
        for name in entries:
            where = entries.key_marks[name]
            fault = name_fault(name)
            if fault:
                reading.report(f"name '{name}' {fault}", where)
            if name in seen:
                reading.report(
                    f"'{name}' is in '{section}' and in '{seen[name]}'; names mean one thing", where
                )
            seen.setdefault(name, section)
    species = names["species"]
    if len(species) > MAX_SPECIES:
        where = species.key_marks[list(species)[MAX_SPECIES]]
        reading.report(f"{len(species)} lattice species; at most {MAX_SPECIES} are possible", where)


def _check_species(species: Any, reading: Reading) -> None:
    """A solid has one volume; what is no electrode and no liquid has a formula."""
    for name, entry in species.items():
        if not isinstance(entry, dict):
            continue
        phase, where = entry.get("phase"), species.key_marks[name]
        volumes = [key for key in ("molar-volume", "density", "crystal") if entry.get(key) is not None]
        if phase == "solid" and not volumes:
            reading.report(f"solid '{name}' needs one of molar-volume, density, crystal", where)
        if len(volumes) > 1:
            reading.report(
                f"'{name}' has both {' and '.join(volumes)}; give one", entry.key_marks[volumes[1]]
            )
        needs_formula = phase in ("dissolved", "solid", "gas") or "density" in volumes
        if needs_formula and "formula" not in entry:
            reading.report(f"{phase} '{name}' needs a formula", where)
        _check_cell(_mapping(entry, "crystal"), reading)


def _check_cell(crystal: Any, reading: Reading) -> None:
    """The three angles of a crystal's cell span a volume."""
    cell = _list(crystal, "cell")
    if len(cell) != 6 or not all(isinstance(each, (int, float)) and 0 < each < 1e6 for each in cell):
        return
    cosines = [math.cos(math.radians(angle)) for angle in cell[3:]]
    squared = 1.0 - sum(each**2 for each in cosines) + 2.0 * math.prod(cosines)
    if max(cell[3:]) >= 180 or squared <= 1e-9:
        angles = ", ".join(f"{angle:g}" for angle in cell[3:])
        reading.report(f"no cell has the angles {angles}", crystal.value_marks["cell"])


def _check_species_name(name: object, where: Any, species: Any, reading: Reading) -> None:
    """Report a reference to a lattice species that does not exist."""
    if isinstance(name, str) and name and name not in species and species:
        reading.report(f"unknown species '{name}'{did_you_mean(name, species)}", where)


def _check_lattice(data: Any, species: Any, reading: Reading) -> None:
    lattice = _mapping(data, "lattice")
    if "fill" in lattice:
        _check_species_name(lattice["fill"], lattice.value_marks["fill"], species, reading)
    for key in ("layers", "random"):
        for entry in _list(lattice, key):
            if isinstance(entry, dict) and "species" in entry:
                _check_species_name(entry["species"], entry.value_marks["species"], species, reading)
    axes = ("x", "z") if lattice.get("type") == "square" else ("x", "y", "z")
    size = _list(lattice, "size")
    check_type(lattice, reading)
    if size and lattice.get("type") in TYPES:
        if len(size) != len(axes):
            message = f"'size' has {len(size)} numbers; a {lattice['type']} lattice needs {', '.join(axes)}"
            reading.report(message, lattice.value_marks["size"])
            size = []
        _check_boundaries(lattice, dict(zip(axes, size, strict=False)), axes, reading)
    if size and all(_whole(each) and each > 0 for each in size):
        _check_sites(lattice, size, reading)
    _check_fractions(lattice, reading)


def _check_boundaries(lattice: Any, size: dict[str, Any], axes: tuple[str, ...], reading: Reading) -> None:
    boundaries = _mapping(lattice, "boundaries")
    for axis in boundaries:
        if axis not in axes:
            message = f"'boundaries' has no axis '{axis}'; a {lattice['type']} lattice has {', '.join(axes)}"
            reading.report(message, boundaries.key_marks[axis])
    for index, (axis, n_sites) in enumerate(size.items()):
        kind = boundaries.get(axis, "walls" if axis == "z" else "periodic")
        if kind == "periodic" and _whole(n_sites) and n_sites in (1, 2):
            message = f"{n_sites} sites along {axis}, which is periodic: a neighbour would count twice"
            where = lattice["size"].value_marks[index]
            reading.report(message, where, f"at least 3 sites, or boundaries: {{{axis}: walls}}")


def _check_sites(lattice: Any, size: list[int], reading: Reading) -> None:
    """The number of sites, and the layers within the height."""
    n_sites = 1
    for each in size:
        n_sites *= each
    if n_sites >= MAX_SITES:
        message = f"{float(n_sites):.3g} sites; fewer than {MAX_SITES} are possible"
        reading.report(message, lattice.value_marks["size"])
        return
    height = size[-1]
    for layer in _list(lattice, "layers"):
        ends = [layer.get(key) for key in ("from", "to")] if isinstance(layer, dict) else []
        if not ends or not all(_whole(each) for each in ends):
            continue
        for key, each in zip(("from", "to"), ends, strict=True):
            if not -height <= each < height:
                message = f"layer {each} is outside; there are {height} layers, 0 to {height - 1}"
                reading.report(message, layer.value_marks[key])
        first, last = (each + height if each < 0 else each for each in ends)
        if 0 <= last < first < height:
            reading.report(f"layers from {ends[0]} to {ends[1]} are none", layer.value_marks["from"])


def _check_fractions(lattice: Any, reading: Reading) -> None:
    entries = _list(lattice, "random")
    total = 0.0
    for entry in entries:
        fraction = entry.get("fraction") if isinstance(entry, dict) else None
        total += fraction if isinstance(fraction, (int, float)) and 0 <= fraction <= 1 else 0.0
    if total > 1.0 + 1e-12:
        reading.report(f"the fractions add up to {total:g}, more than 1", lattice.value_marks["random"])


def _check_groups(names: dict[str, Any], reading: Reading) -> None:
    for name, members in names["groups"].items():
        if not isinstance(members, list):
            continue
        seen: set[str] = set()
        for index, member in enumerate(members):
            where = members.value_marks[index]
            _check_species_name(member, where, names["species"], reading)
            if isinstance(member, str) and member in seen:
                reading.report(f"'{member}' is in group '{name}' twice", where)
            seen.add(str(member))


def _check_tunnelling(data: Any, species: Any, reading: Reading) -> None:
    section = _mapping(data, "tunnelling")
    decay = _mapping(section, "decay")
    for name in decay:
        if name != "default":
            _check_species_name(name, decay.key_marks[name], species, reading)
    if isinstance(section.get("decay"), dict) and "default" not in decay:
        missing = [name for name in species if name not in decay]
        if missing:
            message = f"no decay for '{missing[0]}', and no 'default'"
            reading.report(message, section.key_marks["decay"])
    if section or "tunnelling" in data:
        return
    for process in _list(data, "processes"):
        if isinstance(process, dict) and process.get("tunnelling") is True:
            message = "a process with tunnelling needs a section 'tunnelling' with the decay per species"
            reading.report(message, process.key_marks["tunnelling"])


def _check_processes(data: Any, names: dict[str, Any], reading: Reading) -> None:
    seen: dict[str, int] = {}
    for process in _list(data, "processes"):
        if not isinstance(process, dict):
            continue
        name = process.get("name")
        if isinstance(name, str):
            where = process.value_marks["name"]
            if name in seen:
                reading.report(f"a second process is called '{name}', first in line {seen[name]}", where)
            seen.setdefault(name, where.line)
        for term in _list(process, "neighbours"):
            _check_members(_list(term, "species"), names, reading)
        _check_geometry(process, data, reading)
        _check_layer(process, data, reading)


def _check_members(members: Any, names: dict[str, Any], reading: Reading) -> None:
    """Lattice species and {groups} of a neighbour term."""
    for index, member in enumerate(members):
        where = members.value_marks[index]
        if isinstance(member, str) and member[:1] == "{" and member[-1:] == "}":
            group = member[1:-1]
            if group not in names["groups"]:
                reading.report(f"unknown group '{group}'{did_you_mean(group, names['groups'])}", where)
        else:
            _check_species_name(member, where, names["species"], reading)


def _check_geometry(process: Any, data: Any, reading: Reading) -> None:
    geometry = _list(process, "geometry")
    if process.get("orientations") == "given" and process.get("geometry") is None:
        reading.report("'orientations: given' needs 'geometry', which gives it", process.value_marks["orientations"])
    dimension = 2 if _mapping(data, "lattice").get("type") == "square" else 3
    seen: set[tuple] = set()
    for index, position in enumerate(geometry):
        if not isinstance(position, list) or not all(_whole(each) for each in position):
            continue
        if len(position) != dimension:
            message = f"a position has {len(position)} numbers; this lattice needs {dimension}"
            reading.report(message, geometry.value_marks[index])
        if tuple(position) in seen:
            reading.report("two lattice terms at one position", geometry.value_marks[index])
        seen.add(tuple(position))


def _check_layer(process: Any, data: Any, reading: Reading) -> None:
    """The layers of a process are some, and lie within the lattice."""
    layer, size = _mapping(process, "layer"), _list(_mapping(data, "lattice"), "size")
    first, last = layer.get("from", 1), layer.get("to")
    if _whole(first) and size and _whole(size[-1]) and first > size[-1] > 0:
        message = f"layer {first} is outside; there are {size[-1]} layers"
        reading.report(message, layer.value_marks["from"])
    if _whole(first) and _whole(last) and 0 < last < first:
        reading.report(f"layers from {first} to {last} are none", layer.value_marks["from"])


def _check_output(data: Any, reading: Reading) -> None:
    output = _mapping(data, "output")
    for key in ("times", "snapshots"):
        cadence = _mapping(output, key)
        if not isinstance(output.get(key), dict):
            continue
        where = output.key_marks[key]
        if not {"every", "per-decade", "from"} & set(cadence):
            reading.report(f"'{key}' has no cadence; expected 'every', or 'per-decade' and 'from'", where)
        elif "every" in cadence and ("per-decade" in cadence or "from" in cadence):
            reading.report(f"'{key}' has both 'every' and 'per-decade'; give one", where)
        elif ("per-decade" in cadence) != ("from" in cadence):
            missing = "from" if "per-decade" in cadence else "per-decade"
            reading.report(f"missing key '{missing}' in '{key}'; per-decade and from belong together", where)
