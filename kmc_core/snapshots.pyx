# SPDX-License-Identifier: BSD-3-Clause
"""Snapshots: all that an engine's future depends on, as arrays; and an engine that goes on from there to the same bits.

What the species imply is not kept but worked out again. What they do not imply is the engine's memory: the order of the
sites in every list, the bounds of the lists, the environments met so far in their order (a change of rates opens lists
in that order), the levels of electrons, the order of the reactions, the words drawn ahead of the stream.
"""
import json
from dataclasses import replace

import numpy as np

from kmc_core.keys import with_blind
from kmc_core.verification import solution_structures

from kmc_core.bins cimport SiteGroups
from kmc_core.electrons cimport ElectronPaths
from kmc_core.engine cimport Engine
from kmc_core.environments cimport EnvironmentTable
from kmc_core.lattice_processes cimport LatticeProcesses
from kmc_core.rng cimport N_WORDS, RandomStream
from kmc_core.solution cimport Solution
from kmc_core.state cimport MAX_POSITIONS
from kmc_core.typedefs cimport class_t, int32_t, int64_t, site_t, species_t


def snapshot(Engine engine):
    """All that the future of an engine depends on.

    Parameters
    ----------
    engine : Engine

    Returns
    -------
    arrays : dict of str to numpy array
        Copies: `species`, and what `restore` needs besides.
    """
    parts = {"clock": _clock(engine), "random": _random(engine.random), "electrons": _electrons(engine.electrons),
             "environments": _environments(engine.environments), "groups": _groups(engine.groups),
             "interactions": _interactions(engine.lattice), "solution": _solution(engine.solution),
             "blind": _blind(engine)}
    found = {f"{part}/{name}": np.array(value) for part, values in parts.items() for name, value in values.items()}
    return {"species": np.array(engine.species)} | found


def restore(Engine engine, arrays):
    """Let an engine go on from a snapshot.

    Parameters
    ----------
    engine : Engine
        Made from the same rules and everything else as the one that the snapshot is of, but with the species of the
        snapshot. Made with interactions at another temperature, it goes on as exactly, but not to the same bits.
    arrays : mapping of str to numpy array
        From `snapshot`.

    Raises
    ------
    ValueError
        If the engine is another one; it is of no use any more then.
    """
    if not np.array_equal(engine.species, arrays["species"]):
        raise ValueError("the engine must be made from the species of the snapshot")
    _same_size("processes", len(arrays["clock/count"]), engine.count.shape[0])
    _same_size("species in solution", len(arrays["solution/amount"]), engine.solution.n_species)
    with engine.random.lock:
        _restore_blind(engine, arrays)
        _restore_environments(engine, arrays)
        _restore_groups(engine.groups, arrays)
        if engine.lattice.energies.enabled:
            _restore_interactions(engine.lattice, arrays)
        _restore_solution(engine.solution, arrays)
        _restore_clock(engine, arrays)
        _restore_random(engine.random, arrays)


def _same_size(what, int64_t found, int64_t expected):
    if found != expected:
        raise ValueError(f"a snapshot of {found} {what} does not fit an engine of {expected}")


def _blind(Engine engine):
    """Which rules are blind, and what decides whether they stay so."""
    return engine.blind.state() | {"rules": engine.rules.rule_is_blind}


def _restore_blind(Engine engine, arrays):
    _same_size("rules", len(arrays["blind/rules"]), len(engine.rules.rule_process))
    engine.blind.restore({name: arrays[f"blind/{name}"] for name in engine.blind.state()})
    if not np.array_equal(engine.rules.rule_is_blind, arrays["blind/rules"]):
        engine.rules = with_blind(engine.rules, arrays["blind/rules"])
        engine.lattice.forget(engine.rules)


def _clock(Engine engine):
    return {"seconds": engine.seconds, "fraction": engine.fraction, "next_seconds": engine.next_seconds,
            "next_fraction": engine.next_fraction, "far_wait": engine.far_wait, "has_pending": engine.has_pending,
            "n_events": engine.n_events, "n_candidates": engine.n_candidates, "count": engine.count}


def _restore_clock(Engine engine, arrays):
    engine.seconds, engine.fraction = int(arrays["clock/seconds"]), float(arrays["clock/fraction"])
    engine.next_seconds, engine.next_fraction = int(arrays["clock/next_seconds"]), float(arrays["clock/next_fraction"])
    engine.far_wait, engine.has_pending = float(arrays["clock/far_wait"]), bool(arrays["clock/has_pending"])
    engine.n_events, engine.n_candidates = int(arrays["clock/n_events"]), int(arrays["clock/n_candidates"])
    np.asarray(engine.count)[:] = arrays["clock/count"]


def _random(RandomStream random):
    """The bit generator as JSON text, and the words that it has given ahead of their use."""
    state = json.dumps(random.bit_generator.state, default=lambda value: value.tolist())
    return {"state": np.frombuffer(state.encode(), dtype=np.uint8), "cursor": random.cursor,
            "words": np.array([random.words[k] for k in range(N_WORDS)], dtype=np.uint64)}


def _restore_random(RandomStream random, arrays):
    cdef int k
    state = json.loads(bytes(arrays["random/state"]))
    if state["bit_generator"] != type(random.bit_generator).__name__:
        raise ValueError(f"the snapshot draws from {state['bit_generator']}, not {type(random.bit_generator).__name__}")
    random.bit_generator.state = _with_arrays(state)
    for k in range(N_WORDS):
        random.words[k] = int(arrays["random/words"][k])
    random.cursor = int(arrays["random/cursor"])


