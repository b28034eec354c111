#pragma once
// What a filter decides: the exchange proceeds, the filter answers it, or the plugin itself failed.

#include "base/result.h"
#include "http/message.h"

#include <memory>
#include <utility>

namespace sallyport::chain {

class [[nodiscard]] Verdict {
 public:
  static Verdict proceed() noexcept { return {}; }
  static Verdict answer(http::Response response) {
    Verdict verdict;
    verdict.answer_ = std::make_unique<http::Response>(std::move(response));
    return verdict;
  }
  // The plugin failed; its type has already decided that this exchange must not go on without it.
  static Verdict failed(Error error) {
    Verdict verdict;
    verdict.error_ = std::make_unique<Error>(std::move(error));
    return verdict;
  }
  // The connection to the client is to be ended without an answer.
  static Verdict close() {
    Verdict verdict;
    verdict.closes_ = true;
    return verdict;
  }

  bool proceeds() const noexcept { return !answer_ && !error_ && !closes_; }
  bool closes() const noexcept { return closes_; }
  http::Response* response() const noexcept { return answer_.get(); }
  const Error* error() const noexcept { return error_.get(); }

 private:
  Verdict() noexcept = default;
  std::unique_ptr<http::Response> answer_;
  std::unique_ptr<Error> error_;
  bool closes_ = false;
};

}  // namespace sallyport::chain
