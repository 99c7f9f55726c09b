// The published Hanko SDK, unmodified, against a running server, with a software authenticator and jose as the backend that checks tokens:
// BASE_URL=http://localhost:PORT ADMIN_URL=http://127.0.0.1:PORT node --test run.mjs (ADMIN_TOKEN where the admin listener wants one).
// Makes its own tenant and deletes it again.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { tenant } from "@teamhanko/passkeys-sdk";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import emulatorPackage from "nid-webauthn-emulator";

const { WebAuthnEmulator, AuthenticatorEmulator, PasskeysCredentialsMemoryRepository } = emulatorPackage;
const BASE_URL = (process.env.BASE_URL ?? "http://localhost:8000").replace(/\/$/, "");
const ADMIN_URL = (process.env.ADMIN_URL ?? "http://127.0.0.1:8001").replace(/\/$/, "");
const RP_ID = "app.example";
const ORIGIN = `https://${RP_ID}`;
const ALGORITHMS = { ES256: -7, EdDSA: -8, RS256: -257 };
const TOKEN_LIFETIME_SECONDS = 300;

let tenantId;
let apiKey;
let sdk;
let keys;

before(async () => {
  const created = await admin("POST", "/tenants", {
    display_name: "SDK tests",
    config: {
      cors: { allowed_origins: [ORIGIN], allow_unsafe_wildcard: false },
      webauthn: { relying_party: { id: RP_ID, display_name: "SDK tests", origins: [ORIGIN] }, timeout: 60000 },
    },
    create_api_key: true,
  });
  tenantId = created.id;
  apiKey = created.api_key.secret;
  sdk = tenant({ baseUrl: BASE_URL, apiKey, tenantId });
  keys = createRemoteJWKSet(new URL(`${BASE_URL}/${tenantId}/.well-known/jwks.json`));
});

after(() => tenantId && admin("DELETE", `/tenants/${tenantId}`));

describe("registration and login", () => {
  for (const [algorithm, identifier] of Object.entries(ALGORITHMS)) {
    test(`with ${algorithm}`, async () => {
      const userId = randomUUID();
      const emulator = emulatorFor(algorithm);
      const options = await sdk.registration.initialize({ userId, username: "ann", displayName: "Ann Lee" });
      assert.equal(options.publicKey.rp.id, RP_ID);
      assert.deepEqual({ ...options.publicKey.user, icon: undefined }, { id: base64url(userId), name: "ann", displayName: "Ann Lee", icon: undefined });
      assert.ok(options.publicKey.pubKeyCredParams.some((parameter) => parameter.alg === identifier));
      const credential = emulator.createJSON(ORIGIN, options.publicKey);
      assert.equal(credential.response.publicKeyAlgorithm, identifier);
      await tokenIsGood((await sdk.registration.finalize(credential)).token, { userId, credentialId: credential.id });

      const request = await sdk.login.initialize();
      assert.equal(request.publicKey.rpId, RP_ID);
      assert.equal(request.publicKey.allowCredentials, undefined);
      const assertion = emulator.getJSON(ORIGIN, request.publicKey);
      await tokenIsGood((await sdk.login.finalize(assertion)).token, { userId, credentialId: credential.id });
    });
  }

  for (const userId of ["7", "sixteen-bytes-id", randomUUID(), "žofie@example.com", "u".repeat(64)]) {
    test(`of the user id ${userId}`, async () => {
      const { emulator, credential } = await register(userId);
      await tokenIsGood(await login(emulator), { userId, credentialId: credential.id });
    });
  }

  test("the display name falls back to the username", async () => {
    const options = await sdk.registration.initialize({ userId: randomUUID(), username: "ann" });
    assert.equal(options.publicKey.user.displayName, "ann");
  });

  test("a second authenticator of one user signs in as that user", async () => {
    const userId = randomUUID();
    const first = await register(userId);
    const second = await register(userId);
    await tokenIsGood(await login(first.emulator), { userId, credentialId: first.credential.id });
    await tokenIsGood(await login(second.emulator), { userId, credentialId: second.credential.id });
  });

  test("an authenticator that holds a passkey already is excluded", async () => {
    const userId = randomUUID();
    const { emulator } = await register(userId);
    const options = await sdk.registration.initialize({ userId, username: "ann" });
    assert.throws(() => emulator.createJSON(ORIGIN, options.publicKey), /EXCLUDED|InvalidStateError/);
  });
});

