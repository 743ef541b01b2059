# SPDX-License-Identifier: BSD-3-Clause
"""New rate constants for a running engine: every environment class is rated once, then its sites change lists."""
import numpy as np

from kmc_core.rules import check_rates

from kmc_core.engine cimport Engine
from kmc_core.solution cimport Solution
from kmc_core.typedefs cimport int32_t, int64_t, site_t, uint8_t


def rerate(Engine engine, rates, interactions=None):
    """Body of `Engine.set_rates`."""
    cdef double old = engine.total()
    if np.shape(rates) != np.shape(engine.environments.rates):
        raise ValueError(f"rates must have shape {np.shape(engine.environments.rates)}, not {np.shape(rates)}")
    check_rates(rates)
    engine.environments.rates = np.array(rates, dtype=np.float64)
    if interactions is not None:
        engine.lattice.energies.set_lines(interactions)
    _take_scales(engine)
    _rate_classes(engine)
    _rescale(engine, old)


def renew(Engine engine, Solution solution, count, rates):
    """Body of `Solution.set_rates` and `Solution.reset`; `engine` is None for a solution that no engine runs."""
    cdef double old = 0.0 if engine is None else engine.total()
    solution._start_from(count, rates)
    if engine is None:
        return
    if solution.gates_moved:
        follow_gates(engine)
    _rescale(engine, old)


def follow_gates(Engine engine):
    """Rate the classes anew that ask for dissolved molecules, with the room that the gates leave for them now.

    Only the lists that such a class leaves are walked through, and what that costs is what a gate is patient for.
    """
    cdef int c, entry, group
    cdef int64_t walked = 0
    cdef uint8_t[::1] is_moved = _take_scales(engine)
    cdef uint8_t[::1] is_left = np.zeros(engine.groups.n_groups, dtype=np.uint8)
    if engine.lattice.energies.enabled:
        _rate_classes(engine)
        engine.solution.patience = 100 + engine.state.n_sites
        return
    for c in range(1, engine.environments.n_classes):
        for entry in range(engine.environments.first[c], engine.environments.first[c] + engine.environments.size[c]):
            if is_moved[engine.environments.entry_rule[entry]]:
                engine.environments.fill_entries(c)
                group = engine.environments.group[c]
                if group >= 0:
                    engine.environments.group[c] = engine.groups.group_for(engine.environments.total[c])
                    is_left[group] |= engine.environments.group[c] != group
                break
        if engine.groups.is_short:
            engine.groups.make_room()
    for group in range(is_left.shape[0]):
        if is_left[group]:
            walked += engine.groups.length[group]
            _move_on(engine, group)
    engine.solution.patience = 100 + walked // 8


def _take_scales(Engine engine):
    """Take over what the gates multiply rules with; uint8, shape (n_rules,): which of them have changed."""
    scales = engine.solution.ceilings[np.asarray(engine.lattice.rule_process)]
    is_moved = scales != np.asarray(engine.environments.rule_scale)
    engine.environments.rule_scale = scales
    engine.solution.gates_moved = False
    return is_moved.astype(np.uint8)


cdef int _move_on(Engine engine, int group) except -1:
    """Move the sites of a list whose classes have left it."""
    cdef int64_t k
    cdef site_t site
    cdef int32_t target
    engine.lattice.next_place = engine.lattice.next_site = -1
    for k in range(engine.groups.length[group] - 1, -1, -1):  # what takes the place of a removed one has been seen
        site = engine.groups.pool[engine.groups.start[group] + k]
        target = engine.environments.group[engine.lattice.class_of[site]]
        if target != group:
            engine.groups.remove(site, group)
            engine.groups.insert(site, target)
            if engine.groups.is_short:
                engine.groups.make_room()
    engine.groups.close_gap()
    return 0


def _rate_classes(Engine engine):
    """Rate the classes, then list the sites by what their classes have become."""
    cdef int c
    cdef site_t site
    cdef site_t[::1] listed = engine.groups.clear()
    engine.lattice.next_place = engine.lattice.next_site = -1
    if engine.lattice.energies.enabled:
        for c in range(1, engine.environments.n_classes):
            engine.environments.fill_entries(c)
        engine.lattice.rate_all()
        return
    for c in range(1, engine.environments.n_classes):
        if engine.environments.group[c] != -1:
            engine.environments.fill_entries(c)
            engine.environments.group[c] = engine.groups.group_for(engine.environments.total[c])
            if engine.groups.is_short:
                engine.groups.make_room()
    for site in listed:
        engine.groups.insert(site, engine.environments.group[engine.lattice.class_of[site]])
        if engine.groups.is_short:
            engine.groups.make_room()


cdef void _rescale(Engine engine, double old):
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
