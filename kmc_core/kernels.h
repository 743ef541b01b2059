/* SPDX-License-Identifier: BSD-3-Clause
   Loops over what is kept of sites: constants that the compiler writes in, and numbers that it works on at once.

   Of 16-bit numbers SSE2, which every x86-64 has, takes eight in an instruction. Picking them by a table needs more; AVX,
   which is asked for when the program runs, has that, and instructions of three operands besides. Plain loops stand
   beside both for other machines, and give the same numbers. */
#ifndef KMC_KERNELS_H
#define KMC_KERNELS_H
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
#if defined(__GNUC__) && defined(__SSE2__)
#include <immintrin.h>
#define KMC_APART __attribute__((noinline))
#define KMC_AVX __attribute__((target("avx")))
#define KMC_HAS_AVX (__builtin_cpu_supports("avx") != 0)
#else
#define KMC_HAS_AVX 0
#endif
#define KMC_AT_ONCE 8             /* rules of a line, and lanes of a vector */
#define KMC_MOST_VECTORS 32
#define KMC_MOST_LINKS 256        /* of all vectors */
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
typedef struct {                  /* what an anchor takes: into which vector, by which mask, from where in `added` */
    uint16_t vector, mask, added;
} kmc_link;
typedef struct {                  /* what an event does, see `EventArrays` */
    const kmc_run* run;
    const kmc_entry* entry;
    const int64_t *near, *told;   /* from the record of its anchor to others [bytes], where no boundary is near */
    const uint32_t *near_site, *told_site;  /* elsewhere these sites */
    const uint16_t* link;
    const kmc_link* sparse;       /* the same, those that lead somewhere: for all loops but those written out below */
    const int32_t* sparse_ptr;    /* where those of each anchor start */
    int n_runs, n_told;
    int is_inner;                 /* no boundary is near */
    int is_narrow;                /* a site may be told twice, as the box is narrower than what events reach; never inner */
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
    int16_t sign[2][KMC_AT_ONCE];
    int16_t threshold[KMC_AT_ONCE];
    uint8_t pick[];               /* where the bytes of both lanes are, for each vector of a site; 128 = elsewhere */
} kmc_line;
typedef struct {                  /* what is looked up, all arrays from their start */
    char* record;
    int64_t record_size;
    const int16_t* table;         /* what rows add to lanes */
    const int16_t* mask;          /* of all links of an anchor, as many for each vector of its lanes */
    int16_t* added;               /* what an event adds to the lanes about each near site; nothing in the first row */
    const char* line;
    int64_t line_size;
    const kmc_rule* rule;
    const kmc_rates* rates;       /* of each line */
    const double *factor, *bound;
    double loose;
    uint32_t n_sites;
    int bin_shift, n_vectors, n_links;
    int has_many;                 /* classes with more than one line */
    int is_plain;                 /* no AVX */
} kmc_tables;
typedef struct {                  /* an anchor that has been asked */
    int16_t change[KMC_AT_ONCE];  /* energy changes of its rules [units] */
    uint32_t site;                /* which of the told ones it is, then the site */
    uint32_t outgrown;            /* not 0 where rules do not keep to their parts */
    double sum;                   /* of its rate constants from above [1/s]; -1 = not known */
} kmc_asked;

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
    return (const kmc_line*) (on->line + (note & ~KMC_STATES));
}
#ifdef __SSE2__
KMC_WRITTEN_IN __m128i kmc_at(const int16_t* lane, int v) { return _mm_loadu_si128((const __m128i*) lane + v); }
typedef __m128i kmc_vector;
#else
typedef struct { int16_t lane[KMC_AT_ONCE]; } kmc_vector;
#endif
/* change so many rows of a site, and add up what this does to lanes; the first numbers may be known to the compiler */
KMC_WRITTEN_IN void kmc_turn(int n_vectors, int n_rows, char* record, const kmc_entry* entry, const int16_t* table,
                             kmc_vector* sum) {
    int k, v;
    for (k = 0; k < n_rows; k++) {
        int32_t* row = (int32_t*) (record + entry[k].at);
        const int64_t before = *row, after = before + entry[k].change;
        *row = (int32_t) after;
#ifdef __SSE2__
        for (v = 0; v < n_vectors; v++)
            sum[v] = _mm_add_epi16(sum[v], _mm_sub_epi16(kmc_at(table + after, v), kmc_at(table + before, v)));
#else
        for (v = 0; v < n_vectors * KMC_AT_ONCE; v++)
            sum[v / KMC_AT_ONCE].lane[v % KMC_AT_ONCE] += table[after + v] - table[before + v];
#endif
    }
}
/* bring near sites with so many rows up to date, and write down what this adds to the lanes about them; returns the
   entries that come next. Sites beyond a wall have none */
