# SPDX-License-Identifier: BSD-3-Clause
"""The section of a deck that says how species on the lattice attract and repel each other. Floor 1."""

from typing import Annotated, Any

from pydantic import Field

from kmc.deck_section import Section, Text
from kmc.deck_values import Reading, quantity
from kmc.errors import did_you_mean

MAX_CLUSTER = 4
"""Largest number of sites of a cluster."""

MAX_REACH = 20
"""Largest coordinate of a site of a cluster, in lattice steps."""

MAX_ENERGY = 100.0
"""Largest energy of a cluster, attractive or repulsive [eV]."""


class ClusterDeck(Section):
    """Species that have an energy together; counted once for every set of sites that shows them.

    All placements that the symmetry of the lattice makes equivalent are generated.
    """

    name: Text = Field(description="unique", examples=["nearest pair"])
    sites: Annotated[
        list[
            Annotated[
                list[Annotated[int, Field(ge=-MAX_REACH, le=MAX_REACH)]], Field(min_length=2, max_length=3)
            ]
        ],
        Field(min_length=1, max_length=MAX_CLUSTER),
    ] = Field(
        description="positions (x, y, z) of its 1 to 4 sites, in lattice steps (square: x, z)",
        examples=[[[0, 0, 0], [1, 0, 0]]],
    )
    species: Annotated[list[Text], Field(min_length=1, max_length=MAX_CLUSTER)] = Field(
        description="lattice species of each of them", examples=[["A", "A"]]
    )
    energy: quantity("energy", reference=True, least=-MAX_ENERGY, most=MAX_ENERGY) = Field(
        description="energy of one such set of sites; negative attracts; rounded to 1 neV",
        examples=["-0.1 +- 0.01 eV"],
    )


class InteractionsDeck(Section):
    """Lateral interactions: the energy of the lattice as a cluster expansion, and how barriers follow it.

    An event that changes this energy by dE has the barrier max(E0 + w dE, dG0 + dE, 0); a rate law without a
    barrier is multiplied by exp(-w dE/(kB T)). On the way back w is 1 - w, so that detailed balance is exact.
    """

    transfer: quantity("dimensionless", least=0.0, most=1.0) = Field(
        "0.5",
        validate_default=True,
        description="Bronsted-Evans-Polanyi coefficient w of processes that give none of their own; "
        "one that is its own reverse, such as a hop, has 0.5",
        examples=[0.5],
    )
    clusters: Annotated[list[ClusterDeck], Field(min_length=1)] = Field(
        description="the cluster expansion",
        examples=[
            [
                {
                    "name": "nearest pair",
                    "sites": [[0, 0, 0], [1, 0, 0]],
                    "species": ["A", "A"],
                    "energy": "-0.1 eV",
                }
            ]
        ],
    )


def check_interactions(data: Any, species: Any, reading: Reading) -> None:
    """Report what is wrong within the clusters of a deck as read: names, sites, and numbers of both.

    Parameters
    ----------
    data : MarkedDict
        The deck.
    species : MarkedDict
        Its lattice species by name.
    reading : Reading
    """
    section = data.get("interactions")
    clusters = section.get("clusters") if isinstance(section, dict) else None
    if clusters and "lattice" not in data:
        message = "'interactions' are between species on a lattice, and the deck has none"
        reading.report(message, data.key_marks["interactions"])
    seen: dict[str, int] = {}
    for cluster in clusters if isinstance(clusters, list) else ():
        if isinstance(cluster, dict):
            _check_name(cluster, seen, reading)
            _check_species(cluster, species, reading)
            _check_sites(cluster, data, reading)
    for process in _items(data, "processes"):
        if isinstance(process, dict) and process.get("transfer") is not None and section is None:
            message = "'transfer' is a share of an interaction energy, but the deck has no 'interactions'"
            reading.report(message, process.key_marks["transfer"])


def _items(data: Any, key: str) -> Any:
    value = data.get(key)
    return value if isinstance(value, list) else []


def _check_name(cluster: Any, seen: dict[str, int], reading: Reading) -> None:
    name = cluster.get("name")
    if isinstance(name, str):
        where = cluster.value_marks["name"]
        if name in seen:
            reading.report(f"a second cluster is called '{name}', first in line {seen[name]}", where)
        seen.setdefault(name, where.line)


def _check_species(cluster: Any, species: Any, reading: Reading) -> None:
    members, sites = _items(cluster, "species"), _items(cluster, "sites")
    for index, name in enumerate(members):
        if isinstance(name, str) and name and species and name not in species:
            reading.report(f"unknown species '{name}'{did_you_mean(name, species)}", members.value_marks[index])
    if members and sites and len(members) != len(sites):
        message = f"{len(members)} species for {len(sites)} sites"
        reading.report(message, cluster.value_marks["species"])


def _check_sites(cluster: Any, data: Any, reading: Reading) -> None:
    sites, lattice = _items(cluster, "sites"), data.get("lattice")
    is_square = isinstance(lattice, dict) and lattice.get("type") == "square"
    dimension = 2 if is_square else 3 if isinstance(lattice, dict) else None
    seen: set[tuple] = set()
    for index, site in enumerate(sites):
        if not isinstance(site, list) or not all(isinstance(each, int) for each in site):
            continue
        where = sites.value_marks[index]
        if dimension is not None and len(site) != dimension and len(site) in (2, 3):
            reading.report(f"a site has {len(site)} numbers; this lattice needs {dimension}", where)
        if tuple(site) in seen:
            reading.report("one site twice in a cluster", where)
        seen.add(tuple(site))
