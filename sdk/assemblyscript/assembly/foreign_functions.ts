// Functions that a host offers beyond the ABI.
import { proxy_call_foreign_function } from "./host/imports";
import { FIRST, SECOND, addressOf, takeBytes } from "./host/memory";
import { keepStatus } from "./host/status";
import { encodeText } from "./host/text";
import { Status } from "./numbers";

/** Its result, which may be empty; null when it failed (lastStatus(): NotFound when the host has no such function). */
export function callForeignFunction(name: string, argument: ArrayBuffer): ArrayBuffer | null {
  const text = encodeText(name);
  const status = keepStatus(proxy_call_foreign_function(
    addressOf(text), text.byteLength, addressOf(argument), argument.byteLength, FIRST, SECOND));
  return status == Status.Ok ? takeBytes() : null;
}
