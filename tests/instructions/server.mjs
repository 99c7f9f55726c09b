// The server below callgrind, and one connection to it.

import { spawn } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ORIGIN = 'http://localhost:4499';
export const RP_ID = 'localhost';

const BINARY = process.env.KEYWRIGHT ?? fileURLToPath(new URL('../../target/release/keywright', import.meta.url));

// What runs by itself now and then is put off till long after.
const SETTINGS = {
  SERVER__PUBLIC_ADDRESS: '127.0.0.1:0',
  SERVER__ADMIN_ADDRESS: '127.0.0.1:0',
  SERVER__WORKERS: '1',
  SERVER__REQUEST_TIMEOUT: '10m',
  SERVER__KEEP_ALIVE: '10m',
  STORE__CHECKPOINT_EVERY: '1h',
  SNAPSHOTS__EVERY: '0s',
  LIMITS__TENANT_IDLE: '1h',
  TOKENS__PUBLISH_AHEAD: '0s',
  SECRETS__KEYS: 'a key for a store that goes at once',
  LOG__FORMAT: 'json',
};

export class Server {
  static async start(folder) {
    const settings = Object.entries(SETTINGS).map(([key, value]) => [`KEYWRIGHT__${key}`, value]);
    const child = spawn(
      'valgrind',
      ['--tool=callgrind', '--instr-atstart=no', `--callgrind-out-file=${path.join(folder, 'callgrind')}`, BINARY, 'serve'],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { PATH: process.env.PATH, ...Object.fromEntries(settings), KEYWRIGHT__STORE__DIRECTORY: path.join(folder, 'store') },
      },
    );
    const { public: address, admin } = await ready(child);
    const server = new Server(child, address);
    await server.makeTenant(admin);
    return server;
  }

  constructor(child, address) {
    this.child = child;
    this.pid = child.pid;
    const [host, port] = address.split(':');
    this.socket = net.connect(Number(port), host);
    this.socket.setNoDelay(true);
    this.head = `Host: ${address}\r\nContent-Type: application/json\r\n`;
  }

  async makeTenant(admin) {
    const config = {
      cors: { allowed_origins: [ORIGIN], allow_unsafe_wildcard: false },
      webauthn: {
        relying_party: { id: RP_ID, display_name: 'Instructions', origins: [ORIGIN] },
        timeout: 600000,
        user_verification: 'preferred',
        attestation_preference: 'none',
        resident_key_requirement: 'required',
      },
      // The signature that takes the same instructions each time.
      tokens: { algorithm: 'ES256' },
    };
    const answer = await fetch(`http://${admin}/tenants`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ display_name: 'Instructions', create_api_key: true, config }),
    });
    const tenant = await answer.json();
    this.tenant = tenant.id;
    this.key = tenant.api_key.secret;
  }

  registration(user) {
    const body = { user_id: user, username: `${user}@example.com`, display_name: 'Some One' };
    return this.post('registration/initialize', body, `apiKey: ${this.key}\r\n`);
  }

  login() {
    return this.post('login/initialize', undefined);
  }

  post(route, body, headers = '') {
    const text = body === undefined ? '' : JSON.stringify(body);
    return `POST /${this.tenant}/${route} HTTP/1.1\r\n${this.head}${headers}Content-Length: ${text.length}\r\n\r\n${text}`;
  }

  // The answer's body, which must be a success.
  async send(request) {
    this.socket.write(request);
    let text = '';
    for (;;) {
      const end = text.indexOf('\r\n\r\n');
      const length = end < 0 ? undefined : Number(/content-length: (\d+)/i.exec(text)[1]);
      if (length !== undefined && text.length >= end + 4 + length) {
        const body = text.slice(end + 4);
        if (!text.startsWith('HTTP/1.1 200')) throw new Error(text);
        return JSON.parse(body);
      }
      text += await this.chunk();
    }
  }

  chunk() {
    return new Promise((resolve, reject) => {
      this.socket.once('data', (data) => {
        this.socket.off('error', reject);
        resolve(data.toString('latin1'));
      });
      this.socket.once('error', reject);
    });
  }

  // Until nothing runs that nobody asked for: new keys are made in the background. Thrice, for on a busy machine who works
  // may look idle.
  async quiet() {
    for (let times = 0; times < 3; ) {
      const earlier = this.ticks();
      await sleep(1000);
      times = this.ticks() - earlier < 5 ? times + 1 : 0;
    }
  }

  // Hundredths of a second of processor time.
  ticks() {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  }

  async stop() {
    this.socket.destroy();
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
  }
}

// The addresses, from the log line of a server that is ready.
function ready(child) {
  return new Promise((resolve, reject) => {
    const said = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      if (line.includes('"keywright is ready"')) resolve(JSON.parse(line));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`it ended with ${code}:\n${said.join('\n')}`)));
  });
}
