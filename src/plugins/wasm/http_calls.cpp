#include "plugins/wasm/http_calls.h"

#include "http/grpc.h"
#include "plugins/wasm/grpc_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sallyport::wasm {
namespace {

using http::CallFailure;

constexpr std::chrono::seconds kBetweenLines{1};
constexpr std::uint32_t kNumberStep = 4;  // the lower two bits tell kinds of calls apart
constexpr std::string_view kFunctions[] = {"http_call", "grpc_call", "grpc_stream"};

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
  AnsweredCall shown{
      Callback::kHttpCallResponse, std::move(answer.headers), std::move(answer.body), std::move(answer.trailers), {}};
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
  if (timeout.count() <= 0 || timeout > kLongest) timeout = kLongest;
  const Kind kind = target.speaks_grpc ? Kind::kGrpc : Kind::kHttp;
  HttpCallOrder order{std::move(target), std::move(request), timeout, limits_.max_answer_bytes, root.calls_wait};
  return begin(root, kind, std::move(order));
}

Result<std::uint32_t> HttpCalls::open(RootContext& root, HttpTarget target, http::CallRequest request,
                                      Milliseconds timeout) {
  HttpCallOrder order{std::move(target), std::move(request), timeout, limits_.max_answer_bytes, root.calls_wait};
  order.ends_with_body = false;
  return begin(root, Kind::kGrpcStream, std::move(order));
}

Result<std::uint32_t> HttpCalls::begin(RootContext& root, Kind kind, HttpCallOrder order) {
  const std::size_t bytes = bytes_of(order.request);
  if (calls_.size() >= limits_.max_calls) {
    return fail(ErrorCode::kLimit, fmt::format("{} calls are under way; raise max_http_calls", calls_.size()));
  }
  TRY_STATUS(has_room(bytes));
  if (root.calls_wait) return add(root, kind, std::move(order), bytes)->first;
  HttpClient* client = find_client_ ? find_client_() : nullptr;
  if (!client) return fail(ErrorCode::kUnavailable, "there is no worker to call from");
  TRY_STATUS(client->reach(order.target));
  auto added = add(root, kind, std::move(order), bytes);
  start(added->first, added->second, *client);
  return added->first;
}

Result<void> HttpCalls::has_room(std::size_t bytes) {
  if (bytes > most_request_bytes_ - request_bytes_) count_unsent();
  if (bytes <= most_request_bytes_ - request_bytes_) return {};
  return fail(ErrorCode::kLimit, "the requests under way hold as much as the plugin's own memory may");
}

// Of streams; calls are counted whole until they end.
void HttpCalls::count_unsent() {
  for (auto& [number, call] : calls_) {
    if (!call.stream) continue;
    request_bytes_ -= call.request_bytes;
    call.request_bytes = call.stream->unsent();
    request_bytes_ += call.request_bytes;
  }
}

std::uint32_t HttpCalls::new_number(Kind kind) {
  const auto bits = static_cast<std::uint32_t>(kind);
  do {
    last_number_ += kNumberStep;
  } while (last_number_ == 0 || calls_.contains(last_number_ + bits));
  return last_number_ + bits;
}

HttpCalls::Calls::iterator HttpCalls::add(RootContext& root, Kind kind, HttpCallOrder order, std::size_t bytes) {
  request_bytes_ += bytes;
  if (kind != Kind::kGrpcStream) ++awaited_;
  counts_.begun();
  std::string target = order.target.name;
  const bool has_sent_all = order.ends_with_body;
  Call call{&root, std::move(target), kind, bytes, has_sent_all, std::move(order), nullptr, nullptr};
  return calls_.emplace(new_number(kind), std::move(call)).first;
}

void HttpCalls::start(std::uint32_t number, Call& call, HttpClient& client) {
  if (call.kind == Kind::kGrpcStream) {
    auto stream =
        client.open(std::move(call.waiting), [this, number](AnsweredCall part) { told(number, std::move(part)); });
    call.stream = stream.get();
    call.flight = std::move(stream);
    return;
  }
  call.flight = client.start(std::move(call.waiting),
                             [this, number](http::CallResult result) { ended(number, std::move(result)); });
}

Result<void> HttpCalls::send(std::uint32_t number, std::string_view bytes, bool is_last) {
  auto found = find_grpc(number);
  if (found == calls_.end()) return fail(ErrorCode::kNotFound, "there is no stream of that number");
  Call& call = found->second;
  if (call.has_sent_all) return fail(ErrorCode::kInvalid, "it is no stream, or the plugin has ended what it sends");
  auto room = has_room(bytes.size());
  if (!room && !call.stream) return fail(ErrorCode::kInvalid, std::move(room.error().what));
  if (!room) {
    call.has_sent_all = true;
    call.stream->give_up({http::grpc::kResourceExhausted, std::move(room.error().what), CallOutcome::kReset});
    return {};
  }
  call.has_sent_all = is_last;
  call.request_bytes += bytes.size();
  request_bytes_ += bytes.size();
  if (call.stream) {
    call.stream->send(bytes, is_last);
  } else {
    call.waiting.request.body += bytes;
    call.waiting.ends_with_body = is_last;
  }
  return {};
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
  const bool is_grpc = found->second.kind == Kind::kGrpc;
  if (!result) {
    const std::string_view function = kFunctions[static_cast<std::size_t>(found->second.kind)];
    tell(fmt::format("{} to \"{}\": {}", function, found->second.target, result.error().what));
  }
  counts_.count(outcome_of(result));
  remove(found);
  if (is_grpc) return answered_(root, number, grpc_answer(std::move(result)));
  answered_(root, number, result ? shown(std::move(*result)) : shown(result.error()));
}

// Whoever is told may end anything here.
void HttpCalls::told(std::uint32_t number, AnsweredCall part) {
  auto found = calls_.find(number);
  RootContext& root = *found->second.root;
  if (part.callback == Callback::kGrpcClose) {
    const CallOutcome outcome = part.grpc->outcome;
    if (outcome != CallOutcome::kAnswered) {
      tell(fmt::format("grpc_stream to \"{}\": {}", found->second.target, part.grpc->message));
    }
    counts_.count(outcome);
    remove(found);
  }
  answered_(root, number, std::move(part));
}

void HttpCalls::go_on(std::uint32_t number) {
  auto found = calls_.find(number);
  if (found != calls_.end() && found->second.stream) found->second.stream->go_on();
}

HttpCalls::Calls::iterator HttpCalls::find_grpc(std::uint32_t number) {
  auto found = calls_.find(number);
  return found != calls_.end() && found->second.kind != Kind::kHttp ? found : calls_.end();
}

bool HttpCalls::cancel_grpc(std::uint32_t number) {
  auto found = find_grpc(number);
  if (found == calls_.end()) return false;
  cancel(found);
  return true;
}

bool HttpCalls::close_grpc(std::uint32_t number) {
  auto found = find_grpc(number);
  if (found == calls_.end()) return false;
  if (found->second.kind == Kind::kGrpc)
    cancel(found);
  else if (!found->second.has_sent_all)
    return send(number, {}, true).has_value();
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
  if (call->second.kind != Kind::kGrpcStream) --awaited_;
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
  log_.warn(left_out == 0 ? std::string(line)
                          : fmt::format("{} (and {} lines about HTTP calls before)", line, left_out));
}

}  // namespace sallyport::wasm
