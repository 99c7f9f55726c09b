"""Holds a run to benches/budgets.toml."""
import os
import signal
import statistics
import time
import tomllib

import processes
import servers
from servers import Server


def check(found, bursts):
    """0: all met. 1: one missed. 3: none missed, but some could not be judged."""
    rules = tomllib.loads((servers.HERE.parent / "budgets.toml").read_text())
    verdicts = [*initialize(rules["initialize"], found, bursts), *peers(rules["peers"], found, bursts), *process(rules["process"])]
    for name, measured, limit, verdict in verdicts:
        print(f"{verdict:<7} {name}: {measured} (limit {limit})")
    said = {verdict for _, _, _, verdict in verdicts}
    return 1 if "MISSED" in said else 3 if "void" in said else 0


def judge(name, measured, limit, is_met):
    if measured is None:
        return name, "-", limit, "void"
    return name, f"{measured:.2f}", limit, "met" if is_met(measured) else "MISSED"


def ratio(mine, other, figure, bursts):
    """None where one of both had too few bursts that nobody disturbed."""
    if mine.good() < bursts or other.good() < bursts:
        return None
    return mine.median(figure) / other.median(figure)


def initialize(rules, found, bursts):
    for (kind, workers, step, tenants), mine in found.items():
        if kind != "keywright":
            continue
        floor = found["floor", workers, step, 1]
        name = f"{step}, {workers} workers, {tenants} tenants"
        cpu, rate = ratio(mine, floor, "cpu", bursts), ratio(mine, floor, "rate", bursts)
        most, least = rules["cpu_ratio_max"], rules["rate_ratio_min"]
        yield judge(f"{name}: CPU to the floor's", cpu, most, lambda value: value <= most)
        yield judge(f"{name}: requests/s to the floor's", rate, least, lambda value: value >= least)


def peers(rules, found, bursts):
    step = "registration/initialize"
    for (kind, count, *_), peer in found.items():
        if kind not in rules:
            continue
        # Python has two processes only: per request it does not matter.
        mine = found["keywright", count, step, 1]
        cpu, most = ratio(mine, peer, "cpu", bursts), rules[kind]
        yield judge(f"{step}: CPU to that of {kind} ({count})", cpu, round(most, 3), lambda value: value <= most)


def process(rules):
    """Each start is on a store that was there before."""
    server = Server("keywright", os.cpu_count())
    try:
        watch = processes.Watch()
        starts = [cold_start(server) for _ in range(7)]
        is_void = watch.foreign(processes.cpu_seconds(server.pid)) > processes.FOREIGN_MAX
        time.sleep(1)
        rss = processes.rss_mib(server.pid)
    finally:
        server.stop()
    start, limit = None if is_void else statistics.median(starts), rules["cold_start_milliseconds_max"]
    yield judge("cold start to ready, ms", start, limit, lambda value: value <= limit)
    most = rules["idle_rss_mib_max"]
    yield judge("idle memory, MiB", rss, most, lambda value: value <= most)


def cold_start(server):
    os.kill(server.pid, signal.SIGTERM)
    server.process.wait()
    begun = time.monotonic()
    server.start()
    return (time.monotonic() - begun) * 1000
