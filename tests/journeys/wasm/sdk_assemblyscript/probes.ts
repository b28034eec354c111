// One function for each part of the SDK: it calls all of it and tells what came back.
import {
  Context, Counter, FilterHeadersStatus, Gauge, Header, Histogram, LogLevel, NO_CALL, StreamType,
  callForeignFunction, closeStream, continueResponse, continueStream, decodeHeaders, decodeText, dequeue, done,
  encodeHeaders, encodeText, enqueue, enqueueText, getCallStatus, getCurrentTimeMilliseconds, getCurrentTimeNanoseconds,
  getLogLevel, getMetric, getProperty, getPropertyBool, getPropertyNumber, getPropertyText, getSharedData,
  httpCallResponseBody, incrementMetric, isLogged, lastStatus, log, logCritical, logDebug, logError, logTrace, logWarn,
  recordMetric, registerSharedQueue, requestBody, requestHeaders, resolveSharedQueue, responseHeaders,
  sendLocalResponse, sendLocalResponseBytes, setEffectiveContext, setProperty, setPropertyText, setSharedText
} from "@sallyport/proxy-wasm";
import { jsonProblem } from "@sallyport/proxy-wasm/json";

class Report {
  lines: string[] = [];

  tell(name: string, value: string | null): void {
    this.lines.push(name + ": " + (value === null ? "null" : value));
  }

  number(name: string, value: i64): void {
    this.tell(name, value.toString());
  }

  /** With what the host said to the last call. */
  found(name: string, bytes: ArrayBuffer | null): void {
    let told = "null ";
    if (bytes !== null) told = "'" + decodeText(bytes) + "' ";
    this.tell(name, told + lastStatus().toString());
  }
}

function headers(to: Report): void {
  to.tell("get", requestHeaders.get("x-one"));
  to.found("missing", requestHeaders.getBytes("x-none"));
  to.number("bytes", requestHeaders.getBytes("x-one")!.byteLength);
  to.tell("has", requestHeaders.has("x-one").toString() + " " + requestHeaders.has("x-none").toString());
  to.number("add", requestHeaders.add("x-new", "1"));
  requestHeaders.add("x-new", "\u00e4 \ud83d\ude00");
  to.tell("values", requestHeaders.getValues("x-new").join("|"));
  to.number("replace", requestHeaders.replace("x-new", "3"));
  to.tell("replaced", requestHeaders.getValues("x-new").join("|"));
  to.number("remove", requestHeaders.remove("x-new"));
  to.tell("removed", requestHeaders.get("x-new"));
  const all = requestHeaders.getAll();
  to.number("size", i64(requestHeaders.byteSize) - encodeHeaders(all).byteLength);
  all.push(new Header("x-all", "1"));
  to.number("replaceAll", requestHeaders.replaceAll(all));
  to.tell("all", requestHeaders.get("x-all"));
  to.number("not there", responseHeaders.getAll().length);
  const read = decodeHeaders(encodeHeaders([new Header("a", "1"), new Header("", "")]));
  to.tell("read", read.length.toString() + read[0].name + read[0].value + read[1].name + read[1].value);
  const whole = encodeHeaders([new Header("a", "1"), new Header("b", "2")]);
  let most = 0;
  for (let size = 0; size < whole.byteLength; ++size) most = max(most, decodeHeaders(whole.slice(0, size)).length);
  to.number("most of a part", most);
}

function buffers(to: Report): void {
  to.number("size", requestBody.size);
  to.number("size's status", lastStatus());
  to.found("body", requestBody.getBytes());
  to.number("set", requestBody.setText("x"));
  to.found("call", httpCallResponseBody.getBytes());
}

function properties(to: Report): void {
  to.tell("text", getPropertyText(["request", "method"]));
  to.number("number", getPropertyNumber(["request", "size"], -1));
  to.number("no number", getPropertyNumber(["request", "method"], -1));
  to.tell("bool", getPropertyBool(["connection", "mtls"], true).toString());
  to.tell("no bool", getPropertyBool(["no", "such"], true).toString());
  to.found("missing", getProperty(["no", "such"]));
  to.number("set", setPropertyText(["mine", "key"], "value"));
  to.found("own", getProperty(["mine", "key"]));
  to.number("set bytes", setProperty(["mine", "key"], encodeText("")));
  to.found("empty", getProperty(["mine", "key"]));
}

function shared(to: Report): void {
  const missing = getSharedData("none");
  to.tell("missing", (missing === null).toString() + " " + lastStatus().toString());
  to.number("set", setSharedText("key", "one"));
  const first = getSharedData("key")!;
  to.tell("get", first.text);
  to.number("with cas", setSharedText("key", "two", first.cas));
  to.number("with an old cas", setSharedText("key", "three", first.cas));
  to.tell("after", getSharedData("key")!.text);
  to.number("empty", setSharedText("key", ""));
  to.number("bytes", getSharedData("key")!.value.byteLength);
  to.found("deleted", callForeignFunction("shared_data_delete", encodeText("key")));
  to.found("deleted again", callForeignFunction("shared_data_delete", encodeText("key")));
  to.found("no function", callForeignFunction("no such function", encodeText("")));
}

