# SPDX-License-Identifier: BSD-3-Clause
"""The only place where the widths of the core's integers are chosen."""
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

ctypedef uint8_t species_t        # what occupies a site; n_species itself stands for "outside the lattice"
ctypedef uint32_t site_t          # site index x + nx * (y + ny * z); n_sites stands for "outside the lattice"
ctypedef int32_t class_t          # environment class; 0 = a site that can start no process
ctypedef uint16_t level_t         # accumulated electron decay of a site, interned; 0 = out of reach
ctypedef int32_t rule_t           # a process in one orientation with one anchor species
