#pragma once
// A HttpClient whose answers the test gives; no part of the product.

#include "plugins/wasm/http_client.h"

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace sallyport::wasm {

class ScriptedHttpClient final : public HttpClient {
 public:
  struct Flight {
    HttpCallOrder order;
    Done done;
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

  std::set<std::string> known{"auth"};
  std::deque<std::shared_ptr<Flight>> flights;

 private:
  struct Handle final : Call {
    explicit Handle(std::shared_ptr<Flight> its_flight) : flight(std::move(its_flight)) {}
    ~Handle() override { flight->dropped = true; }
    std::shared_ptr<Flight> flight;
  };
};

}  // namespace sallyport::wasm
