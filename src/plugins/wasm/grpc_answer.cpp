#include "plugins/wasm/grpc_answer.h"

#include "base/bytes.h"
#include "http/grpc.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace sallyport::wasm {
namespace {

constexpr std::size_t kFrameHead = 5;

AnsweredCall ended(int status, std::string message) {
  AnsweredCall answer;
  answer.grpc = GrpcEnd{static_cast<std::uint32_t>(status), std::move(message)};
  return answer;
}

AnsweredCall ended(const http::CallFailure& failure) {
  const bool is_late = failure.kind == http::CallFailure::Kind::kTimeout;
  return ended(is_late ? http::grpc::kDeadlineExceeded : http::grpc::kUnavailable, failure.what);
}

std::optional<std::string_view> value_of(const http::OwnedFields& fields, std::string_view name) {
  auto found = std::ranges::find_if(fields, [&](const auto& field) { return equals_ignoring_case(field.first, name); });
  if (found == fields.end()) return std::nullopt;
  return found->second;
}

// In the trailers, or in a head alone.
std::optional<std::string_view> value_of(const http::CallAnswer& answer, std::string_view name) {
  auto value = value_of(answer.trailers, name);
  return value ? value : value_of(answer.headers, name);
}

// Nothing where the body is not one message as it is.
std::optional<std::string> message_in(const std::string& body) {
  if (body.size() < kFrameHead || body[0] != 0) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 1; i < kFrameHead; ++i) size = size << 8 | static_cast<unsigned char>(body[i]);
  if (size != body.size() - kFrameHead) return std::nullopt;
  return body.substr(kFrameHead);
}

}  // namespace

std::string grpc_frame(std::string_view message) {
  std::string frame(1, '\0');
  for (int shift : {24, 16, 8, 0}) frame.push_back(static_cast<char>(message.size() >> shift));
  return frame.append(message);
}

AnsweredCall grpc_answer(http::CallResult result) {
  if (!result) return ended(result.error());
  const auto text = value_of(*result, "grpc-status");
  if (!text) {
    const bool is_http = result->status != 200;
    return ended(
        is_http ? http::grpc_status_of(result->status) : http::grpc::kUnknown,
        is_http ? "the answer has the HTTP status " + std::to_string(result->status) : "the answer has no grpc-status");
  }
  int status = -1;
  std::from_chars(text->data(), text->data() + text->size(), status);
  if (status != 0) {
    std::string message(value_of(*result, "grpc-message").value_or(""));
    return ended(status > 0 && status <= 16 ? status : http::grpc::kUnknown, std::move(message));
  }
  auto message = message_in(result->body);
  if (!message) return ended(http::grpc::kInternal, "the answer is not one message that is not compressed");
  AnsweredCall answer{std::move(result->headers), std::move(*message), std::move(result->trailers), GrpcEnd{}};
  return answer;
}

}  // namespace sallyport::wasm
