#include "app/whole_message.h"

namespace sallyport::app {
namespace {

void add_framing(http::OwnedFields& fields, const http::BodyLength& body) {
  if (body.kind == http::BodyLength::Kind::kSized) fields.emplace_back("Content-Length", std::to_string(body.bytes));
  if (body.kind == http::BodyLength::Kind::kChunked) fields.emplace_back("Transfer-Encoding", "chunked");
}

}  // namespace

WholeMessage whole(const http::RequestHead& head) {
  WholeMessage message;
  message.first_line = std::string(head.method) + " " + std::string(head.target) + " HTTP/1.1";
  message.fields = http::owned(head.headers);
  add_framing(message.fields, head.body);
  return message;
}

WholeMessage whole(const http::ResponseHead& head) {
  WholeMessage message;
  const std::string_view reason = head.reason.empty() ? http::reason_phrase(head.status) : head.reason;
  message.first_line = "HTTP/1.1 " + std::to_string(head.status) + " " + std::string(reason);
  message.status = head.status;
  message.fields = http::owned(head.headers);
  add_framing(message.fields, head.body);
  return message;
}

void add_piece(WholeMessage& message, const http::Chunk& piece) {
  message.body += piece.bytes;
  if (piece.trailers) message.trailers = http::owned(*piece.trailers);
}

}  // namespace sallyport::app
