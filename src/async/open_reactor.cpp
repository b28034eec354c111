#include "async/open_reactor.h"

#include "async/epoll_reactor.h"
#include "async/uring_reactor.h"

namespace sallyport::async {

std::string_view name(ReactorKind kind) noexcept { return kind == ReactorKind::kEpoll ? "epoll" : "io_uring"; }

Result<std::unique_ptr<Reactor>> open_reactor(ReactorKind kind) {
  if (kind == ReactorKind::kEpoll) return std::make_unique<EpollReactor>();
  TRY(auto reactor, UringReactor::open());
  return reactor;
}

}  // namespace sallyport::async
