// The try page: registration, sign-in and passkey management against keywright's /try/… routes.
// Plain script for old browsers (nothing newer than ES2019), no library. The token lives in `session` and nowhere else.
"use strict";

const ui = {};
document.querySelectorAll("[id]").forEach((node) => { ui[node.id] = node; });

let session = null; // { token, header, claims, name, endsAt, expired }
let busy = false; // a modal ceremony or a request of the user's is under way
let autofill = null; // { controller, done }: the sign-in that waits behind the username field
let autofillAvailable = false;
let autofillRefused = false; // the server refused what autofill brought: no new offer until the field is visited again
const names = {}; // user id → username, as far as this page has seen them

// ---- Start ----

function start() {
  document.querySelectorAll(".json").forEach(addCopyButton);
  ui["create-form"].addEventListener("submit", (event) => {
    event.preventDefault();
    if (usernameIsGiven()) run("Waiting for your authenticator…", "create", () => register(ui.username.value.trim()));
  });
  ui.username.addEventListener("input", () => showFieldError(""));
  ui.username.addEventListener("focus", () => {
    autofillRefused = false;
    startAutofill();
  });
  ui["sign-in"].addEventListener("click", () => run("Waiting for your passkey…", "get", signIn));
  ui.renew.addEventListener("click", () => run("Waiting for your passkey…", "get", signIn));
  ui.add.addEventListener("click", () => {
    if (tokenIsGood()) run("Waiting for your authenticator…", "create", () => register(null));
  });
  ui["sign-out"].addEventListener("click", signOut);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) startAutofill(); });
  setInterval(tick, 1000);

  const problem = whyPasskeysCannotWork();
  if (problem) {
    showProblem(problem);
    busy = true; // for good
    disableButtons(true);
    return;
  }
  if (PublicKeyCredential.isConditionalMediationAvailable) {
    PublicKeyCredential.isConditionalMediationAvailable().then((available) => {
      autofillAvailable = available;
      ui["autofill-hint"].hidden = !available;
      startAutofill();
    }, () => {});
  }
}

function whyPasskeysCannotWork() {
  const host = location.hostname;
  if (/^(127\.[\d.]+|\[::1\]|0\.0\.0\.0)$/.test(host)) return localhostProblem();
  if (/^([\d.]+|\[.*\])$/.test(host)) {
    return { title: "Passkeys need a host name", text: "This page was opened at an IP address, and passkeys belong to a name. Open it by its host name, over HTTPS." };
  }
  if (window.isSecureContext === false) {
    return { title: "Passkeys need HTTPS", text: "This page was opened over plain HTTP. Browsers offer passkeys over HTTPS only, and on localhost." };
  }
  if (!window.PublicKeyCredential || !navigator.credentials) {
    return { title: "This browser has no passkeys", text: "It is too old, or passkeys are switched off in it. Open the page in a current Chrome, Edge, Firefox or Safari." };
  }
  return null;
}

function localhostProblem() {
  const url = location.protocol + "//localhost" + (location.port ? ":" + location.port : "") + location.pathname;
  return { title: "Open this page as localhost", text: "Passkeys belong to a name, and " + location.hostname + " is an address.", link: url };
}

// ---- Ceremonies ----

// One at a time: the autofill sign-in stands back before a ceremony and comes back after it.
async function run(message, ceremony, work) {
  if (busy) return;
  setBusy(true);
  say(message, "busy");
  showProblem(null);
  try {
    await stopAutofill();
    await work();
  } catch (error) {
    say("");
    if (isUnauthorised(error) && session) expire();
    else showProblem(explain(error, ceremony));
  } finally {
    setBusy(false);
    startAutofill();
  }
}

// With a username: a new user. Without: another passkey for the user who is signed in.
async function register(username) {
  const adding = username === null;
  clearExchange(adding ? "Another passkey" : "Registration");
  const body = adding ? (session.name ? { username: session.name } : {}) : { username };
  const options = await begin("/try/registration/initialize", body, adding);
  const credential = await answered(navigator.credentials.create({ publicKey: creationOptions(options.publicKey) }));
  const user = options.publicKey.user;
  names[textOf(bytesOf(user.id))] = user.name;
  const token = await finish("/try/registration/finalize", registrationJson(credential), credential);
  await enter(token, adding ? "Another passkey is ready." : "Your passkey is ready, and you are signed in.");
}

