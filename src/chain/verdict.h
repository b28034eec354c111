#pragma once
// What a filter decides: the exchange proceeds, the filter answers it, or the plugin itself failed.

#include "base/result.h"
#include "http/message.h"

#include <memory>
#include <utility>
#include <variant>

namespace sallyport::chain {

class [[nodiscard]] Verdict {
 public:
  static Verdict proceed() noexcept { return {}; }
  static Verdict answer(http::Response response) { return decided(std::move(response)); }
  // The plugin failed; its type has already decided that this exchange must not go on without it.
  static Verdict failed(Error error) { return decided(std::move(error)); }
  // The connection to the client is to be ended without an answer.
  static Verdict close() { return decided(Close()); }

  bool proceeds() const noexcept { return !decided_; }
  bool closes() const noexcept { return decided_ && std::holds_alternative<Close>(*decided_); }
  http::Response* response() const noexcept { return std::get_if<http::Response>(decided_.get()); }
  const Error* error() const noexcept { return std::get_if<Error>(decided_.get()); }

 private:
  struct Close {};
  using Decision = std::variant<Close, http::Response, Error>;

  Verdict() noexcept = default;
  static Verdict decided(Decision decision) {
    Verdict verdict;
    verdict.decided_ = std::make_unique<Decision>(std::move(decision));
    return verdict;
  }

  std::unique_ptr<Decision> decided_;  // null, as nearly always: it proceeds
};

}  // namespace sallyport::chain
