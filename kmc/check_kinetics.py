# SPDX-License-Identifier: BSD-3-Clause
"""Page of `kmc check`, second part: rate constants, free energies, values and where they come from. Floor 7."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from kmc.check_subject import Subject
from kmc.conditions import Condition
from kmc.constants import BOLTZMANN_EV
from kmc.model import Model
from kmc.process import Process
from kmc.quantity import Quantity
from kmc.rate_table import bare_constants, heights_of
from kmc.rates import RATE_LAWS
from kmc.sampling import distributed
from kmc.text_page import cut, energy, entry, heading, listed, short, table
from kmc.thermodynamics import CLOSED, reorganization_energy
from kmc.values import Value, distribution_text

_NAME = 40  # characters of the name of a process


def rates(subject: Subject) -> str:
    """Rate constants at the start, barriers, free energies and equilibrium constants."""
    start, rows = subject.conditions[0], subject.rates[0]
    cells = [("#", "process", "law", "barrier", "dG", "k [1/s]", "reverse", "K", "activity")]
    for process in subject.forward:
        row, back = rows[process.index], subject.reverse.get(process.index)
        name = cut(process.name, _NAME)
        energies = (energy(row.barrier), energy(row.free_energy))
        constants = (short(row.rate_constant), "" if back is None else short(rows[back].rate_constant))
        balance = "" if back is None else equilibrium(row.free_energy, start.temperature)
        activity = _activity(row.activity, 1.0 if back is None else rows[back].activity)
        cells.append((subject.number[process.index], name, row.law, *energies, *constants, balance, activity))
    remark = (
        f"At {start.potential:g} V and {start.temperature:g} K. k at activities 1 and without modifiers, in a run "
        "times the activity of what is held (forward, reverse). barrier and dG in eV: the barrier as crossed, of "
        "electron transfer that of Marcus theory at the Fermi level; dG of reaction at this potential. "
        "K = exp(-dG/kT)."
    )
    volumetric = [subject.number[each.index] for each in subject.forward if RATE_LAWS[each.law].is_volumetric]
    if volumetric:
        remark += f" Per pair of molecules, over the volume of the compartment: {listed(volumetric)}."
    text = table(cells, right=(0, 3, 4, 5, 6, 7, 8))
    return f"{heading('RATE CONSTANTS', remark)}\n{text}"


def _activity(forward: float, reverse: float) -> str:
    """Activities that multiply the rate constants of a pair; empty where they are 1."""
    if reverse != 1.0:
        return f"{forward:.3g}, {reverse:.3g}"
    return "" if forward == 1.0 else short(forward)


def equilibrium(free_energy: float | None, temperature: float) -> str:
    """exp(-dG/kT) to three digits, beyond the range of doubles too; empty where dG is unknown."""
    if free_energy is None:
        return ""
    decades = -free_energy / (BOLTZMANN_EV * temperature) / math.log(10.0)
    if abs(decades) < 300.0:
        return short(10.0**decades)
    return f"1e{decades:+.0f}"


def modifiers(subject: Subject) -> str:
    """What else acts on rates, by process."""
    model, lines = subject.model, []
    rows = subject.rates[0]
    tunnelling = [each for each in subject.forward if "tunnelling" in rows[each.index].modifiers]
    if tunnelling:
        decay = model.deck.tunnelling.decay
        shown = ", ".join(f"{name} {_per_nm(quantity)}" for name, quantity in decay.items())
        lines.append(entry("tunnelling", f"{numbers(subject, tunnelling)}; decay [1/nm]: {shown}"))
    shared: dict[tuple[str, str], list[Process]] = {}
    for process in subject.forward:
        for key in _local(process, model):
            shared.setdefault(key, []).append(process)
    lines += [entry(name, f"{numbers(subject, group)}: {text}") for (name, text), group in shared.items()]
    lines += _interactions(subject)
    return f"{heading('MODIFIERS')}\n" + "\n".join(lines) if lines else ""


def _local(process: Process, model: Model) -> Iterator[tuple[str, str]]:
    """Neighbour terms and layers of a process, in words."""
    for term in process.neighbours:
        names = [model.mechanism.species[index].name for index in sorted(term.species)]
        shell = {1: "nearest", 2: "next nearest"}.get(term.shell, f"shell {term.shell}")
        where = f" of lattice term {term.site}" if term.site > 1 else ""
        text = f"{_signed(term.energy)} eV on the barrier for each {shell} neighbour{where} that is {listed(names, 12)}"
        yield "neighbours", text
    if process.layers is not None:
        first, last = process.layers
        yield "layer", f"only in layers {first} to {'the top' if last is None else last}, counted from the electrode"


def electron_transfer(subject: Subject) -> str:
    """Redox couples: how far the electrode is from their standard potentials."""
    model, start = subject.model, subject.conditions[0]
    cells = [("#", "process", "E0 [V]", "E - E0", "lambda [eV]", "region", "k at E0 [1/s]", "k at E [1/s]")]
    heights = heights_of(model.mechanism)
    for process in subject.forward:
        if not RATE_LAWS[process.law].uses_potential:
            continue
        standard = process.parameters["standard-potential"].at(start.temperature)
        row = subject.rates[0][process.index]
        energy_ = reorganization_energy(process, start.temperature, heights[process.index])
        region = ""
        if energy_ is not None:
            region = "inverted" if row.free_energy < -energy_ else "normal"
        at_standard = bare_constants(model.mechanism, start.temperature, standard, model.lattice.spacing)[process.index]
        cells.append(
            (
                subject.number[process.index],
                cut(process.name, _NAME),
                energy(standard),
                f"{start.potential - standard:+.3f}",
                energy(energy_),
                region,
                short(at_standard),
                short(row.rate_constant),
            )
        )
    remark = (
        f"At {start.potential:g} V vs Li/Li+ and {start.temperature:g} K. lambda: reorganization energy, inner and "
        "outer. region: inverted where the step gains more than lambda, so that Marcus theory without the electrons "
        "below the Fermi level does not hold."
    )
    return f"{heading('ELECTRON TRANSFER', remark)}\n{table(cells, right=(0, 2, 3, 4, 6, 7))}" if len(cells) > 1 else ""


def _interactions(subject: Subject) -> list[str]:
    clusters = subject.model.mechanism.clusters
    if not clusters:
        return []
    sizes = {n: sum(len(each.offsets) == n for each in clusters) for n in range(1, 5)}
    words = {1: "single", 2: "pair", 3: "triplet", 4: "quadruplet"}
    kinds = ", ".join(f"{n} {words[size]}{'s' * (n > 1)}" for size, n in sizes.items() if n)
    count = f"{len(clusters)} cluster{'s' * (len(clusters) > 1)}"
    lines = [entry("interactions", f"{count}: {kinds}; barrier max(E0 + w dE, dG0 + dE, 0)")]
    largest = max(clusters, key=lambda each: abs(each.energy.value))
    lines.append(entry("", f"strongest: {largest.name}, {_signed(largest.energy)} eV"))
    followers: dict[float, list[Process]] = {}
    for process in subject.forward:
        if process.transfer is not None:
            followers.setdefault(process.transfer.value, []).append(process)
    lines += [entry("", f"w = {w:g}: {numbers(subject, group)}") for w, group in followers.items()]
    return lines


def _per_nm(quantity) -> str:
    spread = f" +- {quantity.uncertainty * 1e-9:g}" if quantity.uncertainty else ""
    return f"{quantity.value * 1e-9:g}{spread}"


def _signed(quantity) -> str:
    spread = f" +- {quantity.uncertainty:g}" if quantity.uncertainty else ""
    return f"{quantity.value:+g}{spread}"


def protocol(subject: Subject) -> str:
    """Rate constants where the protocol starts, ends, and is at its extremes."""
    conditions = subject.conditions
    if len(conditions) == 1:
        return ""
    cells = [("#", "process", *(_at(condition) for condition in conditions))]
    for process in subject.forward:
        pair = [process.index] + ([subject.reverse[process.index]] if process.index in subject.reverse else [])
        for index in pair:
            constants = [rows[index].rate_constant for rows in subject.rates]
            if max(constants) > min(constants) * (1.0 + 1e-9):
                name = cut(process.name, _NAME) + (" (reverse)" if index != process.index else "")
                cells.append((subject.number[index], name, *(short(each) for each in constants)))
    if len(cells) == 1:
        return ""
    labels = "; ".join(f"{_at(each)}: {each.label}" for each in conditions)
    remark = f"k [1/s] of the processes that follow potential or temperature. {labels}."
    columns = range(2, 2 + len(conditions))
    text = table(cells, right=(0, *columns), widest=dict.fromkeys(columns, 10))
    return f"{heading('RATE CONSTANTS OVER THE PROTOCOL', remark)}\n{text}"


def _at(condition: Condition) -> str:
    return f"{condition.potential:.5g} V {condition.temperature:.5g} K"


def thermodynamics(subject: Subject) -> str:
    """Whether free energies close around cycles."""
    known = subject.energies.known
    if not known:
        return ""
    found = subject.energies.cycles(subject.conditions[0].temperature)
    open_ = [cycle for cycle in found if abs(cycle.misclosure) > CLOSED]
    text = f"{len(known)} of {len(subject.forward)} processes have a known free energy of reaction; "
    if not found:
        text += "they form no cycle, so that nothing can contradict itself."
    elif not open_:
        worst = max(abs(cycle.misclosure) for cycle in found)
        text += f"all {len(found)} independent cycles of them close, within {worst * 1e3:.2g} meV."
    else:
        text += f"{len(open_)} of {len(found)} independent cycles of them do not close: see the findings."
    return f"{heading('FREE ENERGIES', text)}"


def values(subject: Subject) -> str:
    """Values by name, number and source, and the processes that use them."""
    groups: dict[tuple, list[Value]] = {}
    for value in subject.values:
        key = (value.name, value.text, value.source, value.quantity.method)
        groups.setdefault(key, []).append(value)
    cells = [("value", "", "of", "source", "method")]
    for (name, text, source, method), group in groups.items():
        users = [subject.number[each.index] for each in group if each.index is not None]
        of = ranges(users) if users else listed(list(dict.fromkeys(each.owner for each in group)), 4)
        number = f"[{subject.sources[source]}]" if source else "none"
        cells.append((name, text, of, number, method or ""))
    remark = (
        "Numbers are those of processes, [numbers] those of sources; +- is a standard deviation, .. a uniform range."
    )
    return f"{heading('VALUES', remark)}\n{table(cells, widest={0: 28, 2: 24, 4: 40})}"


def distributions(subject: Subject) -> str:
    """Values that carry a distribution, and the paths by which they are set."""
    groups: dict[object, list[tuple[str, Quantity]]] = {}
    for path, quantity in distributed(subject.model.deck):
        # A row of a table is drawn once for all the keys that refer to it.
        is_shared = quantity.where is not None and quantity.where.file is not None and quantity.where.column is None
        groups.setdefault((quantity.where, quantity.value) if is_shared else path, []).append((path, quantity))
    if not groups:
        return ""
    cells = [("kind", "parameters", "path to set it")]
    for group in groups.values():
        path, quantity = group[0]
        place = f"{quantity.where.file.rpartition('/')[2]}:{quantity.where.line}" if len(group) > 1 else ""
        more = f" and {len(group) - 1} more that take {place}" if place else ""
        cells.append((quantity.distribution.kind, distribution_text(quantity, quantity.dimension), path + more))
    remark = (
        f"{len(groups)} value{'s' * (len(groups) > 1)} that an ensemble samples, those of one row of a table together; "
        "a single run takes the nominal ones."
    )
    return f"{heading('DISTRIBUTIONS', remark)}\n{table(cells)}"


def sources(subject: Subject) -> str:
    """The list of sources."""
    if not subject.sources:
        return ""
    lines = [entry(f"[{number}]", source, indent=6) for source, number in subject.sources.items()]
    return f"{heading('SOURCES')}\n" + "\n".join(lines)


def numbers(subject: Subject, processes: Iterable[Process]) -> str:
    """Numbers of processes after the word for them, runs of them as 3-7."""
    labels = [subject.number[each.index] for each in processes]
    return f"process{'es' * (len(labels) > 1)} {ranges(labels)}"


def ranges(labels: list[str]) -> str:
    """Numbers in a row, runs of three and more as 3-7."""
    found = sorted({int(each) for each in labels})
    parts, start = [], 0
    for i, number in enumerate(found):
        if i + 1 < len(found) and found[i + 1] == number + 1:
            continue
        run = found[start : i + 1]
        parts += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(each) for each in run]
        start = i + 1
    return ", ".join(parts)
