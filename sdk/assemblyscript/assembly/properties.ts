// What the host knows of a request, a connection, the plugin. The path is given in segments: ["request", "path"].
import { proxy_get_property, proxy_set_property } from "./host/imports";
import { FIRST, SECOND, addressOf, takeBytes } from "./host/memory";
import { keepStatus } from "./host/status";
import { decodeText, encodeText } from "./host/text";
import { Status } from "./numbers";

/** The value in the host's encoding; null when it is unknown (lastStatus(): NotFound) or cannot be given. */
export function getProperty(path: string[]): ArrayBuffer | null {
  const joined = encodeText(path.join("\0"));
  const status = keepStatus(proxy_get_property(addressOf(joined), joined.byteLength, FIRST, SECOND));
  return status == Status.Ok ? takeBytes() : null;
}

/** For properties that are text. */
export function getPropertyText(path: string[]): string | null {
  const value = getProperty(path);
  return value === null ? null : decodeText(value);
}

/**
 * For integers, times (nanoseconds since 1970, UTC) and durations (nanoseconds); `otherwise` when the property is
 * unknown or something else.
 */
export function getPropertyNumber(path: string[], otherwise: i64 = 0): i64 {
  const value = getProperty(path);
  return value !== null && value.byteLength == 8 ? load<i64>(addressOf(value)) : otherwise;
}

/** For properties that are true or false. */
export function getPropertyBool(path: string[], otherwise: bool = false): bool {
  const value = getProperty(path);
  return value !== null && value.byteLength == 1 ? load<u8>(addressOf(value)) != 0 : otherwise;
}

/** NotFound, BadArgument: the host does not let it be set. */
export function setProperty(path: string[], value: ArrayBuffer): Status {
  const joined = encodeText(path.join("\0"));
  return keepStatus(proxy_set_property(addressOf(joined), joined.byteLength, addressOf(value), value.byteLength));
}

export function setPropertyText(path: string[], value: string): Status {
  return setProperty(path, encodeText(value));
}
