// Drives the try page in Chromium with a virtual authenticator, as a visitor would: BASE_URL=http://localhost:PORT node --test run.mjs
// Each test has its own browser context and authenticator. Pictures go to target/browser/. CHROMIUM names another binary.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { INTERNAL, launch } from "./chromium.mjs";

const BASE_URL = (process.env.BASE_URL ?? "http://localhost:8000").replace(/\/$/, "");
const PICTURES = fileURLToPath(new URL("../../target/browser/", import.meta.url));
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 320, height: 640 };

const SETTLING_MS = 300; // for what leaves no trace on the page: the browser takes up a waiting request

let browser;

before(async () => {
  await mkdir(PICTURES, { recursive: true });
  browser = await launch();
});

after(() => browser?.close());

test("a new user creates a passkey and sees the whole exchange", async (t) => {
  const { page } = await visit(t);
  const username = await createPasskey(page);

  await seen(page, "#session-title", `Signed in as ${username}`);
  await seen(page, "#status", "Your passkey is ready, and you are signed in.");
  const options = await jsonOf(page, "Options as JSON");
  assert.equal(options.publicKey.rp.id, "localhost");
  assert.equal(options.publicKey.user.name, username);
  const answer = await jsonOf(page, "Answer as JSON");
  assert.deepEqual(Object.keys(answer.response).sort(), ["attestationObject", "clientDataJSON", "transports"]);
  const decoded = await jsonOf(page, "Decoded answer");
  assert.equal(decoded.clientData.challenge, options.publicKey.challenge);
  assert.equal(decoded.authenticatorData.flags.userVerified, true);
  assert.equal(typeof (await jsonOf(page, "Result as JSON")).token, "string");

  assert.equal((await jsonOf(page, "Token header")).alg, "RS256");
  const claims = await jsonOf(page, "Token claims");
  assert.equal(claims.cred, answer.id);
  assert.deepEqual(claims.aud, ["localhost"]);
  assert.equal(claims.exp - claims.iat, 300);
  const earlier = await page.locator("#countdown").innerText();
  assert.match(earlier, /^[45]:\d\d$/);
  await page.waitForFunction((text) => document.querySelector("#countdown").innerText < text, earlier);

  const row = page.locator(".passkey");
  assert.equal(await row.count(), 1);
  assert.notEqual(await row.locator("h3").innerText(), "");
  for (const time of await row.locator("time").all()) assert.ok(Math.abs(Date.parse(await time.getAttribute("datetime")) - Date.now()) < 60_000);
  assert.deepEqual(await row.locator(".chip").allInnerTexts(), ["In use now", "Device-bound"]);
});

test("a synced passkey is called synced", async (t) => {
  const { page } = await visit(t, { authenticator: { ...INTERNAL, ctap2Version: "ctap2_1", defaultBackupEligibility: true, defaultBackupState: true } });
  await createPasskey(page);
  assert.deepEqual(await page.locator(".chip").allInnerTexts(), ["In use now", "Synced"]);
});

test("signing out and in again with the button, while autofill waits", async (t) => {
  const { page, signOut } = await visit(t);
  const username = await createPasskey(page);
  const created = await jsonOf(page, "Token claims");
  await signOut();
  await seen(page, "#status", "You are signed out.");
  assert.equal(await page.locator("#session").isVisible(), false);
  assert.equal(await page.evaluate(() => document.body.innerHTML.includes("eyJ") && document.querySelector(".passkey") !== null), false);

  await page.click("#sign-in");
  await seen(page, "#session-title", `Signed in as ${username}`);
  await seen(page, "#exchange-kind", "Sign-in");
  const claims = await jsonOf(page, "Token claims");
  assert.equal(claims.sub, created.sub);
  assert.equal(claims.cred, created.cred);
  const answer = await jsonOf(page, "Answer as JSON");
  assert.deepEqual(Object.keys(answer.response).sort(), ["authenticatorData", "clientDataJSON", "signature", "userHandle"]);
  assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0);
});

test("a passkey offered by autofill that the server refuses is not offered again and again", async (t) => {
  const { page, cdp, hasAutofill, authenticator, replaceAuthenticator, initializations } = await visit(t, { refusals: ["401"] });
  if (!(await hasAutofill())) {
    t.skip("this Chromium has no conditional mediation");
    return;
  }
  await createPasskey(page);
  const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId: authenticator() });
  await removeOnlyPasskey(page);
  await replaceAuthenticator(INTERNAL);
  await cdp.send("WebAuthn.addCredential", { authenticatorId: authenticator(), credential: credentials[0] });
  await page.click("#sign-out");
  await seen(page, ".panel-title", "The server refused");
  const begun = initializations.length;
  await page.waitForTimeout(SETTLING_MS);
  assert.equal(initializations.length, begun);
});

