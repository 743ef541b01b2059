# SPDX-License-Identifier: BSD-3-Clause
"""The flat arrays of the core say what the patterns say, found by trying every orientation at every site."""

from collections import Counter
from itertools import permutations, product

import cases
import numpy as np
import pytest
from reference_engine import ReferenceEngine

from kmc.patterns import symmetry_number

MECHANISMS = {
    "walkers": cases.rd3d((4, 5, 6)),
    "gas": cases.lattice_gas((5, 6, 5)),
    "adsorption": cases.zgb2d(6, 7),
    "film": cases.film((6, 5, 5)),
    "narrow": cases.rd3d((1, 2, 5)),
}


def orientations(geometry, square):
    """All images of a geometry under exchange and reflection of the axes."""
    axes = (0, 2) if square else (0, 1, 2)
    images = set()
    for order in permutations(axes):
        for signs in product((1, -1), repeat=len(axes)):
            place = []
            for offset in geometry:
                image = [0, 0, 0]
                for axis, source, sign in zip(axes, order, signs, strict=True):
                    image[axis] = sign * offset[source]
                place.append(tuple(image))
            images.add(tuple(place))
    return images


def site_at(lattice, origin, offset):
    """Coordinates, or None beyond a wall."""
    place = []
    for c, o, n, wraps in zip(origin, offset, lattice.shape, lattice.periodic, strict=True):
        if not wraps and not 0 <= c + o < n:
            return None
        place.append((c + o) % n)
    return tuple(place)


def shift_of(pattern, lattice, species, sites):
    """Barrier shift from the counted neighbours [eV]."""
    shift = 0.0
    for term in pattern.terms:
        around = [site_at(lattice, sites[term.site], offset) for offset in term.shell]
        shift += term.energy * sum(place is not None and species[place] in term.species for place in around)
    return shift


def events_of_patterns(case, species):
    """Counter {(process, what changes where): rate}, without tunnelling."""
    found = Counter()
    lattice = case.lattice
    for process, (pattern, constant) in enumerate(zip(case.patterns, case.constants, strict=True)):
        share = constant / symmetry_number(pattern, lattice)
        for geometry in orientations(pattern.geometry, lattice.kind == "square"):
            for origin in np.ndindex(lattice.shape):
                sites = [site_at(lattice, origin, offset) for offset in geometry]
                if None in sites or len(set(sites)) < len(sites):
                    continue
                if any(
                    species[s] not in allowed for s, allowed in zip(sites, pattern.reactants, strict=True)
                ):
                    continue
                change = frozenset(
                    (s, new)
                    for s, new in zip(sites, pattern.products, strict=True)
                    if new is not None and species[s] != new
                )
                found[process, change] += share * np.exp(
                    -shift_of(pattern, lattice, species, sites) / cases.KT
                )
    return found


def events_of_rules(parts, species):
    """The same from the rules, by way of the reference engine."""
    twin = ReferenceEngine(
        species,
        parts.periodic,
        parts.rules,
        cases.bits(),
        decay=parts.decay,
        quantum=0.0,
        cutoff=parts.cutoff if parts.cutoff < 0 else 10**18,
    )
    found = Counter()
    for site in range(twin.n_sites):
        for rate, rule in twin._entries(twin._environment(site)):
            places = [
                (site if position < 0 else twin.neighbours[site][position], new)
                for position, new in twin.changes[rule]
            ]
            change = frozenset(
                (tuple(int(c) for c in np.unravel_index(place, species.shape)), new)
                for place, new in places
                if twin.species[place] != new
            )
            found[int(parts.rules.rule_process[rule]), change] += rate
    return found


@pytest.mark.parametrize("name", MECHANISMS)
def test_rules_enable_the_events_of_the_patterns_at_their_rates(name):
    case = MECHANISMS[name]
    generator = np.random.Generator(cases.bits(12))
    for _ in range(3):
        species = generator.integers(0, case.n_species, case.lattice.shape).astype(np.uint8)
        from_patterns, from_rules = events_of_patterns(case, species), events_of_rules(case.parts(), species)
        assert set(from_patterns) == set(from_rules)
        for event, rate in from_patterns.items():
            assert from_rules[event] == pytest.approx(rate, rel=1e-12)
