"""registration/initialize and login/initialize, beside the floor and the peers. Nothing here writes to a disk."""
import servers
from servers import Server
from traffic import Traffic, is_void, measure
from verdict import at_least, at_most

REGISTRATION = "registration/initialize"
NAMED = "login/initialize"
NOBODY = "login/initialize, nobody named"
# The floor gets the same requests, for as many tenants: a parser guesses less well at many paths than at one. It reads any body and
# looks at none: where users would have to register first, it gets the requests of a registration.
PROFILES = {REGISTRATION: ("initialize", "initialize"), NAMED: ("initialize-login", "initialize"), NOBODY: ("flood", "flood")}
PEERS = {"naive": (1, 2), "go": (1, 2), "node": (1, 2), "python": (2,)}


def run(options, kinds, sizes, steps):
    """Everything that was measured, by (kind, workers, step, number of tenants)."""
    running, found = [], {}
    def add(server, step, tenants, profile, **more):
        found[server.kind, server.processes, step, len(tenants)] = Traffic(server, step, profile, tenants, **more)
    try:
        for workers in (1, 2):
            server = Server("keywright", workers)
            running.append(server)
            tenants = {size: server.make_tenants(size, "ES256") for size in sizes}
            answers = some_answers(server, tenants[sizes[0]][0])
            for step in steps:
                profile, floors = PROFILES[step]
                floor = Server("floor", workers, answers[step])
                running.append(floor)
                for some in tenants.values():
                    add(floor, step, some, floors)
                    add(server, step, some, profile, **({"users": 1 if len(some) > 10 else 20} if step == NAMED else {}))
        for kind in (kind for kind in PEERS if kind in kinds):
            for count in PEERS[kind]:
                peer = Server(kind, count)
                running.append(peer)
                add(peer, REGISTRATION, peer.tenants, "initialize")
        measure(list(found.values()), options)
    finally:
        for server in running:
            server.stop()
    return found


def some_answers(server, tenant):
    """The bytes that a floor has to answer."""
    identity, key = tenant
    servers.register_some(server, [tenant])
    user = server.users(identity)[0]
    someone = {"user_id": "load-12345678-1234", "username": "load-12345678-1234@load.example", "display_name": "Some One"}
    asked = {REGISTRATION: (someone, key), NAMED: ({"user_id": user}, key), NOBODY: ({}, None)}
    url = f"{server.url}/{identity}"
    return {step: servers.post(f"{url}/{step.split(',')[0]}", body, key) for step, (body, key) in asked.items()}


def floor_of(found, key):
    return found["floor", *key[1:]]


def verdicts(found, rules, options):
    for key, mine in found.items():
        kind, workers, step, tenants = key
        if kind != "keywright":
            continue
        floor = floor_of(found, key)
        void = is_void([mine, floor], options)
        name = f"{step}, {workers} workers, {tenants} tenants"
        cpu, rate = (mine.median(figure) / floor.median(figure) for figure in ("cpu", "rate"))
        yield at_most(f"{name}: CPU to the floor's", cpu, rules["initialize"]["cpu_ratio_max"], void)
        yield at_least(f"{name}: requests/s to the floor's", rate, rules["initialize"]["rate_ratio_min"], void)
    for (kind, count, *_), peer in found.items():
        if kind not in rules["peers"]:
            continue
        mine, floor = (found[one, count, REGISTRATION, 1] for one in ("keywright", "floor"))
        floors = floor.median("cpu") / peer.median("cpu")
        name = f"{REGISTRATION}: CPU to that of {kind} ({count}; the floor's: {floors:.3f})"
        yield at_most(name, mine.median("cpu") / peer.median("cpu"), rules["peers"][kind], is_void([mine, peer], options))
