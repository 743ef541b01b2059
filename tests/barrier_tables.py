# SPDX-License-Identifier: BSD-3-Clause
"""A nudged elastic band by effective medium theory, and writers of it in every kind of barrier table."""

import json
import sqlite3

import numpy as np

from kmc.barriers import HEADER, Tables
from kmc.quantity import Location, TableReference

SOURCE = "A. Author, B. Author, J. Test 1, 2 (2020)"
DOI = "10.1000/test"
FULL_SOURCE = f"{SOURCE}, doi:{DOI}"


def hop_of_an_adatom():
    """Images of a copper atom that hops on Cu(100) away from a gold atom of the surface, with energies and forces.

    Two layers of 3 x 2 atoms, the lower one fixed; five images, the highest one climbing.
    """
    from ase.build import add_adsorbate, fcc100
    from ase.calculators.emt import EMT
    from ase.constraints import FixAtoms
    from ase.mep import NEB
    from ase.optimize import BFGS

    initial = fcc100("Cu", size=(3, 2, 2))
    initial.set_constraint(FixAtoms(mask=[atom.tag > 1 for atom in initial]))
    initial[6].symbol = "Au"
    add_adsorbate(initial, "Cu", 1.6, "hollow")
    initial.center(axis=2, vacuum=5.0)
    final = initial.copy()
    final[-1].x += final.cell[0, 0] / 3
    for end in (initial, final):
        end.calc = EMT()
        BFGS(end, logfile=None).run(fmax=0.01)
    images = [initial, *(initial.copy() for _ in range(3)), final]
    for image in images[1:-1]:
        image.calc = EMT()
    band = NEB(images, climb=True, method="improvedtangent")
    band.interpolate(mic=True)
    BFGS(band, logfile=None).run(fmax=0.02, steps=100)
    return [frozen(image) for image in images]


def frozen(image, energy=None, forces=True, **info):
    """Copy of an image that keeps its energy and forces as numbers."""
    from ase.calculators.singlepoint import SinglePointCalculator

    copy = image.copy()
    copy.info = dict(info)
    results = {"energy": image.get_potential_energy() if energy is None else energy}
    if forces:
        results["forces"] = image.get_forces(apply_constraint=False)
    copy.calc = SinglePointCalculator(copy, **results)
    return copy


def vibrational_energies(image, folder):
    """Energies of the vibrational quanta of the adatom [eV], by finite differences."""
    from ase.calculators.emt import EMT
    from ase.vibrations import Vibrations

    image = image.copy()
    image.calc = EMT()
    vibrations = Vibrations(image, indices=[len(image) - 1], name=str(folder))
    vibrations.run()
    return vibrations.get_energies()


def small_band(energies, **info):
    """Images of one atom that moves along x, with energies [eV] and no forces."""
    from ase import Atoms
    from ase.calculators.singlepoint import SinglePointCalculator

    images = []
    for index, energy in enumerate(energies):
        image = Atoms("H", positions=[(0.5 * index, 0.0, 0.0)], cell=(9.0, 9.0, 9.0), pbc=True, info=dict(info))
        if energy is not None:
            image.calc = SinglePointCalculator(image, energy=energy)
        images.append(image)
    return images


# --- writers ---


def write_csv(path, barrier, reaction):
    rows = [
        ",".join(HEADER),
        f'hop,barrier,{barrier!r},,eV,EMT,"{SOURCE}",{DOI},',
        f'hop,reaction-energy,{reaction!r},,eV,EMT,"{SOURCE}",{DOI},',
    ]
    path.write_text("\n".join(rows) + "\n")
    return path


def write_ase(path, rows):
    """An ASE database from pairs of atoms and keys."""
    from ase.db import connect

    with connect(str(path), type="json" if path.suffix == ".json" else "db", serial=True) as database:
        for atoms, keys in rows:
            database.write(atoms, **keys)
    return path


def write_images(path, images):
    """A trajectory or extended XYZ file, by the name."""
    from ase.io import write

    path.parent.mkdir(parents=True, exist_ok=True)
    write(str(path), images, format="traj" if path.suffix == ".traj" else "extxyz", parallel=False)
    return path


OUTCAR = """\
 vasp.6.3.2 27Jun22 (build Aug  1 2022 12:00:00) complex

 executed on             LinuxIFC date 2022.08.01  12:00:00
 running on    4 total cores
 POTCAR:    PAW_PBE Cu 22Jun2005
   LEXCH  = PE
   k-points           NKPTS =      4   k-points in BZ     NKDIM =      4   number of bands    NBANDS=     80
   number of dos      NEDOS =    301   number of ions     NIONS =     {n_ions}
   total plane-waves  NPLWV =  46080
   LHFCALC =     F    Hartree Fock is set to
   METAGGA =    --    non-selfconsistent MetaGGA calc.
   IBRION =      3    ionic relax: 0-MD 1-quasi-New 2-CG
   ISPIN  =      1    spin polarized calculation?
 Exchange correlation treatment:
   GGA     =    --    GGA type

--------------------------------------- Iteration      1(   1)  ---------------------------------------

  Free energy of the ion-electron system (eV)
  ---------------------------------------------------
  free energy    TOTEN  =  {loop:18.8f} eV

  energy without entropy = {loop:18.8f}  energy(sigma->0) = {loop:18.8f}

{tangent}
  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)
  ---------------------------------------------------
  free  energy   TOTEN  = {energy:18.8f} eV

  energy  without entropy={energy:18.8f}  energy(sigma->0) ={energy:18.8f}

"""
OUTCAR_END = """\
 General timing and accounting informations for this job:
 ========================================================

                  Total CPU time used (sec):       12.000
"""
TANGENT = " NEB: projections on to tangent (spring, REAL)       0.000000    {force:12.6f}    0.010000\n"


