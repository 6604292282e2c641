// IP addresses as text and as bytes: dotted IPv4, RFC 5952 IPv6; a v4-mapped v6 address (::ffff:a.b.c.d) is IPv4.

const COLON = 58;
const DOT = 46;

/** Texts of a byte, alone and behind a dot: three additions make an address, where a template makes ten texts. */
const OCTET = Array.from({ length: 256 }, (_, byte) => `${byte}`);
const DOT_OCTET = OCTET.map((octet) => `.${octet}`);

/** Four bytes as dotted text. */
export function formatV4(bytes: Uint8Array, offset = 0): string {
  return (
    OCTET[bytes[offset]!]! + DOT_OCTET[bytes[offset + 1]!]! + DOT_OCTET[bytes[offset + 2]!]! + DOT_OCTET[bytes[offset + 3]!]!
  );
}

function isMapped(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[offset + i] !== 0) return false;
  return bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff;
}

/** Sixteen bytes as RFC 5952 text (longest run of zero groups shortened, the first of equals); as dotted IPv4 when v4-mapped. */
export function formatV6(bytes: Uint8Array, offset = 0): string {
  if (isMapped(bytes, offset)) return formatV4(bytes, offset + 12);
  const group = (i: number) => (bytes[offset + 2 * i]! << 8) | bytes[offset + 2 * i + 1]!;
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && group(i + length) === 0) length++;
    if (length > bestLength) [bestStart, bestLength] = [i, length];
    if (length > 0) i += length - 1;
  }
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === bestStart) {
      text += '::';
      i += bestLength - 1;
    } else text += (text === '' || text.endsWith(':') ? '' : ':') + group(i).toString(16);
  }
  return text;
}

function parseV4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4);
  let at = 0;
  let value = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : DOT;
    if (code === DOT) {
      if (value < 0 || at > 3) return undefined;
      bytes[at++] = value;
      value = -1;
    } else if (code < 48 || code > 57 || value === 0) return undefined;
    else {
      value = Math.max(value, 0) * 10 + code - 48;
      if (value > 255) return undefined;
    }
  }
  return at === 4 ? bytes : undefined;
}

/** The 16-bit groups of one side of `::`; a dotted tail counts as two groups. */
function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const tail = i === parts.length - 1 ? parseV4(part) : undefined;
      if (!tail) return undefined;
      groups.push((tail[0]! << 8) | tail[1]!, (tail[2]! << 8) | tail[3]!);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function parseV6(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!);
  const tail = halves.length === 2 ? parseGroups(halves[1]!) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const bytes = new Uint8Array(16);
  for (const [i, group] of [...head, ...new Array<number>(missing).fill(0), ...tail].entries()) {
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group & 0xff;
  }
  return bytes;
}

/** The 4 or 16 bytes of an address in any usual spelling (no brackets, no zone); 4 bytes when v4-mapped; undefined when it is none. */
export function parseAddress(text: string): Uint8Array | undefined {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== COLON) continue;
    const bytes = parseV6(text);
    return bytes && isMapped(bytes, 0) ? bytes.slice(12) : bytes;
  }
  return parseV4(text);
}

/** The one spelling we use of an address, or undefined when the text is no IP address. */
export function canonicalAddress(text: string): string | undefined {
  const bytes = parseAddress(text);
  return bytes && (bytes.length === 4 ? formatV4(bytes) : formatV6(bytes));
}

/** IPv4 as an unsigned 32-bit number, -1 when the text is not dotted IPv4: for tables keyed by number. */
export function addressNumber(text: string): number {
  const bytes = parseV4(text);
  return bytes ? ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0 : -1;
}

/** The block that one party usually holds: /24 of IPv4, /48 of IPv6. Input is canonical text; a wrong one gives itself. */
export function addressPrefix(address: string): string {
  const bytes = parseAddress(address);
  if (!bytes) return address;
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.0/24`;
  bytes.fill(0, 6);
  return `${formatV6(bytes)}/48`;
}

/** What counts as one host for limits: the address itself for IPv4, its /64 for IPv6. */
export function addressHost(address: string): string {
  if (!address.includes(':')) return address;
  const bytes = parseAddress(address);
  if (bytes?.length !== 16) return address;
  bytes.fill(0, 8);
  return `${formatV6(bytes)}/64`;
}
