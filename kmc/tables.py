# SPDX-License-Identifier: BSD-3-Clause
"""Mechanism + lattice -> the flat integer arrays of the core.

Floor 4. A process becomes one *rule* for each orientation of its pattern and each species of its anchor. What a
species can tell apart at each neighbour position becomes an additive key, so that environments with the same rates
share a class.
"""
from dataclasses import dataclass, replace

import numpy as np

from kmc.errors import KmcError
from kmc.layers import Layers
from kmc.patterns import Pattern, placements, symmetry_number
from kmc_core import Rules
from kmc_core.keys import with_keys

DECAY_QUANTUM = 1e-9
"""float: resolution of tunnelling exponents, dimensionless; rounding moves a rate by at most 5e-10 per site."""

MAX_POSITIONS = 512
"""int: positions around a site that the core can look at."""


@dataclass(frozen=True)
class Tables:
    """Everything that `kmc_core.Engine` needs, and the way back from conditions to rates.

    Attributes
    ----------
    rules : kmc_core.Rules
    decay : int64, shape (n_species + 1,)
        Tunnelling quanta per site.
    cutoff : int
        Quanta beyond reach; -1 if nothing tunnels.
    quantum : float
        Tunnelling exponent of one quantum, dimensionless.
    patterns : tuple of Pattern
        One for each process of the lattice.
    symmetry : int64, shape (n_lattice_processes,)
        Number of placements that share one set of sites; of a generated reverse, that of its forward process.
    layers : Layers or None
        Layers with rates of their own; None where no process tells them apart.
    """

    rules: Rules
    decay: np.ndarray
    cutoff: int
    quantum: float
    patterns: tuple
    symmetry: np.ndarray
    layers: Layers | None = None

    def rates(self, mechanism, temperature, potential, spacing):
        """Rate table of the core at given conditions.

        Parameters
        ----------
        mechanism : kmc.mechanism.Mechanism
        temperature : float, [K]
        potential : float, [V]
        spacing : float, [m]

        Returns
        -------
        rates : float64, shape (n_rates,), [1/s]
        """
        molecular = mechanism.molecular[:mechanism.n_lattice]
        constants = mechanism.rate_constants(temperature, potential, spacing)[:mechanism.n_lattice]
        constants = constants * molecular / self.symmetry
        parts = []
        for index, pattern in enumerate(self.patterns):
            if self.layers is not None and self.layers.notices[index]:
                parts.append(self._layered_rates(mechanism, index, temperature, potential, spacing)
                             * molecular[index] / self.symmetry[index])
                continue
            if not pattern.terms:
                parts.append(constants[index:index + 1])
                continue
            shifts = pattern.energy_shifts()
            parts.append(mechanism.rate_with_barrier_shift(index, shifts, temperature, potential, spacing)
                         * molecular[index] / self.symmetry[index])
        return np.concatenate(parts) if parts else np.zeros(0)

    def _layered_rates(self, mechanism, index, temperature, potential, spacing):
        """Rate constants of a process in each layer, zero where it cannot start, float64, [1/s]."""
        n_rates, n_layers = self.patterns[index].n_rates, self.layers.n_layers
        shifts = self.patterns[index].energy_shifts() if self.patterns[index].terms else np.zeros(1)
        heights = np.repeat(self.layers.height, n_rates)
        rates = mechanism.rate_with_barrier_shift(index, np.tile(shifts, n_layers), temperature, potential, spacing,
                                                  heights)
        return rates * np.repeat(self.layers.is_open[index], n_rates)


