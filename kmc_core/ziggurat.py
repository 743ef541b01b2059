# SPDX-License-Identifier: BSD-3-Clause
"""Layers of equal area under exp(-x), from which standard exponentials are drawn.

G. Marsaglia, W. W. Tsang, J. Stat. Softw. 5, 8 (2000), doi:10.18637/jss.v005.i08. Layer i > 0 is the rectangle between
the heights exp(-x_i) and exp(-x_(i+1)) that reaches from 0 to x_i; layer 0 is the rectangle below exp(-x_1) and the tail
beyond x_1 together, x_0 being the width that a rectangle of the same area would have. A point drawn in a layer left of
x_(i+1) lies under the curve for certain.
"""

import math

N_LAYERS = 256
"""int: layers; a power of two, so that bits of a word choose one."""


def _edges(tail):
    """The edges of the layers [x_0, ..., x_N] if the tail starts at x_1 = `tail`; short if they meet the axis early."""
    area = (tail + 1.0) * math.exp(-tail)
    edges = [area * math.exp(tail), tail]
    while len(edges) < N_LAYERS:
        height = area / edges[-1] + math.exp(-edges[-1])
        if height >= 1.0:
            break
        edges.append(-math.log(height))
    return edges


def _tail():
    """float: where the tail must start for the last layer to end at the top of the curve."""
    low, high = 1.0, 20.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return high
        edges = _edges(middle)
        area = (middle + 1.0) * math.exp(-middle)
        is_full = len(edges) == N_LAYERS and area / edges[-1] + math.exp(-edges[-1]) <= 1.0
        low, high = (low, middle) if is_full else (middle, high)


TAIL = _tail()
"""float: x_1, where the tail starts."""

EDGES = [*_edges(TAIL), 0.0]
"""list of float, N_LAYERS + 1: x_i; the first is that of the rectangle equal to layer 0, the last is 0."""

HEIGHTS = [0.0, *(math.exp(-edge) for edge in EDGES[1:])]
"""list of float, N_LAYERS + 1: lower edge of every layer, then 1."""
