#pragma once
// What one request of a simulation is, what becomes of it on the way, and what was seen of it. Bodies follow from the
// request's number, so that none can be taken for another. Plain values.

#include "async/seeded_chance_fixture.h"
#include "base/clock.h"
#include "chain/phase.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::simulation {

enum class Framing : std::uint8_t { kSized, kChunked, kUntilClose };
// Where an upstream breaks off its response.
enum class Break : std::uint8_t { kNever, kBeforeHead, kInHead, kInBody, kAfter };
// Where a client breaks off its connection, or over HTTP/2 its stream.
enum class Leave : std::uint8_t { kNever, kInHead, kInBody, kWaiting, kInResponse };
// What a plugin does in the phase `in`.
enum class Act : std::uint8_t { kNothing, kAnswer, kFail, kClose, kWait, kHold, kThrow };

struct Plan {
  std::string route = "a";
  std::string method = "GET";
  std::size_t request_bytes = 0;
  bool request_is_chunked = false;
  bool request_has_trailers = false;  // behind a chunked body
  bool expects_continue = false;

  int status = 200;
  std::size_t response_bytes = 0;
  Framing framing = Framing::kSized;
  bool response_has_trailers = false;  // behind a chunked body
  unsigned interims = 0;
  bool upstream_closes = false;  // after its response, as it says

  Break breaks = Break::kNever;
  unsigned broken_tries = 1;
  bool breaks_hard = true;  // with a reset
  bool answers_early = false;
  Milliseconds upstream_reads_after{0};
  Milliseconds upstream_answers_after{0};

  Leave leaves = Leave::kNever;
  Milliseconds client_reads_after{0};

  Act act = Act::kNothing;
  chain::Phase in = chain::Phase::kAccess;

  bool has_request_body() const { return request_bytes > 0 || request_is_chunked; }
  bool response_may_have_body() const { return method != "HEAD" && status != 204 && status != 304; }
  bool may_be_repeated() const { return method == "GET" || method == "HEAD" || method == "PUT"; }
  bool client_is_patient() const { return leaves == Leave::kNever && client_reads_after.count() == 0; }
  bool upstream_is_sound() const {
    return breaks == Break::kNever && upstream_reads_after.count() == 0 && upstream_answers_after.count() == 0;
  }
};

struct Entry {
  Plan plan;
  std::uint64_t number = 0;
  unsigned heads = 0;   // that upstreams got
  unsigned wholes = 0;  // of these with their body
  std::vector<int> logged;
  // What the client saw.
  bool asked = false;  // all of the request's head has left
  unsigned answers = 0;
  int status = 0;
  bool is_whole = false;
  // It went behind others on one connection, and one of these may end that for all.
  bool has_bad_company = false;
};

// For whoever reads a failure; numbers of enumerators stand for themselves.
inline std::string words_for(const Entry& entry) {
  const Plan& plan = entry.plan;
  std::string logged;
  for (int status : entry.logged) logged += fmt::format(" {}", status);
  return fmt::format(
      "request {}: {} /{} {} bytes{}{}{} -> {} {} bytes framing {}{}{}{}; upstream breaks {} {}x {}, reads after {}, "
      "answers "
      "after {}; client leaves {}, reads after {}; plugin {} in {}; came {}x, logged{}, seen {}{}",
      entry.number, plan.method, plan.route, plan.request_bytes, plan.request_is_chunked ? " chunked" : "",
      plan.request_has_trailers ? " trailers" : "", plan.expects_continue ? " expect" : "", plan.status,
      plan.response_bytes, static_cast<int>(plan.framing), plan.response_has_trailers ? " trailers" : "",
      plan.upstream_closes ? " close" : "", plan.answers_early ? " early" : "", static_cast<int>(plan.breaks),
      plan.broken_tries, plan.breaks_hard ? "hard" : "softly", plan.upstream_reads_after.count(),
      plan.upstream_answers_after.count(), static_cast<int>(plan.leaves), plan.client_reads_after.count(),
      static_cast<int>(plan.act), static_cast<int>(plan.in), entry.heads, logged, entry.status,
      entry.is_whole ? " whole" : "");
}

// Letters that tell the number, the direction and the place.
inline std::string body_of(std::uint64_t number, bool is_response, std::size_t size) {
  std::string bytes(size, ' ');
  std::uint64_t state = number * 2 + (is_response ? 1 : 0);
  for (std::size_t i = 0; i < size; ++i) {
    if (i % 8 == 0) state = async::SeededChance(state + i).next();
    bytes[i] = static_cast<char>('a' + (state >> (8 * (i % 8)) & 0xff) % 26);
  }
  return bytes;
}
// What the one trailer field says, X-Trailer; empty: there is none.
inline std::string trailer_of(const Entry& entry, bool is_response) {
  const Plan& plan = entry.plan;
  const bool has_it =
      is_response ? plan.response_has_trailers && plan.framing == Framing::kChunked && plan.response_may_have_body()
                  : plan.request_has_trailers && plan.request_is_chunked;
  return has_it ? fmt::format("{} {}", is_response ? "down" : "up", entry.number) : "";
}
// In chunks of any size (RFC 9112 7.1), with that trailer.
inline std::string in_chunks(std::string_view body, std::string_view trailer, async::SeededChance& chance) {
  std::string chunks;
  while (!body.empty()) {
    const std::size_t size = chance.between(1, std::min<std::size_t>(body.size(), 9'000));
    chunks += fmt::format("{:x}\r\n{}\r\n", size, body.substr(0, size));
    body.remove_prefix(size);
  }
  chunks += "0\r\n";
  if (!trailer.empty()) chunks += fmt::format("X-Trailer: {}\r\n", trailer);
  return chunks + "\r\n";
}
inline std::string answer_of_plugin(std::uint64_t number) { return "plugin " + std::to_string(number); }

}  // namespace sallyport::simulation
