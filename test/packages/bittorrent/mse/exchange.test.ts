// Message Stream Encryption: known keystreams, both sides against each other however the stream is cut, and what no honest peer sends.

import { equalBytes, fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import { DialledExchange, DiallingExchange, type Step } from '@swarmscope/bittorrent/mse/exchange.ts';
import { cipher, KEY_BYTES, KeyPair, maskSwarmHash, swarmHash, syncHash } from '@swarmscope/bittorrent/mse/keys.ts';
import { Rc4 } from '@swarmscope/bittorrent/mse/rc4.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';

const INFO_HASH = fromHex('0123456789abcdef0123456789abcdef01234567')!;
const HELLO = new TextEncoder().encode('the first payload of the one who dials');

describe('RC4', () => {
  // RFC 6229: keystreams at offsets 0 and 1024.
  test.each([
    ['0102030405', 'b2396305f03dc027ccc3524a0a1118a8', '30abbcc7c20b01609f23ee2d5f6bb7df'],
    ['0102030405060708090a0b0c0d0e0f10', '9ac7cc9a609d1ef7b2932899cde41b97', 'bdf0324e6083dcc6d3cedd3ca8c53c16'],
  ])('key %s', (key, atStart, atOffset) => {
    expect(toHex(new Rc4(fromHex(key)!, 0).apply(new Uint8Array(16)))).toBe(atStart);
    expect(toHex(new Rc4(fromHex(key)!).apply(new Uint8Array(16)))).toBe(atOffset);
  });
});

describe('keys', () => {
  test('both sides make the same secret of 96 bytes, leading zeros kept', () => {
    const random = seededRandom(1);
    for (let i = 0; i < 5; i++) {
      const [a, b] = [new KeyPair(random), new KeyPair(random)];
      expect(a.publicKey).toHaveLength(KEY_BYTES);
      expect(toHex(a.secret(b.publicKey)!)).toBe(toHex(b.secret(a.publicKey)!));
    }
  });

  test('keys that force the secret are refused', () => {
    const pair = new KeyPair(seededRandom(1));
    const one = new Uint8Array(KEY_BYTES);
    expect(pair.secret(one)).toBeUndefined();
    one[KEY_BYTES - 1] = 1;
    expect(pair.secret(one)).toBeUndefined();
    expect(pair.secret(new Uint8Array(KEY_BYTES).fill(255))).toBeUndefined();
  });
});

interface Talk {
  dialling: Step['end'];
  dialled: Step['end'];
}

/** Runs both sides against each other; each write goes over in chunks of `chunk` bytes. */
function talk(options: { seed: number; offers: 'rc4' | 'both'; prefers: 'plain' | 'rc4'; chunk: number; knows?: boolean }): Talk {
  const random = seededRandom(options.seed);
  const a = new DiallingExchange({ infoHash: INFO_HASH, random, offers: options.offers, initial: HELLO });
  const infoHashOf = (hash: Uint8Array) =>
    options.knows !== false && equalBytes(hash, swarmHash(INFO_HASH)) ? INFO_HASH : undefined;
  const b = new DialledExchange({ random, infoHashOf, prefers: options.prefers });
  const result: Talk = { dialling: undefined, dialled: undefined };
  let toB: Uint8Array = a.start();
  let toA: Uint8Array = new Uint8Array(0);
  const feed = (side: { push(bytes: Uint8Array): Step }, bytes: Uint8Array, ended: (end: Step['end']) => void): Uint8Array => {
    const written: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += options.chunk) {
      const step = side.push(bytes.subarray(at, at + options.chunk));
      if (step.write) written.push(step.write);
      if (step.end !== undefined) {
        ended(step.end);
        break;
      }
    }
    return Buffer.concat(written);
  };
  for (let round = 0; round < 4 && toA.length + toB.length > 0; round++) {
    toA = feed(b, toB, (end) => {
      result.dialled = end;
    });
    toB = feed(a, toA, (end) => {
      result.dialling = end;
    });
  }
  return result;
}

