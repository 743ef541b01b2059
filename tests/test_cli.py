# SPDX-License-Identifier: BSD-3-Clause
"""The command line: what each command calls, what it prints, and how it ends.

The functions behind the commands are replaced here by ones that record their arguments.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import kmc
from kmc.cli import EXIT_ERROR, EXIT_FINISHED, EXIT_REFUSED, EXIT_STOPPED, main
from kmc.errors import KmcError, OutputError

DECK = Path(__file__).parent.parent / "inputs" / "graphite_ec.yaml"
HEAVY = (
    "numpy",
    "scipy",
    "h5py",
    "ase",
    "pymatgen",
    "pydantic",
    "ruamel",
    "matplotlib",
    "xarray",
    "rich",
    "mpi4py",
)


@pytest.fixture
def replace(monkeypatch):
    """Put a function of our own in the place of ``kmc.<module>.<name>``."""

    def put(module, name, function):
        stand_in = ModuleType(f"kmc.{module}")
        setattr(stand_in, name, function)
        monkeypatch.setitem(sys.modules, f"kmc.{module}", stand_in)
        monkeypatch.setattr(kmc, module, stand_in, raising=False)

    return put


@pytest.fixture
def run_calls(replace):
    """Calls of kmc.simulation.run as keyword arguments; it returns a finished run."""
    calls = []

    def run(deck, **arguments):
        calls.append({"deck": deck, **arguments})
        return SimpleNamespace(
            path=Path(arguments["directory"]) / "results.h5", finished=True, stop_reason="duration"
        )

    replace("simulation", "run", run)
    return calls


def raiser(error):
    def function(*_arguments, **_keywords):
        raise error

    return function


def in_a_fresh_python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.parametrize(
    "code",
    [
        "import kmc",
        "from kmc.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass",
        "from kmc.cli import main\ntry: main(['run', '--help'])\nexcept SystemExit: pass",
    ],
)
def test_import_and_help_load_no_heavy_module(code):
    report = f"{code}\nimport sys, json; print(json.dumps(sorted(m.split('.')[0] for m in sys.modules)))"
    answer = in_a_fresh_python(report)
    assert answer.returncode == 0, answer.stderr
    loaded = set(json.loads(answer.stdout.splitlines()[-1]))
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("command", ["check", "rates", "run", "digest", "plot", "export", "schema"])
def test_help_names_every_command_and_each_has_its_own(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert f"    {command} " in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0


def test_version_is_the_package_s(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"sei-kmc {kmc.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [[], ["grow"], ["run"], ["run", "a.yaml", "--seed", "one"], ["export", "r.h5", "--to", "pdf"]],
)
def test_wrong_arguments_are_refused_with_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == EXIT_REFUSED
    assert "usage: kmc" in capsys.readouterr().err


def test_python_m_kmc_is_the_command():
    answer = subprocess.run(
        [sys.executable, "-m", "kmc", "--version"], capture_output=True, text=True, check=True
    )
    assert answer.stdout == f"sei-kmc {kmc.__version__}\n"


def test_run_hands_over_what_was_asked_for(run_calls, replace, capsys):
    from kmc.progress import Progress

    code = main(
        [
            "run",
            "inputs/film.yaml",
            "-o",
            "there",
            "--seed",
            "7",
            "--set",
            "run.duration=1 us",
            "--set",
            "a.b = c=d",
        ]
    )
    assert code == EXIT_FINISHED
    run_calls[0].pop("tell")("goes on")
    assert run_calls == [
        {
            "deck": Path("inputs/film.yaml"),
            "directory": Path("there"),
            "seed": 7,
            "overrides": {"run.duration": "1 us", "a.b": "c=d"},
            "overwrite": False,
            "progress": Progress,
            "max_wall_time": None,
            "resume": False,
        }
    ]
    assert capsys.readouterr() == (f"results in {Path('there/results.h5')}\n", "kmc: goes on\n")


def test_run_without_options_leaves_the_deck_in_charge(run_calls):
    assert main(["run", "inputs/film.yaml"]) == EXIT_FINISHED
    assert run_calls[0]["directory"] == Path("results/film")
    assert run_calls[0]["seed"] is None
    assert run_calls[0]["overrides"] == {}


def test_quiet_run_prints_nothing(run_calls, capsys):
    assert main(["run", "film.yaml", "--quiet", "--overwrite"]) == EXIT_FINISHED
    assert run_calls[0]["progress"] is run_calls[0]["tell"] is None
    assert run_calls[0]["overwrite"] is True
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("assignment", ["run.seed", "=7", "run.seed=", "run.seed= "])
def test_an_override_without_path_or_value_is_refused(assignment, run_calls, capsys):
    assert main(["run", "film.yaml", "--set", assignment]) == EXIT_REFUSED
    assert "expected PATH=VALUE" in capsys.readouterr().err
    assert run_calls == []


def test_run_is_asked_to_resume(run_calls):
    assert main(["run", "film.yaml", "--resume"]) == EXIT_FINISHED
    assert run_calls[0]["resume"] is True


@pytest.mark.parametrize("option", ["--wall-time", "--max-wall-time"])
def test_wall_time_takes_a_unit(option, run_calls):
    assert main(["run", "film.yaml", option, "20 min"]) == EXIT_FINISHED
    assert run_calls[0]["max_wall_time"] == pytest.approx(1200.0)


@pytest.mark.parametrize("text", ["20 nm", "soon", "-1 s", "0 s"])
def test_wall_time_that_is_none_is_refused(text, run_calls, capsys):
    assert main(["run", "film.yaml", f"--wall-time={text}"]) == EXIT_REFUSED
    assert "--wall-time" in capsys.readouterr().err
    assert run_calls == []


def test_a_run_that_stops_early_exits_75_and_says_why(replace, tmp_path, capsys):
    stopped = SimpleNamespace(path=tmp_path / "results.h5", finished=False, stop_reason="max-wall-time")
    replace("simulation", "run", lambda *_, **__: stopped)
    assert main(["run", "film.yaml", "-o", str(tmp_path)]) == EXIT_STOPPED
    error = capsys.readouterr().err
    assert "stopped early: max-wall-time; nothing was written" in error
    assert error.endswith(f"; go on with: kmc run film.yaml -o {tmp_path} --resume\n")


def test_the_command_that_goes_on_keeps_every_option(replace, tmp_path, capsys):
    replace("simulation", "run", raiser(KeyboardInterrupt("stopped by SIGUSR1")))
    arguments = ["run", "my film.yaml", "-o", str(tmp_path), "--seed", "3", "--set", "protocol.temperature=330 K"]
    assert main(arguments) == EXIT_STOPPED
    error = capsys.readouterr().err
    assert error.startswith("kmc: stopped by SIGUSR1; nothing was written; go on with: kmc run 'my film.yaml' ")
    assert error.endswith(f" -o {tmp_path} --seed 3 --set 'protocol.temperature=330 K' --resume\n")


def test_ctrl_c_exits_75_and_says_what_is_there(replace, tmp_path, capsys):
    import h5py

    with h5py.File(tmp_path / "results.h5", "w") as file:
        file["time"] = [0.0, 1e-6, 2e-6]
    replace("simulation", "run", raiser(KeyboardInterrupt()))
    assert main(["run", "film.yaml", "-o", str(tmp_path)]) == EXIT_STOPPED
    assert "holds 3 outputs, up to t = 2 us" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_other_signals_stop_a_run_like_ctrl_c(number, replace, tmp_path, capsys):
    replace("simulation", "run", lambda *_, **__: signal.raise_signal(number))
    before = signal.getsignal(number)
    assert main(["run", "film.yaml", "-o", str(tmp_path)]) == EXIT_STOPPED
    assert "stopped by a signal; nothing was written" in capsys.readouterr().err
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("content", [b"", b"not HDF5 at all"])
def test_a_file_that_was_cut_short_does_not_hide_the_message(content, replace, tmp_path, capsys):
    (tmp_path / "results.h5").write_bytes(content)
    replace("simulation", "run", raiser(KeyboardInterrupt()))
    assert main(["run", "film.yaml", "-o", str(tmp_path)]) == EXIT_STOPPED
    assert "holds no complete output" in capsys.readouterr().err


def test_a_user_s_mistake_is_told_without_a_traceback(replace, capsys):
    replace("simulation", "run", raiser(KmcError("film.yaml:3:1: unknown key 'temprature'")))
    assert main(["run", "film.yaml"]) == EXIT_REFUSED
    assert capsys.readouterr().err == "film.yaml:3:1: unknown key 'temprature'\n"


def test_a_full_disk_is_an_error_but_no_refusal(replace, capsys):
    replace("simulation", "run", raiser(OutputError("cannot write results.h5: No space left on device")))
    assert main(["run", "film.yaml"]) == EXIT_ERROR
    assert capsys.readouterr().err == "cannot write results.h5: No space left on device\n"


@pytest.mark.parametrize("arguments", [["plot"], ["digest"], ["export", "--to", "csv"]])
def test_results_under_an_over_long_name_are_refused_in_one_line(arguments, capsys):
    assert main([*arguments, "x" * 300]) == EXIT_REFUSED
    assert capsys.readouterr().err.endswith("File name too long\n")


def test_any_other_error_is_one_line_with_a_hint(replace, capsys):
    replace("simulation", "run", raiser(ZeroDivisionError("division by zero\nand more")))
    assert main(["run", "film.yaml"]) == EXIT_ERROR
    assert capsys.readouterr().err == "kmc: ZeroDivisionError: division by zero; --traceback shows where\n"


def test_traceback_shows_where_an_error_arose(replace, capsys):
    replace("simulation", "run", raiser(ZeroDivisionError("division by zero")))
    assert main(["run", "film.yaml", "--traceback"]) == EXIT_ERROR
    error = capsys.readouterr().err
    assert "Traceback (most recent call last)" in error
    assert error.endswith("kmc: ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize(
    "environment",
    [
        {"PMI_SIZE": "2", "PMI_RANK": "0"},
        {"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "0"},
        {"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"},
    ],
)
def test_run_on_several_ranks_is_refused(environment, run_calls, monkeypatch, capsys):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["run", str(DECK)]) == EXIT_REFUSED
    assert "a film in one piece runs on one: cut it into tiles" in capsys.readouterr().err
    assert run_calls == []


def test_only_the_first_rank_says_so(run_calls, monkeypatch, capsys):
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setenv("PMI_RANK", "1")
    assert main(["run", str(DECK)]) == EXIT_REFUSED
    assert capsys.readouterr().err == ""


def test_run_on_one_rank_of_a_launcher_runs(run_calls, monkeypatch):
    monkeypatch.setenv("PMI_SIZE", "1")
    monkeypatch.setenv("PMI_RANK", "0")
    assert main(["run", "film.yaml"]) == EXIT_FINISHED


@pytest.mark.parametrize(("is_refused", "exit_code"), [(False, EXIT_FINISHED), (True, EXIT_REFUSED)])
def test_check_prints_the_page_and_ends_with_2_if_it_refuses(is_refused, exit_code, replace, capsys):
    calls = []
    found = SimpleNamespace(page="12 processes", is_refused=is_refused)
    replace("inspection", "check", lambda *arguments: calls.append(arguments) or found)
    assert main(["check", "film.yaml", "--set", "run.seed=3"]) == exit_code
    assert calls == [(Path("film.yaml"), {"run.seed": "3"})]
    assert capsys.readouterr().out == "12 processes\n"


@pytest.mark.parametrize("given", [".", "results.h5"])
def test_plot_takes_the_directory_or_the_file(given, replace, tmp_path, capsys):
    file = tmp_path / "results.h5"
    file.touch()
    replace("plotting", "plot", lambda path, directory: [directory / "film.png", path])
    assert main(["plot", str(tmp_path / given)]) == EXIT_FINISHED
    assert capsys.readouterr().out == f"{tmp_path / 'film.png'}\n{file}\n"


@pytest.mark.parametrize("to", ["pybamm", "csv"])
def test_export_hands_over_format_and_directory(to, replace, tmp_path, capsys):
    (tmp_path / "results.h5").touch()
    replace("export", "export", lambda path, to, directory: directory / f"{path.stem}.{to}")
    assert main(["export", str(tmp_path), "--to", to, "-o", "there"]) == EXIT_FINISHED
    assert capsys.readouterr().out == f"{Path('there') / 'results'}.{to}\n"


@pytest.mark.parametrize("arguments", [["plot"], ["digest"], ["export", "--to", "csv"]])
def test_results_that_do_not_exist_are_refused(arguments, tmp_path, capsys):
    assert main([*arguments, str(tmp_path)]) == EXIT_REFUSED
    assert "no results there" in capsys.readouterr().err


def test_schema_is_json(replace, capsys):
    replace("deck", "json_schema", lambda: {"title": "deck"})
    assert main(["schema"]) == EXIT_FINISHED
    assert json.loads(capsys.readouterr().out) == {"title": "deck"}


def test_ctrl_c_in_a_command_that_runs_nothing_is_an_error(replace, capsys):
    replace("inspection", "check", raiser(KeyboardInterrupt()))
    assert main(["check", "film.yaml"]) == EXIT_ERROR
    assert capsys.readouterr().err == "kmc: interrupted\n"


def test_a_reader_that_goes_away_causes_no_traceback():
    code = (
        "import sys, types; m = types.ModuleType('kmc.deck'); m.json_schema = lambda: 'x' * 10**6\n"
        "sys.modules['kmc.deck'] = m; from kmc.cli import main; sys.exit(main(['schema']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == EXIT_ERROR
