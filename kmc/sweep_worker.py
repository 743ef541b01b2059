# SPDX-License-Identifier: BSD-3-Clause
"""A local process that grows films of a sweep for `kmc sweep -j`: `python -m kmc.sweep_worker`. Floor 76.

In: a line of JSON that says which sweep, then a line with the number of a film each. Out: a line of JSON for each.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time as wall
from pathlib import Path

from kmc.deck import load_deck
from kmc.errors import KmcError
from kmc.film_record import grow
from kmc.sweep_plan import plan_of


def main() -> None:
    """Grow films until there are no more numbers."""
    # A Ctrl-C reaches all processes of a terminal; the one that hands out the films decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    started = wall.monotonic()
    job = json.loads(sys.stdin.readline())
    plan = plan_of(load_deck(job["deck"], job["overrides"]))
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            left = float("inf") if job["seconds"] is None else job["seconds"] - (wall.monotonic() - started)
            answer = {"status": grow(plan, int(line), Path(job["directory"]), left)}
        except Exception as error:
            text = str(error) if isinstance(error, KmcError) else f"{type(error).__name__}: {error}"
            answer = {"error": text, "exit_code": getattr(error, "exit_code", 1)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
