# SPDX-License-Identifier: BSD-3-Clause
"""Self-check of an engine: every redundant structure is rebuilt from the species alone and compared."""
import numpy as np

from kmc_core.bins cimport SiteGroups
from kmc_core.engine cimport Engine
from kmc_core.kernels cimport KMC_AT_ONCE
from kmc_core.lattice_processes cimport LatticeProcesses
from kmc_core.rate_checks cimport (accepts, excess_of, is_consistent, is_noted, is_threshold_safe, part_of,
                                   rate_at)
from kmc_core.solution cimport Solution
from kmc_core.state cimport MAX_POSITIONS
from kmc_core.typedefs cimport class_t, int64_t, site_t, species_t


def verify(Engine engine):
    """Raise AssertionError naming the first structure that differs from what the species imply."""
    _verify_levels(engine)
    _verify_classes(engine)
    _verify_environments(engine)
    if engine.lattice.energies.enabled:
        _verify_energies(engine)
    else:
        _verify_groups(engine)
    verify_solution(engine.solution)
    if not engine.solution.gates_moved:
        ceilings = engine.solution.ceilings[np.asarray(engine.lattice.rule_process)]
        assert np.array_equal(ceilings, np.asarray(engine.environments.rule_scale)), "rule_scale: not that of the gates"


def _verify_levels(Engine engine):
    """Electron levels equal the column sums of the decay quanta."""
    if not engine.electrons.enabled:
        return
    shape = (engine.state.nz, engine.state.ny, engine.state.nx)
    quanta = engine.electrons.accumulated(engine.species.reshape(shape)).ravel()
    kept = np.asarray(engine.electrons.value)[np.asarray(engine.electrons.level)]
    reach = quanta <= engine.electrons.cutoff
    assert np.array_equal(np.asarray(engine.electrons.level) > 0, reach), "electron levels: reach differs"
    assert np.array_equal(kept[reach], quanta[reach]), "electron levels: accumulated decay differs"


def _verify_classes(Engine engine):
    """Every site is in the class of its environment, found afresh."""
    cdef site_t site, n = engine.state.n_sites
    cdef site_t around[MAX_POSITIONS]
    cdef species_t species
    cdef int64_t key
    cdef int j
    cdef class_t expected
    for site in range(n):
        species = engine.state.species[site]
        expected = 0
        if engine.environments.is_active[species]:
            engine.state.neighbours(site, around)
            key = engine.environments.base[species]
            for j in range(engine.state.n_positions):
                key += engine.environments.weights[species, j, engine.state.species[around[j]]]
            if engine.environments.level_stride[species]:
                key += engine.environments.level_stride[species] * engine.electrons.level[site]
            key += engine.environments.layer_stride[species] * engine.lattice.layer(site)
            expected = engine.environments.find(key)
        assert engine.groups.class_at(site) == expected or _is_twin(engine, site, expected), \
            f"site {site} (species {species}): class {engine.groups.class_at(site)}, but its environment is {expected}"
        if expected == 0:
            continue
        for j in range(engine.state.n_positions):  # keys are sums: equal ones could belong to different neighbours
            assert (engine.environments.weights[species, j, engine.state.species[around[j]]]
                    == engine.environments.weights[species, j, engine.environments.environment[expected, j]]), \
                f"site {site}: another environment has the same key"


cdef bint _is_twin(Engine engine, site_t site, class_t expected):
    """A site of the same environment that has not been swept yet since rates changed."""
    cdef class_t c = engine.groups.class_at(site)
    environments, groups = engine.environments, engine.groups
    if expected <= 0 or environments.key[c] != environments.key[expected] or environments.is_current[c]:
        return False
    return environments.group[c] >= 0 and groups.place_at(site) < groups.sweep[environments.group[c]]


