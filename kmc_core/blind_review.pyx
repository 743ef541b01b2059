# SPDX-License-Identifier: BSD-3-Clause
"""Which rules are blind (`keys`): chosen by what is on the lattice, and changed when that changes.

About the algorithm
-------------------
A blind rule costs a null event where its conditions do not hold; any other costs a notice for each neighbour whose
class changes with what it sees. How often either would happen is estimated from a sample of the sites, and the set of
blind rules that saves most is taken (`blind_choice`). Null events are counted besides: rules whose null events crowd
out others look around again at once, and are barred for a while, each time for twice as long. So what null events can
cost is bounded, also where nothing can happen any more. All of this goes by the number of candidates, never by when
somebody looks, and which rules are blind has no influence on what happens how often: only on which random numbers do it.
"""
import numpy as np

from kmc_core.blind_choice import best_choice
from kmc_core.keys import with_blind
from kmc_core.rerating import rescale

from kmc_core.blind_rules cimport BlindRules
from kmc_core.engine cimport Engine
from kmc_core.environments cimport EnvironmentTable
from kmc_core.lattice_processes cimport LatticeProcesses
from kmc_core.state cimport MAX_POSITIONS
from kmc_core.typedefs cimport class_t, int64_t, rule_t, site_t, species_t

cdef int64_t FIRST_INTERVAL = 1 << 20  # candidates between two choices, at least
cdef int64_t LAST_INTERVAL = 1 << 27  # as many again whenever the last choice has stood, up to this many
cdef int MOST_DOUBLED = 20

SAMPLED = 256
"""int: sites of each species that a choice looks at, at most twice as many."""


def review(Engine engine):
    """Let crowding rules look around again; choose anew if it is time."""
    cdef BlindRules blind = engine.blind
    cdef int64_t window = engine.n_candidates - blind.last_review
    n_null = np.array(blind.n_null)[:len(engine.rules.rule_process)]
    flags = np.asarray(engine.rules.rule_is_blind).astype(bool)
    if 2 * n_null.sum() > window:
        make_blind(engine, flags & ~_crowding(engine, n_null, window))
    elif blind.are_chosen and engine.n_candidates >= blind.next_choice:
        _choose(engine, flags)
    blind.begin_window(engine.n_candidates, engine.rules.rule_is_blind.any())


def _crowding(Engine engine, n_null, window):
    """bool, shape (n_rules,): the families with most null events, until the others have less than a quarter."""
    cdef BlindRules blind = engine.blind
    family = np.asarray(blind.family)
    nulls = np.bincount(family, weights=n_null, minlength=len(blind.barred))
    left, found = nulls.sum(), []
    for each in np.argsort(-nulls, kind="stable").tolist():
        if 4 * left <= window:
            break
        found.append(each)
        left -= nulls[each]
        blind.barred[each] = engine.n_candidates + (_shortest(engine) << min(blind.n_barred[each], MOST_DOUBLED))
        blind.n_barred[each] += 1
    return np.isin(family, found)


cdef int64_t _shortest(Engine engine):
    """Candidates between two choices at least: what a choice costs must not count."""
    return max(FIRST_INTERVAL, <int64_t> 8 * engine.state.n_sites)


def _choose(Engine engine, flags):
    """Take over the set of blind rules that saves most, by a sample of the sites."""
    cdef BlindRules blind = engine.blind
    may = (np.asarray(blind.barred) <= engine.n_candidates)[np.asarray(blind.family)]
    chosen = best_choice(engine.rules, np.asarray(blind.family), flags, may, sample(engine.lattice))
    stands = np.array_equal(chosen, flags)
    blind.interval = max(min(2 * blind.interval, LAST_INTERVAL) if stands else 0, _shortest(engine))
    blind.next_choice = engine.n_candidates + blind.interval
    make_blind(engine, chosen)


def make_blind(Engine engine, flags):
    """Let these rules be blind and no others: sites are classified anew, the pending time is rescaled."""
    cdef double old = engine.total()
    flags = np.asarray(flags, dtype=bool)
    if flags.shape != engine.rules.rule_is_blind.shape:
        raise ValueError(f"is_blind must have shape {engine.rules.rule_is_blind.shape}, not {flags.shape}")
    if engine.lattice.energies.enabled and np.any(flags):
        raise ValueError("rules of a lattice with energies of neighbours cannot be blind")
    if np.array_equal(np.asarray(engine.rules.rule_is_blind).astype(bool), flags):
        return
    interrupt = _look(engine, with_blind(engine.rules, flags))
    engine.blind.begin_window(engine.n_candidates, flags.any())
    rescale(engine, old)
    if interrupt is not None:
        raise interrupt


def _look(Engine engine, rules):
    """Classify all sites; returns None, or who has interrupted it: half of it would leave an engine that is wrong."""
    interrupt = None
    while engine.rules is not rules:
        try:
            engine.lattice.look(rules)
            engine.rules = rules
        except KeyboardInterrupt as error:
            interrupt = error
    return interrupt


