// gRPC calls of the plugin itself; Context.grpcCall and Context.grpcStream start them. Whose a call is, until its end.
import { Header, encodeHeaders } from "./headers";
import {
  proxy_grpc_call, proxy_grpc_cancel, proxy_grpc_close, proxy_grpc_send, proxy_grpc_stream
} from "./host/imports";
import { FIRST, addressOf } from "./host/memory";
import { keepStatus } from "./host/status";
import { encodeText } from "./host/text";
import { NO_CALL } from "./http_calls";
import { Status } from "./numbers";

/** Where a call goes, as the host takes it. */
export class GrpcCall {
  readonly upstream: ArrayBuffer;
  readonly service: ArrayBuffer;
  readonly method: ArrayBuffer;
  readonly metadata: ArrayBuffer;

  constructor(upstream: string, service: string, method: string, metadata: Header[]) {
    this.upstream = encodeText(upstream);
    this.service = encodeText(service);
    this.method = encodeText(method);
    this.metadata = encodeHeaders(metadata);
  }
}

export class PendingGrpcCall {
  constructor(readonly contextId: u32, readonly isStream: bool) {}
}

const pending = new Map<u32, PendingGrpcCall>();

function begun(status: Status, contextId: u32, isStream: bool): u32 {
  if (status != Status.Ok) return NO_CALL;
  const id = load<u32>(FIRST);
  pending.set(id, new PendingGrpcCall(contextId, isStream));
  return id;
}

export function startGrpcCall(contextId: u32, call: GrpcCall, message: ArrayBuffer, timeout: u32): u32 {
  const status = keepStatus(proxy_grpc_call(
    addressOf(call.upstream), call.upstream.byteLength, addressOf(call.service), call.service.byteLength,
    addressOf(call.method), call.method.byteLength, addressOf(call.metadata), call.metadata.byteLength,
    addressOf(message), message.byteLength, timeout, FIRST));
  return begun(status, contextId, false);
}

export function startGrpcStream(contextId: u32, call: GrpcCall): u32 {
  const status = keepStatus(proxy_grpc_stream(
    addressOf(call.upstream), call.upstream.byteLength, addressOf(call.service), call.service.byteLength,
    addressOf(call.method), call.method.byteLength, addressOf(call.metadata), call.metadata.byteLength, FIRST));
  return begun(status, contextId, true);
}

export function sendGrpc(callId: u32, message: ArrayBuffer, endOfStream: bool): Status {
  return keepStatus(proxy_grpc_send(callId, addressOf(message), message.byteLength, i32(endOfStream)));
}

export function cancelGrpc(callId: u32): Status {
  pending.delete(callId);
  return keepStatus(proxy_grpc_cancel(callId));
}

export function closeGrpc(callId: u32): Status {
  return keepStatus(proxy_grpc_close(callId));
}

/** Whose call that is; null when it is not known (any more). */
export function findGrpcCall(callId: u32): PendingGrpcCall | null {
  return pending.has(callId) ? pending.get(callId) : null;
}

export function endGrpcCall(callId: u32): void {
  pending.delete(callId);
}

/** Calls of a root context that has gone are not answered. */
export function forgetGrpcCalls(contextId: u32): void {
  const ids = pending.keys();
  for (let i = 0; i < ids.length; ++i) {
    if (pending.get(ids[i]).contextId == contextId) pending.delete(ids[i]);
  }
}
