// Plays a host to the plugin, for what the gateway does not show to plugins: the answers of calls in all their forms,
// gRPC, TCP, foreign functions. usage: node host.mjs MODULE
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

class Host {
  constructor(configuration) {
    this.lines = []; // of the log, since the last take()
    this.calls = []; // [name, arguments with texts for bytes]
    this.buffers = new Map([[7, configuration]]);
    this.maps = new Map();
    this.gone = new Set();
    this.next = 100;
  }

  text(start, size) {
    return Buffer.from(this.plugin.memory.buffer, start, size).toString();
  }

  word(at, value) {
    new DataView(this.plugin.memory.buffer).setUint32(at, value, true);
  }

  give(value, start, size) {
    const bytes = Buffer.from(value);
    const at = bytes.length > 0 ? this.plugin.proxy_on_memory_allocate(bytes.length) : 0;
    Buffer.from(this.plugin.memory.buffer).set(bytes, at);
    this.word(start, at);
    this.word(size, bytes.length);
    return 0;
  }

  begin(name, slot, ...told) {
    this.calls.push([name, ...told]);
    this.word(slot, (this.next += 1));
    return 0;
  }

  imports() {
    const pairs = (start, size) => {
      const bytes = Buffer.from(this.plugin.memory.buffer, start, size);
      const count = bytes.readUInt32LE(0);
      let at = 4 + 8 * count;
      return Array.from({ length: 2 * count }, (_, i) => {
        const length = bytes.readUInt32LE(4 + 4 * i);
        at += length + 1;
        return bytes.toString("utf8", at - length - 1, at - 1);
      });
    };
    const known = {
      proxy_log: (level, p, n) => this.lines.push(this.text(p, n)) && 0,
      proxy_get_property: (pp, pn, p, n) => (this.text(pp, pn) === "plugin_root_id" ? this.give("probing", p, n) : 1),
      proxy_register_shared_queue: (p, n, slot) => this.begin("queue", slot),
      proxy_set_tick_period_milliseconds: () => 0,
      proxy_set_effective_context: (id) => (this.gone.has(id) ? 2 : this.calls.push(["effective", id]) && 0),
      proxy_done: () => this.calls.push(["done"]) && 0,
      proxy_get_buffer_bytes: (type, from, most, p, n) =>
        this.buffers.has(type) ? this.give(this.buffers.get(type), p, n) : 1,
      proxy_set_buffer_bytes: (type, from, size, p, n) => this.calls.push(["set", type, this.text(p, n)]) && 0,
      proxy_get_header_map_value: (type, kp, kn, p, n) =>
        this.maps.has(type) ? this.give(this.maps.get(type), p, n) : 1,
      proxy_get_header_map_pairs: (type, p, n) => this.give("", p, n),
      proxy_continue_stream: (type) => this.calls.push(["continue", type]) && 0,
      proxy_close_stream: (type) => this.calls.push(["close", type]) && 0,
      proxy_get_status: (code, p, n) => this.word(code, 11) ?? this.give("reset", p, n),
      proxy_http_call: (up, un, hp, hn, bp, bn, tp, tn, timeout, id) =>
        this.begin("http", id, this.text(up, un), pairs(hp, hn), this.text(bp, bn), pairs(tp, tn), timeout),
      proxy_grpc_call: (up, un, sp, sn, mp, mn, ip, iN, bp, bn, timeout, id) =>
        this.begin(
          "grpc", id, this.text(up, un), this.text(sp, sn), this.text(mp, mn), pairs(ip, iN), this.text(bp, bn), timeout),
      proxy_grpc_stream: (up, un, sp, sn, mp, mn, ip, iN, id) =>
        this.begin("stream", id, this.text(up, un), this.text(sp, sn), this.text(mp, mn), pairs(ip, iN)),
      proxy_grpc_send: (id, p, n, end) => this.calls.push(["send", id, this.text(p, n), end]) && 0,
      proxy_grpc_cancel: () => 0,
      proxy_grpc_close: () => 0,
    };
    return new Proxy(known, { get: (all, name) => all[name] ?? (() => 12) });
  }

  /** The log's lines since the last time. */
  take() {
    return this.lines.splice(0);
  }
}

async function load(configuration) {
  const host = new Host(configuration);
  const wasi = { random_get: () => 0 };
  const made = await WebAssembly.instantiate(readFileSync(process.argv[2]), { env: host.imports(), wasi_snapshot_preview1: wasi });
  host.plugin = made.instance.exports;
  host.plugin._initialize();
  host.plugin.proxy_on_context_create(1, 0);
  return host;
}

async function start(configuration) {
  const host = await load(configuration);
  assert.equal(host.plugin.proxy_on_vm_start(1, 0), 1);
  assert.equal(host.plugin.proxy_on_configure(1, configuration.length), 1);
  host.plugin.proxy_on_context_create(2, 1);
  host.calls = [];
  return host;
}

