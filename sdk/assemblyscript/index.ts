// import { ... } from "@sallyport/proxy-wasm"
export * from "./assembly";
