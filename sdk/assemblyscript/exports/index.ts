// export * from "@sallyport/proxy-wasm/exports": every callback of the ABI.
export * from "./lifecycle";
export * from "./http";
export * from "./tcp";
export * from "./background";