describe("what is single use", () => {
  test("an assertion", async () => {
    const { emulator } = await register(randomUUID());
    const assertion = emulator.getJSON(ORIGIN, (await sdk.login.initialize()).publicKey);
    await sdk.login.finalize(assertion);
    await refused(sdk.login.finalize(assertion), 401);
  });

  test("an assertion sent several times at once", async () => {
    const { emulator } = await register(randomUUID());
    const assertion = emulator.getJSON(ORIGIN, (await sdk.login.initialize()).publicKey);
    const answers = await Promise.allSettled(Array.from({ length: 8 }, () => sdk.login.finalize(assertion)));
    assert.equal(answers.filter((answer) => answer.status === "fulfilled").length, 1);
  });

  test("a registration", async () => {
    const { credential } = await register(randomUUID());
    await refused(sdk.registration.finalize(credential), 400);
  });
});

describe("credentials", () => {
  test("are listed with every member the SDK types promise", async () => {
    const userId = randomUUID();
    const { credential } = await register(userId);
    const [listed, ...others] = await sdk.user(userId).credentials();
    assert.deepEqual(others, []);
    assert.equal(listed.id, credential.id);
    assert.equal(listed.user_id, userId);
    assert.equal(listed.is_mfa, false);
    for (const member of ["public_key", "attestation_type", "aaguid"]) assert.equal(typeof listed[member], "string", member);
    for (const member of ["backup_eligible", "backup_state"]) assert.equal(typeof listed[member], "boolean", member);
    assert.ok(Array.isArray(listed.transports));
    for (const member of ["created_at", "last_used_at"]) assert.ok(Math.abs(Date.parse(listed[member]) - Date.now()) < 60_000, member);
  });

  test("of a user unknown to the server are none", async () => {
    assert.deepEqual(await sdk.user(randomUUID()).credentials(), []);
  });

  test("once removed, are gone and open nothing", async () => {
    const userId = randomUUID();
    const { emulator, credential } = await register(userId);
    assert.deepEqual(await sdk.credential(credential.id).remove(), {});
    assert.deepEqual(await sdk.user(userId).credentials(), []);
    const assertion = emulator.getJSON(ORIGIN, (await sdk.login.initialize()).publicKey);
    await refused(sdk.login.finalize(assertion), 401);
    await refused(sdk.credential(credential.id).remove(), 404);
  });
});

describe("keys", () => {
  test("jwks() lists the public signing keys and nothing private", async () => {
    const { keys: listed } = await sdk.jwks();
    assert.ok(listed.length > 0);
    for (const key of listed) {
      assert.deepEqual([key.kty, key.alg, key.use], ["RSA", "RS256", "sig"]);
      assert.deepEqual(Object.keys(key).sort(), ["alg", "e", "kid", "kty", "n", "use"]);
    }
  });

  test("another tenant's keys do not verify this tenant's token", async () => {
    const other = await admin("POST", "/tenants", {
      display_name: "Another",
      config: {
        cors: { allowed_origins: [ORIGIN], allow_unsafe_wildcard: false },
        webauthn: { relying_party: { id: RP_ID, display_name: "Another", origins: [ORIGIN] }, timeout: 60000 },
      },
    });
    try {
      const { token } = await register(randomUUID());
      const foreign = createRemoteJWKSet(new URL(`${BASE_URL}/${other.id}/.well-known/jwks.json`));
      await assert.rejects(jwtVerify(token, foreign), { code: "ERR_JWKS_NO_MATCHING_KEY" });
    } finally {
      await admin("DELETE", `/tenants/${other.id}`);
    }
  });
});

