# SPDX-License-Identifier: BSD-3-Clause
"""New rate constants for a running engine: every environment class is rated once, then its sites change lists."""
import numpy as np

from kmc_core.rules import check_rates

from kmc_core.engine cimport Engine
from kmc_core.solution cimport Solution
from kmc_core.typedefs cimport site_t


def rerate(Engine engine, rates, interactions=None):
    """Body of `Engine.set_rates`."""
    cdef double old = engine.total()
    if np.shape(rates) != np.shape(engine.environments.rates):
        raise ValueError(f"rates must have shape {np.shape(engine.environments.rates)}, not {np.shape(rates)}")
    check_rates(rates)
    engine.environments.rates = np.array(rates, dtype=np.float64)
    if interactions is not None:
        engine.lattice.energies.set_lines(interactions)
    follow_gates(engine)
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
    """Rate every environment class anew, with the molecules that the gates of the solution leave room for."""
    cdef int rule, gate
    for rule in range(engine.environments.rule_scale.shape[0]):
        gate = engine.solution.gate_of_process[engine.lattice.rule_process[rule]]
        if gate >= 0:
            engine.environments.rule_scale[rule] = engine.solution.bound[gate]
    engine.solution.gates_moved = False
    _rate_classes(engine)


def _rate_classes(Engine engine):
    """Rate the classes, then list the sites by what their classes have become."""
    cdef int c
    cdef site_t site
    cdef site_t[::1] listed = engine.groups.clear()
    engine.lattice.next_place = -1
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
