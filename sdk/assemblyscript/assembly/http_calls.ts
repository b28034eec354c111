// HTTP requests of the plugin itself; Context.httpCall starts them. Whose a call is, until its answer has come.
import { Context } from "./contexts";
import { Header, encodeHeaders } from "./headers";
import { proxy_get_status, proxy_http_call } from "./host/imports";
import { FIRST, SECOND, THIRD, addressOf, takeBytes } from "./host/memory";
import { keepStatus } from "./host/status";
import { decodeText, encodeText } from "./host/text";
import { Status } from "./numbers";

/** In the place of a call's number: there is no call. */
export const NO_CALL: u32 = u32.MAX_VALUE;

/**
 * `origin` is the context that has called. A function cannot capture variables: keep what it needs in the context, and
 * cast: `(origin as MyContext).value`.
 */
export type HttpCallback = (
  origin: Context, callId: u32, numHeaders: u32, bodySize: u32, numTrailers: u32
) => void;

export class PendingHttpCall {
  constructor(readonly contextId: u32, readonly callback: HttpCallback | null) {}
}

const pending = new Map<u32, PendingHttpCall>();

export function startHttpCall(
  contextId: u32, upstream: string, headers: Header[], body: ArrayBuffer, trailers: Header[], timeout: u32,
  callback: HttpCallback | null
): u32 {
  const name = encodeText(upstream);
  const head = encodeHeaders(headers);
  const tail = encodeHeaders(trailers);
  const status = keepStatus(proxy_http_call(
    addressOf(name), name.byteLength, addressOf(head), head.byteLength, addressOf(body), body.byteLength,
    addressOf(tail), tail.byteLength, timeout, FIRST));
  if (status != Status.Ok) return NO_CALL;
  const id = load<u32>(FIRST);
  pending.set(id, new PendingHttpCall(contextId, callback));
  return id;
}

/** Whose call that was; null when it is not known (any more). */
export function takeHttpCall(callId: u32): PendingHttpCall | null {
  if (!pending.has(callId)) return null;
  const call = pending.get(callId);
  pending.delete(callId);
  return call;
}

/** Calls of a root context that has gone are not answered. */
export function forgetHttpCalls(contextId: u32): void {
  const ids = pending.keys();
  for (let i = 0; i < ids.length; ++i) {
    if (pending.get(ids[i]).contextId == contextId) pending.delete(ids[i]);
  }
}

export class CallStatus {
  constructor(
    /** 0 when all went well; hosts differ in the others. */
    readonly code: u32,
    readonly message: string
  ) {}
}

/** In the callbacks of httpCall and gRPC: how the call ended. */
export function getCallStatus(): CallStatus {
  const status = keepStatus(proxy_get_status(THIRD, FIRST, SECOND));
  if (status != Status.Ok) return new CallStatus(0, "");
  const code = load<u32>(THIRD);
  return new CallStatus(code, decodeText(takeBytes()));
}