def _verify_environments(Engine engine):
    """Keys, entries and totals of every class follow from its stored environment and the rates."""
    cdef int c, j, k, rule, species, level
    cdef int64_t key                  # hashed keys wrap around
    for c in range(1, engine.environments.n_classes):
        environment = np.asarray(engine.environments.environment)[c]
        species, level = environment[engine.state.n_positions], engine.environments.level[c]
        key = engine.environments.base[species] + engine.environments.level_stride[species] * level
        key += engine.environments.layer_stride[species] * engine.environments.layer[c]
        for j in range(engine.state.n_positions):
            key += engine.environments.weights[species, j, engine.environments.environment[c, j]]
        assert key == engine.environments.key[c], f"class {c}: key differs"
        assert engine.environments.is_current[c] == (engine.environments.find(key) == c), f"class {c}: current or not"
        rates = _rates_of(engine.rules, np.asarray(engine.environments.rates), environment, level,
                          engine.environments.layer[c], engine.electrons.transmission[level],
                          np.asarray(engine.environments.rule_scale))
        first, size = engine.environments.first[c], engine.environments.size[c]
        kept = np.asarray(engine.environments.entry_rule)[first:first + size].tolist()
        assert sorted(kept) == sorted(rates), f"class {c}: enabled rules differ"
        total = 0.0
        for k, rule in enumerate(kept):
            assert engine.environments.entry_slot[first + k] == rates[rule][0], f"class {c}: place of a rate differs"
            total += rates[rule][1]
            assert total == engine.environments.entry_sum[first + k], f"class {c}: cumulative rates differ"
        assert total == engine.environments.total[c], f"class {c}: total differs"


def _rates_of(rules, rates, environment, level, layer, transmission, scale):
    """{rule: (place in the table, rate constant)} of the rules that an environment enables."""
    found = {}
    species = int(environment[len(environment) - 1])
    for rule in range(rules.rule_ptr[species], rules.rule_ptr[species + 1]):
        conditions = range(rules.condition_ptr[rule], rules.condition_ptr[rule + 1])
        if not (rules.rule_is_blind[rule]
                or all(rules.condition_allowed[k, environment[rules.condition_position[k]]] for k in conditions)):
            continue
        if rules.rule_tunnels[rule] and level == 0:
            continue
        terms = range(rules.term_ptr[rule], rules.term_ptr[rule + 1])
        slot = rules.rule_rate[rule] + rules.rule_layer[rule] * layer
        slot += sum(int(rules.term_weight[k, environment[rules.term_position[k]]]) for k in terms)
        found[rule] = slot, rates[slot] * scale[rule] * (transmission if rules.rule_tunnels[rule] else 1.0)
    return found


def _verify_groups(Engine engine):
    """Every site that can start something is listed exactly once, in the group of its class."""
    cdef int c, group
    groups = engine.groups
    for c in range(1, engine.environments.n_classes):
        group = engine.environments.group[c]
        assert group < 0 or engine.environments.total[c] <= groups.bound[group], f"class {c}: bound too low"
    assert engine.environments.n_classes <= groups.most_classes, "records of sites: too narrow for so many classes"
    classes, places = groups.classes, groups.places
    group_of_class = np.asarray(engine.environments.group)[:engine.environments.n_classes].copy()
    group_of_class[group_of_class == -2] = -1
    group_of_site = group_of_class[classes]
    totals = np.asarray(engine.environments.total)
    listed = 0
    for group in range(groups.n_groups):
        sites = groups.sites(group)
        listed += len(sites)
        assert np.array_equal(places[sites], np.arange(len(sites))), f"group {group}: positions"
        assert (group_of_site[sites] == group).all(), f"group {group}: a site of another group is listed"
        assert not len(sites) or totals[classes[sites]].max() <= groups.bounds[group], f"group {group}: bound too low"
        assert groups.weight[group] == groups.bounds[group] * len(sites), f"group {group}: weight differs"
    assert listed == (group_of_site >= 0).sum(), "sites that can start something are missing from the lists"
    _verify_labels(groups)
    assert np.array_equal(groups.order[:groups.n_groups], np.argsort(-groups.bounds, kind="stable")), "order of the lists"