def _with_arrays(state):
    """State of a bit generator with its lists of words as arrays."""
    if isinstance(state, dict):
        return {name: _with_arrays(value) for name, value in state.items()}
    return np.array(state, dtype=np.uint64) if isinstance(state, list) else state


def _electrons(ElectronPaths electrons):
    """Accumulated quanta of all levels, in the order in which they were met."""
    return {"quanta": electrons.value[1:electrons.n_levels]}


def _restore_electrons(ElectronPaths electrons, species, arrays):
    electrons.n_levels, electrons.table[:] = 1, 0
    for quanta in arrays["electrons/quanta"].tolist():
        electrons.intern(quanta)
    electrons._fill(species)
    _same_size("electron levels", len(arrays["electrons/quanta"]), electrons.n_levels - 1)


def _environments(EnvironmentTable table):
    """Every environment met, in order, with its list; and the rates in force."""
    return table.state() | {"rates": table.rates, "rule_scale": table.rule_scale}


def _restore_environments(Engine engine, arrays):
    cdef EnvironmentTable table = engine.environments
    _same_size("rates", len(arrays["environments/rates"]), len(table.rates))
    _same_size("positions", arrays["environments/environment"].shape[1] - 1, table.n_positions)
    if engine.electrons.enabled:
        shape = (engine.state.nz, engine.state.ny, engine.state.nx)
        _restore_electrons(engine.electrons, np.asarray(engine.species).reshape(shape), arrays)
    table.rates = np.array(arrays["environments/rates"], dtype=np.float64)
    table.rule_scale = np.array(arrays["environments/rule_scale"], dtype=np.float64)
    table.restore({name: arrays[f"environments/{name}"] for name in table.state()})
    _find_classes(engine, _lists(engine, arrays))


def _lists(Engine engine, arrays):
    """int32, shape (n_sites,): the list of every site; -1 = none."""
    listed = np.full(max(engine.state.n_sites, 1), -1, dtype=np.int32)
    lengths = arrays["groups/length"]
    listed[arrays["groups/sites"]] = np.repeat(np.arange(len(lengths)), lengths)
    return listed


cdef int _find_classes(Engine engine, int32_t[::1] listed) except -1:
    """The class of every site, which must have been met; of several alike that of the list where the site stands."""
    cdef EnvironmentTable table = engine.environments
    cdef LatticeProcesses lattice = engine.lattice
    cdef site_t around[MAX_POSITIONS]
    cdef site_t site
    cdef species_t species
    cdef class_t c
    cdef class_t[::1] classes = np.zeros(engine.state.n_sites, dtype=np.int32)
    cdef int64_t key, n_unknown = 0
    for site in range(engine.state.n_sites):
        species, c = engine.state.species[site], 0
        if table.is_active[species]:
            engine.state.neighbours(site, around)
            key = lattice._own_key(site, around) + table.layer_stride[species] * lattice.layer(site)
            if table.level_stride[species]:
                key += table.level_stride[species] * engine.electrons.level[site]
            c = table.find(key)
            if c > 0 and not lattice.energies.enabled and listed[site] >= 0 and table.group[c] != listed[site]:
                c = table.listed_in(key, listed[site])
            n_unknown += c < 0
        classes[site] = c
    if n_unknown:
        raise ValueError(f"the snapshot has not met the environments of {n_unknown} sites")
    return engine.groups.renumber(classes)


def _groups(SiteGroups groups):
    """Lists in their order: binary exponents of their propensities, bounds, sites."""
    return groups.state()


def _restore_groups(SiteGroups groups, arrays):
    groups.restore({name: arrays[f"groups/{name}"] for name in groups.state()})


def _interactions(LatticeProcesses lattice):
    """How barriers follow energies now, which sites are slow, and the lowest bound."""
    if not lattice.energies.enabled:
        return {}
    return {"line_ptr": lattice.energies.line_ptr, "line_slope": lattice.energies.line_slope,
            "line_intercept": lattice.energies.line_intercept, "thermal": lattice.energies.thermal,
            "is_slow": lattice.site_rates.is_slow, "floor": lattice.site_rates.floor}


def _restore_interactions(LatticeProcesses lattice, arrays):
    lines = {name: arrays[f"interactions/{name}"] for name in ("line_ptr", "line_slope", "line_intercept")}
    lattice.energies.set_lines(replace(lattice.energies.given[0], thermal=float(arrays["interactions/thermal"]), **lines))
    np.asarray(lattice.site_rates.is_slow)[:] = arrays["interactions/is_slow"]
    np.asarray(lattice.site_rates.floor)[:] = arrays["interactions/floor"]
    lattice.site_rates.forget_thresholds()
    lattice.site_rates.find_slow_group()
    group_of = np.asarray(lattice.site_rates.group_of)
    group_of[:] = -1
    lengths = arrays["groups/length"]
    group_of[arrays["groups/sites"]] = np.repeat(np.arange(len(lengths)), lengths)


def _solution(Solution solution):
    """Molecules, ceilings, and the order of the reactions in their lists."""
    numbers = {"n_groups": solution.n_groups, "patience": solution.patience, "gates_moved": solution.gates_moved}
    return solution_structures(solution) | numbers | {"events": solution.events, "refusals": solution.refusals}


def _restore_solution(Solution solution, arrays):
    live = solution_structures(solution) | {"events": solution.events, "refusals": solution.refusals}
    for name, array in live.items():
        np.asarray(array)[...] = arrays[f"solution/{name}"]
    solution.n_groups, solution.patience = int(arrays["solution/n_groups"]), int(arrays["solution/patience"])
    solution.gates_moved = bool(arrays["solution/gates_moved"])
