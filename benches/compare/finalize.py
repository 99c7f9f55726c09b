"""Whole ceremonies, and what the signatures, the commit and the HTTP of one cost by themselves in the same turns."""
import os

import servers
from servers import Server
from traffic import Part, Traffic, is_void, measure
from verdict import at_least, at_most

TOKENS = ("ES256", "RS256")


def run(options):
    """By (ceremony, tokens), and the parts by their names. Tokens are of a tenant, credentials of ES256."""
    workers = os.cpu_count()
    server = Server("keywright", workers)
    running = [server]
    try:
        found = {"signatures": Part("signatures"), "commits": Part("commits")}
        for tokens in TOKENS:
            tenants = server.make_tenants(1, tokens)
            servers.register_some(server, tenants)
            found["login", tokens] = Traffic(server, "login", "login", tenants, users=256)
            found["registration", tokens] = Traffic(server, "registration", "register", tenants)
        identity, _ = tenants[0]
        floor = Server("floor", workers, servers.post(f"{server.url}/{identity}/login/initialize", {}))
        running.append(floor)
        found["floor"] = Traffic(floor, "login/initialize", "flood", floor.tenants)
        found["initialize"] = Traffic(server, "login/initialize", "flood", tenants)
        measure(list(found.values()), options)
    finally:
        for server in running:
            server.stop()
    return found


def verdicts(found, rules, options):
    rules = rules["finalize"]
    signatures, commits, floor, initialize = (found[name] for name in ("signatures", "commits", "floor", "initialize"))
    for tokens in TOKENS:
        login = found["login", tokens]
        spent = login.median("operation_cpu") - initialize.median("cpu")
        signed = signatures.median("es256_verify") + signatures.median(f"{tokens.lower()}_sign")
        must = rules["signatures_times_max"] * signed + floor.median("cpu") + commits.median("login_cpu_us")
        void = is_void([login, initialize, signatures, commits, floor], options)
        name = f"login/finalize, {tokens} tokens: CPU, µs (verify and sign {signed:.0f}, "
        name += f"HTTP {floor.median('cpu'):.1f}, commit {commits.median('login_cpu_us'):.1f})"
        yield at_most(name, spent, must, void)
    registration = found["registration", "ES256"]
    most, mine = commits.median("registration_per_second"), registration.median("operations")
    name = f"registration/finalize, 64 in flight: {mine:,.0f}/s to the store's {most:,.0f}/s"
    yield at_least(name, mine / most, rules["registrations_to_commits_min"], is_void([registration, commits], options))
