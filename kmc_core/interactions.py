# SPDX-License-Identifier: BSD-3-Clause
"""Interactions: a cluster expansion as flat arrays of integers, checked once before the core trusts them."""
from dataclasses import dataclass

import numpy as np

QUANTUM = 1e-9
"""float: unit of cluster energies [eV]; sums of whole numbers of it are exact in any order."""

MAX_OTHERS = 3
"""int: sites of a cluster besides the one at its centre."""


@dataclass(frozen=True)
class Interactions:
    """What neighbours add to the energy of the lattice, and how barriers follow it.

    The energy of a site is the sum over all clusters that it is part of. An event changes its sites one after the
    other, so its energy change is a sum of energies of sites, exact however many of them share a cluster.

    Attributes
    ----------
    offsets : int32, shape (n_positions, 3)
        Positions (dz, dy, dx) that share a cluster with a site, closed under inversion, without (0, 0, 0).
    centre : int32, shape (n_instances,)
        Species of the site itself, for every placement of a cluster that it can be part of.
    other_ptr : int32, shape (n_instances + 1,)
    other_position, other_species : int32
        Positions and species of the other sites of each placement, up to three.
    energy : int64, shape (n_instances,)
        Energy of the cluster [1e-9 eV].
    line_ptr : int32, shape (n_processes + 1,)
    line_slope, line_intercept : float64
        The barrier of a process is shifted by the largest of its lines, intercept + slope * energy change [1, eV];
        no lines: the process does not notice.
    thermal : float
        kB T [eV].
    """

    offsets: np.ndarray
    centre: np.ndarray
    other_ptr: np.ndarray
    other_position: np.ndarray
    other_species: np.ndarray
    energy: np.ndarray
    line_ptr: np.ndarray
    line_slope: np.ndarray
    line_intercept: np.ndarray
    thermal: float

    def __post_init__(self):
        n_instances, n_others = len(self.centre), len(self.other_position)
        shapes = {"offsets": (len(self.offsets), 3), "other_ptr": (n_instances + 1,), "energy": (n_instances,),
                  "other_species": (n_others,), "line_intercept": (len(self.line_slope),)}
        for name, shape in shapes.items():
            if np.shape(getattr(self, name)) != shape:
                raise ValueError(f"{name} must have shape {shape}, not {np.shape(getattr(self, name))}")
        for name in ("offsets", "centre", "other_ptr", "other_position", "other_species", "energy", "line_ptr"):
            values = np.asarray(getattr(self, name))
            if values.size and values.dtype.kind not in "iu":
                raise ValueError(f"{name} must hold integers, not {values.dtype}")
        for name, end in (("other_ptr", n_others), ("line_ptr", len(self.line_slope))):
            pointers = np.asarray(getattr(self, name))
            if not len(pointers) or pointers[0] != 0 or pointers[-1] != end or (np.diff(pointers) < 0).any():
                raise ValueError(f"{name} must rise from 0 to {end}")
        if np.diff(self.other_ptr).max(initial=0) > MAX_OTHERS:
            raise ValueError(f"other_ptr: a cluster has at most {MAX_OTHERS + 1} sites")
        if n_others and not 0 <= np.min(self.other_position) <= np.max(self.other_position) < len(self.offsets):
            raise ValueError(f"other_position must lie in [0, {len(self.offsets)})")
        self._check_lines()

    def _check_lines(self):
        if not (np.isfinite(self.thermal) and self.thermal > 0.0):
            raise ValueError(f"thermal must be finite and > 0, not {self.thermal}")
        if not (np.isfinite(self.line_slope).all() and np.isfinite(self.line_intercept).all()):
            raise ValueError("line_slope and line_intercept must be finite")
        if np.min(self.line_slope, initial=0.0) < 0.0:
            raise ValueError("line_slope must be >= 0: a barrier does not fall when the energy rises")


def kinds(interactions, n_species):
    """int64, shape (n_species + 1,): number of every species that is part of a cluster, from 1; 0 for all others."""
    found = np.zeros(n_species + 1, dtype=np.int64)
    members = np.unique(interactions.other_species)
    found[members] = np.arange(1, len(members) + 1)
    return found


def check_interactions(interactions, rules, shape, periodic):
    """Raise ValueError unless the interactions fit the rules and the box.

    In a periodic box a cluster must not reach around and meet a site twice.
    """
    if len(interactions.line_ptr) != rules.n_processes + 1:
        raise ValueError(f"line_ptr must have shape ({rules.n_processes + 1},), not ({len(interactions.line_ptr)},)")
    for name in ("centre", "other_species"):
        values = np.asarray(getattr(interactions, name))
        if values.size and not 0 <= values.min() <= values.max() < rules.n_species:
            raise ValueError(f"{name} must lie in [0, {rules.n_species})")
    reach = np.abs(np.asarray(interactions.offsets)).max(axis=0, initial=0)
    narrow = np.asarray(periodic) & (np.asarray(shape) <= 2 * reach)
    if narrow.any():
        raise ValueError(f"a periodic box of {tuple(shape)} sites (z, y, x) is too small for interactions that reach "
                         f"{tuple(reach.tolist())} sites: a site would meet itself or another one twice")
