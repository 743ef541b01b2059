# SPDX-License-Identifier: BSD-3-Clause
"""Foreign networks and tables as decks: `kmc import`. Floor 7.

In: databases of HiPRGen, RNMC and CatHub, tables of reactions. Out: the text of a deck that a person can read, and that
loads: it is compiled before it is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kmc.constants import BOLTZMANN_EV
from kmc.contradictions import contradictions
from kmc.deck import parse_deck
from kmc.errors import DeckError, KmcError, Problem, cannot_write, make_directory
from kmc.import_cathub import draft_of_cathub
from kmc.import_draft import Draft
from kmc.import_electrons import ElectronTransfer
from kmc.import_lattice import draft_of_lattice_network, read_parameters
from kmc.import_reactions import draft_of_reactions
from kmc.import_rnmc import ROOM, draft_of_network
from kmc.import_species import COLUMNS as SPECIES_COLUMNS
from kmc.import_species import read_species, read_text, separator_of, species_columns
from kmc.import_steps import Settings
from kmc.mechanism import Mechanism, compile_mechanism
from kmc.rnmc_sqlite import read_initial_state, read_network
from kmc.sqlite_files import table_names
from kmc.thermodynamics import FreeEnergies

_SQLITE_ROLES = (("reactions", "network"), ("initial_state", "initial"), ("reaction", "cathub"))
_SQLITE_SUFFIXES = (".sqlite", ".sqlite3", ".db")
_ORDER = ("title", "tables", "run", "lattice", "protocol", "compartment", "tunnelling", "groups", "output")
_MAX_EVENTS = 1_000_000
_MOST_SUSPECTS = 4


@dataclass(frozen=True)
class Sources:
    """The files of an import, by what they are.

    Parameters
    ----------
    network, cathub, reactions : Path, optional
        What is converted; one of them.
    initial : Path, optional
        Initial state of a network.
    species : Path, optional
        Names, formulas and charges of its species.
    parameters : Path, optional
        Parameters of a run with lattice.
    """

    network: Path | None = None
    cathub: Path | None = None
    reactions: Path | None = None
    initial: Path | None = None
    species: Path | None = None
    parameters: Path | None = None


@dataclass(frozen=True)
class Options:
    """How a file is converted.

    Parameters
    ----------
    title : str
        Of the deck; empty: the name of the file.
    source : str
        Publication of the whole table.
    temperature : float, optional, [K]
        That the numbers were made for.
    duration : str
        Of the run.
    electron_transfer : str
        Rate law of rows with a standard potential and reorganization energies.
    outer_reorganization_energy : str, optional
        As YAML, for rows without one.
    potential : float, optional, [V vs Li/Li+]
        That free energies and rate constants of electron transfer in a table of reactions hold for; 0 V if left out.
    volume : str, optional
        Of the compartment, for a table of reactions with rate constants in volume per time.
    surface : str, optional
        Composition and facet of the surface, in a database that holds several.
    skip_unbalanced : bool
        Leave out what does not balance instead of refusing the file.
    """

    title: str = ""
    source: str = ""
    temperature: float | None = None
    duration: str = "1 s"
    electron_transfer: str = "marcus"
    outer_reorganization_energy: str | None = None
    potential: float | None = None
    volume: str | None = None
    surface: str | None = None
    skip_unbalanced: bool = False


@dataclass(frozen=True)
class Imported:
    """What an import has made.

    Parameters
    ----------
    path : Path
        The deck.
    n_species, n_processes : int
        In it; a reversible process counts once.
    assumptions, left_out : list of str
        As in its header.
    """

    path: Path
    n_species: int
    n_processes: int
    assumptions: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def import_deck(
    files: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    *,
    initial: str | os.PathLike | None = None,
    species: str | os.PathLike | None = None,
    parameters: str | os.PathLike | None = None,
    options: Options = Options(),
    overwrite: bool = False,
) -> Imported:
    """Convert a foreign network or table into a deck.

    Parameters
    ----------
    files : sequence of path
        Each is recognised by what is in it; the further ones may be those that the next three arguments name.
    output : path
        The deck; paths in it are relative to it.
    initial : path, optional
        Initial state of a network of RNMC, in SQLite.
    species : path, optional
        Names, formulas and charges of its species: a CSV file with the columns index, name, formula, charge, or JSON.
    parameters : path, optional
        Parameters of a run of RNMC with a lattice.
    options : Options
    overwrite : bool
        Whether a file that is there already is replaced.

    Returns
    -------
    Imported

    Raises
    ------
    DeckError
        With everything that is wrong in the files.
    KmcError
        If the output is there already, cannot be written, or the files do not go together.
    """
    output = Path(output)
    if output.exists() and not overwrite:
        raise KmcError(f"{output} is there already; --overwrite replaces it")
    sources = _sources([Path(each) for each in files], initial, species, parameters)
    if any(path is not None and output.exists() and output.samefile(path) for path in vars(sources).values()):
        raise KmcError(f"{output}: is a file that is to be converted; the deck takes another name")
    _refuse_needless_options(sources, options)
    draft = _consistent(sources, output, options)
    try:
        make_directory(output.parent)
        output.write_text(draft.text(), encoding="utf-8")
    except OSError as error:
        raise cannot_write(output, error) from None
    n_species = len(draft.species) + len(draft.solution)
    return Imported(output, n_species, draft.n_processes, draft.assumptions, draft.left_out)


def _refuse_needless_options(sources: Sources, options: Options) -> None:
    """An option that would do nothing was probably meant for another file."""
    needless = {}
    if sources.reactions is None:
        of_tables = (options.volume, options.potential, options.outer_reorganization_energy)
        names = ("--volume", "--potential", "--outer-reorganization-energy")
        needless = {name: (value, "a table of reactions") for name, value in zip(names, of_tables, strict=True)}
    if sources.cathub is None:
        needless["--surface"] = (options.surface, "a database of CatHub")
    for name, (value, what) in needless.items():
        if value is not None:
            raise KmcError(f"{name} is for {what}, and none of the files is one")


def _consistent(sources: Sources, output: Path, options: Options) -> Draft:
    """A draft that compiles, and whose reversible processes do not contradict each other."""
    apart: frozenset[str] = frozenset()
    while True:
        draft = draft_of(sources, output.parent, options, apart)
        if not draft.n_processes:
            why = "".join(f"; {each}" for each in draft.left_out[:3])
            raise DeckError(Problem(f"no reaction is left to be converted{why}", str(_main(sources))))
        try:
            mechanism = compile_mechanism(parse_deck(draft.text(), str(output), output.parent))
        except DeckError as error:
            first = Problem("the deck that comes out is refused, so it is not written:", str(output))
            raise DeckError([first, *error.problems[:20]]) from None
        more = _contradicting(mechanism, draft, options.temperature or ROOM)
        if more <= apart:
            break
        apart |= more
    around = "do not sum to zero around a cycle with others"
    for labels, what in (
        (apart - more, "so that these stay apart from their reverse"),
        (more, "which the table writes as reversible (<=>); `kmc check` shows the cycle"),
    ):
        if labels:
            shown = ", ".join(sorted(labels, key=_by_number))
            draft.assumptions.append(f"the free energies of {shown} {around}, {what}")
    return draft


def _contradicting(mechanism: Mechanism, draft: Draft, temperature: float) -> frozenset[str]:
    """Rows of reversible processes whose free energies cannot be right together with those of others."""
    rows = {each.name: each.rows for entries in draft.processes.values() for each in entries}
    found: set[str] = set()
    for each in contradictions(FreeEnergies(mechanism), temperature):
        cycle = each.cycle
        if cycle.is_reversible and abs(cycle.misclosure) > BOLTZMANN_EV * temperature:
            for index in each.suspects[:_MOST_SUSPECTS] or (cycle.steps[-1][0],):
                found.update(rows[mechanism.processes[index].name])
    return frozenset(found)


def _by_number(label: str) -> tuple[str, int]:
    word, _, number = label.partition(" ")
    return word, int(number) if number.isdigit() else 0


def draft_of(sources: Sources, directory: Path, options: Options, apart: frozenset[str] = frozenset()) -> Draft:
    """The deck of some files, before it is text.

    Parameters
    ----------
    sources : Sources
    directory : Path
        Of the deck.
    options : Options
    apart : frozenset of str
        Labels of rows that are not joined with their reverse.

    Returns
    -------
    Draft

    Raises
    ------
    DeckError  with everything that is wrong in the files.
    """
    known = {} if sources.species is None else read_species(sources.species)
    main = _main(sources)
    temperature = options.temperature or ROOM
    settings = Settings(main.name, options.source, temperature, 1e-4, options.skip_unbalanced, apart)
    if sources.network is not None:
        draft = _network_draft(sources, known, settings, options)
    elif sources.cathub is not None:
        draft = draft_of_cathub(sources.cathub, directory, options.surface)
    else:
        transfer = ElectronTransfer(
            options.electron_transfer, options.outer_reorganization_energy, options.potential or 0.0
        )
        draft = draft_of_reactions(main, known, settings, transfer, options.volume)
    draft.title = options.title or f"{main.stem}, converted"
    draft.sections["run"] = f"{{duration: {options.duration}, seed: 1, max-events: {_MAX_EVENTS}}}"
    draft.sections = {key: draft.sections[key] for key in _ORDER if key in draft.sections}
    return draft


def _main(sources: Sources) -> Path:
    """The file that is converted."""
    return sources.network or sources.cathub or sources.reactions


def _network_draft(sources: Sources, known: dict, settings: Settings, options: Options) -> Draft:
    network = read_network(sources.network)
    state = None if sources.initial is None else read_initial_state(sources.initial, network.n_species)
    if not network.has_lattice:
        return draft_of_network(network, state, known, settings, options.temperature)
    if sources.parameters is None:
        message = "is a network with a lattice; its size, temperature and potential stand in LGMC's file of parameters"
        raise DeckError(Problem(message, str(sources.network), hint="give it with --parameters"))
    return draft_of_lattice_network(network, state, known, read_parameters(sources.parameters), settings)


def _sources(files: Iterable[Path], initial, species, parameters) -> Sources:
    """What each file is."""
    found: dict[str, Path] = {}
    given = (("initial", initial), ("species", species), ("parameters", parameters))
    found |= {role: Path(path) for role, path in given if path is not None}
    for path in files:
        role = _role(path)
        if role in found:
            raise KmcError(f"{path}: is {_MEANING[role]}, and so is {found[role]}; give one")
        found[role] = path
    mains = [role for role in ("network", "cathub", "reactions") if role in found]
    if len(mains) != 1:
        shown = ", ".join(str(found[role]) for role in mains) or ", ".join(map(str, found.values()))
        what = "more than one file to convert" if mains else "nothing to convert, only what goes with a network"
        raise KmcError(f"{shown}: {what}; give one network or table of reactions")
    needless = {"network": (), "reactions": ("initial", "parameters"), "cathub": ("initial", "species", "parameters")}
    for role in needless[mains[0]]:
        if role in found:
            raise KmcError(f"{found[role]}: {_MEANING[role]} is of no use for {_MEANING[mains[0]]}")
    return Sources(**found)


_MEANING = {
    "network": "a network of HiPRGen or RNMC",
    "cathub": "a database of CatHub",
    "reactions": "a table of reactions",
    "initial": "an initial state",
    "species": "a list of species",
    "parameters": "a file of parameters of LGMC",
}


def _role(path: Path) -> str:
    """What a file is, by its content."""
    if path.suffix.lower() in _SQLITE_SUFFIXES:
        tables = table_names(path)
        for table, role in _SQLITE_ROLES:
            if table in tables:
                return role
        message = f"is no database of HiPRGen, RNMC or CatHub; it has the tables {', '.join(sorted(tables)) or 'none'}"
        raise DeckError(Problem(message, str(path)))
    if path.suffix.lower() in (".csv", ".tsv"):
        text = read_text(path)
        header = text.partition("\n")[0].split(separator_of(text, species_columns))
        return "species" if species_columns(header) == len(SPECIES_COLUMNS) else "reactions"
    if path.suffix.lower() == ".json":
        return "species"
    if path.suffix.lower() == ".txt":
        return "parameters"
    if path.suffix.lower() in (".pickle", ".pkl"):
        message = "is a pickle, which is more a program than a file, and is not read"
        raise DeckError(Problem(message, str(path), hint="a .csv or .json list of species will do"))
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        message = "is a spreadsheet with formulas and sheets, which is not read"
        raise DeckError(Problem(message, str(path), hint="save the sheet as CSV (UTF-8)"))
    expected = "a .sqlite or .db file of HiPRGen, RNMC or CatHub, or a .csv table of reactions"
    raise DeckError(Problem(f"cannot be converted; expected {expected}", str(path)))
