# SPDX-License-Identifier: BSD-3-Clause
"""The films of a sweep: what each of them is, in a fixed order that depends on the deck alone. Floor 40.

In: a deck with a section `sweep`. Out: a `Plan` with its `Member`s. A case is a combination of `grid` and `cases`;
within a case, draws of the sample, patches on particles and seeds follow each other, seeds fastest.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kmc.deck import Deck, load_deck
from kmc.deck_sweep import MAX_MEMBERS, SALTELLI
from kmc.errors import DeckError, KmcError, Problem, did_you_mean
from kmc.particles import Patch, patches_of
from kmc.sampling import Factor, factors, shared_paths

if TYPE_CHECKING:
    from kmc.deck_sweep import SampleDeck

SEEDS, DRAWS = 10, 11
"""int: purposes of random streams, first keys of the seed sequence of `run.seed`: seeds of films, and the sample."""


class DeckChangedError(KmcError):
    """The deck of a sweep was edited while its films were growing, which is no film's fault."""


@dataclass(frozen=True)
class Member:
    """One film of a sweep.

    Attributes
    ----------
    index : int
    case : int
        Index of the combination of `grid` and `cases` that it belongs to.
    draw : int
        Row of the sample; 0 without one.
    seed : int
    overrides : dict of str to str
        What it has instead of the values of the deck, its seed apart.
    values : tuple of float
        Drawn value of every factor, in internal units.
    patch : Patch or None
        Where on the electrode it grows.
    weight : float
        In the averages of its case.
    cost : float
        Estimate of its effort: duration times columns of sites.
    """

    index: int
    case: int
    draw: int
    seed: int
    overrides: dict[str, str]
    values: tuple[float, ...]
    patch: Patch | None
    weight: float
    cost: float


@dataclass(frozen=True)
class Plan:
    """All films of a sweep.

    Attributes
    ----------
    deck : Deck
        As it stands, with what `--set` replaced.
    members : tuple of Member
    cases : tuple of dict of str to str
        What each case sets.
    factors : tuple of Factor
        What the sample draws.
    """

    deck: Deck
    members: tuple[Member, ...]
    cases: tuple[dict[str, str], ...]
    factors: tuple[Factor, ...]

    @property
    def saltelli_rows(self) -> int:
        """int: rows N of the matrices of a sample for Sobol indices; 0 for any other."""
        sample = self.deck.sweep.sample
        return sample.size if sample is not None and sample.method == SALTELLI else 0

    def longest_first(self, indexes: Iterable[int]) -> list[int]:
        """Indexes of members in the order in which they are handed out; of equal costs the first comes first."""
        return sorted(indexes, key=lambda index: (-self.members[index].cost, index))

    def film_deck(self, member: Member) -> Deck:
        """The deck of one film.

        Parameters
        ----------
        member : Member

        Returns
        -------
        deck : Deck

        Raises
        ------
        DeckError  if the values do not go together.
        DeckChangedError  if the deck is not the one that the sweep began with.
        """
        deck = load_deck(self.deck.path, {**self.deck.overrides, **member.overrides, "run.seed": str(member.seed)})
        if (deck.text, deck.bases) != (self.deck.text, self.deck.bases):
            raise DeckChangedError(f"{deck.path} or a deck below it was changed while the sweep was running")
        if member.patch is None:
            return deck
        return replace(deck, protocol=replace(deck.protocol, potential=member.patch.potential))

    def description(self) -> dict[str, object]:
        """Everything that decides the films, as plain data: what a sweep that goes on is compared with."""
        deck = self.deck
        return {
            "deck": deck.text,
            **{f"deck {base.path.name}": base.text for base in deck.bases},
            **{f"--set {path}": text for path, text in sorted(deck.overrides.items())},
            "members": len(self.members),
            "cases": [dict(case) for case in self.cases],
        }


def plan_of(deck: Deck) -> Plan:
    """List the films of a sweep.

    Parameters
    ----------
    deck : Deck

    Returns
    -------
    plan : Plan

    Raises
    ------
    DeckError
        If a path or a value of the sweep is wrong, with everything that is.
    KmcError
        If the deck has no section `sweep`.
    """
    if deck.sweep is None:
        raise KmcError(f"{deck.path}: no section 'sweep', such as 'sweep: {{seeds: 8}}'; `kmc run` grows a single film")
    settings = _Settings(deck)
    cases = settings.cases()
    names, values = settings.draws()
    patches: list[Patch | None] = list(patches_of(deck)) if deck.sweep.particles is not None else [None]
    n_seeds = len(deck.sweep.seeds) if isinstance(deck.sweep.seeds, list) else deck.sweep.seeds
    n_members = len(cases) * len(values) * len(patches) * n_seeds
    if n_members > MAX_MEMBERS:
        raise DeckError(deck.problem(f"{n_members} films; at most {MAX_MEMBERS} are possible", ("sweep",)))
    counted = draw_weights(deck.sweep.sample, len(names), len(values))
    members = []
    everything = itertools.product(enumerate(cases), enumerate(values.tolist()), enumerate(patches), range(n_seeds))
    for (case, given), (draw, row), (place, patch), number in everything:
        drawn = {path: text for factor, value in zip(names, row, strict=True)
                 for path, text in factor.overrides(value).items()}
        members.append(Member(
            len(members), case, draw, film_seed(deck, (case, draw, place, number)), {**given, **drawn}, tuple(row),
            patch, float(counted[draw]) * (1.0 if patch is None else patch.weight), settings.cost(given),
        ))
    return Plan(deck, tuple(members), tuple(cases), tuple(names))