test("a passkey offered by autofill signs in without a button", async (t) => {
  const { page, hasAutofill } = await visit(t);
  if (!(await hasAutofill())) {
    t.skip("this Chromium has no conditional mediation");
    return;
  }
  await createPasskey(page);
  await page.click("#sign-out"); // the virtual authenticator picks its passkey at once
  await seen(page, "#exchange-kind", "Sign-in by autofill");
  await seen(page, "#status", "You are signed in.");
});

test("autofill fetches a new challenge before the old one runs out", async (t) => {
  const { page, hasAutofill, signOut, initializations } = await visit(t, { clock: true });
  if (!(await hasAutofill())) {
    t.skip("this Chromium has no conditional mediation");
    return;
  }
  await createPasskey(page);
  const signedIn = initializations.length;
  await signOut({ touchable: false });
  assert.equal(initializations.length, signedIn + 1);
  await page.clock.fastForward(initializations.at(-1).publicKey.timeout);
  await until(() => initializations.length === signedIn + 2);
  assert.equal(await page.locator("#alert").innerText(), "", "an expired suggestion is nobody's error");
  await page.waitForTimeout(SETTLING_MS);
  assert.equal(await page.locator("#session").isVisible(), false);
});

test("a second passkey is added and the first one removed, after a question", async (t) => {
  const { page, replaceAuthenticator } = await visit(t);
  await createPasskey(page);
  await replaceAuthenticator({ ...INTERNAL, transport: "usb" });
  await page.click("#add");
  await seen(page, "#status", "Another passkey is ready.");
  assert.equal(await page.locator(".passkey").count(), 2);
  assert.ok((await jsonOf(page, "Options as JSON")).publicKey.excludeCredentials.length > 0);

  const other = page.locator(".passkey", { hasNotText: "In use now" });
  const remove = other.getByRole("button", { name: /^Remove / });
  await remove.click();
  assert.equal(await focused(page), "Keep it");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".confirm").count(), 0);
  assert.equal(await focused(page), "Remove");
  await remove.click();
  await page.getByRole("button", { name: "Remove it" }).click();
  await seen(page, "#passkey-count", "1 passkey");
  assert.match(await page.locator("#status").innerText(), /^Removed\./);
  assert.equal(await focused(page), "Your passkeys");
});

test("an authenticator that holds a passkey already is told apart", async (t) => {
  const { page } = await visit(t);
  await createPasskey(page);
  await page.click("#add");
  await seen(page, ".panel-title", "This authenticator already has a passkey");
  assert.equal(await page.locator(".passkey").count(), 1);
});

test("a user who is not verified gets no passkey and reads why", async (t) => {
  const { page } = await visit(t, { authenticator: { ...INTERNAL, isUserVerified: false } });
  await page.fill("#username", "ann");
  await page.click("#create");
  await seen(page, ".panel-title", "No passkey was created");
  assert.match(await page.locator(".panel").innerText(), /could not confirm that it is you/);
  assert.match(await page.locator("#step-answer").innerText(), /No answer: NotAllowedError/);
  assert.equal(await page.locator("#entry").isVisible(), true);
  await page.screenshot({ path: `${PICTURES}error-light-desktop.png`, fullPage: true });
});

test("a passkey that was removed is refused in the server's words", async (t) => {
  const { page, cdp, replaceAuthenticator, authenticator, signOut } = await visit(t, { refusals: ["401"], beforeLoad: withoutAutofill });
  await createPasskey(page);
  const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId: authenticator() });
  await removeOnlyPasskey(page);
  await replaceAuthenticator(INTERNAL);
  await cdp.send("WebAuthn.addCredential", { authenticatorId: authenticator(), credential: credentials[0] });
  await signOut();
  await page.click("#sign-in");
  await seen(page, ".panel-title", "The server refused");
  assert.match(await page.locator(".panel").innerText(), /Status 401/);
  const refusal = await jsonOf(page, "Result as JSON");
  assert.equal(refusal.status, 401);
  assert.equal(typeof refusal.title, "string");
  assert.equal(typeof refusal.details, "string");
  await page.screenshot({ path: `${PICTURES}refused-light-desktop.png`, fullPage: true });
});

test("an expired token asks for a new sign-in", async (t) => {
  const { page, initializations } = await visit(t, { clock: true });
  await createPasskey(page);
  await page.clock.fastForward(301_000);
  await seen(page, "#life-label", "The token has expired");
  await seen(page, "#status", "Your token has expired. Sign in again to go on.");
  await page.screenshot({ path: `${PICTURES}expired-light-desktop.png`, fullPage: true });
  const before = initializations.length;
  await page.click("#add");
  assert.equal(await focused(page), "Sign in again");
  assert.equal(initializations.length, before, "nothing is asked of the server with an expired token");
  await page.keyboard.press("Enter");
  await seen(page, "#status", "You are signed in.");
  assert.match(await page.locator("#countdown").innerText(), /^[45]:\d\d$/);
});

