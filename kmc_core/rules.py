# SPDX-License-Identifier: BSD-3-Clause
"""Rules: a mechanism as flat arrays of integers, checked once before the core trusts them."""
from dataclasses import dataclass

import numpy as np

MOST_LOOKS = 512
"""int: most positions that one rule looks at; MAX_POSITIONS of `state`."""


@dataclass(frozen=True)
class Rules:
    """What can happen, in integers.

    A rule is a process in one orientation with one species of its anchor site. Rules are sorted by that species.
    Positions are indexes into `offsets`; position -1 is the anchor itself.

    Attributes
    ----------
    n_species, n_processes : int
        Species on the lattice (the outside is species n_species), and processes that are counted.
    offsets : int32, shape (n_positions, 3)
        Positions (dz, dy, dx) around an anchor, closed under inversion.
    weights : int64, shape (n_species, n_positions, n_species + 1)
        Additive parts of an environment's key: equal for neighbours that the species cannot tell apart.
    base, level_stride : int64, shape (n_species,)
        First key of each species, and key per electron level (0: the species does not notice it).
    rule_ptr : int32, shape (n_species + 1,)
        Rules of each anchor species.
    rule_process, rule_rate : int32, shape (n_rules,)
        Process that the rule counts as, and the start of its table in `rates`.
    rule_tunnels : uint8, shape (n_rules,)
        1 if the rate is multiplied by the transmission to the anchor.
    condition_ptr, condition_position, condition_allowed : int32, int32, uint8 (n_conditions, n_species + 1)
        Species that each rule allows at each position that it looks at.
    change_ptr, change_position, change_species : int32
        Species that each rule writes, and where.
    term_ptr, term_position, term_weight : int32, int32, int32 (n_terms, n_species + 1)
        Sum over terms = which entry of the rule's rate table holds.
    rates : float64, shape (n_rates,)
        Rate constants [1/s].
    n_layers : int
        Layers that rules can tell apart.
    layer_stride : int64, shape (n_species,)
        Key per layer (0: the species does not notice it).
    rule_layer : int32, shape (n_rules,)
        Step in the rule's rate table per layer (0: the rule does not notice it).
    rule_is_blind : uint8, shape (n_rules,)
        1 if the rule looks around only when it has been drawn; see `kmc_core.keys`.
    """

    n_species: int
    n_processes: int
    offsets: np.ndarray
    weights: np.ndarray
    base: np.ndarray
    level_stride: np.ndarray
    rule_ptr: np.ndarray
    rule_process: np.ndarray
    rule_rate: np.ndarray
    rule_tunnels: np.ndarray
    condition_ptr: np.ndarray
    condition_position: np.ndarray
    condition_allowed: np.ndarray
    change_ptr: np.ndarray
    change_position: np.ndarray
    change_species: np.ndarray
    term_ptr: np.ndarray
    term_position: np.ndarray
    term_weight: np.ndarray
    rates: np.ndarray
    n_layers: int = 1
    layer_stride: np.ndarray | None = None
    rule_layer: np.ndarray | None = None
    rule_is_blind: np.ndarray | None = None

    def most_refreshed(self, height):
        """The most sites that one event can put into another class.

        Parameters
        ----------
        height : int
            Sites of a column, where electrons tunnel along columns; otherwise 0.

        Returns
        -------
        n_sites : int
            Changed sites, their neighbours and their columns.
        """
        return self.most_changed() * (1 + len(self.offsets) + height)

    def most_changed(self):
        """int: the most sites that one event changes."""
        return int(np.diff(self.change_ptr).max(initial=1))

    def __post_init__(self):
        n_positions, n_rules, n_any = len(self.offsets), len(self.rule_process), self.n_species + 1
        if self.layer_stride is None:
            object.__setattr__(self, "layer_stride", np.zeros(self.n_species, dtype=np.int64))
        if self.rule_layer is None:
            object.__setattr__(self, "rule_layer", np.zeros(n_rules, dtype=np.int32))
        if self.rule_is_blind is None:
            object.__setattr__(self, "rule_is_blind", np.zeros(n_rules, dtype=np.uint8))
        shapes = {
            "offsets": (n_positions, 3), "weights": (self.n_species, n_positions, n_any),
            "base": (self.n_species,), "level_stride": (self.n_species,), "rule_ptr": (n_any,),
            "layer_stride": (self.n_species,), "rule_layer": (n_rules,),
            "rule_rate": (n_rules,), "rule_tunnels": (n_rules,), "rule_is_blind": (n_rules,),
            "condition_ptr": (n_rules + 1,),
            "condition_allowed": (len(self.condition_position), n_any), "change_ptr": (n_rules + 1,),
            "change_species": (len(self.change_position),), "term_ptr": (n_rules + 1,),
            "term_weight": (len(self.term_position), n_any),
        }
        for name, shape in shapes.items():
            if np.shape(getattr(self, name)) != shape:
                raise ValueError(f"{name} must have shape {shape}, not {np.shape(getattr(self, name))}")
        if np.diff(self.condition_ptr).max(initial=0) > MOST_LOOKS:
            raise ValueError(f"a rule may look at {MOST_LOOKS} positions, not {np.diff(self.condition_ptr).max()}")
        if not 1 <= self.n_species <= 254:
            raise ValueError(f"n_species must be 1 to 254, not {self.n_species}")
        self._check_ranges(n_positions, n_rules)
        self._check_changes()
        check_rates(self.rates)

    def _check_ranges(self, n_positions, n_rules):
        ranges = {
            "rule_process": (0, self.n_processes), "rule_rate": (0, len(self.rates)), "rule_tunnels": (0, 2),
            "rule_is_blind": (0, 2),
            "condition_position": (0, n_positions), "change_position": (-1, n_positions),
            "change_species": (0, self.n_species), "term_position": (0, n_positions),
        }
        for name, (low, high) in ranges.items():
            values = np.asarray(getattr(self, name))
            if values.size and values.dtype.kind not in "biu":
                raise ValueError(f"{name} must hold integers, not {values.dtype}")
            if values.size and not (low <= values.min() and values.max() < high):
                raise ValueError(f"{name} must lie in [{low}, {high}), but spans {values.min()} to {values.max()}")
        lengths = {"rule_ptr": n_rules, "condition_ptr": len(self.condition_position),
                   "change_ptr": len(self.change_position), "term_ptr": len(self.term_position)}
        for name, end in lengths.items():
            pointers = np.asarray(getattr(self, name))
            if pointers[0] != 0 or pointers[-1] != end or (np.diff(pointers) < 0).any():
                raise ValueError(f"{name} must rise from 0 to {end}")
        self._check_rate_reach()

    def _check_changes(self):
        """What a rule writes, it must look at first: a site beyond a wall must never be written."""
        for rule in range(len(self.rule_process)):
            part = slice(self.condition_ptr[rule], self.condition_ptr[rule + 1])
            inside = np.asarray(self.condition_allowed)[part, self.n_species] == 0
            safe = {-1, *np.asarray(self.condition_position)[part][inside].tolist()}
            written = np.asarray(self.change_position)[self.change_ptr[rule]:self.change_ptr[rule + 1]].tolist()
            if not safe.issuperset(written) or len(set(written)) < len(written):
                raise ValueError(f"change_position: rule {rule} writes {written}, but has conditions that keep it "
                                 f"inside the lattice at {sorted(safe)} only, or writes a position twice")

    def _check_rate_reach(self):
        """Every environment must pick an entry inside the rate table."""
        for rule in range(len(self.rule_process)):
            weight = np.asarray(self.term_weight)[self.term_ptr[rule]:self.term_ptr[rule + 1]]
            low = self.rule_rate[rule] + int(weight.min(axis=1).sum()) if len(weight) else self.rule_rate[rule]
            high = self.rule_rate[rule] + int(weight.max(axis=1).sum()) if len(weight) else self.rule_rate[rule]
            step = int(self.rule_layer[rule]) * (self.n_layers - 1)
            low, high = low + min(step, 0), high + max(step, 0)
            if low < 0 or high >= len(self.rates):
                raise ValueError(f"rule {rule} can pick rates {low} to {high} of a table of {len(self.rates)}")


