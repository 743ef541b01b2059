# SPDX-License-Identifier: BSD-3-Clause
"""BlindRules: which rules look around only when they are drawn, and what that has cost so far."""
from kmc_core.typedefs cimport int32_t, int64_t

cimport cython


@cython.final
cdef class BlindRules:
    cdef readonly bint are_chosen     # the engine looks now and then for which rules it pays to be blind
    cdef int64_t[::1] n_null          # (n_rules,) null events of each rule since the last review
    cdef int32_t[::1] family          # (n_rules,) number of those that share anchor species and process
    cdef int64_t[::1] barred          # (n_families,) candidates before which a family may not be blind again
    cdef int32_t[::1] n_barred        # (n_families,) how often that has happened
    cdef int64_t last_review          # candidates at the last review
    cdef int64_t next_review          # at the next one
    cdef int64_t next_choice          # at which the first review after it looks around for what pays
    cdef int64_t interval             # candidates between two such choices
