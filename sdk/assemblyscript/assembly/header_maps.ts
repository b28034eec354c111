// Headers, trailers and metadata of the running callback.
import { Header, decodeHeaders, encodeHeaders } from "./headers";
import {
  proxy_add_header_map_value, proxy_get_header_map_pairs, proxy_get_header_map_size, proxy_get_header_map_value,
  proxy_remove_header_map_value, proxy_replace_header_map_value, proxy_set_header_map_pairs
} from "./host/imports";
import { FIRST, SECOND, addressOf, takeBytes } from "./host/memory";
import { keepStatus } from "./host/status";
import { decodeText, encodeText } from "./host/text";
import { HeaderMapType, Status } from "./numbers";

/**
 * One of the maps below. A map that is not there in this callback has no headers; changing it gives
 * Status.BadArgument, or is without effect.
 */
export class HeaderMap {
  constructor(private type: HeaderMapType) {}

  /** The first value of that name (lower case); null when there is none. */
  get(name: string): string | null {
    const value = this.getBytes(name);
    return value === null ? null : decodeText(value);
  }

  /** The same for values that may be no UTF-8. */
  getBytes(name: string): ArrayBuffer | null {
    const key = encodeText(name);
    const status = keepStatus(proxy_get_header_map_value(this.type, addressOf(key), key.byteLength, FIRST, SECOND));
    return status == Status.Ok ? takeBytes() : null;
  }

  has(name: string): bool {
    return this.getBytes(name) !== null;
  }

  /** All lines in their order. */
  getAll(): Header[] {
    const status = keepStatus(proxy_get_header_map_pairs(this.type, FIRST, SECOND));
    return status == Status.Ok ? decodeHeaders(takeBytes()) : [];
  }

  /** All values of that name (lower case) in their order. */
  getValues(name: string): string[] {
    const all = this.getAll();
    const values = new Array<string>();
    for (let i = 0; i < all.length; ++i) {
      if (all[i].name == name) values.push(all[i].value);
    }
    return values;
  }

  /** The size of all lines in bytes, as the host counts it; 0 when the map is not there. */
  get byteSize(): u32 {
    const status = keepStatus(proxy_get_header_map_size(this.type, FIRST));
    return status == Status.Ok ? load<u32>(FIRST) : 0;
  }

  /** Adds a line after those of the same name. */
  add(name: string, value: string): Status {
    const key = encodeText(name);
    const text = encodeText(value);
    return keepStatus(
      proxy_add_header_map_value(this.type, addressOf(key), key.byteLength, addressOf(text), text.byteLength));
  }

  /** All lines of that name end, this one comes. */
  replace(name: string, value: string): Status {
    const key = encodeText(name);
    const text = encodeText(value);
    return keepStatus(
      proxy_replace_header_map_value(this.type, addressOf(key), key.byteLength, addressOf(text), text.byteLength));
  }

  /** Removes all lines of that name. There need be none. */
  remove(name: string): Status {
    const key = encodeText(name);
    return keepStatus(proxy_remove_header_map_value(this.type, addressOf(key), key.byteLength));
  }

  /** These lines in the place of all. Keep the names that begin with `:`. */
  replaceAll(headers: Header[]): Status {
    const bytes = encodeHeaders(headers);
    return keepStatus(proxy_set_header_map_pairs(this.type, addressOf(bytes), bytes.byteLength));
  }
}

/** Read and written in onRequestHeaders and while that holds them; read through onLog. */
export const requestHeaders = new HeaderMap(HeaderMapType.RequestHeaders);
/** Read and written in onRequestTrailers; the onRequestBody that sees the end makes trailers by writing. */
export const requestTrailers = new HeaderMap(HeaderMapType.RequestTrailers);
/** Read and written in onResponseHeaders and while that holds them; read through onLog. */
export const responseHeaders = new HeaderMap(HeaderMapType.ResponseHeaders);
/** Read and written in onResponseTrailers; the onResponseBody that sees the end makes trailers by writing. */
export const responseTrailers = new HeaderMap(HeaderMapType.ResponseTrailers);
/** Read in onGrpcReceiveInitialMetadata. */
export const grpcInitialMetadata = new HeaderMap(HeaderMapType.GrpcReceiveInitialMetadata);
/** Read in onGrpcReceiveTrailingMetadata. */
export const grpcTrailingMetadata = new HeaderMap(HeaderMapType.GrpcReceiveTrailingMetadata);
/** Read when the response to an httpCall has come. */
export const httpCallResponseHeaders = new HeaderMap(HeaderMapType.HttpCallResponseHeaders);
/** Read when the response to an httpCall has come. */
export const httpCallResponseTrailers = new HeaderMap(HeaderMapType.HttpCallResponseTrailers);
