"""The table that the README shows."""
import datetime
import os
from pathlib import Path

import initialize
import servers
import traffic

STEPS = [initialize.REGISTRATION, initialize.NAMED]
BEGIN, END = "<!-- benches/compare: begin -->", "<!-- benches/compare: end -->"
HEAD = """\
| `{step}` | workers or processes | requests/s | server CPU a request | p50 | p99 | memory |
|---|---:|---:|---:|---:|---:|---:|
"""
CEREMONIES = """\
| keywright, whole ceremonies | tokens | ceremonies/s | server CPU a ceremony | p50 | p99 of a request |
|---|---|---:|---:|---:|---:|
"""


def write(found, options):
    """Into the README, if it is whole and nobody disturbed it."""
    void = any(traffic.is_void(some.values(), options) for some in found.values())
    kinds = {kind for kind, *_ in found["initialize"]}
    text = markdown(found, options, void)
    (servers.TARGET / "table.md").write_text(text)
    print(f"\n{text}", flush=True)
    if void or kinds != set(servers.TITLES):
        print("README.md stays as it is", flush=True)
        return
    readme = servers.ROOT / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def markdown(found, options, void):
    parts = [about(options)]
    for step in STEPS:
        keys = [key for key in found["initialize"] if key[2:] == (step, 1)]
        keys.sort(key=lambda key: (list(servers.TITLES).index(key[0]), key[1]))
        parts.append(HEAD.format(step=step) + "".join(row(found["initialize"], key) for key in keys))
    logins = (ceremony(name, tokens, found["finalize"][name, tokens]) for name in ("registration", "login") for tokens in ("ES256", "RS256"))
    parts.append(CEREMONIES + "".join(logins))
    if void:
        parts.append("VOID: others were on the cores. This is no table to show; server CPU is what comes nearest to the truth.\n")
    return "\n".join(parts)


def row(found, key):
    kind, workers, *_ = key
    subject, floor = found[key], initialize.floor_of(found, key)
    def cell(figure, form):
        mine, base = subject.median(figure), floor.median(figure)
        ratio = f" ({mine / base:.2f})" if base and subject is not floor else ""
        return form(mine) + ratio
    cells = [
        servers.TITLES[kind], str(workers),
        cell("rate", lambda value: f"{value:,.0f}"), cell("cpu", lambda value: f"{value:.1f} µs"),
        cell("p50", milliseconds), cell("p99", milliseconds), cell("rss", lambda value: f"{value:.0f} MiB"),
    ]
    return "| " + " | ".join(cells) + " |\n"


def ceremony(name, tokens, subject):
    rate, spent = f"{subject.median('operations'):,.0f}", f"{subject.median('operation_cpu'):.0f} µs"
    return f"| {name} | {tokens} | {rate} | {spent} | {milliseconds(subject.median('p50'))} | {milliseconds(subject.median('p99'))} |\n"


def milliseconds(microseconds):
    return f"{microseconds / 1000:.2f} ms"


def about(options):
    cpu = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    versions = ", ".join(f"{name} {version}" for name, version in servers.versions().items())
    return (
        f"Measured {datetime.date.today()} on {os.cpu_count()} cores ({cpu[0] if cpu else 'unknown'}), generator included: "
        f"{options.bursts} bursts of {options.seconds} s each in turns, 64 connections, medians; in brackets the ratio to the floor "
        f"with as many workers. keywright checks an API key, has one tenant, and its store on disk (SQLite, WAL, synchronous=FULL): "
        f"initialize writes nothing, a whole ceremony ends with a durable commit. Its credentials are of ES256. "
        f"Memory is that after the bursts, with all challenges that are still pending. {versions}.\n"
    )
