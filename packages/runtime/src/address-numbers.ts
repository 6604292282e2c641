// IP addresses as numbers, read from text without a library: the hot path of the address policy.

/** IPv4 text as an unsigned 32-bit integer; -1 when it is none. */
export function v4Number(text: string): number {
  let number = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (digit === -2) {
      if (octet < 0 || dots === 3) return -1;
      number = number * 256 + octet;
      octet = -1;
      dots += 1;
    } else if (digit < 0 || digit > 9 || octet === 0) return -1;
    else {
      octet = (octet < 0 ? 0 : octet * 10) + digit;
      if (octet > 255) return -1;
    }
  }
  return dots === 3 && octet >= 0 ? number * 256 + octet : -1;
}

/** Writes the eight 16-bit groups of IPv6 text into `groups`; false when it is none. A dotted tail and `::` are understood, a zone is not. */
export function readV6(text: string, groups: Uint16Array): boolean {
  let count = 0;
  let gap = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    const colon = text.indexOf(':', at);
    const end = colon < 0 ? text.length : colon;
    if (colon < 0 && text.indexOf('.', at) >= 0) {
      const tail = v4Number(text.slice(at));
      if (tail < 0 || count > 6) return false;
      groups[count++] = tail >>> 16;
      groups[count++] = tail & 0xffff;
      at = end;
      break;
    }
    const group = hexGroup(text, at, end);
    if (group < 0 || count > 7) return false;
    groups[count++] = group;
    at = end + 1;
    if (colon < 0) break;
    if (text.charCodeAt(at) === 58) {
      if (gap >= 0) return false;
      gap = count;
      at += 1;
    } else if (at === text.length) return false;
  }
  if (gap < 0) return count === 8;
  if (count > 7) return false;
  groups.copyWithin(8 - (count - gap), gap, count);
  groups.fill(0, gap, 8 - (count - gap));
  return true;
}

/** One to four hexadecimal digits; -1 otherwise. */
function hexGroup(text: string, start: number, end: number): number {
  if (end - start < 1 || end - start > 4) return -1;
  let value = 0;
  for (let i = start; i < end; i += 1) {
    const code = text.charCodeAt(i);
    const lower = code | 32;
    if (code >= 48 && code <= 57) value = value * 16 + code - 48;
    else if (lower >= 97 && lower <= 102) value = value * 16 + lower - 87;
    else return -1;
  }
  return value;
}

/** `fe80::1%eth0` without `%eth0`, as endpoints are written. */
export function withoutZone(address: string): string {
  const percent = address.indexOf('%');
  return percent < 0 ? address : address.slice(0, percent);
}
