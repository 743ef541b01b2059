# SPDX-License-Identifier: BSD-3-Clause
"""Loops over lanes in C: constants that the compiler writes in, and numbers that it works on at once.

Of 16-bit numbers SSE2, which every x86-64 has, takes eight in an instruction; a plain loop stands beside it for other
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
    typedef struct {                  /* from the anchor to a row and to lanes, and what is added to the row */
        int32_t row, lane, step;
    } kmc_change;
    typedef struct {                  /* up to four rules of a class with a lane in common */
        int32_t first, second[4];     /* where it and the others are, from the lanes of the anchor, no boundary near */
        int32_t n;                    /* rules; the rest have no rate */
        int16_t sign[8];              /* of the first lane in each rule, and of the second ones */
        int16_t threshold[4];         /* energy changes from which on they keep to their parts of the bound [units] */
        int16_t error[4];             /* how far lanes can be from their energy changes [units] */
        int64_t unused;
    } kmc_four;
    typedef struct {                  /* their rates */
        int32_t factors[4];           /* where their factors are */
        double rate[4];               /* rate constants [1/s] */
    } kmc_rates;
    typedef struct {                  /* what is known of a class */
        int32_t rated;                /* for which lowest bound its fours are; 0 = none */
        int32_t first, n;             /* its entries */
        int32_t first_four, n_fours;  /* its fours */
        int32_t note;                 /* for its fast sites; 0 where lanes do not tell of all its rules */
    } kmc_class;
    typedef struct {                  /* what is looked up, all arrays from their start */
        const int16_t *lane, *group_of;
        const kmc_four *four;
        const kmc_rates *rates;
        const double *factor, *bound;
        double loose;
        int bin_shift;
    } kmc_tables;

    /* the note that stands in the last two lanes of a site, here by the end of them */
    KMC_WRITTEN_IN int32_t kmc_note_of(const int16_t* end) {
        int32_t note;
        memcpy(&note, end - 2, sizeof note);
        return note;
    }
    KMC_WRITTEN_IN void kmc_note(int16_t* end, int32_t note) {
        memcpy(end - 2, &note, sizeof note);
    }
    /* a note: the first four of a site's class, their number, and whether it is slow; 0 where this does not fit */
    KMC_WRITTEN_IN int32_t kmc_note_for(int first_four, int n_fours) {
        return n_fours < 32 && first_four < (1 << 25) ? first_four << 6 | n_fours << 1 : 0;
    }
    KMC_WRITTEN_IN int kmc_first_four(int32_t note) { return note >> 6; }
    KMC_WRITTEN_IN int kmc_n_fours(int32_t note) { return note >> 1 & 31; }

    /* bring rows and lanes up to date; the first number is known to the compiler */
    KMC_WRITTEN_IN void kmc_shift(int n_lanes, const kmc_change* change, int n, int32_t* row, int16_t* lane,
                                  const int16_t* table) {
        const kmc_change* end = change + n;
        for (; change < end; change++) {
            const int64_t before = row[change->row], after = before + change->step;
            int16_t* sum = lane + change->lane;
            int c;
            row[change->row] = (int32_t) after;
    #ifdef __SSE2__
            for (c = 0; c < n_lanes; c += 8)
                _mm_storeu_si128((__m128i*) (sum + c), _mm_add_epi16(_mm_loadu_si128((const __m128i*) (sum + c)),
                    _mm_sub_epi16(_mm_loadu_si128((const __m128i*) (table + after + c)),
                                  _mm_loadu_si128((const __m128i*) (table + before + c)))));
    #else
            for (c = 0; c < n_lanes; c++) sum[c] = (int16_t) (sum[c] + table[after + c] - table[before + c]);
    #endif
        }
    }
    /* the same where the sites are written down; entries are their number, the block, and what is added to the row */
    KMC_WRITTEN_IN void kmc_shift_at(int n_lanes, const int32_t* entry, int n, const uint32_t* site, uint32_t n_sites,
                                     const int32_t* step, int32_t* row, int n_blocks, int16_t* lane,
                                     const int16_t* table) {
        const int32_t* end = step + n;
        for (; step < end; step++, entry += 5) {
            const uint64_t here = site[entry[0]];
            const kmc_change change = {entry[1], 0, *step};
            if (here < n_sites) kmc_shift(n_lanes, &change, 1, row + here * n_blocks, lane + here * n_lanes, table);
        }
    }
    #ifdef __SSE2__
    /* energy changes of four rules, nearly [units] */
    KMC_WRITTEN_IN __m128i kmc_lanes_from(const int16_t* lane) {
        int32_t two;
        memcpy(&two, lane, sizeof two);
        return _mm_cvtsi32_si128(two);
    }
    KMC_WRITTEN_IN __m128i kmc_four_changes(const kmc_four* four, const int16_t* lane) {
        const __m128i first = _mm_shufflelo_epi16(kmc_lanes_from(lane + four->first), 0), second = _mm_unpacklo_epi32(
            _mm_unpacklo_epi16(kmc_lanes_from(lane + four->second[0]), kmc_lanes_from(lane + four->second[1])),
            _mm_unpacklo_epi16(kmc_lanes_from(lane + four->second[2]), kmc_lanes_from(lane + four->second[3])));
        return _mm_add_epi16(_mm_mullo_epi16(first, _mm_loadl_epi64((const __m128i*) four->sign)),
                             _mm_mullo_epi16(second, _mm_loadl_epi64((const __m128i*) (four->sign + 4))));
    }
    #endif
    /* energy change of one of them */
    KMC_WRITTEN_IN int kmc_nearly(const kmc_four* four, int k, const int16_t* lane) {
        return four->sign[k] * lane[four->first] + four->sign[k + 4] * lane[four->second[k]];
    }
    /* bits of the rules of a site that do not keep to their parts of the lowest bound */
    KMC_WRITTEN_IN unsigned kmc_outgrown(const kmc_four* four, int n, const int16_t* lane) {
        const kmc_four* end = four + n;
    #ifdef __SSE2__
        __m128i found = _mm_setzero_si128();
        for (; four < end; four++)
            found = _mm_or_si128(found, _mm_cmplt_epi16(kmc_four_changes(four, lane),
                                                        _mm_loadl_epi64((const __m128i*) four->threshold)));
        return (unsigned) _mm_movemask_epi8(found) & 0xff;
    #else
        int found = 0, k;
        for (; four < end; four++)
            for (k = 0; k < 4; k++) found |= kmc_nearly(four, k, lane) < four->threshold[k];
        return (unsigned) found;
    #endif
    }
    /* rate constant of a rule from above, of its energy change nearly less its error */
    KMC_WRITTEN_IN double kmc_rate(const kmc_rates* rates, int k, int least, const double* factor, int bin_shift) {
        return rates->rate[k] * factor[rates->factors[k] + ((least + 32768) >> bin_shift)];
    }
    /* sum of the rate constants of a site from above */
    KMC_WRITTEN_IN double kmc_sum(const kmc_four* four, const kmc_rates* rates, int n, const int16_t* lane,
                                  const double* factor, int bin_shift) {
        const kmc_four* end = four + n;
        double sum = 0.0, other = 0.0;
        for (; four < end; four++, rates++) {
    #ifdef __SSE2__
            const __m128i least = _mm_sub_epi16(kmc_four_changes(four, lane),
                                                _mm_loadl_epi64((const __m128i*) four->error));
            const __m128i bin = _mm_srl_epi16(_mm_add_epi16(least, _mm_set1_epi16(-32768)),
                                              _mm_cvtsi32_si128(bin_shift));
            sum += rates->rate[0] * factor[rates->factors[0] + _mm_extract_epi16(bin, 0)];
            other += rates->rate[1] * factor[rates->factors[1] + _mm_extract_epi16(bin, 1)];
            sum += rates->rate[2] * factor[rates->factors[2] + _mm_extract_epi16(bin, 2)];
            other += rates->rate[3] * factor[rates->factors[3] + _mm_extract_epi16(bin, 3)];
    #else
            sum += kmc_rate(rates, 0, kmc_nearly(four, 0, lane) - four->error[0], factor, bin_shift);
            other += kmc_rate(rates, 1, kmc_nearly(four, 1, lane) - four->error[1], factor, bin_shift);
            sum += kmc_rate(rates, 2, kmc_nearly(four, 2, lane) - four->error[2], factor, bin_shift);
            other += kmc_rate(rates, 3, kmc_nearly(four, 3, lane) - four->error[3], factor, bin_shift);
    #endif
        }
        return sum + other;
    }
    /* anchors that are not known to be in the right list: they are written down, with the sums of rate constants of
       fast ones, and -1 for others; their number is returned. Sites are counted from one; the first number is known to
       the compiler */
    KMC_WRITTEN_IN int kmc_astray(int lane_bits, const kmc_tables* all, const uint32_t* step, int n, uint32_t from,
                                  uint32_t* found, double* sums) {
        const kmc_tables on = *all;
        const uint32_t* end = step + n;
        uint32_t* last = found;
        for (; step < end; step++) {
            const uint64_t site = from + *step;
            const int16_t* lane = on.lane + (site << lane_bits);
            const int32_t note = kmc_note_of(lane + (1 << lane_bits));
            const kmc_four* four = on.four + kmc_first_four(note);
            *last = (uint32_t) site;
            sums[last - found] = -1.0;
            if (note == 0)
                last++;
            else if (note & 1)
                last += kmc_outgrown(four, kmc_n_fours(note), lane) != 0;
            else {
                const double bound = on.bound[on.group_of[site]];
                const double sum = kmc_sum(four, on.rates + kmc_first_four(note), kmc_n_fours(note), lane, on.factor,
                                           on.bin_shift);
                sums[last - found] = sum;
                last += !(bound * on.loose <= sum && sum <= bound);
            }
        }
        return (int) (last - found);
    }
    """
    ctypedef struct kmc_change:
        int32_t row, lane, step
    ctypedef struct kmc_four:
        int32_t first
        int32_t second[4]
        int32_t n
        int16_t sign[8]
        int16_t threshold[4]
        int16_t error[4]
    ctypedef struct kmc_rates:
        int32_t factors[4]
        double rate[4]
    ctypedef struct kmc_class:
        int32_t rated, first, n, first_four, n_fours, note
    ctypedef struct kmc_tables:
        const int16_t* lane
        const int16_t* group_of
        const kmc_four* four
        const kmc_rates* rates
        const double* factor
        const double* bound
        double loose
        int bin_shift
    int32_t kmc_note_of(int16_t* end) noexcept nogil
    void kmc_note(int16_t* end, int32_t note) noexcept nogil
    int32_t kmc_note_for(int first_four, int n_fours) noexcept nogil
    void kmc_shift(int n_lanes, kmc_change* change, int n, int32_t* row, int16_t* lane, int16_t* table) noexcept nogil
    void kmc_shift_at(int n_lanes, int32_t* entry, int n, uint32_t* site, uint32_t n_sites, int32_t* step, int32_t* row,
                      int n_blocks, int16_t* lane, int16_t* table) noexcept nogil
    int kmc_nearly(kmc_four* four, int k, int16_t* lane) noexcept nogil
    uint32_t kmc_outgrown(kmc_four* four, int n, int16_t* lane) noexcept nogil
    double kmc_rate(kmc_rates* rates, int k, int least, double* factor, int bin_shift) noexcept nogil
    double kmc_sum(kmc_four* four, kmc_rates* rates, int n, int16_t* lane, double* factor, int bin_shift) noexcept nogil
    int kmc_astray(int lane_bits, kmc_tables* all, uint32_t* step, int n, uint32_t start, uint32_t* found,
                   double* sums) noexcept nogil