def compile_tables(mechanism, lattice, tunnelling=None, layers=None):
    """Compile a mechanism for a lattice.

    Parameters
    ----------
    mechanism : kmc.mechanism.Mechanism
    lattice : kmc.lattice.Lattice
    tunnelling : deck section or None
        `decay` [1/m] by species name with "default", and `cutoff`.
    layers : Layers, optional
        Which planes of the lattice have rates of their own.

    Returns
    -------
    Tables
        With all rates zero: fill them with `Tables.rates`.

    Raises
    ------
    KmcError
        If the processes look at more positions around a site than the core can.
    """
    processes = mechanism.processes[:mechanism.n_lattice]
    patterns = tuple(Pattern.of(process, mechanism, lattice) for process in processes)
    decay, cutoff = decay_quanta(mechanism, lattice, tunnelling)
    rules = build_rules(patterns, max(len(mechanism.species), 1), lattice, layers)
    if len(rules.offsets) > MAX_POSITIONS:
        raise KmcError(f"the processes look at {len(rules.offsets)} positions around a site, at most {MAX_POSITIONS} "
                       "are possible: fewer of them with 'geometry', or 'neighbours' of nearer shells")
    symmetry = np.array([symmetry_number(pattern, lattice) for pattern in patterns], dtype=np.int64)
    # A placement and its way back must share the same 1/g, or microscopic detailed balance is lost: 2 A <=> B + C.
    for process in processes:
        if process.reverse_of is not None:
            symmetry[process.index] = symmetry[process.reverse_of]
    return Tables(rules, decay, cutoff, DECAY_QUANTUM, patterns, symmetry, layers)


def decay_quanta(mechanism, lattice, tunnelling):
    """Tunnelling exponents in integers.

    Returns
    -------
    decay : int64, shape (n_species + 1,)
        beta h in units of DECAY_QUANTUM, h the height of a layer: an electron passes one site of each layer below.
    cutoff : int
        -ln(cutoff transmission) in the same units; -1 without tunnelling.
    """
    decay = np.zeros(max(len(mechanism.species), 1) + 1, dtype=np.int64)
    if tunnelling is None or not mechanism.species:
        return decay, -1
    values = {name: quantity.value for name, quantity in tunnelling.decay.items()}
    for species in mechanism.species:
        beta = values.get(species.name, values.get("default", 0.0))
        decay[species.index] = round(beta * lattice.layer_height / DECAY_QUANTUM)
    return decay, round(-np.log(tunnelling.cutoff) / DECAY_QUANTUM)


def build_rules(patterns, n_species, lattice, layers=None):
    """Expand patterns into rules.

    Parameters
    ----------
    patterns : sequence of Pattern
    n_species : int
    lattice : Lattice
    layers : Layers, optional
        Processes that notice layers have one rate table for each of them, one after the other.

    Returns
    -------
    kmc_core.Rules
    """
    raw, start = [], 0
    n_layers = layers.n_layers if layers is not None else 1
    for index, pattern in enumerate(patterns):
        step = pattern.n_rates if layers is not None and layers.notices[index] else 0
        for positions in placements(pattern, lattice):
            if not _are_distinct(positions, lattice):
                continue
            raw.extend(replace(_RawRule.of(pattern, index, start, positions, anchor, n_species), layer_step=step)
                       for anchor in sorted(pattern.reactants[0]))
        start += pattern.n_rates * (n_layers if step else 1)
    raw.sort(key=lambda rule: rule.anchor)  # stable: within a species the order of the deck
    offsets = _stencil(raw)
    position_of = {offset: j for j, offset in enumerate(offsets)}
    flat = _flatten(raw, position_of, n_species)
    anchors = np.array([rule.anchor for rule in raw], dtype=np.int64)
    nothing = np.zeros(n_species, dtype=np.int64)
    return with_keys(Rules(
        n_species=n_species, n_processes=len(patterns), offsets=np.array(offsets, dtype=np.int32).reshape(-1, 3),
        weights=np.zeros((n_species, len(offsets), n_species + 1), dtype=np.int64), base=nothing, level_stride=nothing,
        rule_ptr=np.searchsorted(anchors, np.arange(n_species + 1)).astype(np.int32),
        rule_process=np.array([rule.process for rule in raw], dtype=np.int32),
        rule_rate=np.array([rule.rate for rule in raw], dtype=np.int32),
        rule_tunnels=np.array([rule.tunnels for rule in raw], dtype=np.uint8),
        n_layers=n_layers, rule_layer=np.array([rule.layer_step for rule in raw], dtype=np.int32),
        rates=np.zeros(start), **flat))