test("a server that does not answer is named as the cause", async (t) => {
  const { page } = await visit(t, { refusals: ["ERR_FAILED"] });
  await page.route("**/try/registration/initialize", (route) => route.abort());
  await page.fill("#username", "ann");
  await page.click("#create");
  await seen(page, ".panel-title", "The server cannot be reached");
});

for (const [status, title, text] of [
  [400, "The server refused", "Of no use. Sorry about that."],
  [422, "The authenticator did not verify you", "422 of no use: sorry about that"],
  [429, "Too many requests", "Wait 7 seconds"],
  [503, "The server has a problem", "503 of no use: sorry about that"],
]) {
  test(`a refusal with status ${status} is told in a sentence`, async (t) => {
    const { page } = await visit(t, { refusals: [String(status)] });
    await page.route("**/try/registration/initialize", (route) => route.fulfill({
      status, headers: { "retry-after": "7" }, json: { title: "of no use", details: "sorry about that", status },
    }));
    await page.fill("#username", "ann");
    await page.click("#create");
    await seen(page, ".panel-title", title);
    await seen(page, ".panel", text);
    assert.equal((await jsonOf(page, "Options as JSON")).status, status);
  });
}

test("a token the server no longer takes asks for a new sign-in", async (t) => {
  const { page } = await visit(t, { refusals: ["401"] });
  await createPasskey(page);
  await page.route("**/try/credentials/*", (route) => route.fulfill({ status: 401, json: { title: "expired", details: "", status: 401 } }));
  await page.getByRole("button", { name: /^Remove / }).click();
  await page.getByRole("button", { name: "Remove it" }).click();
  await seen(page, "#status", "Your token has expired. Sign in again to go on.");
  assert.equal(await page.locator("#renew").isVisible(), true);
});

test("a relying party that does not fit the address is told apart", async (t) => {
  const { page } = await visit(t);
  await page.route("**/try/registration/initialize", async (route) => {
    const response = await route.fetch();
    const options = await response.json();
    options.publicKey.rp.id = "shop.example";
    await route.fulfill({ response, json: options });
  });
  await page.fill("#username", "ann");
  await page.click("#create");
  await seen(page, ".panel-title", "This address does not match");
});

test("a browser without passkeys is told so", async (t) => {
  const { page } = await visit(t, { beforeLoad: () => { delete window.PublicKeyCredential; } });
  await seen(page, ".panel-title", "This browser has no passkeys");
  await page.fill("#username", "ann");
  await page.click("#create", { force: true });
  await seen(page, ".panel-title", "This browser has no passkeys");
  assert.equal(await page.locator("#create").getAttribute("aria-disabled"), "true");
});

test("an empty username is caught at the field", async (t) => {
  const { page } = await visit(t);
  await page.click("#create");
  await seen(page, "#username-error", "Choose a username first.");
  assert.equal(await page.locator("#username").getAttribute("aria-invalid"), "true");
  assert.equal(await page.evaluate(() => document.activeElement.id), "username");
});

test("opened by address instead of by name, the page says where to go", async (t) => {
  const { page } = await visit(t, { url: BASE_URL.replace("//localhost", "//127.0.0.1") });
  await seen(page, ".panel-title", "Open this page as localhost");
  assert.equal(await page.locator(".panel a").getAttribute("href"), `${BASE_URL}/try`);
});

test("everything is reached by keyboard, with the focus in sight", async (t) => {
  const { page, initializations } = await visit(t);
  await until(() => initializations.length > 0);
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Skip to content");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "username");
  const outline = () => page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(await outline(), "solid");
  await page.keyboard.type("keyboard user");
  await page.keyboard.press("Tab");
  assert.equal(await outline(), "solid");
  await page.keyboard.press("Enter");
  await seen(page, "#session-title", "Signed in as keyboard user");
  assert.equal(await focused(page), "Signed in as keyboard user");
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Sign out");
});

for (const [scheme, device, viewport] of [["light", "desktop", DESKTOP], ["dark", "desktop", DESKTOP], ["light", "phone", PHONE], ["dark", "phone", PHONE]]) {
  test(`accessible and within the window: ${scheme}, ${device}`, async (t) => {
    const { page, cdp } = await visit(t, { scheme, viewport });
    const look = async (state) => {
      await axe(cdp, page, `${state}, ${scheme}, ${device}`);
      await noSidewaysScroll(page);
      await page.screenshot({ path: `${PICTURES}${state}-${scheme}-${device}.png`, fullPage: true });
    };
    await look("start");
    await page.click("#create");
    await look("field-error");
    await createPasskey(page);
    await look("signed-in");
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
    await page.getByRole("button", { name: /^Remove / }).click();
    await look("everything-open");
    await page.getByRole("button", { name: "Remove it" }).click();
    await page.locator("#passkeys-empty").waitFor();
    await look("none-left");
  });
}

