# SPDX-License-Identifier: BSD-3-Clause
"""Reaction networks and what a lattice exchanges with them, checked once before the core trusts the arrays."""
import numpy as np

MAX_COUNT = 2**53
"""int: molecules up to which a double holds every number."""

MAX_CHANGE = 1000
"""int: molecules that one event may add; so counts stay below 2**62 for 1e15 events."""

MAX_PROPENSITY = 1e300
"""float: what no propensity may be able to reach [1/s]."""

MOST_COMBINATIONS = {1: 2.0**62, 2: 2.0**123, 3: 2.0**186 / 6.0}
"""dict: order -> combinations of 2**62 molecules, the most that the core's ladder has room for."""


def check_network(count, reactant_ptr, reactant_species, reactant_order, change_ptr, change_species, change, rates):
    """Raise ValueError unless the arrays describe a network; see `kmc_core.solution.Solution`."""
    check_count(count)
    check_rates_of(rates, reactant_ptr, change_ptr)
    parts = (("reactant", reactant_ptr, reactant_species, "reactant_order", reactant_order, 1, 4),
             ("change", change_ptr, change_species, "change", change, -3, MAX_CHANGE + 1))
    for name, pointers, species, values_name, values, low, high in parts:
        if np.shape(species) != np.shape(values):
            raise ValueError(f"{values_name} must have shape {np.shape(species)}, not {np.shape(values)}")
        _check_pointers(f"{name}_ptr", pointers, len(species))
        _check_integers(f"{name}_species", species, 0, len(count))
        _check_integers(values_name, values, low, high)
        _check_distinct(name, pointers, species)
    _check_taken(np.asarray(reactant_ptr), np.asarray(reactant_species), np.asarray(reactant_order),
                 np.asarray(change_ptr), np.asarray(change_species), np.asarray(change))
    check_range(rates, reactant_ptr, reactant_order)


def check_count(count):
    """Raise ValueError unless these are numbers of molecules."""
    if np.ndim(count) != 1:
        raise ValueError(f"count must have one dimension, not shape {np.shape(count)}")
    _check_integers("count", count, 0, MAX_COUNT + 1)


def check_rates_of(rates, reactant_ptr, change_ptr):
    """Raise ValueError unless there are rates, and pointers for each of them."""
    from kmc_core.rules import check_rates

    check_rates(rates)
    for name, pointers in (("reactant_ptr", reactant_ptr), ("change_ptr", change_ptr)):
        if np.shape(pointers) != (len(rates) + 1,):
            raise ValueError(f"{name} must have shape ({len(rates) + 1},), not {np.shape(pointers)}")


def check_range(rates, reactant_ptr, reactant_order):
    """Raise ValueError unless every propensity stays far below the largest double, whatever the counts."""
    combinations = np.log([MOST_COMBINATIONS[order] for order in np.asarray(reactant_order).tolist()])
    most = np.log(np.maximum(rates, 1e-300)) + np.bincount(_owner(reactant_ptr), combinations, len(rates))
    bad = np.flatnonzero(most > np.log(MAX_PROPENSITY))
    if bad.size:
        raise ValueError(f"rates: the propensities of reactions {bad[:8].tolist()} could leave the range of doubles")


def check_exchange(exchange_change, exchange_order, n_processes, n_species):
    """Exchange of a lattice with the solution; all zero where None is given.

    Parameters
    ----------
    exchange_change, exchange_order : int64, shape (n_processes, n_species), or None
        Molecules that an event of each process adds, and how many it asks for.
    n_processes, n_species : int
        Of the lattice, and of the solution.

    Returns
    -------
    exchange_change, exchange_order : int64, shape (n_processes, n_species)

    Raises
    ------
    ValueError
        If a shape or a number is out of range, or if a process takes more molecules than it asks for.
    """
    found = []
    for name, given, low, high in (("exchange_change", exchange_change, -3, MAX_CHANGE + 1),
                                   ("exchange_order", exchange_order, 0, 4)):
        values = np.zeros((n_processes, n_species), dtype=np.int64) if given is None else np.asarray(given)
        if values.shape != (n_processes, n_species):
            raise ValueError(f"{name} must have shape ({n_processes}, {n_species}), not {values.shape}")
        _check_integers(name, values, low, high)
        found.append(values.astype(np.int64))
    change, order = found
    bad = np.argwhere(change + order < 0)
    if bad.size:
        process, species = bad[0].tolist()
        raise ValueError(f"exchange_change: process {process} takes {-change[process, species]} molecules of species "
                         f"{species}, but asks for {order[process, species]} (exchange_order)")
    return change, order


def _check_pointers(name, pointers, end):
    pointers = np.asarray(pointers)
    if pointers.dtype.kind not in "iu" or pointers[0] != 0 or pointers[-1] != end or (np.diff(pointers) < 0).any():
        raise ValueError(f"{name} must rise from 0 to {end} in integers")


def _check_integers(name, values, low, high):
    values = np.asarray(values)
    if values.size and values.dtype.kind not in "iu":
        raise ValueError(f"{name} must hold integers, not {values.dtype}")
    if values.size and not (low <= values.min() and values.max() < high):
        raise ValueError(f"{name} must lie in [{low}, {high}), but spans {values.min()} to {values.max()}")


def _owner(pointers):
    """The reaction that every entry belongs to."""
    return np.repeat(np.arange(len(pointers) - 1), np.diff(pointers))


def _check_distinct(name, pointers, species):
    pairs = np.stack([_owner(pointers), np.asarray(species, dtype=np.int64)])
    distinct, times = np.unique(pairs, axis=1, return_counts=True)
    if (times > 1).any():
        reaction, twice = distinct[:, np.argmax(times)].tolist()
        raise ValueError(f"{name}_species: reaction {reaction} names species {twice} twice; give it once, with the sum")


def _check_taken(reactant_ptr, reactant_species, reactant_order, change_ptr, change_species, change):
    """A reaction takes at most what its propensity asks for: then no count can become negative."""
    asked = dict(zip(zip(_owner(reactant_ptr).tolist(), reactant_species.tolist(), strict=True),
                     reactant_order.tolist(), strict=True))
    taken = zip(_owner(change_ptr).tolist(), change_species.tolist(), change.tolist(), strict=True)
    for reaction, species, number in taken:
        if number + asked.get((reaction, species), 0) < 0:
            raise ValueError(f"change: reaction {reaction} takes {-number} molecules of species {species}, but asks "
                             f"for {asked.get((reaction, species), 0)} (reactant_order)")
