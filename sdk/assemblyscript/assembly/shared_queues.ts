// Queues of messages between the VMs of all plugins. A number of 0 is never a queue.
import {
  proxy_dequeue_shared_queue, proxy_enqueue_shared_queue, proxy_register_shared_queue, proxy_resolve_shared_queue
} from "./host/imports";
import { FIRST, SECOND, addressOf, takeBytes } from "./host/memory";
import { keepStatus } from "./host/status";
import { encodeText } from "./host/text";
import { Status } from "./numbers";

/** Makes the plugin's queue of that name or finds it; its messages then come to this root context. 0: it failed. */
export function registerSharedQueue(name: string): u32 {
  const text = encodeText(name);
  const status = keepStatus(proxy_register_shared_queue(addressOf(text), text.byteLength, FIRST));
  return status == Status.Ok ? load<u32>(FIRST) : 0;
}

/** The queue of another plugin, by its vm_id; "" is the own one. 0: there is none. */
export function resolveSharedQueue(vmId: string, name: string): u32 {
  const vm = encodeText(vmId);
  const text = encodeText(name);
  const status = keepStatus(
    proxy_resolve_shared_queue(addressOf(vm), vm.byteLength, addressOf(text), text.byteLength, FIRST));
  return status == Status.Ok ? load<u32>(FIRST) : 0;
}

/** NotFound: no such queue. InternalFailure: it is full. */
export function enqueue(queueId: u32, message: ArrayBuffer): Status {
  return keepStatus(proxy_enqueue_shared_queue(queueId, addressOf(message), message.byteLength));
}

export function enqueueText(queueId: u32, message: string): Status {
  return enqueue(queueId, encodeText(message));
}

/** The oldest message; null when there is none (lastStatus(): Empty) or no such queue (NotFound). */
export function dequeue(queueId: u32): ArrayBuffer | null {
  const status = keepStatus(proxy_dequeue_shared_queue(queueId, FIRST, SECOND));
  return status == Status.Ok ? takeBytes() : null;
}
