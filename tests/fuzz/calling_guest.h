#pragma once
// A guest that makes whatever host calls a program tells it to: its module, and programs made of the bytes of a fuzz
// target.
//
// A program is one step after the other: the number of a host function, behind it its arguments, 8 bytes each. Every
// callback goes on where the one before it ended, until a step is "return", whose first argument is the callback's
// result. The guest reads programs as the property `program`, and bytes that its arguments may point to as `bytes`.

#include "plugins/wasm/abi/host_functions.h"
#include "plugins/wasm/wasm_fixture.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::wasm {

class CallingGuest {
 public:
  CallingGuest() {
    for (const Import& import : abi::host_functions()) {
      if (import.module != "wasi_unstable") functions_.push_back(import);  // of which those of preview 1 are the same
    }
    lay_out_texts();
  }

  // In the text format.
  std::string module() const {
    std::string imports, steps;
    for (std::size_t i = 0; i < functions_.size(); ++i) {
      imports += import_of(i);
      steps += step_of(i);
    }
    std::string body = data_segment() + R"(
      (data (i32.const 16) "program") (data (i32.const 24) "bytes")
      (global $at (mut i32) (i32.const 0)) (global $end (mut i32) (i32.const 0))
      (func $read (param $name i32) (param $size i32)
        (i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 4) (i32.const 0))
        (drop (call $)" +
                       std::to_string(number_of("proxy_get_property")) +
                       R"( (local.get $name) (local.get $size) (i32.const 0) (i32.const 4))))
      (func $run (result i32) (local $p i32)
        (loop $next
          (if (i32.ge_u (global.get $at) (global.get $end)) (then (return (i32.const 0))))
          (local.set $p (global.get $at))
          (global.set $at (i32.add (local.get $p) (i32.const )" +
                       std::to_string(kStepBytes) + R"()))
          (if (i32.ge_u (i32.load (local.get $p)) (i32.const )" +
                       std::to_string(functions_.size()) + R"())
            (then (return (i32.load offset=8 (local.get $p)))))
          )" + steps + R"((br $next))
        (unreachable))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (call $read (i32.const 24) (i32.const 5))
        (call $read (i32.const 16) (i32.const 7))
        (global.set $at (i32.load (i32.const 0)))
        (global.set $end (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 4))))
        (call $run)))";
    for (std::string_view name : {"proxy_on_request_body", "proxy_on_response_headers", "proxy_on_response_body"})
      body += callback(name, 3, true);
    for (std::string_view name : {"proxy_on_request_trailers", "proxy_on_response_trailers"})
      body += callback(name, 2, true);
    body += callback("proxy_on_done", 1, true) + callback("proxy_on_log", 1, false) +
            callback("proxy_on_delete", 1, false) + callback("proxy_on_http_call_response", 5, false);
    for (std::string_view name : {"proxy_on_grpc_receive_initial_metadata", "proxy_on_grpc_receive",
                                  "proxy_on_grpc_receive_trailing_metadata", "proxy_on_grpc_close"})
      body += callback(name, 3, false);
    return wat(imports, body);
  }

  // Takes the steps off the front of `input`; what is left is for the guest to point to. A step is the number of a
  // function and a byte for each of its arguments.
  std::string program(std::string_view& input) const {
    std::string steps;
    std::size_t count = std::min<std::size_t>(next(input), kMostSteps);
    for (; count > 0 && !input.empty(); --count) {
      const std::size_t number = next(input) % (functions_.size() + kReturns);
      std::array<std::uint64_t, kStepBytes / 8> step{number};
      const std::size_t arguments = number < functions_.size() ? functions_[number].signature.params.size() : 1;
      std::size_t told = 0;  // of the text that the argument before points to
      for (std::size_t i = 1; i <= arguments; ++i) step.at(i) = value_of(next(input), told);
      steps.append(reinterpret_cast<const char*>(step.data()), kStepBytes);
    }
    return steps;
  }

 private:
  static constexpr std::size_t kStepBytes = 8 * 14;
  static constexpr std::size_t kMostSteps = 80;
  static constexpr std::size_t kReturns = 20;  // so many numbers beyond the functions are "return"
  static constexpr std::size_t kTexts = 1000;  // where the texts begin
  static constexpr std::size_t kBytes = 4096;  // the guest's first block