KMC_WRITTEN_IN const kmc_entry* kmc_shift_run(int n_vectors, int is_inner, int n_rows, const kmc_tables* on,
                                              const kmc_event* event, int first, int n_sites,
                                              const kmc_entry* entry) {
    const kmc_tables all = *on;
    char* anchor = all.record + event->site * all.record_size;
    kmc_vector* added = (kmc_vector*) all.added + (first + 1) * n_vectors;
    const int last = first + n_sites;
    int i, v;
    for (i = first; i < last; i++, entry += n_rows, added += n_vectors) {
        kmc_vector sum[KMC_MOST_VECTORS];
        memset(sum, 0, n_vectors * sizeof sum[0]);
        if (is_inner)
            kmc_turn(n_vectors, n_rows, anchor + event->near[i], entry, all.table, sum);
        else if (event->near_site[i] < all.n_sites)
            kmc_turn(n_vectors, n_rows, all.record + event->near_site[i] * all.record_size, entry, all.table, sum);
        for (v = 0; v < n_vectors; v++) added[v] = sum[v];
    }
    return entry;
}
KMC_WRITTEN_IN void kmc_shift(int n_vectors, int is_inner, const kmc_tables* on, const kmc_event* event) {
    const kmc_run *run = event->run, *end = run + event->n_runs;
    const kmc_entry* entry = event->entry;
    int first = 0;
    for (; run < end; first += run++->n_sites) {
#define KMC_SHIFT(n_rows) \
        entry = kmc_shift_run(n_vectors, is_inner, n_rows, on, event, first, run->n_sites, entry)
        if (run->n_rows == 1) KMC_SHIFT(1);
        else if (run->n_rows == 2) KMC_SHIFT(2);
        else if (run->n_rows == 3) KMC_SHIFT(3);
        else KMC_SHIFT(run->n_rows);
#undef KMC_SHIFT
    }
}
/* add to the lanes of an anchor what is about their sites */
KMC_WRITTEN_IN void kmc_gather(int n_vectors, int n_links, char* record, const kmc_vector* mask,
                               const uint16_t* link, const int16_t* added, kmc_vector* lane) {
    int v, k;
    for (v = 0; v < n_vectors; v++) {
        kmc_vector* here = (kmc_vector*) record + v;
#ifdef __SSE2__
        kmc_vector sum = _mm_loadu_si128(here);
        for (k = v * n_links; k < (v + 1) * n_links; k++)
            sum = _mm_add_epi16(sum, _mm_and_si128(mask[k], kmc_at(added + link[k], 0)));
        if (n_links > 0) _mm_storeu_si128(here, sum);
#else
        kmc_vector sum = *here;
        int i;
        for (k = v * n_links; k < (v + 1) * n_links; k++)
            for (i = 0; i < KMC_AT_ONCE; i++) sum.lane[i] += mask[k].lane[i] & added[link[k] + i];
        *here = sum;
#endif
        lane[v] = sum;
    }
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
/* the same of the energy changes of a line's rules */
KMC_WRITTEN_IN double kmc_sum_told(const kmc_rates* rates, int n, const int16_t* change, const double* factor,
                                   int bin_shift) {
    int16_t bin[KMC_AT_ONCE];
    double sum;
#ifdef __SSE2__
    _mm_storeu_si128((__m128i*) bin, _mm_sra_epi16(_mm_sub_epi16(kmc_at(change, 0), kmc_at(rates->error, 0)),
                                                   _mm_cvtsi32_si128(bin_shift)));
#else
    int k;
    for (k = 0; k < KMC_AT_ONCE; k++) bin[k] = (int16_t) ((change[k] - rates->error[k]) >> bin_shift);
#endif
#define KMC_RATE(k) rates->rate[k] * factor[rates->factors[k] + bin[k]]
    sum = KMC_RATE(0) + KMC_RATE(1) + (KMC_RATE(2) + KMC_RATE(3));
    if (n > 4) sum += KMC_RATE(4) + KMC_RATE(5) + (KMC_RATE(6) + KMC_RATE(7));
#undef KMC_RATE
    return sum;
}
/* whether any rule does not keep to its part, with the energy changes of all if they are one line */
KMC_WRITTEN_IN int kmc_ask_plain(int n_vectors, int has_many, const kmc_tables* on, const kmc_line* line,
                                 const kmc_vector* lanes, int16_t* change) {
    const int16_t* lane = (const int16_t*) lanes;
    const kmc_rule* rule = on->rule + line->first;
    int k;
    for (k = 0; k < KMC_AT_ONCE; k++) change[k] = (int16_t) kmc_nearly(rule + k, lane);
    return kmc_outgrown(rule, line->n, lane);
}
#ifdef KMC_AVX
static inline __attribute__((always_inline, target("avx")))
int kmc_ask_avx(int n_vectors, int has_many, const kmc_tables* on, const kmc_line* line, const kmc_vector* lane,
                int16_t* change) {
    int left = has_many ? line->n_lines : 1, v;
    __m128i found = _mm_setzero_si128();
    for (;;) {
        const int16_t* pick = (const int16_t*) line->pick;
        __m128i first = _mm_shuffle_epi8(lane[0], kmc_at(pick, 0));
        __m128i second = _mm_shuffle_epi8(lane[0], kmc_at(pick, n_vectors));
        for (v = 1; v < n_vectors; v++) {
            first = _mm_or_si128(first, _mm_shuffle_epi8(lane[v], kmc_at(pick, v)));
            second = _mm_or_si128(second, _mm_shuffle_epi8(lane[v], kmc_at(pick, n_vectors + v)));
        }
        first = _mm_add_epi16(_mm_sign_epi16(first, kmc_at(line->sign[0], 0)),
                              _mm_sign_epi16(second, kmc_at(line->sign[1], 0)));
        found = _mm_or_si128(found, _mm_cmpgt_epi16(kmc_at(line->threshold, 0), first));
        if (!has_many || --left <= 0) {
            _mm_storeu_si128((__m128i*) change, first);
            return _mm_movemask_epi8(found);
        }
        line = (const kmc_line*) ((const char*) line + on->line_size);
    }
}
#endif
/* bring the lanes of the anchors up to date that an event tells, and ask which are fast, or not known to be in the list
   of the lowest bound. Without links lanes stay as they are */
#define KMC_ASK(name, attributes, ask) \
    attributes int64_t name(int n_vectors, int n_links, int has_many, int is_inner, int64_t record_size, \
                            const kmc_tables* all, const kmc_event* event, kmc_asked* asked) { \
        const kmc_tables on = *all; \
        char* anchor = on.record + event->site * record_size; \
        const int64_t *told = event->told, end = event->n_told; \
        const uint16_t* link = event->link; \
        kmc_vector mask[KMC_MOST_LINKS], lane[KMC_MOST_VECTORS]; \
        kmc_asked* last = asked; \
        int64_t i; \
        for (i = 0; i < n_vectors * n_links; i++) mask[i] = ((const kmc_vector*) on.mask)[i]; \
        for (i = 0; i < end; i++, link += n_vectors * n_links) { \
            char* record = anchor + told[i]; \
            int32_t note; \
            uint32_t outgrown; \
            if (!is_inner) { \
                if (event->told_site[i] >= on.n_sites) continue; \
                record = on.record + event->told_site[i] * record_size; \
            } \
            note = ((kmc_site*) (record + record_size) - 1)->note; \
            kmc_gather(n_vectors, n_links, record, mask, link, on.added, lane); \
            outgrown = ask(n_vectors, has_many, &on, kmc_line_of(&on, note), lane, last->change); \
            last->site = (uint32_t) i; \
            last->outgrown = outgrown; \
            last += (outgrown | (uint32_t) (note & KMC_FAST)) != 0; \
        } \
        return last - asked; \
    }
/* the first part alone, for all mechanisms but those whose loops are written out, and for narrow boxes: a site that is told
   twice must not be asked before it has got all */
KMC_WRITTEN_IN void kmc_gather_all(const kmc_tables* all, const kmc_event* event) {
    const kmc_tables on = *all;
    const kmc_event of = *event;
    char* anchor = on.record + of.site * on.record_size;
    int i, k;
    for (i = 0; i < of.n_told; i++) {
        char* record = anchor + of.told[i];
        if (!of.is_inner) {
            if (of.told_site[i] >= on.n_sites) continue;
            record = on.record + of.told_site[i] * on.record_size;
        }
        for (k = of.sparse_ptr[i]; k < of.sparse_ptr[i + 1]; k++) {
            kmc_vector* here = (kmc_vector*) record + of.sparse[k].vector;
            const kmc_vector* mask = (const kmc_vector*) on.mask + of.sparse[k].mask;
#ifdef __SSE2__
            _mm_storeu_si128(here, _mm_add_epi16(_mm_loadu_si128(here), _mm_and_si128(
                _mm_loadu_si128(mask), kmc_at(on.added + of.sparse[k].added, 0))));
#else
            int v;
            for (v = 0; v < KMC_AT_ONCE; v++) here->lane[v] += mask->lane[v] & on.added[of.sparse[k].added + v];
#endif
        }
    }
}
/* those of them that are not in the right list, with the sums of their rate constants; their number is returned */
KMC_WRITTEN_IN int kmc_sort_out(const kmc_tables* all, const kmc_event* event, int n, kmc_asked* asked) {
    const kmc_tables on = *all;
    const char* anchor = on.record + event->site * on.record_size;
    const kmc_asked *read = asked, *end = asked + n;
    kmc_asked* last = asked;
    for (; read < end; read++) {
        const uint32_t told = read->site, there = event->told_site[told] + (event->is_inner ? event->site : 0);
        const char* record = event->is_inner ? anchor + event->told[told] : on.record + there * on.record_size;
        const kmc_site* site = kmc_site_in(&on, record);
        double sum = -1.0;
        int stays = 0;
        if (site->note != KMC_UNNOTED) {
            const double bound = on.bound[site->group];
            const kmc_line* line = kmc_line_of(&on, site->note);
            sum = line->n <= KMC_AT_ONCE
                ? kmc_sum_told(on.rates + line->first / KMC_AT_ONCE, line->n, read->change, on.factor, on.bin_shift)
                : kmc_sum(on.rule + line->first, line->n, (const int16_t*) record, on.factor, on.bin_shift);
            stays = ((site->note & KMC_FAST) != 0) & (bound * on.loose <= sum) & (sum <= bound);
        }
        last->outgrown = read->outgrown;
        last->site = there;
        last->sum = sum;
        last += !stays;
    }
    return (int) (last - asked);
}
KMC_ASK(kmc_ask_each, KMC_WRITTEN_IN, kmc_ask_plain)
static int kmc_follow_plain(const kmc_tables* all, const kmc_event* event, kmc_asked* asked) {
    kmc_shift(all->n_vectors, event->is_inner, all, event);
    kmc_gather_all(all, event);
    return (int) kmc_ask_each(all->n_vectors, 0, 1, event->is_inner, all->record_size, all, event, asked);
}
#ifdef KMC_AVX
KMC_ASK(kmc_ask_all, static inline __attribute__((always_inline)) KMC_AVX, kmc_ask_avx)
#define KMC_FOLLOW(name, n_vectors, n_links, has_many, is_inner, record_size) \
    KMC_AVX KMC_APART static void name##_shift(const kmc_tables* all, const kmc_event* event) { \
        kmc_shift(n_vectors, is_inner, all, event); \
    } \
    KMC_AVX KMC_APART static int name(const kmc_tables* all, const kmc_event* event, kmc_asked* asked) { \
        name##_shift(all, event); \
        if (n_links == 0) kmc_gather_all(all, event); \
        return (int) kmc_ask_all(n_vectors, n_links, has_many, is_inner, record_size, all, event, asked); \
    }