test("every token verifies across a rotation of the signing key, by a key set that is kept for a while", async (t) => {
  const { id, api_key } = await admin("POST", "/tenants", {
    display_name: "Rotation",
    config: {
      cors: { allowed_origins: [ORIGIN], allow_unsafe_wildcard: false },
      webauthn: { relying_party: { id: RP_ID, display_name: "Rotation", origins: [ORIGIN] }, timeout: 60000 },
    },
    create_api_key: true,
  });
  t.after(() => admin("DELETE", `/tenants/${id}`));
  const rotating = tenant({ baseUrl: BASE_URL, apiKey: api_key.secret, tenantId: id });
  // Within its cooldown of half a minute jose does not ask again for a key that it does not know.
  const kept = createRemoteJWKSet(new URL(`${BASE_URL}/${id}/.well-known/jwks.json`), { cacheMaxAge: 1000 });
  const emulator = emulatorFor("ES256");
  const options = await rotating.registration.initialize({ userId: randomUUID(), username: "ann" });
  const kidOf = async ({ token }) => {
    await jwtVerify(token, kept, { audience: RP_ID });
    return decodeProtectedHeader(token).kid;
  };
  const first = await kidOf(await rotating.registration.finalize(emulator.createJSON(ORIGIN, options.publicKey)));

  const made = await admin("POST", `/tenants/${id}/secrets/jwk`, { name: "next" });
  const wait = Date.parse(made.signs_from) - Date.now();
  const seen = new Set();
  const until = Date.now() + Math.min(wait, 4000) + 1000;
  while (Date.now() < until) {
    const assertion = emulator.getJSON(ORIGIN, (await rotating.login.initialize()).publicKey);
    seen.add(await kidOf(await rotating.login.finalize(assertion)));
  }
  assert.deepEqual([...seen], wait > 4000 ? [first] : [first, made.id]);
  const listed = await admin("GET", `/tenants/${id}/secrets/jwk`);
  assert.deepEqual(listed.map((key) => key.state), wait > 4000 ? ["active", "pending"] : ["retiring", "active"]);
  if (wait > 4000) t.diagnostic("the server publishes a new key too far ahead to wait for it");
});

describe("refusals reach the caller as PasskeyError with title, details and status", () => {
  test("a wrong API key", async () => {
    const stranger = tenant({ baseUrl: BASE_URL, apiKey: "not-the-key", tenantId });
    const error = await refused(stranger.registration.initialize({ userId: "1", username: "ann" }), 401);
    assert.equal(error.title, "The api key is invalid");
    await refused(stranger.user("1").credentials(), 401);
    await refused(stranger.credential("AAAA").remove(), 401);
  });

  test("no API key is asked for at login and jwks", async () => {
    const stranger = tenant({ baseUrl: BASE_URL, apiKey: "not-the-key", tenantId });
    assert.ok((await stranger.login.initialize()).publicKey.challenge);
    assert.ok((await stranger.jwks()).keys.length > 0);
  });

  test("an unknown tenant", async () => {
    const error = await refused(tenant({ baseUrl: BASE_URL, apiKey, tenantId: randomUUID() }).login.initialize(), 404);
    assert.equal(error.title, "tenant not found");
  });

  test("a missing username", async () => {
    const error = await refused(sdk.registration.initialize({ userId: "1", username: "" }), 400);
    assert.deepEqual([error.title, error.details], ["unable to validate request", "username is a required field"]);
  });

  test("a credential made at another origin", async () => {
    const options = await sdk.registration.initialize({ userId: randomUUID(), username: "ann" });
    const credential = emulatorFor("ES256").createJSON(`https://other.${RP_ID}`, options.publicKey);
    await refused(sdk.registration.finalize(credential), 400);
  });

  test("an unknown challenge", async () => {
    const { emulator } = await register(randomUUID());
    const request = (await sdk.login.initialize()).publicKey;
    const assertion = emulator.getJSON(ORIGIN, { ...request, challenge: base64url("never given out by the server 32") });
    const error = await refused(sdk.login.finalize(assertion), 401);
    assert.equal(error.title, "failed to get session data");
  });
});