async function signIn() {
  clearExchange("Sign-in");
  const options = await begin("/try/login/initialize");
  const credential = await answered(navigator.credentials.get({ publicKey: requestOptions(options.publicKey) }));
  await finishSignIn(credential);
}

async function finishSignIn(credential) {
  const token = await finish("/try/login/finalize", assertionJson(credential), credential);
  await enter(token, "You are signed in.");
}

async function begin(path, body, signed) {
  const options = await recorded("options", path, call("POST", path, { body, signed }));
  showOptions(options);
  return options;
}

async function finish(path, json, credential) {
  say("Checking the answer…", "busy");
  showAnswer(path, json, credential);
  const result = await recorded("result", path, call("POST", path, { body: json }));
  showStep("result", { path, status: "200 OK", json: result });
  return result.token;
}

// What the browser or the server refuses belongs to the picture too.
async function answered(credential) {
  try {
    return await credential;
  } catch (error) {
    showStep("answer", { status: "No answer: " + error.name, failed: true });
    throw error;
  }
}

async function recorded(step, path, answer) {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ServerError) {
      showStep(step, { path, status: error.status + " refused", json: error.body, failed: true });
    }
    throw error;
  }
}

// ---- Autofill: a sign-in that waits until a passkey is picked in the username field ----

function startAutofill() {
  if (!autofillAvailable || autofillRefused || autofill || session || busy || document.hidden) return;
  const controller = new AbortController();
  autofill = { controller };
  autofill.done = offerPasskeys(controller);
}

async function stopAutofill() {
  if (!autofill) return;
  const done = autofill.done;
  autofill.controller.abort();
  autofill = null;
  await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 500))]);
}

async function offerPasskeys(controller) {
  const signal = controller.signal;
  let credential = null;
  let options = null;
  let expiry = 0;
  let expired = false;
  let problem = null;
  try {
    options = await call("POST", "/try/login/initialize", { signal });
    // Shortly before the challenge runs out a fresh one takes its place.
    const lifetime = options.publicKey.timeout || 60000;
    expiry = setTimeout(() => { expired = true; controller.abort(); }, Math.max(lifetime - 5000, lifetime / 2));
    credential = await navigator.credentials.get({ publicKey: requestOptions(options.publicKey), mediation: "conditional", signal });
  } catch (error) {
    if (error.name === "SecurityError") problem = explain(error, "get");
  }
  clearTimeout(expiry);
  if (!autofill || autofill.controller !== controller) return; // a ceremony took over
  autofill = null;
  if (problem) showProblem(problem);
  if (expired) startAutofill();
  if (credential) await run("Checking the answer…", "get", () => finishAutofill(options, credential));
}

async function finishAutofill(options, credential) {
  clearExchange("Sign-in by autofill");
  showOptions(options);
  autofillRefused = true;
  await finishSignIn(credential);
  autofillRefused = false;
}

// ---- Session and token ----

async function enter(token, message) {
  const parts = token.split(".").map((part, index) => (index < 2 ? JSON.parse(textOf(bytesOf(part))) : part));
  const claims = parts[1];
  const fresh = !session || session.expired;
  session = { token, header: parts[0], claims, name: names[claims.sub], endsAt: Date.now() + (claims.exp - claims.iat) * 1000, expired: false };
  showSession();
  if (fresh) ui["session-title"].focus();
  await loadPasskeys();
  say(message);
}

function signOut() {
  if (busy) return;
  session = null;
  ui["passkey-list"].textContent = "";
  ui.username.value = "";
  clearExchange(null);
  showProblem(null);
  showSession();
  say("You are signed out.");
  ui["entry-title"].focus();
  startAutofill();
}

// The token has run out, by the clock or by the server's word.
function expire() {
  session.expired = true;
  session.endsAt = 0;
  showLife();
  say("Your token has expired. Sign in again to go on.", "note");
}

function tokenIsGood() {
  if (!session.expired) return true;
  say("Your token has expired. Sign in again to go on.", "note");
  ui.renew.focus();
  return false;
}

