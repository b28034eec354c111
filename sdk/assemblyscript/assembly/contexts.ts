// What a plugin is made of: one root context for each of its configurations, and below it one context for each exchange
// (HttpContext) or connection (TcpContext). A plugin extends these classes and overrides what it wants to hear of.
//
// The SDK holds a context from its creation to its onDelete, so that the garbage collector leaves it alone. A callback
// is never called while another one runs.
import { GrpcCall, cancelGrpc, closeGrpc, sendGrpc, startGrpcCall, startGrpcStream } from "./grpc_calls";
import { Header } from "./headers";
import { HttpCallback, startHttpCall } from "./http_calls";
import {
  FilterDataStatus, FilterHeadersStatus, FilterStatus, FilterTrailersStatus, GrpcStatus, PeerType, Status
} from "./numbers";
import { done, setEffectiveContext } from "./streams";

/** What all contexts have. */
export abstract class Context {
  constructor(
    /** The host's number of it. */
    readonly contextId: u32
  ) {}

  /** False: the host waits with the end until finish() was called, from any callback. */
  onDone(): bool {
    return true;
  }

  /** The last look at the headers of an exchange. */
  onLog(): void {}

  /** The end; nothing comes after it. */
  onDelete(): void {}

  /** The host calls a function of the plugin; the arguments are in `foreignFunctionArguments`. */
  onForeignFunction(functionId: u32, argumentsSize: u32): void {}

  /**
   * The response to an httpCall without a callback of its own, in `httpCallResponseHeaders`, `httpCallResponseBody` and
   * `httpCallResponseTrailers`. All three numbers are 0 when none came: getCallStatus() says more.
   */
  onHttpCallResponse(callId: u32, numHeaders: u32, bodySize: u32, numTrailers: u32): void {}

  /** Of a grpcStream, in `grpcInitialMetadata`. */
  onGrpcReceiveInitialMetadata(callId: u32, numHeaders: u32): void {}

  /** A message of a grpcStream, or the one of a grpcCall, which then has ended; in `grpcMessage`. */
  onGrpcReceive(callId: u32, messageSize: u32): void {}

  /** Of a grpcStream, in `grpcTrailingMetadata`. */
  onGrpcReceiveTrailingMetadata(callId: u32, numTrailers: u32): void {}

  /** A grpcStream has ended, or a grpcCall without a message. getCallStatus() has the text. */
  onGrpcClose(callId: u32, status: GrpcStatus): void {}

  /**
   * Asks an upstream, by the name that it has at the host. `headers` need `:method`, `:path` and `:authority`. The
   * answer comes later, to `callback` or else to onHttpCallResponse, as a call of this context; it does not come when
   * this context has gone by then. Returns the call's number, or NO_CALL and no answer comes (lastStatus():
   * BadArgument for an unknown upstream or a missing header, InternalFailure).
   */
  httpCall(
    upstream: string, headers: Header[], body: ArrayBuffer = new ArrayBuffer(0), trailers: Header[] = [],
    timeoutMilliseconds: u32 = 5000, callback: HttpCallback | null = null
  ): u32 {
    return startHttpCall(this.contextId, upstream, headers, body, trailers, timeoutMilliseconds, callback);
  }

  /** One message there, one back: onGrpcReceive, or onGrpcClose when it failed. NO_CALL: as httpCall. */
  grpcCall(
    upstream: string, service: string, method: string, message: ArrayBuffer, initialMetadata: Header[] = [],
    timeoutMilliseconds: u32 = 5000
  ): u32 {
    return startGrpcCall(
      this.contextId, new GrpcCall(upstream, service, method, initialMetadata), message, timeoutMilliseconds);
  }

  /** Messages both ways, until onGrpcClose. NO_CALL: as httpCall. */
  grpcStream(upstream: string, service: string, method: string, initialMetadata: Header[] = []): u32 {
    return startGrpcStream(this.contextId, new GrpcCall(upstream, service, method, initialMetadata));
  }

