# SPDX-License-Identifier: BSD-3-Clause
"""The shape of the source: floors, sizes, docstrings, licence lines, and decks that are fit to run."""

import ast
import graphlib
import re
from pathlib import Path

import pytest

import kmc

ROOT = Path(__file__).resolve().parents[1]

# A module imports only from strictly lower floors. Tens are the floors of ARCHITECTURE.md; one that leans on
# another one of its floor stands a little above it.
FLOORS = {
    "errors": 0,
    "constants": 0,
    "interrupts": 0,
    "units": 5,
    "electron_transfer": 5,
    "quantity": 10,
    "bravais": 10,
    "formulas": 10,
    "rate_laws": 5,
    "rates": 10,
    "varying": 11,
    "yamltext": 15,
    "table_rows": 11,
    "sqlite_files": 12,
    "rnmc_sqlite": 13,
    "elastic_band": 13,
    "vibrations": 13,
    "table_csv": 14,
    "table_kinds": 13,
    "ase_tables": 15,
    "table_vasp": 15,
    "table_cathub": 15,
    "table_network": 15,
    "table_bands": 16,
    "ase_cells": 15,
    "deck_values": 12,
    "deck_forms": 14,
    "deck_rate": 16,
    "deck_section": 17,
    "deck_protocol": 18,
    "deck_lattice": 18,
    "deck_compartment": 18,
    "deck_interactions": 18,
    "deck_tiles": 18,
    "tile_ranks": 2,
    "seams": 28,
    "sites": 29,
    "tile_sites": 39,
    "tiling": 30,
    "tile_arrays": 30,
    "tile_windows": 38,
    "tile_probe": 39,
    "tiled": 40,
    "tile_exact": 43,
    "scaling": 43,
    "check_tiles": 71,
    "tile_layout": 42,
    "deck_species": 18,
    "deck_process": 18,
    "deck_sweep": 18,
    "deck_models": 19,
    "deck_files": 20,
    "deck_cell": 21,
    "deck_extends": 21,
    "deck_schema": 21,
    "deck_checks": 19,
    "deck_messages": 21,
    "deck_overrides": 18,
    "deck_reference": 22,
    "protocol": 18,
    "deck": 25,
    "barriers": 25,
    "species": 30,
    "equation": 30,
    "lattice": 30,
    "patterns": 30,
    "stencils": 33,
    "parameters": 31,
    "sampling": 38,
    "sampled_pairs": 37,
    "compartment": 31,
    "process": 32,
    "mass_action": 33,
    "transfer": 33,
    "clusters": 33,
    "compiler": 35,
    "solution_checks": 33,
    "kinetics": 33,
    "reversibility": 34,
    "mechanism": 36,
    "interactions": 40,
    "layers": 40,
    "solution_tables": 40,
    "tables": 41,
    "model": 45,
    "film": 45,
    "fields": 50,
    "ledger": 50,
    "schema": 50,
    "provenance": 50,
    "schedule": 50,
    "whole_files": 1,
    "same_run": 51,
    "results_layout": 59,
    "output": 60,
    "checkpoint": 60,
    "restart": 65,
    "fingerprint": 61,
    "progress": 60,
    "result": 60,
    "simulation": 70,
    "text_page": 1,
    "ensemble": 0,
    "options": 10,
    "ranks": 1,
    "particles": 30,
    "sweep_plan": 40,
    "film_record": 71,
    "handing_out": 71,
    "sweep_file": 72,
    "sweep_result": 61,
    "sweeping": 75,
    "sobol": 73,
    "sweep_picture": 81,
    "sweep_worker": 76,
    "sweep_command": 85,
    "modifiers": 1,
    "deck_examples": 1,
    "conditions": 19,
    "findings": 40,
    "reachability": 40,
    "thermodynamics": 40,
    "stoichiometry": 33,
    "contradictions": 41,
    "values": 40,
    "rate_table": 42,
    "rate_findings": 46,
    "trial": 55,
    "state_findings": 56,
    "parameter_findings": 56,
    "check_subject": 60,
    "check_composition": 71,
    "check_kinetics": 71,
    "check_page": 72,
    "inspection": 73,
    "palette": 75,
    "film_picture": 76,
    "growth": 74,
    "handover": 75,
    "solution_picture": 76,
    "plotting": 80,
    "export": 80,
    "import_draft": 70,
    "import_species": 70,
    "import_steps": 71,
    "import_rnmc": 72,
    "import_units": 70,
    "import_columns": 71,
    "import_names": 72,
    "import_electrons": 72,
    "import_reactions": 73,
    "import_cathub": 72,
    "import_lattice": 73,
    "importing": 75,
    "cli": 90,
    "__main__": 100,
    "__init__": 100,
}
# What __init__ itself defines, without importing anything of ours: open to every floor.
FREE_NAMES = {"__version__"}
# The compiled core is floor 0 and is entered through these modules only.
USERS_OF_THE_CORE = {"interactions", "seams", "tables", "model", "simulation", "tiled", "tile_windows", "tile_exact"}

MODULE_LINES = 400
PYTHON_FUNCTION_LINES = 50
CYTHON_FUNCTION_LINES = 45

MODULES = {path.stem: path for path in sorted((ROOT / "kmc").glob("*.py"))}
CORE_FILES = sorted(path for path in (ROOT / "kmc_core").iterdir() if path.suffix in {".py", ".pyx", ".pxd"})
DECKS = sorted((ROOT / "inputs").rglob("*.yaml"))
SOURCES = [
    ROOT / "setup.py",
    *CORE_FILES,
    *(
        path
        for folder in ("kmc", "tests", "scripts", "benchmarks")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ),
]


