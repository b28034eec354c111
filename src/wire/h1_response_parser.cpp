#include "wire/h1.h"
#include "wire/h1_framing.h"
#include "wire/h1_syntax.h"

namespace sallyport::wire {
namespace {

using http::FieldName;
using http::ResponseHead;

constexpr int kBadGateway = 502;

// "HTTP/1." DIGIT SP 3DIGIT: whether `bytes` may begin so.
bool may_begin_status_line(std::string_view bytes) {
  constexpr std::string_view kPattern = "HTTP/1.0 000";
  constexpr std::string_view kUsual = "HTTP/1.1 200";
  if (bytes == kUsual) return true;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bool fits = kPattern[i] == '0' ? bytes[i] >= '0' && bytes[i] <= '9' : bytes[i] == kPattern[i];
    if (!fits) return false;
  }
  return true;
}

// The space before an empty reason is often left out: both forms are read (RFC 9112 4 wants it).
Progress read_reason(HeadReader& in, std::string_view& reason) {
  if (in.at == in.end) return Progress::kMore;
  if (*in.at != ' ') return in.read_line_end();
  const char* begin = ++in.at;
  in.at = http::skip<http::kValueByte>(begin, in.end);
  reason = between(begin, in.at);
  return in.read_line_end();
}

Progress read_status_line(HeadReader& in, ResponseHead& head) {
  constexpr std::size_t kBytes = 12;
  std::string_view start = between(in.at, in.end).substr(0, kBytes);
  if (!may_begin_status_line(start)) return in.refuse(kBadGateway, "bad_status_line");
  if (start.size() < kBytes) return Progress::kMore;
  head.version = start[7] == '0' ? http::Version::kHttp10 : http::Version::kHttp11;
  head.status = (start[9] - '0') * 100 + (start[10] - '0') * 10 + (start[11] - '0');
  if (head.status < 100 || head.status > 599) return in.refuse(kBadGateway, "bad_status");
  in.at += kBytes;
  return read_reason(in, head.reason);
}

// RFC 9112 6.3, for a response that may have a body.
Progress interpret_body(HeadReader& in, ResponseHead& head, const SeenFields& seen) {
  if (seen.has(FieldName::kTransferEncoding)) {
    if (transfer_coding(head.headers) != TransferCoding::kChunked) {
      return in.refuse(kBadGateway, "bad_transfer_encoding");
    }
    head.body = http::BodyLength::chunked();
  } else if (head.announced_length) {
    head.body = http::BodyLength::sized(*head.announced_length);
    head.announced_length.reset();
  } else {
    head.body = http::BodyLength::until_close();
    head.keep_alive = false;
  }
  return Progress::kDone;
}

// A body that must not be there may be sent all the same: the connection is not used again where one is announced.
void interpret_without_body(ResponseHead& head, const SeenFields& seen) {
  bool never_has_one = head.status < 200 || head.status == 204;
  if (!never_has_one) return;  // to HEAD, or a 304: the length is that of another answer
  if (seen.has(FieldName::kTransferEncoding) || head.announced_length.value_or(0) != 0) head.keep_alive = false;
  head.announced_length.reset();
}

Progress interpret_length(HeadReader& in, ResponseHead& head, const SeenFields& seen) {
  if (seen.has(FieldName::kTransferEncoding)) {
    if (seen.has(FieldName::kContentLength)) return in.refuse(kBadGateway, "content_length_with_transfer_encoding");
    if (head.version == http::Version::kHttp10) return in.refuse(kBadGateway, "transfer_encoding_in_http10");
  }
  if (!seen.has(FieldName::kContentLength)) return Progress::kDone;
  if (seen.repeated(FieldName::kContentLength)) return in.refuse(kBadGateway, "repeated_content_length");
  head.announced_length = parse_content_length(*head.headers.get(FieldName::kContentLength));
  return head.announced_length ? Progress::kDone : in.refuse(kBadGateway, "bad_content_length");
}

void interpret_connection(ResponseHead& head, const SeenFields& seen) {
  bool is_http11 = head.version == http::Version::kHttp11;
  head.keep_alive = is_http11;
  if (!seen.has(FieldName::kConnection)) return;
  ConnectionOptions options = apply_connection(head.headers);
  head.keep_alive = !options.close && !options.malformed && (is_http11 || options.keep_alive);
  if (is_http11 && options.upgrade) head.upgrade = upgrade_protocols(head.headers);
}

Progress interpret(HeadReader& in, ResponseHead& head, const SeenFields& seen, std::string_view method) {
  interpret_connection(head, seen);
  if (Progress length = interpret_length(in, head, seen); length != Progress::kDone) return length;
  if (http::has_no_body(method, head.status)) {
    interpret_without_body(head, seen);
  } else if (Progress body = interpret_body(in, head, seen); body != Progress::kDone) {
    return body;
  }
  if ((seen.once & kFramingFields) != 0) remove_framing_fields(head.headers);
  return Progress::kDone;
}

void copy_into_arena(std::string_view bytes, ResponseHead& head) {
  Rebase rebase(bytes, head.headers.arena().copy(bytes));
  rebase(head.reason);
  rebase(head.headers);
}

}  // namespace

ParseOutcome parse_response_head(std::string_view bytes, std::string_view method, ResponseHead& head,
                                 const HeadLimits& limits) {
  clear_head(head);
  std::string_view allowed = bytes.substr(0, limits.bytes);
  HeadReader in{allowed.data(), allowed.data() + allowed.size()};
  SeenFields seen;
  Progress progress = read_status_line(in, head);
  if (progress == Progress::kDone) progress = read_fields(in, head.headers, seen, limits.fields);
  if (progress == Progress::kMore && allowed.size() < bytes.size()) {
    progress = in.refuse(kBadGateway, "head_too_large");
  }
  auto length = static_cast<std::size_t>(in.at - allowed.data());
  if (progress == Progress::kDone) {
    copy_into_arena(allowed.substr(0, length), head);
    progress = interpret(in, head, seen, method);
  }
  if (progress == Progress::kDone) return {ParseStatus::kComplete, length, 0, {}};
  clear_head(head);
  if (progress == Progress::kMore) return {};
  return {ParseStatus::kInvalid, 0, kBadGateway, in.reason};
}

}  // namespace sallyport::wire
