# SPDX-License-Identifier: BSD-3-Clause
"""The engine in plain Python: a readable specification, slow, with the same draws in the same order.

It keeps a list of species and, for each power of two, a list of sites. Everything else is worked out from
the species whenever it is needed: neighbours from coordinates, rates from conditions and counted neighbours,
electron paths from sums over columns. There are no keys, no classes and no increments, so a mistake in those
of the compiled engine shows up here as a different event.
"""

import math
from itertools import accumulate, product
from typing import NamedTuple

import numpy as np
from reference_rules import ReferenceRules
from reference_solution import ReferenceSolution

from kmc_core.ziggurat import EDGES, HEIGHTS, TAIL

ZERO = "zero"
"""str: stands for the binary exponent of a propensity of zero."""

FAR = 1e15
"""float: a candidate later than this many seconds is never reached."""


class Event(NamedTuple):
    """What happened, where and when; reactions of the solution come behind the processes, and have no site."""

    site: int | None
    process: int
    seconds: int
    fraction: float


def running_sums(entries):
    """Cumulative rates by plain addition, one after the other."""
    return list(accumulate(rate for rate, _ in entries))


GAP = None
"""Stands in a group where a site was removed in this event."""


class Group:
    """A list of sites with a common bound on their propensities."""

    def __init__(self):
        self.sites = []
        self.bound = 0.0  # no propensity of a site here is larger
        self.label = None  # binary exponent of the environments that are new here; None: takes none
        self.sweep = 0  # sites at places below this may belong elsewhere since the rates changed

    @property
    def is_free(self):
        return self.label is None and not self.sites and not self.sweep

    @property
    def weight(self):
        return self.bound * len(self.sites)

    def insert(self, site):
        """List a site: in the gap, if there is one."""
        if GAP in self.sites:
            self.sites[self.sites.index(GAP)] = site
        else:
            self.sites.append(site)

    def close_gap(self):
        """The last site takes the place of a removed one that nothing has filled."""
        if GAP in self.sites:
            place, last = self.sites.index(GAP), self.sites.pop()
            if place < len(self.sites):
                self.sites[place] = last


class Class:
    """An environment and the group that its sites are in.

    When that is no longer the right one, the environment gets another class, and this one waits for its sites to leave.
    """

    def __init__(self, environment, entries):
        self.environment, self.entries = environment, entries
        self.group = None
        self.is_current = True

    @property
    def total(self):
        return running_sums(self.entries)[-1]


def label_of(total):
    """Binary exponent of a propensity."""
    return math.frexp(total)[1] if total > 0 else ZERO