function queues(to: Report): void {
  const queue = registerSharedQueue("probed");
  to.tell("registered", (queue != 0 && registerSharedQueue("probed") == queue).toString());
  to.tell("resolved", (resolveSharedQueue("", "probed") == queue).toString());
  to.number("not resolved", resolveSharedQueue("no such plugin", "probed"));
  to.number("not resolved's status", lastStatus());
  to.found("empty", dequeue(queue));
  to.number("nowhere", enqueue(0xffffff, encodeText("x")));
  to.found("nothing", dequeue(0xffffff));
  to.number("enqueue", enqueueText(resolveSharedQueue("", "ready"), "a message"));
}

function metrics(to: Report): void {
  const counter = new Counter("probe_counter");
  to.number("count", counter.increment(2));
  to.number("not by 0", counter.increment(0));
  to.tell("counted", (counter.value >= 2).toString());
  const gauge = new Gauge("probe_gauge");
  to.number("record", gauge.record(5));
  to.number("fall", gauge.increment(-2));
  to.number("gauge", gauge.value);
  const histogram = new Histogram("probe_histogram");
  to.number("observe", histogram.record(7));
  to.number("no increment", incrementMetric(histogram.id, 1));
  to.number("no value", getMetric(histogram.id));
  to.number("no value's status", lastStatus());
  to.number("none", recordMetric(0xffffff, 1));
}

function streams(to: Report): void {
  to.number("not paused", continueResponse());
  to.number("no such context", setEffectiveContext(0xffffff));
  to.number("not waited for", done());
  to.number("tcp", continueStream(StreamType.Downstream));
}

function logs(to: Report): void {
  logTrace("told at trace");
  logDebug("told at debug");
  log(LogLevel.Info, "told at info \u00e4 \ud83d\ude00");
  logWarn("told at warn");
  logError("told at error");
  logCritical("told at critical");
  trace("traced", 2, 1, 2.5);
  to.number("level", getLogLevel());
  to.tell("logged", isLogged(LogLevel.Critical).toString() + " " + isLogged(LogLevel.Trace).toString());
}

function times(to: Report): void {
  const before = getCurrentTimeNanoseconds();
  const now = getCurrentTimeMilliseconds();
  to.number("now", now);
  to.tell("order", (before / 1000000 <= now).toString());
  const random = Math.random();
  to.tell("random", (random >= 0 && random < 1 && random != Math.random()).toString());
}

function texts(to: Report): void {
  to.tell("replaced", decodeText(encodeText("a\ud800b")));
  to.number("emoji", encodeText("\ud83d\ude00").byteLength);
  to.number("bytes", requestHeaders.getBytes("x-binary")!.byteLength);
  to.tell("no UTF-8", requestHeaders.get("x-binary"));
  to.tell("json", jsonProblem("{\"a\": [1, 2e5, true, null, \"\\ud83d\\ude00\"]}"));
  to.tell("no json", jsonProblem("{\"a\": [1, 2e5,]}"));
}

/** Without an upstream of that name, and without gRPC. */
function calls(to: Report, from: Context): void {
  const head = [new Header(":method", "GET"), new Header(":path", "/"), new Header(":authority", "there")];
  to.tell("http", (from.httpCall("no such upstream", head) == NO_CALL).toString());
  to.number("http's status", lastStatus());
  to.tell("grpc", (from.grpcCall("no such upstream", "s", "m", encodeText("")) == NO_CALL).toString());
  to.tell("stream", (from.grpcStream("no such upstream", "s", "m") == NO_CALL).toString());
  to.number("send", from.grpcSend(4, encodeText(""), true));
  to.number("cancel", from.grpcCancel(4));
  to.number("close", from.grpcClose(4));
  to.number("code", getCallStatus().code);
}

/** Far more than the VM may have, a little at a time. */
function garbage(to: Report): void {
  let total = 0;
  for (let i = 0; i < 2000; ++i) total += new ArrayBuffer(i + 10000).byteLength;
  to.number("made", total);
}

function report(path: string, from: Context, to: Report): bool {
  if (path == "/headers") headers(to);
  else if (path == "/buffers") buffers(to);
  else if (path == "/properties") properties(to);
  else if (path == "/shared") shared(to);
  else if (path == "/queues") queues(to);
  else if (path == "/metrics") metrics(to);
  else if (path == "/streams") streams(to);
  else if (path == "/logs") logs(to);
  else if (path == "/times") times(to);
  else if (path == "/texts") texts(to);
  else if (path == "/calls") calls(to, from);
  else if (path == "/garbage") garbage(to);
  else if (path == "/from-the-queue") to.tell("message", fromTheQueue());
  else return false;
  return true;
}

function fromTheQueue(): string {
  const found = getSharedData("from the queue");
  return found === null ? "none yet" : found.text;
}

export function probe(path: string, from: Context): FilterHeadersStatus {
  if (path == "/close") {
    closeStream(StreamType.Request);
    return FilterHeadersStatus.StopIteration;
  }
  if (path == "/bytes") {
    const bytes = new ArrayBuffer(3);
    store<u8>(changetype<usize>(bytes), 0xff);
    sendLocalResponseBytes(299, bytes, [new Header("x-a", "1"), new Header("x-a", "2")], "some details");
    return FilterHeadersStatus.StopIteration;
  }
  const to = new Report();
  if (!report(path, from, to)) return FilterHeadersStatus.Continue;
  sendLocalResponse(200, to.lines.join("\n"));
  return FilterHeadersStatus.StopIteration;
}
