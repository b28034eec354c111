// Text: UTF-16 in AssemblyScript, UTF-8 at the host.

const REPLACEMENT = 0xfffd;

/** UTF-8. A surrogate without its other half becomes U+FFFD. */
export function encodeText(text: string): ArrayBuffer {
  return String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
}

/** Each byte that is no UTF-8 becomes U+FFFD; take what may be so as bytes. */
export function decodeText(bytes: ArrayBuffer): string {
  return decodeTextAt(changetype<usize>(bytes), bytes.byteLength);
}

/** The language's own decoder ends the text at the first fault, and a plugin would not see what the upstream sees. */
export function decodeTextAt(start: usize, size: usize): string {
  const text = changetype<string>(__new(2 * size, idof<string>())); // no byte becomes more than one unit
  const end = start + size;
  let to = changetype<usize>(text);
  for (let at = start; at < end; ) {
    const lead = <u32>load<u8>(at);
    const more: usize = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    const code = more == 0 ? lead : decodeCharacter(at, end, lead, more);
    at += code == REPLACEMENT ? (isReplacement(at, end) ? 3 : 1) : more + 1;
    to = storeCharacter(to, code);
  }
  return changetype<string>(__renew(changetype<usize>(text), to - changetype<usize>(text)));
}

/** A character of `more` bytes after its first; REPLACEMENT where there is none (RFC 3629 4). */
function decodeCharacter(at: usize, end: usize, lead: u32, more: usize): u32 {
  if (lead < 0xc2 || lead > 0xf4 || at + more >= end) return REPLACEMENT;
  let code = lead & (0x3f >> <u32>more);
  for (let i: usize = 1; i <= more; ++i) {
    const byte = <u32>load<u8>(at + i);
    if ((byte & 0xc0) != 0x80) return REPLACEMENT;
    code = code << 6 | byte & 0x3f;
  }
  const isTooLong = more == 2 && code < 0x800 || more == 3 && code < 0x10000;
  const isSurrogate = (code & 0xfffff800) == 0xd800;
  return isTooLong || isSurrogate || code > 0x10ffff ? REPLACEMENT : code;
}

/** U+FFFD may also stand in the text itself. */
function isReplacement(at: usize, end: usize): bool {
  return at + 2 < end && load<u8>(at) == 0xef && load<u8>(at, 1) == 0xbf && load<u8>(at, 2) == 0xbd;
}

function storeCharacter(to: usize, code: u32): usize {
  if (code < 0x10000) {
    store<u16>(to, <u16>code);
    return to + 2;
  }
  store<u16>(to, <u16>(0xd7c0 + (code >> 10)));
  store<u16>(to, <u16>(0xdc00 | code & 0x3ff), 2);
  return to + 4;
}
