#pragma once
// Times and durations as nginx writes them in its logs.

#include "base/clock.h"

#include <chrono>
#include <string_view>

namespace sallyport::exchange {

// Local time; the texts are valid until the next call on this thread.
std::string_view local_time_text(WallTime time);    // 28/Sep/2026:12:00:00 +0200
std::string_view iso8601_time_text(WallTime time);  // 2026-09-28T12:00:00+02:00

// "1.042": seconds with three digits, into `room`, which takes at least 24 bytes.
std::string_view seconds_text(std::chrono::nanoseconds duration, char* room);

}  // namespace sallyport::exchange
