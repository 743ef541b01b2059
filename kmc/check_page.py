# SPDX-License-Identifier: BSD-3-Clause
"""The page that `kmc check` prints: a deck as a modeller wants to see it before a run. Floor 8.

Plain text of at most `kmc.text_page.WIDTH` columns. Processes are numbered as in the deck; the numbers tie the tables
together.
"""

from __future__ import annotations

from kmc import check_composition, check_kinetics, check_tiles
from kmc.check_subject import Subject
from kmc.findings import Finding, merged
from kmc.state_findings import flicker
from kmc.text_page import cut, duration, entry, heading, listed, short, table
from kmc.trial import TRIAL

_NAME = 40  # characters of the name of a process
_BUSIEST = 12  # processes listed of a trial
_PAIRS = 8  # reversible pairs listed
_SUBJECTS = 6  # subjects named of one finding
_ENTRIES = 8  # findings of one kind, after putting together those that say the same


def page(subject: Subject) -> str:
    """The page.

    Parameters
    ----------
    subject : Subject

    Returns
    -------
    text : str
    """
    parts = [
        check_composition.head(subject),
        check_composition.species(subject),
        check_composition.solids(subject),
        check_composition.solution(subject),
        check_composition.equations(subject),
        check_kinetics.rates(subject),
        check_kinetics.electron_transfer(subject),
        check_kinetics.modifiers(subject),
        check_kinetics.protocol(subject),
        check_kinetics.thermodynamics(subject),
        check_kinetics.values(subject),
        check_kinetics.distributions(subject),
        check_kinetics.sources(subject),
        stiffness(subject),
        trial(subject),
        check_tiles.tiles(subject),
        findings(subject),
    ]
    return "\n\n".join(part for part in parts if part)


def stiffness(subject: Subject) -> str:
    """Fastest over slowest rate constant, and the reversible pairs that are fast both ways."""
    model, rows = subject.model, subject.rates[0]
    used = {row.index: row.rate_constant * row.activity for row in rows}
    positive = [index for index, constant in used.items() if constant > 0.0]
    if not positive:
        return heading("STIFFNESS", "No process has a rate constant above zero at the start.")
    name = [process.name for process in model.mechanism.processes]
    fast, slow = max(positive, key=used.get), min(positive, key=used.get)
    remark = (
        f"{used[fast] / used[slow]:.1e} = {used[fast]:.3g} 1/s ({name[fast]}) over {used[slow]:.3g} 1/s "
        f"({name[slow]}), at the start, activities included."
    )
    slower = {pair: _slower_way(subject, *pair) for pair in subject.reverse.items()}
    pairs = sorted(slower, key=lambda pair: -slower[pair])[:_PAIRS]
    shares = dict(flicker(model, subject.trial))
    cells = [("#", "reversible pair", "slower way [1/s]", "events of a site, at most", "back and forth in the trial")]
    for forward, reverse in pairs:
        constant = slower[forward, reverse]
        events = short(2.0 * constant * model.deck.run.duration)
        cells.append(
            (subject.number[forward], name[forward], short(constant), events, _share(shares.get(forward, 0.0)))
        )
    if len(cells) > 1:
        remark += (
            " A reversible pair can take two events for each passage of its slower way, without getting anywhere; "
            "the fastest:"
        )
    return f"{heading('STIFFNESS', remark)}\n{table(cells, right=(0, 2, 3, 4))}".rstrip()


def _slower_way(subject: Subject, forward: int, reverse: int) -> float:
    """The smaller one of the rate constants of a pair, where it is largest over the protocol [1/s]."""
    ways = [
        [rows[index].rate_constant * rows[index].activity for index in (forward, reverse)] for rows in subject.rates
    ]
    return max(map(min, ways))


def _share(share: float) -> str:
    if share == 0.0:
        return ""
    return f"{share:.1%}" if share >= 0.0005 else "< 0.1%"


