// A plugin that calls every function of the SDK and hears every callback. What a request asks for in its path is in
// probes.ts; what it was answered is the body of the response, `name: value` a line.
import {
  Context, FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus, HttpContext, RootContext, continueRequest,
  dequeue, decodeText, encodeText, foreignFunctionArguments, logInfo, pluginConfiguration, registerRootContext,
  registerSharedQueue, requestBody, requestHeaders, requestTrailers, responseBody, responseHeaders, responseTrailers,
  sendLocalResponse, setSharedText, setTickPeriodMilliseconds, vmConfiguration
} from "@sallyport/proxy-wasm";
import { Calling } from "./calling";
import { Connection } from "./connection";
import { probe } from "./probes";

export * from "@sallyport/proxy-wasm/exports";

class Root extends RootContext {
  waiting: Exchange[] = [];
  ended: Exchange[] = [];
  told: string = "";

  onVmStart(size: u32): bool {
    this.told = size.toString() + " " + vmConfiguration.getText();
    return true;
  }

  validateConfiguration(size: u32): bool {
    logInfo("validating " + size.toString());
    return true;
  }

  onConfigure(size: u32): bool {
    this.told += ", " + size.toString() + " " + pluginConfiguration.getText();
    if (pluginConfiguration.getText() == "refused") return false;
    registerSharedQueue("ready");
    return setTickPeriodMilliseconds(20) == 0;
  }

  onTick(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (let i = 0; i < waiting.length; ++i) {
      waiting[i].makeEffective();
      requestHeaders.add("x-tick", "1");
      continueRequest();
    }
    const ended = this.ended;
    this.ended = [];
    for (let i = 0; i < ended.length; ++i) logInfo("finished: " + ended[i].finish().toString());
  }

  onQueueReady(queueId: u32): void {
    const message = dequeue(queueId);
    if (message !== null) setSharedText("from the queue", decodeText(message));
  }

  onForeignFunction(functionId: u32, argumentsSize: u32): void {
    logInfo("function " + functionId.toString() + "(" + foreignFunctionArguments.getText() + ") " + argumentsSize.toString());
  }

  onDone(): bool {
    logInfo("root done");
    return true;
  }

  onDelete(): void {
    logInfo("root deleted");
  }

  createContext(contextId: u32): Context {
    if (this.told.endsWith("tcp")) return new Connection(contextId, this);
    if (this.told.endsWith("calls")) return new Calling(contextId, this);
    return new Exchange(contextId, this);
  }
}

class Exchange extends HttpContext {
  private path: string = "";
  private numbers: i32[] = [1, 2, 3];

  constructor(contextId: u32, private plugin: Root) {
    super(contextId, plugin);
  }

  onRequestHeaders(numHeaders: u32, endOfStream: bool): FilterHeadersStatus {
    this.path = requestHeaders.get(":path")!;
    if (this.path == "/stream") return FilterHeadersStatus.Continue;
    if (this.path == "/pause") {
      this.plugin.waiting.push(this);
      return FilterHeadersStatus.StopIteration;
    }
    if (this.path == "/abort") logInfo(this.numbers[this.path.length].toString());
    if (this.path == "/assert") assert(endOfStream && numHeaders == 0, "there are headers");
    if (this.path == "/told") {
      sendLocalResponse(200, this.plugin.told);
      return FilterHeadersStatus.StopIteration;
    }
    return probe(this.path, this);
  }

  onRequestBody(bodySize: u32, endOfStream: bool): FilterDataStatus {
    if (!endOfStream && this.path != "/stream") return FilterDataStatus.StopIterationAndBuffer;
    if (bodySize == 0 || !requestBody.getText().includes("!")) return FilterDataStatus.Continue;
    const at = requestBody.getText().indexOf("!");
    requestBody.splice(at, 1, encodeText("-spliced-"));
    requestBody.prepend(encodeText("["));
    requestBody.append(encodeText("]"));
    return FilterDataStatus.Continue;
  }

  onRequestTrailers(numTrailers: u32): FilterTrailersStatus {
    requestTrailers.add("x-number", numTrailers.toString());
    requestTrailers.replace("x-b", "replaced");
    return FilterTrailersStatus.Continue;
  }

  onResponseHeaders(numHeaders: u32, endOfStream: bool): FilterHeadersStatus {
    responseHeaders.add("x-status", responseHeaders.get(":status")!);
    if (this.path == "/stream") responseHeaders.remove("content-length");
    return FilterHeadersStatus.Continue;
  }

  onResponseBody(bodySize: u32, endOfStream: bool): FilterDataStatus {
    if (this.path == "/stream" && bodySize > 0) {
      responseBody.setText("<" + responseBody.getText() + ":" + responseBody.size.toString() + ">");
    }
    return FilterDataStatus.Continue;
  }

  onResponseTrailers(numTrailers: u32): FilterTrailersStatus {
    responseTrailers.add("x-seen", responseTrailers.getAll().length.toString());
    return FilterTrailersStatus.Continue;
  }

  onDone(): bool {
    if (this.path != "/done") return true;
    this.plugin.ended.push(this);
    return false;
  }

  onLog(): void {
    if (this.path == "/done") logInfo("logged " + requestHeaders.get(":path")!);
  }

  onDelete(): void {
    if (this.path == "/done") logInfo("deleted " + this.path);
  }
}

registerRootContext((contextId) => new Root(contextId), "probing");
registerRootContext((contextId) => new RootContext(contextId), "idle");
