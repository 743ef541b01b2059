#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write the processes of inputs/published/spotte_smith_2022.yaml from the table of their free energies.

    python scripts/spotte_smith_2022.py              # rewrites what stands below the mark of the deck
    python scripts/spotte_smith_2022.py --balanced   # prints a variant whose lithium hops keep detailed balance

A row of the table names its process at the beginning of its note, up to the semicolon. Redox couples and coordinations
of Li+ are reversible; a chemical step is so where its two published barriers differ by its free energy. A hop of Li+
is published with the barrier max(dG, 0.266 eV) in each direction, which breaks detailed balance: two processes.
"""

import argparse
import csv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "inputs" / "tables" / "spotte_smith_2022.csv"
DECK = ROOT / "inputs" / "published" / "spotte_smith_2022.yaml"
MARK = "processes:  # written by scripts/spotte_smith_2022.py from the table"
SOLVENT = "{radius: 0.5 nm, refractive-index: 1.415, permittivity: 18.5, distance: site}"
SOURCE = "doi:10.1021/acsenergylett.2c00517"


def main():
    """Rewrite the deck, or print the variant in detailed balance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--balanced", action="store_true", help="print the deck with reversible hops instead")
    balanced = parser.parse_args().balanced
    text = deck_text(DECK.read_text(encoding="utf-8"), read_rows(TABLE), balanced)
    if balanced:
        print(text, end="")
    else:
        DECK.write_text(text, encoding="utf-8")


def read_rows(path):
    """Quantities by row, with the equation of each row: {id: {"equation": ..., quantity: value, ...}}."""
    rows = {}
    with open(path, encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            row = rows.setdefault(line["id"], {"equation": line["note"].partition(";")[0]})
            row[line["quantity"]] = float(line["value"])
    return rows


def deck_text(deck, rows, balanced=False):
    """The deck with its processes written anew."""
    head = deck.partition(MARK)[0]
    sections = {title: [] for title in ("redox", "coordination of Li+", "chemical", "Li+ from one molecule to another")}
    for name, row in rows.items():
        if name == "hop":
            continue
        if "standard-potential" in row:
            sections["redox"].append(_redox(name, row))
        elif "barrier" in row:
            sections["chemical"].append(_chemical(name, row))
        elif "<=>" in row["equation"]:
            sections["coordination of Li+"].append(_coordination(name, row))
        else:
            sections["Li+ from one molecule to another"] += _hops(name, row, balanced)
    parts = [f"# --- {title}: {len(lines)} ---\n" + "\n".join(lines) for title, lines in sections.items()]
    return f"{head}{MARK}\n" + "\n".join(parts) + "\n"


def _line(name, equation, rate, more=""):
    return f"- {{name: {name}, equation: {equation}, rate: {{{rate}}}{more}}}"


def _in_words(equation):
    left, right = equation.replace("<=>", "=>").split(" => ")
    return f"{left} to {right}".replace(" + ", " and ")


def _redox(name, row):
    lines = [
        f"- name: reduction of {row['equation'].partition(' + ')[0]}",
        f"equation: {row['equation']}",
        "tunnelling: true",
        f"source: {SOURCE}",
        "rate:",
        "  law: marcus",
        f"  standard-potential: network#{name}",
        f"  inner-reorganization-energy: network#{name}",
        f"  outer-reorganization-energy: {SOLVENT}",
    ]
    return "\n  ".join(lines)


def _coordination(name, row):
    rate = f"law: eyring, barrier: 0 eV, reaction-free-energy: network#{name}"
    molecule = row["equation"].partition(" + ")[0]
    return _line(f"Li+ to {molecule}", row["equation"], rate, f", source: {SOURCE}")


def _chemical(name, row):
    rate = f"law: eyring, barrier: network#{name}"
    if "reaction-free-energy" in row:
        rate += f", reaction-free-energy: network#{name}"
    return _line(_in_words(row["equation"]), row["equation"], rate)


def _hops(name, row, balanced):
    """Uphill with its free energy, which is the barrier where it is higher; downhill with the barrier alone."""
    left, right = row["equation"].split(" => ")
    rate = f"law: eyring, barrier: network#hop, reaction-free-energy: network#{name}"
    if balanced:
        return [_line(_hop(left), f"{left} <=> {right}", rate)]
    back = " + ".join(reversed(right.split(" + "))) if " + " in right else right
    return [
        _line(_hop(left), f"{left} => {right}", rate),
        _line(_hop(back), f"{back} => {left}", "law: eyring, barrier: network#hop"),
    ]


def _hop(left):
    donor, acceptor = left.split(" + ") if " + " in left else 2 * [left.removeprefix("2 ")]
    return f"Li+ from {donor} to {acceptor}"


if __name__ == "__main__":
    main()
