// Answers 401 unless a header has one of the configured values.
import {
  Context, FilterHeadersStatus, Header, HttpContext, RootContext, logInfo, pluginConfiguration, registerRootContext,
  requestHeaders, sendLocalResponse
} from "@sallyport/proxy-wasm";
import { parseConfiguration } from "@sallyport/proxy-wasm/json";
import { Settings } from "./settings";

// Of all callbacks those that the plugin needs; "@sallyport/proxy-wasm/exports" has all of them.
export * from "@sallyport/proxy-wasm/exports/lifecycle";
export { proxy_on_request_headers } from "@sallyport/proxy-wasm/exports/http";

/** One configuration: it lives as long as the route that carries it. */
class RequireHeader extends RootContext {
  settings: Settings = new Settings();

  onConfigure(size: u32): bool {
    const example = new Settings();
    example.values.push("a text"); // of what kind the elements are
    const settings = parseConfiguration(pluginConfiguration.getText(), example);
    if (settings === null) return false; // the log says why
    this.settings = settings;
    return true;
  }

  createContext(contextId: u32): Context {
    return new Exchange(contextId, this);
  }
}

/** One request and its response. */
class Exchange extends HttpContext {
  constructor(contextId: u32, private plugin: RequireHeader) {
    super(contextId, plugin);
  }

  onRequestHeaders(numHeaders: u32, endOfStream: bool): FilterHeadersStatus {
    const settings = this.plugin.settings;
    if (settings.accepts(requestHeaders.get(settings.header))) return FilterHeadersStatus.Continue;
    logInfo("refused: " + settings.header + " is missing or wrong");
    sendLocalResponse(401, "who are you?\n", [new Header("content-type", "text/plain")]);
    return FilterHeadersStatus.StopIteration;
  }
}

registerRootContext((contextId) => new RequireHeader(contextId), "{{name}}");
