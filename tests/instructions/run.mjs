// How many instructions the server executes for one request of the hot path, counted by callgrind and compared with
// figures.json: a regression fails here without a clock, on whatever machine and however busy.
//
//   node tests/instructions/run.mjs            compares target/release/keywright with the figures
//   node tests/instructions/run.mjs --bless    makes what it counts the figures
//
// One worker, one connection, one request at a time, everything of the same length each time, nothing else due while it
// counts. What still differs from run to run is far below the tolerance: signatures in DER, the seeds of hash tables.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';
import { Passkey } from './passkey.mjs';

const TOLERANCE = 0.03;
const FIGURES = new URL('figures.json', import.meta.url);
const isBlessing = process.argv.includes('--bless');

const folder = mkdtempSync(path.join(tmpdir(), 'keywright-instructions-'));
const counted = {};
let server;
let known = [];

before(async () => {
  server = await Server.start(folder);
});

after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
  if (isBlessing && Object.keys(counted).length === Object.keys(STEPS).length) {
    writeFileSync(FIGURES, `${JSON.stringify(counted, null, 2)}\n`);
  }
});

// Each gives the requests that are counted; what they need is prepared before, uncounted.
const STEPS = {
  'registration/initialize': async (count) => {
    const requests = [];
    for (let i = 0; i < count; i += 1) requests.push(server.registration(`user-${pad(i % 1000)}`));
    return requests;
  },
  'login/initialize': async (count) => Array.from({ length: count }, () => server.login()),
  'registration/finalize': async (count) => {
    const requests = [];
    for (let i = 0; i < count; i += 1) {
      const passkey = new Passkey(`person-${pad(known.length)}`);
      const options = await server.send(server.registration(passkey.user));
      known.push(passkey);
      requests.push(server.post('registration/finalize', passkey.create(options)));
    }
    return requests;
  },
  'login/finalize': async (count) => {
    const requests = [];
    for (let i = 0; i < count; i += 1) {
      const options = await server.send(server.login());
      requests.push(server.post('login/finalize', known[i % known.length].get(options)));
    }
    return requests;
  },
};

const COUNTS = {
  'registration/initialize': 2000,
  'login/initialize': 2000,
  'registration/finalize': 200,
  'login/finalize': 200,
};

const figures = isBlessing ? {} : JSON.parse(readFileSync(FIGURES, 'utf8'));

for (const [step, prepare] of Object.entries(STEPS)) {
  test(step, async () => {
    await each(await prepare(COUNTS[step] / 4));
    const requests = await prepare(COUNTS[step]);
    await server.quiet();
    control('--zero');
    control('--instr=on');
    await each(requests);
    control('--instr=off');
    control(`--dump=${step}`);
    const instructions = Math.round(total(step) / requests.length);
    counted[step] = instructions;
    if (isBlessing) {
      console.log(`${step}: ${instructions} instructions a request`);
      return;
    }
    const difference = instructions / figures[step] - 1;
    const percent = `${difference < 0 ? '' : '+'}${(difference * 100).toFixed(1)} %`;
    console.log(`${step}: ${instructions} instructions a request, ${percent} of the figure ${figures[step]}`);
    assert.ok(
      Math.abs(difference) <= TOLERANCE,
      `${step} executes ${instructions} instructions, ${percent}: more is a regression; less, or more for a reason, is the new figure: tests/run bless`,
    );
  });
}

async function each(requests) {
  for (const request of requests) await server.send(request);
}

function control(option) {
  execFileSync('callgrind_control', [option, String(server.pid)], { stdio: 'pipe' });
}

// Of the dump that was made last: each says in its head what it was made for.
function total(step) {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith('callgrind.')) continue;
    const text = readFileSync(path.join(folder, name), 'latin1');
    if (!text.slice(0, 2000).includes(step)) continue;
    return Number(/^totals: (\d+)/m.exec(text)[1]);
  }
  throw new Error(`no dump for ${step}: ${readdirSync(folder)}`);
}

function pad(number) {
  return String(number).padStart(4, '0');
}
