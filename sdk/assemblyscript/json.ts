// import { parseConfiguration } from "@sallyport/proxy-wasm/json"
export { jsonProblem, parseConfiguration } from "./assembly/json";