def film_seed(deck: Deck, place: tuple[int, int, int, int]) -> int:
    """Seed of a film, from where it stands in the sweep: case, draw, patch and number.

    Adding films to a sweep leaves the seeds of those before as they are.
    """
    seeds = deck.sweep.seeds
    if isinstance(seeds, list):
        return seeds[place[3]]
    words = np.random.SeedSequence(deck.run.seed, spawn_key=(SEEDS, *place)).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


def draw_weights(sample: SampleDeck | None, n_factors: int, n_draws: int) -> np.ndarray:
    """Weight of every draw in averages, float64, shape (n_draws,).

    Of a sample for Sobol indices only its two independent matrices count: the other draws repeat their values.
    """
    weights = np.ones(n_draws)
    if sample is not None and sample.method == SALTELLI:
        weights.reshape(-1, n_factors + 3)[:, 1:-1] = 0.0
    return weights


def shares_of(sample: SampleDeck, n_factors: int, seed: int) -> np.ndarray:
    """Shares of probability at which a sample draws its factors.

    Parameters
    ----------
    sample : SampleDeck
    n_factors : int
    seed : int
        Of the deck, unless the sample has one.

    Returns
    -------
    shares : float64, shape (n_draws, n_factors)
        In [0, 1). For `saltelli` the draws of row i are A, A with factor 1, 2, ... from B, A again, and B, which is the
        order of SALib with the random numbers of the film as last factor.

    References
    ----------
    Latin hypercube: McKay, Beckman, Conover, Technometrics 21, 239 (1979), doi:10.1080/00401706.1979.10489755.
    Saltelli et al., Comput. Phys. Commun. 181, 259 (2010), doi:10.1016/j.cpc.2009.09.018, table 2.
    """
    sequence = np.random.SeedSequence(seed if sample.seed is None else sample.seed, spawn_key=(DRAWS,))
    generator = np.random.Generator(np.random.PCG64DXSM(sequence))
    if sample.method == SALTELLI:
        return _saltelli(sample.size, n_factors, generator)
    shares = generator.random((sample.size, n_factors))
    if sample.method == "latin-hypercube":
        strata = np.array([generator.permutation(sample.size) for _ in range(n_factors)]).T
        shares = (strata + shares) / sample.size
    return np.minimum(shares, 1.0 - 2.0**-53)


def _saltelli(size: int, n_factors: int, generator: np.random.Generator) -> np.ndarray:
    from scipy.stats import qmc

    bits = 30  # a scrambled point may be 0, which no distribution reaches: each is put into the middle of its cell
    points = qmc.Sobol(2 * n_factors, scramble=True, bits=bits, rng=generator).random(size) + 2.0 ** -(bits + 1)
    first, second = points[:, :n_factors], points[:, n_factors:]
    draws = np.repeat(first[:, None, :], n_factors + 3, axis=1)
    for number in range(n_factors):
        draws[:, number + 1, number] = second[:, number]
    draws[:, -1] = second
    return draws.reshape(-1, n_factors)


