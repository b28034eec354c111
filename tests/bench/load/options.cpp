#include "options.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string_view>

namespace bench {
namespace {

constexpr const char* kUsage = R"(usage: load --proxy PORT [OPTION]...
  --upstream PORT          also be the upstream, on this port; 0: no upstream (default)
  --connections N          clients, each with one request under way (50)
  --under-way N            at most so many of them at once, which take turns
  --nap MICROSECONDS       sleep between two looks at the sockets, so as not to saturate the proxy (0)
  --streams N              by HTTP/2, each with so many requests under way
  --tls 1                  by TLS 1.3; the certificate is not verified
  --seconds S              how long to count (5), after --warm-up S (0.5)
  --requests N             instead: this many requests, all counted
  --until-released 1       after them go on until standard input ends
  --mark-every N           print "DONE n" whenever n, a multiple of N, requests are done
  --cpu-of PID             count the CPU time of this process; may be given several times
  --path P  --header 'Name: value'...  --post BYTES
  --body BYTES             length of the upstream's response (100)
  --expect STATUS  --expect-header 'Name: value'...  --expect-body TEXT
)";

[[noreturn]] void refuse(const std::string& what) {
  std::fprintf(stderr, "load: %s\n%s", what.c_str(), kUsage);
  std::exit(2);
}

class Value final {
 public:
  Value(std::string_view option, const char* text) : option_(option), text_(text) {}

  std::string text() const { return text_; }
  double number() const {
    char* end = nullptr;
    const double value = std::strtod(text_, &end);
    if (end == text_ || *end != '\0' || !(value >= 0)) {
      refuse(std::string(option_) + " wants a number that is not negative, not '" + text_ + "'");
    }
    return value;
  }
  template <class Integer>
  Integer whole() const {
    return static_cast<Integer>(number());
  }

 private:
  std::string_view option_;
  const char* text_;
};

using Actions = std::map<std::string_view, std::function<void(const Value&)>>;

Actions actions_on(Options& to) {
  return {
      {"--proxy", [&](const Value& value) { to.proxy = value.whole<int>(); }},
      {"--upstream", [&](const Value& value) { to.upstream = value.whole<int>(); }},
      {"--connections", [&](const Value& value) { to.connections = value.whole<int>(); }},
      {"--under-way", [&](const Value& value) { to.under_way = value.whole<std::uint64_t>(); }},
      {"--nap", [&](const Value& value) { to.nap_us = value.whole<unsigned>(); }},
      {"--warm-up", [&](const Value& value) { to.warm_up_seconds = value.number(); }},
      {"--streams", [&](const Value& value) { to.streams = value.whole<int>(); }},
      {"--tls", [&](const Value& value) { to.tls = value.number() != 0; }},
      {"--seconds", [&](const Value& value) { to.seconds = value.number(); }},
      {"--requests", [&](const Value& value) { to.requests = value.whole<std::uint64_t>(); }},
      {"--until-released", [&](const Value& value) { to.until_released = value.number() != 0; }},
      {"--mark-every", [&](const Value& value) { to.mark_every = value.whole<std::uint64_t>(); }},
      {"--cpu-of", [&](const Value& value) { to.cpu_of.push_back(value.whole<pid_t>()); }},
      {"--path", [&](const Value& value) { to.path = value.text(); }},
      {"--header", [&](const Value& value) { to.headers.push_back(value.text()); }},
      {"--post", [&](const Value& value) { to.post_bytes = value.whole<std::size_t>(); }},
      {"--body", [&](const Value& value) { to.body_bytes = value.whole<std::size_t>(); }},
      {"--expect", [&](const Value& value) { to.expected_status = value.text(); }},
      {"--expect-header", [&](const Value& value) { to.expected_headers.push_back(value.text()); }},
      {"--expect-body", [&](const Value& value) { to.expected_body = value.text(); }},
  };
}

}  // namespace

Options parse_options(int count, char** words) {
  Options options;
  const Actions actions = actions_on(options);
  for (int i = 1; i < count; i += 2) {
    const auto action = actions.find(words[i]);
    if (action == actions.end()) refuse(std::string("unknown option ") + words[i]);
    if (i + 1 == count) refuse(std::string(words[i]) + " wants a value after it");
    action->second(Value(words[i], words[i + 1]));
  }
  if (options.proxy == 0) refuse("--proxy is missing");
  if (options.under_way != 0 && options.streams != 0) refuse("--under-way is for HTTP/1.1, without --streams");
  if (options.connections == 0) refuse("--connections must be at least 1");
  return options;
}

}  // namespace bench
