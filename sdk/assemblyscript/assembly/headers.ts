// Headers and trailers as the host takes and gives them [Serialization]: the count, the sizes of each name and value
// (32 bits, little-endian), then each name and value with a NUL that is not counted.
import { decodeTextAt, encodeText } from "./host/text";

/** A line of headers or trailers. Names are lower case; `:method`, `:path`, `:authority`, `:status` are names, too. */
export class Header {
  constructor(public name: string, public value: string) {}
}

function writeText(at: usize, text: ArrayBuffer): usize {
  memory.copy(at, changetype<usize>(text), text.byteLength);
  return at + text.byteLength + 1; // new memory is zero, and so is the NUL
}

/** The bytes in which hosts take maps. */
export function encodeHeaders(headers: Header[]): ArrayBuffer {
  const texts = new Array<ArrayBuffer>(2 * headers.length);
  let size = 4 + 8 * headers.length;
  for (let i = 0; i < headers.length; ++i) {
    texts[2 * i] = encodeText(headers[i].name);
    texts[2 * i + 1] = encodeText(headers[i].value);
    size += texts[2 * i].byteLength + texts[2 * i + 1].byteLength + 2;
  }
  const bytes = new ArrayBuffer(size);
  const start = changetype<usize>(bytes);
  store<u32>(start, headers.length);
  let at = start + 4 + 4 * texts.length;
  for (let i = 0; i < texts.length; ++i) {
    store<u32>(start + 4 + 4 * i, texts[i].byteLength);
    at = writeText(at, texts[i]);
  }
  return bytes;
}

/** Malformed bytes: the headers before the fault. */
export function decodeHeaders(bytes: ArrayBuffer): Header[] {
  const headers = new Array<Header>();
  const total = <u64>bytes.byteLength;
  if (total < 4) return headers;
  const start = changetype<usize>(bytes);
  const count = <u64>load<u32>(start);
  let at: u64 = 4 + 8 * count;
  if (at > total) return headers;
  for (let i: u64 = 0; i < count; ++i) {
    const sizes = start + 4 + 8 * <usize>i;
    const nameSize = load<u32>(sizes);
    const valueSize = load<u32>(sizes + 4);
    const end = at + nameSize + valueSize + 2;
    if (end > total) break;
    const name = start + <usize>at;
    const value = name + nameSize + 1;
    headers.push(new Header(decodeTextAt(name, nameSize), decodeTextAt(value, valueSize)));
    at = end;
  }
  return headers;
}
