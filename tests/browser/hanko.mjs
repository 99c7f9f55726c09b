// The old client of the Public API, as npm has it, on a page of another origin:
// BASE_URL=http://localhost:PORT ADMIN_URL=http://127.0.0.1:PORT node --test hanko.mjs (ADMIN_TOKEN where the admin listener wants one).
// Makes its own tenants and deletes them again. <tenant id>.localhost must name a tenant: tenancy.base_domain, as --dev has it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { INTERNAL, launch } from "./chromium.mjs";

const BASE_URL = new URL(process.env.BASE_URL ?? "http://localhost:8000");
const ADMIN_URL = (process.env.ADMIN_URL ?? "http://127.0.0.1:8001").replace(/\/$/, "");
const SDK = await readFile(new URL(import.meta.resolve("@teamhanko/hanko-frontend-sdk")));
const PAGE = `<!doctype html><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">
<script type="module">
  import { Hanko } from "/sdk.js";
  const hanko = new Hanko(new URLSearchParams(location.search).get("api"));
  const events = [];
  hanko.onSessionCreated(({ userID, expirationSeconds, jwt }) => events.push({ type: "created", userID, expirationSeconds, jwt }));
  hanko.onSessionExpired(() => events.push({ type: "expired" }));
  hanko.onUserLoggedOut(() => events.push({ type: "logged out" }));
  Object.assign(window, { hanko, events });
</script>`;
const LIFETIME_SECONDS = 43200;
const OTHER = { ...INTERNAL, transport: "usb" };

// By its path the API is on the page's site, so its cookie comes along. By its host name it is not: the page keeps the token.
const WAYS = [
  { name: "path alias, cookie", sessions: {}, hasToken: false, api: (tenant) => new URL(tenant, BASE_URL).href },
  { name: "host name, bearer", sessions: { auth_token_header: true }, hasToken: true, api: hostOf },
];

let browser;
let site;
let origin;

before(async () => {
  site = createServer(serve).listen(0, "127.0.0.1");
  await new Promise((resolve) => site.once("listening", resolve));
  origin = `http://localhost:${site.address().port}`;
  browser = await launch();
});

after(async () => {
  await browser?.close();
  site?.closeAllConnections();
  site?.close();
});

for (const way of WAYS) {
  test(`${way.name}: a passkey is registered, with the session that the backend opened`, async (t) => {
    const { page, email, user, requests } = await visit(t, way);
    assert.equal(await page.evaluate(() => hanko.config.get().then((config) => config.password.enabled)), false);
    const before = await page.evaluate(() => hanko.user.getCurrent());
    assert.deepEqual([before.id, before.email, before.webauthn_credentials], [user, email, []]);
    assert.equal(await shouldRegister(page), true);

    await page.evaluate(() => hanko.webauthn.register());
    const current = await page.evaluate(() => hanko.user.getCurrent());
    const [credential, ...others] = await page.evaluate(() => hanko.webauthn.listCredentials());
    assert.deepEqual(others, []);
    assert.deepEqual(current.webauthn_credentials.map(({ id }) => id), [credential.id]);
    assert.deepEqual(credential.transports, ["internal"]);
    assert.equal(await shouldRegister(page), false);

    for (const request of requests) {
      const headers = await request.allHeaders();
      const of = `${request.method()} ${request.url()}`;
      assert.equal("authorization" in headers, way.hasToken, of);
      assert.equal("cookie" in headers, !way.hasToken, of);
    }
  });

  for (const kind of ["discoverable", "for a user id", "by autofill"]) {
    test(`${way.name}: somebody logs in, ${kind}, and out`, async (t) => {
      const { page, user } = await visit(t, way);
      const isConditional = kind === "by autofill";
      if (isConditional && !(await page.evaluate(() => PublicKeyCredential.isConditionalMediationAvailable?.() ?? false))) {
        t.skip("this Chromium has no conditional mediation");
        return;
      }
      await page.evaluate(() => hanko.webauthn.register());
      await logOut(page);

      const whose = kind === "for a user id" ? user : undefined;
      const finished = await page.evaluate((given) => hanko.webauthn.login(...given), [whose, isConditional]);
      assert.equal(finished.user_id, user);
      const [created, ...others] = await page.evaluate(() => events);
      assert.deepEqual(others, []);
      assert.deepEqual([created.type, created.userID, created.expirationSeconds], ["created", user, LIFETIME_SECONDS]);
      assert.equal(created.jwt !== "", way.hasToken);
      assert.equal(await page.evaluate(() => hanko.session.isValid()), true);
      assert.equal((await page.evaluate(() => hanko.user.getCurrent())).id, user);

      await logOut(page);
      assert.equal(await page.evaluate(() => hanko.session.isValid()), false);
      assert.equal(await outcome(page, () => hanko.webauthn.listCredentials()), "unauthorized");
    });
  }

  test(`${way.name}: a second passkey is added, named and removed`, async (t) => {
    const { page, replaceAuthenticator } = await visit(t, way);
    await page.evaluate(() => hanko.webauthn.register());
    assert.equal(await outcome(page, () => hanko.webauthn.register()), "requestCancelled", "this authenticator has one");
    await replaceAuthenticator(OTHER);
    await page.evaluate(() => hanko.webauthn.register());
    const [first, second] = await list(page);
    assert.deepEqual(second.transports, ["usb"]);

    await page.evaluate((id) => hanko.webauthn.updateCredential(id, "Key ring"), second.id);
    assert.deepEqual((await list(page)).map(({ name }) => name), [first.name, "Key ring"]);
    await page.evaluate((id) => hanko.webauthn.deleteCredential(id), second.id);
    assert.deepEqual((await list(page)).map(({ id }) => id), [first.id]);
    assert.equal(await outcome(page, (id) => hanko.webauthn.deleteCredential(id), second.id), "somethingWentWrong");
    assert.equal(await outcome(page, () => hanko.webauthn.login()), "invalidWebauthnCredential", "only the removed one is here");
  });

  test(`${way.name}: the page hears that a session was ended or has run out`, async (t) => {
    const { page, end } = await visit(t, way, { clock: true });
    await page.evaluate(() => hanko.webauthn.register());
    await end();
    assert.equal(await outcome(page, () => hanko.user.getCurrent()), "unauthorized");
    assert.deepEqual(await page.evaluate(() => events.splice(0)), [{ type: "expired" }]);

    await page.evaluate(() => hanko.webauthn.login());
    await page.clock.fastForward((LIFETIME_SECONDS - 60) * 1000);
    assert.deepEqual(await page.evaluate(() => events.map(({ type }) => type)), ["created"]);
    await page.clock.fastForward(61_000);
    await page.waitForFunction(() => events.length > 1);
    assert.deepEqual(await page.evaluate(() => events.map(({ type }) => type)), ["created", "expired"]);
  });
}

