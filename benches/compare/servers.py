"""What is compared: how each is built, and how it is started. Whatever is installed goes to target/compare."""
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PEERS = HERE / "peers"
TARGET = ROOT / "target/compare"
KEYWRIGHT = ROOT / "target/release/keywright"


class Missing(Exception):
    """A peer that this machine cannot have."""


def shell(*command, cwd=ROOT, **environment):
    print("+", *command, flush=True)
    subprocess.run([str(part) for part in command], cwd=cwd, check=True, env={**os.environ, **environment})


def need(tool):
    if not shutil.which(tool):
        raise Missing(f"no {tool} here")


def cargo(manifest, name):
    shell("cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", manifest, "--target-dir", TARGET / name)


def build_node():
    need("npm")
    folder = TARGET / "node"
    shutil.copytree(PEERS / "node", folder, dirs_exist_ok=True)
    shell("npm", "ci", "--no-audit", "--no-fund", "--loglevel", "error", cwd=folder)


def build_python():
    shell("python3", "-m", "venv", TARGET / "python")
    shell(TARGET / "python/bin/pip", "install", "--quiet", "--requirement", PEERS / "python/requirements.txt")


def build_go():
    need("go")
    shell("go", "build", "-o", TARGET / "go/peer", ".", cwd=PEERS / "go")


def build_keywright():
    """And benches/core, whose parts measure what a server cannot be asked."""
    build = ["cargo", "build", "--release", "--locked", "--target-dir", ROOT / "target", "--bin", "keywright", "--bench", "core"]
    shell(*build, "--quiet")
    said = subprocess.run([*map(str, build), "--message-format", "json"], cwd=ROOT, check=True, capture_output=True, text=True)
    made = [json.loads(line) for line in said.stdout.splitlines()]
    [core] = [one["executable"] for one in made if one.get("executable") and one["target"]["name"] == "core"]
    (TARGET / "core").write_text(core)


BUILDS = {
    "keywright": build_keywright,
    "floor": lambda: cargo(PEERS / "floor/Cargo.toml", "floor"),
    "naive": lambda: cargo(PEERS / "naive/Cargo.toml", "naive"),
    "node": build_node,
    "python": build_python,
    "go": build_go,
}

