#pragma once
// Host calls as rows of a table: what a call is given, in which callback it is made, what it answers and gives; no part
// of the product.

#include "plugins/wasm/abi/abi_fixture.h"
#include "plugins/wasm/abi/binding.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::wasm::abi {

// Where a call is made.
enum class Place : std::uint8_t {
  kStart,          // _initialize
  kContextCreate,  // of the root
  kVmStart,
  kConfigure,
  kRequestHeaders,
  kRequestBody,
  kRequestTrailers,
  kResponseHeaders,
  kResponseBody,
  kResponseTrailers,
  kDone,
  kLog,
  kDelete,
  kAnswer,  // proxy_on_http_call_response
  kReset,   // the same, of a call that broke off
  kGrpcInitial,
  kGrpcMessage,
  kGrpcTrailing,
  kGrpcClose,
};

// One or two arguments of a call.
struct Argument {
  enum class Kind : std::uint8_t {
    kNumber,  // i32
    kLong,    // i64
    kDouble,  // f64
    kBytes,   // address of bytes that the call reads
    kText,    // their address and size
    kSlot,    // address to be written to
    kOutput,  // two of them: for the address of a result, and for its size
  };
  Kind kind = Kind::kNumber;
  std::uint64_t number = 0;
  std::string bytes;
};

inline Argument number(std::int64_t value) { return {Argument::Kind::kNumber, static_cast<std::uint32_t>(value), {}}; }
inline Argument long_number(std::int64_t value) {
  return {Argument::Kind::kLong, static_cast<std::uint64_t>(value), {}};
}
inline Argument decimal() { return {Argument::Kind::kDouble, 0, {}}; }
inline Argument bytes(std::string_view value) { return {Argument::Kind::kBytes, 0, std::string(value)}; }
inline Argument text(std::string_view value) { return {Argument::Kind::kText, 0, std::string(value)}; }
inline Argument slot() { return {Argument::Kind::kSlot, 0, {}}; }
inline Argument output() { return {Argument::Kind::kOutput, 0, {}}; }

struct Row {
  static constexpr std::uint32_t kTraps = 0xffff'fff0;

  Row(std::string_view its_function, std::initializer_list<Argument> its_arguments, std::uint32_t its_answer)
      : function(its_function), arguments(its_arguments), answer(its_answer) {}
  Row(std::string_view its_function, std::initializer_list<Argument> its_arguments, Status its_answer)
      : Row(its_function, its_arguments, static_cast<std::uint32_t>(its_answer)) {}
  Row(std::string_view its_function, std::initializer_list<Argument> its_arguments, Errno its_answer)
      : Row(its_function, its_arguments, static_cast<std::uint32_t>(its_answer)) {}

  Row in(Place where) && {
    place = where;
    return std::move(*this);
  }
  Row gives(std::string_view bytes) && {  // by its output
    text = bytes;
    return std::move(*this);
  }
  Row stores(std::uint64_t value) && {  // in its first slot
    stored = value;
    return std::move(*this);
  }
  Row of_version(std::string_view its_version) && {
    version = its_version;
    return std::move(*this);
  }
  Row when_full() && {  // nothing more can be shared
    is_full = true;
    return std::move(*this);
  }

  std::string_view function;
  std::vector<Argument> arguments;
  std::uint32_t answer;
  Place place = Place::kRequestHeaders;
  std::optional<std::string> text;
  std::optional<std::uint64_t> stored;
  std::string_view version = "0_2_1";
  bool is_full = false;
};

// Of every function of the ABI, each of its answers; and of WASI and what else languages import.
std::vector<Row> proxy_rows();
std::vector<Row> wasi_rows();
std::vector<Row> runtime_rows();

inline std::string words(std::initializer_list<std::uint32_t> values) {
  std::string made;
  for (std::uint32_t value : values) made.append(reinterpret_cast<const char*>(&value), 4);
  return made;
}

}  // namespace sallyport::wasm::abi
