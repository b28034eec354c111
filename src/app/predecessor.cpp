#include "app/predecessor.h"

#include "base/bytes.h"
#include "base/environment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

namespace sallyport::app {
namespace {

constexpr Milliseconds kPoll{5};

std::string take_variable(std::string_view name) {
  const std::string text(name);
  std::string value = process_environment(text).value_or("");
  ::unsetenv(text.c_str());
  return value;
}

}  // namespace

Result<std::unique_ptr<Predecessor>> Predecessor::from_environment() {
  const std::string number = take_variable(kPredecessorVariable);
  const std::string listeners = take_variable(kListenersVariable);
  if (number.empty()) return nullptr;
  const int fd = static_cast<int>(parse_unsigned(number).value_or(0));
  if (fd < 3 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: {} is no descriptor of this process; only a gateway that is to "
                                                 "be followed sets this variable",
                                                 kPredecessorVariable, number));
  }
  auto predecessor = std::make_unique<Predecessor>(fd, ::getppid());
  auto sockets = parse_sockets(listeners);
  if (!sockets) {
    Error error = std::move(sockets).error();
    error.what = fmt::format("{}: {}", kListenersVariable, error.what);
    predecessor->tell_failure(error.what);
    return fail(std::move(error));
  }
  predecessor->sockets_ = *std::move(sockets);
  return predecessor;
}

async::Task<Status> Predecessor::ask(async::Reactor& reactor, std::string request, Milliseconds longest) {
  channel_.say(request);
  const SteadyTime deadline = reactor.now() + longest;
  while (!channel_.has_ended()) {
    if (auto said = channel_.hear(); said && *said == request) break;
    if (reactor.now() >= deadline) {
      co_return fail(ErrorCode::kTimeout, fmt::format("process {}, which this gateway is to follow, has not answered "
                                                      "\"{}\" in {} ms (nginx_config.upgrade_timeout)",
                                                      process_, request, longest.count()));
    }
    co_await reactor.sleep(kPoll);
  }
  co_return Status();
}

}  // namespace sallyport::app
