# SPDX-License-Identifier: BSD-3-Clause
"""New rate constants for a running engine: at once for every environment class, site by site for the lists.

About the algorithm
-------------------
A list may hold any sites whose propensities its bound covers: thinning makes up for the difference. So a change of
rates leaves all sites where they are, and costs what rating the classes costs, whatever the number of sites. A list
gets the largest new propensity of its classes as its bound, and the binary exponent of that as its label. A class that
would be refused more than every other time, or whose list has the exponent of a longer one, leaves: from now on sites
that come into its environment are of a twin class, in the list of its exponent. Those that are there already follow a
few at a time, after each candidate (`LatticeProcesses.sweep`), when no candidate is pending and bounds may change.
"""
import numpy as np

from kmc_core.rules import check_rates

from kmc_core.bins cimport SiteGroups
from kmc_core.engine cimport Engine
from kmc_core.environments cimport EnvironmentTable
from kmc_core.solution cimport Solution
from kmc_core.typedefs cimport class_t, int32_t, int64_t

cdef int MANY_SWEEPS = 32             # lists waiting to be swept from which on all of them are swept at once
cdef int MANY_TWINS = 1024            # likewise, classes waiting for their sites to leave, besides four for each other


def rerate(Engine engine, rates, interactions=None):
    """Body of `Engine.set_rates`."""
    cdef double old = engine.total()
    if np.shape(rates) != np.shape(engine.environments.rates):
        raise ValueError(f"rates must have shape {np.shape(engine.environments.rates)}, not {np.shape(rates)}")
    check_rates(rates)
    if interactions is None and np.array_equal(rates, engine.environments.rates):
        return
    if interactions is not None:
        engine.lattice.energies.set_lines(interactions)
    _rate(engine, rates)
    rescale(engine, old)


def renew(Engine engine, Solution solution, count, rates):
    """Body of `Solution.set_rates` and `Solution.reset`; `engine` is None for a solution that no engine runs."""
    cdef double old = 0.0 if engine is None else engine.total()
    solution._start_from(count, rates)
    if engine is None:
        return
    if solution.gates_moved:
        follow_gates(engine)
    rescale(engine, old)


def follow_gates(Engine engine):
    """Rate the classes that ask for dissolved molecules with the room that the gates leave for them now.

    What moving their sites costs is what a gate is patient for.
    """
    _rate(engine, engine.environments.rates)
    engine.solution.patience = 100 + (engine.state.n_sites if engine.lattice.energies.enabled
                                      else int(np.sum(engine.groups.sweep)) // 8)


def _rate(Engine engine, rates):
    """Rate all classes, then arrange the lists; with interactions, list all sites by propensities of their own."""
    cdef class_t c
    cdef bint has_energies = engine.lattice.energies.enabled
    engine.lattice.next_place = engine.lattice.next_site = -1
    if _is_behind(engine.environments, engine.groups):
        engine.lattice.sweep_all()
    scales = engine.solution.ceilings[np.asarray(engine.lattice.rule_process)]
    engine.environments.rates, engine.environments.rule_scale = np.array(rates, dtype=np.float64), scales
    engine.solution.gates_moved = False
    for c in range(1, engine.environments.n_classes):
        engine.environments.rate_entries(c)
    if has_energies:
        engine.groups.clear()
        engine.lattice.rate_all()
    else:
        _relabel(engine.environments, engine.groups)
        _part(engine.environments, engine.groups)


cdef bint _is_behind(EnvironmentTable environments, SiteGroups groups):
    """Rates change faster than sites can follow: without an end to it, lists and twins would become ever more."""
    cdef class_t c
    cdef int64_t group, n_current = 0, n_waiting = 0, n_sweeps = 0
    for c in range(1, environments.n_classes):
        n_current += environments.is_current[c]
        n_waiting += not environments.is_current[c] and environments.group[c] >= 0
    for group in range(groups.n_groups):
        n_sweeps += groups.sweep[group] > 0
    return n_sweeps > MANY_SWEEPS or n_waiting > 4 * n_current + MANY_TWINS


def _relabel(EnvironmentTable environments, SiteGroups groups):
    """Bounds and labels of the lists by the new totals of their classes, the longest first; empty ones get free."""
    cdef class_t c
    cdef int32_t group
    cdef int64_t[::1] order = (-groups.lengths).argsort(kind="stable")
    cdef double[::1] largest = np.zeros(groups.n_groups)
    for c in range(1, environments.n_classes):
        group = environments.group[c]
        if group >= 0:
            largest[group] = max(largest[group], environments.total[c])
            if groups.length[group] == 0:
                environments.group[c] = -2
    groups.group_of_exponent[:], groups.label[:] = -1, -1
    for group in order:
        if groups.length[group] == 0:
            groups.set_bound(group, 0.0)
            groups.set_sweep(group, 0)
        else:
            groups.set_bound(group, largest[group])
            groups.take_label(group)


def _part(EnvironmentTable environments, SiteGroups groups):
    """Let the classes leave that have become too slow for their list, and those of lists without a label."""
    cdef class_t c
    cdef int32_t group
    cdef double bound
    for c in range(1, environments.n_classes):
        group = environments.group[c]
        if group < 0 or not environments.is_current[c]:
            continue
        bound = groups.bound[group]
        if groups.label[group] < 0 or (bound > 0.0 and 2.0 * environments.total[c] <= bound):
            if environments.is_short:  # maybe since the last event already
                environments.grow()
            if groups.is_short:
                groups.make_room()
            environments.take_twin(c, groups.group_for(environments.total[c]))
            groups.set_sweep(group, groups.length[group])


def rescale(Engine engine, double old):
    """Stretch the wait for the pending candidate by the ratio of the old to the new total."""
    cdef double new = engine.total()
    cdef double remaining = engine.far_wait
    if not engine.has_pending:
        return
    if old <= 0.0 or new <= 0.0:
        engine.has_pending = False
        return
    if not engine.is_far():
        remaining = (engine.next_seconds - engine.seconds) + (engine.next_fraction - engine.fraction)
    engine._schedule(remaining * (old / new))
