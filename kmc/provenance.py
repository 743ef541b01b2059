# SPDX-License-Identifier: BSD-3-Clause
"""Where a result comes from: deck, tables, versions, the source of every number and law (floor 5).

In: the deck and the mechanism. Out: root attributes and the tables of the group ``/provenance`` of a results
file. Nothing here depends on the machine, so two runs of one deck carry the same provenance wherever they
ran; the time of creation apart.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from kmc import __version__
from kmc.quantity import Quantity
from kmc.rates import RATE_LAWS
from kmc.table_kinds import table_files
from kmc.units import DIMENSIONS

if TYPE_CHECKING:
    from kmc.deck import Deck
    from kmc.mechanism import Mechanism, Process

# Packages whose version can change a number in the results.
_VERSIONED = ("numpy", "scipy", "h5py", "ase", "pymatgen")

# Larger files, such as OUTCARs, are known by their hash alone.
_KEPT_BYTES = 8_000_000

# The method itself, whatever the deck.
_METHOD = (
    (
        "rejection-free kinetic Monte Carlo",
        "D. T. Gillespie, J. Comput. Phys. 22, 403 (1976), doi:10.1016/0021-9991(76)90041-3",
    ),
    (
        "selection of events by composition and rejection",
        "A. Slepoy, A. P. Thompson, S. J. Plimpton, J. Chem. Phys. 128, 205101 (2008), doi:10.1063/1.2919546",
    ),
)
_TUNNELLING = (
    "electron tunnelling through the film",
    "M. Tang, S. Lu, J. Newman, J. Electrochem. Soc. 159, A1775 (2012), doi:10.1149/2.025211jes",
)
_DEFINITION = (
    "thickness_esmaeilpour, porosity_esmaeilpour",
    "M. Esmaeilpour et al., Adv. Energy Mater. 13, 2203966 (2023), doi:10.1002/aenm.202203966",
)


def attributes(deck: Deck, seed: int, created: str | None = None) -> dict[str, str | int]:
    """Root attributes of a results file.

    Parameters
    ----------
    deck : Deck
    seed : int
        Seed that the run uses.
    created : str, optional
        Time of creation, ISO 8601; now by default.

    Returns
    -------
    attributes : dict
        title, description, deck_name, deck (its whole text), overrides (what the
        command line replaced in it), seed, kmc_version, git_commit (of a source tree; empty
        otherwise), versions, lattice_type (none in a run without lattice), lattice_spacing [m], lattice_surface
        (of fcc and bcc), created.
    """
    return {
        "title": deck.title or deck.path.stem,
        "description": deck.description or "",
        "deck_name": deck.path.name,
        "deck": deck.text,
        "overrides": "\n".join(f"{path}={value}" for path, value in deck.overrides.items()),
        "seed": int(seed),
        "kmc_version": __version__,
        "git_commit": git_commit(Path(__file__).resolve().parents[1]),
        "versions": ", ".join(f"{name} {_version(name)}" for name in _VERSIONED),
        **_lattice_attributes(deck),
        "created": created or datetime.now(UTC).isoformat(timespec="seconds"),
    }


def tables(deck: Deck, mechanism: Mechanism) -> dict[str, dict[str, list]]:
    """Tables of the group ``/provenance``, each a dict of columns of equal length.

    Parameters
    ----------
    deck : Deck
    mechanism : Mechanism

    Returns
    -------
    tables : dict
        ``processes``: name, equation, law, law_equation, reverse_of, tunnelling, source, note;
        ``parameters``: process or species, name, value, uncertainty, unit, source, method, where;
        ``tables``: name, file, encoding, sha256, text; a directory has a row for each file of it that is read, and
        of a file above 8 MB (encoding ``omitted``) only the hash is kept;
        ``decks``: file, sha256, text, of the deck and then of those that it builds on, the nearest first;
        ``citations``: subject, reference.
    """
    return {
        "processes": _processes(deck, mechanism),
        "parameters": _parameters(deck, mechanism),
        "tables": _files(deck),
        "decks": _decks(deck),
        "citations": _citations(deck, mechanism),
    }


def _lattice_attributes(deck: Deck) -> dict[str, str | float]:
    if deck.lattice is None:
        return {"lattice_type": "none"}
    found = {"lattice_type": deck.lattice.type, "lattice_spacing": float(deck.lattice.spacing)}
    surface = getattr(deck.lattice, "surface", None)
    return found if surface is None else found | {"lattice_surface": surface}


def git_commit(directory: Path) -> str:
    """Commit of a source tree, with ``+changes`` if it was edited since; empty outside of one.

    Parameters
    ----------
    directory : Path
        The directory that holds the package.

    Returns
    -------
    commit : str
    """
    if not (directory / ".git").exists():  # an installed package must not report the repository around it
        return ""
    commit = git(directory, "rev-parse", "HEAD")
    if not commit:
        return ""
    return commit + ("+changes" if git(directory, "status", "--porcelain", "--untracked-files=no") else "")


def git(directory: Path, *arguments: str) -> str:
    """Output of a git command; empty if it fails or there is no git.

    Parameters
    ----------
    directory : Path
        Where it is run.
    *arguments : str

    Returns
    -------
    output : str
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _processes(deck: Deck, mechanism: Mechanism) -> dict[str, list]:
    """One row per process; a generated reverse refers to its forward process."""
    written = {p.name: p for p in deck.processes}
    columns = {
        key: []
        for key in ("name", "equation", "law", "law_equation", "reverse_of", "tunnelling", "source", "note")
    }
    for process in mechanism.processes:
        forward = process if process.reverse_of is None else mechanism.processes[process.reverse_of]
        entry = written[forward.name]
        row = {
            "name": process.name,
            "equation": entry.equation,
            "law": process.law,
            "law_equation": RATE_LAWS[process.law].equation,
            "reverse_of": "" if forward is process else forward.name,
            "tunnelling": float(process.tunnelling),
            "source": entry.source or "",
            "note": entry.note or "",
        }
        for key, cell in row.items():
            columns[key].append(cell)
    return columns


