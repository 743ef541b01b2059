/* SPDX-License-Identifier: BSD-3-Clause
   What is kept of sites, and how the rules of a site are rated by it; loops over the sites around an event are in follow.h.

   GCC and Clang know vectors, which they make of what instructions a machine has. Picking numbers out of a vector by a
   table is another matter: AVX2, which is asked for when the program runs, does it for eight rules at once. Plain loops
   stand beside that for other machines, and give the same numbers. */
#ifndef KMC_KERNELS_H
#define KMC_KERNELS_H
#include <stdint.h>
#include <string.h>
#define KMC_WRITTEN_IN static inline __attribute__((always_inline))
#define KMC_APART static __attribute__((noinline))
#ifdef __x86_64__
#include <immintrin.h>
#define KMC_AVX2 __attribute__((target("avx2")))
#define KMC_HAS_AVX2 (__builtin_cpu_supports("avx2") != 0)
#else
#define KMC_HAS_AVX2 0
#endif
#define KMC_AT_ONCE 8             /* rules of a line, and lanes of the smallest vector */
#define KMC_MOST_LANES 256
#define KMC_MOST_KNOWN 5          /* posts in loops that know their number */
#define KMC_IS_KNOWN(n) (__builtin_constant_p(n) && (n) <= KMC_MOST_KNOWN)
#define KMC_SLOW 2                /* what a note says: in the list of the lowest bound, */
#define KMC_FAST 1                /* or in another one; the rest of it is where the class's line is */
#define KMC_UNNOTED 1             /* a note that says nothing */
#define KMC_STATES 3
typedef struct {                  /* the end of what is kept of a site: its record, which starts with its lanes */
    int32_t note;                 /* how it is to be looked at */
    int16_t group;                /* its list; -1 = none */
    uint8_t is_slow;              /* 1 = in the list of the lowest bound, 2 = in that of an earlier one */
    uint8_t unused;
} kmc_site;
typedef struct {                  /* a row that an event changes: where it is in a record, and by how much [lanes] */
    int32_t at, change;
} kmc_entry;
typedef struct {                  /* near sites that have so many of them */
    int32_t n_rows, n_sites;
} kmc_run;
typedef struct {                  /* an anchor that has lanes about a site, from there where no boundary is near [bytes] */
    int64_t step, vector;         /* and the vector that they are in */
} kmc_post;
typedef struct {                  /* what the events of a rule do, see `EventArrays` */
    const kmc_run* run;
    const kmc_entry* entry;
    const int64_t *near, *told;   /* from the record of its anchor to others [bytes], where no boundary is near */
    const uint32_t *near_site, *told_site;  /* elsewhere these sites */
    const uint16_t* posted_to;    /* which of the told anchors each post of each near site is */
    int n_runs, n_told;
    int is_mixed;                 /* entries depend on what stood there before */
    int is_inner;                 /* no boundary is near */
    uint32_t site;                /* the anchor */
} kmc_event;
typedef struct {                  /* a rule of a class: its energy change as two lanes with their signs */
    int16_t lane[2], sign[2];
    int16_t error;                /* how far they can be from it [units] */
    int16_t threshold;            /* from which on it keeps to its part of the bound [units] */
    int32_t factors;              /* where its factor for no energy change is */
    double rate;                  /* rate constant [1/s] */
} kmc_rule;
typedef struct {                  /* the same of all rules of a line */
    double rate[KMC_AT_ONCE];
    int32_t factors[KMC_AT_ONCE];
    int16_t error[KMC_AT_ONCE], unused[KMC_AT_ONCE];
} kmc_rates;
typedef struct {                  /* what is known of a class */
    int32_t rated;                /* for which lowest bound its rules and lines are; 0 = none */
    int32_t first, n;             /* its entries */
    int32_t line;                 /* its first line, and with eight for each its first rule; 0 = none yet */
    int32_t note;                 /* for its sites; 0 where lanes do not tell of all its rules */
} kmc_class;
typedef struct {                  /* up to eight rules of a class, for all at once */
    int32_t n_lines, first, n;    /* lines and rules of the class, and its first rule */
    int32_t unused;
    int16_t threshold[KMC_AT_ONCE];
    int16_t sign[KMC_AT_ONCE][2];
    uint8_t pick[];               /* where the bytes of both lanes of each are, in every eight lanes; 128 = elsewhere */
} kmc_line;
typedef struct {                  /* an anchor that is not known to be in the right list */
    uint32_t site;
    uint32_t is_slow;             /* all rules keep to their parts */
    double sum;                   /* of its rate constants from above [1/s]; -1 = not known */
} kmc_asked;
typedef struct kmc_tables kmc_tables;
typedef int (*kmc_follow_t)(const kmc_tables*, const kmc_event*, kmc_asked*);
struct kmc_tables {               /* what is looked up, all arrays from their start */
    char* record;
    int64_t record_size;
    const int16_t* table;         /* what rows add to lanes */
    const kmc_post* post;
    const int16_t* mask;          /* which lanes of its vector each post is for */
    int32_t (*change)[KMC_AT_ONCE];  /* energy changes of the rules of each anchor that it tells [units] */
    uint32_t* answer;             /* twice those rules, as bits, that do not keep to their parts, and 1 if it is fast */
    const char* line;
    int64_t line_size;
    const kmc_rule* rule;
    const kmc_rates* rates;       /* of each line */
    const double *factor, *bound;
    double loose;
    uint32_t n_sites;
    int bin_shift, n_lanes, n_posts;
    int has_many;                 /* classes with more than one line */
    int is_plain;                 /* no AVX2 */
    kmc_follow_t follow;          /* loops for this mechanism */
};

