"""How fast a server is there, and what memory it takes: with nothing, with a million credentials, with many tenants."""
import os
import shutil
import signal
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import processes
import servers
import traffic
from servers import Server
from verdict import at_most

SECRET = "a key for stores that nobody needs"
STARTS = 21


def idle(rules, options):
    """Each start is on a store that was there before."""
    server = Server("keywright", os.cpu_count())
    try:
        # What a process spent that has ended is this driver's.
        watch, before = processes.Watch(), processes.cpu_seconds(server.pid)
        start = statistics.median(cold_start(server) for _ in range(STARTS))
        is_void = watch.foreign(processes.cpu_seconds(server.pid) - before) > processes.FOREIGN_MAX
        rss = settled(server)
    finally:
        server.stop()
    yield at_most("cold start to ready, ms", start * 1000, rules["process"]["cold_start_milliseconds_max"], is_void)
    yield at_most("idle memory, MiB", rss, rules["process"]["idle_rss_mib_max"])


def cold_start(server):
    os.kill(server.pid, signal.SIGTERM)
    server.process.wait()
    begun = time.monotonic()
    server.start()
    return time.monotonic() - begun


def credentials(rules, options):
    """All that a server of many credentials has beyond one that has nothing."""
    rules = rules["credentials"]
    count = rules["tenants"] * rules["of_each"]
    empty = with_store(0, 0, lambda server, _: settled(server))
    full = with_store(rules["tenants"], rules["of_each"], read_back)
    each = (full - empty) * 1024 * 1024 / count
    yield at_most(f"memory of each of {count:,} credentials, bytes", each, rules["bytes_of_each_max"])


def read_back(server, tenants):
    """A tenant is in memory once somebody has asked for it."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda tenant: servers.post(f"{server.url}/{tenant[0]}/login/initialize", {}), tenants))
    return settled(server)


def tenants(rules, options):
    """Some of many register, log in and list."""
    rules = rules["tenants"]
    def use(server, some):
        some = some[: rules["active"]]
        report = traffic.load(server, some, "mixed", 5, "--users", 1)
        if report["errors"] or report["accounts"] < len(some):
            raise RuntimeError(f"{report['accounts']} accounts, {report['faults']}")
        return settled(server)
    rss = with_store(rules["in_store"], 1, use)
    yield at_most(f"memory with {rules['in_store']:,} tenants, {rules['active']:,} active, MB", rss * 1.048576, rules["rss_mb_max"])


def with_store(tenants, of_each, use):
    """What `use` finds at a server whose store has so many credentials of each of so many tenants."""
    directory = tempfile.mkdtemp(prefix="store-", dir=servers.TARGET)
    try:
        begun = time.monotonic()
        some = servers.part("fill", f"{directory}/store", SECRET, tenants, of_each)["tenants"]
        print(f"a store with {tenants:,} tenants of {of_each:,} in {time.monotonic() - begun:.0f} s", flush=True)
        server = Server("keywright", os.cpu_count(), settings={"STORE__DIRECTORY": f"{directory}/store", "SECRETS__KEYS": SECRET})
        try:
            return use(server, some)
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def settled(server):
    """Once what was needed on the way has been given back."""
    time.sleep(3)
    return processes.rss_mib(server.pid)