async function callsAreAnswered() {
  const host = await start("calls");
  const plugin = host.plugin;
  host.next = 0;
  assert.equal(plugin.proxy_on_request_headers(2, 3, 1), 1);
  const head = [":method", "GET", ":path", "/", ":authority", "there"];
  assert.deepEqual(host.calls, [
    ["http", "there", head, "body", ["x-t", "1"], 1000], ["http", "there", head, "", [], 5000],
    ["grpc", "there", "service", "Unary", ["x-m", "1"], "body", 1000],
    ["grpc", "there", "service", "Failing", [], "body", 5000], ["stream", "there", "service", "Stream", []],
    ["send", 5, "body", 0], ["stream", "there", "service", "Cancelled", []],
  ]);
  assert.deepEqual(host.take(), ["calls 1 2 3 4 5", "sent 0", "closed 0", "cancelled 0"]);

  host.calls = [];
  host.maps.set(6, "200");
  host.buffers.set(4, "answer");
  plugin.proxy_on_http_call_response(1, 1, 4, 6, 0);
  assert.deepEqual(host.take(), ["callback of 2: call 1, 4 200, 6 answer, 0, answer 1"]);
  assert.deepEqual(host.calls, [["effective", 2]]);
  plugin.proxy_on_http_call_response(1, 2, 0, 0, 0);
  assert.deepEqual(host.take(), ["call 2: 0 0 0 0 status 11 reset"]);
  for (const unknown of [1, 2, 99]) plugin.proxy_on_http_call_response(1, unknown, 4, 6, 0);
  assert.deepEqual(host.take(), []);
}

async function grpcIsAnswered() {
  const host = await start("calls");
  const plugin = host.plugin;
  host.next = 0;
  plugin.proxy_on_request_headers(2, 3, 1);
  host.take();
  host.maps.set(4, "initial").set(5, "trailing");
  host.buffers.set(5, "message");
  plugin.proxy_on_grpc_receive(1, 3, 7);
  plugin.proxy_on_grpc_receive(1, 3, 7); // the call has ended with its message
  plugin.proxy_on_grpc_close(1, 4, 14);
  plugin.proxy_on_grpc_close(1, 4, 14);
  assert.deepEqual(host.take(), ["message 3 7 message", "closed 4 14 reset"]);
  plugin.proxy_on_grpc_receive_initial_metadata(1, 5, 1);
  plugin.proxy_on_grpc_receive(1, 5, 7);
  plugin.proxy_on_grpc_receive(1, 5, 7);
  plugin.proxy_on_grpc_receive_trailing_metadata(1, 5, 2);
  plugin.proxy_on_grpc_close(1, 5, -1);
  plugin.proxy_on_grpc_receive(1, 5, 7);
  plugin.proxy_on_grpc_receive(1, 6, 7); // cancelled
  const message = "message 5 7 message";
  assert.deepEqual(host.take(), ["initial 5 1 initial", message, message, "trailing 5 2 trailing", "closed 5 -1 reset"]);
}

async function answersComeTooLate() {
  for (const end of ["deleted", "not effective"]) {
    const host = await start("calls");
    host.next = 0;
    host.plugin.proxy_on_request_headers(2, 3, 1);
    host.take();
    if (end === "deleted") host.plugin.proxy_on_delete(2);
    else host.gone.add(2);
    host.plugin.proxy_on_http_call_response(1, 1, 4, 6, 0);
    host.plugin.proxy_on_grpc_close(1, 4, 14);
    assert.deepEqual(host.take(), []);
  }
}

async function connectionsAreShown() {
  const host = await start("tcp");
  const plugin = host.plugin;
  host.buffers.set(2, "from the client").set(3, "from the upstream");
  assert.equal(plugin.proxy_on_new_connection(2), 1);
  assert.equal(plugin.proxy_on_downstream_data(2, 15, 0), 0);
  assert.equal(plugin.proxy_on_upstream_data(2, 17, 1), 1);
  plugin.proxy_on_downstream_connection_close(2, 2);
  plugin.proxy_on_upstream_connection_close(2, 1);
  assert.equal(plugin.proxy_on_done(2), 1);
  plugin.proxy_on_log(2);
  plugin.proxy_on_delete(2);
  assert.deepEqual(host.take(), [
    "new connection 2", "downstream from the client 15 false", "upstream from the upstream 17 true",
    "downstream closed by 2", "upstream closed by 1",
  ]);
  assert.deepEqual(host.calls, [["set", 2, "!"], ["continue", 2], ["close", 3]]);
}

async function functionsAndEnds() {
  const host = await start("conf");
  const plugin = host.plugin;
  host.buffers.set(8, "argument");
  plugin.proxy_on_foreign_function(1, 7, 8);
  assert.deepEqual(host.take(), ["function 7(argument) 8"]);
  assert.equal(plugin.proxy_validate_configuration(1, 4), 1);
  host.maps.set(0, "/done");
  plugin.proxy_on_request_headers(2, 3, 1);
  assert.equal(plugin.proxy_on_done(2), 0);
  host.calls = [];
  plugin.proxy_on_tick(1);
  assert.deepEqual(host.calls, [["effective", 2], ["done"]]);
  plugin.proxy_on_log(2);
  plugin.proxy_on_delete(2);
  plugin.proxy_on_done(1);
  plugin.proxy_on_delete(1);
  assert.deepEqual(host.take(), ["validating 4", "finished: 0", "logged /done", "deleted /done", "root done", "root deleted"]);
  assert.throws(() => plugin.proxy_on_tick(1), WebAssembly.RuntimeError);
  assert.match(host.take()[0], /Key does not exist at ~lib\/map.ts:\d+:\d+/);
}

await callsAreAnswered();
await grpcIsAnswered();
await answersComeTooLate();
await connectionsAreShown();
await functionsAndEnds();