def propensity(LatticeProcesses lattice, double[::1] share):
    """Sum of the rate constants of everything that can happen on a lattice with blind rules [1/s].

    Parameters
    ----------
    share : float64, shape (n_processes,)
        Of the rate constant of each process, what the molecules that are there make of it.
    """
    cdef EnvironmentTable table = lattice.environments
    cdef site_t around[MAX_POSITIONS]
    cdef site_t site
    cdef class_t c
    cdef int entry
    cdef rule_t rule
    cdef double total = 0.0
    for site in range(lattice.state.n_sites):
        c = lattice.groups.class_at(site)
        if c == 0:
            continue
        lattice.state.neighbours(site, around)
        for entry in range(table.first[c], table.first[c] + table.size[c]):
            rule = table.entry_rule[entry]
            if holds(lattice, table, around, rule):
                total += table.entry_rate[entry] * share[lattice.rule_process[rule]]
    return total


def sample(LatticeProcesses lattice):
    """What happens at some sites of every species, in the order of the lattice.

    Returns
    -------
    possible, actual : float64, shape (n_rules,), [1/s]
        Sum of the rate constants of each rule over all sites of its anchor's species, and where it can start.
    told : int64, shape (n_told, 4)
        A neighbour of a site that an event changes: its species, where it sees that site, the old and the new species.
    rate : float64, shape (n_told,), [1/s]
        How often.
    """
    cdef site_t site
    cdef species_t species
    cdef int64_t[::1] here = np.zeros(256, dtype=np.int64), seen = np.zeros(256, dtype=np.int64)
    cdef int64_t[::1] every = np.ones(256, dtype=np.int64)
    cdef double[::1] possible = np.zeros(lattice.rules.rule_process.shape[0] + 1)
    cdef double[::1] actual = np.zeros(lattice.rules.rule_process.shape[0] + 1)
    cdef double weight
    told = {}
    with nogil:
        for site in range(lattice.state.n_sites):
            here[lattice.state.species[site]] += 1
    for species in range(lattice.environments.n_species):
        every[species] = max(here[species] // SAMPLED, 1)
    for site in range(lattice.state.n_sites):
        species = lattice.state.species[site]
        if not lattice.environments.is_active[species]:
            continue
        seen[species] += 1
        if seen[species] % every[species] == 0:
            weight = here[species] / <double> (here[species] // every[species])
            _look_at(lattice, site, weight, possible, actual, told)
    keys = np.array(list(told), dtype=np.int64).reshape(-1, 4)
    n_rules = len(lattice.rules.rule_process)
    return np.asarray(possible)[:n_rules], np.asarray(actual)[:n_rules], keys, np.array(list(told.values()), dtype=float)


cdef int _look_at(LatticeProcesses lattice, site_t site, double weight, double[::1] possible, double[::1] actual,
                  dict told) except -1:
    """Count the rules of one site."""
    cdef EnvironmentTable table = lattice.environments
    cdef site_t around[MAX_POSITIONS]
    cdef species_t species = lattice.state.species[site]
    cdef rule_t rule
    cdef double rate
    lattice.state.neighbours(site, around)
    for rule in range(table.rule_ptr[species], table.rule_ptr[species + 1]):
        rate = weight * rate_of(lattice, table, site, around, rule)
        possible[rule] += rate
        if rate > 0.0 and holds(lattice, table, around, rule):
            actual[rule] += rate
            _tell(lattice, site, around, rule, rate, told)
    return 0


cdef double rate_of(LatticeProcesses lattice, EnvironmentTable table, site_t site, site_t* around,
                    rule_t rule) noexcept:
    """Rate constant of a rule at a site if its conditions held [1/s]."""
    cdef int k, slot = table.rule_rate[rule]
    cdef double rate
    if table.rule_layer[rule]:
        slot += table.rule_layer[rule] * lattice.layer(site)
    for k in range(table.term_ptr[rule], table.term_ptr[rule + 1]):
        slot += table.term_weight[k, lattice.state.species[around[table.term_position[k]]]]
    rate = table.rates[slot] * table.rule_scale[rule]
    if table.rule_tunnels[rule]:
        rate = rate * table.transmission[lattice.electrons.level[site]] if lattice.electrons.level[site] else 0.0
    return rate


cdef bint holds(LatticeProcesses lattice, EnvironmentTable table, site_t* around, rule_t rule) noexcept:
    """Whether everything around a site is as a rule asks."""
    cdef int k
    for k in range(table.condition_ptr[rule], table.condition_ptr[rule + 1]):
        if not table.condition_allowed[k, lattice.state.species[around[table.condition_position[k]]]]:
            return False
    return True


cdef int _tell(LatticeProcesses lattice, site_t site, site_t* around, rule_t rule, double rate, dict told) except -1:
    """Count who sees what an event of a rule changes."""
    cdef site_t beside[MAX_POSITIONS]
    cdef site_t place
    cdef int k, j
    for k in range(lattice.change_ptr[rule], lattice.change_ptr[rule + 1]):
        place = site if lattice.change_position[k] < 0 else around[<int> lattice.change_position[k]]
        lattice.state.neighbours(place, beside)
        for j in range(lattice.state.n_positions):
            if beside[j] < lattice.state.n_sites and lattice.environments.is_active[lattice.state.species[beside[j]]]:
                key = (lattice.state.species[beside[j]], lattice.state.opposite[j], lattice.state.species[place],
                       lattice.change_species[k])
                told[key] = told.get(key, 0.0) + rate
    return 0
