// The contexts that live, under the host's numbers, and how root contexts are made. Both maps are roots of the garbage
// collector.
import { Context, HttpContext, RootContext, TcpContext } from "./contexts";
import { forgetGrpcCalls } from "./grpc_calls";
import { forgetHttpCalls } from "./http_calls";
import { getPropertyText } from "./properties";

export type RootFactory = (contextId: u32) => RootContext;

const factories = new Map<string, RootFactory>();
const contexts = new Map<u32, Context>();

/**
 * Call it at the top of the plugin's file, outside of all functions. `name` is the root id by which a host chooses one
 * of several plugins in a module; a module with one plugin serves every root id.
 */
export function registerRootContext(factory: RootFactory, name: string = ""): void {
  factories.set(name, factory);
}

function makeRoot(contextId: u32): Context {
  const names = factories.keys();
  assert(names.length > 0, "no root context: call registerRootContext at the top of the plugin's file");
  const property = getPropertyText(["plugin_root_id"]);
  let name = property === null ? "" : property;
  if (!factories.has(name)) {
    assert(names.length == 1, "no root context is registered under the root id '" + name + "'");
    name = names[0];
  }
  return factories.get(name)(contextId);
}

export function createContext(contextId: u32, parentId: u32): void {
  contexts.set(contextId, parentId == 0 ? makeRoot(contextId) : rootOf(parentId).createContext(contextId));
}

export function findContext(contextId: u32): Context | null {
  return contexts.has(contextId) ? contexts.get(contextId) : null;
}

export function contextOf(contextId: u32): Context {
  return contexts.get(contextId);
}

export function rootOf(contextId: u32): RootContext {
  return contexts.get(contextId) as RootContext;
}

export function httpOf(contextId: u32): HttpContext {
  return contexts.get(contextId) as HttpContext;
}

export function tcpOf(contextId: u32): TcpContext {
  return contexts.get(contextId) as TcpContext;
}

export function deleteContext(contextId: u32): void {
  const context = contexts.get(contextId);
  context.onDelete();
  contexts.delete(contextId);
  if (context instanceof RootContext) {
    forgetHttpCalls(contextId);
    forgetGrpcCalls(contextId);
  }
}
