// Memory between plugin and host.
//
// What goes to the host stays the plugin's: the host copies it during the call. What comes from the host is allocated
// here, as an ArrayBuffer, so that nothing is copied a second time. It is pinned until the SDK takes it, since until
// then nothing in the plugin refers to it; then it is garbage like any other once the plugin has no more use for it.

/** Three words of static memory, into which the host writes results. Read them right after the call. */
export const FIRST: usize = memory.data(24, 8);
export const SECOND: usize = FIRST + 8;
export const THIRD: usize = FIRST + 16;

const EMPTY = new ArrayBuffer(0);

/** Called by the host for what it gives; `size` is never 0. */
export function proxy_on_memory_allocate(size: usize): usize {
  return __pin(__new(size, idof<ArrayBuffer>()));
}

/** A result as the host left it: its address in FIRST, its size in SECOND. */
export function takeBytes(): ArrayBuffer {
  const start = load<usize>(FIRST);
  const size = load<u32>(SECOND);
  if (size == 0) return EMPTY;
  const bytes = changetype<ArrayBuffer>(start);
  __unpin(start);
  return <u32>bytes.byteLength == size ? bytes : bytes.slice(0, size);
}

// @ts-ignore: decorator
@inline
export function addressOf(bytes: ArrayBuffer): usize {
  return changetype<usize>(bytes);
}
