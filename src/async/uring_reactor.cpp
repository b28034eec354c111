#include "async/uring_reactor.h"

#include "async/sockets.h"
#include "async/uring_stream.h"
#include "async/wheel_timer.h"

#include <poll.h>
#include <unistd.h>

#include <utility>

namespace sallyport::async {
namespace {

// Polls once at a time: what is still ready when its call returns is reported again.
class UringWatch final : public Watch, private Completion {
 public:
  UringWatch(UringReactor& reactor, int fd, std::uint32_t events, Reactor::OnReady on_ready)
      : reactor_(reactor), fd_(fd), events_(events), on_ready_(std::move(on_ready)) {
    poll();
  }
  ~UringWatch() override {
    if (polling_) reactor_.ring().settle(*this);
  }

 private:
  void poll() {
    io_uring_sqe& entry = reactor_.ring().next_entry();
    io_uring_prep_poll_add(&entry, fd_, events_);
    UringRing::name(entry, this);
    polling_ = true;
  }
  void on_completion(int result, std::uint32_t) override {
    polling_ = false;
    if (result < 0) return;
    poll();                     // submitted after the call
    auto on_ready = on_ready_;  // the call may drop this watch
    on_ready((result & (POLLIN | POLLHUP | POLLERR)) != 0, (result & (POLLOUT | POLLERR)) != 0);
  }

  UringReactor& reactor_;
  int fd_;
  std::uint32_t events_;
  Reactor::OnReady on_ready_;
  bool polling_ = false;
};

}  // namespace

Result<std::unique_ptr<UringReactor>> UringReactor::open(std::size_t buffer_size) {
  std::unique_ptr<UringReactor> reactor(new UringReactor(buffer_size));
  TRY(reactor->ring_, UringRing::open(reactor->buffers()));
  reactor->wake_ = reactor->watch(reactor->inbox_->descriptor(), true, false,
                                  [self = reactor.get()](bool, bool) { self->take_messages(); });
  return reactor;
}

UringReactor::UringReactor(std::size_t buffer_size)
    : Reactor(buffer_size), now_(std::chrono::steady_clock::now()), wheel_(now_) {}

UringReactor::~UringReactor() { inbox_->close(); }

void UringReactor::keep(std::unique_ptr<UringSocket> socket) {
  UringSocket* key = socket.get();
  ending_.emplace(key, std::move(socket));
}

void UringReactor::run() {
  stopping_ = false;
  while (!stopping_) turn();
}

void UringReactor::turn() {
  constexpr Milliseconds kLongestSleep{1000};
  ring_->enter(wheel_.until_next(now_, kLongestSleep));
  now_ = std::chrono::steady_clock::now();
  ring_->dispatch();
  wheel_.advance(now_);
  if (std::exchange(has_messages_, false)) inbox_->deliver();
  for (auto& action : turn_end_) action();
}

void UringReactor::take_messages() {
  std::uint64_t count;
  [[maybe_unused]] ssize_t got = ::read(inbox_->descriptor(), &count, sizeof count);
  has_messages_ = true;
}

Result<std::unique_ptr<Listener>> UringReactor::listen(const Address& address, SharePort share, OnAccept on_accept) {
  TRY(int socket, bind_socket(address, share));
  return listen_on(socket,
                   [this, on_accept = std::move(on_accept)](Arrival arrival) { on_accept(adopt(std::move(arrival))); });
}

Result<std::unique_ptr<Listener>> UringReactor::listen_on(int socket, OnArrival on_arrival) {
  TRY_STATUS(start_listening(socket));
  return accept_from(*this, socket, std::move(on_arrival));
}

Accepted UringReactor::adopt(Arrival arrival) {
  const int socket = arrival.release();
  auto stream = std::make_unique<UringStream>(*this, socket, UringStream::State::kConnected);
  return {std::move(stream), arrival.peer(), local_address_of(socket)};
}

Task<Result<StreamPtr>> UringReactor::connect(Address address, Milliseconds timeout) {
  CO_TRY(Connecting begun, begin_connect(address));
  auto state = begun.connected ? UringStream::State::kConnected : UringStream::State::kConnecting;
  auto stream = std::make_unique<UringStream>(*this, begun.fd, state);
  if (!begun.connected) {
    IoStatus status = co_await stream->send({}, timeout);
    if (status != IoStatus::kOk) co_return fail(connect_error(address, status, stream->last_error(), timeout));
  }
  co_return StreamPtr(std::move(stream));
}

std::unique_ptr<Timer> UringReactor::start_timer(Milliseconds delay, Repeat repeat, std::function<void()> fire) {
  return std::make_unique<WheelTimer>(*this, wheel_, delay, repeat, std::move(fire));
}

std::unique_ptr<Watch> UringReactor::watch(int fd, bool readable, bool writable, OnReady on_ready) {
  std::uint32_t events = (readable ? std::uint32_t{POLLIN} : 0u) | (writable ? std::uint32_t{POLLOUT} : 0u);
  return std::make_unique<UringWatch>(*this, fd, events, std::move(on_ready));
}

}  // namespace sallyport::async