/* the first four for hops and reactions of one and of two adsorbates on a square lattice, where lanes are about the site
   and its four neighbours: five links of one vector, or three of each of two; the others for any mechanism */
KMC_FOLLOW(kmc_follow_1, 1, 5, 0, 1, 64)
KMC_FOLLOW(kmc_follow_2, 2, 3, 0, 1, 64)
KMC_FOLLOW(kmc_follow_1_edge, 1, 5, 0, 0, 64)
KMC_FOLLOW(kmc_follow_2_edge, 2, 3, 0, 0, 64)
KMC_FOLLOW(kmc_follow_1_any, 1, 0, 1, event->is_inner, all->record_size)
KMC_FOLLOW(kmc_follow_2_any, 2, 0, 1, event->is_inner, all->record_size)
KMC_FOLLOW(kmc_follow_4_any, 4, 0, 1, event->is_inner, all->record_size)
KMC_FOLLOW(kmc_follow_8_any, 8, 0, 1, event->is_inner, all->record_size)
KMC_FOLLOW(kmc_follow_any, all->n_vectors, 0, 1, event->is_inner, all->record_size)
#undef KMC_FOLLOW
#endif
/* bring the lanes of anchors around an event up to date; those that are not known to be in the right list */
KMC_WRITTEN_IN int kmc_follow(const kmc_tables* all, const kmc_event* event, kmc_asked* asked) {
    int n;
#ifdef KMC_AVX
    const int is_known = !all->has_many && all->record_size == 64 && !event->is_narrow;
    if (all->is_plain) n = kmc_follow_plain(all, event, asked);
    else if (is_known && all->n_vectors == 1 && all->n_links == 5)
        n = event->is_inner ? kmc_follow_1(all, event, asked) : kmc_follow_1_edge(all, event, asked);
    else if (is_known && all->n_vectors == 2 && all->n_links == 3)
        n = event->is_inner ? kmc_follow_2(all, event, asked) : kmc_follow_2_edge(all, event, asked);
    else if (all->n_vectors == 1) n = kmc_follow_1_any(all, event, asked);
    else if (all->n_vectors == 2) n = kmc_follow_2_any(all, event, asked);
    else if (all->n_vectors == 4) n = kmc_follow_4_any(all, event, asked);
    else if (all->n_vectors == 8) n = kmc_follow_8_any(all, event, asked);
    else n = kmc_follow_any(all, event, asked);
#else
    n = kmc_follow_plain(all, event, asked);
#endif
    return kmc_sort_out(all, event, n, asked);
}
#endif