class ReferenceEngine(ReferenceRules):
    """Same arguments, same trajectory as `kmc_core.Engine`."""

    def __init__(
        self,
        species,
        periodic,
        rules,
        bit_generator,
        *,
        decay=None,
        quantum=0.0,
        cutoff=-1,
        solution=None,
        exchange_change=(),
        exchange_order=(),
    ):
        self.shape = species.shape
        self.n_sites = species.size
        self.species = [*species.ravel().tolist(), rules.n_species]
        self.rules = rules
        self.rates = rules.rates.tolist()
        self.bit_generator = bit_generator
        self.quantum, self.cutoff = quantum, cutoff
        self.decay = None if decay is None else np.asarray(decay).tolist()
        offsets = rules.offsets.tolist()
        self.opposite = [offsets.index([-c for c in offset]) for offset in offsets]
        self.neighbours = [self._neighbours(site, periodic) for site in product(*map(range, self.shape))]
        self.electrons = cutoff >= 0
        self.quanta = [self._column_sum(site) for site in range(self.n_sites)] if self.electrons else None
        self.seconds, self.fraction = 0, 0.0
        self.pending = None  # seconds from now until the next candidate, as (seconds, fraction) of its time
        self.far_wait = 0.0
        self.n_candidates = self.n_events = 0
        self.count = [0] * rules.n_processes
        self.scale = [1.0] * rules.n_processes  # combinations of dissolved molecules that it is rated with
        self.solution = solution or ReferenceSolution([], [0], [], [], [0], [], [], [])
        self.solution.attach(exchange_change, exchange_order)
        self._flatten_rules()
        self._look(rules.rule_is_blind)

    # Geometry and electrons

    def _neighbours(self, coordinates, periodic):
        """The site at every position; beyond a wall the last entry of `species`, the outside."""
        found = []
        for offset in self.rules.offsets.tolist():
            place = [c + o for c, o in zip(coordinates, offset, strict=True)]
            wrapped = [c % n for c, n in zip(place, self.shape, strict=True)]
            beyond = any(c != w and not wraps for c, w, wraps in zip(place, wrapped, periodic, strict=True))
            found.append(self.n_sites if beyond else int(np.ravel_multi_index(wrapped, self.shape)))
        return found

    def _column_sum(self, site):
        """Decay quanta of everything below a site; None out of reach of electrons."""
        layer = self.shape[1] * self.shape[2]
        total = sum(self.decay[self.species[below]] for below in range(site % layer, site, layer))
        return total if total <= self.cutoff else None

    # Rates

    def _look(self, is_blind):
        """Let these rules look around only when they are drawn; list all sites by what the others see."""
        self.is_blind = [bool(blind) for blind in is_blind]
        self.views = [self._view(species) for species in range(self.rules.n_species)]
        self._start_lists()

    def make_blind(self, is_blind):
        """Let other rules be blind."""
        if [bool(blind) for blind in is_blind] == self.is_blind:
            return
        old = self._bound() + self.solution.total()
        self._look(is_blind)
        self._rescale(old, self._bound() + self.solution.total())

    def _environment(self, site, still_seen=()):
        """(species, species at every position, quanta): all that the rates of a site depend on, and nothing else.

        `still_seen` holds (position, species) where the site has not noticed yet that its neighbour changed.
        """
        species = self.species[site]
        if self.rules.rule_ptr[species] == self.rules.rule_ptr[species + 1]:
            return None  # starts nothing
        around = [self.species[other] for other in self.neighbours[site]]
        for position, old in still_seen:
            around[position] = old
        rules = slice(self.rules.rule_ptr[species], self.rules.rule_ptr[species + 1])
        noticed = tuple(alike[other] for alike, other in zip(self.views[species], around, strict=True))
        return species, noticed, self.quanta[site] if self.rules.rule_tunnels[rules].any() else None

    def _class(self, environment):
        """The current class of an environment, which may be new."""
        if environment not in self.current:
            self.current[environment] = Class(environment, self._enabled(*environment))
            self.classes.append(self.current[environment])
        return self.current[environment]

    def _entries(self, environment):
        """Enabled rules of an environment, with their rates."""
        return [] if environment is None else self._class(environment).entries

    # Lists

    def _start_lists(self):
        self.classes, self.current, self.groups, self.group_of, self.noticed = [], {}, [], {}, {}
        for site in range(self.n_sites):
            self._assign(site, self._environment(site))

    def _group_for(self, total):
        """The group with the label of a propensity, opened and its bound raised if need be."""
        group = self._labelled(label_of(total))
        if group is None:
            group = next((each for each in self.groups if each.is_free), None)
            if group is None:
                group = Group()
                self.groups.append(group)
            group.label = label_of(total)
        group.bound = max(group.bound, total)
        return group

    def _labelled(self, label):
        return next((group for group in self.groups if group.label == label), None)

    def _group(self, environment):
        """Where the sites of an environment belong; None = nowhere, they start nothing."""
        if not self._entries(environment):
            return None
        kind = self._class(environment)
        if kind.group is None:
            kind.group = self._group_for(kind.total)
        return kind.group

    def _assign(self, site, environment):
        """List a site where its environment belongs; a site that stays in its group keeps its place."""
        before, after = self.group_of.get(site), self._group(environment)
        if before is not after:
            if before is not None:
                self._close_gaps()  # there is one at a time
                before.sites[before.sites.index(site)] = GAP
            if after is not None:
                after.insert(site)
        self.group_of[site], self.noticed[site] = after, environment

    def _notice(self, site, environment):
        """List a site anew if its environment has changed."""
        if environment != self.noticed[site]:
            self._assign(site, environment)

    def _close_gaps(self):
        for group in self.groups:
            group.close_gap()

    def _bound(self):
        """Sum of the weights, four at a time: the order of additions is part of the specification."""
        weights = [group.weight for group in self.groups]
        lanes = [0.0] * 4
        for i, weight in enumerate(weights):
            lanes[i % 4] += weight
        return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])

    # Draws

    def _raw(self):
        return int(self.bit_generator.random_raw())

    def _uniform(self):
        return (self._raw() >> 11) * 2.0**-53

    def _below(self, n):
        return (self._raw() * n) >> 64

    def _exponential(self):
        """A point under exp(-x): drawn in one of 256 layers of equal area, kept if it lies below the curve."""
        while True:
            word = self._raw()
            layer, x = word % 256, (word >> 11) * (EDGES[word % 256] / 2.0**53)
            if (word >> 11) < int(EDGES[layer + 1] / EDGES[layer] * 2.0**53):
                return x
            if layer == 0:
                return TAIL - math.log(1.0 - self._uniform())
            if HEIGHTS[layer] + self._uniform() * (HEIGHTS[layer + 1] - HEIGHTS[layer]) < math.exp(-x):
                return x

    # The loop

    def run(self, stop, max_events=math.inf):
        """Advance to a time or through that many events.

        Returns
        -------
        list of Event
        """
        events = []
        while len(events) < max_events:
            if self.solution.gates_moved:
                self._follow_gates()
            on_lattice = self._bound()
            bound = on_lattice + self.solution.total()
            if self.pending is None:
                if bound <= 0.0:
                    self.seconds, self.fraction = stop
                    break
                self._schedule(self._exponential() / bound)
            if self.pending > stop:
                self.seconds, self.fraction = stop
                break
            (self.seconds, self.fraction), self.pending = self.pending, None
            self.n_candidates += 1
            u = self._uniform() * bound
            happened = self._try_lattice(u) if u < on_lattice else self._try_solution(u - on_lattice)
            self._sweep()
            if happened is not None:
                self.n_events += 1
                events.append(Event(*happened, self.seconds, self.fraction))
        return events

    def _try_solution(self, u):
        reaction = self.solution.candidate(u, self._below, self._uniform)
        if reaction is None:
            return None
        self.solution.execute(reaction)
        return None, self.rules.n_processes + reaction

    def _try_lattice(self, u):
        candidate = self._candidate(u)
        if candidate is None:
            return None
        process = int(self.rules.rule_process[candidate[1]])
        if not self.solution.admits(process, self._uniform):
            return None
        if not self._holds(candidate[1], [self.species[other] for other in self.neighbours[candidate[0]]]):
            return None  # a null event of a blind rule
        self._execute(*candidate)
        self.count[process] += 1
        if self.solution.exchange:
            self.solution.give_and_take(process)
        return candidate[0], process

    def _schedule(self, wait):
        later = self.fraction + wait
        self.far_wait = wait
        if later < FAR:
            whole = math.floor(later)
            self.pending = (self.seconds + whole, later - whole)
        else:
            self.pending = (math.inf, 0.0)

    def _candidate(self, u):
        """(site, rule) of the next event, or None if the candidate is refused."""
        filled = sorted((group for group in self.groups if group.weight > 0.0), key=lambda group: -group.bound)
        for group in filled:
            if u < group.weight:
                break
            u -= group.weight
        site = group.sites[self._below(len(group.sites))]
        u = self._uniform() * group.bound
        entries = self._entries(self._environment(site))
        for reached, (_, rule) in zip(running_sums(entries), entries, strict=True):
            if u < reached:
                return site, rule
        return None

    def _execute(self, site, rule):
        """Write the changes; tell the neighbours of each changed site in turn, then the columns above."""
        changed = [
            site if position < 0 else self.neighbours[site][position] for position, _ in self.changes[rule]
        ]
        old = [self.species[place] for place in changed]
        final = [new for _, new in self.changes[rule]]
        self._write(changed, final)
        exchanged = len(changed) == 2 and self._is_quiet(rule) and self._exchange(changed)
        for k, place in enumerate(changed if not exchanged else ()):
            self._write(
                changed[k + 1 :], old[k + 1 :]
            )  # neighbours of the sites before have not been told of these
            self._tell_neighbours(place, old[k], changed)
            self._write(changed, final)
            self._assign(place, self._environment(place))
        if self.electrons:
            for place, before in zip(changed, old, strict=True):
                if self.decay[before] != self.decay[self.species[place]]:
                    self._refresh_column(place)
        self._close_gaps()

    def _exchange(self, changed):
        """Two sites that come into each other's group take each other's place in it."""
        environments = [self._environment(site) for site in changed]
        after = [None if each is None else self._class(each).group for each in environments]
        before = [self.group_of[site] for site in changed]
        if None in before or None in after or before[0] is before[1] or after != before[::-1]:
            return False
        places = [group.sites.index(site) for group, site in zip(before, changed, strict=True)]
        for group, place, site in zip(before, places, reversed(changed), strict=True):
            group.sites[place] = site
        for site, group, environment in zip(changed, after, environments, strict=True):
            self.group_of[site], self.noticed[site] = group, environment
        return True

    def _write(self, sites, species):
        for site, new in zip(sites, species, strict=True):
            self.species[site] = new

    def _tell_neighbours(self, place, old, changed):
        """List the neighbours of a site anew, one position after the other.

        In a small periodic box a neighbour sees the site at several positions, and is told of one at a time.
        """
        images = {}
        for position, other in enumerate(self.neighbours[place]):
            images.setdefault(other, []).append(self.opposite[position])
        for other in self.neighbours[place]:
            images[other].pop(0)
            if other < self.n_sites and other not in changed:
                self._notice(other, self._environment(other, [(position, old) for position in images[other]]))

    def _refresh_column(self, site):
        """Carry the sum of the decays from a changed site to the top of its column."""
        layer = self.shape[1] * self.shape[2]
        quanta = self.quanta[site]
        if quanta is None:
            return
        for above in range(site + layer, self.n_sites, layer):
            quanta += self.decay[self.species[above - layer]]
            reachable = quanta if quanta <= self.cutoff else None
            if self.quanta[above] != reachable:
                self.quanta[above] = reachable
                self._notice(above, self._environment(above))

    # Changes of rates

    def set_rates(self, rates):
        """Other rate constants: every environment ever met is rated again; sites keep their places for now."""
        if np.asarray(rates).tolist() == self.rates:
            return
        old = self._bound() + self.solution.total()
        self._rate(np.asarray(rates).tolist())
        self._rescale(old, self._bound() + self.solution.total())

    def _rate(self, rates):
        """Rate all classes, then arrange the groups."""
        if self._is_behind():
            while any(group.sweep for group in self.groups):
                self._sweep()
        self.rates = rates
        self.scale = [self.solution.ceiling(process) for process in range(self.rules.n_processes)]
        self.solution.gates_moved = False
        for kind in self.classes:
            kind.entries = self._enabled(*kind.environment)
        self._relabel()
        self._part()

    def _is_behind(self):
        """Too many groups to sweep, or too many classes that wait for their sites to leave."""
        n_current = sum(kind.is_current for kind in self.classes)
        n_waiting = sum(not kind.is_current and kind.group is not None for kind in self.classes)
        return sum(group.sweep > 0 for group in self.groups) > 32 or n_waiting > 4 * n_current + 1024

    def _relabel(self):
        """Bounds and labels of the groups by the new totals of their classes, the longest group first."""
        members = [[kind for kind in self.classes if kind.group is group] for group in self.groups]
        for group in self.groups:
            group.label = None
        for group, kinds in sorted(zip(self.groups, members, strict=True), key=lambda pair: -len(pair[0].sites)):
            if group.sites:
                group.bound = max(kind.total for kind in kinds)
                if self._labelled(label_of(group.bound)) is None:
                    group.label = label_of(group.bound)
            else:
                group.bound, group.sweep = 0.0, 0
                for kind in kinds:
                    kind.group = None

    def _part(self):
        """Classes that have become too slow for their group leave it, and all leave those without a label."""
        for kind in list(self.classes):
            group = kind.group
            if group is None or not kind.is_current:
                continue
            if group.label is None or (group.bound > 0.0 and 2 * kind.total <= group.bound):
                group.sweep = len(group.sites)
                self._replace(kind, self._group_for(kind.total))

    def _replace(self, kind, group):
        """Another class is the current one from now on: one in that group, an unused one, or a new one."""
        twins = [each for each in self.classes if each.environment == kind.environment and each is not kind]
        twin = next((each for each in twins if each.group is group), None)
        twin = twin or next((each for each in twins if each.group is None), None)
        if twin is None:
            twin = Class(kind.environment, kind.entries)
            self.classes.append(twin)
        kind.is_current, twin.is_current, twin.group = False, True, group
        self.current[kind.environment] = twin

    def _sweep(self):
        """Move up to eight sites to where they belong now, from the end of the first group that has such sites."""
        group = next((group for group in self.groups if group.sweep), None)
        if group is None:
            return
        group.sweep = min(group.sweep, len(group.sites))
        for _ in range(min(8, group.sweep)):
            group.sweep -= 1
            site = group.sites[group.sweep]
            self._assign(site, self._environment(site))
            self._close_gaps()
        if not group.sweep:
            members = [kind for kind in self.classes if kind.group is group]
            group.bound = max((kind.total for kind in members if kind.is_current), default=0.0)
            for kind in members:
                kind.group = group if kind.is_current else None

    def renew(self, count=None, rates=None):
        """Other molecules or other rates in the solution."""
        old = self._bound() + self.solution.total()
        self.solution.count = self.solution.count if count is None else list(count)
        if rates is not None:
            self.solution.rates[: self.solution.n_reactions] = list(rates)
        self.solution.arrange()
        if self.solution.gates_moved:
            self._follow_gates()
        self._rescale(old, self._bound() + self.solution.total())

    def _follow_gates(self):
        """Rate the environments that ask for molecules."""
        self._rate(self.rates)
        self.solution.patience = 100 + sum(group.sweep for group in self.groups) // 8

    def _rescale(self, old, new):
        """Scale the rest of the waiting time with the total, or draw afresh if either total is zero."""
        if self.pending is None:
            return
        if old <= 0.0 or new <= 0.0:
            self.pending = None
            return
        seconds, fraction = self.pending
        rest = self.far_wait if seconds == math.inf else (seconds - self.seconds) + (fraction - self.fraction)
        self._schedule(rest * (old / new))
