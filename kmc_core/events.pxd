# SPDX-License-Identifier: BSD-3-Clause
"""The heart of an event: drawing a site and a rule, writing the changes, moving all sites that notice to their classes.

Functions, not methods of LatticeProcesses, so that the compiler can write them into the loop: a method is called through
a table, and is never left out (300 of 1400 instructions a hop). What an event costs is above all waiting: for one load
that tells where the next one goes, and for branches that were guessed wrong.
"""
from kmc_core.environments cimport EnvironmentTable
from kmc_core.looks cimport follow_class
from kmc_core.lattice_processes cimport (CUBIC, MAX_CHANGES, NOTICES, SQUARE, WIDTH, LatticeProcesses, change_plan,
                                         look_plan, rule_plan)
from kmc_core.rng cimport below_of, kmc_lowest_bit, kmc_mulhi, kmc_prefetch, uniform_of
from kmc_core.state cimport MAX_POSITIONS, cubic_rows
from kmc_core.typedefs cimport class_t, int32_t, int64_t, level_t, rule_t, site_t, species_t, uint8_t, uint32_t, uint64_t


cdef inline rule_t draw(LatticeProcesses self, double u, site_t* site) noexcept nogil:
    """The site whose group `u` in [0, total) chooses; its rule by the rate constants, or -1 if it is refused, or -2 if
    lists have changed then. Two words must be in stock.
    """
    cdef int chosen = self.groups.group_at(&u)
    cdef class_t c
    site[0] = self.groups.pool[self.groups.start[chosen]
                               + below_of(self.random.next(), <uint32_t> self.groups.length[chosen])]
    u = uniform_of(self.random.next())
    if self.energies.enabled:
        chosen = self.site_rates.choose(site[0], u, self.groups.bound[chosen])
        if chosen == -2:
            self.groups.close_gap()
        return chosen
    c = self.groups.class_at(site[0])
    u *= self.groups.bound[chosen]
    if u >= self.environments.record[c].total:
        return -1
    return self.environments.entry_rule[self.environments.chosen(c, u)]


cdef inline void change(LatticeProcesses self, site_t site, rule_t rule) noexcept nogil:
    """Body of `execute`, three times: where the compiler knows how many neighbours there are, it writes out loops."""
    if self.shape == CUBIC:
        change_cubic(self, site, rule)
    elif self.shape == SQUARE:
        change_square(self, site, rule)
    else:
        change_any(self, site, rule)


cdef inline bint look_around(LatticeProcesses self, site_t site, rule_t rule, site_t* found) noexcept nogil:
    """Whether everything around a site is as a rule asks; the site, and then those that it looks at."""
    cdef uint8_t* allowed = &self.allowed[0, 0]
    cdef species_t* species = &self.state.species[0]
    cdef look_plan* look = self.look_plans + self.rule_plans[rule].first_look
    cdef int k
    found[0] = site
    self.state.locate(site)
    for k in range(self.rule_plans[rule].n_looks):
        found[k + 1] = self.state.shifted(look[k].x, look[k].y, look[k].z)
        if not (allowed + look[k].allowed)[species[found[k + 1]]]:
            return False
    return True


cdef inline bint swap(LatticeProcesses self, site_t site, rule_t rule) noexcept nogil:
    """Try to let a site exchange all that it is with the one that its rule looks at; returns whether that was all.

    Otherwise nothing has changed, and `change_quietly` decides: if the rule wants something else there, if that belongs to
    another part, if both are in one list, or while lists are being swept. A hop that ends here takes a quarter of the
    instructions, since neither keys nor classes nor lists have to be worked out.
    """
    cdef rule_plan* plan = self.rule_plans + rule
    cdef uint32_t x, y, z, column, own_column
    cdef int64_t n_noted = self.n_noted
    cdef site_t other
    self.state.find_coordinates(site, &x, &y, &z)
    column = self.state.wrap_x[x + plan.x] + self.state.wrap_y[y + plan.y]
    other = self.state._inside(column + self.state.wrap_z[z + plan.z])
    if self.state.species[other] != plan.species or self.groups.swept >= 0 or not trade(self, site, other):
        return False
    if self.notes_edges:
        own_column = x + y * self.state.nx
        self.noted[n_noted] = site
        n_noted += self.at_edge[own_column]
        self.noted[n_noted] = other
        n_noted += self.at_edge[column]
        self.n_noted = n_noted
        self.groups.is_short |= n_noted + MAX_CHANGES > self.noted.shape[0]
    self.state.species[other] = self.state.species[site]
    self.state.species[site] = plan.species
    return True


