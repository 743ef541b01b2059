# SPDX-License-Identifier: BSD-3-Clause
"""SiteGroups: the sites that can start something, grouped by the power of two of their propensity."""
from kmc_core.rng cimport kmc_mulhi, kmc_prefetch
from kmc_core.typedefs cimport class_t, int32_t, int64_t, site_t, uint32_t, uint64_t

cimport cython

cdef extern from *:
    """
    #include <math.h>
    #include <stdint.h>
    #include <string.h>
    /* binary exponent of a positive number, as `frexp` has it; a call of that took 30 instructions */
    static inline int kmc_exponent_of(double x) {
        int64_t bits;
        int found;
        memcpy(&bits, &x, sizeof bits);
        found = (int) (bits >> 52 & 0x7ff);
        if (found == 0) frexp(x, &found);
        else found -= 1022;
        return found;
    }
    #ifdef __SSE2__
    #include <emmintrin.h>
    #endif
    /* sum of numbers, four at a time into sums of their own, as one chain of additions would wait for each of them; n is
       filled up with zeros to a multiple of four. Two lanes at a time add up to the same bits */
    static inline double kmc_sum_of(const double* x, int n) {
    #ifdef __SSE2__
        __m128d low = _mm_loadu_pd(x), high = _mm_loadu_pd(x + 2);
        int i;
        for (i = 4; i < n; i += 4) {
            low = _mm_add_pd(low, _mm_loadu_pd(x + i));
            high = _mm_add_pd(high, _mm_loadu_pd(x + i + 2));
        }
        return (_mm_cvtsd_f64(low) + _mm_cvtsd_f64(_mm_unpackhi_pd(low, low)))
            + (_mm_cvtsd_f64(high) + _mm_cvtsd_f64(_mm_unpackhi_pd(high, high)));
    #else
        double a = x[0], b = x[1], c = x[2], d = x[3];
        int i;
        for (i = 4; i < n; i += 4) {
            a += x[i], b += x[i + 1], c += x[i + 2], d += x[i + 3];
        }
        return (a + b) + (c + d);
    #endif
    }
    """
    int kmc_exponent_of(double x) noexcept nogil
    double kmc_sum_of(double* x, int n) noexcept nogil

cdef enum:
    FIRST_LABEL = 1080                # label of the binary exponent 0
    N_LABELS = 2112                   # one per binary exponent of a double, and one for propensity zero
    MAX_GROUPS = 3 * N_LABELS         # lists: rates that change can leave two for each label, and 32 to be swept