def trial(subject: Subject) -> str:
    """What happened in the trial, and what the run will cost."""
    done, model = subject.trial, subject.model
    lines = [entry("memory", _memory(subject))]
    lines.append(entry("at the start", f"{done.propensity:.3g} events per simulated second"))
    speed = f"{done.n_events / done.used:.2g} events per CPU second" if done.used > 0 else "too short to time"
    text = f"{done.n_events} events, {done.time:.3g} s of simulated time in {done.used:.2f} s on this machine: {speed}"
    lines.append(entry("trial", text))
    lines.append(entry("whole run", _expected(subject)))
    cells = [("#", "process", "events", "share")]
    order = sorted(range(len(done.event_count)), key=lambda index: -done.event_count[index])
    for index in order[:_BUSIEST]:
        count = int(done.event_count[index])
        if count:
            name = cut(model.mechanism.processes[index].name, _NAME)
            cells.append((subject.number[index], name, str(count), _share(count / done.n_events)))
    busy = f"\n{table(cells, right=(0, 2, 3))}" if len(cells) > 1 else ""
    remark = f"The run from its start, in memory, for at most {TRIAL:g} s of CPU time; nothing is kept."
    return f"{heading('TRIAL AND COST', remark)}\n" + "\n".join(lines) + busy


def _memory(subject: Subject) -> str:
    n_bytes, lattice = subject.trial.n_bytes, subject.model.lattice
    text = f"{n_bytes / 1e6:.3g} MB for the engine"
    return f"{text}, {n_bytes / lattice.n_sites:.3g} bytes a site" if lattice.n_sites else text


def _expected(subject: Subject) -> str:
    """Cost of the whole run."""
    done = subject.trial
    if done.is_whole:
        return "done in the trial; outputs not included"
    expected = done.events_expected()
    if expected is None:
        return "no estimate: too little happened"
    few, many = expected
    times = duration(done.wall_time(few)), duration(done.wall_time(many))
    if times[0] == times[1]:
        text = f"about {few:.2g} events, {times[0]}, if they keep their pace"
    elif done.exponent < 1.0:
        text = (
            f"{few:.2g} events, {times[0]}, if they keep growing as time^{done.exponent:.2f}, as at the end of the "
            f"trial; {many:.2g}, {times[1]}, if they keep their pace"
        )
    else:
        text = (
            f"{few:.2g} events, {times[0]}, if they keep their mean pace; {many:.2g}, {times[1]}, if they keep growing "
            f"as time^{done.exponent:.2f}, as at the end of the trial"
        )
    return f"{text}. An order of magnitude: the film changes what can happen. Outputs not included"


def findings(subject: Subject) -> str:
    """What there is to say, the gravest first; what is said of several subjects once."""
    title = heading("FINDINGS")
    if not subject.findings:
        return f"{title}\nnone"
    lines: list[str] = []
    kinds: dict[tuple[str, str], list[list[Finding]]] = {}
    for first, group in merged(subject.findings):
        kinds.setdefault((first.level, first.kind), []).append(group)
    for (level, kind), groups in kinds.items():
        lines += [entry(f"{level:<6} {kind}", _finding(group), indent=24) for group in groups[:_ENTRIES]]
        if len(groups) > _ENTRIES:
            lines.append(entry("", f"... and {len(groups) - _ENTRIES} more of this kind", indent=24))
    return f"{title}\n" + "\n".join(lines)


def _finding(group: list[Finding]) -> str:
    """One message with all that it is about, and the first place."""
    named = listed(list(dict.fromkeys(each.concerns for each in group if each.concerns)), _SUBJECTS)
    places = dict.fromkeys(str(each.where) for each in group if each.where is not None and each.where.line is not None)
    place = f" ({next(iter(places))}{', ..' if len(places) > 1 else ''})" if places else ""
    return f"{named}: {group[0].message}{place}" if named else f"{group[0].message}{place}"
