// Where the gateway listens: sockets are bound first, all of them, and listened on when nothing can go wrong any more.

#include "admin/ends.h"
#include "app/gateway.h"
#include "app/pid_file.h"
#include "async/abandoned_listener.h"
#include "async/sockets.h"
#include "base/log.h"

#include <cstdio>

namespace sallyport::app {
namespace {

constexpr Milliseconds kFormerPoll{5};
constexpr int kFormerPolls = 400;
constexpr Milliseconds kEndsPoll{1000};

}  // namespace

// While a former gateway has the address, but no longer than it may take to go.
Task<void> Gateway::wait_while(bool (*is_taken)(const async::Address&), async::Address address) {
  if (sockets_.inherits(address)) co_return;
  for (int i = 0; i < kFormerPolls && is_taken(address); ++i) co_await control_.sleep(kFormerPoll);
}

// First of all, so that it can be watched how the start goes. A gateway that drains keeps the port to its end, which is
// given some time. While a predecessor answers there, it goes on to do so.
Task<Status> Gateway::open_status_port() {
  CO_TRY(auto address, async::Address::from_ip(settings_.status_listen.ip, settings_.status_listen.port));
  co_await wait_while(async::is_listened_on, address);
  CO_TRY(auto sockets, sockets_.take(address, 1, async::SharePort::kNo));
  const auto begins = predecessor_ ? StatusPort::Begins::kWhenServing : StatusPort::Begins::kAtOnce;
  CO_TRY(auto bound, status_.open(sockets, begins));
  status_address_ = bound.to_string();
  co_return Status{};
}

// The kernel takes a ring of io_uring apart after its process has ended. Until then, some tens of milliseconds after a
// kill -9, the listeners of the former gateway still get connections, which are lost. Who lives and
// shares the port on purpose is not waited for.
Task<Status> Gateway::wait_for_abandoned_listeners() {
  std::vector<Listen> all = settings_.listen;
  if (tls_) all.insert(all.end(), settings_.ssl.listen.begin(), settings_.ssl.listen.end());
  for (const Listen& wanted : all) {
    CO_TRY(auto address, async::Address::from_ip(wanted.ip, wanted.port));
    co_await wait_while(async::has_abandoned_listener, address);
  }
  co_return Status{};
}

Status Gateway::bind_all() {
  TRY_STATUS(bind(settings_.listen, Speaks::kClear));
  if (tls_) TRY_STATUS(bind(settings_.ssl.listen, Speaks::kTls));
  sockets_.close_untaken();
  return {};
}

Status Gateway::bind(const std::vector<Listen>& wanted, Speaks speaks) {
  for (const Listen& each : wanted) {
    TRY(auto address, async::Address::from_ip(each.ip, each.port));
    auto sockets = sockets_.take(address, workers_.size(), async::SharePort::kYes);
    if (!sockets && each.optional) continue;
    if (!sockets) return fail(std::move(sockets).error());
    auto http2 = each.http2.value_or(settings_.http2.enabled) ? proxy::Http2::kOn : proxy::Http2::kOff;
    auto prelude = each.proxy_protocol ? proxy::Prelude::kProxyHeader : proxy::Prelude::kNone;
    bound_.push_back({*std::move(sockets), {speaks, http2, prelude}});
  }
  return {};
}

Status Gateway::listen() {
  std::string clear, tls;  // the addresses as they are bound, with commas between them
  for (const Bound& bound : bound_) {
    TRY(auto address, listen_on(bound));
    std::string& list = bound.protocol.speaks == Speaks::kTls ? tls : clear;
    if (!list.empty()) list += ", ";
    list += address.to_string();
    if (bound.protocol.prelude == proxy::Prelude::kProxyHeader) list += " (PROXY protocol)";
  }
  if (tls_) clear += ", TLS on " + tls;
  std::fprintf(stderr, "sallyport %s: proxy on %s, status on %s%s, %zu workers, %s\n", SALLYPORT_VERSION, clear.c_str(),
               status_address_.c_str(), endpoints_->describe().c_str(), workers_.size(), store_->describe().c_str());
  return {};
}

// A gateway with more workers may have left more sockets than there are workers now: each is served.
Result<async::Address> Gateway::listen_on(const Bound& bound) {
  async::Address address;
  for (std::size_t i = 0; i < bound.sockets.size(); ++i) {
    Worker& worker = *workers_[i % workers_.size()];
    TRY(address, worker.listen(bound.sockets[i], bound.protocol));
  }
  return address;
}

// The Admin API comes last: once it is known that the predecessor's takes nothing any more.
Task<void> Gateway::begin_to_serve() {
  watch_load();
  status_.tell(Readiness::kServing);
  ready_ = true;
  if (!settings_.pid_file.empty()) {
    if (Status written = write_pid_file(settings_.pid_file); !written) log::warn("{}", written.error().what);
  }
  // It serves already, so that it goes on whatever the other one does.
  if (Status left = co_await ask_predecessor(kServing); !left) {
    log::error("{}; this gateway serves on without it: end that process", left.error().what);
  }
  predecessor_.reset();
  endpoints_->set_accepting(true);
  ends_poll_ = control_.start_timer(kEndsPoll, async::Reactor::Repeat::kEvery,
                                    [this] { tasks_.spawn(admin::remove_what_is_over(services_)); });
}

}  // namespace sallyport::app