function tick() {
  if (!session || session.expired) return;
  if (Date.now() >= session.endsAt) expire();
  else showLife();
}

function showSession() {
  const signedIn = session !== null;
  ui.entry.hidden = signedIn;
  ui.session.hidden = !signedIn;
  ui.passkeys.hidden = !signedIn;
  if (!signedIn) return;
  const claims = session.claims;
  ui["session-name"].textContent = session.name ? " as " + session.name : "";
  showFacts(ui.claims, [
    ["User", code(claims.sub)],
    ["Passkey", code(shortened(claims.cred))],
    ["Audience", code([].concat(claims.aud).join(", "))],
    ["Issued", moment(claims.iat * 1000)],
    ["Expires", moment(claims.exp * 1000)],
  ]);
  showJson(ui["token-header"], session.header);
  showJson(ui["token-claims"], claims);
  ui["token-raw"].textContent = session.token;
  showLife();
}

function showLife() {
  const left = Math.max(0, Math.ceil((session.endsAt - Date.now()) / 1000));
  ui["life-label"].textContent = session.expired ? "The token has expired" : "Token expires in";
  ui.countdown.textContent = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
  ui["life-bar"].max = session.claims.exp - session.claims.iat;
  ui["life-bar"].value = left;
  ui["life-bar"].hidden = session.expired;
  ui.renew.hidden = !session.expired;
}

// ---- Passkeys ----

async function loadPasskeys() {
  ui["passkey-list"].setAttribute("aria-busy", "true");
  try {
    const passkeys = await call("GET", "/try/credentials", { signed: true });
    ui["passkey-list"].textContent = "";
    passkeys.forEach((passkey) => ui["passkey-list"].appendChild(passkeyRow(passkey)));
    ui["passkeys-empty"].hidden = passkeys.length > 0;
    ui["passkey-count"].hidden = passkeys.length === 0;
    ui["passkey-count"].textContent = passkeys.length + (passkeys.length === 1 ? " passkey" : " passkeys");
    ui.add.textContent = passkeys.length > 0 ? "Add another passkey" : "Add a passkey";
  } finally {
    ui["passkey-list"].removeAttribute("aria-busy");
  }
}

function passkeyRow(passkey) {
  const named = passkey.name && passkey.name !== "cred-" + passkey.id;
  const name = named ? passkey.name : "Unnamed passkey";
  const row = element("li", { class: "passkey" });
  const remove = element("button", { type: "button", class: "button small", "aria-label": "Remove " + name + " " + shortened(passkey.id) }, ["Remove"]);
  remove.addEventListener("click", () => { if (tokenIsGood()) askToRemove(row, remove, passkey, name); });
  const chips = [element("span", { class: "chip" }, [kindOf(passkey)])];
  if (passkey.id === session.claims.cred) chips.unshift(element("span", { class: "chip current" }, ["In use now"]));
  if (passkey.is_mfa) chips.push(element("span", { class: "chip" }, ["Second factor only"]));
  const facts = element("dl", { class: "facts" });
  showFacts(facts, [
    ["Created", moment(passkey.created_at)],
    ["Last used", passkey.last_used_at ? moment(passkey.last_used_at) : "never"],
    ["Id", code(shortened(passkey.id))],
  ]);
  row.append(element("div", { class: "head" }, [element("h3", {}, [name]), remove]), element("div", { class: "chips" }, chips), facts);
  return row;
}

function kindOf(passkey) {
  if (passkey.backup_state) return "Synced";
  return passkey.backup_eligible ? "Can sync, not backed up yet" : "Device-bound";
}

function askToRemove(row, remove, passkey, name) {
  const yes = element("button", { type: "button", class: "button small danger" }, ["Remove it"]);
  const no = element("button", { type: "button", class: "button small" }, ["Keep it"]);
  const question = "Remove “" + name + "”? It will no longer open this account.";
  const confirm = element("div", { class: "confirm", role: "group", "aria-label": question }, [element("p", {}, [question]), element("div", {}, [yes, no])]);
  const keep = () => {
    confirm.remove();
    remove.hidden = false;
    remove.focus();
  };
  no.addEventListener("click", keep);
  confirm.addEventListener("keydown", (event) => { if (event.key === "Escape") keep(); });
  yes.addEventListener("click", () => run("Removing the passkey…", "remove", () => removePasskey(passkey)));
  remove.hidden = true;
  row.append(confirm);
  no.focus();
}

