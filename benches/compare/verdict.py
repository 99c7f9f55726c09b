"""Budgets: what was measured, and what may be."""
from dataclasses import dataclass


@dataclass
class Verdict:
    name: str
    measured: float
    limit: float
    is_met: bool
    is_void: bool

    def __str__(self):
        said = "void" if self.is_void else "met" if self.is_met else "MISSED"
        return f"{said:<7} {self.name}: {self.measured:.4g} (limit {self.limit:.4g})"


def at_most(name, measured, limit, is_void=False):
    return Verdict(name, measured, limit, measured <= limit, is_void)


def at_least(name, measured, limit, is_void=False):
    return Verdict(name, measured, limit, measured >= limit, is_void)


def tell(verdicts):
    """The exit code. 0: all met. 1: one missed. 3: none missed, but some could not be judged."""
    for verdict in verdicts:
        print(verdict)
    if any(not verdict.is_met and not verdict.is_void for verdict in verdicts):
        return 1
    return 3 if any(verdict.is_void for verdict in verdicts) else 0
