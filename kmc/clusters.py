# SPDX-License-Identifier: BSD-3-Clause
"""Cluster expansion of a deck: the energy of the lattice as a sum over small groups of sites. Floor 3.

    H = sum over clusters c of E_c times the number of sets of sites that show c or one of its symmetric images

A *placement* is one orientation of a cluster, moved so that its first site is the origin; all placements of a
cluster are its orbit under the operations of the lattice, each of them once. Like species on equivalent sites
therefore never count twice: the orbit holds sets of occupied sites, not ordered lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kmc.barriers import Tables
from kmc.deck_interactions import MAX_ENERGY
from kmc.errors import DeckError, Problem
from kmc.lattice import Lattice, lattice_of
from kmc.quantity import Quantity, TableReference
from kmc.species import Species

if TYPE_CHECKING:
    from kmc.deck import ClusterDeck, Deck

QUANTUM = 1e-9
"""float: resolution of interaction energies [eV]; integers add up without drift."""

Offset = tuple[int, int, int]
Member = tuple[Offset, int]
Placement = tuple[Member, ...]


@dataclass(frozen=True)
class Cluster:
    """Species on sites that have an energy together.

    Parameters
    ----------
    name : str
    offsets : tuple of (int, int, int)
        Positions (dz, dy, dx) of its sites, in lattice steps.
    species : tuple of int
        Lattice species of each of them.
    energy : Quantity
        For every set of sites that shows it [eV].
    """

    name: str
    offsets: tuple[Offset, ...]
    species: tuple[int, ...]
    energy: Quantity

    @property
    def quanta(self) -> int:
        """Energy in whole quanta of 1 neV."""
        return round(self.energy.value / QUANTUM)


class Instance(NamedTuple):
    """A cluster as one of its sites sees it."""

    cluster: int  # index of the cluster
    centre: int  # species at the site
    others: Placement  # offset from the site, and species, of the remaining members


def placements(cluster: Cluster, operations: np.ndarray) -> list[Placement]:
    """All orientations of a cluster.

    Parameters
    ----------
    cluster : Cluster
    operations : int64, shape (n_operations, 3, 3)
        Of the point group of the lattice, for offsets (dz, dy, dx); `Lattice.operations`.

    Returns
    -------
    list of tuple of ((int, int, int), int)
        Offset and species of every member, sorted, the first at the origin; none twice.
    """
    offsets = np.array(cluster.offsets, dtype=np.int64)
    return sorted({_moved(offsets @ np.asarray(each).T, cluster.species) for each in operations})


def _moved(offsets: np.ndarray, species: Sequence[int]) -> Placement:
    """Members sorted by place, moved so that the first is at the origin."""
    members = sorted(zip(map(tuple, offsets.tolist()), species, strict=True))
    first = members[0][0]
    return tuple((_minus(offset, first), number) for offset, number in members)


def _minus(a: Offset, b: Offset) -> Offset:
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def instances(clusters: Sequence[Cluster], operations: np.ndarray) -> list[Instance]:
    """Every way in which a site can take part in a cluster.

    Parameters
    ----------
    clusters : sequence of Cluster
    operations : int64, shape (n_operations, 3, 3)

    Returns
    -------
    list of Instance
        One for each cluster, placement and member. The energies of those whose members all match add up to the
        energy of all clusters that contain the site.
    """
    found = []
    for index, cluster in enumerate(clusters):
        for placement in placements(cluster, operations):
            for place, centre in placement:
                others = tuple((_minus(offset, place), s) for offset, s in placement if offset != place)
                found.append(Instance(index, centre, others))
    return found


def reach(cluster: Cluster, operations: np.ndarray) -> Offset:
    """How far apart two sites of a cluster can be along z, y and x, in lattice steps."""
    steps = [offset for each in instances([cluster], operations) for offset, _ in each.others]
    z, y, x = np.abs(np.array([(0, 0, 0), *steps])).max(axis=0).tolist()
    return (z, y, x)


def compile_clusters(
    deck: Deck, species: Sequence[Species], tables: Tables
) -> tuple[tuple[Cluster, ...], list[Problem], list[str]]:
    """The cluster expansion of a deck.

    Parameters
    ----------
    deck : Deck
    species : sequence of Species
    tables : Tables
        For energies that stand in one.

    Returns
    -------
    clusters : tuple of Cluster
        Empty without a section `interactions`.
    problems : list of Problem
        Energies that are not found, clusters that coincide, clusters that do not fit into the box.
    notes : list of str
        Energies that are rounded or have no source.
    """
    if deck.interactions is None:
        return (), [], []
    index_of = {each.name: each.index for each in species}
    found, problems = [], []
    for number, entry in enumerate(deck.interactions.clusters):
        try:
            energy = _energy(deck, entry, tables)
        except DeckError as error:
            problems += error.problems
            continue
        offsets = tuple(_offset(site) for site in entry.sites)
        members = tuple(index_of[name] for name in entry.species)
        found.append((number, Cluster(entry.name, offsets, members, energy)))
    if not problems:
        problems = _coincidences(deck, found)
    clusters = tuple(cluster for _, cluster in found)
    return clusters, problems, [note for cluster in clusters for note in _notes(cluster)]


def _energy(deck: Deck, entry: ClusterDeck, tables: Tables) -> Quantity:
    """Energy of a cluster, from a table within the same bounds as from the deck."""
    if not isinstance(entry.energy, TableReference):
        return entry.energy
    where, name = entry.energy.where, f"cluster '{entry.name}'"
    try:
        energy = tables.value(entry.energy)
    except DeckError as error:
        here = [each for each in error.problems if (each.file, each.line) == (where.file, where.line)]
        raise DeckError([deck.problem(f"{name}: {each.message}", where) for each in here] or error.problems) from None
    if abs(energy.value) > MAX_ENERGY:
        message = f"{name}: 'energy' must lie within {MAX_ENERGY:g} eV of zero, not {energy.value:g} eV"
        raise DeckError(deck.problem(message, where))
    return energy


def _offset(site: Sequence[int]) -> Offset:
    """(dz, dy, dx) of a site as decks write it."""
    x, y, z = (site[0], 0, site[1]) if len(site) == 2 else site
    return (z, y, x)


def _coincidences(deck: Deck, found: list[tuple[int, Cluster]]) -> list[Problem]:
    """Clusters that are the same but for symmetry; if there are none, those that the box is too narrow for."""
    lattice = lattice_of(deck)
    operations = lattice.operations()
    first: dict[Placement, Cluster] = {}
    problems = []
    for number, cluster in found:
        orbit = placements(cluster, operations)
        if orbit[0] in first:
            message = f"cluster '{cluster.name}' is '{first[orbit[0]].name}' again, but for symmetry"
            where = ("interactions", "clusters", number, "sites")
            problems.append(deck.problem(message, where, "one entry stands for all orientations"))
        first.setdefault(orbit[0], cluster)
    return problems or [each for number, cluster in found for each in _too_wide(deck, number, cluster, lattice)]


def _too_wide(deck: Deck, number: int, cluster: Cluster, lattice: Lattice) -> list[Problem]:
    """A cluster that reaches around a periodic box, where a site would meet another one twice."""
    problems = []
    for axis, n_sites, wraps, steps in zip(
        "zyx", lattice.shape, lattice.periodic, reach(cluster, lattice.operations()), strict=True
    ):
        if wraps and n_sites <= 2 * steps:
            message = f"cluster '{cluster.name}' reaches {steps} sites along {axis}, too far for the periodic box"
            where = ("interactions", "clusters", number, "sites")
            problems.append(deck.problem(message, where, f"at least {2 * steps + 1} sites, or walls"))
    return problems


def _notes(cluster: Cluster) -> list[str]:
    """What is odd about a cluster, though allowed."""
    notes = []
    exact = cluster.energy.value / QUANTUM
    if abs(exact - cluster.quanta) > 1e-6 * max(1.0, abs(exact)):
        notes.append(f"its energy, {cluster.energy.value:.12g} eV, is rounded to {cluster.quanta * QUANTUM:.9g} eV")
    if not cluster.energy.source:
        notes.append("no source for its energy")
    return [f"cluster '{cluster.name}': {note}" for note in notes]
