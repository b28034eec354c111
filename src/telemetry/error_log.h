#pragma once
// Where the lines of base/log.h go once the settings are known, and how they look: as nginx's,
// "2025/10/10 13:55:36 [warn] 4711: message".

#include "base/clock.h"
#include "base/log.h"
#include "telemetry/log_file.h"

#include <string>
#include <string_view>

namespace sallyport::telemetry {

// From now on every thread's lines go to `file`, which outlives the installation; null: to standard error again.
// Called by the main thread while no other thread that logs is starting or ending.
void install_error_log(LogFile* file) noexcept;

// Appends one line with its line feed, in local time; line breaks in the message are escaped.
void append_error_line(std::string& out, WallTime now, log::Level level, std::string_view message);

}  // namespace sallyport::telemetry