describe("login without a body", () => {
  const JSON_TYPE = { "content-type": "application/json" };
  const REQUESTS = {
    "as the SDK sends it": { headers: JSON_TYPE },
    "without a content type": {},
    "as {}": { headers: JSON_TYPE, body: "{}" },
    "with a null user": { headers: JSON_TYPE, body: '{"user_id":null}' },
  };
  for (const [name, request] of Object.entries(REQUESTS)) {
    test(name, async () => {
      const response = await fetch(`${BASE_URL}/${tenantId}/login/initialize`, { method: "POST", ...request });
      assert.equal(response.status, 200);
      assert.match((await response.json()).publicKey.challenge, /^[\w-]{43}$/);
    });
  }
});

test("a second factor is registered and used, and opens no first door", async (t) => {
  const userId = randomUUID();
  await register(userId);
  const { mfa } = sdk.user(userId);
  const options = await mfa.registration.initialize({ username: "ann" }).catch(missing(t, "mfa/registration"));
  if (!options) return;
  const emulator = emulatorFor("ES256");
  const credential = emulator.createJSON(ORIGIN, options.publicKey);
  await tokenIsGood((await mfa.registration.finalize(credential)).token, { userId, credentialId: credential.id });

  const request = await mfa.login.initialize();
  assert.equal(request.publicKey.allowCredentials.length, 2);
  const assertion = emulator.getJSON(ORIGIN, request.publicKey);
  await tokenIsGood((await mfa.login.finalize(assertion)).token, { userId, credentialId: credential.id });
  const listed = (await sdk.user(userId).credentials()).find((item) => item.id === credential.id);
  assert.equal(listed.is_mfa, true);

  const again = emulator.getJSON(ORIGIN, (await mfa.login.initialize()).publicKey);
  await refused(sdk.login.finalize(again), 401);
});

async function register(userId) {
  const emulator = emulatorFor("ES256");
  const options = await sdk.registration.initialize({ userId, username: "ann" });
  const credential = emulator.createJSON(ORIGIN, options.publicKey);
  const { token } = await sdk.registration.finalize(credential);
  return { emulator, credential, token };
}

async function login(emulator) {
  const assertion = emulator.getJSON(ORIGIN, (await sdk.login.initialize()).publicKey);
  return (await sdk.login.finalize(assertion)).token;
}

// With a memory of its own: by default all emulators of a process are one authenticator.
function emulatorFor(algorithm) {
  const credentialsRepository = new PasskeysCredentialsMemoryRepository();
  return new WebAuthnEmulator(new AuthenticatorEmulator({ algorithmIdentifiers: [algorithm], credentialsRepository }));
}

// As the next-auth provider checks it (no options), and as a careful backend does (audience).
async function tokenIsGood(token, { userId, credentialId }) {
  await jwtVerify(token, keys);
  const { payload } = await jwtVerify(token, keys, { audience: RP_ID, maxTokenAge: "60s" });
  assert.equal(decodeProtectedHeader(token).alg, "RS256");
  assert.deepEqual(payload.aud, [RP_ID]);
  assert.equal(payload.sub, userId);
  assert.equal(payload.cred, credentialId);
  assert.equal(payload.exp - payload.iat, TOKEN_LIFETIME_SECONDS);
  assert.ok(Number.isInteger(payload.iat));
}

async function refused(answer, status) {
  const error = await answer.then((value) => assert.fail(`not refused: ${JSON.stringify(value)}`), (reason) => reason);
  const envelope = error.originalError;
  assert.ok(envelope, `no PasskeyError but ${error.stack}`);
  assert.equal(envelope.status, status, JSON.stringify(envelope));
  assert.equal(typeof envelope.title, "string");
  assert.equal(typeof envelope.details, "string");
  return envelope;
}

// A route that this release does not have yet is skipped, anything else is an error.
function missing(t, route) {
  return (error) => {
    if (error.originalError?.status !== 404 || error.originalError.title !== "Not Found") throw error;
    t.skip(`the server has no ${route}`);
  };
}

async function admin(method, path, body) {
  const headers = { "content-type": "application/json" };
  if (process.env.ADMIN_TOKEN) headers.authorization = `Bearer ${process.env.ADMIN_TOKEN}`;
  const response = await fetch(ADMIN_URL + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${response.ok ? "" : await response.text()}`);
  return response.status === 204 ? {} : response.json();
}

function base64url(text) {
  return Buffer.from(text).toString("base64url");
}
