# SPDX-License-Identifier: BSD-3-Clause
"""What the loops in kernels.h offer."""
from kmc_core.typedefs cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "kernels.h":
    enum:
        KMC_AT_ONCE
        KMC_MOST_LANES
        KMC_SLOW
        KMC_FAST
        KMC_STATES
        KMC_UNNOTED
    bint KMC_HAS_AVX2
    ctypedef struct kmc_site:
        int32_t note
        int16_t group
        uint8_t is_slow
    ctypedef struct kmc_entry:
        int32_t at, change
    ctypedef struct kmc_run:
        int32_t n_rows, n_sites
    ctypedef struct kmc_post:
        int64_t step, vector
    ctypedef struct kmc_event:
        kmc_run* run
        kmc_entry* entry
        int64_t* near
        int64_t* told
        uint32_t* near_site
        uint32_t* told_site
        uint16_t* posted_to
        int n_runs, n_told
        bint is_mixed, is_inner
        uint32_t site
    ctypedef struct kmc_rule:
        int16_t lane[2]
        int16_t sign[2]
        int16_t error
        int16_t threshold
        int32_t factors
        double rate
    ctypedef struct kmc_rates:
        double rate[8]
        int32_t factors[8]
        int16_t error[8]
    ctypedef struct kmc_class:
        int32_t rated, first, n, line, note
    ctypedef struct kmc_line:
        int32_t n_lines, first, n
        int16_t threshold[8]
        int16_t sign[8][2]
        uint8_t* pick
    ctypedef struct kmc_asked:
        uint32_t site, is_slow
        double sum
    ctypedef struct kmc_tables
    ctypedef int (*kmc_follow_t)(kmc_tables*, kmc_event*, kmc_asked*) noexcept nogil
    ctypedef struct kmc_tables:
        char* record
        int64_t record_size
        const int16_t* table
        const kmc_post* post
        const int16_t* mask
        void* change
        uint32_t* answer
        const char* line
        int64_t line_size
        const kmc_rule* rule
        const kmc_rates* rates
        const double* factor
        const double* bound
        double loose
        uint32_t n_sites
        int bin_shift, n_lanes, n_posts
        bint has_many, is_plain
        kmc_follow_t follow
    kmc_site* kmc_site_at(kmc_tables* on, uint64_t site) noexcept nogil
    kmc_line* kmc_line_of(kmc_tables* on, int32_t note) noexcept nogil
    int16_t* kmc_lanes_at(kmc_tables* on, uint64_t site) noexcept nogil
    double kmc_either(bint is_first, double first, double second) noexcept nogil
    int kmc_nearly(kmc_rule* rule, int16_t* lane) noexcept nogil
    bint kmc_outgrown(kmc_rule* rule, int n, int16_t* lane) noexcept nogil
    double kmc_rate(kmc_rule* rule, int least, double* factor, int bin_shift) noexcept nogil
    int kmc_is_below(kmc_tables* on, kmc_rule* rule, int16_t* lane, double u, double n) noexcept nogil
    double kmc_sum(kmc_rule* rule, int n, int16_t* lane, double* factor, int bin_shift) noexcept nogil
    kmc_follow_t kmc_loops_for(kmc_tables* all) noexcept nogil
