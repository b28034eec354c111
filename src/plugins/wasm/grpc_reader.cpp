#include "plugins/wasm/grpc_reader.h"

#include "http/grpc.h"
#include "plugins/wasm/grpc_answer.h"

#include <fmt/format.h>

#include <utility>

namespace sallyport::wasm {
namespace {

AnsweredCall part(Callback callback) {
  AnsweredCall part;
  part.callback = callback;
  part.grpc.emplace();
  return part;
}

AnsweredCall take_first(std::deque<AnsweredCall>& parts) {
  AnsweredCall first = std::move(parts.front());
  parts.pop_front();
  return first;
}

}  // namespace

void GrpcReader::read_head(http::CallAnswer head, bool is_alone) {
  AnsweredCall& told = first_.emplace_back(part(Callback::kGrpcInitialMetadata));
  if (is_alone) {
    auto end = grpc_end_in(head.headers);
    return close(end ? std::move(*end) : grpc_end_without_status(head.status), std::move(head.headers));
  }
  told.headers = head.headers;
  head_ = std::move(head.headers);
  if (head.status != 200) close(grpc_end_without_status(head.status), {});
}

void GrpcReader::read(std::string_view bytes) {
  unread_.erase(0, std::exchange(at_, 0));
  unread_.append(bytes);
}

void GrpcReader::end(http::OwnedFields trailers) {
  auto end = grpc_end_in(trailers);
  if (!end) end = grpc_end_in(head_);  // where nothing but the end of the stream followed it
  close(end ? std::move(*end) : grpc_end_without_status(200), std::move(trailers));
}

// As Envoy: trailing metadata are told even if there are none.
void GrpcReader::close(GrpcEnd end, http::OwnedFields trailers) {
  if (std::exchange(has_ended_, true)) return;
  last_.emplace_back(part(Callback::kGrpcTrailingMetadata)).trailers = trailers;
  AnsweredCall& told = last_.emplace_back(part(Callback::kGrpcClose));
  told.trailers = std::move(trailers);
  told.grpc = std::move(end);
}

void GrpcReader::give_up(int status, std::string message) {
  unread_.clear();
  at_ = 0;
  has_ended_ = false;
  last_.clear();
  close({static_cast<std::uint32_t>(status), std::move(message)}, {});
}

std::optional<AnsweredCall> GrpcReader::next() {
  if (!first_.empty()) return take_first(first_);
  if (auto message = next_message()) {
    AnsweredCall told = part(Callback::kGrpcReceive);
    told.body = std::move(*message);
    return told;
  }
  if (last_.empty()) return std::nullopt;
  const bool is_well = last_.back().grpc->status == 0;
  if (is_well && !unread_.empty()) give_up(http::grpc::kInternal, "the answer ends within a message");
  return take_first(last_);
}

std::optional<std::string> GrpcReader::next_message() {
  const std::string_view left = std::string_view(unread_).substr(at_);
  if (left.size() < kGrpcFrameHead) return std::nullopt;
  const GrpcFrameHead head = grpc_frame_head(left);
  if (head.is_compressed) {
    give_up(http::grpc::kInternal, "a message of the answer is compressed");
    return std::nullopt;
  }
  if (head.size > most_message_bytes_) {
    give_up(http::grpc::kResourceExhausted, fmt::format("a message of the answer has {} bytes; raise max_http_call_body"
                                                        " above {} if it shall be taken",
                                                        head.size, most_message_bytes_));
    return std::nullopt;
  }
  if (left.size() - kGrpcFrameHead < head.size) return std::nullopt;
  std::string message(left.substr(kGrpcFrameHead, head.size));
  at_ += kGrpcFrameHead + head.size;
  if (at_ == unread_.size()) {
    unread_.clear();
    at_ = 0;
  }
  return message;
}

}  // namespace sallyport::wasm
