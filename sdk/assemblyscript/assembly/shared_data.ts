// Values under keys, common to the VMs of the plugin on all workers. They outlive VMs and configurations.
import { proxy_get_shared_data, proxy_set_shared_data } from "./host/imports";
import { FIRST, SECOND, THIRD, addressOf, takeBytes } from "./host/memory";
import { keepStatus } from "./host/status";
import { decodeText, encodeText } from "./host/text";
import { Status } from "./numbers";

export class SharedData {
  constructor(
    public value: ArrayBuffer,
    /** Changes with each write. */
    public cas: u32
  ) {}

  get text(): string {
    return decodeText(this.value);
  }
}

/** Null when the key is missing. */
export function getSharedData(key: string): SharedData | null {
  const name = encodeText(key);
  const status = keepStatus(proxy_get_shared_data(addressOf(name), name.byteLength, FIRST, SECOND, THIRD));
  if (status != Status.Ok) return null;
  const cas = load<u32>(THIRD);
  return new SharedData(takeBytes(), cas);
}

/**
 * With a `cas` of 0 it always writes, else only if that is still the value's (CasMismatch when not: read again and
 * repeat). InternalFailure: there is no room.
 */
export function setSharedData(key: string, value: ArrayBuffer, cas: u32 = 0): Status {
  const name = encodeText(key);
  return keepStatus(
    proxy_set_shared_data(addressOf(name), name.byteLength, addressOf(value), value.byteLength, cas));
}

export function setSharedText(key: string, value: string, cas: u32 = 0): Status {
  return setSharedData(key, encodeText(value), cas);
}
