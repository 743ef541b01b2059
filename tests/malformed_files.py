# SPDX-License-Identifier: BSD-3-Clause
"""Malformed tables and bands in files: CSV, ASE, trajectories, extended XYZ, VASP, with what is told of each."""

import numpy as np
from barrier_tables import (
    frozen,
    small_band,
    write_ase,
    write_images,
    write_sources,
    write_vasp,
)
from malformed_databases import changed, cut, damage, stars, text

from kmc.barriers import HEADER

GOOD = (0.0, 0.4, 0.1)


def band(folder, name="hop.traj", energies=GOOD, **info):
    return write_images(folder / name, small_band(energies, **info))


# Each maker gets an empty folder, and the relaxed hop; it returns the table.
CSV = {
    "no unit": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\nhop,barrier,0.4,,,DFT,a paper,,\n"),
        "barrier of 'hop': no unit; expected one such as 'eV'",
    ),
    "of another dimension": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\nhop,barrier,0.4,,V,DFT,a paper,,\n"),
        "'V' is a potential; expected an energy",
    ),
    "no source": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\nhop,barrier,0.4,,eV,DFT,,,\n"),
        "barrier of 'hop' has no source",
    ),
    "not finite": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\nhop,barrier,inf,,eV,DFT,a paper,,\n"),
        "value 'inf' is no finite number",
    ),
    "two values": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\n" + "hop,barrier,0.4,,eV,DFT,a paper,,\n" * 2),
        "a second barrier of 'hop', first in line 2",
    ),
    "semicolons": (lambda f, h: text(f / "t.csv", "id;quantity\n"), "separates its columns by something else"),
    "range with uncertainty": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\nhop,barrier,0.4 .. 0.5,0.1,eV,DFT,a paper,,\n"),
        "a range or a list takes no uncertainty",
    ),
    "range reversed": (
        lambda f, h: text(f / "t.csv", f"{','.join(HEADER)}\nhop,barrier,0.5 .. 0.4,,eV,DFT,a paper,,\n"),
        "is no range: its first value is not below its second",
    ),
    "not text": (lambda f, h: text(f / "t.csv", b"id\xff"), "is not UTF-8 text"),
}
ASE = {
    "cut off": (lambda f, h: cut(states(f / "t.db")), "is cut off: it holds"),
    "damaged": (lambda f, h: damage(states(f / "t.db")), "database"),
    "other database": (
        lambda f, h: changed(f / "t.db", "CREATE TABLE things (a)"),
        "is an SQLite database, but not of ASE, CatHub, HiPRGen or RNMC; it has the tables things",
    ),
    "being written": (
        lambda f, h: text(states(f / "t.db").with_name("t.db-journal"), "x").with_name("t.db"),
        "t.db-journal stands beside it",
    ),
    "no process": (
        lambda f, h: write_ase(f / "t.json", [(small_band([0.0])[0], {"functional": "PBE"})]),
        "has no row with the key 'process'",
    ),
    "gap": (
        lambda f, h: write_ase(f / "t.json", images(f, (0, 0.0), (1, 0.4), (3, 0.1))),
        "process 'hop': incomplete band: no image 2",
    ),
    "below the final state": (
        lambda f, h: write_ase(f / "t.json", [bare(Ea=0.3, dE=0.5)]),
        "process 'hop': its barrier of 0.3 eV lies below its reaction energy of 0.5 eV",
    ),
    "negative barrier": (lambda f, h: write_ase(f / "t.json", [bare(Ea=-0.3)]), "its barrier is -0.3 eV"),
    "zpe of one state": (
        lambda f, h: states(f / "t.json", IS={"zpe": 0.1}),
        "IS has a zero-point energy (zpe), but TS has none",
    ),
    "zpe and frequencies": (
        lambda f, h: states(f / "t.json", IS=modes(0.1) | {"zpe": 0.1}, TS=modes(0.1j) | {"zpe": 0.1}),
        "both zpe and vib_energies",
    ),
    "one state with frequencies": (
        lambda f, h: states(f / "t.json", IS=modes(0.1)),
        "IS has vibrations, but TS has none",
    ),
    "unstable initial state": (
        lambda f, h: states(f / "t.json", IS=modes(0.1, 0.1j), TS=modes(0.1, 0.1j)),
        "IS has 1 imaginary mode; a minimum has none",
    ),
    "no unstable mode": (
        lambda f, h: states(f / "t.json", IS=modes(0.1, 0.1), TS=modes(0.1, 0.1)),
        "TS has no imaginary modes; a transition state has exactly one",
    ),
    "different numbers of modes": (
        lambda f, h: states(f / "t.json", IS=modes(0.1), TS=modes(0.1, 0.1j)),
        "IS has 1 modes and TS 2",
    ),
    "modes at rest": (
        lambda f, h: states(f / "t.json", IS=modes(0.1, 0.0), TS=modes(0.1, 0.1j)),
        "a vibrational energy of IS is zero: leave out translations",
    ),
    "modes are text": (
        lambda f, h: states(f / "t.json", IS={"data": {"vib_energies": "many"}}, TS=modes(0.1j)),
        "the vibrational energies of IS are no list of numbers",
    ),
}
TRAJECTORY = {
    "cut off": (lambda f, h: cut(band(f)), "is a damaged ASE trajectory, perhaps cut off"),
    "empty": (lambda f, h: text(f / "hop.traj", b""), "is no ASE trajectory"),
    "text": (lambda f, h: text(f / "hop.traj", "energies"), "is no ASE trajectory"),
    "two images": (lambda f, h: band(f, energies=(0.0, 0.4)), "band 'hop': incomplete band: 2 images, at least 3"),
    "no energy": (lambda f, h: band(f, energies=(0.0, None, 0.1)), "band 'hop': image 1 has no energy"),
    "not finite": (lambda f, h: band(f, energies=(0.0, np.nan, 0.1)), "energy of image 1 is nan, no finite number"),
    "no summit": (lambda f, h: band(f, energies=(0.0, 0.1, 0.4)), "no image lies above both ends"),
    "other atoms": (
        lambda f, h: write_images(f / "hop.traj", [*small_band((0.0, 0.4)), other_atom(0.1)]),
        "its images differ in their atoms: image 2 is He, image 0 is H",
    ),
    "process of some": (
        lambda f, h: write_images(f / "hop.traj", [*small_band((0.0, 0.4), process="hop"), *small_band((0.1,))]),
        "image 2 has no key 'process', which image 0 has",
    ),
    "uncertainties": (lambda f, h: band(f, uncertainty=-0.1), "its uncertainty is negative"),
    "bands that share no ends": (
        lambda f, h: write_images(
            f / "hop.traj", [*small_band((0.0, 0.3, 0.4, 0.1)), *moved(small_band((0.0, 0.3, 0.4, 0.1)))]
        ),
        "image 4 lies 1.41 angstrom from the image before, and the ends only 1.61: this is no single band",
    ),
    "without a cell": (lambda f, h: write_images(f / "hop.traj", flat(h.images)), "band 'hop': its images cannot"),
    "directory without a band": (lambda f, h: f, "is a directory without a band"),
    "two of one name": (
        lambda f, h: band(f).parent if band(f, "hop.xyz") else None,
        "two bands have the name 'hop'",
    ),
    "source of a stranger": (
        lambda f, h: write_sources(band(f).parent / "sources.csv", "hip,,,,a paper,,").parent,
        "'hip' is no row of the table beside this list, did you mean 'hop'?",
    ),
    "two sources": (
        lambda f, h: write_sources(band(f, source="one").parent / "hop.sources.csv", "hop,,,,another,,").with_name(
            "hop.traj"
        ),
        "its images say one source and sources.csv another",
    ),
}
EXTENDED_XYZ = {
    "cut off": (lambda f, h: without_last_line(band(f, "hop.xyz")), "image 2 has 1 atoms, but 0 lines follow"),
    "no number of atoms": (
        lambda f, h: text(f / "hop.xyz", "many\nenergy=1\nH 0 0 0\n"),
        "'many' is no number of atoms, with which image 0 has to begin",
    ),
    "no atoms": (lambda f, h: text(f / "hop.xyz", "0\nenergy=1\n"), "image 0 has 0 atoms"),
    "place is text": (
        lambda f, h: text(f / "hop.xyz", "1\nenergy=1\nH 0 0 0\n1\nenergy=2\nH 0 x 0\n"),
        "image 1 is no extended XYZ: ValueError",
    ),
    "unknown element": (
        lambda f, h: text(f / "hop.xyz", "1\nenergy=1\nQq 0 0 0\n"),
        "image 0 is no extended XYZ: KeyError: 'Qq'",
    ),
    "energy is text": (
        lambda f, h: text(
            f / "hop.xyz", "".join(f"1\nenergy={e}\nH {i} 0 0\n" for i, e in enumerate(("0", "low", "0")))
        ),
        "energy of image 1 is 'low', no finite number",
    ),
    "plain xyz": (
        lambda f, h: text(f / "hop.xyz", "".join(f"1\nan image\nH {i} 0 0\n" for i in range(3))),
        "band 'hop': image 0 has no energy",
    ),
    "empty": (lambda f, h: text(f / "hop.xyz", "\n\n"), "holds no image"),
    "not text": (lambda f, h: text(f / "hop.xyz", b"1\n\xff\n"), "is not UTF-8 text"),
}
VASP = {
    "no OUTCAR of an end": (
        lambda f, h: removed(f / "hop", h, "00/OUTCAR"),
        "band 'hop': image 00 has no OUTCAR; copy there the one of the relaxation",
    ),
    "no OUTCAR of an image": (
        lambda f, h: removed(f / "hop", h, "02/OUTCAR"),
        "band 'hop': image 02 has no OUTCAR",
    ),
    "no structure": (
        lambda f, h: removed(f / "hop", h, "02/CONTCAR"),
        "image 02 has neither CONTCAR nor POSCAR",
    ),
    "no folder": (lambda f, h: removed(f / "hop", h, "02"), "incomplete band: no folder 02"),
    "no beginning": (lambda f, h: removed(f / "hop", h, "00"), "incomplete band: it starts with 01, not 00"),
    "cut in the loop": (
        lambda f, h: edited(f / "hop", h, "02/OUTCAR", lambda old: old[: old.index("  FREE ENERGIE")]),
        "02/OUTCAR ends inside an electronic loop",
    ),
    "cut at the start": (
        lambda f, h: edited(f / "hop", h, "02/OUTCAR", lambda old: old[:200]),
        "02/OUTCAR holds no energy",
    ),
    "stars for an energy": (
        lambda f, h: edited(f / "hop", h, "02/OUTCAR", stars),
        "02/OUTCAR has the energy '****************', no number",
    ),
    "no bands": (
        lambda f, h: edited(f / "hop", h, "02/OUTCAR", lambda old: old.replace("NBANDS=", "NBANDS?")),
        "the OUTCAR of image 02 is not whole, pymatgen cannot read it",
    ),
    "no structure in POSCAR": (
        lambda f, h: edited(f / "hop", h, "00/POSCAR", lambda old: old[:60]),
        "00/POSCAR is no POSCAR",
    ),
    "other atoms": (
        lambda f, h: edited(f / "hop", h, "02/CONTCAR", lambda old: old.replace("Au", "Ag")),
        "its images differ in their atoms: 02 is",
    ),
    "other functional": (
        lambda f, h: edited(f / "hop", h, "00/OUTCAR", lambda old: old.replace("GGA     =    --", "GGA     =    RP")),
        "its images were calculated with different functionals: RPBE in 00, PBE in 04",
    ),
    "no summit": (
        lambda f, h: write_vasp(f / "hop", [frozen(image, energy=i / 10) for i, image in enumerate(h.images)]),
        "no image lies above both ends",
    ),
    "source of a stranger": (
        lambda f, h: write_sources(write_vasp(f / "hop", h.images) / "sources.csv", "hip,,,,a paper,,").parent,
        "'hip' is no row of the table beside this list",
    ),
}


