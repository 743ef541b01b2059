# SPDX-License-Identifier: BSD-3-Clause
"""Loops over energies in C: constants that the compiler writes in, and lanes that it works on at once.

Plain loops over 16-bit numbers without branches: SSE2, which every x86-64 has, does eight of them in an instruction.
"""
from kmc_core.typedefs cimport int16_t, int32_t, int64_t, uint8_t, uint32_t

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    #ifdef __GNUC__
    #define KMC_WRITTEN_IN static inline __attribute__((always_inline))
    #else
    #define KMC_WRITTEN_IN static inline
    #endif
    typedef struct {
        int32_t *row;                 /* of site 0 */
        int64_t *held;                /* energies of site 0 */
        const int64_t *table, *turn;
        const int32_t *entries, *difference;
        const uint8_t *species;
        int16_t *fall;
        int64_t n_blocks, width, n_turns;
        int shift;
        uint32_t n_sites;
    } kmc_surroundings;

    /* bring rows and energies of near sites up to date, and note the most that each can have fallen in any way to change it;
       entries and what a near site is are as in `EventLists`, ways are columns of what comes and goes */
    KMC_WRITTEN_IN void kmc_shift(int n_centres, int is_steady, const kmc_surroundings* all, const int32_t* near,
                                  const uint32_t* site, int n, int64_t* change) {
        const kmc_surroundings on = *all;
        const int32_t* entry = on.entries + 4 * (int64_t) near[1];
        int i, c;
        change[n_centres] = 0;
        for (i = 0; i < n; i++, near += 3) {
            const int32_t* end = on.entries + 4 * (int64_t) near[4];
            int64_t a = 0, b = 0, fall;
            if (site[i] >= on.n_sites) {
                entry = end;
                continue;
            }
            int32_t* row = on.row + site[i] * on.n_blocks;
            int64_t* energy = on.held + site[i] * on.width;
            const int64_t *turn = on.turn + 2 * on.n_turns * on.species[site[i]], *last = turn + 2 * on.n_turns;
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
            for (turn += 2; turn < last; turn += 2) {
                int64_t other = change[turn[1]] - change[turn[0]];
                fall = other > fall ? other : fall;
            }
            on.fall[near[2]] = (int16_t) ((fall >> on.shift) + 1);
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
    /* largest fall among the second sites of the rules of every cell, four of their steps; n is a multiple of eight */
    KMC_WRITTEN_IN void kmc_widest(int16_t* __restrict drop, const int16_t* __restrict fall, int n,
                                   const int32_t* step) {
        const int16_t *a = fall + step[0], *b = fall + step[1], *c = fall + step[2], *d = fall + step[3];
        int i;
        for (i = 0; i < n; i++) {
            int16_t x = a[i] > b[i] ? a[i] : b[i], y = c[i] > d[i] ? c[i] : d[i];
            x = x > y ? x : y;
            drop[i] = x > drop[i] ? x : drop[i];
        }
    }
    /* the same for one step, added */
    KMC_WRITTEN_IN void kmc_add_fall(int16_t* __restrict drop, const int16_t* __restrict fall, int n, int16_t least) {
        int i;
        for (i = 0; i < n; i++) {
            int16_t x = (int16_t) (drop[i] + fall[i]);
            drop[i] = x > least ? x : least;
        }
    }
    """
    ctypedef struct kmc_surroundings:
        int32_t* row
        int64_t* held
        const int64_t* table
        const int64_t* turn
        const int32_t* entries
        const int32_t* difference
        const uint8_t* species
        int16_t* fall
        int64_t n_blocks, width, n_turns
        int shift
        uint32_t n_sites
    void kmc_shift(int n_centres, bint is_steady, kmc_surroundings* all, int32_t* near, uint32_t* site, int n,
                   int64_t* change) noexcept nogil
    int64_t kmc_share(int64_t* entry, int64_t* end, int32_t* row, int64_t* table) noexcept nogil
    void kmc_widest(int16_t* drop, int16_t* fall, int n, int32_t* step) noexcept nogil
    void kmc_add_fall(int16_t* drop, int16_t* fall, int n, int16_t least) noexcept nogil
