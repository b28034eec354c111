#pragma once
// Makes a loop of a kind by name. Any thread may call it; the loop then belongs to the thread that runs it.

#include "async/reactor.h"
#include "base/result.h"

#include <cstdint>
#include <memory>
#include <string_view>

namespace sallyport::async {

enum class ReactorKind : std::uint8_t { kEpoll, kIoUring };

std::string_view name(ReactorKind kind) noexcept;  // "epoll", "io_uring"

// Error: kUnavailable, only for kIoUring: what this kernel lacks or forbids.
Result<std::unique_ptr<Reactor>> open_reactor(ReactorKind kind);

}  // namespace sallyport::async
