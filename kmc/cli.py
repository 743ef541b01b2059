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
from kmc.interrupts import held, ignored, signals_as_interrupt
from kmc.options import overrides_of as _overrides
from kmc.options import physical_value as _physical
from kmc.ranks import all_or_none, launched_ranks, world

EXIT_FINISHED = 0
EXIT_ERROR = 1
EXIT_REFUSED = 2
EXIT_STOPPED = 75

_EPILOG = """\
exit codes: 0 finished, 2 the input is refused, 75 stopped early with a checkpoint, 1 anything else

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
        0 finished, 2 the input is refused, 75 stopped early with a checkpoint, 1 anything else.
    """
    arguments = build_parser().parse_args(argv)
    try:
        with signals_as_interrupt():
            return _called(arguments)
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


def _called(arguments):
    """Exit code of the command; a run can be stopped at any moment and goes on later."""
    try:
        exit_code = arguments.command(arguments)
        sys.stdout.flush()
        return exit_code
    except KeyboardInterrupt as stopped:
        if arguments.command is not _run:
            raise
        with ignored():
            return _stopped(str(stopped) or "stopped by a signal", arguments)


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
    _add_digest(commands)
    _add_sweep(commands)
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
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last checkpoint, or from the beginning if there is none"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary; errors only")
    parser.add_argument(
        "--wall-time",
        "--max-wall-time",
        dest="max_wall_time",
        metavar="TIME",
        help="stop after this long with a checkpoint, as in '20 min'; exit code 75",
    )


def _add_digest(commands):
    summary = "print a hash of data and clock, to compare runs"
    _add_results(_add_command(commands, "digest", _digest, summary), nargs="+")


def _add_sweep(commands):
    from kmc.sweep_command import add_sensitivity_arguments, add_sweep_arguments, run_sensitivity, run_sweep

    parser = _add_command(commands, "sweep", run_sweep, "grow an ensemble of films; leaves sweep.h5 in a directory")
    _add_deck(parser)
    add_sweep_arguments(parser)
    parser = _add_command(commands, "sensitivity", run_sensitivity, "rank the uncertain values of a sweep")
    add_sensitivity_arguments(parser)


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


def _add_results(parser, **options):
    told = "results.h5, or the directory that holds it"
    parser.add_argument("results", metavar="RESULTS", type=Path, help=told, **options)


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
        ("potential", "POTENTIAL", "that the free energies of electron transfer in a table hold for (default: 0 V)"),
        ("volume", "VOLUME", "of the compartment, for rate constants such as 1/M/s, as in '1e-24 m^3'"),
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
    max_wall_time = _physical("--wall-time", arguments.max_wall_time, "time")
    is_first = communicator is None or communicator.rank == 0
    # A signal that falls into the import of a compiled library may come out as anything.
    with held():
        from kmc.progress import Progress
        from kmc.simulation import run

    result = run(
        arguments.deck,
        directory=_run_directory(arguments),
        seed=arguments.seed,
        overrides=overrides,
        overwrite=arguments.overwrite,
        progress=None if arguments.quiet else Progress,
        max_wall_time=max_wall_time,
        resume=arguments.resume,
        tell=None if arguments.quiet else lambda sentence: print(f"kmc: {sentence}", file=sys.stderr),
        **({} if communicator is None else {"communicator": communicator}),
    )
    if not is_first:
        return EXIT_FINISHED if result.finished else EXIT_STOPPED
    if not result.finished:
        why = result.stop_reason
        why = why if why.startswith("stopped") else f"stopped early: {why}"
        return _stopped(why, arguments, any_ranks=communicator is not None)
    if not arguments.quiet:
        print(f"results in {result.path}")
    return EXIT_FINISHED


def _run_directory(arguments):
    return arguments.output or Path("results") / arguments.deck.stem


def _stopped(why, arguments, any_ranks=False):
    from kmc.restart import how_to_resume, what_is_there

    words = what_is_there(_run_directory(arguments) / "results.h5")
    advice = how_to_resume(arguments.deck, arguments.output, arguments.seed, arguments.overrides, any_ranks)
    print(f"kmc: {why}; {words}; {advice}", file=sys.stderr)
    return EXIT_STOPPED


def _digest(arguments):
    from kmc.fingerprint import digest
    from kmc.result import file_of

    paths = [file_of(path) for path in arguments.results]
    for path in paths:
        print(digest(path) if len(paths) == 1 else f"{digest(path)}  {path}", flush=True)
    return EXIT_FINISHED


def _plot(arguments):
    from kmc.sweep_command import plot_if_sweep

    if plot_if_sweep(arguments.results, arguments.output):
        return EXIT_FINISHED

    from kmc.plotting import plot
    from kmc.result import file_of

    path = file_of(arguments.results)
    _print_paths(plot(path, arguments.output or path.parent))
    return EXIT_FINISHED


def _export(arguments):
    from kmc.export import export
    from kmc.result import file_of

    path = file_of(arguments.results)
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
        potential=_physical("--potential", arguments.potential, "potential", is_positive=False),
        **{name: given[name] for name in ("electron_transfer", "outer_reorganization_energy", "volume", "surface")},
        **({"duration": arguments.duration} if arguments.duration else {}),
        skip_unbalanced=arguments.skip_unbalanced,
    )
    _physical("--volume", arguments.volume, "volume")
    beside = {name: given[name] for name in ("initial", "species", "parameters")}
    imported = import_deck(arguments.files, arguments.output, **beside, options=options, overwrite=arguments.overwrite)
    print(f"{imported.path}: {imported.n_species} species, {imported.n_processes} processes")
    left_out = [f"left out: {each}" for each in imported.left_out]
    for text in (*imported.assumptions, *left_out[:10]):
        print(f"  {text}")
    if len(left_out) > 10:
        print(f"  left out: {len(left_out) - 10} more, named in the deck")
    return EXIT_FINISHED


def _refuse_ranks(n_ranks, rank):
    if rank == 0:
        print(
            f"kmc: started on {n_ranks} ranks, but a film in one piece runs on one: cut it into tiles "
            "(docs/scaling.md), or start `kmc run` without mpiexec or srun; `kmc sweep` shares films among ranks",
            file=sys.stderr,
        )
    return EXIT_REFUSED


def _print_paths(paths):
    for path in [paths] if isinstance(paths, (str, Path)) else paths:
        print(path)


def _failed(arguments, message, exit_code):
    if arguments.traceback:
        import traceback

        traceback.print_exc()
    print(message, file=sys.stderr)
    return exit_code
