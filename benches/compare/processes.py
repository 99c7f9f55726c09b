"""Processor time and memory of processes, and of whoever else is on the cores. Linux only: all of it is in /proc."""
import os
import resource
import time
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")


def tree(pid):
    """The process and those that it started."""
    children = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        children += map(int, task.read_text().split())
    return [pid, *(found for child in children for found in tree(child))]


def cpu_seconds(pid):
    """User and system time of a tree, of those that ended in it too."""
    def of(one):
        fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) * TICK
    return sum(map(of, tree(pid)))


def rss_mib(pid):
    def of(one):
        status = Path(f"/proc/{one}/status").read_text().splitlines()
        return sum(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024
    return sum(map(of, tree(pid)))


def own_seconds():
    """This driver, and the generators that it waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def busy_seconds():
    """All cores, and what other machines took of them. Not the interrupts: those of our own packets are nobody's."""
    user, nice, system, _, _, _, _, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + steal) * TICK


# Of all cores: what others may take while something is measured. More, and it is void.
FOREIGN_MAX = 0.05


class Watch:
    """Looks from its making on at what others take of the cores."""

    def __init__(self):
        self.begun, self.busy, self.own = time.monotonic(), busy_seconds(), own_seconds()

    def foreign(self, server_seconds):
        """The share of all cores, less what the server had meanwhile."""
        wall = (time.monotonic() - self.begun) * os.cpu_count()
        own = own_seconds() - self.own + server_seconds
        return max(0, busy_seconds() - self.busy - own) / wall