test("the status page is accessible and needs no script", async (t) => {
  for (const scheme of ["light", "dark"]) {
    const { page, cdp } = await visit(t, { scheme, viewport: PHONE, url: BASE_URL, path: "/" });
    await axe(cdp, page, `status, ${scheme}`);
    await noSidewaysScroll(page);
    assert.match(await page.locator("h1").innerText(), /keywright/);
    assert.equal(await page.locator("script").count(), 0);
    await page.screenshot({ path: `${PICTURES}status-${scheme}-phone.png` });
  }
});

// A page in a context of its own. What the console or the content security policy complains about fails the test at its end,
// apart from the refusals the test provokes (`refusals`: parts of Chromium's "Failed to load resource" messages).
async function visit(t, { authenticator = INTERNAL, scheme = "light", viewport = DESKTOP, url = BASE_URL, path = "/try", refusals = [], clock = false, beforeLoad = () => {} } = {}) {
  const context = await browser.newContext({ viewport, colorScheme: scheme, locale: "en-GB", reducedMotion: "reduce" });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const complaints = [];
  const initializations = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    const expected = refusals.some((part) => message.text().includes(part)) && message.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(message.type()) && !expected) complaints.push(message.text());
  });
  page.on("response", async (response) => {
    if (!response.url().endsWith("/initialize")) return;
    const entry = { settled: false };
    initializations.push(entry);
    Object.assign(entry, await response.json().catch(() => ({})), { settled: true });
  });
  await page.exposeFunction("reportViolation", (text) => complaints.push(`content security policy: ${text}`));
  await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (event) => window.reportViolation(`${event.violatedDirective} ${event.blockedURI}`)));
  if (clock) await page.clock.install();
  await page.addInitScript(beforeLoad);
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, [], "complaints of the browser");
  });

  const cdp = await context.newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  let authenticatorId;
  const add = async (options) => ({ authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options }));
  await add(authenticator);
  await page.goto(url + path);
  const present = (enabled) => cdp.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });
  const hasAutofill = async () => {
    const available = await page.evaluate(() => PublicKeyCredential.isConditionalMediationAvailable?.() ?? false);
    if (available) await page.locator("#autofill-hint").waitFor();
    return available;
  };
  return {
    page, cdp, initializations, hasAutofill,
    authenticator: () => authenticatorId,
    replaceAuthenticator: async (options) => {
      await cdp.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
      await add(options);
    },
    // A virtual authenticator answers the waiting autofill at once. So nobody is present until autofill waits; a request that
    // waits already does not notice that somebody came back, only the next one does.
    signOut: async ({ touchable = true } = {}) => {
      const begun = initializations.length;
      await present(false);
      await page.click("#sign-out");
      if (await hasAutofill()) {
        await until(() => initializations.length > begun && initializations.at(-1).settled);
        await page.waitForTimeout(SETTLING_MS);
      }
      if (touchable) await present(true);
    },
  };
}

function withoutAutofill() {
  PublicKeyCredential.isConditionalMediationAvailable = async () => false;
}

async function createPasskey(page) {
  const username = `ann-${Math.random().toString(36).slice(2, 8)}`;
  await page.fill("#username", username);
  await page.click("#create");
  await page.locator(".passkey").first().waitFor();
  await page.locator("#status:not(.busy)").waitFor();
  return username;
}

async function removeOnlyPasskey(page) {
  await page.getByRole("button", { name: /^Remove / }).click();
  await page.getByRole("button", { name: "Remove it" }).click();
  await page.locator("#passkeys-empty").waitFor();
  await page.locator("#status:not(.busy)").waitFor();
}

async function jsonOf(page, label) {
  return JSON.parse(await page.locator(`pre[aria-label="${label}"]`).textContent());
}

async function seen(page, selector, text) {
  await page.locator(selector).filter({ hasText: text, visible: true }).waitFor().catch(async () => {
    assert.fail(`${selector} should say “${text}”, the page says: ${(await page.locator("main").innerText()).slice(0, 400)}`);
  });
}

async function until(condition) {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `waited too long until ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function focused(page) {
  return page.evaluate(() => document.activeElement.textContent.trim());
}

async function axe(cdp, page, state) {
  await cdp.send("Runtime.evaluate", { expression: AXE });
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const violations = found.violations.map((violation) => `${violation.impact} ${violation.id}: ${violation.nodes.map((node) => node.html).join(" | ")}`);
  assert.deepEqual(violations, [], `axe: ${state}`);
}

async function noSidewaysScroll(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= window, `the page is ${content} px wide in a window of ${window} px`);
}
