# SPDX-License-Identifier: BSD-3-Clause
"""From the rows of a foreign table to the processes of a deck: balance, electrons, reversible pairs. Floor 7.

Two rows that are each other's reverse become one reversible process only if the deck would give the second the rate
constant that it has; otherwise the table is not in detailed balance there, and both stay as they are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kmc.constants import BOLTZMANN_EV
from kmc.errors import DeckError, Problem
from kmc.import_draft import Draft, DraftProcess, energy, number, usable_name
from kmc.import_species import NamedSpecies
from kmc.rates import RATE_LAWS, effective_barrier
from kmc.units import DIMENSIONS

_FREE_ENERGY = "reaction-free-energy"
_MAX_PROBLEMS = 20
_VISIBLE = 0.03  # difference of logarithms that is told of, though the rounding of a table explains it
_WARMER = 35.0  # K and V: a pair has to agree at a second temperature and potential as well
_OTHER_POTENTIAL = 0.5


@dataclass(frozen=True)
class Row:
    """One direction of one reaction of a foreign table.

    Parameters
    ----------
    label : str
        What its source calls it, such as `reaction 5`.
    reactants, products : tuple of str
        Names of species, repeated where two of a kind react; without electrons.
    law : str
        Key of `kmc.rates.RATE_LAWS`.
    values : dict of str to float
        Parameters of the law in internal units.
    texts : dict of str to str
        Parameters as YAML, instead of a value.
    spreads : dict of str to float
        Standard uncertainties of the values, those that are known.
    electrons : int, optional
        Taken from the electrode, negative: given to it; None: as charge demands.
    name, source : str
        As the table has them; empty: worked out.
    line : int, optional
        In its file.
    heading : str
        Under which it stands in the deck.
    is_reversible : bool
        Whether it stands for both directions.
    """

    label: str
    reactants: tuple[str, ...]
    products: tuple[str, ...]
    law: str
    values: dict[str, float]
    texts: dict[str, str] = field(default_factory=dict)
    spreads: dict[str, float] = field(default_factory=dict, kw_only=True)
    electrons: int | None = None
    name: str = ""
    source: str = ""
    line: int | None = None
    heading: str = "reactions"
    is_reversible: bool = False

    @property
    def key(self) -> tuple:
        """What it does."""
        return tuple(sorted(self.reactants)), tuple(sorted(self.products)), self.electrons

    @property
    def reverse_key(self) -> tuple:
        """What the reverse does."""
        return tuple(sorted(self.products)), tuple(sorted(self.reactants)), -(self.electrons or 0)


@dataclass(frozen=True)
class Settings:
    """What an import needs to know besides the rows.

    Parameters
    ----------
    file : str
        Name of the source file.
    source : str
        Publication of the whole table; may be empty.
    temperature : float, [K]
        At which a pair is compared.
    tolerance : float
        Largest difference of the logarithms of two rate constants that count as the same.
    skip_unbalanced : bool
        Leave out what does not balance instead of refusing the table.
    apart : frozenset of str
        Labels of rows that are not joined with their reverse.
    """

    file: str
    source: str = ""
    temperature: float = 298.15
    tolerance: float = 1e-4
    skip_unbalanced: bool = False
    apart: frozenset[str] = frozenset()


def add_processes(
    draft: Draft, rows: Sequence[Row], species: Mapping[str, NamedSpecies | None], settings: Settings
) -> None:
    """Give a draft the processes that the rows of a table describe.

    Parameters
    ----------
    draft : Draft
    rows : sequence of Row
    species : mapping of str to NamedSpecies or None
        What each species is; None where nobody knows.
    settings : Settings

    Raises
    ------
    DeckError  with all rows that do not balance.
    """
    balanced, n_electrons = _balanced(draft, rows, species, settings)
    if n_electrons:
        draft.assumptions.append(
            f"{n_electrons} reactions written without an electron do not conserve charge: their electron comes from "
            "the electrode, or goes there"
        )
    pairs, broken = _pairs(balanced, settings)
    if broken:
        draft.assumptions.append(
            f"{len(broken)} pairs of a reaction and its reverse are not in detailed balance; they stand as two "
            f"processes: {_labels(broken)}"
        )
    joined = [(row, back) for row, back in pairs if back is not None and row is not back]
    rounded = [pair for pair in joined if _differ(*pair, settings)]
    if rounded:
        draft.assumptions.append(
            f"{len(rounded)} pairs of a reaction and its reverse are joined, because they are in detailed balance "
            f"within the rounding of the table; the numbers of the first one hold: {_labels(rounded)}"
        )
    taken: set[str] = set()
    for row, back in pairs:
        process = _process(row, back, settings, taken)
        taken.add(process.name)
        draft.processes.setdefault(row.heading, []).append(process)


def _labels(pairs: Sequence[tuple[Row, Row]]) -> str:
    """Pairs of rows by their labels, the first of them."""
    shown = [f"{first.label} and {last.label.split(' ', 1)[-1]}" for first, last in pairs[:_MAX_PROBLEMS]]
    more = len(pairs) - _MAX_PROBLEMS
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def side(names: Iterable[str], electrons: int = 0) -> str:
    """One side of an equation: `2 LiCO2 + e-`."""
    terms = [name if count == 1 else f"{count} {name}" for name, count in Counter(names).items()]
    return " + ".join([*terms, *(["e-"] if electrons == 1 else [f"{electrons} e-"] if electrons else [])])


def _balanced(
    draft: Draft, rows: Sequence[Row], species: Mapping[str, NamedSpecies | None], settings: Settings
) -> tuple[list[Row], int]:
    """Rows with their electrons, and how many of them had none; what does not balance is refused or left out."""
    kept, problems, n_electrons = [], [], 0
    for row in rows:
        wrong, electrons = _balance(row, species)
        if not wrong and Counter(row.reactants) == Counter(row.products) and not electrons:
            draft.left_out.append(f"{row.label}, {side(row.reactants)} => {side(row.products)}: changes nothing")
        elif not wrong:
            n_electrons += electrons != 0 and row.electrons is None and not RATE_LAWS[row.law].uses_potential
            kept.append(replace(row, electrons=electrons))
        elif settings.skip_unbalanced:
            draft.left_out.append(f"{row.label}, {side(row.reactants)} => {side(row.products)}: {wrong}")
        else:
            problems.append(Problem(f"{row.label}: {wrong}", settings.file, row.line))
    if problems:
        more = len(problems) - _MAX_PROBLEMS
        shown = problems[:_MAX_PROBLEMS]
        if more > 0:
            shown.append(Problem(f"and {more} more that do not balance", settings.file))
        shown[-1] = replace(shown[-1], hint="--skip-unbalanced leaves them out")
        raise DeckError(shown)
    return kept, n_electrons


def _balance(row: Row, species: Mapping[str, NamedSpecies | None]) -> tuple[str, int]:
    """What is wrong with a row, and the electrons that it takes from the electrode."""
    known = [[species.get(name) for name in names] for names in (row.reactants, row.products)]
    if any(each is None for names in known for each in names):
        if row.electrons is None and RATE_LAWS[row.law].uses_potential:
            return "transfers an electron, but which way? Write e-, or give the charges of the species (--species)", 0
        return "", row.electrons or 0
    totals = []
    for names in known:
        total: Counter[str] = Counter()
        for each in names:
            total.update(each.atoms)
        totals.append(total)
    before, after = totals
    elements = [each for each in sorted(before | after) if before[each] != after[each]]
    wrong = [f"{each} {before[each]} -> {after[each]}" for each in elements]
    charges = [sum(each.charge for each in names) for names in known]
    electrons = charges[0] - charges[1]
    if abs(electrons) > 1 or (row.electrons is not None and row.electrons != electrons):
        written = row.electrons or 0
        wrong.append(f"charge {charges[0] - written} -> {charges[1]}")
    if wrong:
        return f"not balanced: {', '.join(wrong)}", 0
    if RATE_LAWS[row.law].uses_potential and not electrons:
        return f"its numbers are of electron transfer ({row.law}), but it transfers no electron", 0
    return "", electrons


def _pairs(rows: Sequence[Row], settings: Settings) -> tuple[list[tuple[Row, Row | None]], list[tuple[Row, Row]]]:
    """Rows with the reverse that goes into the same process, and the pairs that are not in balance."""
    waiting: dict[tuple, list[int]] = {}
    partner: dict[int, int] = {}
    broken: list[tuple[Row, Row]] = []
    lone: set[int] = set()
    for index, row in enumerate(rows):
        if row.is_reversible:
            partner[index] = index
            continue
        candidates = waiting.get(row.reverse_key, [])
        if not candidates:
            waiting.setdefault(row.key, []).append(index)
            continue
        first = candidates.pop(0)
        if {rows[first].label, row.label} & settings.apart:
            lone |= {first, index}
        elif _are_one(rows[first], row, settings):
            partner[first], partner[index] = index, first
        elif RATE_LAWS[row.law].uses_potential or (_FREE_ENERGY in row.values and not row.electrons):
            broken.append((rows[first], row))
            lone |= {first, index}
    result = []
    for index, row in enumerate(rows):
        other = partner.get(index)
        if other is None:
            # The free energy of a step with an electron is at another potential, if it is known at all.
            alone = index in lone or (row.electrons and not RATE_LAWS[row.law].uses_potential)
            result.append((_one_way(row) if alone else row, None))
        elif other >= index:
            # A reduction is written forwards.
            pair = (rows[other], row) if row.electrons == -1 else (row, rows[other])
            result.append(pair)
    return result, broken


def _are_one(forward: Row, backward: Row, settings: Settings) -> bool:
    """Whether the reverse that a deck generates has the rate constant that the table gives it."""
    uses_potential = RATE_LAWS[forward.law].uses_potential
    if forward.electrons and not uses_potential:
        return False  # nothing says how the balance moves with the potential
    if forward.law != backward.law or forward.texts != backward.texts:
        return False
    if not uses_potential and _FREE_ENERGY not in forward.values:
        return False
    energies = [row.values[_FREE_ENERGY] for row in (forward, backward) if _FREE_ENERGY in row.values]
    if len(energies) == 2 and abs(sum(energies)) > settings.tolerance * BOLTZMANN_EV * settings.temperature:
        return False  # both the same sign, most likely
    for warmer, potential in ((0.0, 0.0), (_WARMER, _OTHER_POTENTIAL)):
        if warmer and forward.law == "constant":
            continue
        conditions = {"temperature": settings.temperature + warmer, "potential": potential}
        wanted = _log_rate(backward, conditions, backward)
        if not abs(_log_rate(forward, conditions, backward) - wanted) <= settings.tolerance:
            return False
    return True


def _differ(forward: Row, backward: Row, settings: Settings) -> bool:
    """Whether the reverse that a deck generates has visibly another rate constant than the table."""
    conditions = {"temperature": settings.temperature, "potential": 0.0}
    difference = _log_rate(forward, conditions, backward) - _log_rate(backward, conditions, backward)
    return abs(difference) > _VISIBLE


def _log_rate(row: Row, conditions: Mapping[str, float], direction: Row) -> float:
    """Logarithm of the rate constant in the direction of another row, by the numbers of this one."""
    law = RATE_LAWS[row.law]
    values = dict(row.values)
    if law.uses_potential:
        rate = float(law.rate_constant(values | _zero_texts(row), **conditions, electrons=direction.electrons or 1))
        return math.log(rate) if rate > 0.0 else -math.inf
    given = values.pop(_FREE_ENERGY, -math.inf)
    gain = 0.0
    if row is not direction:
        gain = given
    if law.has_barrier:
        values["barrier"] = float(effective_barrier(values["barrier"], given)) - gain
        gain = 0.0
    rate = float(law.rate_constant(values, **conditions))
    if rate <= 0.0:
        return -math.inf
    return math.log(rate) + gain / (BOLTZMANN_EV * conditions["temperature"])


def _zero_texts(row: Row) -> dict[str, float]:
    """Stand-ins for parameters that are written as text, alike in both directions."""
    return dict.fromkeys(row.texts, 0.3)


def _one_way(row: Row) -> Row:
    """A row of a pair that breaks detailed balance: its barrier as crossed, without the free energy that it breaks."""
    values = dict(row.values)
    known = values.pop(_FREE_ENERGY, None)
    if known is not None and "barrier" in values:
        values["barrier"] = float(effective_barrier(values["barrier"], known))
    return replace(row, values=values)


def _process(row: Row, back: Row | None, settings: Settings, taken: set[str]) -> DraftProcess:
    electrons = row.electrons or 0
    left, right = side(row.reactants, max(electrons, 0)), side(row.products, max(-electrons, 0))
    before, after = (side(names).replace(" + ", " and ") for names in (row.reactants, row.products))
    name = row.name or (f"reduction of {before}" if electrons == 1 else f"{before} to {after}")
    if name in taken:
        name = f"{name} ({row.label})"
    name = name if name not in taken else usable_name(name, taken)
    rate = {"law": row.law} | {key: _shown(row, key, value) for key, value in row.values.items()} | row.texts
    arrow = "=>" if back is None else "<=>"
    labels = (row.label,) if back is None else (row.label, back.label)
    return DraftProcess(name, f"{left} {arrow} {right}", rate, {}, _source(row, back, settings), labels)


def _shown(row: Row, name: str, value: float) -> str:
    """A value of a rate law as a deck writes it."""
    dimension = RATE_LAWS[row.law].parameters[name].dimension
    unit = DIMENSIONS[dimension].unit
    text = energy(value) if dimension == "energy" else number(value) if unit == "1" else f"{number(value)} {unit}"
    if name not in row.spreads:
        return text
    spread = f" +- {number(row.spreads[name], 6)}"
    return text.replace(" ", f"{spread} ", 1) if unit != "1" else text + spread


def _source(row: Row, back: Row | None, settings: Settings) -> str:
    """Publication, file and row of a process."""
    if back is not None and back.label != row.label:
        word, first = row.label.split(" ", 1)
        last = back.label.split(" ", 1)[-1]
        place = f"{settings.file}, {word}s {first} and {last}"
    else:
        place = f"{settings.file}, {row.label}"
    publication = row.source or settings.source
    return f"{publication} ({place})" if publication else place
