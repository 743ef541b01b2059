# SPDX-License-Identifier: BSD-3-Clause
"""Malformed databases: CatHub, HiPRGen and RNMC, with what is told of each."""

import json
import sqlite3

import numpy as np
from barrier_tables import (
    LATTICE_COLUMNS,
    NETWORK_COLUMNS,
    write_cathub,
    write_network,
)


def cut(path, part=0.6):
    """Take away the end of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    return path


def damage(path):
    """Overwrite everything after the first page of an SQLite file."""
    content = bytearray(path.read_bytes())
    content[1024:] = b"\xff" * (len(content) - 1024)
    path.write_bytes(bytes(content))
    return path


def text(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def changed(path, *commands):
    """An SQLite file after some commands."""
    connection = sqlite3.connect(path)
    for command in commands:
        connection.execute(command)
    connection.commit()
    connection.close()
    return path


CATHUB = {
    "cut off": (lambda f, h: cut(write_cathub(f / "c.db", [{}])), "is cut off"),
    "no publication table": (
        lambda f, h: changed(write_cathub(f / "c.db", [{}]), "DROP TABLE publication"),
        "has no table 'publication', so it is no such database of CatHub",
    ),
    "no column": (
        lambda f, h: changed(write_cathub(f / "c.db", [{}]), "ALTER TABLE reaction DROP COLUMN activation_energy"),
        "table 'reaction' has no column 'activation_energy', which CatHub writes",
    ),
    "no reactions": (lambda f, h: write_cathub(f / "c.db", []), "holds no reaction"),
    "two of one id": (lambda f, h: write_cathub(f / "c.db", [{}, {"id": 1}]), "two reactions have the id 1"),
    "no id": (lambda f, h: write_cathub(f / "c.db", [{}, {"id": None}]), "row 2 of table 'reaction' has no id"),
    "below the final state": (
        lambda f, h: write_cathub(f / "c.db", [{"reaction_energy": 0.9}]),
        "reaction 1: its barrier of 0.4 eV lies below its reaction energy of 0.9 eV",
    ),
    "not finite": (
        lambda f, h: write_cathub(f / "c.db", [{"activation_energy": np.inf}]),
        "reaction 1: activation_energy is inf, no finite number",
    ),
    "text": (
        lambda f, h: write_cathub(f / "c.db", [{"activation_energy": "high"}]),
        "reaction 1: activation_energy is 'high', no finite number",
    ),
    "no energies": (
        lambda f, h: write_cathub(f / "c.db", [{"activation_energy": None, "reaction_energy": None}]),
        "reaction 1: it has neither an activation energy nor a reaction energy",
    ),
    "no publication": (
        lambda f, h: write_cathub(f / "c.db", [{"pub_id": None}]),
        "reaction 1: it names no publication (pub_id), so its values have no source",
    ),
    "unknown publication": (
        lambda f, h: write_cathub(f / "c.db", [{"pub_id": "Skip2021"}]),
        "its publication 'Skip2021' is missing in the table 'publication'",
    ),
    "reactants are text": (
        lambda f, h: write_cathub(f / "c.db", [{"reactants": "Cu*"}]),
        "reactants is 'Cu*'; expected JSON such as",
    ),
    "no products": (
        lambda f, h: write_cathub(f / "c.db", [{"products": json.dumps({"star": 0})}]),
        "reaction 1: it has no products",
    ),
}


def network(*rows, **options):
    return lambda f, h: write_network(f / "rn.sqlite", [{}, *rows], **options)


def lattice(**row):
    return network(row, good=LATTICE_COLUMNS)


NETWORK = {
    "cut off": (lambda f, h: cut(network()(f, h)), "is cut off"),
    "damaged": (lambda f, h: damage(network(*({} for _ in range(500)))(f, h)), "is a damaged SQLite database"),
    "no metadata": (
        lambda f, h: changed(network()(f, h), "DROP TABLE metadata"),
        "has no table 'metadata', so it is no such database of HiPRGen or RNMC",
    ),
    "empty metadata": (network(metadata=[]), "table 'metadata' has 0 rows; expected one"),
    "fewer rows": (network(metadata=[(3, 5)]), "table 'reactions' has 1 rows, but metadata says 5 reactions"),
    "no species": (network(metadata=[(0, 1)]), "metadata: 0 species and 1 reactions; expected at least one"),
    "metadata is text": (
        network(metadata=[("three", 1)]),
        "metadata: number_of_species is 'three'; expected a whole number",
    ),
    "no column": (
        lambda f, h: changed(network()(f, h), "ALTER TABLE reactions DROP COLUMN rate"),
        "table 'reactions' has no column 'rate'",
    ),
    "half a lattice": (
        network(good=NETWORK_COLUMNS | {"type": "L"}),
        "table 'reactions' has no columns phase_reactant_1, phase_reactant_2",
    ),
    "missing value": (network({"rate": None}), "reaction_id 1: rate is missing (NULL); expected a finite number"),
    "not finite": (network({"dG": np.inf}), "reaction_id 1: dG is inf; expected a finite number"),
    "negative": (network({"rate": -1.0}), "reaction_id 1: rate is -1.0; expected 0 or more"),
    "two of one id": (network({}, {"reaction_id": 1}), "reaction_id 1: stands there twice"),
    "gap in the ids": (network({"reaction_id": 7}), "reaction_id 7: is outside of 0 ... 1"),
    "no id": (network({"reaction_id": None}), "row 2 of reactions: reaction_id is missing (NULL)"),
    "unknown species": (network({"product_1": 3}), "reaction_id 1: product_1 is 3, none of the 3 species"),
    "three reactants": (
        network({"number_of_reactants": 3}),
        "reaction_id 1: number_of_reactants is 3; expected 0, 1 or 2",
    ),
    "a reactant too many": (
        network({"reactant_2": 2}),
        "reaction_id 1: reactant_2 is 2, but number_of_reactants is 1; expected -1",
    ),
    "neither side": (
        network({"number_of_reactants": 0, "reactant_1": -1, "number_of_products": 0, "product_1": -1}),
        "reaction_id 1: neither reactants nor products",
    ),
    "redox": (network({"is_redox": 2}), "reaction_id 1: is_redox is 2; expected 0 or 1"),
    "phase": (lattice(phase_product_1="G"), "reaction_id 1: phase_product_1 is 'G'; expected L or S"),
    "type": (lattice(type="X"), "reaction_id 1: type is 'X'; expected one of O, R, F, L, S, D, A"),
    "initial state": (
        lambda f, h: changed(f / "rn.sqlite", "CREATE TABLE initial_state (a)"),
        "is the initial state of a network; the table is the database with its reactions",
    ),
}
# Right for the program that wrote them, but not what a deck means by the name.
NETWORK_VALUES = {
    "of a redox reaction": (network(), {"is_redox": 1}, "it is a redox reaction, whose barrier there leaves out"),
    "below the reaction energy": (
        network(),
        {"dG": 0.9},
        "its barrier of 0.4 eV lies below its reaction energy of 0.9 eV; a transition state lies above both ends; "
        "a network writes so where there is no barrier: use its rate-constant",
    ),
    "negative": (network(), {"dG": -0.5, "dG_barrier": -0.5}, "its barrier is -0.5 eV"),
    "placeholder": (network(), {"dG_barrier": 100.0}, "its barrier is 100 eV, which stands for an unknown one"),
}


def stars(old):
    start = old.rindex("energy(sigma->0) =") + len("energy(sigma->0) =")
    return old[:start] + " " + "*" * 16 + "\n"
