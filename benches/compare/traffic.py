"""Bursts of load, in turns, and what each of them cost the server."""
import json
import statistics
import subprocess
from dataclasses import dataclass, field

import processes
import servers


@dataclass
class Subject:
    """What is measured again and again. A burst during which others were on the cores does not count."""
    bursts: list = field(default_factory=list, init=False)

    def good(self):
        return [burst for burst in self.bursts if burst["foreign"] <= processes.FOREIGN_MAX]

    def median(self, figure):
        """Of the bursts that nobody disturbed; of all, in a run that is void because there are not enough."""
        return statistics.median(burst[figure] for burst in self.good() or self.bursts)


@dataclass
class Traffic(Subject):
    """A server under one kind of load."""
    server: object
    step: str
    profile: str
    tenants: list
    users: int = 5000

    def measure(self, seconds):
        pid = self.server.pid
        watch, cpu = processes.Watch(), processes.cpu_seconds(pid)
        report = load(self.server, self.tenants, self.profile, seconds, "--users", self.users, "--server-pid", pid)
        foreign = watch.foreign(processes.cpu_seconds(pid) - cpu)
        # Where others have the cores, answers may be late beyond patience; such a burst counts for nothing.
        if report["errors"] and foreign <= processes.FOREIGN_MAX:
            raise RuntimeError(f"{self.step} of {self.server.kind}: {report['faults']}")
        spent = report["server_cpu_seconds"] * 1e6
        # An operation is over when its last step is.
        operations = report["steps"][-1]["requests"] or 1
        return {
            "cpu": spent / max(1, report["requests"]),
            "rate": report["requests_per_second"],
            "operation_cpu": spent / operations,
            "operations": operations / report["seconds"],
            "p50": report["latency_us"]["p50"],
            "p99": report["latency_us"]["p99"],
            "rss": processes.rss_mib(pid),
            "foreign": foreign,
        }


@dataclass
class Part(Subject):
    """A part of `benches/core` that measures by itself."""
    name: str

    def measure(self, _):
        watch = processes.Watch()
        found = servers.part(self.name)
        return {**found, "foreign": watch.foreign(0)}


def command(server, tenants, profile, seconds, *more):
    pairs = [part for tenant, key in tenants for part in (f"--tenant={tenant}", f"--key={key}")]
    made = [servers.KEYWRIGHT, "load", "--url", server.url, *pairs, "--profile", profile, "--json", "--threads", 1,
            "--warmup", "200ms", "--duration", f"{seconds}s", *more]
    return [str(part) for part in made]


def load(*arguments):
    """The report, of a load that failed too."""
    done = subprocess.run(command(*arguments), capture_output=True, text=True)
    if not done.stdout:
        raise RuntimeError(f"{arguments[2]} at {arguments[0].kind}: {done.stderr}")
    return json.loads(done.stdout)


def measure(subjects, options):
    """In turns, each as often as it takes for so many bursts that nobody disturbed, or twice as often at most."""
    for subject in subjects:
        subject.measure(1)
    for turn in range(2 * options.bursts):
        left = [subject for subject in subjects if turn < options.bursts or is_void([subject], options)]
        for subject in left:
            subject.bursts.append(subject.measure(options.seconds))
        if left:
            foreign = statistics.median(subject.bursts[-1]["foreign"] for subject in left)
            print(f"turn {turn + 1}: {len(left)} bursts, others had {foreign:.0%} of the cores", flush=True)


def is_void(subjects, options):
    return any(len(subject.good()) < options.bursts for subject in subjects)