def _verify_labels(SiteGroups groups):
    """Groups are found by their labels, and those that are to be swept are known."""
    label, sweep = np.asarray(groups.label)[:groups.n_groups], np.asarray(groups.sweep)[:groups.n_groups]
    labelled = np.flatnonzero(label >= 0)
    group_of_label = np.asarray(groups.group_of_exponent)
    assert np.array_equal(group_of_label[label[labelled]], labelled), "label: another group is found by it"
    assert (group_of_label >= 0).sum() == len(labelled), "label: a group has lost it"
    assert groups.swept == min(np.flatnonzero(sweep), default=-1), "swept: not the lowest group that is to be swept"
    places = groups.lengths[label < 0]
    assert (np.minimum(places, sweep[label < 0]) == places).all(), "sweep: a group without a label is not swept whole"


def _verify_energies(Engine engine):
    """Rows and energies, and the list of every site by its own propensity."""
    cdef site_t site
    cdef int group, listed = 0
    lattice, energies, groups = engine.lattice, engine.lattice.energies, engine.groups
    fresh, rates = energies.afresh(engine.state), engine.lattice.site_rates
    assert np.array_equal(energies.rows, fresh.rows), "energies: rows differ"
    assert np.array_equal(energies.tables, fresh.tables), "energies: tables differ"
    assert np.array_equal(energies.lane_tables, fresh.lanes.tables), "energies: tables of lanes differ"
    assert np.array_equal(energies.posted, fresh.posted), "energies: lanes differ"
    for site in range(engine.state.n_sites):
        group = rates.group_of[site]
        assert group >= 0 or engine.environments.size[lattice.groups.class_at(site)] == 0, f"site {site}: not listed"
        is_slow = int(rates.is_slow[site])
        assert is_slow == 0 or group >= 0 and is_slow == (1 if group == rates.slow_group else 2), \
            f"site {site}: not as slow as its list says"
        assert is_noted(rates, site), f"site {site}: noted as what it is not"
        if group >= 0:
            _verify_parts(lattice, site, groups.bound[group])
            _verify_lanes(lattice, site)
    _verify_thresholds(lattice)
    places = groups.places
    for group in range(groups.n_groups):
        sites = groups.sites(group)
        listed += len(sites)
        assert (np.asarray(rates.group_of)[sites] == group).all(), f"group {group}: a site of another group is listed"
        assert np.array_equal(places[sites], np.arange(len(sites))), f"group {group}: positions"
        assert groups.weight[group] == groups.bounds[group] * len(sites), f"group {group}: weight differs"
    assert listed == (np.asarray(rates.group_of) >= 0).sum(), "sites that can start something are missing"


def _verify_parts(LatticeProcesses lattice, site_t site, double bound):
    """Every rule of a site has a part of the bound that holds its rate, and is chosen up to the end of that."""
    cdef class_t c = lattice.groups.class_at(site)
    cdef int first = lattice.environments.first[c], k
    cdef double start = 0.0, part, rate
    rates, floor = lattice.site_rates, np.array(lattice.site_rates.floor)
    for k in range(first, first + lattice.environments.size[c]):
        part, rate = part_of(rates, k, site, bound), rate_at(rates, k, site)
        assert rate <= part * (1 + 1e-12), f"site {site}: a rule is faster than its part of the bound"
        if rate > 1e-14 * bound:
            rates.floor[2] = 2.0      # no time to set it anew
            chosen = rates.choose(site, (start + rate * (1 - 1e-9)) / bound - 1e-15, bound)
            assert chosen == lattice.environments.entry_rule[k], f"site {site}: a rule is refused that is fast enough"
            assert not accepts(rates, k, site, rate * (1 + 1e-9)), f"site {site}: a rule is chosen too often"
        start += part
    np.asarray(rates.floor)[:] = floor
    assert start <= bound * (1 + 1e-12), f"site {site}: bound too low"


