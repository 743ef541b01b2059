# SPDX-License-Identifier: BSD-3-Clause
"""Snapshots of a lattice in parts: one for each sector, whoever runs it, so that others can go on from there.

Between two windows, with all changes taken over, nothing is under way from one sector to another. What is left is the
engine of each sector, the time of its candidate and what was found out about its edge. Species are not kept here: they
are those of the lattice as a whole. Nor are marks of sites that were changed in the last window: they are compared with
changes in the same window that come later, and all of these have been taken over.
"""
import numpy as np

from kmc_core.snapshots import restore as restore_engine
from kmc_core.snapshots import snapshot as snapshot_of_engine

from kmc_core.sector cimport Sector
from kmc_core.tiles cimport Sectors
from kmc_core.typedefs cimport int64_t


def snapshot(Sectors sectors):
    """All that the future of the sectors depends on, but for their species.

    Parameters
    ----------
    sectors : Sectors
        Between two windows; all changes must have been taken over.

    Returns
    -------
    list of dict of str to numpy array
        Of each sector, with the same names; copies.

    Raises
    ------
    ValueError
        If changes are waiting.
    """
    if np.any(sectors.inboxes.n):
        raise ValueError("a snapshot of sectors that have changes to take over")
    return [_engine(sector) | _edge(sector) | {
        "due_seconds": np.array(sectors.due_seconds[i]), "due_fraction": np.array(sectors.due_fraction[i]),
        "reach": np.array(sectors.reaches[i])} for i, sector in enumerate(sectors.sectors)]


def restore(Sectors sectors, found, n_turns):
    """Let sectors go on from their snapshots.

    Parameters
    ----------
    sectors : Sectors
        Made from the same rules as those that the snapshots are of, on the species of then.
    found : list of mapping of str to numpy array
        From `snapshot`, of these sectors.
    n_turns : int
        Turns so far that are counted here.

    Raises
    ------
    ValueError
        If these are other sectors; they are of no use any more then.
    """
    cdef Sector sector
    cdef int64_t i
    if len(found) != len(sectors.sectors):
        raise ValueError(f"snapshots of {len(found)} sectors do not fit {len(sectors.sectors)}")
    for i in range(len(found)):
        sector, arrays = sectors.sectors[i], found[i]
        engine = {name[7:]: array for name, array in arrays.items() if name.startswith("engine/")}
        restore_engine(sector.engine, engine | _not_kept(sector))
        if int(arrays["n_marks"]) != np.size(sector.own_marks):
            raise ValueError("a snapshot of a sector whose edge is another one")
        sector.n_handed, sector.n_conflicts = int(arrays["n_handed"]), int(arrays["n_conflicts"])
        sectors.due_seconds[i], sectors.due_fraction[i] = int(arrays["due_seconds"]), float(arrays["due_fraction"])
        sectors.reaches[i] = float(arrays["reach"])
    sectors.n_turns = n_turns


def _engine(Sector sector):
    """The snapshot of its engine, without its species and the molecules that a sector never has."""
    found = snapshot_of_engine(sector.engine)
    return {f"engine/{name}": array for name, array in found.items() if not _is_implied(name)}


def _not_kept(Sector sector):
    """What `_engine` leaves out, from the engine itself."""
    return {name: array for name, array in snapshot_of_engine(sector.engine).items() if _is_implied(name)}


def _is_implied(name):
    return name == "species" or name.startswith("solution/")


def _edge(Sector sector):
    """What has been counted at the edge, and how long it is."""
    return {"n_marks": np.array(np.size(sector.own_marks)), "n_handed": np.array(sector.n_handed),
            "n_conflicts": np.array(sector.n_conflicts)}