cdef inline bint trade(LatticeProcesses self, site_t site, site_t other) noexcept nogil:
    """Let a listed site and another one exchange records and places, unless both are in one list."""
    cdef uint64_t mask = self.groups.place_mask
    cdef uint64_t first = self.groups.record_of(site)
    cdef uint64_t second = self.groups.record_of(other)
    cdef int32_t here = self.environments.record[self.groups.class_in(first)].group
    cdef int32_t there = self.environments.record[self.groups.class_in(second)].group
    if here == there:
        return False
    self.groups.pool[self.groups.start[here] + <int64_t> (first & mask)] = other
    if there >= 0:
        self.groups.pool[self.groups.start[there] + <int64_t> (second & mask)] = site
    self.groups.write(site, second)
    self.groups.write(other, first)
    return True


cdef inline bint change_quietly(LatticeProcesses self, site_t site, rule_t rule) noexcept nogil:
    """Try a rule of which no neighbour notices what it does: nobody has to be told. Returns whether it was possible."""
    cdef site_t found[MAX_POSITIONS + 1]
    cdef site_t changed[MAX_CHANGES]
    cdef species_t old[MAX_CHANGES]
    cdef species_t* species = &self.state.species[0]
    cdef change_plan* plan = self.change_plans + self.rule_plans[rule].first
    cdef int k, n = self.rule_plans[rule].n
    cdef class_t new[MAX_CHANGES]
    if not look_around(self, site, rule, found):
        return False
    for k in range(n):
        changed[k] = found[plan[k].look]
        old[k] = species[changed[k]]
        species[changed[k]] = plan[k].species + self.mark_of(old[k])
    if self.notes_edges:
        note_edges(self, changed, n)
    for k in range(n):
        new[k] = 0
        if self.environments.is_active[species[changed[k]]]:
            new[k] = class_of_key(self, changed[k], species[changed[k]], plan[k].base)
    if n != 2 or not exchange(self, changed, new):
        for k in range(n):
            assign(self, False, changed[k], new[k])
    follow_electrons(self, changed, old, n)
    self.groups.close_gap()
    return True


cdef inline bint exchange(LatticeProcesses self, site_t* changed, class_t* new) noexcept nogil:
    """Let two sites take each other's place if each comes into the list of the other; returns whether they do.

    A walker on listed sites moves in two lists. To remove and insert it there would fetch the last site of a list, too,
    which is anywhere.
    """
    cdef uint64_t first = self.groups.record_of(changed[0])
    cdef uint64_t second = self.groups.record_of(changed[1])
    cdef int32_t one = self.environments.record[self.groups.class_in(first)].group
    cdef int32_t other = self.environments.record[self.groups.class_in(second)].group
    cdef uint64_t mask = self.groups.place_mask
    if (one < 0 or other < 0 or one == other or self.environments.record[new[0]].group != other
            or self.environments.record[new[1]].group != one):
        return False
    self.groups.pool[self.groups.start[one] + <int64_t> (first & mask)] = changed[1]
    self.groups.pool[self.groups.start[other] + <int64_t> (second & mask)] = changed[0]
    self.groups.write(changed[0], self.groups.with_class(second, new[0]))
    self.groups.write(changed[1], self.groups.with_class(first, new[1]))
    return True


cdef inline void note_edges(LatticeProcesses self, site_t* changed, int n) noexcept nogil:
    """Changed sites that other parts know too are noted for them; without a branch, as it cannot be foreseen."""
    cdef site_t* noted = &self.noted[0]
    cdef uint8_t* at_edge = &self.at_edge[0]
    cdef uint64_t magic = self.magic_plane
    cdef uint32_t plane = self.state.nx * self.state.ny
    cdef int64_t n_noted = self.n_noted
    cdef int k
    for k in range(n):
        noted[n_noted] = changed[k]
        n_noted += at_edge[changed[k] - <uint32_t> kmc_mulhi(magic, changed[k]) * plane if plane > 1 else 0]
    self.n_noted = n_noted
    self.groups.is_short |= n_noted + MAX_CHANGES > self.noted.shape[0]


cdef inline void take_over(LatticeProcesses self, site_t site, species_t species) noexcept nogil:
    """A site gets the species that it has got in another part of the lattice; the rest follows as after an event."""
    cdef species_t old = self.state.species[site]
    cdef species_t new = species + self.mark_of(old)
    if not self.is_unheard[old, new]:
        change(self, site, -1 - <rule_t> species)
        return
    self.state.species[site] = new
    if self.environments.is_active[old] or self.environments.is_active[new]:
        assign(self, False, site, class_of_key(self, site, new, self.environments.base[new])
               if self.environments.is_active[new] else 0)
    follow_electrons(self, &site, &old, 1)
    self.groups.close_gap()


cdef inline void change_cubic(LatticeProcesses self, site_t site, rule_t rule) noexcept nogil:
    change_few(self, site, rule, True, 6)