def _verify_lanes(LatticeProcesses lattice, site_t site):
    """Lanes are no further from energy changes than they say, and all rules together are what each is by itself."""
    cdef class_t c = lattice.groups.class_at(site)
    cdef int first = lattice.environments.first[c], k
    rates = lattice.site_rates
    for k in range(first, first + lattice.environments.size[c]):
        assert is_threshold_safe(rates, k, site), f"site {site}: a threshold is too low"
        assert excess_of(rates, k, site) <= 0, f"site {site}: lanes are further from an energy change than they say"
    assert is_consistent(rates, site), f"site {site}: its rules together are not what each is by itself"


def _verify_thresholds(LatticeProcesses lattice):
    """The thresholds in use are those that the rates of their classes imply."""
    cdef class_t c
    rates, environments = lattice.site_rates, lattice.environments
    for c in range(1, environments.n_classes):
        if rates.known[c].rated != rates.version:
            continue
        known = rates.known[c]
        n_lines = (known.n + KMC_AT_ONCE - 1) // KMC_AT_ONCE
        live = (np.asarray(rates.rules)[known.line * KMC_AT_ONCE:(known.line + n_lines) * KMC_AT_ONCE],
                np.asarray(rates.lines)[known.line:known.line + n_lines],
                np.asarray(rates.rates)[known.line:known.line + n_lines])
        kept = [each.copy() for each in live]
        rates._set_thresholds(c)
        assert all(map(np.array_equal, kept, live)), f"class {c}: thresholds differ"


def verify_solution(Solution solution):
    """Raise AssertionError naming the first structure that differs from what counts and rates imply."""
    assert not solution.n_species or min(solution.amount) >= 0, "amount: negative"
    _verify_rungs(solution)
    _verify_bounds(solution)


def _verify_rungs(Solution solution):
    """Every reactant stands on one rung, which has room for the molecules that are there."""
    cdef int species, rung, reactant, previous, n = 0
    for species in range(solution.n_species):
        for rung in range(solution.head.shape[0]):
            previous, reactant = -1, solution.head[rung, species] - 1
            while reactant >= 0:
                assert n < solution.rung.shape[0], "below: a circle"
                assert reactant < solution.rung.shape[0], f"species {species}: no such reactant"
                assert solution.reactant_species[reactant] == species, f"reactant {reactant}: rung of another species"
                assert solution.rung[reactant] == rung, f"reactant {reactant}: on another rung than it says"
                assert solution.above[reactant] == previous, f"reactant {reactant}: above differs"
                assert solution.ceiling[rung] >= solution.amount[species], f"reactant {reactant}: no room on its rung"
                assert solution.ceiling[rung] >= solution.lowest[species], f"species {species}: lowest is too high"
                previous, reactant, n = reactant, solution.below[reactant], n + 1
    assert n == solution.rung.shape[0], "a reactant is on no rung"


def _verify_bounds(Solution solution):
    """Bounds follow from rungs, groups from bounds, weights and their sums from groups."""
    cdef int group, k, r, reaction, n = solution.n_groups
    cdef double bound, tail = 0.0
    assert np.array_equal(np.sort(solution.member), np.arange(solution.n_reactions)), "member: not each reaction once"
    assert solution.start[0] == 0 and solution.start[n] == solution.n_reactions, "start: groups do not hold all"
    for reaction in range(solution.n_reactions + solution.n_gates):
        bound = solution.rate[reaction]
        for r in range(solution.reactant_ptr[reaction], solution.reactant_ptr[reaction + 1]):
            bound *= solution.choices[solution.rung[r], solution.reactant_order[r] - 1]
        assert bound == solution.bound[reaction], f"reaction {reaction}: bound differs"
    for group in range(n - 1, -1, -1):
        assert group == n - 1 or solution.exponent[group] > solution.exponent[group + 1], f"group {group}: order"
        for k in range(solution.start[group], solution.start[group + 1]):
            reaction = solution.member[k]
            bound = solution.bound[reaction]
            assert solution.place[reaction] == k, f"reaction {reaction}: place differs"
            assert bound <= solution.edge[group] and (solution.edge[group] / 2 <= bound
                                                      or solution.exponent[group] == 0), \
                f"reaction {reaction}: bound of another group"
            assert group == 0 or bound > 0.0, f"reaction {reaction}: blocked in a group"
        if group > 0:
            assert solution.group_of_exponent[solution.exponent[group]] == group, f"group {group}: not found"
            tail += solution.weight[group]
            assert solution.tail[group] == tail, f"group {group}: sum of weights differs"
        k = solution.start[group + 1] - solution.start[group]
        assert solution.weight[group] == solution.edge[group] * k, f"group {group}: weight differs"


