"""Holds a running server to its own description, with schemathesis, on both listeners and for all APIs: BASE_URL=http://localhost:PORT
ADMIN_URL=http://127.0.0.1:PORT python run.py [options of schemathesis]. Makes its own tenant and deletes it again. The last lines are
for programs."""

import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.request import Request, urlopen

HERE = Path(__file__).resolve().parent
BASE_URL = os.environ.get("BASE_URL", "http://localhost:8000").rstrip("/")
ADMIN_URL = os.environ.get("ADMIN_URL", "http://127.0.0.1:8001").rstrip("/")
USER = "8a0ea3a1-2d3c-4c1e-9c58-0f6f3f0c7b52"
OF_PAGES = "^public: "
ORIGIN = "https://app.example"
RELYING_PARTY = {"id": "app.example", "display_name": "OpenAPI tests", "origins": [ORIGIN]}
TENANT = {
    "display_name": "OpenAPI tests",
    "config": {
        "cors": {"allowed_origins": [ORIGIN], "allow_unsafe_wildcard": False},
        "webauthn": {"relying_party": RELYING_PARTY, "timeout": 60000},
    },
    "create_api_key": True,
}


def main() -> int:
    tenant = admin("POST", "/tenants", TENANT)
    try:
        key = f"apiKey: {tenant['api_key']['secret']}"
        results = [
            hold(BASE_URL, tenant["id"], "--header", key, "--exclude-tag-regex", OF_PAGES),
            hold_pages(tenant["id"]),
            hold(ADMIN_URL, tenant["id"]),
        ]
    finally:
        admin("DELETE", f"/tenants/{tenant['id']}")
    tests, failed = (sum(counts) for counts in zip(*results))
    print(f"openapi pass {tests - failed}")
    print(f"openapi fail {failed}")
    return 1 if failed else 0


def hold_pages(tenant: str) -> tuple[int, int]:
    """The Public API below the tenant's path, as USER, who signs out with another session than all else is asked with."""
    path = f"/tenants/{tenant}/sessions"
    first, last = (admin("POST", path, {"user_id": USER})["session_token"] for _ in range(2))
    os.environ.update(OPENAPI_SESSION=first, OPENAPI_LAST_SESSION=last)
    tests, failed = hold(BASE_URL, tenant, "--url", f"{BASE_URL}/{tenant}", "--include-tag-regex", OF_PAGES)
    is_open = len(admin("GET", f"{path}?user_id={USER}")) == 1
    return tests, failed if is_open else failed + 1


def hold(url: str, tenant: str, *options: str) -> tuple[int, int]:
    """How many operations were tried, and how many of them failed."""
    variables = {"OPENAPI_SESSION": "", "OPENAPI_LAST_SESSION": "", **os.environ}
    variables |= {"OPENAPI_TENANT": tenant, "OPENAPI_USER": USER, "OPENAPI_HOOKS": str(HERE / "hooks.py")}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        tool = [Path(sys.executable).parent / "schemathesis", "--config-file", HERE / "schemathesis.toml"]
        reported = ["--report", "junit", "--report-junit-path", report]
        command = [*tool, "run", f"{url}/openapi.json", *reported, *options, *sys.argv[1:]]
        code = subprocess.run(command, cwd=folder, env=variables, check=False).returncode
        cases = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    return max(len(cases), 1), failed or (1 if code or not cases else 0)


def admin(method: str, path: str, body: object = None) -> dict:
    headers = {"Content-Type": "application/json"}
    request = Request(ADMIN_URL + path, json.dumps(body).encode() if body else None, headers, method=method)
    with urlopen(request) as answer:
        return json.loads(answer.read() or b"{}")


sys.exit(main())