def images(folder, *pairs):
    return [
        (atoms, {"process": "hop", "image": index})
        for (index, _), atoms in zip(pairs, small_band([energy for _, energy in pairs]), strict=True)
    ]


def bare(**keys):
    from ase import Atoms

    return Atoms(), {"process": "hop", **keys}


def states(path, **more):
    keys = ({"process": "hop", "state": name} | more.get(name, {}) for name in ("IS", "TS"))
    return write_ase(path, zip(small_band((0.0, 0.4)), keys, strict=True))


def modes(*energies):
    return {"data": {"vib_energies": np.array(energies)}}


def other_atom(energy):
    from ase import Atoms
    from ase.calculators.singlepoint import SinglePointCalculator

    atoms = Atoms("He")
    atoms.calc = SinglePointCalculator(atoms, energy=energy)
    return atoms


def moved(band):
    copies = [frozen(image, forces=False) for image in band]
    for image, copy in zip(band, copies, strict=True):
        copy.calc.atoms.positions += 0.1
        copy.positions += 0.1
        assert copy.get_potential_energy() == image.get_potential_energy()
    return copies


def flat(band):
    """The band in a cell without volume that calls itself periodic."""
    copies = [frozen(image) for image in band]
    for image in copies:
        for atoms in (image, image.calc.atoms):
            atoms.cell = np.array([[0.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 5.0, 0.0]])
    return copies


def without_last_line(path):
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    return path


def removed(folder, hop, what):
    import shutil

    path = write_vasp(folder, hop.images) / what
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def edited(folder, hop, what, change):
    path = write_vasp(folder, hop.images) / what
    path.write_text(change(path.read_text()))
    return folder
