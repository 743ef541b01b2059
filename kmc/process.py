# SPDX-License-Identifier: BSD-3-Clause
"""Processes: equations whose names are resolved and whose atoms, charges and sites are counted. Floor 3."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from kmc.equation import Equation, Term
from kmc.errors import did_you_mean
from kmc.quantity import Quantity
from kmc.species import SolutionSpecies, Species

MAX_TERMS = 8
"""Largest number of lattice terms of a process."""

Fault = tuple[str, int]
"""What is wrong with an equation, and where in its text, from 0."""


@dataclass(frozen=True)
class Neighbours:
    """A shift of the barrier for every neighbour of some species.

    Parameters
    ----------
    species : frozenset of int
        Lattice species that count.
    energy : Quantity
        Shift of the barrier for each of them [eV].
    site : int
        Lattice term whose neighbours count, from 1.
    shell : int
        1 nearest, 2 next nearest.
    """

    species: frozenset[int]
    energy: Quantity
    site: int
    shell: int


@dataclass(frozen=True)
class Process:
    """An elementary step, or the generated reverse of one.

    Parameters
    ----------
    name : str
        The reverse is called `<name> (reverse)`.
    index : int
        Its number, from 0.
    reactants : tuple of frozenset of int
        Lattice species allowed at each term; the first is the anchor.
    products : tuple of (int or None)
        Lattice species written at each term; None = unchanged, a condition.
    solution_change : dict of int to int
        Molecules gained by each solution species.
    electrons : int
        Taken from the electrode, net: 1 for a reduction, -1 for an oxidation.
    law : str
        Key of `kmc.rates.RATE_LAWS`.
    parameters : dict of str to Quantity
        As given, by their names in the deck; a reverse process has those of its forward process.
    reverse_of : int, optional
        Index of the forward process.
    activity_orders : dict of int to int
        Power of the activity of each solution species in the rate, of those that are held at one.
    tunnelling : bool
        Whether the electron tunnels from the electrode to the anchor.
    neighbours : tuple of Neighbours
    geometry : int64, shape (n_terms, 3), optional
        Positions (x, y, z) of the terms; None: one term, or two nearest neighbours.
    source : str, optional
        Publication of the step.
    molecule_orders : dict of int to int
        Molecules of each finite solution species that react, products or not.
    transfer : Quantity, optional
        Share of a change of interaction energy that the barrier of the forward process takes over, 0 to 1; None: no
        cluster changes its energy. A reverse process has that of its forward process.
    layers : (int, int or None), optional
        First and last layer of the anchor, from 1 = on the electrode; None: everywhere, or up to the top.
    hop : float
        Of the law `diffusion`: length a of its k = D/a^2, in spacings; `kmc.bravais.hop_length`.
    oriented : bool
        Whether it happens in the orientation of `geometry` only, not in all that the lattice has.
    """

    name: str
    index: int
    reactants: tuple[frozenset[int], ...]
    products: tuple[int | None, ...]
    solution_change: dict[int, int]
    electrons: int
    law: str
    parameters: dict[str, Quantity]
    reverse_of: int | None = None
    activity_orders: dict[int, int] = field(default_factory=dict)
    tunnelling: bool = False
    neighbours: tuple[Neighbours, ...] = ()
    geometry: np.ndarray | None = field(default=None, compare=False)
    source: str | None = None
    molecule_orders: dict[int, int] = field(default_factory=dict)
    transfer: Quantity | None = None
    layers: tuple[int, int | None] | None = None
    hop: float = 1.0
    oriented: bool = False

    @property
    def is_solution(self) -> bool:
        """Whether it happens in the solution alone, without a site of the lattice."""
        return not self.reactants


@dataclass(frozen=True)
class Vocabulary:
    """What the names of an equation can mean.

    Parameters
    ----------
    species : tuple of Species
    solution : tuple of SolutionSpecies
    groups : dict of str to frozenset of int
    """

    species: tuple[Species, ...]
    solution: tuple[SolutionSpecies, ...]
    groups: dict[str, frozenset[int]]

    def __post_init__(self):
        object.__setattr__(self, "lattice", {species.name: species for species in self.species})
        object.__setattr__(self, "mixed", {species.name: species for species in self.solution})

    def fault(self, term: Term) -> Fault | None:
        """Why the name of a term is unknown, or None."""
        name = term.name
        if term.is_group:
            if name in self.groups:
                return None
            if name in self.lattice:
                return f"'{{{name}}}' is no group; a species stands without braces", term.offset
            return f"unknown group '{name}'{did_you_mean(name, self.groups)}", term.offset
        if term.is_electron or name in self.lattice or name in self.mixed:
            return None
        known = [*self.lattice, *self.mixed]
        rest = name.lstrip("0123456789")
        if name in self.groups:
            guess = f", did you mean the group '{{{name}}}'?"
        elif rest != name and rest in known:
            guess = f", did you mean '{name[: -len(rest)]} {rest}'?"
        else:
            guess = did_you_mean(name, known)
        return f"unknown species '{name}'{guess}", term.offset


@dataclass(frozen=True)
class Step:
    """One direction of an equation in terms of species.

    Parameters
    ----------
    reactants : tuple of frozenset of int
    products : tuple of (int or None)
        As in `Process`.
    consumed, produced : dict of int to int
        Molecules of the solution on either side.
    electrons : int
        Taken from the electrode, net.
    """

    reactants: tuple[frozenset[int], ...]
    products: tuple[int | None, ...]
    consumed: dict[int, int]
    produced: dict[int, int]
    electrons: int

    def reverse(self) -> Step:
        """The step backwards."""
        pairs = list(zip(self.reactants, self.products, strict=True))
        return Step(
            tuple(before if after is None else frozenset({after}) for before, after in pairs),
            tuple(None if after is None else next(iter(before)) for before, after in pairs),
            self.produced,
            self.consumed,
            -self.electrons,
        )

    @property
    def is_solution(self) -> bool:
        """Whether it happens in the solution alone, without a site of the lattice."""
        return not self.reactants

    @property
    def solution_change(self) -> dict[int, int]:
        """Molecules gained by each solution species; those that stay the same are left out."""
        keys = sorted(self.consumed.keys() | self.produced.keys())
        change = {key: self.produced.get(key, 0) - self.consumed.get(key, 0) for key in keys}
        return {key: gain for key, gain in change.items() if gain}

    @property
    def changes_nothing(self) -> bool:
        """Whether everything is the same afterwards."""
        return (
            not self.solution_change and not self.electrons and all(after is None for after in self.products)
        )

    def key(self, geometry: np.ndarray | None = None) -> tuple:
        """What makes two steps the same; without `geometry` the order of the terms does not matter."""
        terms = [
            (tuple(sorted(before)), -1 if after is None else after)
            for before, after in zip(self.reactants, self.products, strict=True)
        ]
        if geometry is None:
            terms, places = sorted(terms), ()
        else:
            places = tuple((np.asarray(geometry) - geometry[0]).ravel().tolist())
        return (
            tuple(terms),
            places,
            tuple(sorted(self.consumed.items())),
            tuple(sorted(self.produced.items())),
            self.electrons,
        )


def resolve(equation: Equation, vocabulary: Vocabulary) -> tuple[Step | None, list[Fault]]:
    """Turn names into species and check the places of the lattice terms.

    Parameters
    ----------
    equation : Equation
    vocabulary : Vocabulary

    Returns
    -------
    step : Step or None
        None where the equation is at fault.
    faults : list of (str, int)
        Messages and their places in the text of the equation.
    """
    terms = {(term.name, term.is_group): term for term in reversed((*equation.left, *equation.right))}
    faults = [fault for term in reversed(terms.values()) if (fault := vocabulary.fault(term))]
    if faults:
        return None, faults
    left, right = (_lattice_terms(side, vocabulary) for side in (equation.left, equation.right))
    if len(left) != len(right):
        return None, []  # the sites do not balance, which is reported with the elements
    if len(left) > MAX_TERMS:
        return None, [(f"{len(left)} lattice terms; at most {MAX_TERMS} are possible", 0)]
    pairs = list(zip(left, right, strict=True))
    faults = [fault for pair in pairs if (fault := _place_fault(*pair, vocabulary))]
    if faults:
        return None, faults[:1]  # one term out of place puts others out of place
    step = Step(
        tuple(_allowed(term, vocabulary) for term in left),
        tuple(_written(*pair, vocabulary) for pair in pairs),
        _molecules(equation.left, vocabulary),
        _molecules(equation.right, vocabulary),
        equation.electrons,
    )
    return step, [("changes nothing", 0)] if step.changes_nothing else []


def imbalance(equation: Equation, vocabulary: Vocabulary) -> list[str]:
    """What an equation does not conserve: sites, elements and charge, each as `Li 2 -> 1`.

    All names must be known. Groups are unchanged, so that they drop out; an electron on the left has charge
    -1.
    """
    totals = []
    for side in (equation.left, equation.right):
        total: Counter[str] = Counter()
        total["sites"] = len(_lattice_terms(side, vocabulary))
        for term in side:
            if term.is_electron:
                total["charge"] -= term.coefficient
            elif not term.is_group:
                species = vocabulary.lattice.get(term.name) or vocabulary.mixed[term.name]
                total["charge"] += term.coefficient * species.charge
                for element, number in species.formula.items():
                    total[element] += term.coefficient * number
        totals.append(total)
    before, after = totals
    elements = sorted((before.keys() | after.keys()) - {"sites", "charge"})
    return [
        f"{what} {before[what]} -> {after[what]}"
        for what in ("sites", *elements, "charge")
        if before[what] != after[what]
    ]


def _lattice_terms(side: tuple[Term, ...], vocabulary: Vocabulary) -> list[Term]:
    """Terms that stand for a site, each as often as its coefficient says, up to what is refused anyway."""
    return [
        term
        for term in side
        if term.is_group or term.name in vocabulary.lattice
        for _ in range(term.coefficient)
    ]


def _molecules(side: tuple[Term, ...], vocabulary: Vocabulary) -> dict[int, int]:
    molecules: Counter[int] = Counter()
    for term in side:
        if not term.is_group and term.name in vocabulary.mixed:
            molecules[vocabulary.mixed[term.name].index] += term.coefficient
    return dict(molecules)


def _allowed(term: Term, vocabulary: Vocabulary) -> frozenset[int]:
    if term.is_group:
        return vocabulary.groups[term.name]
    return frozenset({vocabulary.lattice[term.name].index})


def _written(before: Term, after: Term, vocabulary: Vocabulary) -> int | None:
    return None if before.name == after.name else vocabulary.lattice[after.name].index


def _place_fault(before: Term, after: Term, vocabulary: Vocabulary) -> Fault | None:
    """What is wrong with one site: a group that is changed, or the electrode."""
    if before.is_group or after.is_group:
        if before.is_group and after.is_group and before.name == after.name:
            return None
        group, other = (before, after) if before.is_group else (after, before)
        shown = f"{{{other.name}}}" if other.is_group else other.name
        message = f"'{{{group.name}}}' is a condition; on the other side it meets '{shown}', not itself"
        return message, group.offset
    names = (before.name, after.name)
    if before.name != after.name and "electrode" in (vocabulary.lattice[name].phase for name in names):
        term = before if vocabulary.lattice[before.name].phase == "electrode" else after
        return f"'{term.name}' is the electrode, which no process changes", term.offset
    return None