describe('the exchange', () => {
  test.each([
    ['both', 'plain', 'mse_plain'],
    ['both', 'rc4', 'mse_rc4'],
    ['rc4', 'plain', 'mse_rc4'],
    ['rc4', 'rc4', 'mse_rc4'],
  ] as const)('offers %s, prefers %s: %s, in one chunk or byte by byte', (offers, prefers, encryption) => {
    for (const chunk of [1, 7, 100_000])
      for (let seed = 1; seed <= 3; seed++) {
        const { dialling, dialled } = talk({ seed, offers, prefers, chunk });
        expect(dialling).toMatchObject({ encryption });
        expect(dialled).toMatchObject({ encryption, infoHash: INFO_HASH, early: HELLO });
        if (typeof dialling !== 'object' || typeof dialled !== 'object') throw new Error('not agreed');
        const payload = randomBytes(seededRandom(seed), 1_000);
        const over = (from: Rc4 | undefined, to: Rc4 | undefined) => {
          const sent = from?.apply(payload.slice()) ?? payload;
          return to?.apply(sent.slice()) ?? sent;
        };
        expect(over(dialling.sending, dialled.receiving)).toEqual(payload);
        expect(over(dialled.sending, dialling.receiving)).toEqual(payload);
        if (encryption === 'mse_rc4') expect(dialling.sending?.apply(payload.slice())).not.toEqual(payload);
      }
  });

  test('a swarm that we are not in is refused', () => {
    expect(talk({ seed: 1, offers: 'both', prefers: 'plain', chunk: 100_000, knows: false }).dialled).toBe('refused');
  });
});

describe('what no honest peer sends', () => {
  /** Message 3 as we choose it, to a dialled side that has sent its key. */
  function third(clear: Uint8Array): Step {
    const random = seededRandom(9);
    const b = new DialledExchange({ random, infoHashOf: () => INFO_HASH, prefers: 'plain' });
    const keys = new KeyPair(seededRandom(4));
    const answer = b.push(keys.publicKey).write!;
    const secret = keys.secret(answer.subarray(0, KEY_BYTES))!;
    const secretPart = cipher('keyA', secret, INFO_HASH).apply(clear.slice());
    return b.push(Buffer.concat([syncHash(secret), maskSwarmHash(swarmHash(INFO_HASH), secret), secretPart]));
  }
  const clear = (fields: { vc?: number; provide?: number; pad?: number; initial?: number }) => {
    const bytes = new Uint8Array(16 + 512);
    const view = new DataView(bytes.buffer);
    bytes[7] = fields.vc ?? 0;
    view.setUint32(8, fields.provide ?? 3);
    view.setUint16(12, fields.pad ?? 0);
    view.setUint16(14, fields.initial ?? 0);
    return bytes;
  };

  test.each([
    ['a verification constant that is not zero', clear({ vc: 1 })],
    ['neither plain nor RC4', clear({ provide: 4 })],
    ['a pad that is too long', clear({ pad: 513 })],
    ['an initial payload that is too long', clear({ initial: 60_000 })],
    ['plain payload before our answer', clear({ provide: 1 })],
  ])('%s', (_name, bytes) => {
    expect(third(bytes).end).toBe('refused');
  });

  test('no mark within a pad: neither side looks on', () => {
    const random = seededRandom(2);
    const b = new DialledExchange({ random, infoHashOf: () => INFO_HASH, prefers: 'plain' });
    expect(b.push(new KeyPair(random).publicKey).end).toBeUndefined();
    expect(b.push(new Uint8Array(531)).end).toBeUndefined();
    expect(b.push(new Uint8Array(1)).end).toBe('refused');
    const a = new DiallingExchange({ infoHash: INFO_HASH, random, offers: 'rc4', initial: HELLO });
    expect(a.push(new KeyPair(random).publicKey).end).toBeUndefined();
    expect(a.push(new Uint8Array(519)).end).toBeUndefined();
    expect(a.push(new Uint8Array(1)).end).toBe('refused');
  });

  test('zeros and garbage of any length neither throw nor are agreed with', () => {
    const random = seededRandom(77);
    for (let run = 0; run < 200; run++) {
      const bytes = run % 2 === 0 ? new Uint8Array(2_000) : randomBytes(random, Math.floor(random() * 2_000));
      const b = new DialledExchange({ random, infoHashOf: () => INFO_HASH, prefers: 'rc4' });
      expect(b.push(bytes).end === undefined || b.push(bytes).end === 'refused').toBe(true);
    }
  });
});
