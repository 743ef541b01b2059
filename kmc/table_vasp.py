# SPDX-License-Identifier: BSD-3-Clause
"""Barriers out of VASP NEB folders (00, 01, ... with OUTCAR and POSCAR or CONTCAR), through pymatgen. Floor 1.

The OUTCAR of every image is looked through before pymatgen reads it: an image that is missing, of other atoms, or
whose run ended inside an electronic loop is refused with its name.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmc.elastic_band import MINIMUM_IMAGES, summit
from kmc.quantity import Location
from kmc.table_csv import read_sources
from kmc.table_kinds import VASP_ENDS, image_folders
from kmc.table_rows import Origin, Row, RowError, Rows, energy_row, faulty_row, finite

if TYPE_CHECKING:
    from pymatgen.core import Structure

_MILLI = 1e-3  # pymatgen gives extrema in meV
_MAX_BYTES = 1_000_000_000
_VERSION = re.compile(r"^\s*(vasp\.\d\S*)", re.MULTILINE)
_GGA = re.compile(r"^\s*GGA\s*=\s*(\S+)", re.MULTILINE)
_POTENTIALS = re.compile(r"^\s*LEXCH\s*=\s*([A-Z0-9]{2})\s*$", re.MULTILINE)
_META = re.compile(r"^\s*METAGGA\s*=\s*(\S+)", re.MULTILINE)
_HYBRID = re.compile(r"^\s*LHFCALC\s*=\s*T\b", re.MULTILINE)
_TANGENT = re.compile(r"NEB: projections on to tangent|tangential force \(eV/A\)")
_ENERGY = re.compile(r"energy( ?) without entropy\s*=\s*\S+\s+energy\(sigma->0\)\s*=\s*(\S+)")
_NAMES = {"PE": "PBE", "91": "PW91", "PS": "PBEsol", "RP": "RPBE", "RE": "revPBE", "BF": "BEEF-vdW", "CA": "LDA"}
"""What the tag GGA of VASP stands for, https://www.vasp.at/wiki/index.php/GGA."""


@dataclass(frozen=True)
class _Image:
    """What one image folder holds."""

    name: str
    outcar: Path
    structure: Structure
    energy: float  # eV, extrapolated to zero smearing
    version: str
    functional: str
    has_tangent: bool  # whether the force along the band is there, as in every run of images


def read_vasp_table(path: Path) -> Rows:
    """The barrier of a VASP NEB folder.

    Parameters
    ----------
    path : Path
        With folders 00, 01, ...; the band has its name.

    Returns
    -------
    Rows
        One row: `barrier`, `reaction-energy` and `reaction-free-energy` [eV].

    Raises
    ------
    DeckError  if its list of sources is none.
    """
    sources = read_sources(path)
    name = path.resolve().name
    row = partial(vasp_row, path, name, sources.of(name))
    return Rows({name: row}, sources.problems + sources.strangers([name]))


def vasp_row(path: Path, name: str, origin: Origin) -> Row:
    """Barrier of one band.

    Parameters
    ----------
    path : Path
    name : str
        Of the band, for messages.
    origin : Origin

    Returns
    -------
    row : dict
        With problems in place of values where the band is wrong.
    """
    where = Location(str(path))
    try:
        images = _images(path)
        energies = [image.energy for image in images]
        highest = summit(energies)
        if all(image.has_tangent for image in images[1:-1]):
            barrier, how = _spline_maximum(images), "spline through energies"
        else:
            barrier, how = energies[highest] - energies[0], "highest image"
        codes = dict.fromkeys(part for image in images for part in (image.version, image.functional) if part)
        method = ", ".join((f"nudged elastic band of {len(images)} images, {how}", *codes))
        return energy_row(barrier, energies[-1] - energies[0], method, origin, where)
    except RowError as error:
        return faulty_row(f"band '{name}': {error}", where)


def _images(path: Path) -> list[_Image]:
    """Every image of a band, checked."""
    folders = image_folders(path)
    numbers = [int(folder.name) for folder in folders]
    if numbers[0] != 0:
        raise RowError(f"incomplete band: it starts with {folders[0].name}, not 00")
    missing = sorted(set(range(numbers[-1])) - set(numbers))
    if missing:
        raise RowError(f"incomplete band: no folder {missing[0]:02d}")
    if len(set(numbers)) < len(numbers):
        raise RowError(f"two folders of one image among {', '.join(folder.name for folder in folders)}")
    if len(folders) < MINIMUM_IMAGES:
        raise RowError(f"incomplete band: {len(folders)} images, at least {MINIMUM_IMAGES} are needed")
    images = [_image(path, folder, folder in (folders[0], folders[-1])) for folder in folders]
    for image in images:
        if image.structure.atomic_numbers != images[0].structure.atomic_numbers:
            raise RowError(
                f"its images differ in their atoms: {image.name} is {image.structure.formula}, "
                f"{images[0].name} is {images[0].structure.formula}"
            )
    functionals = {image.functional: image.name for image in images}
    if len(functionals) > 1:
        found = ", ".join(f"{functional or 'none'} in {name}" for functional, name in functionals.items())
        raise RowError(f"its images were calculated with different functionals: {found}")
    return images


