# SPDX-License-Identifier: BSD-3-Clause
"""A model for kmos, run by the Python that kmos is installed in: `python kmos_model.py zgb2d DIRECTORY 100 100`.

It writes the model as kmos reads it, has the command `kmos` make it, and then runs as many steps as each line of the
input says. It imports nothing of ours.
"""

import io
import json
import os
import random
import shutil
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

SPECIES = {"hop3d": ("empty", "A"), "rd3d": ("empty", "A", "P"), "zgb2d": ("empty", "CO", "O")}
START = {"hop3d": (0.1,), "rd3d": (0.1,), "zgb2d": (0.0, 0.7345)}
"""dict: coverages at the start, of the species after `empty`."""

NO = "n\n" * 20
"""str: answer to its questions whether to download tables that these models do not need."""


def steps(dimension):
    """Steps to the nearest neighbours in the positive directions."""
    return [tuple(int(i == axis) for i in range(3)) for axis in range(dimension)]


def processes(case):
    """Equations of a case as kmos reads them, with their rate constants."""
    forward = steps(2 if case == "zgb2d" else 3)
    both = forward + [tuple(-i for i in step) for step in forward]

    def pairs(name, old, new, directions, rate):
        for number, (x, y, z) in enumerate(directions):
            there = f"s.({x}, {y}, {z})"
            before, after = (f"{a}@s + {b}@{there}" for a, b in (old, new))
            yield f"{name}{number}; {before} -> {after}; {rate}"

    hops = list(pairs("hop", ("A", "empty"), ("empty", "A"), both, "1.0"))
    if case == "hop3d":
        return hops
    if case == "rd3d":
        singles = ["come; empty@s -> A@s; 1e-3", "go; A@s -> empty@s; 5e-3", "leave; P@s -> empty@s; 1e-3"]
        return [*singles, *hops, *pairs("meet", ("A", "A"), ("P", "empty"), both, "0.01")]
    return [
        "CO_in; empty@s -> CO@s; 0.45",
        *pairs("O2_in", ("empty", "empty"), ("O", "O"), forward, "0.275"),
        *pairs("leave", ("CO", "O"), ("empty", "empty"), both, "10**10"),
    ]


def write(case, path):
    """Write the model."""
    from kmos.types import Project, Site

    project = Project()
    project.set_meta(author="-", email="-", model_name=case, model_dimension=2 if case == "zgb2d" else 3)
    for name in SPECIES[case]:
        project.add_species(name=name)
    project.species_list.default_species = "empty"
    project.add_layer(name="l").sites.append(Site(name="s", pos="0.5 0.5 0.5"))
    for line in processes(case):
        project.parse_and_add_process(line)
    project.save(str(path))


def make(case, directory):
    """Have kmos make the model, unless this one has been made before; what it prints goes to a log."""
    recipe, kept_recipe = "\n".join(processes(case)), directory / "made" / "recipe.txt"
    if kept_recipe.exists() and kept_recipe.read_text() == recipe:
        return
    shutil.rmtree(directory / "made", ignore_errors=True)
    with open(directory / "log.txt", "w") as log:
        kept = os.dup(1)
        os.dup2(log.fileno(), 1)
        sys.stdin, given = io.StringIO(NO), sys.stdin
        write(case, directory / f"{case}.xml")
        kmos = shutil.which("kmos") or str(Path(sys.executable).with_name("kmos"))
        subprocess.run(
            [kmos, "export", f"{case}.xml", "made"],
            cwd=directory, input=NO, text=True, stdout=log, stderr=log, check=True,
        )
        sys.stdin = given
        os.dup2(kept, 1)
    kept_recipe.write_text(recipe)


def model(case, shape):
    """A model at its start, with sites occupied at random."""
    from kmos.run import KMC_Model

    made = KMC_Model(size=list(shape), banner=False, print_rates=False)
    numbers = [getattr(made.proclist, name.lower()) for name in SPECIES[case]]
    generator = random.Random(7)
    full = [*made.lattice.system_size]
    for x, y, z in product(*map(range, full)):
        drawn, index = generator.random(), 0
        for number, fraction in enumerate(START[case], start=1):
            if index == 0 and 0.0 <= drawn < fraction:
                index = number
            drawn -= fraction
        if index:
            made.lattice.replace_species([x, y, z, 1], numbers[0], numbers[index])
    made._adjust_database()
    return made


def main(case, directory, *shape):
    """Make the model, then run it when told to."""
    directory = Path(directory).resolve()
    make(case, directory)
    sys.path.insert(0, str(directory / "made"))
    made = model(case, tuple(int(length) for length in shape))
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        begin = time.process_time()
        made.do_steps(int(line))
        print(json.dumps({"seconds": time.process_time() - begin}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
