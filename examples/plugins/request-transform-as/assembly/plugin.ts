// Changes headers and bodies of requests and responses as its configuration says.
import {
  Context, FilterDataStatus, FilterHeadersStatus, HttpContext, RootContext, logError, pluginConfiguration,
  registerRootContext, requestBody, requestHeaders, responseBody, responseHeaders
} from "@sallyport/proxy-wasm";
import { Changes, Configuration, readConfiguration } from "./configuration";
import { changeBody, changeHeaders } from "./transforming";

// What the host may call: of all callbacks those that the plugin needs.
export * from "@sallyport/proxy-wasm/exports/lifecycle";
export {
  proxy_on_request_body, proxy_on_request_headers, proxy_on_response_body, proxy_on_response_headers
} from "@sallyport/proxy-wasm/exports/http";

/** "" when these changes can be made. */
function problemOf(changes: Changes, direction: string): string {
  for (let i = 0; i < changes.body.length; ++i) {
    if (changes.body[i].text == "") return direction + ".body[" + i.toString() + "].text is empty";
  }
  for (let i = 0; i < changes.add.length; ++i) {
    if (changes.add[i].name == "") return direction + ".add[" + i.toString() + "].name is empty";
  }
  return "";
}

/** One configuration of the plugin: lives as long as the route that carries it. */
class Transform extends RootContext {
  configuration: Configuration = new Configuration();

  onConfigure(size: u32): bool {
    const configuration = readConfiguration(pluginConfiguration.getText());
    if (configuration === null) return false;
    let problem = problemOf(configuration.request, "request");
    if (problem == "") problem = problemOf(configuration.response, "response");
    if (problem != "") logError("configuration refused: " + problem);
    this.configuration = configuration;
    return problem == "";
  }

  createContext(contextId: u32): Context {
    return new Exchange(contextId, this);
  }
}

/** One request and its response. */
class Exchange extends HttpContext {
  private configuration: Configuration;

  constructor(contextId: u32, root: Transform) {
    super(contextId, root);
    this.configuration = root.configuration;
  }

  onRequestHeaders(numHeaders: u32, endOfStream: bool): FilterHeadersStatus {
    changeHeaders(requestHeaders, this.configuration.request);
    return FilterHeadersStatus.Continue;
  }

  onRequestBody(bodySize: u32, endOfStream: bool): FilterDataStatus {
    return changeBody(requestBody, this.configuration.request, endOfStream);
  }

  onResponseHeaders(numHeaders: u32, endOfStream: bool): FilterHeadersStatus {
    changeHeaders(responseHeaders, this.configuration.response);
    return FilterHeadersStatus.Continue;
  }

  onResponseBody(bodySize: u32, endOfStream: bool): FilterDataStatus {
    return changeBody(responseBody, this.configuration.response, endOfStream);
  }
}

registerRootContext((contextId) => new Transform(contextId), "request-transform");