def outcar_text(image, tangent=None):
    """What VASP would have written about an image, as far as it is read."""
    energy = image.get_potential_energy()
    line = "" if tangent is None else TANGENT.format(force=tangent)
    return OUTCAR.format(n_ions=len(image), energy=energy, loop=energy + 0.5, tangent=line) + OUTCAR_END


def write_vasp(folder, images):
    """Folders 00, 01, ... of a VASP NEB run."""
    from ase.io import write

    for index, image in enumerate(images):
        place = folder / f"{index:02d}"
        place.mkdir(parents=True)
        is_end = index in (0, len(images) - 1)
        tangent = None
        if not is_end:
            direction = images[index + 1].positions - images[index - 1].positions
            tangent = float(np.sum(image.get_forces() * direction) / np.linalg.norm(direction))
        (place / "OUTCAR").write_text(outcar_text(image, tangent))
        name = "POSCAR" if is_end else "CONTCAR"
        write(str(place / name), image, format="vasp", sort=False, parallel=False)
    return folder


def write_cathub(path, reactions, publications=None):
    """A CatHub database: an ASE database with four more tables.

    `reactions` are mappings that replace columns of a good row.
    """
    from ase.db import connect

    connect(str(path), type="db", serial=True).write(small_band([0.0])[0])
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TABLE publication (id INTEGER PRIMARY KEY AUTOINCREMENT, pub_id text UNIQUE, title text, "
        "authors text, journal text, volume text, number text, pages text, year integer, publisher text, doi text, "
        "tags text)"
    )
    connection.execute(
        "CREATE TABLE reaction (id INTEGER, chemical_composition text, surface_composition text, facet text, "
        "sites text, coverages text, reactants text, products text, reaction_energy real, activation_energy real, "
        "dft_code text, dft_functional text, username text, pub_id text)"
    )
    good = {
        "title": "Hops",
        "authors": json.dumps(["Author, A.", "Author, B."]),
        "journal": "J. Test",
        "volume": "1",
        "pages": "2",
        "year": 2020,
        "doi": DOI,
    }
    for publication in [{"pub_id": "Hop2020"}] if publications is None else publications:
        insert(connection, "publication", good | publication)
    for number, reaction in enumerate(reactions, start=1):
        insert(connection, "reaction", good_reaction(number) | reaction)
    connection.commit()
    connection.close()
    return path


def good_reaction(number):
    return {
        "id": number,
        "chemical_composition": "Cu11Au",
        "surface_composition": "CuAu",
        "facet": "100",
        "sites": "{}",
        "coverages": "null",
        "reactants": json.dumps({"Custar": 1, "star": 1}),
        "products": json.dumps({"star": 1, "Custar": 1}),
        "reaction_energy": 0.1,
        "activation_energy": 0.4,
        "dft_code": "EMT",
        "dft_functional": "EMT",
        "username": "somebody",
        "pub_id": "Hop2020",
    }


NETWORK_COLUMNS = {
    "reaction_id": 0,
    "number_of_reactants": 1,
    "number_of_products": 1,
    "reactant_1": 0,
    "reactant_2": -1,
    "product_1": 1,
    "product_2": -1,
    "rate": 1e6,
    "dG": -0.2,
    "dG_barrier": 0.4,
    "is_redox": 0,
}
LATTICE_COLUMNS = {name: value for name, value in NETWORK_COLUMNS.items() if name not in ("dG_barrier", "is_redox")} | {
    "phase_reactant_1": "L",
    "phase_reactant_2": "N",
    "phase_product_1": "L",
    "phase_product_2": "N",
    "prefactor": 1.0,
    "electron_tunneling_coefficient": 0.0,
    "reorganization_energy": 0.0,
    "charge_transfer_coefficient": 0.0,
    "type": "L",
}


def write_network(path, reactions, good=NETWORK_COLUMNS, metadata=None, n_species=3):
    """The reactions of a network, as HiPRGen and RNMC store them; `reactions` replace columns of a good row."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE metadata (number_of_species INTEGER, number_of_reactions INTEGER)")
    connection.execute(f"CREATE TABLE reactions ({', '.join(good)})")
    for values in [(n_species, len(reactions))] if metadata is None else metadata:
        connection.execute("INSERT INTO metadata VALUES (?, ?)", values)
    for number, reaction in enumerate(reactions):
        insert(connection, "reactions", good | {"reaction_id": number} | reaction)
    connection.commit()
    connection.close()
    return path


def write_state(path, counts=((0, 10), (1, 0)), factors=((1.0, 1.0, 0.5),)):
    """The initial state of a network."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE initial_state (species_id, count)")
    connection.execute("CREATE TABLE factors (factor_zero, factor_two, factor_duplicate)")
    connection.executemany("INSERT INTO initial_state VALUES (?, ?)", counts)
    connection.executemany("INSERT INTO factors VALUES (?, ?, ?)", factors)
    connection.commit()
    connection.close()
    return path


def insert(connection, table, row):
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def write_sources(path, *lines):
    path.write_text("\n".join(["id,uncertainty,unit,method,source,doi,note", *lines]) + "\n")
    return path


# --- questions ---


def value(path, row, quantity="barrier"):
    """The value that a deck would get with `t#row`."""
    return Tables({"t": path}).value(reference(row, quantity))


def reference(row, quantity="barrier", table="t"):
    return TableReference(table, str(row), quantity, Location("deck.yaml", 7, 9))
