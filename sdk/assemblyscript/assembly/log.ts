// Lines of the host's log. They end by themselves.
import { proxy_get_log_level, proxy_log } from "./host/imports";
import { FIRST, addressOf } from "./host/memory";
import { keepStatus } from "./host/status";
import { encodeText } from "./host/text";
import { LogLevel, Status } from "./numbers";

export function log(level: LogLevel, message: string): void {
  const text = encodeText(message);
  proxy_log(level, addressOf(text), text.byteLength);
}

export function logTrace(message: string): void {
  log(LogLevel.Trace, message);
}
export function logDebug(message: string): void {
  log(LogLevel.Debug, message);
}
export function logInfo(message: string): void {
  log(LogLevel.Info, message);
}
export function logWarn(message: string): void {
  log(LogLevel.Warn, message);
}
export function logError(message: string): void {
  log(LogLevel.Error, message);
}
export function logCritical(message: string): void {
  log(LogLevel.Critical, message);
}

/** The lowest level that the host writes. */
export function getLogLevel(): LogLevel {
  const status = keepStatus(proxy_get_log_level(FIRST));
  return status == Status.Ok ? <LogLevel>load<i32>(FIRST) : LogLevel.Trace;
}

/** To spare the work of making a message that nobody will read. */
export function isLogged(level: LogLevel): bool {
  return level >= getLogLevel();
}
