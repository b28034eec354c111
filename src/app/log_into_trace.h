#pragma once
// Sends the gateway's log into a trace, as long as it lives. One at a time: the sink belongs to the process.

#include "app/trace_record.h"

namespace sallyport::app {

class LogIntoTrace final {
 public:
  // `trace` outlives it.
  explicit LogIntoTrace(TraceRecord& trace);
  LogIntoTrace(const LogIntoTrace&) = delete;
  LogIntoTrace& operator=(const LogIntoTrace&) = delete;
  ~LogIntoTrace();
};

}  // namespace sallyport::app