def _image(path: Path, folder: Path, is_end: bool) -> _Image:
    outcar = _outcar(path, folder, is_end)
    text = _text(outcar, path)
    energy = _energy(text, str(outcar.relative_to(path)))
    # The ends stand still, and of the other images CONTCAR is what they became.
    names = ("POSCAR", "CONTCAR") if is_end else ("CONTCAR", "POSCAR")
    files = [folder / name for name in names if (folder / name).is_file()]
    if not files:
        raise RowError(f"image {folder.name} has neither {names[0]} nor {names[1]}")
    version = _VERSION.search(text)
    return _Image(
        folder.name,
        outcar,
        _structure(files[0], path),
        energy,
        version[1] if version else "VASP",
        _functional(text),
        _TANGENT.search(text) is not None,
    )


def _outcar(path: Path, folder: Path, is_end: bool) -> Path:
    candidates = [folder]
    if is_end:
        candidates += [path / pair[int(folder.name) > 0] for pair in VASP_ENDS]
    for candidate in candidates:
        if (candidate / "OUTCAR").is_file():
            return candidate / "OUTCAR"
    hint = "; copy there the one of the relaxation of this end, which the NEB run does not write" if is_end else ""
    raise RowError(f"image {folder.name} has no OUTCAR{hint}")


def _text(outcar: Path, path: Path) -> str:
    name = outcar.relative_to(path)
    try:
        if outcar.stat().st_size > _MAX_BYTES:
            raise RowError(f"{name} is larger than {_MAX_BYTES // 10**6} MB")
        return outcar.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise RowError(f"{name} cannot be read: {error.strerror}") from None


def _energy(text: str, name: str) -> float:
    """Energy of the last ionic step of a run [eV]."""
    found = list(_ENERGY.finditer(text))
    if not found:
        raise RowError(f"{name} holds no energy: the run never finished an electronic step")
    # VASP writes two blanks when an ionic step is finished, and one after every step of the electronic loop.
    if not found[-1][1]:
        raise RowError(f"{name} ends inside an electronic loop: the run was cut off, and its energy is not converged")
    try:
        return finite(float(found[-1][2]), f"the energy of {name}")
    except ValueError as error:
        if isinstance(error, RowError):
            raise
        raise RowError(f"{name} has the energy '{found[-1][2]}', no number") from None


def _functional(text: str) -> str:
    """Exchange and correlation as far as the tags tell; empty if there are none."""
    meta, gga, potentials = (pattern.search(text) for pattern in (_META, _GGA, _POTENTIALS))
    name = next((each[1] for each in (meta, gga, potentials) if each and each[1] not in ("F", "--")), "")
    name = _NAMES.get(name, name)
    return f"hybrid over {name}" if _HYBRID.search(text) else name


def _structure(file: Path, path: Path) -> Structure:
    from pymatgen.core import Structure

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Structure.from_file(file)
    # pymatgen fails in as many ways as a POSCAR can be wrong.
    except Exception as error:
        reason = str(error).partition("\n")[0][:100]
        raise RowError(f"{file.relative_to(path)} is no POSCAR: {type(error).__name__}: {reason}") from None


def _spline_maximum(images: list[_Image]) -> float:
    """Barrier [eV] by pymatgen's analysis of the band: a cubic spline through the energies, level at both ends."""
    from pymatgen.analysis.transition_state import NEBAnalysis

    outcars = [_read_outcar(image) for image in images]
    try:
        analysis = NEBAnalysis.from_outcars(outcars, [image.structure for image in images])
        maxima = analysis.get_extrema()[1]
    except Exception as error:
        raise RowError(f"its images cannot be fitted: {type(error).__name__}: {error}") from None
    if not maxima:
        raise RowError("the spline through its energies has no maximum")
    return float(max(height for _, height in maxima) * _MILLI)


def _read_outcar(image: _Image) -> Any:
    from pymatgen.io.vasp.outputs import Outcar

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Outcar(image.outcar)
    except Exception as error:
        reason = str(error).partition("\n")[0][:100]
        raise RowError(
            f"the OUTCAR of image {image.name} is not whole, pymatgen cannot read it: {type(error).__name__}: {reason}"
        ) from None