@cython.final
cdef class SiteGroups:
    cdef readonly int n_groups        # groups in use
    cdef int64_t margin               # room that every group has before an event: the most that one event may insert
    cdef bint is_short                # some group has less room than that: `make_room` before the next event
    cdef int32_t[::1] group_of_exponent  # (N_LABELS,) -1 = none yet
    cdef int32_t[::1] label           # (MAX_GROUPS,) exponent that new classes of the group have; -1 = takes none
    cdef int64_t[::1] sweep           # (MAX_GROUPS,) places below which sites may be of classes that left; 0 = none
    cdef readonly int swept           # lowest group that is being swept; -1 = none
    cdef int32_t[::1] order           # (MAX_GROUPS,) groups in use, the highest bound first, but for
    cdef readonly int32_t leading     # one that comes before all others; -1 = none
    cdef double[::1] bound            # (MAX_GROUPS,) largest propensity of any class in the group [1/s]
    cdef double[::1] weight           # (MAX_GROUPS,) bound * number of sites [1/s]
    cdef int64_t[::1] length          # (MAX_GROUPS,) number of sites
    cdef int64_t[::1] start           # (MAX_GROUPS,) where the group's sites start in `pool`
    cdef int64_t[::1] capacity        # (MAX_GROUPS,) room in `pool`
    cdef site_t[::1] pool             # sites of all groups
    cdef readonly int64_t pool_used
    cdef readonly object record       # (n_sites,) uint32 or uint64, of a site: its place in its group, and above these
                                      # bits its class. One line of the cache holds both: of the sites of an event hardly
                                      # any is in the cache
    cdef char* first_record           # of site 0
    cdef readonly bint is_narrow      # records have 32 bits: what fits into them takes half the cache
    cdef int record_size              # of one of them [bytes]
    cdef int place_bits               # bits of the place
    cdef uint64_t place_mask          # these bits
    cdef int32_t gap_group            # group where a removed site has left a gap in this event; -1 = none
    cdef int64_t gap_place            # its place

    cdef int32_t group_for(self, double total) noexcept nogil
    cdef bint take_label(self, int group) noexcept nogil
    cdef void set_bound(self, int group, double bound) noexcept nogil
    cdef void set_sweep(self, int group, int64_t places) noexcept nogil
    cdef int32_t _open(self) noexcept nogil
    cdef void lead(self, int group) noexcept nogil
    cdef void _sort(self) noexcept nogil
    cdef bint _move(self, int group, int64_t reserve) noexcept nogil
    cdef int renumber(self, class_t[::1] classes) except -1
    cdef int _adopt_records(self, object record, int place_bits) except -1
    cdef int _adopt(self, uint32_t[::1] pool, int64_t[::1] places, int64_t[::1] capacity) except -1

    cdef inline int32_t group_of_bound(self, double bound) noexcept nogil:
        """`group_for` of a power of two, of which there mostly is a group with this very bound."""
        cdef int32_t group = self.group_of_exponent[kmc_exponent_of(bound) + FIRST_LABEL] if bound > 0.0 else -1
        return group if group >= 0 and bound <= self.bound[group] else self.group_for(bound)

    cdef inline uint64_t record_of(self, site_t site) noexcept nogil:
        """Record of a site."""
        if self.is_narrow:
            return (<uint32_t*> self.first_record)[site]
        return (<uint64_t*> self.first_record)[site]

    cdef inline void write(self, site_t site, uint64_t record) noexcept nogil:
        """Give a site another record."""
        if self.is_narrow:
            (<uint32_t*> self.first_record)[site] = <uint32_t> record
        else:
            (<uint64_t*> self.first_record)[site] = record

    cdef inline class_t class_in(self, uint64_t record) noexcept nogil:
        """The class that a record holds."""
        return <class_t> (record >> self.place_bits)

    cdef inline class_t class_at(self, site_t site) noexcept nogil:
        """Class of a site."""
        return self.class_in(self.record_of(site))

    cdef inline uint64_t with_class(self, uint64_t record, class_t c) noexcept nogil:
        """A record with another class."""
        return (record & self.place_mask) | (<uint64_t> c << self.place_bits)

    cdef inline int64_t place_at(self, site_t site) noexcept nogil:
        """Place of a site in its group."""
        return self.record_of(site) & self.place_mask

    cdef inline void put(self, site_t site, int64_t place) noexcept nogil:
        """Write down the place of a site."""
        self.write(site, (self.record_of(site) & ~self.place_mask) | <uint64_t> place)

    cdef inline void prefetch(self, int64_t site) noexcept nogil:
        """Fetch a record into the cache; a wrong site does no harm."""
        kmc_prefetch(self.first_record + site * self.record_size)

    cdef inline void insert(self, site_t site, int group) noexcept nogil:
        """List a site, in the gap if there is one in its group: a walker takes the place that it has left."""
        cdef int64_t place = self.gap_place
        if group == self.gap_group:
            self.gap_group = -1
        else:
            place = self.length[group]
            self.length[group] = place + 1
            self.is_short |= self.capacity[group] - place <= self.margin
            self.weight[group] = self.bound[group] * (place + 1)
        self.pool[self.start[group] + place] = site
        self.put(site, place)

    cdef inline void remove(self, site_t site, int group) noexcept nogil:
        """Leave a gap where a site is; its weight counts until `close_gap`."""
        self.close_gap()
        self.gap_group, self.gap_place = group, self.place_at(site)

    cdef inline void close_gap(self) noexcept nogil:
        """Swap the last site of the group into the gap, if nothing has filled it; once at the end of every event."""
        cdef int group = self.gap_group
        cdef int64_t last
        cdef site_t moved
        if group < 0:
            return
        last = self.length[group] - 1
        if self.gap_place != last:    # what stood in the gap may be listed elsewhere by now
            moved = self.pool[self.start[group] + last]
            self.pool[self.start[group] + self.gap_place] = moved
            self.put(moved, self.gap_place)
        self.length[group] = last
        self.weight[group] = self.bound[group] * last
        self.gap_group = -1

    cdef inline int group_at(self, double* u) noexcept nogil:
        """The group whose share of the total holds `u`, which is counted from the start of that share afterwards.

        Groups are walked through by their bounds, because the fastest sites make most events: with 25 groups in the
        order in which they were met this took 240 of the 1330 instructions of an event of the main deck.
        """
        cdef int k = 0
        cdef int group = self.order[0]
        while u[0] >= self.weight[group]:
            if k >= self.n_groups - 1:
                return self._last_listed(k)
            u[0] -= self.weight[group]
            k += 1
            group = self.order[k]
        return group

    cdef inline int _last_listed(self, int k) noexcept nogil:
        """The last group with sites from the k-th downward: rounding has carried a draw past the end."""
        while self.weight[self.order[k]] <= 0.0 and k > 0:
            k -= 1
        return self.order[k]

    cdef inline int64_t place_of(self, double u, uint64_t word) noexcept nogil:
        """Place in the pool that a draw would choose now: `u` in [0, total) the group, `word` the site."""
        cdef int group = self.group_at(&u)
        return self.start[group] + <int64_t> kmc_mulhi(word, <uint64_t> self.length[group])

    cdef inline double total(self) noexcept nogil:
        """Sum of the weights: integer counts times bounds, so nothing drifts however long the run."""
        return kmc_sum_of(&self.weight[0], self.n_groups)  # those beyond n_groups are zero
