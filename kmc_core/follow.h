/* SPDX-License-Identifier: BSD-3-Clause
   Loops over the sites around an event. Included by kernels.h once for every KMC_WIDTH, lanes that are worked on at once,
   and every KMC_SET of instructions, which KMC_TARGET tells the compiler; KMC_OF puts both into a name. Numbers that a
   caller knows beforehand are written in by the compiler. */
#define KMC_BYTES (2 * KMC_WIDTH)
typedef uint16_t KMC_OF(kmc_vector) __attribute__((vector_size(KMC_BYTES), aligned(2), may_alias));
#define KMC_VECTOR KMC_OF(kmc_vector)
#define KMC_MOST_VECTORS (KMC_MOST_LANES / KMC_WIDTH)

/* bring near sites with so many rows up to date, and at all anchors the lanes that are about them; returns the entries that
   come next. Sites beyond a wall have none */
KMC_TARGET KMC_WRITTEN_IN const kmc_entry* KMC_OF(kmc_shift_run)(int n_vectors, int n_posts, int is_inner, int n_rows,
                                                                 int64_t record_size, const kmc_tables* on,
                                                                 const kmc_event* event, int first, int n_sites,
                                                                 const kmc_entry* entry) {
    const kmc_tables all = *on;
    char* anchor = all.record + event->site * record_size;
    const int last = first + n_sites, n_kept = KMC_IS_KNOWN(n_posts) ? n_posts : 0;  /* in registers */
    KMC_VECTOR mask[KMC_MOST_KNOWN];
    int64_t step[KMC_MOST_KNOWN];
    int i, k, v;
    for (k = 0; k < n_kept; k++) {
        /* the same, but not taken for a copy in memory, which would be waited for */
        mask[k] = (KMC_VECTOR) (((const KMC_VECTOR*) all.mask)[k] != 0);
        step[k] = all.post[k].step;
    }
    for (i = first; i < last; i++, entry += n_rows) {
        char* record = is_inner ? anchor + event->near[i] : all.record + event->near_site[i] * record_size;
        KMC_VECTOR sum[KMC_MOST_VECTORS];
        if (!is_inner && event->near_site[i] >= all.n_sites) continue;
        for (v = 0; v < n_vectors; v++) sum[v] = (KMC_VECTOR) {0};
        for (k = 0; k < n_rows; k++) {
            int32_t* row = (int32_t*) (record + entry[k].at);
            const int64_t before = *row, after = before + entry[k].change;
            *row = (int32_t) after;
            for (v = 0; v < n_vectors; v++)
                sum[v] += ((const KMC_VECTOR*) (all.table + after))[v] - ((const KMC_VECTOR*) (all.table + before))[v];
        }
        for (k = 0; k < n_posts; k++) {
            const KMC_VECTOR for_it = k < n_kept ? mask[k] : ((const KMC_VECTOR*) all.mask)[k];
            char* there = record + (k < n_kept ? step[k] : all.post[k].step);
            v = n_vectors > 1 ? all.post[k].vector : 0;
            if (!is_inner) {
                const uint32_t site = event->told_site[event->posted_to[i * n_posts + k]];
                if (site >= all.n_sites) continue;
                there = all.record + site * record_size;
            }
            ((KMC_VECTOR*) there)[v] += sum[v] & for_it;
        }
    }
    return entry;
}
KMC_TARGET KMC_WRITTEN_IN void KMC_OF(kmc_shift)(int n_vectors, int n_posts, int is_inner, int64_t record_size,
                                                 const kmc_tables* on, const kmc_event* event) {
    const kmc_run *run = event->run, *end = run + event->n_runs;
    const kmc_entry* entry = event->entry;
    int first = 0;
    for (; run < end; first += run++->n_sites) {
#define KMC_SHIFT(n_rows) entry = KMC_OF(kmc_shift_run)(n_vectors, n_posts, is_inner, n_rows, record_size, on, event, \
                                                        first, run->n_sites, entry)
        if (run->n_rows == 1) KMC_SHIFT(1);
        else if (run->n_rows == 2) KMC_SHIFT(2);
        else if (run->n_rows == 3) KMC_SHIFT(3);
        else KMC_SHIFT(run->n_rows);
#undef KMC_SHIFT
    }
}
/* ask all anchors that an event tells */
KMC_TARGET KMC_WRITTEN_IN void KMC_OF(kmc_ask)(int n_lanes, int has_many, int is_inner, int64_t record_size,
                                               const kmc_tables* all, const kmc_event* event) {
    const kmc_tables on = *all;
    const char* anchor = on.record + event->site * record_size;
    const int64_t *told = event->told, end = event->n_told;
    int64_t i;
    for (i = 0; i < end; i++) {
        const char* record = anchor + told[i];
        int32_t note;
        if (!is_inner) {
            on.answer[i] = 0;
            if (event->told_site[i] >= on.n_sites) continue;
            record = on.record + event->told_site[i] * record_size;
        }
        note = ((const kmc_site*) (record + record_size) - 1)->note;
        on.answer[i] = (uint32_t) (note & KMC_FAST)
            + 2 * KMC_BY(kmc_ask)(n_lanes, has_many, &on, kmc_line_of(&on, note), (const int16_t*) record, on.change[i]);
    }
}
/* those of the anchors that are not known to be in the right list, with the sums of their rate constants; their number is
   returned */
