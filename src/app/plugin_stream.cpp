#include "app/plugin_stream.h"

#include "async/until_set.h"
#include "plugins/wasm/grpc_answer.h"

#include <fmt/format.h>

#include <utility>

namespace sallyport::app {

using async::Task;
using http::CallFailure;

namespace {

Task<bool> done(Task<void> task) {
  co_await std::move(task);
  co_return true;
}

}  // namespace

PluginStream::PluginStream(async::Reactor& reactor, wasm::HttpCallOrder order, wasm::HttpClient::Told told)
    : reactor_(reactor),
      order_(std::move(order)),
      timeout_(order_.timeout),
      told_(std::move(told)),
      reader_(order_.most_answer_bytes),
      unsent_(std::exchange(order_.request.body, {})),
      has_last_(order_.ends_with_body) {}

void PluginStream::begin(Open open) {
  if (is_over_) return;
  open_ = std::move(open);
  running_.spawn(run());
}

void PluginStream::stop() noexcept {
  is_over_ = true;
  running_.cancel_all();
  sending_.cancel_all();
  wire_.reset();
}

// A guest's callback may be under way.
void PluginStream::wake_later(async::Event& event) {
  if (is_over_) return;
  reactor_.post([weak = weak_from_this(), &event] {
    auto self = weak.lock();
    if (self && !self->is_over_) event.set();
  });
}

void PluginStream::send(std::string_view bytes, bool is_last) {
  unsent_.append(bytes);
  has_last_ = is_last;
  wake_later(to_send_);
}

void PluginStream::go_on() { wake_later(heard_); }

void PluginStream::give_up(wasm::GrpcEnd why) {
  if (!given_up_) given_up_ = std::move(why);
  wake_later(is_given_up_);
}

Task<void> PluginStream::run() {
  std::unique_ptr<async::Timer> timer;
  if (timeout_.count() > 0) {
    timer = reactor_.start_timer(timeout_, async::Reactor::Repeat::kOnce, [this] {
      std::string what = fmt::format("not over within {} ms", timeout_.count());
      give_up(wasm::grpc_end_of({CallFailure::Kind::kTimeout, std::move(what)}));
    });
  }
  if (!co_await async::UntilSet(is_given_up_, done(converse()))) reader_.fail(*given_up_);
  sending_.cancel_all();
  wire_.reset();
  while (co_await tell_all()) {
  }
}

// Until its end, or until nothing more can come.
Task<void> PluginStream::converse() {
  auto opened = co_await open_(std::move(order_));
  if (!opened) co_return reader_.fail(wasm::grpc_end_of(opened.error()));
  wire_ = std::move(*opened);
  sending_.spawn(send_all());
  auto head = co_await wire_->read_head();
  if (!head) co_return reader_.fail(wasm::grpc_end_of(head.error()));
  reader_.read_head(std::move(head->answer), head->is_alone);
  while (co_await tell_all()) {
    auto piece = co_await wire_->read_body();
    if (!piece) co_return reader_.fail(wasm::grpc_end_of(piece.error()));
    reader_.read(piece->bytes);
    if (piece->is_last) reader_.end(wire_->trailers());
  }
}

// What there is. False: that was the end.
Task<bool> PluginStream::tell_all() {
  while (auto part = reader_.next()) {
    heard_.reset();
    const bool is_end = part->callback == wasm::Callback::kGrpcClose;
    reactor_.post([weak = weak_from_this(), part = std::move(*part)]() mutable {
      auto self = weak.lock();
      if (self && !self->is_over_) self->deliver(std::move(part));
    });
    if (is_end) co_return false;
    co_await heard_;
  }
  co_return !reader_.has_ended();
}

// Whoever is told may end this.
void PluginStream::deliver(wasm::AnsweredCall part) {
  auto self = shared_from_this();
  told_(std::move(part));
}

Task<void> PluginStream::send_all() {
  for (bool is_last = false; !is_last;) {
    while (unsent_.empty() && !has_last_) {
      to_send_.reset();
      co_await to_send_;
    }
    is_last = has_last_;
    std::string piece = std::exchange(unsent_, {});
    leaving_ = piece.size();
    Status sent = co_await wire_->send(std::move(piece), is_last);
    leaving_ = 0;
    if (sent) continue;
    // One that has answered and wants no more is no failure.
    if (sent.error().code == ErrorCode::kTimeout) {
      give_up(wasm::grpc_end_of({CallFailure::Kind::kBroken, sent.error().what}));
    }
    co_return;
  }
}

}  // namespace sallyport::app
