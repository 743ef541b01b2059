# SPDX-License-Identifier: BSD-3-Clause
"""Billions of draws of a RandomStream, counted without the interpreter; compiled by the tests that need it."""
from libc.stdint cimport int64_t, uint64_t

from kmc_core.rng cimport RandomStream


def count_uniforms(RandomStream stream, int64_t n, int64_t[::1] bins, uint64_t[::1] memory):
    """Count n uniform draws in equal bins.

    memory holds a word, the draws since it was kept and the draws until the next one is kept: a draw that equals it is
    returned (its distance), 0 if there is none. Words are kept at draws 1, 2, 4, 8, ..., so a stream that repeats is
    found out within twice its period, wherever the period begins (Brent, BIT 20, 176 (1980), doi:10.1007/BF01933190).
    """
    cdef int64_t i
    cdef double n_bins = bins.shape[0], u
    cdef uint64_t kept = memory[0], since = memory[1], room = memory[2], word, repeated = 0
    with stream.lock, nogil:
        for i in range(n):
            u = stream.uniform()
            bins[<int64_t> (u * n_bins)] += 1
            word = <uint64_t> (u * 9007199254740992.0)
            since += 1
            if word == kept and room > 1:
                repeated = since
                break
            if since >= room:
                kept, since, room = word, 0, 2 * room
    memory[0], memory[1], memory[2] = kept, since, room
    return repeated


def count_exponentials(RandomStream stream, int64_t n, double per_unit, int64_t[::1] bins, int64_t[:, ::1] pairs):
    """Count n exponential draws in bins of width 1 / per_unit, the last one open; and pairs of draws beside each other.

    pairs counts both draws of a pair by 1 - exp(-x), in equal bins.
    """
    cdef int64_t i, bin_of, last = bins.shape[0] - 1, n_pairs = pairs.shape[0], first = 0, second
    cdef double x, share
    with stream.lock, nogil:
        for i in range(n):
            x = stream.exponential()
            bin_of = <int64_t> (x * per_unit) if x * per_unit < last else last
            bins[bin_of] += 1
            share = -expm1(-x)
            second = <int64_t> (share * n_pairs) if share < 1.0 else n_pairs - 1
            if i % 2:
                pairs[first, second] += 1
            first = second


cdef extern from "math.h" nogil:
    double expm1(double)