test("host name, cookie: another site's cookie is not sent, so the session is not the page's", async (t) => {
  const { page, tenant } = await visit(t, WAYS[0]);
  await page.evaluate(() => hanko.webauthn.register());
  await page.goto(`${origin}/?api=${encodeURIComponent(hostOf(tenant))}`);
  await page.evaluate(() => hanko.webauthn.login());
  assert.equal(await outcome(page, () => hanko.user.getCurrent()), "unauthorized");
});

test("a page of an origin that the tenant does not name reads nothing", async (t) => {
  const { page, tenant } = await visit(t, WAYS[0]);
  const other = origin.replace("localhost", "127.0.0.1");
  const api = new URL(tenant, BASE_URL).href;
  await page.goto(`${other}/?api=${encodeURIComponent(api)}`);
  assert.equal(await outcome(page, () => hanko.config.get()), "somethingWentWrong");
});

// A page in a context of its own, of a tenant of its own whose sessions are as the way wants it, with a session of a new user.
async function visit(t, way, { clock = false } = {}) {
  const { id: tenant } = await admin("POST", "/tenants", {
    display_name: "Public API tests",
    config: {
      cors: { allowed_origins: [origin], allow_unsafe_wildcard: false },
      webauthn: { relying_party: { id: "localhost", display_name: "Shop", origins: [origin] }, timeout: 60000 },
      sessions: way.sessions,
    },
    create_api_key: false,
  });
  t.after(() => admin("DELETE", `/tenants/${tenant}`));
  const user = randomUUID();
  const email = `${user}@shop.example`;
  const { session_token: token } = await admin("POST", `/tenants/${tenant}/sessions`, { user_id: user, email });

  const context = await browser.newContext();
  t.after(() => context.close());
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const requests = [];
  page.on("request", (request) => request.resourceType() === "xhr" && requests.push(request));
  if (clock) await page.clock.install();
  const cdp = await context.newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  let { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options: INTERNAL });
  await context.addCookies([{ name: "hanko", value: token, url: origin, httpOnly: !way.hasToken }]);
  await page.goto(`${origin}/?api=${encodeURIComponent(way.api(tenant))}`);
  await page.waitForFunction(() => window.hanko);
  return {
    page, tenant, user, email, requests,
    end: () => admin("DELETE", `/tenants/${tenant}/sessions?user_id=${user}`),
    replaceAuthenticator: async (options) => {
      await cdp.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
      ({ authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options }));
    },
  };
}

async function logOut(page) {
  await page.evaluate(() => hanko.user.logout());
  assert.deepEqual(await page.evaluate(() => events.splice(0).at(-1)), { type: "logged out" });
}

function list(page) {
  return page.evaluate(() => hanko.webauthn.listCredentials());
}

function shouldRegister(page) {
  return page.evaluate(async () => hanko.webauthn.shouldRegister(await hanko.user.getCurrent()));
}

// What the client's error says.
function outcome(page, call, argument) {
  return page.evaluate(`(${call})(${JSON.stringify(argument)}).then(() => "done", (error) => error.code ?? String(error))`);
}

function hostOf(tenant) {
  return `http://${tenant}.localhost:${BASE_URL.port}`;
}

function serve(request, response) {
  const isSdk = request.url === "/sdk.js";
  response.writeHead(200, { "content-type": isSdk ? "text/javascript" : "text/html" });
  response.end(isSdk ? SDK : PAGE);
}

async function admin(method, path, body) {
  const headers = { "content-type": "application/json" };
  if (process.env.ADMIN_TOKEN) headers.authorization = `Bearer ${process.env.ADMIN_TOKEN}`;
  const response = await fetch(ADMIN_URL + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${response.ok ? "" : await response.text()}`);
  return response.status === 204 ? {} : response.json();
}