cdef inline void change_square(LatticeProcesses self, site_t site, rule_t rule) noexcept nogil:
    change_few(self, site, rule, False, 4)


cdef inline void change_few(LatticeProcesses self, site_t site, rule_t rule, bint is_cubic,
                            int n_positions) noexcept nogil:
    """Write the changes, then bring up to date what notices them."""
    cdef site_t around[WIDTH]
    cdef site_t beside[WIDTH]
    cdef site_t* beside_changed
    cdef cubic_rows rows
    cdef site_t changed[MAX_CHANGES]
    cdef species_t old[MAX_CHANGES]
    cdef change_plan overwritten
    cdef change_plan* plan = &overwritten
    cdef int n, k
    if is_cubic:
        self.state.find_rows(site, &rows)
        self.state.cubic_neighbours(site, &rows, 0, 0, 0, around)
    else:
        self.state.any_neighbours(site, around, n_positions)
    around[n_positions] = site
    n = write(self, site, rule, around, n_positions, &plan, changed, old)
    for k in range(n):
        beside_changed = around
        if changed[k] != site:
            beside_changed = beside
            if is_cubic:
                self.state.cubic_neighbours(changed[k], &rows, plan.dx, plan.dy, plan.dz, beside)
            else:
                self.state.any_neighbours(changed[k], beside, n_positions)
        refresh(self, old[k], changed[k], beside_changed, n_positions, plan, changed, n)
        plan += 1
    follow_electrons(self, changed, old, n)
    self.groups.close_gap()


cdef inline int write(LatticeProcesses self, site_t site, rule_t rule, site_t* around, int n_positions,
                      change_plan** plan, site_t* changed, species_t* old) noexcept nogil:
    """Write the changes of a rule; returns their number. `around` ends with the site itself."""
    cdef species_t* species = &self.state.species[0]
    cdef int n, k
    if rule < 0:
        changed[0], old[0] = site, species[site]
        species[site] = <species_t> (-1 - rule) + self.mark_of(old[0])
        plan[0].key = plan[0].base = self.environments.base[species[site]]
        plan[0].row = species[site] * self.row_size
        plan[0].partner, plan[0].others = n_positions, <uint32_t> -1
        return 1
    plan[0], n = self.change_plans + self.rule_plans[rule].first, self.rule_plans[rule].n
    for k in range(n):
        changed[k] = around[plan[0][k].position]
        old[k] = species[changed[k]]
        species[changed[k]] = plan[0][k].species + self.mark_of(old[k])
    if self.notes_edges:
        note_edges(self, changed, n)
    return n


cdef inline void refresh(LatticeProcesses self, species_t old, site_t site, site_t* around, int n_positions,
                         change_plan* plan, site_t* changed, int n_changed) noexcept nogil:
    """Move the sites that notice a changed `site` to the classes of their new environments, then `site` itself.

    One sum over the neighbours says what they add to the site's own key, and which of them notice; see `plans`. Sites
    that have changed themselves are left out: the partner of a pair because its bit is.
    """
    cdef species_t* species = &self.state.species[0]
    cdef species_t new = species[site]
    cdef int64_t row = self.row_start[old] + plan.row
    cdef uint64_t* seen = &self.seen[0, 0, 0, 0] + row
    cdef int64_t* told = &self.told[0, 0, 0, 0] + row
    cdef int width = 8 if n_positions > 4 else 4  # what the compiler knows is no multiplication
    cdef uint64_t found = 0
    cdef uint32_t noticing
    cdef int j
    for j in range(n_positions):
        found += (seen + j)[<uint64_t> species[around[j]] * width]
    noticing = <uint32_t> (found >> NOTICES) & plan.others
    while noticing:
        j = kmc_lowest_bit(noticing)
        noticing &= noticing - 1
        notice(self, False, around[j], j, new, (told + j)[<uint64_t> species[around[j]] * width], changed,
               n_changed)
    settle(self, False, site, new, plan.base + <int64_t> (found & (<uint64_t> 1 << NOTICES) - 1))


cdef inline void follow_electrons(LatticeProcesses self, site_t* changed, species_t* old, int n) noexcept nogil:
    """Bring electron levels up to date above changed sites."""
    cdef int k
    if self.electrons.enabled:
        for k in range(n):
            if self.electrons.decay[old[k]] != self.electrons.decay[self.state.species[changed[k]]]:
                self._refresh_column(changed[k])