KMC_WRITTEN_IN kmc_site* kmc_site_in(const kmc_tables* on, const char* record) {
    return (kmc_site*) (record + on->record_size) - 1;
}
KMC_WRITTEN_IN kmc_site* kmc_site_at(const kmc_tables* on, uint64_t site) {
    return kmc_site_in(on, on->record + site * on->record_size);
}
KMC_WRITTEN_IN int16_t* kmc_lanes_at(const kmc_tables* on, uint64_t site) {
    return (int16_t*) (on->record + site * on->record_size);
}
KMC_WRITTEN_IN const kmc_line* kmc_line_of(const kmc_tables* on, int32_t note) {
    return (const kmc_line*) (on->line + ((uint32_t) note & ~(uint32_t) KMC_STATES));
}
/* one number or another, without a branch: which of them cannot be foreseen */
KMC_WRITTEN_IN double kmc_either(int is_first, double first, double second) {
    uint64_t a, b;
    memcpy(&a, &first, sizeof a);
    memcpy(&b, &second, sizeof b);
    b ^= (a ^ b) & (0 - (uint64_t) (is_first != 0));
    memcpy(&second, &b, sizeof b);
    return second;
}
/* energy change of a rule, nearly [units] */
KMC_WRITTEN_IN int kmc_nearly(const kmc_rule* rule, const int16_t* lane) {
    return rule->sign[0] * lane[rule->lane[0]] + rule->sign[1] * lane[rule->lane[1]];
}
/* whether any rule of a site does not keep to its part of the lowest bound */
KMC_WRITTEN_IN int kmc_outgrown(const kmc_rule* rule, int n, const int16_t* lane) {
    const kmc_rule* end = rule + n;
    int found = 0;
    for (; rule < end; rule++) found |= kmc_nearly(rule, lane) < rule->threshold;
    return found;
}
/* rate constant of a rule from above, of its energy change nearly less its error */
KMC_WRITTEN_IN double kmc_rate(const kmc_rule* rule, int least, const double* factor, int bin_shift) {
    return rule->rate * factor[rule->factors + (least >> bin_shift)];
}
/* whether a number is below n times the rate constant of a rule: 0, 1, or -1 where its lanes do not tell */
KMC_WRITTEN_IN int kmc_is_below(const kmc_tables* on, const kmc_rule* rule, const int16_t* lane, double u, double n) {
    const double* factor = on->factor + rule->factors;
    const int change = kmc_nearly(rule, lane), bin = ((change + rule->error) >> on->bin_shift) + 1;
    const double rate = n * rule->rate;
    if (u >= rate * factor[(change - rule->error) >> on->bin_shift]) return 0;
    return bin < 1 << (15 - on->bin_shift) && u < rate * (1.0 - 1e-11) * factor[bin] ? 1 : -1;
}
/* sum of the rate constants of a site from above; up to eight are added in the order of those that are told, to the same
   bits */
