# SPDX-License-Identifier: BSD-3-Clause
"""Snapshots of a lattice in parts: one for each sector, whoever runs it, so that others can go on from there.

Between two windows, with all changes taken over, nothing is under way from one sector to another. What is left is the
engine of each sector, the time of its candidate and what was found out about its edge. Species are not kept here: they
are those of the lattice as a whole.
"""
import numpy as np

from kmc_core.snapshots import restore as restore_engine
from kmc_core.snapshots import snapshot as snapshot_of_engine

from kmc_core.sector cimport Sector
from kmc_core.tiles cimport Sectors
from kmc_core.typedefs cimport int64_t


def snapshot(Sectors sectors, int64_t window):
    """All that the future of the sectors depends on, but for their species.

    Parameters
    ----------
    sectors : Sectors
        All changes must have been taken over.
    window : int
        Number of the last window.

    Returns
    -------
    list of dict of str to numpy array
        Of each sector, with the same names; copies.

    Raises
    ------
    ValueError
        If changes are waiting.
    """
    if np.any(sectors.n_in):
        raise ValueError("a snapshot of sectors that have changes to take over")
    return [_engine(sector) | _edge(sector, window) | {
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
        if np.shape(arrays["own_marks"]) != np.shape(sector.own_marks):
            raise ValueError(f"a snapshot of {64 * np.size(arrays['own_marks'])} sites that others know does not fit a "
                             f"sector of {64 * np.size(sector.own_marks)}")
        np.asarray(sector.own_marks)[:] = arrays["own_marks"]
        sector.own_window = int(arrays["own_window"])
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


def _edge(Sector sector, int64_t window):
    """What was changed at the edge in the last window, and counters; no one asks for the marks of windows before."""
    marks = np.array(sector.own_marks) if sector.own_window == window else np.zeros_like(sector.own_marks)
    return {"own_marks": marks, "own_window": np.array(window), "n_handed": np.array(sector.n_handed),
            "n_conflicts": np.array(sector.n_conflicts)}
