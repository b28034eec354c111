#pragma once
// The kinds of loop there are, and what a user may say about them. Plain values.

#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport::async {

enum class ReactorKind : std::uint8_t { kEpoll, kIoUring };

constexpr std::string_view name(ReactorKind kind) noexcept {
  return kind == ReactorKind::kEpoll ? "epoll" : "io_uring";
}

// Nothing: io_uring where it works, else epoll.
using ReactorChoice = std::optional<ReactorKind>;

}  // namespace sallyport::async