def rates_at(LatticeProcesses lattice, site_t site):
    """What a site can start: process, rate constant [1/s], changed sites and their new species."""
    cdef site_t around[MAX_POSITIONS]
    cdef class_t c = lattice.groups.class_at(site)
    cdef int entry, k
    found = []
    lattice.state.neighbours(site, around)
    for entry in range(lattice.environments.first[c], lattice.environments.first[c] + lattice.environments.size[c]):
        rule = lattice.environments.entry_rule[entry]
        if lattice.environments.rule_is_blind[rule] and not lattice._is_possible(site, rule):
            continue
        part = range(lattice.change_ptr[rule], lattice.change_ptr[rule + 1])
        rate = (rate_at(lattice.site_rates, entry, site) if lattice.energies.enabled
                else lattice.environments.entry_rate[entry])
        places = tuple(site if lattice.change_position[k] < 0 else around[<int> lattice.change_position[k]] for k in part)
        found.append((lattice.rule_process[rule], rate, places, tuple(lattice.change_species[k] for k in part)))
    return found


def structures(Engine engine):
    """{name: live array} of everything that `verify` looks at, so that a test can break each of them."""
    environments, groups = engine.environments, engine.groups
    views = {
        "species": engine.state.species, "record": groups.record, "level": engine.electrons.level,
        "key": environments.key, "environment": environments.environment, "total": environments.total,
        "entry_rule": environments.entry_rule, "entry_sum": environments.entry_sum, "group": environments.group,
        "entry_slot": environments.entry_slot, "is_current": environments.is_current, "label": groups.label,
        "sweep": groups.sweep,
        "pool": groups.pool, "length": groups.length,
        "bound": groups.bound, "weight": groups.weight, "order": groups.order, "value": engine.electrons.value, "table": environments.table,
        "transmission": engine.electrons.transmission,
    }
    if engine.lattice.energies.enabled:
        views |= {"energy_row": engine.lattice.energies.row, "energy_group": engine.lattice.site_rates.group_of,
                  "block_energy": engine.lattice.energies.block_energy, "lane": engine.lattice.energies.lane,
                  "block_lane": engine.lattice.energies.block_lane, "is_slow": engine.lattice.site_rates.is_slow,
                  "rule": engine.lattice.site_rates.rules, "line": engine.lattice.site_rates.lines,
                  "line_rate": engine.lattice.site_rates.rates,
                  "kind": engine.lattice.site_rates.kind, "inside": engine.lattice.energies.inside,
                  "posted_to": engine.lattice.energies.posted_to, "note": engine.lattice.energies.known_of_sites["note"],
                  "floor": engine.lattice.site_rates.floor}
    if engine.solution.n_species:
        views |= solution_structures(engine.solution) | {"rule_scale": environments.rule_scale}
    return {name: np.asarray(view) for name, view in views.items()}


def solution_structures(Solution solution):
    """{name: live array} of everything that `verify_solution` looks at."""
    views = {
        "amount": solution.amount, "rate": solution.rate, "rung": solution.rung, "head": solution.head,
        "below": solution.below, "above": solution.above, "lowest": solution.lowest,
        "reaction_bound": solution.bound, "group_of_exponent": solution.group_of_exponent,
        "exponent": solution.exponent, "edge": solution.edge, "group_weight": solution.weight, "tail": solution.tail,
        "start": solution.start, "member": solution.member, "place": solution.place,
    }
    return {name: np.asarray(view) for name, view in views.items()}
