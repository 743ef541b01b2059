# SPDX-License-Identifier: BSD-3-Clause
"""Loops over energies in C: constants that the compiler writes in, and lanes that it works on at once.

Of 16-bit numbers SSE2, which every x86-64 has, takes eight in an instruction: plain loops without branches for the
compiler, and intrinsics where signs become bits, with a plain loop beside them for other machines.
"""
from kmc_core.typedefs cimport int16_t, int32_t, int64_t, uint8_t, uint32_t

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    #ifdef __SSE2__
    #include <emmintrin.h>
    #endif
    #ifdef __GNUC__
    #define KMC_WRITTEN_IN static inline __attribute__((always_inline))
    #else
    #define KMC_WRITTEN_IN static inline
    #endif
    #define KMC_FAR (INT64_C(1) << 61)  /* beyond every energy change [quanta] */
    typedef struct {                  /* eight cells of a row of the window */
        int32_t step, cell;           /* from the anchor of the event to the first site; its cell */
        int32_t told, unused;         /* bits of those that are told */
        int16_t charge[8], mask[8];   /* -1 for those that are told: beyond them cells are of other rows */
    } kmc_piece;
    typedef struct {                  /* how a rule of a class is looked at, a line of the cache */
        int32_t term[4];              /* two energies that come, two that go, counted from those of the anchor */
        int64_t quick, threshold;     /* energy change from which on a rule keeps to its part of the lowest bound,
                                         before what its sites share is looked at, and after [quanta] */
        int32_t share, share_end;     /* of what they share; an end of -1: it is of any number of sites */
        int32_t second, factors;      /* step to the site whose row that is; where its factors are */
        double rate, top;             /* rate constant, and that at the threshold from above [1/s] */
    } kmc_entry;
    typedef struct {                  /* what is known of a class */
        int32_t rated;                /* for which lowest bound its entries are; 0 = none */
        int32_t first, n;             /* its entries, */
        int32_t is_followed;          /* and whether slack covers all of them */
        double give;                  /* fall by which no rate constant grows e-fold, in units of slack */
    } kmc_class;
    typedef struct {                  /* what is looked up, all arrays from their start */
        const int64_t *held, *table, *shared;
        const int32_t *row;
        const double *factor;
        int64_t width, n_blocks, n_factors;
        int shift;                    /* 2**shift quanta a factor */
    } kmc_tables;
    typedef struct {                  /* a site near an event */
        int32_t row, energy, step;    /* from the anchor to its row, its energies, and itself */
        int32_t cell, end;            /* its cell; the end of its entries */
    } kmc_near;
    typedef struct {
        int32_t *row;                 /* of the anchor, or of site 0 */
        int64_t *held;                /* energies likewise */
        const uint8_t *species;       /* likewise */
        const int64_t *table, *turn;
        const int32_t *entries, *difference;
        int16_t *fall, *beside;
        const int16_t *is_partner;
        int64_t n_blocks, width;
        int shift;
        uint32_t n_sites;
    } kmc_surroundings;

    /* bring rows and energies of near sites up to date, and note the most that each can have fallen in any way to change
       it; entries are as in `EventLists`, ways are columns of what comes and goes. The first four are known to the
       compiler. Sites are given where a boundary is near */
    KMC_WRITTEN_IN void kmc_shift(int n_centres, int n_turns, int is_steady, int is_inner, const kmc_surroundings* all,
                                  const kmc_near* near, const int32_t* entry, int n, const uint32_t* site,
                                  int64_t* change) {
        const kmc_surroundings on = *all;
        const kmc_near* const last = near + n;
        int t, c;
        change[n_centres] = 0;
        for (; near < last; near++) {
            const int32_t* end = on.entries + near->end;
            const int64_t here = is_inner ? 0 : *site++;
            int32_t* row = on.row + (is_inner ? near->row : here * on.n_blocks);
            int64_t* energy = on.held + (is_inner ? near->energy : here * on.width);
            const int64_t species = on.species[is_inner ? near->step : here];
            const int64_t* turn = on.turn + 2 * n_turns * species;
            int64_t a = 0, b = 0, fall;
            if (!is_inner && here >= on.n_sites) {
                entry = end;
                continue;
            }
            for (c = 0; n_centres > 2 && c < n_centres; c++) change[c] = 0;
            for (; entry < end; entry += 4) {
                int64_t before = row[entry[0]], after = before + entry[2];
                if (!is_steady && entry[1] >= 0)
                    after = before + entry[2] * (int64_t) on.difference[entry[1]]
                            + entry[3] * (int64_t) on.difference[entry[1] + 1];
                row[entry[0]] = (int32_t) after;
                if (n_centres <= 2) a += on.table[after] - on.table[before];
                if (n_centres == 2) b += on.table[after + 1] - on.table[before + 1];
                for (c = 0; n_centres > 2 && c < n_centres; c++) change[c] += on.table[after + c] - on.table[before + c];
            }
            if (n_centres <= 2) change[0] = a;
            if (n_centres == 2) change[1] = b;
            for (c = 0; c < n_centres; c++) energy[c] += change[c];
            fall = change[turn[1]] - change[turn[0]];
            for (t = 1; t < n_turns; t++) {
                int64_t other = change[turn[2 * t + 1]] - change[turn[2 * t]];
                fall = other > fall ? other : fall;
            }
            fall = (fall >> on.shift) + 1;
            on.fall[near->cell] = (int16_t) fall;
            on.beside[near->cell] = (int16_t) fall & on.is_partner[species];
        }
    }
    /* what the blocks of a row add up to: entries are block, step to what is added and to what is taken off */
    KMC_WRITTEN_IN int64_t kmc_share(const int64_t* entry, const int64_t* end, const int32_t* row,
                                     const int64_t* table) {
        int64_t found = 0;
        do {
            const int64_t* here = table + row[entry[0]];
            found += here[entry[1]] - here[entry[2]];
            entry += 3;
        } while (entry < end);
        return found;
    }
    /* energy change of a rule of one or two sites [quanta], or a lower one where that is not below its threshold */
    KMC_WRITTEN_IN int64_t kmc_change(const kmc_tables* on, const kmc_entry* entry, const int64_t* energy,
                                      const int32_t* row) {
        int64_t change = energy[entry->term[0]] - energy[entry->term[1]] + energy[entry->term[2]]
                         - energy[entry->term[3]];
        if (change >= entry->quick) return change + (entry->threshold - entry->quick);
        if (entry->share < entry->share_end)
            change += kmc_share(on->shared + 3 * (int64_t) entry->share, on->shared + 3 * (int64_t) entry->share_end,
                                row + on->n_blocks * entry->second, on->table);
        return change;
    }
    /* least room of the rules of a slow site, below 0 if one is too fast */
    KMC_WRITTEN_IN int64_t kmc_room(const kmc_tables* on, const kmc_entry* entry, int n, uint32_t site) {
        const int64_t* energy = on->held + site * on->width;
        const int32_t* row = on->row + site * on->n_blocks;
        const kmc_entry* end = entry + n;
        int64_t least = KMC_FAR;
        for (; entry < end; entry++) {
            int64_t room = kmc_change(on, entry, energy, row) - entry->threshold;
            if (room < 0) return -1;
            least = room < least ? room : least;
        }
        return least;
    }
    /* sum of the rate constants of a site from above, and the least room; below 0 where factors do not reach so far */
    KMC_WRITTEN_IN double kmc_sum(const kmc_tables* on, const kmc_entry* entry, int n, uint32_t site, int64_t* room) {
        const int64_t* energy = on->held + site * on->width;
        const int32_t* row = on->row + site * on->n_blocks;
        const kmc_entry* end = entry + n;
        int64_t least = KMC_FAR;
        double sum = 0.0;
        for (; entry < end; entry++) {
            int64_t change = kmc_change(on, entry, energy, row), left = change - entry->threshold;
            if (left >= 0)
                sum += entry->top;
            else {
                int64_t bin = (change >> on->shift) + on->n_factors / 2;
                if ((uint64_t) bin >= (uint64_t) on->n_factors) return -1.0;
                sum += entry->rate * on->factor[entry->factors + bin];
            }
            least = left < least ? left : least;
        }
        *room = least;
        return sum;
    }
    /* take what an event has cost off the slack of anchors, of which at most `most` is kept, as no rise of more than
       `rise` is counted; those whose slack is used up are listed, their number is returned */
    KMC_WRITTEN_IN int kmc_spend(int16_t* slack, const int16_t* drop, const int16_t* fall, const kmc_piece* piece,
                                 const kmc_piece* end, uint32_t site, int16_t most, int16_t rise,
                                 uint32_t* used) {
        uint32_t* last = used;
        for (; piece < end; piece++) {
            const uint32_t first = site + (uint32_t) piece->step;
            const int16_t *d = drop + piece->cell, *f = fall + piece->cell;
            unsigned found = 0;
    #ifdef __SSE2__
            __m128i left = _mm_loadu_si128((const __m128i*) (slack + first));
            __m128i cost = _mm_max_epi16(_mm_loadu_si128((const __m128i*) f), _mm_set1_epi16((int16_t) -rise));
            cost = _mm_min_epi16(cost, _mm_set1_epi16((int16_t) (most + rise + 1)));
            cost = _mm_add_epi16(cost, _mm_loadu_si128((const __m128i*) d));
            cost = _mm_add_epi16(cost, _mm_loadu_si128((const __m128i*) piece->charge));
            left = _mm_sub_epi16(left, _mm_and_si128(cost, _mm_loadu_si128((const __m128i*) piece->mask)));
            left = _mm_min_epi16(left, _mm_set1_epi16(most));
            _mm_storeu_si128((__m128i*) (slack + first), left);
            found = (unsigned) _mm_movemask_epi8(_mm_packs_epi16(left, _mm_setzero_si128()));
    #else
            int i;
            for (i = 0; i < 8; i++) {
                int own = f[i] < -rise ? -rise : f[i] > most + rise ? most + rise + 1 : f[i];
                int left = slack[first + i] - ((d[i] + own + piece->charge[i]) & piece->mask[i]);
                slack[first + i] = (int16_t) (left < most ? left : most);
                found |= (unsigned) (left < 0) << i;
            }
    #endif
            for (found &= (unsigned) piece->told; found; found &= found - 1)
                *last++ = first + (uint32_t) __builtin_ctz(found);
        }
        return (int) (last - used);
    }
    /* largest fall among the second sites of the rules of every cell, four of their steps, but no more than `most`; n is
       a multiple of eight */
    KMC_WRITTEN_IN void kmc_widest(int16_t* __restrict drop, const int16_t* __restrict fall, int n,
                                   const int32_t* step, int16_t most) {
        const int16_t *a = fall + step[0], *b = fall + step[1], *c = fall + step[2], *d = fall + step[3];
        int i;
        for (i = 0; i < n; i++) {
            int16_t x = a[i] > b[i] ? a[i] : b[i], y = c[i] > d[i] ? c[i] : d[i];
            x = x > y ? x : y;
            x = x < most ? x : most;
            drop[i] = x > drop[i] ? x : drop[i];
        }
    }
    /* the fall of the first one added, within limits */
    KMC_WRITTEN_IN void kmc_add_fall(int16_t* __restrict drop, const int16_t* __restrict fall, int n, int16_t least,
                                     int16_t most, int16_t rise) {
        int i;
        for (i = 0; i < n; i++) {
            int16_t x = fall[i] > most ? most : fall[i];
            x = (int16_t) (drop[i] + (x < -rise ? -rise : x));
            drop[i] = x > least ? x : least;
        }
    }
    """
    const int64_t KMC_FAR
    ctypedef struct kmc_piece:
        int32_t step, cell, told, unused
        int16_t charge[8], mask[8]
    ctypedef struct kmc_entry:
        int32_t term[4]
        int64_t quick, threshold
        int32_t share, share_end, second, factors
        double rate, top
    ctypedef struct kmc_class:
        int32_t rated, first, n, is_followed
        double give
    ctypedef struct kmc_tables:
        const int64_t* held
        const int64_t* table
        const int64_t* shared
        const int32_t* row
        const double* factor
        int64_t width, n_blocks, n_factors
        int shift
    ctypedef struct kmc_near:
        int32_t row, energy, step, cell, end
    ctypedef struct kmc_surroundings:
        int32_t* row
        int64_t* held
        const uint8_t* species
        const int64_t* table
        const int64_t* turn
        const int32_t* entries
        const int32_t* difference
        int16_t* fall
        int16_t* beside
        const int16_t* is_partner
        int64_t n_blocks, width
        int shift
        uint32_t n_sites
    void kmc_shift(int n_centres, int n_turns, bint is_steady, bint is_inner, kmc_surroundings* all, kmc_near* near,
                   int32_t* entry, int n, uint32_t* site, int64_t* change) noexcept nogil
    int64_t kmc_share(int64_t* entry, int64_t* end, int32_t* row, int64_t* table) noexcept nogil
    void kmc_widest(int16_t* drop, int16_t* fall, int n, int32_t* step, int16_t most) noexcept nogil
    void kmc_add_fall(int16_t* drop, int16_t* fall, int n, int16_t least, int16_t most, int16_t rise) noexcept nogil
    int64_t kmc_change(kmc_tables* on, kmc_entry* entry, int64_t* energy, int32_t* row) noexcept nogil
    int64_t kmc_room(kmc_tables* on, kmc_entry* entry, int n, uint32_t site) noexcept nogil
    double kmc_sum(kmc_tables* on, kmc_entry* entry, int n, uint32_t site, int64_t* room) noexcept nogil
    int kmc_spend(int16_t* slack, int16_t* drop, int16_t* fall, kmc_piece* piece, kmc_piece* end, uint32_t site,
                  int16_t most, int16_t rise, uint32_t* used) noexcept nogil
