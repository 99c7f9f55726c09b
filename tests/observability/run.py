"""Holds config/observability to a running server: the rules to their tests, the dashboard to Grafana's own types, and every query of
both to a Prometheus that scrapes the server under load: BASE_URL=http://localhost:PORT ADMIN_URL=http://127.0.0.1:PORT
KEYWRIGHT=target/debug/keywright python3 run.py. Prometheus is Debian's. The last lines are for programs."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent.parent / "config" / "observability"
BASE_URL = os.environ.get("BASE_URL", "http://localhost:8000").rstrip("/")
ADMIN_URL = os.environ.get("ADMIN_URL", "http://127.0.0.1:8001").rstrip("/")
KEYWRIGHT = os.environ.get("KEYWRIGHT", "target/debug/keywright")

# What a healthy server has nothing of. All else must have a result; a title is a panel's, a selector stands in a rule.
MAY_BE_EMPTY = {
    "panel Last snapshot": "the first snapshot is due a minute after the start",
    "panel Snapshots": "so is its age",
    "job:keywright_ceremonies_refused:rate5m": "in the seconds of a test a refusal may be counted first in the last scrape",
    'keywright_ceremonies_total{outcome="failed"}': "appears when the first ceremony fails",
    'keywright_ceremonies_total{reason="counter_not_greater"}': "appears with the first authenticator whose counter goes back",
    'job:keywright_ceremonies_refused:rate5m{reason!="rate_limited"}': "as without the label",
}

failures: list[str] = []
passed = 0
needless = set(MAY_BE_EMPTY)


def main() -> int:
    check("rules", lambda: promtool("check", "rules", CONFIG / "rules.yml", CONFIG / "alerts.yml"))
    check("tests of alerts", lambda: promtool("test", "rules", CONFIG / "alerts.test.yml"))
    check("every alert has a test", every_alert_has_a_test)
    check("dashboard", dashboard_is_sound)
    check("dashboard, by Grafana's types", lambda: run("node", HERE / "types.mjs", CONFIG / "dashboard.json"))
    with prometheus() as ask:
        load()
        check("metrics", lambda: promtool("check", "metrics", stdin=get(f"{ADMIN_URL}/metrics")))
        check("nothing is wrong with a healthy server", lambda: nothing_fires(ask))
        for panel in panels():
            for target in panel["targets"]:
                check(f"panel {panel['title']}", lambda: panel_has_data(ask, panel, target))
        for rule in rules(ask):
            check(rule["name"], lambda: rule_has_data(ask, rule))
    check("nothing is excused that need not be", lambda: expect(not needless, f"unknown: {sorted(needless)}"))
    print(f"observability pass {passed}")
    print(f"observability fail {len(failures)}")
    return 1 if failures else 0


def check(name: str, test) -> None:
    global passed
    try:
        test()
        passed += 1
    except Wrong as wrong:
        failures.append(name)
        print(f"FAILED {name}: {wrong}", flush=True)


class Wrong(Exception):
    pass


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Wrong(otherwise)


def run(*command, stdin: bytes = b"") -> str:
    done = subprocess.run([str(word) for word in command], input=stdin, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode()
    expect(done.returncode == 0, said)
    return said


def promtool(*command, stdin: bytes = b"") -> None:
    said = run("promtool", *command, stdin=stdin)
    # What promtool finds bad style it tells, and exits with 0 all the same.
    expect(not stdin or not said, said)


def every_alert_has_a_test() -> None:
    alerts = re.findall(r"- alert: (\w+)", (CONFIG / "alerts.yml").read_text())
    tests = re.split(r"- name: ", (CONFIG / "alerts.test.yml").read_text())[1:]
    firing = {test.split()[0] for test in tests if "value: 1" in test}
    expect(set(alerts) == firing, f"they differ: {set(alerts) ^ firing}")


def dashboard_is_sound() -> None:
    """As far as no type says it: ids and places are nobody else's, and every panel asks the data source that was chosen."""
    board = json.loads((CONFIG / "dashboard.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    expect(len(ids) == len(set(ids)), "two panels have one id")
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        expect(not taken & cells and place["x"] + place["w"] <= 24, f"{panel['title']} lies on another")
        taken |= cells
        sources = [panel.get("datasource"), *(target["datasource"] for target in panel.get("targets", []))]
        expect(panel["type"] == "row" or all(it["uid"] == "${datasource}" for it in sources), f"{panel['title']} has its own source")


def panels() -> list[dict]:
    board = json.loads((CONFIG / "dashboard.json").read_text())
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def panel_has_data(ask, panel: dict, target: dict) -> None:
    """Asked as Grafana asks, with its variables filled in."""
    query = target["expr"].replace("$__rate_interval", "30s").replace("$job", "keywright")
    query = re.sub(r"\$(instance|tenant)\b", ".*", query)
    expect("$" not in query, f"an unknown variable: {query}")
    now = time.time()
    window = {} if target["instant"] else {"start": now - 60, "end": now, "step": 5}
    has_data(ask, query, f"panel {panel['title']}", window)


def rule_has_data(ask, rule: dict) -> None:
    """What a rule records is there; what an alert asks for is there, whether it fires or not."""
    expect(rule["health"] == "ok", rule.get("lastError", rule["health"]))
    if rule["type"] == "recording":
        return has_data(ask, rule["name"], rule["name"])
    for selector in re.findall(r"\b(?:job:|keywright_|process_|up\b)[\w:]*(?:\{[^}]*\})?", rule["query"]):
        has_data(ask, selector, selector)


def has_data(ask, query: str, name: str, window: dict | None = None) -> None:
    result = ask("query_range" if window else "query", query=query, **(window or {}))["result"]
    needless.discard(name)
    expect(bool(result) or name in MAY_BE_EMPTY, f"no data: {query}")


def rules(ask) -> list[dict]:
    return [rule for group in ask("rules")["groups"] for rule in group["rules"]]


def nothing_fires(ask) -> None:
    firing = {rule["name"] for rule in rules(ask) if rule["type"] == "alerting" and rule["state"] == "firing"}
    # Another suite may have had such an authenticator, at the same server and a minute ago.
    firing.discard("KeywrightAuthenticatorCloned")
    expect(not firing, f"firing: {sorted(firing)}")


@contextmanager
def prometheus():
    """The one of config/observability, in a hurry."""
    with tempfile.TemporaryDirectory() as folder:
        for file in ("rules.yml", "alerts.yml"):
            shutil.copy(CONFIG / file, folder)
        settings = (CONFIG / "prometheus.yml").read_text()
        settings = settings.replace("127.0.0.1:8001", ADMIN_URL.split("//")[1]).replace("15s", "1s")
        Path(folder, "prometheus.yml").write_text(settings)
        run("promtool", "check", "config", Path(folder, "prometheus.yml"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        log = Path(folder, "log")
        command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address={address}"]
        with log.open("w") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            wait_until(lambda: get(f"http://{address}/-/ready"), lambda: process.poll() is None, log)
            yield lambda what, **asked: api(address, what, asked)
        finally:
            process.terminate()
            process.wait()


def wait_until(ready, is_alive, log: Path) -> None:
    for _ in range(300):
        try:
            return ready()
        except OSError:
            time.sleep(0.1)
        if not is_alive():
            break
    sys.exit(f"Prometheus does not start:\n{log.read_text()}")


def api(address: str, what: str, asked: dict) -> dict:
    answer = json.loads(get(f"http://{address}/api/v1/{what}?{urlencode(asked)}"))
    expect(answer["status"] == "success", f"{answer.get('error')}: {asked}")
    return answer["data"]


def get(url: str) -> bytes:
    try:
        with urlopen(url) as answer:
            return answer.read()
    except HTTPError as error:
        return error.read()


def load() -> None:
    """Real ceremonies, and refusals of each kind, between scrapes."""
    time.sleep(2)
    where = ["--url", BASE_URL, "--admin-url", ADMIN_URL]
    run(KEYWRIGHT, "load", *where, "--profile", "mixed", "--rate", "20", "--duration", "8s", "--connections", "4", "--tenants", "2")
    tenant = "dec0de00-0000-4000-8000-000000000001"
    for path in (f"/{tenant}/login/finalize", f"/{tenant}/registration/initialize", "/no/such/path"):
        for _ in range(2):
            refused = Request(BASE_URL + path, b"{}", {"Content-Type": "application/json"})
            expect(b"40" in get(refused), f"{path} is not refused")
            time.sleep(1.5)


sys.exit(main())
