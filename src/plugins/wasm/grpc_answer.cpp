#include "plugins/wasm/grpc_answer.h"

#include "base/bytes.h"
#include "http/grpc.h"

#include <charconv>
#include <utility>

namespace sallyport::wasm {
namespace {

AnsweredCall closed(GrpcEnd end) {
  AnsweredCall answer;
  answer.callback = Callback::kGrpcClose;
  answer.grpc = std::move(end);
  return answer;
}

// Nothing where the body is not one message as it is.
std::optional<std::string> message_in(const std::string& body) {
  if (body.size() < kGrpcFrameHead) return std::nullopt;
  const GrpcFrameHead head = grpc_frame_head(body);
  if (head.is_compressed || head.size != body.size() - kGrpcFrameHead) return std::nullopt;
  return body.substr(kGrpcFrameHead);
}

GrpcEnd end_of(int status, std::string message) { return {static_cast<std::uint32_t>(status), std::move(message)}; }

}  // namespace

std::string grpc_frame(std::string_view message) {
  std::string frame(1, '\0');
  for (int shift : {24, 16, 8, 0}) frame.push_back(static_cast<char>(message.size() >> shift));
  return frame.append(message);
}

GrpcFrameHead grpc_frame_head(std::string_view frame) {
  GrpcFrameHead head{0, frame[0] != 0};
  for (std::size_t i = 1; i < kGrpcFrameHead; ++i) head.size = head.size << 8 | static_cast<unsigned char>(frame[i]);
  return head;
}

std::optional<GrpcEnd> grpc_end_in(const http::OwnedFields& fields) {
  const auto text = http::first_value(fields, "grpc-status");
  if (!text) return std::nullopt;
  int status = -1;
  std::from_chars(text->data(), text->data() + text->size(), status);
  const bool is_known = status >= 0 && status <= 16;
  return end_of(is_known ? status : http::grpc::kUnknown,
                percent_decode(http::first_value(fields, "grpc-message").value_or("")));
}

GrpcEnd grpc_end_without_status(int http_status) {
  if (http_status == 200) return end_of(http::grpc::kUnknown, "the answer has no grpc-status");
  return end_of(http::grpc_status_of(http_status), "the answer has the HTTP status " + std::to_string(http_status));
}

GrpcEnd grpc_end_of(const http::CallFailure& failure) {
  switch (failure.kind) {
    case http::CallFailure::Kind::kTimeout:
      return {http::grpc::kDeadlineExceeded, failure.what, CallOutcome::kTimeout};
    case http::CallFailure::Kind::kUnavailable:
      return {http::grpc::kUnavailable, failure.what, CallOutcome::kUnavailable};
    case http::CallFailure::Kind::kBroken:
      break;
  }
  return {http::grpc::kUnavailable, failure.what, CallOutcome::kReset};
}

AnsweredCall grpc_answer(http::CallResult result) {
  if (!result) return closed(grpc_end_of(result.error()));
  auto end = grpc_end_in(result->trailers);
  if (!end) end = grpc_end_in(result->headers);  // of a head alone
  if (!end) return closed(grpc_end_without_status(result->status));
  if (end->status != 0) return closed(std::move(*end));
  auto message = message_in(result->body);
  if (!message) return closed(end_of(http::grpc::kInternal, "the answer is not one message that is not compressed"));
  return {Callback::kGrpcReceive, std::move(result->headers), std::move(*message), std::move(result->trailers),
          GrpcEnd{}};
}

}  // namespace sallyport::wasm
