#include "base/bytes.h"
#include "http/authority.h"
#include "http/target.h"
#include "wire/h1.h"
#include "wire/h1_framing.h"
#include "wire/h1_syntax.h"

namespace sallyport::wire {
namespace {

using http::FieldName;
using http::RequestHead;

constexpr std::size_t kMethodBytes = 32;  // longer ones are no methods that anyone implements (RFC 9112 3)

// Earlier pipelining clients send an empty line after a body (RFC 9112 2.2).
Progress skip_empty_line(HeadReader& in) {
  if (in.at == in.end) return Progress::kMore;
  return *in.at == '\r' ? in.read_line_end() : Progress::kDone;
}

Progress read_method(HeadReader& in, std::string_view& method) {
  const char* begin = in.at;
  in.at = http::skip<http::kTokenByte>(begin, in.end);
  if (static_cast<std::size_t>(in.at - begin) > kMethodBytes) return in.refuse(501, "method_too_long");
  if (in.at == in.end) return Progress::kMore;
  if (in.at == begin || *in.at != ' ') return in.refuse_byte("bad_method");
  method = between(begin, in.at++);
  return Progress::kDone;
}

Progress read_target(HeadReader& in, std::string_view& target, std::size_t limit) {
  const char* begin = in.at;
  in.at = http::skip<http::kTargetByte>(begin, in.end);
  if (static_cast<std::size_t>(in.at - begin) > limit) return in.refuse(414, "target_too_long");
  if (in.at == in.end) return Progress::kMore;
  if (in.at == begin || *in.at != ' ') return in.refuse_byte("bad_target");
  target = between(begin, in.at++);
  return Progress::kDone;
}

// "HTTP/" DIGIT "." DIGIT CRLF. A higher minor version is spoken to as 1.1 (RFC 9110 2.5).
Progress read_version(HeadReader& in, http::Version& version) {
  constexpr std::string_view kUsual = "HTTP/1.1\r\n";
  constexpr std::string_view kPattern = "HTTP/0.0";
  if (between(in.at, in.end).starts_with(kUsual)) {
    in.at += kUsual.size();
    version = http::Version::kHttp11;
    return Progress::kDone;
  }
  const char* begin = in.at;
  for (char wanted : kPattern) {
    if (in.at == in.end) return Progress::kMore;
    bool fits = wanted == '0' ? *in.at >= '0' && *in.at <= '9' : *in.at == wanted;
    if (!fits) return in.refuse_byte("bad_version");
    ++in.at;
  }
  if (begin[5] != '1') return in.refuse(505, "unsupported_version");
  version = begin[7] == '0' ? http::Version::kHttp10 : http::Version::kHttp11;
  return in.read_line_end();
}

Progress read_request_line(HeadReader& in, RequestHead& head, std::size_t target_limit) {
  if (Progress empty_line = skip_empty_line(in); empty_line != Progress::kDone) return empty_line;
  if (Progress method = read_method(in, head.method); method != Progress::kDone) return method;
  if (Progress target = read_target(in, head.target, target_limit); target != Progress::kDone) return target;
  return read_version(in, head.version);
}

Progress interpret_body(HeadReader& in, RequestHead& head, const SeenFields& seen) {
  if (seen.has(FieldName::kTransferEncoding)) {
    if (seen.has(FieldName::kContentLength)) return in.refuse(400, "content_length_with_transfer_encoding");
    if (head.version == http::Version::kHttp10) return in.refuse(400, "transfer_encoding_in_http10");
    switch (transfer_coding(head.headers)) {
      case TransferCoding::kMalformed:
        return in.refuse(400, "bad_transfer_encoding");
      case TransferCoding::kUnknown:
        return in.refuse(501, "unknown_transfer_coding");
      case TransferCoding::kChunked:
        head.body = http::BodyLength::chunked();
    }
  } else if (seen.has(FieldName::kContentLength)) {
    if (seen.repeated(FieldName::kContentLength)) return in.refuse(400, "repeated_content_length");
    auto length = parse_content_length(*head.headers.get(FieldName::kContentLength));
    if (!length) return in.refuse(400, "bad_content_length");
    head.body = http::BodyLength::sized(*length);
  }
  return Progress::kDone;
}

// False when it is no host[:port].
bool take_authority(RequestHead& head, std::string_view text) {
  auto authority = http::parse_authority(text);
  if (!authority) return false;
  head.authority = text;
  head.host = authority->host;
  return true;
}

Progress interpret_host(HeadReader& in, RequestHead& head, const SeenFields& seen) {
  if (!seen.has(FieldName::kHost)) {
    return head.version == http::Version::kHttp10 ? Progress::kDone : in.refuse(400, "missing_host");
  }
  if (seen.repeated(FieldName::kHost)) return in.refuse(400, "repeated_host");
  bool is_host = take_authority(head, *head.headers.get(FieldName::kHost));
  return is_host ? Progress::kDone : in.refuse(400, "bad_host");
}

// RFC 9112 3.2. The authority of an absolute form wins over Host, also in `headers`.
Progress interpret_target(HeadReader& in, RequestHead& head) {
  if (head.method == "CONNECT") return in.refuse(501, "connect_not_implemented");
  if (head.target.front() == '/') return Progress::kDone;
  if (head.target == "*") return head.method == "OPTIONS" ? Progress::kDone : in.refuse(400, "bad_target");
  auto absolute = http::split_absolute(head.target);
  if (!absolute || !take_authority(head, absolute->authority)) return in.refuse(400, "bad_target");
  for (http::Field& field : head.headers) {
    if (field.known == FieldName::kHost) field.value = head.authority;
  }
  return Progress::kDone;
}

// RFC 9110 10.1.1. What HTTP/1.0 clients expect is not looked at.
Progress interpret_expectation(HeadReader& in, RequestHead& head) {
  if (head.version == http::Version::kHttp10) return Progress::kDone;
  for (const http::Field& field : head.headers) {
    if (field.known != FieldName::kExpect || field.value.empty()) continue;
    if (!equals_ignoring_case(field.value, "100-continue")) return in.refuse(417, "unknown_expectation");
    head.expects_continue = !head.body.is_empty();
  }
  return Progress::kDone;
}

Progress interpret_connection(HeadReader& in, RequestHead& head, const SeenFields& seen) {
  bool is_http11 = head.version == http::Version::kHttp11;
  if (!seen.has(FieldName::kConnection)) {
    head.keep_alive = is_http11;
    return Progress::kDone;
  }
  ConnectionOptions options = apply_connection(head.headers);
  if (options.malformed) return in.refuse(400, "bad_connection");
  head.keep_alive = !options.close && (is_http11 || options.keep_alive);
  if (is_http11 && options.upgrade) head.upgrade = upgrade_protocols(head.headers);
  return Progress::kDone;
}

Progress interpret(HeadReader& in, RequestHead& head, const SeenFields& seen) {
  if (Progress host = interpret_host(in, head, seen); host != Progress::kDone) return host;
  if (Progress target = interpret_target(in, head); target != Progress::kDone) return target;
  if (Progress body = interpret_body(in, head, seen); body != Progress::kDone) return body;
  if (seen.has(FieldName::kExpect)) {
    if (Progress expects = interpret_expectation(in, head); expects != Progress::kDone) return expects;
  }
  if (Progress connection = interpret_connection(in, head, seen); connection != Progress::kDone) return connection;
  if ((seen.once & kEndOfRequests) != 0) remove_what_ends_here(head.headers);
  return Progress::kDone;
}

void copy_into_arena(std::string_view bytes, RequestHead& head) {
  Rebase rebase(bytes, head.headers.arena().copy(bytes));
  rebase(head.method);
  rebase(head.target);
  rebase(head.headers);
}

// Leaves what the log may name of a request that is refused: its method and target.
ParseOutcome refused(const HeadReader& in, RequestHead& head) {
  std::string_view method = head.headers.arena().copy(head.method);
  std::string_view target = head.headers.arena().copy(head.target);
  clear_head(head);
  head.method = method;
  head.target = target;
  return {ParseStatus::kInvalid, 0, in.refusal, in.reason};
}

}  // namespace

ParseOutcome parse_request_head(std::string_view bytes, RequestHead& head, const HeadLimits& limits) {
  clear_head(head);
  std::string_view allowed = bytes.substr(0, limits.bytes);
  HeadReader in{allowed.data(), allowed.data() + allowed.size()};
  SeenFields seen;
  Progress progress = read_request_line(in, head, limits.target_bytes);
  bool has_line = progress == Progress::kDone;
  if (has_line) progress = read_fields(in, head.headers, seen, limits.fields);
  if (progress == Progress::kMore) {
    if (allowed.size() == bytes.size()) {
      clear_head(head);
      return {};
    }
    progress = has_line ? in.refuse(431, "head_too_large") : in.refuse(414, "target_too_long");
  }
  auto length = static_cast<std::size_t>(in.at - allowed.data());
  if (progress == Progress::kDone) {
    copy_into_arena(allowed.substr(0, length), head);
    progress = interpret(in, head, seen);
  }
  if (progress != Progress::kDone) return refused(in, head);
  return {ParseStatus::kComplete, length, 0, {}};
}

}  // namespace sallyport::wire
