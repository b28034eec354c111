#pragma once
// A trace and messages as lines for a terminal and as JSON. Pure but for what TraceText remembers of the last event.

#include "app/trace_record.h"
#include "app/whole_message.h"
#include "json/value.h"

#include <string>

namespace sallyport::app {

class TraceText {
 public:
  // What there is to print now; the line of a callback waits for what follows it.
  std::string add(const TraceEvent& event);

 private:
  std::string callback_;  // entered, and nothing has happened there
  std::size_t host_calls_ = 0;
};

// Indented, with its body behind an empty line; what is beyond `kLongestQuote` is left out.
std::string text_of(const WholeMessage& message);

json::Value json_of(const TraceEvent& event);
json::Value json_of(const WholeMessage& message);

}  // namespace sallyport::app