async function removePasskey(passkey) {
  await call("DELETE", "/try/credentials/" + encodeURIComponent(passkey.id), { signed: true });
  await loadPasskeys();
  say("Removed. Your device may still list the passkey; it opens nothing here any more.");
  ui["passkeys-title"].focus();
  forgetOnDevice(passkey.id);
}

// Where the browser can, the device forgets the passkey too.
function forgetOnDevice(credentialId) {
  if (!PublicKeyCredential.signalUnknownCredential) return;
  PublicKeyCredential.signalUnknownCredential({ rpId: [].concat(session.claims.aud)[0], credentialId }).catch(() => {});
}

// ---- On the wire ----

function clearExchange(kind) {
  ui["exchange-kind"].hidden = kind === null;
  ui["exchange-kind"].textContent = kind || "";
  document.querySelectorAll(".step").forEach((step) => {
    step.classList.remove("done", "failed");
    step.querySelectorAll(".route, .facts, .group, details").forEach((part) => { part.hidden = true; });
  });
}

function showOptions(options) {
  const given = options.publicKey;
  const creating = Boolean(given.user);
  const selection = given.authenticatorSelection || {};
  const facts = [["Challenge", code(shortened(given.challenge))], ["RP ID", code(creating ? given.rp.id : given.rpId)]];
  facts.push(["Verification", (creating ? selection.userVerification : given.userVerification) || "preferred"]);
  if (creating && given.excludeCredentials) facts.push(["Excluded", given.excludeCredentials.length + " already registered"]);
  facts.push(["Valid for", Math.round((given.timeout || 0) / 1000) + " seconds"]);
  const path = creating ? "/try/registration/initialize" : "/try/login/initialize";
  showStep("options", { path, status: "200 OK", json: options, facts });
}

function showAnswer(path, json, credential) {
  const response = credential.response;
  const data = response.authenticatorData || (response.getAuthenticatorData && response.getAuthenticatorData());
  const decoded = { clientData: JSON.parse(textOf(new Uint8Array(response.clientDataJSON))) };
  const facts = [["Origin", code(decoded.clientData.origin)]];
  if (data) {
    decoded.authenticatorData = decodeAuthenticatorData(data);
    const flags = decoded.authenticatorData.flags;
    facts.push(["User", (flags.userPresent ? "present" : "not present") + ", " + (flags.userVerified ? "verified" : "not verified")]);
    facts.push(["Backup", flags.backedUp ? "synced" : flags.backupEligible ? "can sync, not backed up yet" : "device-bound"]);
    facts.push(["Counter", String(decoded.authenticatorData.signCount)]);
  }
  showStep("answer", { path, status: "sent", json, facts, decoded });
}

function decodeAuthenticatorData(data) {
  const view = new DataView(data);
  const flags = view.getUint8(32);
  return {
    rpIdHash: base64url(data.slice(0, 32)),
    flags: {
      userPresent: Boolean(flags & 0x01),
      userVerified: Boolean(flags & 0x04),
      backupEligible: Boolean(flags & 0x08),
      backedUp: Boolean(flags & 0x10),
      attestedCredential: Boolean(flags & 0x40),
      extensions: Boolean(flags & 0x80),
    },
    signCount: view.getUint32(33),
  };
}

function showStep(name, shown) {
  const step = ui["step-" + name];
  const route = step.querySelector(".route");
  route.textContent = "";
  if (shown.path) route.append(code("POST " + shown.path));
  route.append(element("span", {}, [shown.status]));
  route.hidden = false;
  if (shown.facts) showFacts(step.querySelector(".facts"), shown.facts);
  const details = step.querySelectorAll("details");
  [shown.json, shown.decoded].forEach((value, index) => {
    if (value === undefined || !details[index]) return;
    showJson(details[index].querySelector("pre"), value);
    details[index].hidden = false;
    details[index].parentNode.hidden = false;
  });
  step.classList.toggle("failed", Boolean(shown.failed));
  step.classList.toggle("done", !shown.failed);
}