KMC_TARGET KMC_WRITTEN_IN int KMC_OF(kmc_sort_out)(const kmc_tables* all, const kmc_event* event, kmc_asked* asked) {
    const kmc_tables on = *all;
    const char* anchor = on.record + event->site * on.record_size;
    kmc_asked* last = asked;
    int32_t at[KMC_AT_ONCE];
    int first;
    for (first = 0; first < event->n_told; first += 64) {
        const int n = event->n_told - first;
        uint64_t found = KMC_BY(kmc_find_asked)(on.answer + first, n < 64 ? n : 64);
        for (; found; found &= found - 1) {
            const int told = first + __builtin_ctzll(found);
            const uint32_t there = event->told_site[told] + (event->is_inner ? event->site : 0);
            const char* record = event->is_inner ? anchor + event->told[told] : on.record + there * on.record_size;
            const kmc_site* site = kmc_site_in(&on, record);
            double sum = -1.0;
            int stays = 0;
            if (site->note != KMC_UNNOTED) {
                const double bound = on.bound[site->group];
                const kmc_line* line = kmc_line_of(&on, site->note);
                const kmc_rates* rates = on.rates + line->first / KMC_AT_ONCE;
                const kmc_rule* rule = on.rule + line->first;
                const int16_t* lane = (const int16_t*) record;
                if (line->n <= KMC_AT_ONCE) {
                    KMC_BY(kmc_find_factors)(&on, rule, rates, lane, on.change[told], at);
                    sum = kmc_sum_told(rates, line->n, at, on.factor);
                } else
                    sum = kmc_sum(rule, line->n, lane, on.factor, on.bin_shift);
                stays = ((site->note & KMC_FAST) != 0) & (bound * on.loose <= sum) & (sum <= bound);
            }
            last->is_slow = on.answer[told] < 2;
            last->site = there;
            last->sum = sum;
            last += !stays;
        }
    }
    return (int) (last - asked);
}
/* all that an event does here, first to lanes and then to lists; apart, as the compiler finds better registers for each */
#define KMC_FOLLOW(name, n_lanes, n_posts, has_many, is_inner, record_size) \
    KMC_TARGET KMC_APART void KMC_OF(name##_shift)(const kmc_tables* all, const kmc_event* event) { \
        KMC_OF(kmc_shift)((n_lanes) / KMC_WIDTH, n_posts, is_inner, record_size, all, event); \
    } \
    KMC_TARGET KMC_APART int KMC_OF(name)(const kmc_tables* all, const kmc_event* event, kmc_asked* asked) { \
        KMC_OF(name##_shift)(all, event); \
        KMC_OF(kmc_ask)(n_lanes, has_many, is_inner, record_size, all, event); \
        return KMC_OF(kmc_sort_out)(all, event, asked); \
    }
KMC_FOLLOW(kmc_follow_any, all->n_lanes, all->n_posts, 1, event->is_inner, all->record_size)
#if KMC_IS_FAST
KMC_FOLLOW(kmc_follow_one, KMC_WIDTH, all->n_posts, 1, event->is_inner, all->record_size)
#if KMC_WIDTH > KMC_AT_ONCE           /* fewer lanes are one vector */
KMC_FOLLOW(kmc_follow_two, 2 * KMC_WIDTH, all->n_posts, 1, event->is_inner, all->record_size)
KMC_FOLLOW(kmc_follow_four, 4 * KMC_WIDTH, all->n_posts, 1, event->is_inner, all->record_size)
#endif
/* for hops and reactions on a square lattice, where lanes are about the site and its four neighbours */
KMC_FOLLOW(kmc_follow_square_inside, KMC_WIDTH, 5, 0, 1, all->record_size)
KMC_FOLLOW(kmc_follow_square_edge, KMC_WIDTH, 5, 0, 0, all->record_size)
KMC_TARGET static int KMC_OF(kmc_follow_square)(const kmc_tables* all, const kmc_event* event, kmc_asked* asked) {
    return event->is_inner ? KMC_OF(kmc_follow_square_inside)(all, event, asked)
                           : KMC_OF(kmc_follow_square_edge)(all, event, asked);
}
#endif
/* loops for a mechanism */
static inline kmc_follow_t KMC_OF(kmc_loops_for)(const kmc_tables* all) {
#if KMC_IS_FAST
    if (all->n_lanes == KMC_WIDTH && all->n_posts == 5 && !all->has_many)
        return KMC_OF(kmc_follow_square);
    if (all->n_lanes == KMC_WIDTH) return KMC_OF(kmc_follow_one);
#if KMC_WIDTH > KMC_AT_ONCE
    if (all->n_lanes == 2 * KMC_WIDTH) return KMC_OF(kmc_follow_two);
    if (all->n_lanes == 4 * KMC_WIDTH) return KMC_OF(kmc_follow_four);
#endif
#endif
    return KMC_OF(kmc_follow_any);
}
#undef KMC_FOLLOW
#undef KMC_MOST_VECTORS
#undef KMC_VECTOR
#undef KMC_BYTES
