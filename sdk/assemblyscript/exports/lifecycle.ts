// What every plugin exports.
import { contextOf, createContext, deleteContext, rootOf } from "../assembly/registry";

export { proxy_on_memory_allocate } from "../assembly/host/memory";

/** The version of the ABI; hosts only look at the name. */
export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_context_create(contextId: u32, parentId: u32): void {
  createContext(contextId, parentId);
}

export function proxy_on_vm_start(contextId: u32, configurationSize: u32): bool {
  return rootOf(contextId).onVmStart(configurationSize);
}

export function proxy_validate_configuration(contextId: u32, configurationSize: u32): bool {
  return rootOf(contextId).validateConfiguration(configurationSize);
}

export function proxy_on_configure(contextId: u32, configurationSize: u32): bool {
  return rootOf(contextId).onConfigure(configurationSize);
}

export function proxy_on_done(contextId: u32): bool {
  return contextOf(contextId).onDone();
}

export function proxy_on_log(contextId: u32): void {
  contextOf(contextId).onLog();
}

export function proxy_on_delete(contextId: u32): void {
  deleteContext(contextId);
}