def check_box(rules, species, periodic):
    """Raise ValueError unless the species fit the rules, and the box is large enough for them.

    In a narrow periodic box two sites of a pattern can be the same one; a rule that could then start is refused.
    """
    species = np.asarray(species)
    if species.size and species.dtype.kind not in "biu":
        raise ValueError(f"species must hold integers, not {species.dtype}")
    if species.size and not (0 <= species.min() and species.max() < rules.n_species):
        raise ValueError(f"species {species.min()} to {species.max()} on the lattice, but there are only "
                         f"{rules.n_species}")
    if np.shape(periodic) != (3,):
        raise ValueError(f"periodic must have shape (3,), not {np.shape(periodic)}")
    reach = np.abs(rules.offsets).max(axis=0, initial=0)
    if species.ndim != 3 or not species.size or not np.any(np.array(periodic) & (np.array(species.shape) <= 2 * reach)):
        return
    for species_of_anchor in range(rules.n_species):
        for rule in range(rules.rule_ptr[species_of_anchor], rules.rule_ptr[species_of_anchor + 1]):
            _check_distinct_sites(rules, rule, species_of_anchor, species.shape, periodic)


def _check_distinct_sites(rules, rule, anchor, shape, periodic):
    allowed = {(0, 0, 0): np.arange(rules.n_species + 1) == anchor}
    for k in range(rules.condition_ptr[rule], rules.condition_ptr[rule + 1]):
        offset = rules.offsets[rules.condition_position[k]]
        place = tuple(int(c % n if wraps else c) for c, n, wraps in zip(offset, shape, periodic, strict=True))
        here = np.asarray(rules.condition_allowed[k], dtype=bool)
        if (allowed.get(place, ~here) & here).any():
            raise ValueError(f"species: a periodic box of {shape} sites (z, y, x) is too small for process "
                             f"{rules.rule_process[rule]}: one site would take part twice")
        allowed[place] = here


