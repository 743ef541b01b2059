# SPDX-License-Identifier: BSD-3-Clause
"""New rate constants for a running engine: every environment class is rated once, then its sites change lists."""
import numpy as np

from kmc_core.rules import check_rates

from kmc_core.engine cimport Engine
from kmc_core.typedefs cimport site_t


def rerate(Engine engine, rates, interactions=None):
    """Body of `Engine.set_rates`."""
    cdef double old = engine.groups.total()
    cdef int c
    cdef site_t site
    cdef site_t[::1] listed
    if np.shape(rates) != np.shape(engine.environments.rates):
        raise ValueError(f"rates must have shape {np.shape(engine.environments.rates)}, not {np.shape(rates)}")
    check_rates(rates)
    engine.environments.rates = np.array(rates, dtype=np.float64)
    listed = engine.groups.clear()
    engine.lattice.next_place = -1
    if interactions is not None:
        engine.lattice.energies.set_lines(interactions)
    if engine.lattice.energies.enabled:
        for c in range(1, engine.environments.n_classes):
            engine.environments.fill_entries(c)
        engine.lattice.rate_all()
        if engine.has_pending:
            _rescale(engine, old)
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
    if engine.has_pending:
        _rescale(engine, old)


cdef void _rescale(Engine engine, double old):
    """Stretch the wait for the pending candidate by the ratio of the old to the new total."""
    cdef double new = engine.groups.total()
    cdef double remaining = engine.far_wait
    if old <= 0.0 or new <= 0.0:
        engine.has_pending = False
        return
    if not engine.is_far():
        remaining = (engine.next_seconds - engine.seconds) + (engine.next_fraction - engine.fraction)
    engine._schedule(remaining * (old / new))
