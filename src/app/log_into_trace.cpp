#include "app/log_into_trace.h"

#include "base/log.h"

namespace sallyport::app {
namespace {

// A sink has no place for data of its own.
TraceRecord* goes_to = nullptr;

}  // namespace

LogIntoTrace::LogIntoTrace(TraceRecord& trace) {
  goes_to = &trace;
  log::set_level(log::Level::kDebug);
  log::set_sink([](log::Level level, std::string_view line) { goes_to->logged(level, line); });
}

LogIntoTrace::~LogIntoTrace() {
  log::set_sink(nullptr);
  log::set_level(log::Level::kInfo);
  goes_to = nullptr;
}

}  // namespace sallyport::app
