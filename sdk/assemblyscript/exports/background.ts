// What happens beside exchanges and connections: time, messages, answers to calls of the plugin.
import { Context } from "../assembly/contexts";
import { endGrpcCall, findGrpcCall } from "../assembly/grpc_calls";
import { takeHttpCall } from "../assembly/http_calls";
import { GrpcStatus, Status } from "../assembly/numbers";
import { contextOf, findContext, rootOf } from "../assembly/registry";

export function proxy_on_tick(rootId: u32): void {
  rootOf(rootId).onTick();
}

export function proxy_on_queue_ready(rootId: u32, queueId: u32): void {
  rootOf(rootId).onQueueReady(queueId);
}

export function proxy_on_foreign_function(contextId: u32, functionId: u32, argumentsSize: u32): void {
  contextOf(contextId).onForeignFunction(functionId, argumentsSize);
}

/** The host answers to the root context; this is the one that has called, as the effective one. Null: it has gone. */
function callerOf(contextId: u32, rootId: u32): Context | null {
  const caller = findContext(contextId);
  if (caller === null || contextId == rootId) return caller;
  return caller.makeEffective() == Status.Ok ? caller : null;
}

export function proxy_on_http_call_response(
  rootId: u32, callId: u32, numHeaders: u32, bodySize: u32, numTrailers: u32
): void {
  const call = takeHttpCall(callId);
  if (call === null) return;
  const caller = callerOf(call.contextId, rootId);
  if (caller === null) return;
  const callback = call.callback;
  if (callback === null) {
    caller.onHttpCallResponse(callId, numHeaders, bodySize, numTrailers);
  } else {
    callback(caller, callId, numHeaders, bodySize, numTrailers);
  }
}

function grpcCallerOf(callId: u32, rootId: u32): Context | null {
  const call = findGrpcCall(callId);
  return call === null ? null : callerOf(call.contextId, rootId);
}

export function proxy_on_grpc_receive_initial_metadata(rootId: u32, callId: u32, numHeaders: u32): void {
  const caller = grpcCallerOf(callId, rootId);
  if (caller !== null) caller.onGrpcReceiveInitialMetadata(callId, numHeaders);
}

export function proxy_on_grpc_receive(rootId: u32, callId: u32, messageSize: u32): void {
  const caller = grpcCallerOf(callId, rootId);
  const call = findGrpcCall(callId);
  if (call !== null && !call.isStream) endGrpcCall(callId);
  if (caller !== null) caller.onGrpcReceive(callId, messageSize);
}

export function proxy_on_grpc_receive_trailing_metadata(rootId: u32, callId: u32, numTrailers: u32): void {
  const caller = grpcCallerOf(callId, rootId);
  if (caller !== null) caller.onGrpcReceiveTrailingMetadata(callId, numTrailers);
}

export function proxy_on_grpc_close(rootId: u32, callId: u32, status: i32): void {
  const caller = grpcCallerOf(callId, rootId);
  endGrpcCall(callId);
  if (caller !== null) caller.onGrpcClose(callId, <GrpcStatus>status);
}
