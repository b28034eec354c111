// What becomes of the streams of the effective context: that of the running callback, or a chosen one.
import { Header, encodeHeaders } from "./headers";
import {
  proxy_close_stream, proxy_continue_stream, proxy_done, proxy_send_local_response, proxy_set_effective_context
} from "./host/imports";
import { addressOf } from "./host/memory";
import { keepStatus } from "./host/status";
import { encodeText } from "./host/text";
import { GrpcStatus, Status, StreamType } from "./numbers";

/** What is held goes on when the running callback has returned. Unimplemented: not this kind of stream, here. */
export function continueStream(stream: StreamType): Status {
  return keepStatus(proxy_continue_stream(stream));
}

export function continueRequest(): Status {
  return continueStream(StreamType.Request);
}

export function continueResponse(): Status {
  return continueStream(StreamType.Response);
}

/** Ends the exchange or the connection when the running callback has returned. Unimplemented: not this kind, here. */
export function closeStream(stream: StreamType): Status {
  return keepStatus(proxy_close_stream(stream));
}

/**
 * Answers the request in place of the upstream, when the running callback has returned; return
 * FilterHeadersStatus.StopIteration (or the same of the data or trailers) from it. `details` is for the host's log.
 * BadArgument: there is no HTTP stream, or it has been answered.
 */
export function sendLocalResponse(
  status: u32, body: string = "", headers: Header[] = [], details: string = "", grpcStatus: GrpcStatus = GrpcStatus.None
): Status {
  return sendLocalResponseBytes(status, encodeText(body), headers, details, grpcStatus);
}

/** The same with a body that is not text. */
export function sendLocalResponseBytes(
  status: u32, body: ArrayBuffer, headers: Header[] = [], details: string = "", grpcStatus: GrpcStatus = GrpcStatus.None
): Status {
  const why = encodeText(details);
  const map = encodeHeaders(headers);
  return keepStatus(proxy_send_local_response(
    status, addressOf(why), why.byteLength, addressOf(body), body.byteLength, addressOf(map), map.byteLength,
    grpcStatus));
}

/** Later calls work on that context until the running callback ends. BadArgument: there is none, or it has gone. */
export function setEffectiveContext(contextId: u32): Status {
  return keepStatus(proxy_set_effective_context(contextId));
}

/** After onDone returned false: the effective context may be deleted. NotFound: it was not waited for. */
export function done(): Status {
  return keepStatus(proxy_done());
}
