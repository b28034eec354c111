#include "app/canned_grpc.h"

#include "http/grpc.h"
#include "plugins/wasm/grpc_answer.h"
#include "plugins/wasm/grpc_reader.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace sallyport::app {
namespace {

http::OwnedFields trailers_of(const CalledService& service) {
  http::OwnedFields trailers{{"grpc-status", std::to_string(service.status)}};
  if (!service.message.empty()) trailers.emplace_back("grpc-message", http::grpc_message(service.message));
  return trailers;
}

std::string frames_of(const CalledService& service, std::size_t most) {
  std::string frames;
  for (std::size_t i = 0; i < std::min(most, service.messages.size()); ++i) {
    frames += wasm::grpc_frame(service.messages[i]);
  }
  return frames;
}

struct CannedCall final : wasm::HttpClient::Call {
  explicit CannedCall(wasm::HttpClient::Done its_done)
      : done(std::make_shared<wasm::HttpClient::Done>(std::move(its_done))) {}
  std::shared_ptr<wasm::HttpClient::Done> done;
};

// What it is sent goes nowhere.
class CannedStream final : public wasm::HttpClient::Stream {
 public:
  CannedStream(async::Reactor& reactor, const CalledService& service, wasm::HttpClient::Told told)
      : reactor_(reactor), state_(std::make_shared<State>(std::move(told))) {
    state_->reader.read_head({200, {{"content-type", "application/grpc"}}, "", {}}, false);
    state_->reader.read(frames_of(service, std::numeric_limits<std::size_t>::max()));
    state_->reader.end(trailers_of(service));
    go_on();
  }

  void send(std::string_view, bool) override {}
  std::size_t unsent() const noexcept override { return 0; }
  void give_up(wasm::GrpcEnd) override {}
  void go_on() override {
    reactor_.post([weak = std::weak_ptr(state_)] {
      auto state = weak.lock();
      auto part = state ? state->reader.next() : std::nullopt;
      if (part) state->told(std::move(*part));
    });
  }

 private:
  struct State {
    explicit State(wasm::HttpClient::Told its_told) : told(std::move(its_told)) {}
    wasm::HttpClient::Told told;
    wasm::GrpcReader reader{std::numeric_limits<std::size_t>::max()};
  };

  async::Reactor& reactor_;
  std::shared_ptr<State> state_;
};

}  // namespace

const CalledService* CannedGrpc::find(const wasm::HttpTarget& target) const {
  if (!target.speaks_grpc) return nullptr;
  auto found = std::ranges::find(services_, target.name, &CalledService::name);
  return found == services_.end() || !found->node.empty() ? nullptr : &*found;
}

Status CannedGrpc::reach(const wasm::HttpTarget& target) {
  if (find(target)) return {};
  return client_.reach(target);
}

std::unique_ptr<wasm::HttpClient::Call> CannedGrpc::start(wasm::HttpCallOrder order, Done done) {
  const CalledService* service = find(order.target);
  if (!service) return client_.start(std::move(order), std::move(done));
  auto call = std::make_unique<CannedCall>(std::move(done));
  http::CallAnswer answer{200, {{"content-type", "application/grpc"}}, frames_of(*service, 1), trailers_of(*service)};
  reactor_.post([weak = std::weak_ptr(call->done), answer = std::move(answer)]() mutable {
    if (auto told = weak.lock()) (*told)(std::move(answer));
  });
  return call;
}

std::unique_ptr<wasm::HttpClient::Stream> CannedGrpc::open(wasm::HttpCallOrder order, Told told) {
  const CalledService* service = find(order.target);
  if (!service) return client_.open(std::move(order), std::move(told));
  return std::make_unique<CannedStream>(reactor_, *service, std::move(told));
}

}  // namespace sallyport::app
