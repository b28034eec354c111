"""HTTP/2 frames as the corpus writes them, to bytes; no library stands between the case and the wire.

  ask STREAM METHOD PATH [FLAG...] [| NAME VALUE]...   a request head: :scheme http, :authority a.test, and what follows
  head STREAM [FLAG...] [| NAME VALUE]...              HEADERS with these fields and no others
  block STREAM [FLAG...] BYTES                         HEADERS with a field block as it is
  more STREAM [FLAG...] [| NAME VALUE]...              CONTINUATION
  data STREAM [FLAG...] [BYTES]
  frame TYPE FLAGS STREAM [BYTES]                      anything
  bytes BYTES
Flags: `end` for END_STREAM, `open` for a field block that goes on. Escapes as in the rest of the corpus.
"""
import struct

from harness.corpus import unescape

DATA, HEADERS, CONTINUATION = 0, 1, 9
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def integer(value, bits):
    most = (1 << bits) - 1
    if value < most:
        return bytes([value])
    value -= most
    out = bytes([most])
    while value >= 128:
        out += bytes([value % 128 + 128])
        value //= 128
    return out + bytes([value])


def literal(name, value):
    """A field that is not indexed, without Huffman's code (RFC 7541 6.2.2)."""
    return b"\0" + integer(len(name), 7) + name + integer(len(value), 7) + value


def block(fields):
    return b"".join(literal(name, value) for name, value in fields)


def request(stream, method=b"GET", path=b"/a", more=(), flags=END_STREAM | END_HEADERS, authority=b"a.test"):
    fields = [(b":method", method), (b":scheme", b"http"), (b":authority", authority), (b":path", path), *more]
    return frame(HEADERS, flags, stream, block(fields))


def split_fields(text):
    fields = []
    for part in text.split(" | "):
        name, _, value = part.partition(" ")
        fields.append((unescape(name), unescape(value)))
    return fields


def take_flags(words):
    """The flags at the front of `words`, which are taken away."""
    flags = END_HEADERS
    while words and words[0] in ("end", "open"):
        flags = flags | END_STREAM if words[0] == "end" else flags & ~END_HEADERS
        del words[0]
    return flags


def to_bytes(line):
    """One line of the corpus."""
    line, bar, tail = line.partition(" | ")
    words = line.split(" ")
    what = words.pop(0)
    fields = split_fields(tail) if bar else []
    if what == "bytes":
        return unescape(" ".join(words))
    if what == "frame":
        return frame(*(int(word, 0) for word in words[:3]), unescape(" ".join(words[3:])))
    stream = int(words.pop(0))
    if what == "ask":
        method, path = unescape(words.pop(0)), unescape(words.pop(0))
        return request(stream, method, path, fields, take_flags(words))
    flags = take_flags(words)
    payload = unescape(" ".join(words))
    if what == "data":
        return frame(DATA, flags & END_STREAM, stream, payload)
    assert what in ("head", "block", "more"), f"no such frame: {line}"
    return frame(CONTINUATION if what == "more" else HEADERS, flags, stream, payload + block(fields))