def check_decay(rules, decay, quantum, cutoff):
    """Raise ValueError unless the tunnelling parameters fit the rules."""
    decay = np.asarray(decay)
    if decay.shape != (rules.n_species + 1,) or decay.dtype.kind not in "iu" or decay.min() < 0:
        raise ValueError(f"decay must hold {rules.n_species + 1} integers >= 0, not {decay.tolist()}")
    if not (np.isfinite(quantum) and quantum >= 0.0):
        raise ValueError(f"quantum must be finite and >= 0, not {quantum}")
    if cutoff < 0 and np.any(rules.rule_tunnels):
        raise ValueError("a rule tunnels, but no cutoff is given")


def check_layers(rules, layer_of, height):
    """Raise ValueError unless every z plane has a layer that the rules know."""
    layer_of = np.asarray(layer_of)
    if layer_of.shape != (height,) or layer_of.dtype.kind not in "iu":
        raise ValueError(f"layer_of must hold {height} integers, not shape {layer_of.shape} of {layer_of.dtype}")
    if layer_of.size and not (0 <= layer_of.min() and layer_of.max() < rules.n_layers):
        raise ValueError(f"layer_of must lie in [0, {rules.n_layers}), but spans {layer_of.min()} to {layer_of.max()}")


def check_rates(rates):
    """Raise ValueError unless every rate constant is finite and not negative."""
    rates = np.asarray(rates)
    if rates.ndim != 1:
        raise ValueError(f"rates must have one dimension, not shape {rates.shape}")
    bad = np.flatnonzero(~(np.isfinite(rates) & (rates >= 0)))
    if bad.size:
        raise ValueError(f"rate constants must be finite and >= 0; not so at indexes {bad[:8].tolist()}: "
                         f"{rates[bad[:8]].tolist()}")