  static std::uint8_t next(std::string_view& input) {
    if (input.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(input.front());
    input.remove_prefix(1);
    return byte;
  }

  // A small number, the size of the text that was pointed to before, an address of a text or of the bytes, or one of
  // those that hurt.
  std::uint64_t value_of(std::uint8_t byte, std::size_t& told) const {
    constexpr std::array<std::uint64_t, 16> kSharp{
        0xffff'ffff, 0x8000'0000, 0x7fff'ffff, 0xffff'fff0, 65'536, 65'535, 65'532, 65'528,
        60'000,      100,         200,         404,         500,    1000,   4095,   0xffff'ffff'ffff'ffff};
    if (byte < 63) return byte;
    if (byte == 63) return told;
    if (byte >= 240) return kSharp.at(byte - 240u);
    if (byte >= 160) return kBytes + (byte - 160u) * 4;
    const Text& text = texts_.at((byte - 64u) % texts_.size());
    told = text.bytes.size();
    return text.at;
  }

  struct Text {
    std::size_t at;
    std::string_view bytes;
  };

  void lay_out_texts() {
    using namespace std::string_view_literals;
    constexpr std::string_view kAll[] = {
        "x-one"sv,
        "value"sv,
        ":path"sv,
        ":method"sv,
        ":status"sv,
        ":authority"sv,
        "/other"sv,
        "GET"sv,
        "200"sv,
        "content-length"sv,
        "host"sv,
        "auth"sv,
        "key"sv,
        "counter"sv,
        "request\0path"sv,
        "response\0code"sv,
        "a.b"sv,
        "wasm_process_req_body"sv,
        "\r\nx: y"sv,
        "",
        "\xff\x00\x80"sv,
        "grpc-status"sv,
        "te"sv,
        "test"sv,
        "declare_property"sv,
        "compress"sv,
        "uncompress"sv,
        "verify_signature"sv,
        "set_envoy_filter_state"sv,
        "\x01\0\0\0\x05\0\0\0\x01\0\0\0x-one\0v\0"sv,
        "\x03\0\0\0\x07\0\0\0\x03\0\0\0\x05\0\0\0\x01\0\0\0\x0a\0\0\0\x01\0\0\0:method\0GET\0:path\0/\0:authority\0a\0"sv};
    std::size_t at = kTexts;
    for (std::string_view bytes : kAll) {
      texts_.push_back({at, bytes});
      at += bytes.size();
    }
  }

  std::string data_segment() const {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string segment = "(data (i32.const " + std::to_string(kTexts) + ") \"";
    for (const Text& text : texts_) {
      for (const char c : text.bytes) {
        segment += '\\';
        segment += kHex[static_cast<unsigned char>(c) >> 4];
        segment += kHex[static_cast<unsigned char>(c) & 15];
      }
    }
    return segment + "\")";
  }

  static std::string_view name_of(ValueType type) {
    return type == ValueType::kI64 ? "i64" : type == ValueType::kF64 ? "f64" : "i32";
  }

  std::size_t number_of(std::string_view function) const {
    return static_cast<std::size_t>(std::ranges::find(functions_, function, &Import::name) - functions_.begin());
  }
  std::string import_of(std::size_t number) const {
    const Import& import = functions_[number];
    std::string text = "(import \"" + std::string(import.module) + "\" \"" + std::string(import.name) + "\" (func $" +
                       std::to_string(number);
    for (ValueType type : import.signature.params) text += " (param " + std::string(name_of(type)) + ")";
    for (ValueType type : import.signature.results) text += " (result " + std::string(name_of(type)) + ")";
    return text + "))";
  }
  std::string step_of(std::size_t number) const {
    const Import& import = functions_[number];
    std::string call = "(call $" + std::to_string(number);
    std::size_t offset = 8;
    for (ValueType type : import.signature.params) {
      call += " (" + std::string(name_of(type)) + ".load offset=" + std::to_string(offset) + " (local.get $p))";
      offset += 8;
    }
    call += ")";
    if (!import.signature.results.empty()) call = "(drop " + call + ")";
    return "(if (i32.eq (i32.load (local.get $p)) (i32.const " + std::to_string(number) + ")) (then " + call + "))";
  }
  static std::string callback(std::string_view name, int parameters, bool has_result) {
    std::string text = "(func (export \"" + std::string(name) + "\")";
    for (int i = 0; i < parameters; ++i) text += " (param i32)";
    return text + (has_result ? " (result i32) (call $run))" : " (drop (call $run)))");
  }

  std::vector<Import> functions_;
  std::vector<Text> texts_;
};

}  // namespace sallyport::wasm
