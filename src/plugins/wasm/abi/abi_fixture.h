#pragma once
// Host calls for unit tests: a module that makes one call with given arguments and hands its memory back; no part of
// the product.

#include "plugins/wasm/abi/codes.h"
#include "plugins/wasm/abi/host_functions.h"
#include "plugins/wasm/wasm_fixture.h"

#include <cstring>
#include <string>
#include <string_view>

namespace sallyport::wasm::abi {

// The first 8 KiB of a guest's memory after a host call, whose result stands at 0. Blocks of the allocator begin at
// 4096.
struct GuestImage {
  std::string bytes;

  std::uint32_t number(std::size_t at) const {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, 4);
    return value;
  }
  std::uint64_t long_number(std::size_t at) const {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + at, 8);
    return value;
  }
  Status status() const { return static_cast<Status>(number(0)); }
  // What the slots at `at` (address) and `at` + 4 (size) point to.
  std::string_view text(std::size_t at) const { return std::string_view(bytes).substr(number(at), number(at + 4)); }
};

class AbiFixture : public WasmFixture {
 protected:
  enum class At { kRequest, kResponse, kLog };
  struct Options {
    At at = At::kRequest;  // whether a callback of headers makes the call, or that of the log
    std::string_view module = "env";
    std::string_view version = "0_2_1";
  };

  // `arguments` are WAT expressions; `data` are data segments.
  static std::string call_module(std::string_view function, std::string_view arguments, std::string_view data) {
    return call_module(function, arguments, data, Options());
  }
  static std::string call_module(std::string_view function, std::string_view arguments, std::string_view data,
                                 Options options) {
    const Import* import = find_host_function(options.module, function);
    std::string imports =
        "(import \"" + std::string(options.module) + "\" \"" + std::string(function) + "\" (func $call (param";
    for (ValueType type : import->signature.params) imports += type == ValueType::kI64 ? " i64" : " i32";
    imports += import->signature.results.empty() ? ")))" : ") (result i32)))";
    imports += R"((import "env" "proxy_set_property" (func $show (param i32 i32 i32 i32) (result i32))))";
    const bool is_log = options.at == At::kLog;
    std::string_view callback = is_log                       ? "log\") (param i32)"
                                : options.at == At::kRequest ? "request_headers\") (param i32 i32 i32) (result i32)"
                                                             : "response_headers\") (param i32 i32 i32) (result i32)";
    std::string body = std::string(data) + R"((data (i32.const 60000) "m"))" + "(func (export \"proxy_on_" +
                       std::string(callback) + "(i32.store (i32.const 0) (call $call " + std::string(arguments) +
                       "))(drop (call $show (i32.const 60000) (i32.const 1) (i32.const 0) (i32.const 8192)))" +
                       (is_log ? ")" : "(i32.const 0))");
    return wat(imports, body, options.version);
  }

  // Runs the exchange through both callbacks of headers.
  GuestImage call(PluginRun& run) {
    EXPECT_TRUE(run.request().proceeds());
    EXPECT_TRUE(run.response().proceeds());
    return image(run);
  }
  // And on to its end.
  GuestImage call_at_log(PluginRun& run) {
    EXPECT_TRUE(run.request().proceeds());
    EXPECT_TRUE(run.response().proceeds());
    run.run->log();
    return image(run);
  }
  static GuestImage image(const PluginRun& run) {
    auto bytes = run.exchange.property("m");
    if (!bytes) {
      ADD_FAILURE() << "the call did not return";
      return {std::string(8192, '\xff')};
    }
    return {std::string(*bytes)};
  }
};

// "(i32.const 1) (i32.const 2) ..."
template <class... Numbers>
std::string numbers(Numbers... values) {
  std::string text;
  ((text += "(i32.const " + std::to_string(values) + ")"), ...);
  return text;
}

inline std::string data(std::uint32_t at, std::string_view bytes) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string text = "(data (i32.const " + std::to_string(at) + ") \"";
  for (char c : bytes) {
    text += '\\';
    text += kHex[static_cast<unsigned char>(c) >> 4];
    text += kHex[static_cast<unsigned char>(c) & 15];
  }
  return text + "\")";
}

}  // namespace sallyport::wasm::abi
