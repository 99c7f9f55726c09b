"""The table that the README shows."""
import datetime
import os
from pathlib import Path

import servers

HEAD = """\
| `{step}` | processes or workers | requests/s | server CPU a request | p50 | p99 | memory |
|---|---:|---:|---:|---:|---:|---:|
"""


def markdown(found, options, is_void):
    parts = [about(options)]
    for step in ("registration/initialize", "login/initialize"):
        subjects = [subject for key, subject in found.items() if key[2:] == (step, 1)]
        subjects.sort(key=lambda subject: (list(servers.TITLES).index(subject.server.kind), subject.server.processes))
        lines = [row(subject, floor_of(found, subject)) for subject in subjects]
        parts.append(HEAD.format(step=step) + "\n".join(lines) + "\n")
    if is_void:
        parts.append("VOID: others were on the cores. This is no table to show; server CPU a request is what comes nearest to the truth.\n")
    return "\n".join(parts)


def floor_of(found, subject):
    return found["floor", subject.server.processes, subject.step, 1]


def row(subject, floor):
    title = servers.TITLES[subject.server.kind]
    def cell(figure, form):
        mine, base = subject.median(figure), floor.median(figure)
        ratio = f" ({mine / base:.2f})" if base and subject is not floor else ""
        return form(mine) + ratio
    cells = [
        title, str(subject.server.processes),
        cell("rate", lambda value: f"{value:,.0f}"), cell("cpu", lambda value: f"{value:.1f} µs"),
        cell("p50", milliseconds), cell("p99", milliseconds), cell("rss", lambda value: f"{value:.0f} MiB"),
    ]
    return "| " + " | ".join(cells) + " |"


def milliseconds(microseconds):
    return f"{microseconds / 1000:.2f} ms"


def about(options):
    cpu = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    versions = ", ".join(f"{name} {version}" for name, version in servers.versions().items())
    return (
        f"Measured {datetime.date.today()} on {os.cpu_count()} cores ({cpu[0] if cpu else 'unknown'}), generator included, "
        f"{options.bursts} bursts of {options.seconds} s each in turns, medians; in brackets the ratio to the floor with as many "
        f"workers. 64 connections. keywright with its API key check, one tenant, its store on disk (SQLite, WAL, synchronous=FULL; "
        f"initialize writes nothing). {versions}.\n"
    )
