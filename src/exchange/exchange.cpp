#include "exchange/exchange.h"

#include "base/random.h"
#include "exchange/variable.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace sallyport::exchange {

Exchange::Exchange(Arena& exchange_arena, const Clock& exchange_clock)
    : arena(exchange_arena), clock(exchange_clock), request(exchange_arena), response(exchange_arena) {}

async::Task<Result<std::string_view>> Exchange::whole_request_body(std::size_t limit) {
  if (!body_reader) return Result<std::string_view>(std::string_view{});
  return body_reader->whole_request_body(limit);
}

async::Task<void> Exchange::sleep(Milliseconds duration) {
  if (!waiter) return {};
  return waiter->sleep(duration);
}

WallTime Exchange::started_wall() const {
  if (!started_wall_) {
    started_wall_ = clock.wall() - std::chrono::duration_cast<WallTime::duration>(clock.steady() - timing.started);
  }
  return *started_wall_;
}

std::string_view Exchange::request_id() const {
  if (request_id_.empty()) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::array<unsigned char, 16> bytes;
    fill_with_random(bytes);
    char* text = static_cast<char*>(arena.allocate(2 * bytes.size()));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      text[2 * i] = kHex[bytes[i] >> 4];
      text[2 * i + 1] = kHex[bytes[i] & 15];
    }
    request_id_ = {text, 2 * bytes.size()};
  }
  return request_id_;
}

void Exchange::set_request_id(std::string_view id) { request_id_ = arena.copy(id); }

std::optional<std::string_view> Exchange::variable(std::string_view name) const { return read_variable(name, *this); }

void Exchange::set_property(std::string_view name, std::string_view value) {
  auto found = std::ranges::find(properties_, name, &Property::name);
  if (found != properties_.end()) {
    found->value = arena.copy(value);
  } else {
    properties_.push_back(Property{arena.copy(name), arena.copy(value)});
  }
}

void Exchange::forget_properties(std::string_view prefix) {
  std::erase_if(properties_, [&](const Property& property) { return property.name.starts_with(prefix); });
}

std::optional<std::string_view> Exchange::property(std::string_view name) const noexcept {
  auto found = std::ranges::find(properties_, name, &Property::name);
  if (found == properties_.end()) return std::nullopt;
  return found->value;
}

void Exchange::set_upstream_target(std::string_view target) {
  std::string_view copied = arena.copy(target);
  std::size_t mark = copied.find('?');
  has_query = mark != std::string_view::npos;
  path = copied.substr(0, mark);
  query = has_query ? copied.substr(mark + 1) : std::string_view{};
}

}  // namespace sallyport::exchange