class _Settings:
    """What the sweep of a deck sets, tried on the deck so that a mistake is shown where it was written.

    Parameters
    ----------
    deck : Deck
    """

    def __init__(self, deck: Deck):
        self.deck = deck
        self.shared = shared_paths(deck)
        self.problems: list[Problem] = []
        self._size = {"": _size_of(deck)}  # duration and columns of every setting that was tried

    def cases(self) -> list[dict[str, str]]:
        """Overrides of every case; the last path of the grid varies fastest."""
        axes: list[list[dict[str, str]]] = []
        sweep = self.deck.sweep
        if sweep.cases:
            axes.append([self._tried(row, ("sweep", "cases", number)) for number, row in enumerate(sweep.cases)])
        for path, options in sweep.grid.items():
            where = ("sweep", "grid", path)
            axes.append([self._tried({path: each}, where, number) for number, each in enumerate(options)])
        if self.problems:
            raise DeckError(self.problems)
        return [{path: text for part in parts for path, text in part.items()} for parts in itertools.product(*axes)]

    def draws(self) -> tuple[list[Factor], np.ndarray]:
        """What the sample draws, and the values, float64, shape (n_draws, n_factors)."""
        sample = self.deck.sweep.sample
        if sample is None:
            return [], np.empty((1, 0))
        overrides: dict[str, str] = {}
        named: dict[str, str] = {}
        for path, text in sample.ranges.items():
            overrides |= self._tried({path: text}, ("sweep", "sample", "ranges"))
            named |= dict.fromkeys(self.shared.get(path, ()), path)
        if self.problems:
            raise DeckError(self.problems)
        ranged = load_deck(self.deck.path, {**self.deck.overrides, **overrides}) if overrides else self.deck
        chosen = self._chosen(factors(ranged, named), [named.get(path, path) for path in overrides])
        shares = shares_of(sample, len(chosen), self.deck.run.seed)
        return chosen, np.array([[f.value(u) for f, u in zip(chosen, row, strict=True)] for row in shares.tolist()])

    def cost(self, case: Mapping[str, str]) -> float:
        """Estimate of the effort of a film: duration times columns of sites."""
        duration, columns = self._size[""]
        for path, text in case.items():
            tried = self._size.get(f"{path}={text}", self._size[""])
            duration = tried[0] if tried[0] != self._size[""][0] else duration
            columns = tried[1] if tried[1] != self._size[""][1] else columns
        return duration * columns

    def _tried(self, given: Mapping[str, object], where: tuple, number: int | None = None) -> dict[str, str]:
        """Overrides of some settings; what is wrong with them is noted at its place in the deck."""
        texts = {each: value_text(value) for path, value in given.items() for each in self.shared.get(path, (path,))}
        origin = {each: path for path in given for each in self.shared.get(path, (path,))}
        try:
            deck = load_deck(self.deck.path, {**self.deck.overrides, **texts})
            self._size |= {f"{path}={text}": _size_of(deck) for path, text in texts.items()}
        except DeckError as error:
            for problem in error.problems:
                path = (problem.file or "").removeprefix("--set ")
                if path in origin:
                    self._note(problem, origin[path], where, number)
                else:
                    self.problems.append(problem)
        return texts

    def _note(self, problem: Problem, path: str, where: tuple, number: int | None) -> None:
        """A problem with a setting, at its key if the path leads nowhere, else at the value."""
        message = problem.message
        leads_nowhere = message.startswith(("unknown key", "no key", "no item", "expected a path"))
        if leads_nowhere and "#" in path:
            message = f"no value '{path}' of a table is used in the deck{did_you_mean(path, self.shared)}"
        place = where if where[-1] == path else (*where, path)
        if number is not None and not leads_nowhere:
            place = (*place, number)
        self.problems.append(self.deck.problem(message, self.deck.locate(place, key=leads_nowhere), problem.hint))

    def _chosen(self, found: list[Factor], ranged: list[str]) -> list[Factor]:
        """Those of the factors that the sample asks for, and those that it gives a range."""
        sample = self.deck.sweep.sample
        patterns = sample.values
        unused = set(patterns or ())
        chosen = []
        for factor in found:
            names = (factor.name, *factor.paths)
            hits = {pattern for pattern in patterns or () if any(fnmatchcase(name, pattern) for name in names)}
            unused -= hits
            if hits or patterns is None or any(name in ranged for name in names):
                chosen.append(factor)
        for number, pattern in enumerate(patterns or ()):
            if pattern in unused:
                guess = did_you_mean(pattern, [factor.name for factor in found])
                message = f"no value with a distribution is called '{pattern}'{guess}"
                self.problems.append(self.deck.problem(message, ("sweep", "sample", "values", number)))
        missing = set(ranged) - {name for factor in chosen for name in (factor.name, *factor.paths)}
        for path in sorted(missing):
            message = f"'{sample.ranges.get(path, path)}' is one value; expected a range such as '0.4 .. 0.7 eV'"
            self.problems.append(self.deck.problem(message, ("sweep", "sample", "ranges", path)))
        if not chosen and not self.problems:
            message = "no value of the deck carries a distribution; give one some, or use 'ranges'"
            self.problems.append(self.deck.problem(message, ("sweep", "sample")))
        if self.problems:
            raise DeckError(self.problems)
        return chosen


def value_text(value: object) -> str:
    """A value of a deck as YAML in one line, as `--set` takes it."""
    if isinstance(value, str) and not any(sign in value for sign in "#:{}[],&*!|>'\"%@`\n") and value.strip() == value:
        return str(value)
    # JSON quotes every text, and is YAML.
    return json.dumps(value, ensure_ascii=False)


def _size_of(deck: Deck) -> tuple[float, int]:
    """Duration [s] and number of columns of sites."""
    columns = 1
    if deck.lattice is not None:
        for length in deck.lattice.size[:-1]:
            columns *= int(length)
    return float(deck.run.duration), columns


def members_directory(directory: Path) -> Path:
    """Where the films of a sweep are, below its directory."""
    return directory / "members"
