// What the language's own library needs from outside, on a Proxy-Wasm host; asconfig.json puts it in the place of the
// imports that only browsers and Node.js have.
import { random_get } from "./host/imports";
import { FIRST } from "./host/memory";
import { log } from "./log";
import { LogLevel } from "./numbers";

/** The end of the plugin's VM (a failed assertion, an index out of range, `throw`), with the place in the log. */
// @ts-ignore: decorator
@global
export function proxy_wasm_abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message === null ? "aborted" : message;
  const where = file === null ? "" : " at " + file + ":" + line.toString() + ":" + column.toString();
  log(LogLevel.Critical, what + where);
  unreachable();
}

/** trace("message", 2, a, b) is a line of the log at level debug. */
// @ts-ignore: decorator
@global
export function proxy_wasm_trace(
  message: string, n: i32 = 0, a0: f64 = 0, a1: f64 = 0, a2: f64 = 0, a3: f64 = 0, a4: f64 = 0
): void {
  const numbers = StaticArray.fromArray<f64>([a0, a1, a2, a3, a4]);
  let line = message;
  for (let i = 0; i < min(n, numbers.length); ++i) line += " " + numbers[i].toString();
  log(LogLevel.Debug, line);
}

/** For Math.random(). */
// @ts-ignore: decorator
@global
export function proxy_wasm_seed(): f64 {
  random_get(FIRST, 8);
  return load<f64>(FIRST);
}
