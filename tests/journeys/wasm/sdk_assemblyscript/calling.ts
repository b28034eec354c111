// Calls of the plugin itself, and what is answered to them.
import {
  Context, FilterHeadersStatus, GrpcStatus, Header, HttpContext, RootContext, encodeText, getCallStatus,
  grpcInitialMetadata, grpcMessage, grpcTrailingMetadata, httpCallResponseBody, httpCallResponseHeaders,
  httpCallResponseTrailers, logInfo, sendLocalResponse
} from "@sallyport/proxy-wasm";

const HEAD: Header[] = [new Header(":method", "GET"), new Header(":path", "/"), new Header(":authority", "there")];

function answered(origin: Context, callId: u32, numHeaders: u32, bodySize: u32, numTrailers: u32): void {
  const calling = origin as Calling;
  calling.answers += 1;
  logInfo(
    "callback of " + origin.contextId.toString() + ": call " + callId.toString() + ", " + numHeaders.toString() + " " +
    httpCallResponseHeaders.get(":status")! + ", " + bodySize.toString() + " " + httpCallResponseBody.getText() + ", " +
    numTrailers.toString() + ", answer " + calling.answers.toString());
  sendLocalResponse(200, "answered: " + httpCallResponseBody.getText());
}

export class Calling extends HttpContext {
  answers: i32 = 0;

  constructor(contextId: u32, root: RootContext) {
    super(contextId, root);
  }

  onRequestHeaders(numHeaders: u32, endOfStream: bool): FilterHeadersStatus {
    const text = encodeText("body");
    const calls: u32[] = [
      this.httpCall("there", HEAD, text, [new Header("x-t", "1")], 1000, answered), this.httpCall("there", HEAD),
      this.grpcCall("there", "service", "Unary", text, [new Header("x-m", "1")], 1000),
      this.grpcCall("there", "service", "Failing", text), this.grpcStream("there", "service", "Stream")
    ];
    logInfo("calls " + calls.join(" "));
    logInfo("sent " + this.grpcSend(calls[4], text, false).toString());
    logInfo("closed " + this.grpcClose(calls[4]).toString());
    const cancelled = this.grpcStream("there", "service", "Cancelled");
    logInfo("cancelled " + this.grpcCancel(cancelled).toString());
    return FilterHeadersStatus.StopIteration;
  }

  onHttpCallResponse(callId: u32, numHeaders: u32, bodySize: u32, numTrailers: u32): void {
    const status = getCallStatus();
    logInfo(
      "call " + callId.toString() + ": " + numHeaders.toString() + " " + bodySize.toString() + " " +
      numTrailers.toString() + " " + httpCallResponseTrailers.getAll().length.toString() + " status " +
      status.code.toString() + " " + status.message);
  }

  onGrpcReceiveInitialMetadata(callId: u32, numHeaders: u32): void {
    logInfo("initial " + callId.toString() + " " + numHeaders.toString() + " " + grpcInitialMetadata.get("x-a")!);
  }

  onGrpcReceive(callId: u32, messageSize: u32): void {
    logInfo("message " + callId.toString() + " " + messageSize.toString() + " " + grpcMessage.getText());
  }

  onGrpcReceiveTrailingMetadata(callId: u32, numTrailers: u32): void {
    logInfo("trailing " + callId.toString() + " " + numTrailers.toString() + " " + grpcTrailingMetadata.get("x-a")!);
  }

  onGrpcClose(callId: u32, status: GrpcStatus): void {
    logInfo("closed " + callId.toString() + " " + status.toString() + " " + getCallStatus().message);
  }
}