def _parameters(deck: Deck, mechanism: Mechanism) -> dict[str, list]:
    """Every number with a physical meaning, with its source."""
    rows = [("lattice", "spacing", deck.lattice.spacing, "m")] if deck.lattice is not None else []
    rows += _cell_rows(deck)
    rows += _compartment_rows(deck)
    for process in mechanism.processes:
        if process.reverse_of is None:
            rows += _rate_rows(process)
    for species in mechanism.species:
        if species.volume is not None:
            rows.append((species.name, "molar-volume", species.volume, "m^3/mol"))
    for species in mechanism.solution:
        if species.activity is not None:
            rows.append((species.name, "activity", species.activity, ""))
        if getattr(species, "concentration", None) is not None:
            rows.append((species.name, "concentration", species.concentration, "mol/m^3"))
        if species.count is not None:
            rows.append((species.name, "count", Quantity(float(species.count)), ""))
    if deck.tunnelling is not None:
        rows += [(name, "decay", value, "1/m") for name, value in deck.tunnelling.decay.items()]
        rows.append(("tunnelling", "cutoff", Quantity(float(deck.tunnelling.cutoff)), ""))
    return {
        "owner": [owner for owner, _, _, _ in rows],
        "name": [name for _, name, _, _ in rows],
        "value": [float(quantity.value) for _, _, quantity, _ in rows],
        "uncertainty": [_number(quantity.uncertainty) for _, _, quantity, _ in rows],
        "unit": [unit for _, _, _, unit in rows],
        "source": [quantity.source or "" for _, _, quantity, _ in rows],
        "method": [quantity.method or "" for _, _, quantity, _ in rows],
        "where": [_place(quantity.where) for _, _, quantity, _ in rows],
    }


def _cell_rows(deck: Deck) -> list[tuple[str, str, Quantity, str]]:
    """Components of the vectors of a lattice that is given by them."""
    cell = getattr(deck.lattice, "cell", None)
    rows = enumerate(cell.vectors, start=1) if cell is not None else ()
    return [
        ("lattice", f"cell a{number} {axis}", length, "m")
        for number, vector in rows
        for axis, length in zip("xyz", vector, strict=True)
    ]


