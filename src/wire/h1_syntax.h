#pragma once
// What heads of requests and responses have in common (RFC 9112 2.2 and 5): lines that end in CRLF, and fields.
// Reading goes strictly from left to right and decides at the first byte that is wrong, so that more bytes never change
// a decision.

#include "http/byte_scan.h"
#include "http/headers.h"
#include "wire/h1.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>

namespace sallyport::wire {

enum class Progress : std::uint8_t { kMore, kDone, kInvalid };

// How far a head has been read, and why it is refused.
struct HeadReader {
  const char* begin;  // of all that may be read
  const char* at;
  const char* end;
  int refusal = 0;
  std::string_view reason = {};

  HeadReader(const char* begin_of_bytes, const char* end_of_bytes)
      : begin(begin_of_bytes), at(begin_of_bytes), end(end_of_bytes) {}

  Progress refuse(int status, std::string_view why) {
    refusal = status;
    reason = why;
    return Progress::kInvalid;
  }
  // The refusal that the byte at `at` deserves where it does not belong; `otherwise` when it is an ordinary one.
  Progress refuse_byte(std::string_view otherwise);
  // CRLF. One without the other is refused.
  Progress read_line_end() {
    if (end - at < 2 || at[0] != '\r' || at[1] != '\n') return read_odd_line_end();
    at += 2;
    return Progress::kDone;
  }

 private:
  Progress read_odd_line_end();
};

// Which fields that the gateway knows have been there, and which of them twice.
struct SeenFields {
  std::uint32_t once = 0;
  std::uint32_t again = 0;

  static constexpr std::uint32_t bit(http::FieldName name) { return http::bit_of(name); }
  void note(http::FieldName name) {
    again |= once & bit(name);
    once |= bit(name);
  }
  bool has(http::FieldName name) const { return (once & bit(name)) != 0; }
  bool repeated(http::FieldName name) const { return (again & bit(name)) != 0; }
};

// One field line with its CRLF. `field.known` is set as well.
Progress read_field_line(HeadReader& in, http::Field& field);

// Field lines up to and with the empty line. The fields are views of the bytes read.
Progress read_fields(HeadReader& in, http::Headers& headers, SeenFields& seen, std::size_t limit);

inline std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

// As newly made, but with the room for fields that an earlier attempt took from the arena.
template <class Head>
void clear_head(Head& head) {
  static_assert(std::is_trivially_destructible_v<Head>);
  http::Headers headers = head.headers;
  headers.clear();
  std::construct_at(&head, headers.arena());
  head.headers = headers;
}

// Moves views of `from` to the same place of `to`, a copy of it.
class Rebase {
 public:
  Rebase(std::string_view from, std::string_view to) : from_(from.data()), to_(to.data()) {}
  void operator()(std::string_view& view) const {
    if (!view.empty()) move(view);
  }
  void operator()(http::Headers& headers) const {
    for (http::Field& field : headers) {
      move(field.name);
      move(field.value);  // where it is empty, too, it points into the bytes read
    }
  }

 private:
  void move(std::string_view& view) const { view = {to_ + (view.data() - from_), view.size()}; }

  const char* from_;
  const char* to_;
};

}  // namespace sallyport::wire
