#pragma once
// A gRPC stream of a Wasm plugin on one worker: sends what it is given as fast as the server takes it, and tells what
// comes part by part, the next when the one before has been dealt with. What it keeps of what comes is bounded by that.
// Belongs to its worker's thread.

#include "async/event.h"
#include "async/reactor.h"
#include "async/task_group.h"
#include "plugins/wasm/grpc_reader.h"
#include "plugins/wasm/http_client.h"
#include "upstream/call_stream.h"

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::app {

class PluginStream final : public std::enable_shared_from_this<PluginStream> {
 public:
  using Opened = upstream::CallStream::Outcome<std::unique_ptr<upstream::CallStream>>;
  // Opens it, with the order that the stream was made with.
  using Open = std::move_only_function<async::Task<Opened>(wasm::HttpCallOrder order)>;

  PluginStream(async::Reactor& reactor, wasm::HttpCallOrder order, wasm::HttpClient::Told told);
  PluginStream(const PluginStream&) = delete;
  PluginStream& operator=(const PluginStream&) = delete;

  // From the loop.
  void begin(Open open);
  // Nothing is told any more; not from its own tasks.
  void stop() noexcept;

  void send(std::string_view bytes, bool is_last);
  std::size_t unsent() const noexcept { return unsent_.size() + leaving_; }
  void give_up(wasm::GrpcEnd why);
  void go_on();

 private:
  async::Task<void> run();
  async::Task<void> converse();
  async::Task<bool> tell_all();
  async::Task<void> send_all();
  void wake_later(async::Event& event);
  void deliver(wasm::AnsweredCall part);

  async::Reactor& reactor_;
  wasm::HttpCallOrder order_;  // until it is opened
  Milliseconds timeout_;
  wasm::HttpClient::Told told_;
  Open open_;
  wasm::GrpcReader reader_;
  std::string unsent_;
  std::size_t leaving_ = 0;
  bool has_last_ = false;  // in what is unsent
  bool is_over_ = false;
  std::optional<wasm::GrpcEnd> given_up_;
  async::Event is_given_up_;
  async::Event to_send_;
  async::Event heard_;
  std::unique_ptr<upstream::CallStream> wire_;
  async::TaskGroup sending_;
  async::TaskGroup running_;  // last: its task uses everything above
};

}  // namespace sallyport::app