def _compartment_rows(deck: Deck) -> list[tuple[str, str, Quantity, str]]:
    """Size and place of the compartment of the solution."""
    section = getattr(deck, "compartment", None)
    sizes = {"volume": "m^3", "height": "m", "distance": "m"} if section is not None else {}
    values = [(name, getattr(section, name), unit) for name, unit in sizes.items()]
    return [("compartment", name, value, unit) for name, value, unit in values if value is not None]


def _rate_rows(process: Process) -> list[tuple[str, str, Quantity, str]]:
    """Parameters of the rate of one process, and the energies of its neighbours."""
    rows = [
        (process.name, part, value, DIMENSIONS[value.dimension].unit if value.dimension else _unit(process.law, name))
        for name, quantity in process.parameters.items()
        for part, value in quantity.parts(name)
    ]
    for number, term in enumerate(process.neighbours, start=1):
        rows.append((process.name, f"neighbours {number}", term.energy, "eV"))
    return rows


def _unit(law: str, name: str) -> str:
    """Internal unit of a parameter of a rate law."""
    return DIMENSIONS[RATE_LAWS[law].parameters[name].dimension].unit


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _place(where) -> str:
    """File name, line and column of a value; the directory of the file says nothing elsewhere."""
    if where is None or where.file is None:
        return ""
    parts = (Path(where.file).name, where.line, where.column)
    return ":".join(str(part) for part in parts if part is not None)


def _files(deck: Deck) -> dict[str, list]:
    """The files of the tables of the deck: as text, in base64 where they are not text, large ones by their hash."""
    columns = {key: [] for key in ("name", "file", "encoding", "sha256", "text")}
    for name, path in paths_of_tables(deck):
        path = Path(path)
        for file in table_files(path):
            shown = file.relative_to(path.parent).as_posix()
            row = (name, shown, *_content(file))
            for key, cell in zip(columns, row, strict=True):
                columns[key].append(cell)
    return columns


def _content(file: Path) -> tuple[str, str, str]:
    """Encoding, SHA-256 and text of a file."""
    if file.stat().st_size > _KEPT_BYTES:
        with file.open("rb") as stream:
            return "omitted", hashlib.file_digest(stream, "sha256").hexdigest(), ""
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    # A text holds no zero byte.
    if "\0" in text:
        return "base64", digest, base64.b64encode(content).decode("ascii")
    return "utf-8", digest, text


def _decks(deck: Deck) -> dict[str, list]:
    """The deck and its bases, whole."""
    pairs = [(deck.path, deck.text), *((base.path, base.text) for base in getattr(deck, "bases", ()))]
    return {
        "file": [Path(path).name for path, _ in pairs],
        "sha256": [hashlib.sha256(text.encode("utf-8")).hexdigest() for _, text in pairs],
        "text": [text for _, text in pairs],
    }


def paths_of_tables(deck: Deck) -> Iterable[tuple[str, Path]]:
    """Name and path of every file that the deck reads, those that it builds on apart."""
    yield from deck.tables.items()
    for name in ("potential", "temperature"):
        file = getattr(getattr(deck.protocol, name), "file", None)
        if file is not None:
            yield f"protocol {name}", file
    cell = getattr(deck.lattice, "cell", None)
    if cell is not None and cell.file is not None:
        yield "lattice cell", Path(cell.file)


def _citations(deck: Deck, mechanism: Mechanism) -> dict[str, list]:
    """Each reference once, with everything that it is the reference of."""
    pairs = [*_METHOD, _DEFINITION]
    laws = {
        p.law for p in mechanism.processes if p.law != "constant"
    }  # which has no reference but the number's own
    pairs += [(f"rate law {law}", RATE_LAWS[law].source) for law in sorted(laws)]
    if any(p.tunnelling for p in mechanism.processes):
        pairs.append(_TUNNELLING)
    pairs += [(f"process {p.name}", p.source) for p in deck.processes if p.source]
    parameters = _parameters(deck, mechanism)
    pairs += [
        (f"{owner}, {name}", source)
        for owner, name, source in zip(
            parameters["owner"], parameters["name"], parameters["source"], strict=True
        )
        if source
    ]
    subjects: dict[str, list[str]] = {}
    for subject, reference in pairs:
        if reference:
            known = subjects.setdefault(reference, [])
            if subject not in known:
                known.append(subject)
    return {"subject": ["; ".join(names) for names in subjects.values()], "reference": list(subjects)}
