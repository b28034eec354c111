// Bodies, messages and configurations of the running callback.
import { proxy_get_buffer_bytes, proxy_get_buffer_status, proxy_set_buffer_bytes } from "./host/imports";
import { FIRST, SECOND, addressOf, takeBytes } from "./host/memory";
import { keepStatus } from "./host/status";
import { decodeText, encodeText } from "./host/text";
import { BufferType, Status } from "./numbers";

/** As a length: all that is there; as a start: the end. Some hosts take these as signed numbers. */
const ALL: u32 = 0x7fffffff;

/**
 * One of the buffers below. One that is not there in this callback is empty, and changing it gives Status.NotFound or
 * Status.BadArgument.
 *
 * A plugin that changes the length of a body removes `content-length` in the callback of the headers, for hosts that do
 * not see to it themselves.
 */
export class Buffer {
  constructor(private type: BufferType) {}

  /** In bytes: of what is visible to this callback. */
  get size(): u32 {
    const status = keepStatus(proxy_get_buffer_status(this.type, FIRST, SECOND));
    return status == Status.Ok ? load<u32>(FIRST) : 0;
  }

  /** At most `length` bytes from `start` on. */
  getBytes(start: u32 = 0, length: u32 = ALL): ArrayBuffer {
    const status = keepStatus(proxy_get_buffer_bytes(this.type, start, length, FIRST, SECOND));
    return status == Status.Ok ? takeBytes() : new ArrayBuffer(0);
  }

  /** All of it as text. A piece of a body may end in the middle of a character: hold pieces until the last one. */
  getText(): string {
    return decodeText(this.getBytes());
  }

  /** These bytes in the place of `length` bytes from `start` on. Some hosts only replace all, prepend and append. */
  splice(start: u32, length: u32, bytes: ArrayBuffer): Status {
    return keepStatus(proxy_set_buffer_bytes(this.type, start, length, addressOf(bytes), bytes.byteLength));
  }

  /** These bytes in the place of all. */
  setBytes(bytes: ArrayBuffer): Status {
    return this.splice(0, ALL, bytes);
  }

  setText(text: string): Status {
    return this.setBytes(encodeText(text));
  }

  prepend(bytes: ArrayBuffer): Status {
    return this.splice(0, 0, bytes);
  }

  append(bytes: ArrayBuffer): Status {
    return this.splice(ALL, 0, bytes);
  }
}

/** Read and written in onRequestBody and while that holds it. */
export const requestBody = new Buffer(BufferType.HttpRequestBody);
/** Read and written in onResponseBody and while that holds it. */
export const responseBody = new Buffer(BufferType.HttpResponseBody);
/** Read and written in onDownstreamData. */
export const downstreamData = new Buffer(BufferType.DownstreamData);
/** Read and written in onUpstreamData. */
export const upstreamData = new Buffer(BufferType.UpstreamData);
/** Read when the response to an httpCall has come. */
export const httpCallResponseBody = new Buffer(BufferType.HttpCallResponseBody);
/** Read in onGrpcReceive. */
export const grpcMessage = new Buffer(BufferType.GrpcReceiveBuffer);
/** Read in onVmStart. */
export const vmConfiguration = new Buffer(BufferType.VmConfiguration);
/** Read in validateConfiguration and onConfigure. */
export const pluginConfiguration = new Buffer(BufferType.PluginConfiguration);
/** Read in onForeignFunction. */
export const foreignFunctionArguments = new Buffer(BufferType.CallData);
