# SPDX-License-Identifier: BSD-3-Clause
"""The command ``kmc``: reads arguments, calls one function of the package, says what happened (floor 9).

Nothing happens here that Python could not reach as well. Modules that do the work are imported when their
command is given, so that ``kmc --help`` answers at once.
"""

import argparse
import os
import sys
from pathlib import Path

from kmc import __version__
from kmc.errors import KmcError
from kmc.interrupts import held, signals_as_interrupt
from kmc.ranks import all_or_none, launched_ranks, world

EXIT_FINISHED = 0
EXIT_ERROR = 1
EXIT_REFUSED = 2
EXIT_STOPPED = 75

_EPILOG = """\
exit codes: 0 finished, 2 the input is refused, 75 stopped early, 1 anything else

  kmc check inputs/graphite_ec.yaml
  kmc run inputs/graphite_ec.yaml -o results/graphite_ec
  kmc plot results/graphite_ec
"""


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    exit_code : int
        0 finished, 2 the input is refused, 75 stopped early, 1 anything else.
    """
    arguments = build_parser().parse_args(argv)
    try:
        with signals_as_interrupt():
            exit_code = arguments.command(arguments)
            sys.stdout.flush()
            return exit_code
    except KmcError as error:
        return _failed(arguments, str(error), error.exit_code)
    except KeyboardInterrupt:
        return _failed(arguments, "kmc: interrupted", EXIT_ERROR)
    except BrokenPipeError:
        # The reader of our output has gone; Python must not fail once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR
    except Exception as error:
        hint = "" if arguments.traceback else "; --traceback shows where"
        reason = str(error).strip().split("\n")[0] or "no message"
        return _failed(arguments, f"kmc: {type(error).__name__}: {reason}{hint}", EXIT_ERROR)


def build_parser():
    """Parser of the whole command line; ``arguments.command`` is the function to call.

    Returns
    -------
    parser : argparse.ArgumentParser
    """
    parser = argparse.ArgumentParser(
        prog="kmc",
        description="Grow a battery's solid electrolyte interphase by kinetic Monte Carlo.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"sei-kmc {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_check(commands)
    _add_rates(commands)
    _add_run(commands)
    _add_plot(commands)
    _add_export(commands)
    _add_import(commands)
    _add_schema(commands)
    return parser


def _add_command(commands, name, function, summary):
    parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    parser.add_argument("--traceback", action="store_true", help="show where in the program an error arose")
    parser.set_defaults(command=function)
    return parser


def _add_deck(parser):
    parser.add_argument("deck", metavar="DECK", type=Path, help="the simulation's input file (YAML)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        dest="overrides",
        help="replace a value of the deck, as in --set protocol.temperature='330 K'; may be given again",
    )


def _add_check(commands):
    parser = _add_command(commands, "check", _check, "refuse the deck or explain it, with a half-second trial")
    _add_deck(parser)
    parser.add_argument("--ranks", type=int, metavar="N", help="propose tiles for N ranks, with time and memory")


def _add_rates(commands):
    parser = _add_command(commands, "rates", _rates, "print the rate constants of the deck as CSV")
    _add_deck(parser)
    for name, unit, example in (("temperature", "K", "25 degC"), ("potential", "V vs Li/Li+", "50 mV")):
        parser.add_argument(
            f"--{name}", metavar="VALUE", help=f"in {unit}, or with its unit as in '{example}' (default: at time zero)"
        )


def _add_run(commands):
    parser = _add_command(commands, "run", _run, "grow the film; leaves results.h5 in a directory")
    _add_deck(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=Path,
        help="where results go (default: results/<name of the deck>)",
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="seed of the random numbers, instead of the deck's"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there already")
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary; errors only")
    parser.add_argument(
        "--max-wall-time",
        metavar="TIME",
        help="stop after this long, as in '20 min'; exit code 75",
    )


def _add_plot(commands):
    parser = _add_command(commands, "plot", _plot, "draw the film, its growth and its profiles")
    _add_results(parser)
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="where pictures go (default: beside results)"
    )


def _add_export(commands):
    parser = _add_command(commands, "export", _export, "hand the film on to a cell model")
    _add_results(parser)
    parser.add_argument("--to", required=True, choices=("pybamm", "csv"), help="format")
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="where files go (default: beside results)"
    )


def _add_results(parser):
    parser.add_argument(
        "results", metavar="RESULTS", type=Path, help="results.h5, or the directory that holds it"
    )


def _add_schema(commands):
    _add_command(commands, "schema", _schema, "print the JSON Schema of decks, for editors")


def _add_import(commands):
    parser = _add_command(commands, "import", _import, "convert a foreign network or table into a deck")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="database or table; see docs/import.md")
    parser.add_argument("-o", "--output", metavar="DECK", type=Path, required=True, help="the deck to write")
    for name, what in (
        ("initial", "initial state of a network, SQLite"),
        ("species", "names, formulas and charges of its species, CSV or JSON"),
        ("parameters", "parameters of a run of LGMC"),
    ):
        parser.add_argument(f"--{name}", metavar="FILE", type=Path, help=what)
    for name, metavar, what in (
        ("name", "TITLE", "title of the deck"),
        ("source", "TEXT", "publication of the numbers"),
        ("temperature", "TEMPERATURE", "that the numbers were made for, as in '298.15 K'"),
        ("duration", "TIME", "duration of the run (default: 1 s)"),
        ("outer-reorganization-energy", "ENERGY", "of rows without one, as in '0.32 eV'"),
        ("surface", "TEXT", "surface of a CatHub database, as in 'Pt 111'"),
    ):
        parser.add_argument(f"--{name}", metavar=metavar, help=what)
    laws = ("marcus", "marcus-hush-chidsey")
    parser.add_argument("--electron-transfer", choices=laws, default=laws[0], help="rate law (default: marcus)")
    parser.add_argument("--skip-unbalanced", action="store_true", help="leave out what does not balance")
    parser.add_argument("--overwrite", action="store_true", help="replace a deck that is there already")


def _check(arguments):
    from kmc.inspection import check

    n_ranks = () if arguments.ranks is None else (max(arguments.ranks, 1),)
    found = check(arguments.deck, _overrides(arguments.overrides), *n_ranks)
    print(found.page)
    return EXIT_REFUSED if found.is_refused else EXIT_FINISHED


def _rates(arguments):
    from kmc.rate_table import rate_constants, write_csv

    given = arguments.temperature, arguments.potential
    write_csv(rate_constants(arguments.deck, *given, _overrides(arguments.overrides)), sys.stdout)
    return EXIT_FINISHED


def _run(arguments):
    overrides = _overrides(arguments.overrides)
    n_ranks, rank = launched_ranks()
    if n_ranks == 1:
        return _run_film(arguments, overrides)
    from kmc.tile_layout import has_tiles
    from kmc.tile_ranks import first_speaks

    if not has_tiles(arguments.deck, overrides, rank):
        return _refuse_ranks(n_ranks, rank)
    communicator = world()
    with all_or_none(communicator, EXIT_STOPPED), first_speaks(communicator):
        return _run_film(arguments, overrides, communicator)


def _run_film(arguments, overrides, communicator=None):
    max_wall_time = _physical("--max-wall-time", arguments.max_wall_time, "time")
    directory = arguments.output or Path("results") / arguments.deck.stem

    try:
        # A signal that falls into the import of a compiled library may come out as anything.
        with held():
            from kmc.progress import Progress
            from kmc.simulation import run

        result = run(
            arguments.deck,
            directory=directory,
            seed=arguments.seed,
            overrides=overrides,
            overwrite=arguments.overwrite,
            progress=None if arguments.quiet else Progress,
            max_wall_time=max_wall_time,
            **({} if communicator is None else {"communicator": communicator}),
        )
    except KeyboardInterrupt:
        if communicator is not None:
            raise
        print(f"kmc: stopped by a signal; {_what_is_there(directory / 'results.h5')}", file=sys.stderr)
        return EXIT_STOPPED
    if communicator is not None and communicator.rank > 0:
        return EXIT_FINISHED if result.finished else EXIT_STOPPED
    if not result.finished:
        print(f"kmc: stopped early: {result.stop_reason}; {_what_is_there(result.path)}", file=sys.stderr)
        return EXIT_STOPPED
    if not arguments.quiet:
        print(f"results in {result.path}")
    return EXIT_FINISHED


def _plot(arguments):
    path = _results_file(arguments.results)

    from kmc.plotting import plot

    _print_paths(plot(path, arguments.output or path.parent))
    return EXIT_FINISHED


def _export(arguments):
    path = _results_file(arguments.results)

    from kmc.export import export

    _print_paths(export(path, arguments.to, arguments.output or path.parent))
    return EXIT_FINISHED


def _schema(_arguments):
    import json

    from kmc.deck import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return EXIT_FINISHED


def _import(arguments):
    from kmc.importing import Options, import_deck

    given = vars(arguments)
    options = Options(
        title=arguments.name or "",
        source=arguments.source or "",
        temperature=_physical("--temperature", arguments.temperature, "temperature"),
        **{name: given[name] for name in ("electron_transfer", "outer_reorganization_energy", "surface")},
        **({"duration": arguments.duration} if arguments.duration else {}),
        skip_unbalanced=arguments.skip_unbalanced,
    )
    beside = {name: given[name] for name in ("initial", "species", "parameters")}
    imported = import_deck(arguments.files, arguments.output, **beside, options=options, overwrite=arguments.overwrite)
    print(f"{imported.path}: {imported.n_species} species, {imported.n_processes} processes")
    left_out = [f"left out: {each}" for each in imported.left_out]
    for text in (*imported.assumptions, *left_out[:10]):
        print(f"  {text}")
    if len(left_out) > 10:
        print(f"  left out: {len(left_out) - 10} more, named in the deck")
    return EXIT_FINISHED


def _overrides(assignments):
    """``["run.seed=7"]`` as ``{"run.seed": "7"}``; the deck gives the values their types and units."""
    overrides = {}
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        if not (equals and path.strip() and value.strip()):
            raise KmcError(f"--set {assignment!r}: expected PATH=VALUE, as in --set run.seed=7")
        overrides[path.strip()] = value.strip()
    return overrides


def _physical(option, text, dimension):
    """Value of an option in internal units; None if it is not given."""
    if text is None:
        return None
    from kmc.units import UnitError, parse_quantity

    try:
        value, _ = parse_quantity(text, dimension)
    except UnitError as error:
        raise KmcError(f"{option} {text!r}: {error}") from error
    if not value > 0:
        raise KmcError(f"{option} {text!r}: must be positive")
    return value


def _results_file(path):
    """The results file that a file name or a directory stands for."""
    try:
        file = path / "results.h5" if path.is_dir() else path
        is_there = file.is_file()
    except OSError as error:
        raise KmcError(f"{str(path)[:100]} ...: {error.strerror}") from None
    if not is_there:
        raise KmcError(f"{file}: no results there; `kmc run` makes them")
    return file


def _refuse_ranks(n_ranks, rank):
    if rank == 0:
        print(
            f"kmc: started on {n_ranks} ranks, but a film in one piece runs on one: cut it into tiles "
            "(docs/scaling.md), or start `kmc run` without mpiexec or srun",
            file=sys.stderr,
        )
    return EXIT_REFUSED


def _what_is_there(path):
    """What a run that was cut short has left behind, in words."""
    if not Path(path).is_file():
        return "nothing was written"
    import h5py

    from kmc.progress import format_time

    try:
        with h5py.File(path) as file:
            times = file["time"][:]
    except (OSError, KeyError):
        return f"{path} holds no complete output"
    if len(times) == 0:
        return f"{path} holds no output yet"
    return f"{path} holds {len(times)} output{'s' * (len(times) > 1)}, up to t = {format_time(times[-1])}"


def _print_paths(paths):
    for path in [paths] if isinstance(paths, (str, Path)) else paths:
        print(path)


def _failed(arguments, message, exit_code):
    if arguments.traceback:
        import traceback

        traceback.print_exc()
    print(message, file=sys.stderr)
    return exit_code