function showFacts(list, facts) {
  list.textContent = "";
  facts.forEach((fact) => list.append(element("dt", {}, [fact[0]]), element("dd", {}, [fact[1]])));
  list.hidden = false;
}

function showJson(pre, value) {
  pre.textContent = "";
  const text = JSON.stringify(value, null, 2);
  const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  let from = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const part = match[2] ? match[1] : match[0];
    pre.append(text.slice(from, match.index), element("span", { class: match[2] ? "j-key" : match[1] ? "j-text" : "j-other" }, [part]));
    from = match.index + part.length;
  }
  pre.append(text.slice(from));
}

function addCopyButton(box) {
  const pre = box.querySelector("pre");
  const button = element("button", { type: "button", class: "button", "aria-label": "Copy: " + pre.getAttribute("aria-label") }, ["Copy"]);
  button.addEventListener("click", () => {
    const copying = navigator.clipboard ? navigator.clipboard.writeText(pre.textContent) : Promise.reject(new Error("no clipboard"));
    copying.then(() => {
      button.textContent = "Copied";
      say("Copied.");
    }, () => {
      getSelection().selectAllChildren(pre);
      say("The browser does not let this page copy. The text is selected: copy it with the keyboard.", "note");
    });
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  box.insertBefore(button, pre);
}

// ---- Saying what happened ----

function say(message, kind) {
  ui.status.textContent = message;
  ui.status.className = "status" + (kind ? " " + kind : "");
}

function setBusy(value) {
  busy = value;
  ui.main.setAttribute("aria-busy", String(value));
  disableButtons(value);
}

function disableButtons(value) {
  [ui.create, ui["sign-in"], ui.renew, ui.add, ui["sign-out"]].forEach((button) => button.setAttribute("aria-disabled", String(value)));
}

function usernameIsGiven() {
  const given = ui.username.value.trim() !== "";
  showFieldError(given ? "" : "Choose a username first.");
  if (!given) ui.username.focus();
  return given;
}

function showFieldError(message) {
  ui["username-error"].textContent = message;
  ui["username-error"].hidden = message === "";
  ui.username.setAttribute("aria-invalid", String(message !== ""));
}

function showProblem(problem) {
  ui.alert.textContent = "";
  if (!problem) return;
  const panel = element("div", { class: "panel" }, [element("p", { class: "panel-title" }, [problem.title])]);
  if (problem.text) panel.append(element("p", {}, [problem.text]));
  if (problem.link) panel.append(element("p", {}, [element("a", { href: problem.link }, [problem.link])]));
  if (problem.source) panel.append(element("p", { class: "panel-foot" }, [code(problem.source)]));
  ui.alert.append(panel);
  ui.alert.scrollIntoView({ block: "nearest" });
}

// An error in the user's words; null where there is nothing to say.
function explain(error, ceremony) {
  if (error instanceof ServerError) return explainServer(error);
  if (error instanceof Unreachable) {
    return { title: "The server cannot be reached", text: "The request got no answer. Check that keywright is running and try again." };
  }
  const source = error.name;
  const creating = ceremony === "create";
  switch (error.name) {
    case "AbortError":
      return null;
    case "NotAllowedError":
      return creating
        ? { title: "No passkey was created", text: "The request was cancelled, took too long, or your authenticator could not confirm that it is you. Nothing has changed; try again.", source }
        : { title: "You were not signed in", text: "The request was cancelled, took too long, or there is no passkey for this site that could confirm that it is you. Try again, or create a passkey.", source };
    case "InvalidStateError":
      return { title: "This authenticator already has a passkey", text: "It holds one for this account. Sign in with that one, or use another device or security key.", source };
    case "SecurityError":
      return { title: "This address does not match", text: "The page runs at " + location.origin + ", and the server’s passkeys belong to another name. Open the page at the relying party’s own address, over HTTPS or on localhost.", source };
    case "NotSupportedError":
      return { title: "The authenticator cannot do this", text: "It supports none of the signature algorithms or options that the server accepts. Use another one.", source };
    case "ConstraintError":
      return { title: "The authenticator is not suitable", text: "It cannot store a passkey or cannot verify you. Set up a PIN, fingerprint or face on it, or use another one.", source };
    case "OperationError":
      return { title: "Another request is still open", text: "The browser is already asking for a passkey. Close that window and try again.", source };
    default:
      return { title: creating ? "No passkey was created" : "That did not work", text: "The browser reports a problem that this page does not know. Try again.", source: source + ": " + error.message };
  }
}

function explainServer(error) {
  const title = error.title.trim();
  const source = error.status + " " + title + (error.details ? ": " + error.details.trim() : "");
  if (error.status === 422) {
    return { title: "The authenticator did not verify you", text: "This server asks for a PIN, a fingerprint or a face. Set one up on the authenticator, or use another one.", source };
  }
  if (error.status === 429) return { title: "Too many requests", text: "Wait " + (error.retryAfter || "a few") + " seconds and try again.", source };
  if (error.status >= 500) return { title: "The server has a problem", text: "Nothing is wrong with your passkey. Try again in a moment.", source };
  return { title: "The server refused", text: sentence(title) + (error.details ? " " + sentence(error.details.trim()) : ""), source: "Status " + error.status };
}

function sentence(text) {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : capital + ".";
}

// ---- Server ----

class ServerError extends Error {
  constructor(status, body, retryAfter) {
    super("refused by the server");
    this.status = status;
    this.body = body;
    this.title = String(body.title || "the server gave no reason");
    this.details = String(body.details || "");
    this.retryAfter = retryAfter;
  }
}

class Unreachable extends Error {}

function isUnauthorised(error) {
  return error instanceof ServerError && error.status === 401 && error.signed;
}

async function call(method, path, { body, signed, signal } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (signed) headers.Authorization = "Bearer " + session.token;
  const request = { method, headers, signal, cache: "no-store", credentials: "same-origin" };
  if (body !== undefined) request.body = JSON.stringify(body);
  let response;
  try {
    response = await fetch(path, request);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable();
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  const refusal = new ServerError(response.status, answer || {}, response.headers.get("Retry-After"));
  refusal.signed = Boolean(signed);
  throw refusal;
}

// ---- WebAuthn JSON ----

function creationOptions(json) {
  return Object.assign({}, json, {
    challenge: bytesOf(json.challenge),
    user: Object.assign({}, json.user, { id: bytesOf(json.user.id) }),
    excludeCredentials: (json.excludeCredentials || []).map(descriptor),
  });
}

function requestOptions(json) {
  return Object.assign({}, json, {
    challenge: bytesOf(json.challenge),
    allowCredentials: (json.allowCredentials || []).map(descriptor),
  });
}

function descriptor(json) {
  return Object.assign({}, json, { id: bytesOf(json.id) });
}

function registrationJson(credential) {
  const response = credential.response;
  return credentialJson(credential, {
    clientDataJSON: base64url(response.clientDataJSON),
    attestationObject: base64url(response.attestationObject),
    transports: response.getTransports ? response.getTransports() : [],
  });
}

function assertionJson(credential) {
  const response = credential.response;
  return credentialJson(credential, {
    clientDataJSON: base64url(response.clientDataJSON),
    authenticatorData: base64url(response.authenticatorData),
    signature: base64url(response.signature),
    userHandle: response.userHandle ? base64url(response.userHandle) : null,
  });
}

function credentialJson(credential, response) {
  return {
    id: credential.id,
    rawId: base64url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

function base64url(buffer) {
  let binary = "";
  new Uint8Array(buffer).forEach((byte) => { binary += String.fromCharCode(byte); });
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function bytesOf(text) {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function textOf(bytes) {
  return new TextDecoder().decode(bytes);
}

// ---- Small parts of the page ----

function element(name, attributes, children) {
  const node = document.createElement(name);
  Object.keys(attributes).forEach((key) => node.setAttribute(key, attributes[key]));
  node.append(...(children || []));
  return node;
}

function code(text) {
  return element("code", {}, [text]);
}

function shortened(id) {
  return id.length > 20 ? id.slice(0, 8) + "…" + id.slice(-6) : id;
}

function moment(at) {
  const date = new Date(at);
  const format = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return element("time", { datetime: date.toISOString() }, [date.toLocaleString(undefined, format)]);
}

start();
