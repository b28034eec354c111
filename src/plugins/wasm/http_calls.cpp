#include "plugins/wasm/http_calls.h"

#include "plugins/wasm/grpc_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sallyport::wasm {
namespace {

using http::CallFailure;

constexpr std::chrono::seconds kBetweenLines{1};
// The lower two bits tell kinds of calls apart; those of HTTP have none of them.
constexpr std::uint32_t kNumberStep = 4;
constexpr std::uint32_t kGrpcBit = 1;

std::size_t bytes_of(const http::OwnedFields& fields) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : fields) bytes += name.size() + value.size();
  return bytes;
}

std::size_t bytes_of(const http::CallRequest& request) {
  return request.target.size() + request.body.size() + bytes_of(request.headers) + bytes_of(request.trailers);
}

// Whoever waits in vain is answered as by a proxy in between.
http::CallAnswer stand_in(int status, std::string body) {
  http::CallAnswer answer{status, {}, std::move(body), {}};
  answer.headers.emplace_back("content-length", std::to_string(answer.body.size()));
  answer.headers.emplace_back("content-type", "text/plain");
  return answer;
}

AnsweredCall shown(http::CallAnswer answer) {
  AnsweredCall shown{std::move(answer.headers), std::move(answer.body), std::move(answer.trailers)};
  shown.headers.emplace(shown.headers.begin(), ":status", std::to_string(answer.status));
  return shown;
}

AnsweredCall shown(const CallFailure& failure) {
  switch (failure.kind) {
    case CallFailure::Kind::kUnavailable:
      return shown(stand_in(503, "no healthy upstream"));
    case CallFailure::Kind::kTimeout:
      return shown(stand_in(504, "upstream request timeout"));
    case CallFailure::Kind::kBroken:
      break;
  }
  return {};
}

CallOutcome outcome_of(const http::CallResult& result) {
  if (result) return CallOutcome::kAnswered;
  switch (result.error().kind) {
    case CallFailure::Kind::kUnavailable:
      return CallOutcome::kUnavailable;
    case CallFailure::Kind::kTimeout:
      return CallOutcome::kTimeout;
    case CallFailure::Kind::kBroken:
      break;
  }
  return CallOutcome::kReset;
}

}  // namespace

HttpCalls::HttpCalls(const HttpCallLimits& limits, std::size_t most_request_bytes, CallCounts& counts, PluginLog& log,
                     const Clock& clock)
    : limits_(limits), most_request_bytes_(most_request_bytes), counts_(counts), log_(log), clock_(clock) {}

void HttpCalls::open(FindHttpClient find_client, Answered answered) {
  find_client_ = std::move(find_client);
  answered_ = std::move(answered);
}

Result<std::uint32_t> HttpCalls::begin(RootContext& root, HttpTarget target, http::CallRequest request,
                                       Milliseconds timeout) {
  const std::size_t bytes = bytes_of(request);
  TRY_STATUS(has_room(bytes));
  if (timeout.count() <= 0 || timeout > kLongest) timeout = kLongest;
  HttpCallOrder order{std::move(target), std::move(request), timeout, limits_.max_answer_bytes, root.calls_wait};
  if (root.calls_wait) return add(root, std::move(order), bytes)->first;
  HttpClient* client = find_client_ ? find_client_() : nullptr;
  if (!client) return fail(ErrorCode::kUnavailable, "there is no worker to call from");
  TRY_STATUS(client->reach(order.target));
  auto added = add(root, std::move(order), bytes);
  start(added->first, added->second, *client);
  return added->first;
}

Result<void> HttpCalls::has_room(std::size_t bytes) const {
  if (calls_.size() >= limits_.max_calls) {
    return fail(ErrorCode::kLimit, fmt::format("{} calls are under way; raise max_http_calls", calls_.size()));
  }
  if (bytes > most_request_bytes_ - request_bytes_) {
    return fail(ErrorCode::kLimit, "the requests under way hold as much as the plugin's own memory may");
  }
  return {};
}

std::uint32_t HttpCalls::new_number(bool is_grpc) {
  const std::uint32_t kind = is_grpc ? kGrpcBit : 0;
  do {
    last_number_ += kNumberStep;
  } while (last_number_ == 0 || calls_.contains(last_number_ + kind));
  return last_number_ + kind;
}

HttpCalls::Calls::iterator HttpCalls::add(RootContext& root, HttpCallOrder order, std::size_t bytes) {
  request_bytes_ += bytes;
  counts_.begun();
  std::string target = order.target.name;
  const bool is_grpc = order.target.speaks_grpc;
  Call call{&root, std::move(target), is_grpc, bytes, std::move(order), nullptr};
  return calls_.emplace(new_number(is_grpc), std::move(call)).first;
}

void HttpCalls::start(std::uint32_t number, Call& call, HttpClient& client) {
  call.flight = client.start(std::move(call.waiting),
                             [this, number](http::CallResult result) { ended(number, std::move(result)); });
}

void HttpCalls::release(RootContext& root) {
  root.calls_wait = false;
  HttpClient* client = find_client_ ? find_client_() : nullptr;
  for (auto call = calls_.begin(); call != calls_.end();) {
    if (call->second.root != &root || call->second.flight) {
      ++call;
    } else if (client) {
      start(call->first, call->second, *client);
      ++call;
    } else {
      call = cancel(call);
    }
  }
}

void HttpCalls::ended(std::uint32_t number, http::CallResult result) {
  auto found = calls_.find(number);
  RootContext& root = *found->second.root;
  const bool is_grpc = found->second.is_grpc;
  if (!result) {
    tell(fmt::format("{} to \"{}\": {}", is_grpc ? "grpc_call" : "http_call", found->second.target,
                     result.error().what));
  }
  counts_.count(outcome_of(result));
  remove(found);
  if (is_grpc) return answered_(root, number, grpc_answer(std::move(result)));
  answered_(root, number, result ? shown(std::move(*result)) : shown(result.error()));
}

bool HttpCalls::has_grpc(std::uint32_t number) const {
  auto found = calls_.find(number);
  return found != calls_.end() && found->second.is_grpc;
}

bool HttpCalls::cancel_grpc(std::uint32_t number) {
  if (!has_grpc(number)) return false;
  cancel(calls_.find(number));
  return true;
}

HttpCalls::Calls::iterator HttpCalls::cancel(Calls::iterator call) {
  counts_.count(CallOutcome::kCancelled);
  auto next = std::next(call);
  remove(call);
  return next;
}

void HttpCalls::remove(Calls::iterator call) {
  request_bytes_ -= call->second.request_bytes;
  counts_.ended();
  calls_.erase(call);
}

void HttpCalls::drop(const RootContext& root) {
  for (auto call = calls_.begin(); call != calls_.end();) {
    call = call->second.root == &root ? cancel(call) : std::next(call);
  }
}

void HttpCalls::drop_all() noexcept {
  while (!calls_.empty()) cancel(calls_.begin());
}

void HttpCalls::tell(std::string_view line) {
  const SteadyTime now = clock_.steady();
  if (told_ != SteadyTime{} && now - told_ < kBetweenLines) {
    ++left_out_;
    return;
  }
  told_ = now;
  const std::uint64_t left_out = std::exchange(left_out_, 0);
  log_.write(LogLevel::kWarn, left_out == 0 ? std::string(line)
                                            : fmt::format("{} (and {} lines about HTTP calls before)", line, left_out));
}

}  // namespace sallyport::wasm