def _are_distinct(positions, lattice):
    """False where a periodic box is so narrow that two sites of a pattern are one and the same."""
    wrapped = {tuple(c % n if wraps else c for c, n, wraps in zip(place, lattice.shape, lattice.periodic, strict=True))
               for place in positions}
    return len(wrapped) == len(positions)


@dataclass(frozen=True)
class _RawRule:
    """One process, one orientation, one anchor species; offsets instead of position indexes."""

    anchor: int
    process: int
    rate: int                         # index of the rate with all neighbour counts zero
    tunnels: bool
    conditions: tuple                 # ((offset, allowed uint8 (n_species + 1,)), ...)
    changes: tuple                    # ((offset or None for the anchor, species), ...)
    terms: tuple                      # ((offset, weight int32 (n_species + 1,)), ...)
    layer_step: int = 0               # in the rate table for one more layer; 0: it does not notice layers

    @classmethod
    def of(cls, pattern, process, start, positions, anchor, n_species):
        conditions = tuple((offset, _flags(allowed, n_species))
                           for offset, allowed in zip(positions[1:], pattern.reactants[1:], strict=True))
        changes = tuple((None if i == 0 else positions[i], new) for i, new in enumerate(pattern.products)
                        if new is not None and pattern.reactants[i] != {new})
        rate, terms = start, {}
        for term, radix in zip(pattern.terms, pattern.radix, strict=True):
            counted = _flags(term.species, n_species).astype(np.int32) * radix
            for step in term.shell:
                offset = tuple(int(a + b) for a, b in zip(positions[term.site], step, strict=True))
                if offset == (0, 0, 0):
                    rate += int(counted[anchor])
                else:
                    terms[offset] = terms.get(offset, 0) + counted
        return cls(anchor, process, rate, pattern.tunnels, conditions, changes, tuple(terms.items()))


def _flags(species, n_species):
    flags = np.zeros(n_species + 1, dtype=np.uint8)
    flags[list(species)] = 1
    return flags


def _stencil(raw):
    """All offsets that any rule looks at or writes, closed under inversion, nearest first."""
    found = set()
    for rule in raw:
        found.update(offset for offset, _ in (*rule.conditions, *rule.terms))
        found.update(offset for offset, _ in rule.changes if offset is not None)
    found |= {tuple(-c for c in offset) for offset in found}
    return sorted(found, key=lambda offset: (sum(c * c for c in offset), offset))


def _flatten(raw, position_of, n_species):
    """CSR arrays of conditions, changes and terms."""
    flat = {}
    empty = np.zeros((0, n_species + 1))
    for name, value, dtype in (("condition", "allowed", np.uint8), ("term", "weight", np.int32)):
        lists = [getattr(rule, name + "s") for rule in raw]
        pairs = [pair for pairs in lists for pair in pairs]
        flat[f"{name}_ptr"] = np.cumsum([0] + [len(pairs) for pairs in lists]).astype(np.int32)
        flat[f"{name}_position"] = np.array([position_of[offset] for offset, _ in pairs], dtype=np.int32)
        flat[f"{name}_{value}"] = np.array([v for _, v in pairs] if pairs else empty, dtype=dtype)
    changes = [change for rule in raw for change in rule.changes]
    flat["change_ptr"] = np.cumsum([0] + [len(rule.changes) for rule in raw]).astype(np.int32)
    flat["change_position"] = np.array([-1 if offset is None else position_of[offset] for offset, _ in changes],
                                       dtype=np.int32)
    flat["change_species"] = np.array([species for _, species in changes], dtype=np.int32)
    return flat
