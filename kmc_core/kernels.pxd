# SPDX-License-Identifier: BSD-3-Clause
"""Loops over lanes in C: constants that the compiler writes in, and lanes that it works on at once.

Of 16-bit numbers SSE2, which every x86-64 has, takes eight in an instruction, with a plain loop beside it for other
machines.
"""
from kmc_core.typedefs cimport int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t

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
    typedef struct {                  /* where the two lanes of a rule are, from those of its anchor, and their signs */
        int32_t first, second, sign_first, sign_second;
    } kmc_lanes;
    typedef struct {                  /* what is asked of a rule of a class: 0 or more above a threshold [units] */
        int32_t rule, threshold;
    } kmc_check;
    typedef struct {                  /* how a rule of a class is rated */
        double rate;                  /* rate constant [1/s] */
        int32_t factors, error;       /* where its factors are; how far lanes can be from its energy change [units] */
    } kmc_entry;
    typedef struct {                  /* what is known of a class */
        int32_t rated;                /* for which lowest bound its checks are; 0 = none */
        int32_t first, n;             /* its entries */
        int32_t first_check, n_checks;  /* its checks: in fours, filled up; 0 = lanes do not tell of all its rules */
        int32_t unused;
    } kmc_class;
    typedef struct {                  /* what is looked up, all arrays from their start */
        const int16_t *lane;
        const uint8_t *is_slow;
        const void *record;
        const kmc_lanes *rule;
        const kmc_check *check;
        const kmc_entry *entry;
        const kmc_class *known;
        const double *factor;
        int64_t n_lanes, n_factors;
        int place_bits, is_narrow, version, shift, bin_shift;
    } kmc_tables;
    typedef struct {                  /* a site near an event */
        int32_t row, lane;            /* from the anchor to its rows and lanes */
        int32_t end;                  /* of its entries */
    } kmc_near;
    typedef struct {
        int32_t *row;                 /* of the anchor, or of site 0 */
        int16_t *lane;                /* likewise */
        const int16_t *table;
        const int32_t *entries, *difference;
        int64_t n_blocks;
        uint32_t n_sites;
    } kmc_surroundings;

    /* bring rows and lanes of near sites up to date; entries are as in `EventLists`. The first three are known to the
       compiler. Sites are given where a boundary is near */
    KMC_WRITTEN_IN void kmc_shift(int n_lanes, int is_steady, int is_inner, const kmc_surroundings* all,
                                  const kmc_near* near, const int32_t* entry, int n, const uint32_t* site) {
        const kmc_surroundings on = *all;
        const kmc_near* const last = near + n;
        int c;
        for (; near < last; near++) {
            const int32_t* end = on.entries + near->end;
            const int64_t here = is_inner ? 0 : *site++;
            int32_t* row = on.row + (is_inner ? near->row : here * on.n_blocks);
            int16_t* lane = on.lane + (is_inner ? near->lane : here * n_lanes);
            if (!is_inner && here >= on.n_sites) {
                entry = end;
                continue;
            }
    #ifdef __SSE2__
            __m128i low = _mm_loadu_si128((const __m128i*) lane), high = low;
            if (n_lanes == 16) high = _mm_loadu_si128((const __m128i*) (lane + 8));
    #endif
            for (; entry < end; entry += 4) {
                int64_t before = row[entry[0]], after = before + entry[2];
                const int16_t *come, *go;
                if (!is_steady && entry[1] >= 0)
                    after = before + entry[2] * (int64_t) on.difference[entry[1]]
                            + entry[3] * (int64_t) on.difference[entry[1] + 1];
                row[entry[0]] = (int32_t) after;
                come = on.table + after * n_lanes, go = on.table + before * n_lanes;
    #ifdef __SSE2__
                if (n_lanes <= 16) {
                    low = _mm_add_epi16(low, _mm_sub_epi16(_mm_loadu_si128((const __m128i*) come),
                                                           _mm_loadu_si128((const __m128i*) go)));
                    if (n_lanes == 16)
                        high = _mm_add_epi16(high, _mm_sub_epi16(_mm_loadu_si128((const __m128i*) (come + 8)),
                                                                 _mm_loadu_si128((const __m128i*) (go + 8))));
                    continue;
                }
    #endif
                for (c = 0; c < n_lanes; c++) lane[c] = (int16_t) (lane[c] + come[c] - go[c]);
            }
    #ifdef __SSE2__
            if (n_lanes <= 16) _mm_storeu_si128((__m128i*) lane, low);
            if (n_lanes == 16) _mm_storeu_si128((__m128i*) (lane + 8), high);
    #endif
        }
    }
    /* energy change of a rule, nearly [units] */
    KMC_WRITTEN_IN int32_t kmc_nearly(const kmc_lanes* rule, const int16_t* lane) {
        return rule->sign_first * lane[rule->first] + rule->sign_second * lane[rule->second];
    }
    /* whether all rules of a slow site keep to their parts of the lowest bound */
    KMC_WRITTEN_IN int kmc_keeps(const kmc_tables* on, const kmc_class* known, uint32_t site) {
        const int16_t* lane = on->lane + site * on->n_lanes;
        const kmc_check* check = on->check + known->first_check;
        const kmc_check* end = check + known->n_checks;
        int32_t left = 0;
        for (; check < end; check += 4) {
            left |= kmc_nearly(on->rule + check[0].rule, lane) - check[0].threshold;
            left |= kmc_nearly(on->rule + check[1].rule, lane) - check[1].threshold;
            left |= kmc_nearly(on->rule + check[2].rule, lane) - check[2].threshold;
            left |= kmc_nearly(on->rule + check[3].rule, lane) - check[3].threshold;
        }
        return left >= 0;
    }
    /* anchors around an event that are not known to keep to the lowest bound: they are listed, their number is returned */
    KMC_WRITTEN_IN int kmc_outgrown(const kmc_tables* all, const int32_t* step, int n, uint32_t site, uint32_t* found) {
        const kmc_tables on = *all;
        const int32_t* end = step + n;
        uint32_t* last = found;
        for (; step < end; step++) {
            const uint32_t each = site + (uint32_t) *step;
            int keeps = 0;
            if (on.is_slow[each] == 1) {
                const kmc_class* known = on.known + ((on.is_narrow ? ((const uint32_t*) on.record)[each]
                                                      : ((const uint64_t*) on.record)[each]) >> on.place_bits);
                keeps = known->rated == on.version && known->n_checks && kmc_keeps(&on, known, each);
            }
            *last = each;
            last += !keeps;
        }
        return (int) (last - found);
    }
    /* rate constant of an entry from above, of its energy change nearly; below 0 where factors do not reach so far */
    KMC_WRITTEN_IN double kmc_rate(const kmc_tables* on, const kmc_entry* entry, int64_t change) {
        const int64_t bin = ((change - entry->error) * (INT64_C(1) << on->shift) >> on->bin_shift) + on->n_factors / 2;
        if ((uint64_t) bin >= (uint64_t) on->n_factors) return -1.0;
        return entry->rate * on->factor[entry->factors + bin];
    }
    /* sum of the rate constants of a site from above, and whether it is slow; below 0 where factors do not reach so far */
    KMC_WRITTEN_IN double kmc_sum(const kmc_tables* on, const kmc_class* known, uint32_t site, int* is_slow) {
        const int16_t* lane = on->lane + site * on->n_lanes;
        const kmc_check* check = on->check + known->first_check;
        const kmc_entry* entry = on->entry + known->first;
        const kmc_entry* end = entry + known->n;
        int32_t left = 0;
        double sum = 0.0;
        for (; entry < end; entry++, check++) {
            const int32_t change = kmc_nearly(on->rule + check->rule, lane);
            const double rate = kmc_rate(on, entry, change);
            if (rate < 0.0) return -1.0;
            left |= change - check->threshold;
            sum += rate;
        }
        *is_slow = left >= 0;
        return sum;
    }
    """
    ctypedef struct kmc_lanes:
        int32_t first, second, sign_first, sign_second
    ctypedef struct kmc_check:
        int32_t rule, threshold
    ctypedef struct kmc_entry:
        double rate
        int32_t factors, error
    ctypedef struct kmc_class:
        int32_t rated, first, n, first_check, n_checks, unused
    ctypedef struct kmc_tables:
        const int16_t* lane
        const uint8_t* is_slow
        const void* record
        const kmc_lanes* rule
        const kmc_check* check
        const kmc_entry* entry
        const kmc_class* known
        const double* factor
        int64_t n_lanes, n_factors
        int place_bits, is_narrow, version, shift, bin_shift
    ctypedef struct kmc_near:
        int32_t row, lane, end
    ctypedef struct kmc_surroundings:
        int32_t* row
        int16_t* lane
        const int16_t* table
        const int32_t* entries
        const int32_t* difference
        int64_t n_blocks
        uint32_t n_sites
    void kmc_shift(int n_lanes, bint is_steady, bint is_inner, kmc_surroundings* all, kmc_near* near, int32_t* entry,
                   int n, uint32_t* site) noexcept nogil
    int32_t kmc_nearly(kmc_lanes* rule, int16_t* lane) noexcept nogil
    int kmc_keeps(kmc_tables* on, kmc_class* known, uint32_t site) noexcept nogil
    int kmc_outgrown(kmc_tables* all, int32_t* step, int n, uint32_t site, uint32_t* found) noexcept nogil
    double kmc_rate(kmc_tables* on, kmc_entry* entry, int64_t change) noexcept nogil
    double kmc_sum(kmc_tables* on, kmc_class* known, uint32_t site, int* is_slow) noexcept nogil