  /** NotFound: no such stream. BadArgument: a number that is not of a stream. */
  grpcSend(callId: u32, message: ArrayBuffer, endOfStream: bool): Status {
    return sendGrpc(callId, message, endOfStream);
  }

  /** Ends it; nothing of it comes any more. NotFound: no such call. */
  grpcCancel(callId: u32): Status {
    return cancelGrpc(callId);
  }

  /** The plugin's side of a stream ends; the other's goes on until onGrpcClose. NotFound: no such call. */
  grpcClose(callId: u32): Status {
    return closeGrpc(callId);
  }

  /** Host calls in this callback work on this context from now on. BadArgument: it has gone. */
  makeEffective(): Status {
    return setEffectiveContext(this.contextId);
  }

  /** After onDone returned false: the host may end this context. NotFound: it was not waited for. */
  finish(): Status {
    const status = this.makeEffective();
    return status == Status.Ok ? done() : status;
  }
}

/** One configuration of the plugin. Lives as long as the host has it, on each worker for itself. */
export class RootContext extends Context {
  constructor(contextId: u32) {
    super(contextId);
  }

  /** The text of the VM's configuration is in `vmConfiguration`. False refuses it: log why before. */
  onVmStart(configurationSize: u32): bool {
    return true;
  }

  /** As onConfigure, but only to learn whether it is right; few hosts call it. */
  validateConfiguration(configurationSize: u32): bool {
    return true;
  }

  /** The text of the configuration is in `pluginConfiguration`. False refuses it: log why before. */
  onConfigure(configurationSize: u32): bool {
    return true;
  }

  /** Time has passed: see setTickPeriodMilliseconds. */
  onTick(): void {}

  /** A message has come to a queue that this context has registered. Another worker may have taken it already. */
  onQueueReady(queueId: u32): void {}

  /** The context of a new exchange or connection. */
  createContext(contextId: u32): Context {
    return new HttpContext(contextId, this);
  }
}

/** An HTTP request and its response. */
export class HttpContext extends Context {
  constructor(contextId: u32, readonly root: RootContext) {
    super(contextId);
  }

  /** `endOfStream`: neither body nor trailers follow. */
  onRequestHeaders(numHeaders: u32, endOfStream: bool): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }

  /** `bodySize`: bytes that can be seen in `requestBody`, this piece and those that are held. */
  onRequestBody(bodySize: u32, endOfStream: bool): FilterDataStatus {
    return FilterDataStatus.Continue;
  }

  onRequestTrailers(numTrailers: u32): FilterTrailersStatus {
    return FilterTrailersStatus.Continue;
  }

  onResponseHeaders(numHeaders: u32, endOfStream: bool): FilterHeadersStatus {
    return FilterHeadersStatus.Continue;
  }

  /** `bodySize`: bytes that can be seen in `responseBody`, this piece and those that are held. */
  onResponseBody(bodySize: u32, endOfStream: bool): FilterDataStatus {
    return FilterDataStatus.Continue;
  }

  onResponseTrailers(numTrailers: u32): FilterTrailersStatus {
    return FilterTrailersStatus.Continue;
  }
}

/** A TCP connection, for hosts that show them to plugins. */
export class TcpContext extends Context {
  constructor(contextId: u32, readonly root: RootContext) {
    super(contextId);
  }

  onNewConnection(): FilterStatus {
    return FilterStatus.Continue;
  }

  /** From the client, in `downstreamData`. */
  onDownstreamData(dataSize: u32, endOfStream: bool): FilterStatus {
    return FilterStatus.Continue;
  }

  /** From the upstream, in `upstreamData`. */
  onUpstreamData(dataSize: u32, endOfStream: bool): FilterStatus {
    return FilterStatus.Continue;
  }

  onDownstreamConnectionClose(by: PeerType): void {}

  onUpstreamConnectionClose(by: PeerType): void {}
}
