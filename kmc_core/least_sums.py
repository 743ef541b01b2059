# SPDX-License-Identifier: BSD-3-Clause
"""The least value of a sum of functions of a few positions each, without going through all that can stand there."""

WIDEST = 10
"""int: positions of the largest table that is written down; beyond, the bound is a little too low."""


def least_sum(parts, widest=WIDEST):
    """Lower bound of a sum, the least value where no more than `widest` positions meet.

    One position after the other is eliminated: the parts that depend on it are added up and replaced by their least
    value over it. Where the sum would be too wide, its parts are added up in bunches, whose least values add up to no
    more. Dechter and Rish, J. ACM 50, 107 (2003), doi:10.1145/636865.636866.

    Parameters
    ----------
    parts : list of (tuple of int, array)
        Positions in rising order, and the values over all that can stand on them, an axis each.
    widest : int
        Positions that may be added up at once.

    Returns
    -------
    float or int
    """
    parts = list(parts)
    while positions := {place for places, _ in parts for place in places}:
        place = min((len({other for places, _ in parts if each in places for other in places}), each)
                    for each in positions)[1]
        bunches = []
        for part in sorted((part for part in parts if place in part[0]), key=lambda part: -len(part[0])):
            fitting = [i for i, bunch in enumerate(bunches) if len({*bunch[0], *part[0]}) <= widest]
            if fitting:
                bunches[fitting[0]] = _added(bunches[fitting[0]], part)
            else:
                bunches.append(part)
        parts = [part for part in parts if place not in part[0]]
        for places, values in bunches:
            axis = places.index(place)
            parts.append((places[:axis] + places[axis + 1:], values.min(axis=axis)))
    return sum(values for _, values in parts)


def _added(first, second):
    """Sum of two parts, over the positions of both."""
    union = tuple(sorted({*first[0], *second[0]}))
    spread = [values[tuple(slice(None) if place in places else None for place in union)] for places, values in
              (first, second)]
    return union, spread[0] + spread[1]
