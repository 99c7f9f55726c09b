"""A tenant whose neighbour is flooded by strangers: both at fixed rates, the flood far beyond its quota."""
import json
import os
import statistics
import subprocess

import processes
import traffic
from servers import Server
from traffic import Subject, is_void
from verdict import at_most


class Neighbour(Subject):
    """The latency of one tenant, and whether the other is flooded meanwhile."""

    def __init__(self, server, tenants, rules, flood):
        super().__init__()
        self.server, (self.tenant, self.flooded), self.rules, self.flood = server, tenants, rules, flood

    def measure(self, seconds):
        pid = self.server.pid
        watch, cpu = processes.Watch(), processes.cpu_seconds(pid)
        rate = ("--rate", self.rules["quota"] * self.rules["times_quota"])
        # It begins before and ends after.
        flood = traffic.command(self.server, [self.flooded], "flood", seconds + 1, *rate)
        flood = subprocess.Popen(flood, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) if self.flood else None
        report = traffic.load(self.server, [self.tenant], "initialize", seconds, "--rate", self.rules["rate"])
        refused = self.refused(flood) if flood else 0
        return {
            "p99": report["latency_us"]["p99"],
            "errors": report["errors"],
            "refused": refused,
            "foreign": watch.foreign(processes.cpu_seconds(pid) - cpu),
        }

    def refused(self, flood):
        """The share of the flood that met its quota."""
        said, complaint = flood.communicate()
        if not said:
            raise RuntimeError(complaint)
        report = json.loads(said)
        return report["errors"] / report["requests"]


def run(rules, options):
    rules = rules["neighbour"]
    quota = {"LIMITS__RATE_LIMITS": "true", "LIMITS__RATE_PER_TENANT": rules["quota"], "LIMITS__RATE_PER_TENANT_BURST": rules["quota"],
             "LIMITS__RATE_PER_ADDRESS": 1_000_000, "LIMITS__RATE_PER_ADDRESS_BURST": 1_000_000}
    server = Server("keywright", os.cpu_count(), settings=quota)
    try:
        tenants = server.make_tenants(2)
        quiet, flooded = (Neighbour(server, tenants, rules, flood) for flood in (False, True))
        traffic.measure([quiet, flooded], options)
    finally:
        server.stop()
    if any(burst["errors"] for burst in quiet.bursts + flooded.bursts):
        raise RuntimeError("the neighbour was refused too")
    refused = statistics.median(burst["refused"] for burst in flooded.bursts)
    name = f"p99 beside a flooded tenant ({refused:.0%} of the flood refused): {flooded.median('p99'):.0f} µs to {quiet.median('p99'):.0f} µs"
    yield at_most(name, flooded.median("p99") / quiet.median("p99"), rules["p99_ratio_max"], is_void([quiet, flooded], options))
