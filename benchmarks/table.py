# SPDX-License-Identifier: BSD-3-Clause
"""Records as lines of a table on the screen."""

COLUMNS = {
    "Mevents/s": (10, lambda record: _number(record["events_per_second"] / 1e6, ".3f")),
    "ns/event": (9, lambda record: _number(record["ns_per_event"], ".0f")),
    "from..to": (16, lambda record: f"{record['ns_fastest']:.0f}..{record['ns_slowest']:.0f}"),
    "x base": (7, lambda record: _number(record.get("ns_over_baseline"), ".2f")),
    "instr": (9, lambda record: _number(record.get("instructions_per_event"), ".1f")),
    "x base ": (8, lambda record: _number(record.get("instructions_over_baseline"), ".4f")),
    "B/site": (8, lambda record: _number(record.get("bytes_per_site"), ".1f")),
    "RSS MiB": (8, lambda record: _number(record.get("peak_rss_mib"), ".0f")),
    "setup s": (8, lambda record: _number(record.get("setup_seconds"), ".3f")),
    "re-rate ms": (11, lambda record: _number(record.get("rerate_ms_slowest"), ".2f")),
    "of limit": (9, lambda record: _number(record.get("share_of_limit"), ".2f")),
}
"""dict: title of a column -> its width and what stands in it."""

HEADER = f"{'case':14}{'sites':>10}" + "".join(f"{title.strip():>{width}}" for title, (width, _) in COLUMNS.items())



def row(record):
    """One line of the table; that of another program is indented below ours."""
    cells = [f"{entry(record):>{width}}" for width, entry in COLUMNS.values()]
    if "ours_over_this" not in record:
        return f"{record['case']:14}{record['sites']:10}" + "".join(cells)
    faster = f"   ours is {record['ours_over_this']:.2f} times as fast"
    return f"  {record['program']:22}" + "".join(cells[:3]) + faster


def _number(value, form):
    return "-" if value is None else format(value, form)
