# SPDX-License-Identifier: BSD-3-Clause
"""What `kmc check` has to say about a deck that can be run: findings of three levels. Floor 4.

`refuse`: the results would mean nothing. `warn`: probably not what was meant. `note`: to be known. What is looked for
stands in `rate_findings` and `state_findings`, in words in `KINDS`, which docs/check.md shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kmc.quantity import Location

if TYPE_CHECKING:
    from kmc.deck import Deck
    from kmc.mechanism import Mechanism
    from kmc.process import Process

LEVELS = ("refuse", "warn", "note")
"""Levels of findings, the gravest first."""

KINDS = {
    "cycle": "processes that change nothing together, though their free energies do not sum to zero (1 meV): up to kT "
    "a note, up to 10 kT or if one of them runs one way only a warning, else refused",
    "barrier": "a barrier below zero or below the free energy of reaction, which is used instead",
    "neighbour count": "a process with `<=>` that changes what its own `neighbours` count, so that its two directions "
    "see different counts and detailed balance is lost; `interactions` keep it",
    "prefactor": "a prefactor outside 1e9 to 1e15 1/s, or a rate constant above that",
    "inverted region": "`marcus` where a step gains more than the reorganization energy",
    "ceiling": "`butler-volmer` above kB T/h",
    "reorganization": "a reorganization energy, inner and outer, outside 0.1 to 4 eV",
    "molar mass": "molar masses of `impingement` and `collision` that are not those of the species consumed (1 %)",
    "site area": "an area of `impingement` that is not the one of a site of the lattice (10 %)",
    "uncertain pair": "a reaction and its reverse, each written by hand, with uncertain values: samples draw those of "
    "one and let the other follow, or are refused",
    "never": "a process whose rate constant is zero all the time",
    "unreachable": "a process that asks for a species which can never exist",
    "dead species": "a species of a process that is never produced and not there at the start",
    "unused species": "a species of no process that is not there at the start",
    "volume": "a solid whose units fill less than 0.5 or more than 2 of their site (0.8, 1.25: a note) by molar volume",
    "no electrode": "tunnelling from an electrode that is not there at the start",
    "idle": "nothing happens in the whole run; a note if only the trial says so",
    "flicker": "a reversible pair whose back and forth is over 90 % (a note: 50 %) of the events of the trial",
    "cost": "a run that would take more than a week, by the trend of the trial",
    "slow": "a process too slow to happen in the run even if everything stood ready for it all the time",
    "end product": "a dissolved species or liquid that is produced but never consumed",
    "potential": "an electron transferred at a rate that knows no potential",
    "plating": "a potential below 0 V vs Li/Li+, where lithium plates",
    "walls": "walls around the electrode, so that the film feels the edges of the box",
    "source": "a value without a source, or whose source says that there is none",
    "deck": "what else reading the deck has noticed, such as rounded numbers of molecules",
}
"""What is looked for, by kind of finding."""


@dataclass(frozen=True)
class Finding:
    """One thing that a user should know about a deck.

    Parameters
    ----------
    level : str
        One of `LEVELS`.
    kind : str
        What it is about, a key of `KINDS`.
    message : str
        What was found, in a line; the same for all subjects of which it holds.
    subject : str
        Process, species or value concerned; empty if it is the deck.
    where : Location, optional
        Place in the deck.
    detail : str
        Numbers of this subject.
    """

    level: str
    kind: str
    message: str
    subject: str = ""
    where: Location | None = None
    detail: str = ""

    @property
    def concerns(self) -> str:
        """The subject, with its numbers."""
        return f"{self.subject} ({self.detail})" if self.detail else self.subject

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where is not None else ""
        return f"{self.level}: {self.concerns}{': ' if self.concerns else ''}{self.message}{place}"


def graded(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, the gravest first, else in the order in which they were found."""
    return sorted(dict.fromkeys(findings), key=lambda each: LEVELS.index(each.level))


def merged(findings: Iterable[Finding]) -> list[tuple[Finding, list[Finding]]]:
    """Findings that say the same of several subjects, together.

    Parameters
    ----------
    findings : iterable of Finding

    Returns
    -------
    list of (Finding, list of Finding)
        The first one of each message, and all that share it.
    """
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.level, finding.kind, finding.message), []).append(finding)
    return [(group[0], group) for group in groups.values()]


class Places:
    """Where the processes and species of a mechanism stand in its deck.

    Parameters
    ----------
    deck : Deck
    mechanism : Mechanism
    """

    def __init__(self, deck: Deck, mechanism: Mechanism):
        self._deck = deck
        self._mechanism = mechanism
        self._entry = {entry.name: index for index, entry in enumerate(deck.processes)}

    def process(self, process: Process) -> Location:
        """Of a process, or of the forward process of a generated reverse."""
        return self._deck.locate(("processes", self.entry(process)))

    def entry(self, process: Process) -> int:
        """Index among the processes of the deck."""
        index = process.index if process.reverse_of is None else process.reverse_of
        return self._entry[self._mechanism.processes[index].name]

    def of(self, process: Process, level: str, kind: str, message: str, detail: str = "") -> Finding:
        """A finding about a process."""
        return Finding(level, kind, message, f"'{process.name}'", self.process(process), detail)

    def at(self, path: tuple, level: str, kind: str, message: str, subject: str, detail: str = "") -> Finding:
        """A finding about what stands at a path of the deck."""
        return Finding(level, kind, message, subject, self._deck.locate(path), detail)
