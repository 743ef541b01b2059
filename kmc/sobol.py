# SPDX-License-Identifier: BSD-3-Clause
"""Which uncertain values the films of a sweep depend on: Sobol indices, by SALib. Floor 70.

In: a sweep whose sample is `saltelli`. Out: first-order and total indices of every factor with confidence intervals,
for values at the end of the films, as a table.

About the noise: a film is a function of its factors and of its random numbers. These are one factor more, which every
film of the sweep draws anew, so that their share of the variance is measured (draws A against A again) and the total
indices of the others, which contain it, can be freed from it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kmc.errors import KmcError, did_you_mean
from kmc.result import output_files
from kmc.sweep_file import FINAL
from kmc.sweep_result import SweepResult

if TYPE_CHECKING:
    import pandas

NOISE = "random numbers"
"""str: name of the factor that stands for the seed of a film."""

OUTPUTS = ("thickness", "mean_porosity")
"""tuple of str: fields that are looked at unless others are asked for."""

_LEAST_ROWS = 4


@dataclass(frozen=True)
class Indices:
    """Sobol indices of one output; the last factor is the random numbers.

    Attributes
    ----------
    factors : tuple of str
    first_order, total : float64, shape (n_factors, 2)
        Share of the variance that goes if the factor becomes known, and that stays if all others do; value and half of
        the confidence interval. Of the random numbers the first-order index is not defined (nan).
    film_first_order, film_total : float64, shape (n_factors, 2)
        The same of the expected film, of the mean over random numbers; nan for the random numbers themselves.
    n_rows : int
        Rows of the matrices in which all films have a value.
    """

    factors: tuple[str, ...]
    first_order: np.ndarray
    total: np.ndarray
    film_first_order: np.ndarray
    film_total: np.ndarray
    n_rows: int


def indices(
    values: np.ndarray, factors: Sequence[str], confidence: float = 0.95, n_resamples: int = 1000
) -> Indices:
    """Sobol indices from the draws of a sample for them.

    Parameters
    ----------
    values : float64, shape (n_rows, n_factors + 3)
        Output of the draws A, A with factor 1, 2, ... from B, A with other random numbers, and B. Rows with nan are
        left out.
    factors : sequence of str
    confidence : float
    n_resamples : int
        Of the rows, by which the intervals are found: half of the distance between quantiles of the resampled indices.

    Returns
    -------
    indices : Indices

    Raises
    ------
    KmcError
        If SALib is not installed, or fewer than 4 rows are left.

    Notes
    -----
    First order: Saltelli 2010, S = mean f(B) (f(AB) - f(A)) / V. Total: Jansen, T = mean (f(A) - f(AB))^2 / 2 V. With
    T_noise of A against A again, which is the variance due to random numbers, over V, the expected film has
    S / (1 - T_noise) and (T - T_noise) / (1 - T_noise), because random numbers that are independent in all films add
    nothing to the numerator of S and T_noise to that of each T.

    References
    ----------
    Saltelli et al., Comput. Phys. Commun. 181, 259 (2010), doi:10.1016/j.cpc.2009.09.018, table 2 (b) and (f).
    Herman, Usher, J. Open Source Softw. 2, 97 (2017), doi:10.21105/joss.00097 (SALib).
    """
    try:
        from SALib.analyze import sobol
    except ImportError:
        raise KmcError("Sobol indices need SALib: pip install 'sei-kmc[sensitivity]'") from None
    kept = values[np.isfinite(values).all(axis=1)]
    if len(kept) < _LEAST_ROWS:
        raise KmcError(f"{len(kept)} of {len(values)} rows of the sample have all films; {_LEAST_ROWS} are needed")
    names = (*factors, NOISE)
    problem = {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}
    if np.ptp(kept) == 0.0:
        nothing = np.full((len(names), 2), np.nan)
        return Indices(names, nothing, nothing, nothing, nothing, len(kept))
    found = sobol.analyze(
        problem, kept.ravel(), calc_second_order=False, num_resamples=n_resamples, conf_level=confidence,
        keep_resamples=True, seed=1,
    )
    first, total = (np.asarray(found[name], dtype=float) for name in ("S1", "ST"))
    firsts, totals = (np.asarray(found[name], dtype=float) for name in ("S1_conf_all", "ST_conf_all"))
    with np.errstate(divide="ignore", invalid="ignore"):
        film = first / (1.0 - total[-1]), (total - total[-1]) / (1.0 - total[-1])
        films = firsts / (1.0 - totals[:, -1:]), (totals - totals[:, -1:]) / (1.0 - totals[:, -1:])
    ends = 0.5 - 0.5 * confidence, 0.5 + 0.5 * confidence
    stacked = [
        np.column_stack([value, 0.5 * np.subtract(*np.quantile(spread, ends[::-1], axis=0))])
        for value, spread in ((first, firsts), (total, totals), (film[0], films[0]), (film[1], films[1]))
    ]
    for each in (stacked[0], stacked[2], stacked[3]):
        each[-1] = np.nan
    return Indices(names, *stacked, len(kept))


def draws_of(result: SweepResult, values: np.ndarray, case: int) -> np.ndarray:
    """Values of the draws of a case, averaged over the seeds and patches of each.

    Parameters
    ----------
    result : SweepResult
    values : float64, shape (n_members,)
    case : int

    Returns
    -------
    draws : float64, shape (n_rows, n_factors + 3)

    Raises
    ------
    KmcError
        If the sample of the sweep is none for Sobol indices.
    """
    n_rows = int(result.provenance.get("saltelli_rows", 0))
    if not n_rows:
        method = result.provenance.get("sample_method", "none")
        raise KmcError(f"{result.path}: Sobol indices need a sweep with 'sample: {{method: saltelli}}', not '{method}'")
    chosen = result.data["case_of_member"].values == case
    n_draws = n_rows * (result.data.sizes["factor"] + 3)
    of_draw = values[chosen].reshape(n_draws, -1)
    weights = result.data["weight"].values[chosen].reshape(n_draws, -1)[0]  # the first draw is one of matrix A
    return (of_draw @ (weights / weights.sum())).reshape(n_rows, -1)


def sensitivity(path: str | os.PathLike, outputs: Sequence[str] | None = None) -> pandas.DataFrame:
    """Sobol indices of a sweep.

    Parameters
    ----------
    path : path
        A sweep.h5, or the directory that holds one.
    outputs : sequence of str, optional
        Fields along time, of which the value at the end of the film is taken; thickness and mean_porosity by default.

    Returns
    -------
    table : pandas.DataFrame
        A row for each case, output and factor: first_order and total of single films, film_first_order and film_total
        of the expected film, each with `_error`, half of the confidence interval; factors in the order of their totals.

    Raises
    ------
    KmcError
        If there is no sweep, its sample is none for Sobol indices, or there is no such field.
    """
    import pandas

    rows = []
    with SweepResult(path) as result:
        confidence = float(result.summary.attrs["confidence"])
        for case in range(result.data.sizes["case"]):
            for name in outputs or OUTPUTS:
                found = indices(draws_of(result, final_values(result, name), case), factors_of(result), confidence)
                for number in order_of(found):
                    entry = {"case": case, "output": name, "factor": found.factors[number], "rows": found.n_rows}
                    for kind in ("first_order", "total", "film_first_order", "film_total"):
                        value, error = getattr(found, kind)[number]
                        entry |= {kind: value, f"{kind}_error": error}
                    rows.append(entry)
    return pandas.DataFrame(rows)


def factors_of(result: SweepResult) -> list[str]:
    """Names of the factors of a sweep."""
    return [str(name) for name in result.data["factor"].values] if "factor" in result.data.dims else []


def final_values(result: SweepResult, name: str) -> np.ndarray:
    """Values of a field at the end of the films, float64, shape (n_members,).

    Raises
    ------
    KmcError
        If there is no such field.
    """
    known = [str(each).removeprefix(FINAL) for each in result.data.data_vars if str(each).startswith(FINAL)]
    if name not in known:
        raise KmcError(f"{result.path}: no '{name}' at the end of the films{did_you_mean(name, known)}")
    return result.data[f"{FINAL}{name}"].values


def order_of(found: Indices) -> list[int]:
    """Factors by total index of the expected film, the largest first, the random numbers last."""
    totals = found.film_total[:-1, 0]
    return [*np.argsort(-np.nan_to_num(totals, nan=-np.inf), kind="stable").tolist(), len(totals)]


def write_sensitivity(
    path: str | os.PathLike, directory: str | os.PathLike | None = None, outputs: Sequence[str] | None = None
) -> Path:
    """Write the table of Sobol indices as sensitivity.csv.

    Parameters
    ----------
    path, outputs
        As of `sensitivity`.
    directory : path, optional
        Beside the sweep by default.

    Returns
    -------
    file : Path
    """
    table = sensitivity(path, outputs)
    (file,) = output_files(directory or SweepResult(path).path.parent, ["sensitivity.csv"])
    table.to_csv(file, index=False, float_format="%.5g")
    return file
