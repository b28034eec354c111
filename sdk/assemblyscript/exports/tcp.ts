// TCP connections.
import { PeerType } from "../assembly/numbers";
import { tcpOf } from "../assembly/registry";

export function proxy_on_new_connection(contextId: u32): i32 {
  return tcpOf(contextId).onNewConnection();
}

export function proxy_on_downstream_data(contextId: u32, dataSize: u32, endOfStream: u32): i32 {
  return tcpOf(contextId).onDownstreamData(dataSize, endOfStream != 0);
}

export function proxy_on_upstream_data(contextId: u32, dataSize: u32, endOfStream: u32): i32 {
  return tcpOf(contextId).onUpstreamData(dataSize, endOfStream != 0);
}

export function proxy_on_downstream_connection_close(contextId: u32, by: i32): void {
  tcpOf(contextId).onDownstreamConnectionClose(<PeerType>by);
}

export function proxy_on_upstream_connection_close(contextId: u32, by: i32): void {
  tcpOf(contextId).onUpstreamConnectionClose(<PeerType>by);
}
