# SPDX-License-Identifier: BSD-3-Clause
"""What `verify` asks of the rates of a site."""
from kmc_core.site_rates cimport SiteRates
from kmc_core.typedefs cimport int64_t, site_t

cdef double rate_at(SiteRates self, int entry, site_t site) noexcept nogil
cdef double part_of(SiteRates self, int entry, site_t site, double bound) noexcept nogil
cdef int64_t excess_of(SiteRates self, int entry, site_t site) noexcept nogil
cdef bint accepts(SiteRates self, int entry, site_t site, double u) noexcept nogil
cdef bint is_noted(SiteRates self, site_t site) noexcept nogil
cdef bint is_threshold_safe(SiteRates self, int entry, site_t site) noexcept nogil
cdef bint is_consistent(SiteRates self, site_t site) noexcept nogil
