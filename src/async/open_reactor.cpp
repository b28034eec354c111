#include "async/open_reactor.h"

#include "async/epoll_reactor.h"
#include "async/task_group.h"
#include "async/uring_reactor.h"
#include "async/uring_stream.h"
#include "base/log.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace sallyport::async {
namespace {

constexpr Milliseconds kPatience{1000};  // of a machine that has much else to do

Task<void> send_across(Reactor& reactor, Stream& near, Stream& far, bool& arrived) {
  arrived = co_await near.send("probe", kPatience) == IoStatus::kOk && co_await far.fill(kPatience) == IoStatus::kOk &&
            far.unread() == "probe";
  reactor.post([&reactor] { reactor.stop(); });
}

}  // namespace

Result<std::unique_ptr<Reactor>> open_reactor(ReactorKind kind, std::size_t buffer_size) {
  if (kind == ReactorKind::kEpoll) return std::make_unique<EpollReactor>(buffer_size);
  TRY(auto reactor, UringReactor::open(buffer_size));
  return reactor;
}

Status probe_io_uring() try {
  TRY(auto reactor, UringReactor::open());
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail(ErrorCode::kUnavailable, std::string("no sockets to try it with: ") + std::strerror(errno));
  }
  UringStream near(*reactor, ends[0], UringStream::State::kConnected);
  UringStream far(*reactor, ends[1], UringStream::State::kConnected);
  bool arrived = false;
  TaskGroup tasks;
  tasks.spawn(send_across(*reactor, near, far, arrived));
  reactor->run();
  if (!arrived) return fail(ErrorCode::kUnavailable, "bytes sent through it did not arrive");
  return {};
} catch (const std::exception& broken) {
  return fail(ErrorCode::kUnavailable, broken.what());
}

Result<ReactorKind> choose_reactor(ReactorChoice choice) {
  if (choice == ReactorKind::kEpoll) {
    log::info("connections are served with epoll, as asked");
    return ReactorKind::kEpoll;
  }
  Status works = probe_io_uring();
  if (works) {
    log::info("connections are served with io_uring");
    return ReactorKind::kIoUring;
  }
  if (choice == ReactorKind::kIoUring) {
    return fail(ErrorCode::kUnavailable, "--reactor io_uring: io_uring does not work here: " + works.error().what +
                                             "; use --reactor epoll, or auto, which takes what works");
  }
  log::info("connections are served with epoll; io_uring does not work here: {}", works.error().what);
  return ReactorKind::kEpoll;
}

}  // namespace sallyport::async
