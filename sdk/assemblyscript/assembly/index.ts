// What a plugin imports. The callbacks that it exports are in "./exports", configurations in JSON in "./json".
import "./runtime";

export * from "./numbers";
export * from "./contexts";
export { RootFactory, registerRootContext } from "./registry";
export { Header, decodeHeaders, encodeHeaders } from "./headers";
export * from "./header_maps";
export * from "./buffers";
export * from "./properties";
export * from "./streams";
export * from "./http_calls";
export * from "./grpc_calls";
export * from "./shared_data";
export * from "./shared_queues";
export * from "./metrics";
export * from "./foreign_functions";
export * from "./log";
export * from "./time";
export { lastStatus } from "./host/status";
export { decodeText, encodeText } from "./host/text";