# What the table calls them.
TITLES = {
    "floor": "bare actix-web, the same bytes (the floor)",
    "keywright": "keywright",
    "naive": "actix-web + webauthn-rs, a mutex",
    "go": "go-webauthn, net/http",
    "node": "@simplewebauthn/server, Fastify",
    "python": "py_webauthn, FastAPI",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One that runs. Its tenants are (id, key); the peers take any."""

    def __init__(self, kind, processes, answer=None, settings=()):
        self.kind, self.processes, self.port = kind, processes, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.directory = tempfile.mkdtemp(prefix=f"{kind}-", dir=TARGET)
        self.tenants = [("00000000-0000-4000-8000-000000000000", "any")]
        self.log = open(f"{self.directory}/log", "w+")
        self.run, self.environment = self.command(answer)
        self.environment |= {f"KEYWRIGHT__{name}": str(value) for name, value in dict(settings).items()}
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [str(part) for part in self.run], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
            cwd=PEERS / "python" if self.kind == "python" else self.directory, env={**clean(), **self.environment},
        )
        self.pid = self.process.pid
        try:
            self.until_ready()
        except BaseException:
            self.stop()
            raise

    def command(self, answer):
        port, processes = str(self.port), str(self.processes)
        if self.kind == "floor":
            Path(f"{self.directory}/answer").write_bytes(answer)
            return [TARGET / "floor/release/floor", port, processes, f"{self.directory}/answer"], {}
        if self.kind == "naive":
            return [TARGET / "naive/release/naive", port, processes], {}
        if self.kind == "go":
            return [TARGET / "go/peer", port], {"GOMAXPROCS": processes}
        if self.kind == "node":
            return ["node", TARGET / "node/server.mjs", port, processes], {"NODE_ENV": "production"}
        if self.kind == "python":
            return [TARGET / "python/bin/uvicorn", "server:app", "--host", "127.0.0.1", "--port", port, "--workers",
                    processes, "--no-access-log", "--log-level", "warning"], {"PYTHONDONTWRITEBYTECODE": "1"}
        self.admin = f"http://127.0.0.1:{free_port()}"
        return [KEYWRIGHT, "serve"], {
            "KEYWRIGHT__SERVER__PUBLIC_ADDRESS": f"127.0.0.1:{port}",
            "KEYWRIGHT__SERVER__ADMIN_ADDRESS": self.admin.removeprefix("http://"),
            "KEYWRIGHT__SERVER__WORKERS": processes,
            "KEYWRIGHT__STORE__DIRECTORY": f"{self.directory}/store",
            "KEYWRIGHT__SECRETS__KEYS": "a key for stores that nobody needs",
            "KEYWRIGHT__LIMITS__RATE_LIMITS": "false",
        }

    def until_ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                if self.kind == "keywright":
                    urllib.request.urlopen(f"{self.url}/health/ready", timeout=1).read()
                return
            except OSError:
                time.sleep(0.001)
        raise RuntimeError(f"{self.kind} did not start:\n{Path(self.log.name).read_text()}")

    def make_tenants(self, count, tokens="RS256"):
        origins = ["https://load.example"]
        config = {
            "cors": {"allowed_origins": origins, "allow_unsafe_wildcard": False},
            "webauthn": {
                "relying_party": {"id": "load.example", "display_name": "Load", "origins": origins},
                "timeout": 60000, "user_verification": "preferred",
            },
            "tokens": {"algorithm": tokens},
        }
        def one(number):
            body = {"display_name": f"Load {number}", "config": config, "create_api_key": True}
            made = json.loads(post(f"{self.admin}/tenants", body))
            return made["id"], made["api_key"]["secret"]
        return [one(number) for number in range(count)]

    def users(self, tenant):
        """By the ids that their backend has for them."""
        return [user["user_id"] for user in json.loads(urllib.request.urlopen(f"{self.admin}/tenants/{tenant}/users", timeout=30).read())]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def register_some(server, tenants):
    """One user each, and with it the signing key that a tenant makes at its first token."""
    pairs = [part for tenant, key in tenants for part in ("--tenant", tenant, "--key", key)]
    shell_quietly(KEYWRIGHT, "load", "--url", server.url, *pairs, "--profile", "initialize-login", "--users", "1", "--threads", "1",
                  "--duration", "100ms", "--warmup", "0s")


def shell_quietly(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def part(*arguments):
    """What a part of benches/core prints."""
    return json.loads(shell_quietly((TARGET / "core").read_text(), "part", *arguments))


def clean():
    """No setting of somebody's keywright."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KEYWRIGHT")}


def post(url, body, key=None):
    headers = {"Content-Type": "application/json", **({"apiKey": key} if key else {})}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    return urllib.request.urlopen(request, timeout=30).read()


def versions():
    """Of what was built."""
    def first(pattern, text):
        found = re.search(pattern, text)
        return found.group(1) if found else "?"
    lock = (PEERS / "node/package-lock.json").read_text()
    pins = (PEERS / "python/requirements.txt").read_text()
    npm = lambda name: first(rf'"node_modules/{name}": {{\s*"version": "([^"]+)"', lock)
    pip = lambda name: first(rf"(?m)^{name}==(.+)$", pins)
    crate = lambda name: first(rf'name = "{name}"\nversion = "([^"]+)"', (PEERS / "naive/Cargo.lock").read_text())
    def tool(*command):
        return first(r"(\d+\.\d+\.\d+)", shell_quietly(*command)) if shutil.which(command[0]) else None
    tools = {
        "Rust": tool("rustc", "--version"), "Go": tool("go", "version"), "Node": tool("node", "--version"),
        "Python": tool("python3", "--version"), "keywright": tool(KEYWRIGHT, "--version"),
    }
    return {name: version for name, version in tools.items() if version} | {
        "actix-web": crate("actix-web"),
        "webauthn-rs": crate("webauthn-rs"),
        "go-webauthn": first(r"go-webauthn/webauthn v(\S+)", (PEERS / "go/go.mod").read_text()),
        "@simplewebauthn/server": npm("@simplewebauthn/server"),
        "fastify": npm("fastify"),
        "py_webauthn": pip("webauthn"),
        "FastAPI": pip("fastapi"),
    }