def relative(path):
    return path.relative_to(ROOT).as_posix()


def each(paths):
    return pytest.mark.parametrize("path", [pytest.param(path, id=relative(path)) for path in paths])


def imported_names(path):
    """Every name that a module imports, wherever the import stands: 'kmc.deck', 'kmc.deck.load_deck', ..."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = "kmc." if node.level else ""
            source = (package + (node.module or "")).rstrip(".")
            yield from (f"{source}.{alias.name}" for alias in node.names)


def imported_modules(path):
    """Modules of kmc that a module imports, by stem; a name of the package itself counts as '__init__'."""
    for name in imported_names(path):
        package, *rest = name.split(".")
        if package != "kmc" or (rest and rest[0] in FREE_NAMES):
            continue
        yield rest[0] if rest and rest[0] in FLOORS.keys() | MODULES.keys() else "__init__"


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def lines_without_docstring(function):
    length = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        length -= docstring.end_lineno - docstring.lineno + 1
    return length


def cython_functions(path):
    """Name and length without docstring of every def, cdef and cpdef function with a body, by indentation."""
    text = re.sub(r'"""(?:.|\n)*?"""', '""', path.read_text())
    lines = text.splitlines()
    for i, line in enumerate(lines):
        start = re.match(r"( *)(?:def|cpdef|cdef)\s[^=]*?(\w+)\s*\(", line)
        if start is None:
            continue
        body = i + 1
        while body < len(lines) and not re.match(rf" {{0,{len(start[1])}}}[^\s)]", lines[body]):
            body += 1
        yield start[2], len("\n".join(lines[i:body]).rstrip().splitlines())


def public_definitions(tree):
    """Public functions and classes of a module, and the public methods of its public classes."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, kinds) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                for member in node.body:
                    if isinstance(member, kinds) and not member.name.startswith("_"):
                        yield f"{node.name}.{member.name}", member


@each(MODULES.values())
def test_module_has_a_floor(path):
    assert path.stem in FLOORS, f"{relative(path)} stands on no floor: give it one in the table of this test"


@each(MODULES.values())
def test_module_imports_from_lower_floors_only(path):
    floor = FLOORS.get(path.stem, 0)
    too_high = {name for name in imported_modules(path) if FLOORS.get(name, 0) >= floor} - {path.stem}
    assert not too_high, f"{relative(path)} imports {sorted(too_high)}, which stand no lower than itself"


def test_imports_have_no_cycle():
    graph = {
        stem: set(imported_modules(path)) - {stem} for stem, path in MODULES.items() if stem != "__init__"
    }
    list(graphlib.TopologicalSorter(graph).static_order())


@each(MODULES.values())
def test_core_is_entered_through_few_modules_only(path):
    if path.stem not in USERS_OF_THE_CORE:
        assert not {name for name in imported_names(path) if name.split(".")[0] == "kmc_core"}


@each(CORE_FILES)
def test_core_knows_nothing_of_kmc(path):
    assert (
        re.findall(r"^\s*(?:from|import|cimport)\s+kmc(?:\.|\s|$)", path.read_text(), flags=re.MULTILINE)
        == []
    )


def test_packages_are_flat():
    assert [
        relative(path)
        for name in ("kmc", "kmc_core")
        for path in (ROOT / name).glob("*/*.p*y*")
        if path.parent.name != "__pycache__"
    ] == []


@each(SOURCES)
def test_source_names_its_licence_on_top(path):
    first, *rest = [*path.read_text().splitlines(), ""]
    line = rest[0] if first.startswith("#!") else first
    assert line == "# SPDX-License-Identifier: BSD-3-Clause"


@each([*MODULES.values(), *CORE_FILES])
def test_module_is_short(path):
    assert len(path.read_text().splitlines()) <= MODULE_LINES


@each([path for path in SOURCES if path.suffix == ".py" and "tests" not in path.parts])
def test_python_functions_are_short(path):
    tree = ast.parse(path.read_text())
    lengths = {function.name: lines_without_docstring(function) for function in functions(tree)}
    assert {name: length for name, length in lengths.items() if length > PYTHON_FUNCTION_LINES} == {}


@each([path for path in CORE_FILES if path.suffix != ".py"])
def test_cython_functions_are_short(path):
    assert [found for found in cython_functions(path) if found[1] > CYTHON_FUNCTION_LINES] == []


@each([*MODULES.values(), *(path for path in CORE_FILES if path.suffix == ".py")])
def test_public_names_are_documented(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), f"{relative(path)} does not say what it is for"
    assert [name for name, node in public_definitions(tree) if not ast.get_docstring(node)] == []


@each([path for path in CORE_FILES if path.name != "__init__.py"])
def test_core_module_says_what_it_is_for(path):
    assert re.match(r'(?:#.*\n|\s*\n)*"""', path.read_text()), f"{relative(path)} has no docstring"


@each([path for path in SOURCES if path.suffix == ".py"])
def test_nothing_is_star_imported(path):
    assert [name for name in imported_names(path) if name.endswith(".*")] == []


def test_version_is_the_same_everywhere():
    stated = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), flags=re.MULTILINE)
    assert stated[1] == kmc.__version__
    assert f"## {kmc.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_public_names_are_those_that_the_package_promises():
    assert set(kmc.__all__) <= set(dir(kmc))
    with pytest.raises(AttributeError, match="no attribute 'walk'"):
        kmc.walk  # noqa: B018


@each(DECKS)
def test_deck_in_inputs_passes_the_check(path):
    from kmc.inspection import check

    assert not check(path).is_refused
