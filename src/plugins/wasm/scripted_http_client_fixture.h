#pragma once
// A HttpClient whose answers the test gives; no part of the product.

#include "plugins/wasm/http_client.h"

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport::wasm {

class ScriptedHttpClient final : public HttpClient {
 public:
  struct Flight {
    HttpCallOrder order;
    Done done;
    bool dropped = false;
  };
  struct Flow {  // a gRPC stream
    HttpCallOrder order;
    Told told;
    std::string sent;  // behind the body of the order
    std::size_t unsent = 0;
    bool has_sent_all = false;
    int gone_on = 0;
    std::optional<GrpcEnd> given_up;
    bool dropped = false;
  };

  Result<void> reach(const HttpTarget& target) override {
    if (known.contains(target.name) || target.may_be_host) return {};
    return fail(ErrorCode::kNotFound, "there is no upstream of that id or name");
  }
  std::unique_ptr<Call> start(HttpCallOrder order, Done done) override {
    auto flight = std::make_shared<Flight>(Flight{std::move(order), std::move(done)});
    flights.push_back(flight);
    return std::make_unique<Handle>(std::move(flight));
  }
  std::unique_ptr<Stream> open(HttpCallOrder order, Told told) override {
    auto flow = std::make_shared<Flow>(Flow{std::move(order), std::move(told)});
    flow->has_sent_all = flow->order.ends_with_body;
    flows.push_back(flow);
    return std::make_unique<FlowHandle>(std::move(flow));
  }

  void answer(std::size_t index, http::CallResult result) {
    Done done = std::move(flights.at(index)->done);
    done(std::move(result));
  }
  void answer(std::size_t index, int status, std::string body = "") {
    answer(index, http::CallAnswer{status, {{"X-One", "1"}}, std::move(body), {}});
  }
  void fail_with(std::size_t index, http::CallFailure::Kind kind) {
    answer(index, std::unexpected(http::CallFailure{kind, "it failed"}));
  }

  // Parts of what comes on a stream.
  void tell(std::size_t index, AnsweredCall part) {
    part.grpc = part.grpc ? part.grpc : GrpcEnd{};
    auto flow = flows.at(index);
    flow->told(std::move(part));
  }
  void tell_message(std::size_t index, std::string message) {
    AnsweredCall part;
    part.callback = Callback::kGrpcReceive;
    part.body = std::move(message);
    tell(index, std::move(part));
  }
  void tell_initial(std::size_t index, http::OwnedFields fields = {}) {
    AnsweredCall part;
    part.callback = Callback::kGrpcInitialMetadata;
    part.headers = std::move(fields);
    tell(index, std::move(part));
  }
  void tell_trailing(std::size_t index, http::OwnedFields fields = {}) {
    AnsweredCall part;
    part.callback = Callback::kGrpcTrailingMetadata;
    part.trailers = std::move(fields);
    tell(index, std::move(part));
  }
  void tell_end(std::size_t index, GrpcEnd end = {}) {
    AnsweredCall part;
    part.callback = Callback::kGrpcClose;
    part.grpc = std::move(end);
    tell(index, std::move(part));
  }

  std::set<std::string> known{"auth"};
  std::deque<std::shared_ptr<Flight>> flights;
  std::deque<std::shared_ptr<Flow>> flows;

 private:
  struct Handle final : Call {
    explicit Handle(std::shared_ptr<Flight> its_flight) : flight(std::move(its_flight)) {}
    ~Handle() override { flight->dropped = true; }
    std::shared_ptr<Flight> flight;
  };
  struct FlowHandle final : Stream {
    explicit FlowHandle(std::shared_ptr<Flow> its_flow) : flow(std::move(its_flow)) {}
    ~FlowHandle() override { flow->dropped = true; }
    void send(std::string_view bytes, bool is_last) override {
      flow->sent += bytes;
      flow->has_sent_all = is_last;
    }
    std::size_t unsent() const noexcept override { return flow->unsent; }
    void give_up(GrpcEnd why) override { flow->given_up = std::move(why); }
    void go_on() override { ++flow->gone_on; }
    std::shared_ptr<Flow> flow;
  };
};

}  // namespace sallyport::wasm
