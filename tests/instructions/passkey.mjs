// An authenticator with an ES256 key that vouches for nothing. The lengths of what it says never change, but for a byte or
// two of a signature.

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { ORIGIN, RP_ID } from './server.mjs';

export class Passkey {
  constructor(user) {
    this.user = user;
    this.id = randomBytes(32);
    this.keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  }

  // The response to creation options.
  create({ publicKey }) {
    const { x, y } = this.keys.publicKey.export({ format: 'jwk' });
    const point = (text) => Buffer.concat([Buffer.from([0x58, 0x20]), Buffer.from(text, 'base64url')]);
    // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
    const key = Buffer.concat([
      Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]),
      point(x),
      Buffer.from([0x22]),
      point(y),
    ]);
    const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, this.id.length]), this.id, key]);
    const data = authenticatorData(0x45, attested);
    const object = Buffer.concat([
      Buffer.from([0xa3]),
      text('fmt'),
      text('none'),
      text('attStmt'),
      Buffer.from([0xa0]),
      text('authData'),
      Buffer.from([0x58, data.length]),
      data,
    ]);
    return this.response({
      clientDataJSON: base64url(clientData('webauthn.create', publicKey)),
      attestationObject: base64url(object),
      transports: ['internal'],
    });
  }

  // The response to request options.
  get({ publicKey }) {
    const client = clientData('webauthn.get', publicKey);
    const data = authenticatorData(0x05, Buffer.alloc(0));
    const hash = createHash('sha256').update(client).digest();
    return this.response({
      clientDataJSON: base64url(client),
      authenticatorData: base64url(data),
      signature: base64url(sign('sha256', Buffer.concat([data, hash]), this.keys.privateKey)),
      userHandle: base64url(Buffer.from(this.user)),
    });
  }

  response(response) {
    const id = base64url(this.id);
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }
}

// Counter 0, as of a passkey that lives on several devices.
function authenticatorData(flags, rest) {
  const hash = createHash('sha256').update(RP_ID).digest();
  return Buffer.concat([hash, Buffer.from([flags, 0, 0, 0, 0]), rest]);
}

function clientData(type, { challenge }) {
  return Buffer.from(JSON.stringify({ type, challenge, origin: ORIGIN, crossOrigin: false }));
}

// In CBOR; shorter than 24 bytes.
function text(value) {
  return Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)]);
}

function base64url(bytes) {
  return bytes.toString('base64url');
}