KMC_WRITTEN_IN double kmc_sum(const kmc_rule* rule, int n, const int16_t* lane, const double* factor, int bin_shift) {
    double part[KMC_AT_ONCE] = {0.0}, sum = 0.0;
    int k;
    for (k = 0; k < n; k++) {
        const double rate = kmc_rate(rule + k, kmc_nearly(rule + k, lane) - rule[k].error, factor, bin_shift);
        if (n <= KMC_AT_ONCE) part[k] = rate;
        else sum += rate;
    }
    if (n <= KMC_AT_ONCE) sum = part[0] + part[1] + (part[2] + part[3]);
    if (n > 4 && n <= KMC_AT_ONCE) sum += part[4] + part[5] + (part[6] + part[7]);
    return sum;
}
/* the same of the energy changes of a line's rules, of which it is known where their factors are */
KMC_WRITTEN_IN double kmc_sum_told(const kmc_rates* rates, int n, const int32_t* at, const double* factor) {
    double sum;
#define KMC_RATE(k) rates->rate[k] * factor[at[k]]
    sum = KMC_RATE(0) + KMC_RATE(1) + (KMC_RATE(2) + KMC_RATE(3));
    if (n > 4) sum += KMC_RATE(4) + KMC_RATE(5) + (KMC_RATE(6) + KMC_RATE(7));
#undef KMC_RATE
    return sum;
}
KMC_WRITTEN_IN void kmc_find_factors_plain(const kmc_tables* on, const kmc_rule* rule, const kmc_rates* rates,
                                           const int16_t* lane, const int32_t* change, int32_t* at) {
    int k;
    for (k = 0; k < KMC_AT_ONCE; k++)
        at[k] = rates->factors[k] + ((kmc_nearly(rule + k, lane) - rates->error[k]) >> on->bin_shift);
}
/* which of the next anchors, up to 64, are fast or do not keep to their bounds */
KMC_WRITTEN_IN uint64_t kmc_find_asked_plain(const uint32_t* answer, int n) {
    uint64_t found = 0;
    int i;
    for (i = 0; i < n; i++) found |= (uint64_t) (answer[i] != 0) << i;
    return found;
}
/* whether rules do not keep to their parts; energy changes are worked out again for the few anchors where it matters */
KMC_WRITTEN_IN uint32_t kmc_ask_plain(int n_lanes, int has_many, const kmc_tables* on, const kmc_line* line,
                                      const int16_t* lane, int32_t* change) {
    return (uint32_t) kmc_outgrown(on->rule + line->first, line->n, lane);
}
#ifdef KMC_AVX2
/* which rules do not keep to their parts, with the energy changes of all if they are one line */
KMC_AVX2 KMC_WRITTEN_IN uint32_t kmc_ask_avx2(int n_lanes, int has_many, const kmc_tables* on, const kmc_line* line,
                                              const int16_t* lane, int32_t* change) {
    int left = has_many ? line->n_lines : 1, v;
    uint32_t found = 0;
    for (;;) {
        const __m256i sign = _mm256_loadu_si256((const __m256i*) line->sign), *pick = (const __m256i*) line->pick;
        __m256i picked = _mm256_setzero_si256(), energy;
        if (n_lanes == KMC_AT_ONCE)
            picked = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i*) lane)),
                                         _mm256_loadu_si256(pick));
        for (v = 0; v < n_lanes / 16; v++) {
            const __m256i here = _mm256_loadu_si256((const __m256i*) lane + v);
            picked = _mm256_or_si256(picked, _mm256_or_si256(
                _mm256_shuffle_epi8(_mm256_permute4x64_epi64(here, 0x44), _mm256_loadu_si256(pick + 2 * v)),
                _mm256_shuffle_epi8(_mm256_permute4x64_epi64(here, 0xee), _mm256_loadu_si256(pick + 2 * v + 1))));
        }
        energy = _mm256_madd_epi16(picked, sign);
        found |= (uint32_t) _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(
            _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i*) line->threshold)), energy)));
        if (!has_many || --left <= 0) {
            _mm256_storeu_si256((__m256i*) change, energy);
            return found;
        }
        line = (const kmc_line*) ((const char*) line + on->line_size);
    }
}
KMC_AVX2 KMC_WRITTEN_IN void kmc_find_factors_avx2(const kmc_tables* on, const kmc_rule* rule, const kmc_rates* rates,
                                                   const int16_t* lane, const int32_t* change, int32_t* at) {
    const __m256i least = _mm256_sub_epi32(_mm256_loadu_si256((const __m256i*) change),
                                           _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i*) rates->error)));
    _mm256_storeu_si256((__m256i*) at, _mm256_add_epi32(_mm256_loadu_si256((const __m256i*) rates->factors),
                                                       _mm256_sra_epi32(least, _mm_cvtsi32_si128(on->bin_shift))));
}
KMC_AVX2 KMC_WRITTEN_IN uint64_t kmc_find_asked_avx2(const uint32_t* answer, int n) {
    uint64_t kept = 0;
    int i;
    for (i = 0; i < n; i += KMC_AT_ONCE)
        kept |= (uint64_t) (uint32_t) _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(
            _mm256_loadu_si256((const __m256i*) (answer + i)), _mm256_setzero_si256()))) << i;
    return ~kept & (~(uint64_t) 0 >> (64 - n));
}
#endif
#define KMC_JOIN(name, part) name##_##part
#define KMC_JOINED(name, part) KMC_JOIN(name, part)
#define KMC_BY(name) KMC_JOINED(name, KMC_SET)
#define KMC_OF(name) KMC_JOINED(KMC_BY(name), KMC_WIDTH)
#define KMC_SET plain
#define KMC_IS_FAST 0
#define KMC_TARGET
#define KMC_WIDTH 8
#include "follow.h"
#undef KMC_WIDTH
#define KMC_WIDTH 16
#include "follow.h"
#undef KMC_WIDTH
#ifdef KMC_AVX2
#undef KMC_SET
#undef KMC_IS_FAST
#undef KMC_TARGET
#define KMC_SET avx2
#define KMC_IS_FAST 1
#define KMC_TARGET KMC_AVX2
#define KMC_WIDTH 8
#include "follow.h"
#undef KMC_WIDTH
#define KMC_WIDTH 16
#include "follow.h"
#endif
/* loops that bring the lanes of anchors around an event up to date, and return those anchors that are not known to be in the
   right list; to be chosen anew when more is known of a mechanism */
static inline kmc_follow_t kmc_loops_for(const kmc_tables* all) {
    const int is_small = all->n_lanes == KMC_AT_ONCE;
#ifdef KMC_AVX2
    if (!all->is_plain) return is_small ? kmc_loops_for_avx2_8(all) : kmc_loops_for_avx2_16(all);
#endif
    return is_small ? kmc_loops_for_plain_8(all) : kmc_loops_for_plain_16(all);
}
#endif
