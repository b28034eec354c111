// Answers every request itself, with a fixed status and body.
//
// Configuration (JSON, both keys optional): {"body": "hello world", "http_status": 200}

import {
  Context, FilterHeadersStatusValues, GrpcStatusValues, LogLevelValues, RootContext, log, registerRootContext,
  send_local_response
} from "@solo-io/proxy-runtime";
import { BufferTypeValues, getBaseContext, get_buffer_bytes } from "@solo-io/proxy-runtime/runtime";
import { JsonReader, Kind } from "./json";

// What the host calls: of the SDK's callbacks those that this plugin needs.
export { free, malloc } from "@solo-io/proxy-runtime/malloc";
export {
  proxy_abi_version_0_2_0, proxy_on_configure, proxy_on_context_create, proxy_on_delete, proxy_on_done,
  proxy_on_vm_start
} from "@solo-io/proxy-runtime/exports";

// Stands in for the SDK's own, whose checked cast keeps a reference for ever: each request would leak its context.
export function proxy_on_request_headers(id: u32, count: u32, endOfStream: u32): i32 {
  return changetype<Exchange>(getBaseContext(id)).onRequestHeaders(count, endOfStream != 0);
}

const NO_GRPC_STATUS = GrpcStatusValues.InvalidCode;

/** One configuration of the plugin: lives as long as the route that carries it. */
class FaultInjection extends RootContext {
  status: u32 = 200;
  body: ArrayBuffer = new ArrayBuffer(0);

  // The SDK's own onConfigure hands the host a size where a pointer belongs, so the bytes are fetched here.
  onConfigure(size: u32): bool {
    const bytes = size > 0 ? get_buffer_bytes(BufferTypeValues.PluginConfiguration, 0, size) : new ArrayBuffer(0);
    const problem = this.parse(String.UTF8.decode(bytes));
    if (problem == "") return true;
    log(LogLevelValues.error, "configuration refused: " + problem);
    return false;
  }

  createContext(id: u32): Context {
    return new Exchange(id, this);
  }

  /** Takes over what the text says; returns what is wrong with it, or "". */
  private parse(text: string): string {
    if (text.trim() == "") return "";
    const reader = new JsonReader(text);
    if (!reader.readObject()) {
      return "the configuration is not a JSON object: " + reader.error + " at offset " + reader.offset.toString();
    }
    let status = 200;
    if (reader.members.has("http_status")) {
      const value = reader.members.get("http_status");
      status = value.wholeNumberOr(0);
      if (status < 200 || status > 599) {
        const found = value.kind == Kind.String ? "a string" : value.text;
        return "http_status must be a whole number from 200 to 599, not " + found;
      }
    }
    let body = "";
    if (reader.members.has("body")) {
      const value = reader.members.get("body");
      if (value.kind != Kind.String) return "body must be a string, not " + value.text;
      body = value.text;
    }
    this.status = status;
    this.body = String.UTF8.encode(body);
    return "";
  }
}

/** One request and its response. */
class Exchange extends Context {
  private plugin: FaultInjection;

  constructor(id: u32, plugin: FaultInjection) {
    super(id, plugin);
    this.plugin = plugin;
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    send_local_response(this.plugin.status, "", this.plugin.body, [], NO_GRPC_STATUS);
    return FilterHeadersStatusValues.StopIteration;
  }
}

// The host asks by root id: none is configured in most gateways, the plugin's name in the others.
registerRootContext((id: u32) => { return new FaultInjection(id); }, "");
registerRootContext((id: u32) => { return new FaultInjection(id); }, "fault-injection");
