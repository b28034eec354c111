#include "http/authority.h"
#include "http/byte_scan.h"
#include "wire/h1.h"
#include "wire/h1_framing.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sallyport::wire {
namespace {

using http::FieldName;

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_number(std::string& out, std::uint64_t number, int base) {
  std::array<char, 20> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

void append_length(std::string& out, std::uint64_t length) {
  out.append("Content-Length: ");
  append_number(out, length, 10);
  out.append("\r\n");
}

void append_framing(std::string& out, http::BodyLength body) {
  if (body.kind == http::BodyLength::Kind::kSized) append_length(out, body.bytes);
  if (body.kind == http::BodyLength::Kind::kChunked) out.append("Transfer-Encoding: chunked\r\n");
}

bool is_writable(const http::Field& field) {
  bool is_name = field.known != FieldName::kOther || http::is_field_name(field.name);
  return is_name && http::is_field_value(field.value);
}

// One growth of `out` for the whole head.
void reserve_for(std::string& out, const http::Headers& headers, std::size_t others) {
  std::size_t bytes = others;
  for (const http::Field& field : headers) bytes += field.name.size() + field.value.size() + 4;
  if (out.capacity() - out.size() < bytes) out.reserve(std::max(out.size() + bytes, out.capacity() * 2));
}

template <http::ByteClass kAllowed>
void append_encoded(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  if (http::is_all<kAllowed>(text)) {
    out.append(text);
    return;
  }
  for (char c : text) {
    if (http::is_in(c, kAllowed)) {
      out.push_back(c);
    } else {
      auto byte = static_cast<unsigned char>(c);
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
}

Status check(const RequestLine& line) {
  if (!http::is_field_name(line.method)) {
    return fail(ErrorCode::kInvalid, "request to the upstream: the method is no token; set one such as GET");
  }
  if (!line.path.starts_with('/') && line.path != "*") {
    return fail(ErrorCode::kInvalid, "request to the upstream: the path does not begin with '/'; set one that does");
  }
  if (!line.host.empty() && !http::parse_authority(line.host)) {
    return fail(ErrorCode::kInvalid, "request to the upstream: the host is no host[:port]; set a valid one");
  }
  return {};
}

void append_request_line(std::string& out, const RequestLine& line) {
  out.append(line.method).append(" ");
  append_encoded<http::kPathByte>(out, line.path);
  if (line.has_query) {
    out.push_back('?');
    append_encoded<http::kTargetByte>(out, line.query);
  }
  out.append(" HTTP/1.1\r\n");
}

void append_status_line(std::string& out, const http::ResponseHead& head, int status) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(status), 10);
  out.push_back(' ');
  bool own = status == head.status && !head.reason.empty() && http::is_field_value(head.reason);
  out.append(own ? head.reason : http::reason_phrase(status)).append("\r\n");
}

void append_response_framing(std::string& out, const http::ResponseHead& head, int status, http::BodyLength body) {
  if (status < 200 || status == 204) return;
  append_framing(out, body);
  if (body.kind == http::BodyLength::Kind::kNone && head.announced_length) append_length(out, *head.announced_length);
}

// 1xx heads but 101 leave the connection as it is.
void append_connection(std::string& out, const http::ResponseHead& head, int status, Connection connection) {
  if (status < 200 && status != 101) return;
  bool upgrades = !head.upgrade.empty() && http::is_field_value(head.upgrade);
  if (upgrades) append_field(out, "Upgrade", head.upgrade);
  std::string_view option = connection == Connection::kClose                ? "close"
                            : connection == Connection::kKeepAliveForHttp10 ? "keep-alive"
                                                                            : "";
  if (upgrades && option.empty()) return append_field(out, "Connection", "upgrade");
  if (upgrades) option = connection == Connection::kClose ? "close, upgrade" : "keep-alive, upgrade";
  if (!option.empty()) append_field(out, "Connection", option);
}

constexpr std::size_t kRoomBesideFields = 192;  // status line without reason, framing, connection

}  // namespace

Status write_request_head(std::string& out, const RequestLine& line, const http::Headers& headers,
                          http::BodyLength body, std::string_view upgrade) {
  TRY_STATUS(check(line));
  std::size_t others = line.method.size() + line.path.size() + line.query.size() + line.host.size() + upgrade.size();
  reserve_for(out, headers, others + kRoomBesideFields);
  append_request_line(out, line);
  append_field(out, "Host", line.host);
  for (const http::Field& field : headers) {
    if (is_framing(field.known) || field.known == FieldName::kHost || !is_writable(field)) continue;
    append_field(out, field.name, field.value);
  }
  append_framing(out, body);
  if (!upgrade.empty() && http::is_field_value(upgrade)) {
    append_field(out, "Upgrade", upgrade);
    append_field(out, "Connection", "upgrade");
  }
  out.append("\r\n");
  return {};
}

void write_response_head(std::string& out, const http::ResponseHead& head, http::BodyLength body,
                         Connection connection) {
  int status = head.status >= 100 && head.status <= 599 ? head.status : 500;
  reserve_for(out, head.headers, head.reason.size() + head.upgrade.size() + kRoomBesideFields);
  append_status_line(out, head, status);
  for (const http::Field& field : head.headers) {
    if (!is_framing(field.known) && is_writable(field)) append_field(out, field.name, field.value);
  }
  append_response_framing(out, head, status, body);
  append_connection(out, head, status, connection);
  out.append("\r\n");
}

void write_chunk_size(std::string& out, std::size_t bytes) {
  append_number(out, bytes, 16);
  out.append("\r\n");
}

void write_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;
  write_chunk_size(out, bytes.size());
  out.append(bytes).append("\r\n");
}

void write_last_chunk(std::string& out, const http::Headers* trailers) {
  out.append("0\r\n");
  if (trailers) {
    for (const http::Field& field : *trailers) {
      if (is_trailer(field) && is_writable(field)) append_field(out, field.name, field.value);
    }
  }
  out.append("\r\n");
}

}  // namespace sallyport::wire