cdef inline void change_any(LatticeProcesses self, site_t site, rule_t rule) noexcept nogil:
    """`change_few` for any number of positions, and with interactions."""
    cdef site_t around[MAX_POSITIONS + 1]
    cdef site_t beside[MAX_POSITIONS + 1]
    cdef site_t changed[MAX_CHANGES]
    cdef species_t old[MAX_CHANGES]
    cdef change_plan overwritten
    cdef change_plan* plan = &overwritten
    cdef int n, k, n_positions = self.state.n_positions
    cdef site_t* beside_changed
    if self.energies.enabled:         # not a function: compilers leave out one that only fetches
        for k in range(self.energies.event[rule].n_told):
            kmc_prefetch(self.energies.first_record + site * self.energies.record_size + self.energies.event[rule].told[k])
    self.state.neighbours(site, around)
    around[n_positions] = site
    n = write(self, site, rule, around, n_positions, &plan, changed, old)
    for k in range(n):
        beside_changed = around
        if changed[k] != site:
            beside_changed = beside
            self.state.neighbours(changed[k], beside)
        refresh_any(self, n_positions, changed[k], old[k], beside_changed, plan + k, changed, n)
    follow_electrons(self, changed, old, n)
    if self.energies.enabled:
        self.site_rates.follow(site, rule, changed, old, n, &self.reclassified[0], self.n_reclassified)
        self.n_reclassified = 0
    self.groups.close_gap()


cdef inline void refresh_any(LatticeProcesses self, int n_positions, site_t site, species_t old, site_t* around,
                             change_plan* plan, site_t* changed, int n_changed) noexcept nogil:
    """`refresh` for any number of positions: neighbours are told one by one.

    The partner of a pair, which has changed itself, is hidden; see `plans`.
    """
    cdef species_t* species = &self.state.species[0]
    cdef species_t new = species[site]
    cdef int64_t* own = &self.own[0, 0, 0] + new * self.row_size
    cdef int64_t* told
    cdef int64_t key = plan.key, there
    cdef site_t hidden = around[plan.partner]
    cdef int j
    if self.told.shape[0] > 0:
        told = &self.told[0, 0, 0, 0] + self.row_start[old] + new * self.row_size
    else:
        told = self._work_out(old, new)
    around[plan.partner] = self.state.n_sites
    for j in range(n_positions):
        there = (<int64_t> species[around[j]] << self.row_shift) + j
        key += own[there]
        if told[there] != 0:
            notice(self, True, around[j], j, new, told[there], changed, n_changed)
    around[plan.partner] = hidden
    settle(self, True, site, new, key)


cdef inline void notice(LatticeProcesses self, bint is_any, site_t site, int j, species_t new, int64_t difference,
                        site_t* changed, int n_changed) noexcept nogil:
    """The neighbour at position j notices a change, unless it has changed itself."""
    cdef class_t c = self.groups.class_at(site)
    cdef int k
    for k in range(n_changed):
        if changed[k] == site:
            return
    assign(self, is_any, site, self.environments.with_neighbour(c, self.environments.record[c].key + difference,
                                                               self.state.opposite[j], new))


cdef inline void settle(LatticeProcesses self, bint is_any, site_t site, species_t new, int64_t key) noexcept nogil:
    """A changed site gets the class of its key."""
    assign(self, is_any, site, class_of_key(self, site, new, key) if self.environments.is_active[new] else 0)


cdef inline class_t class_of_key(LatticeProcesses self, site_t site, species_t species, int64_t key) noexcept nogil:
    """Class of an active site from the key of its species and neighbours, its electron level and its layer."""
    cdef level_t level = 0
    cdef int32_t layer = 0
    cdef class_t c
    if self.environments.level_stride[species]:
        level = self.electrons.level[site]
        key += self.environments.level_stride[species] * level
    if self.environments.layer_stride[species]:
        layer = self.layer(site)
        key += self.environments.layer_stride[species] * layer
    c = self.environments.find(key)
    return c if c >= 0 else self._met(site, key, species, level, layer)


cdef inline void assign(LatticeProcesses self, bint is_any, site_t site, class_t new) noexcept nogil:
    """Give a site its class and put it into the list where the class belongs."""
    cdef uint64_t record = self.groups.record_of(site)
    cdef int32_t before, after
    self.groups.write(site, self.groups.with_class(record, new))
    if is_any and self.energies.enabled:
        follow_class(self.site_rates, site, new)
        return
    before, after = self.environments.record[self.groups.class_in(record)].group, self.environments.record[new].group
    if before != after:
        relist(self, site, new, before, after)


cdef inline void relist(LatticeProcesses self, site_t site, class_t new, int32_t before, int32_t after) noexcept nogil:
    """Move a site to another list; most changes of class need not."""
    if after == -2:                   # first site of this class
        after = self._place_class(new)
        if before == after:
            return
    if before >= 0:
        self.groups.remove(site, before)
    if after >= 0:
        self.groups.insert(site, after)
