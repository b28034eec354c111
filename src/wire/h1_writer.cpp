#include "http/authority.h"
#include "http/byte_scan.h"
#include "wire/h1.h"
#include "wire/h1_framing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace sallyport::wire {
namespace {

using http::FieldName;

// memcpy without a call for what most names and many values are.
inline void copy_text(char* to, std::string_view text) {
  const char* from = text.data();
  std::size_t size = text.size();
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else if (size != 0) {  // the first, the middle and the last of one to three
    char first = from[0], middle = from[size / 2], last = from[size - 1];
    to[0] = first;
    to[size / 2] = middle;
    to[size - 1] = last;
  }
}

// Writes into room that is known to suffice.
class HeadWriter {
 public:
  explicit HeadWriter(char* begin) : at_(begin) {}
  char* end() const { return at_; }

  void text(std::string_view text) {
    copy_text(at_, text);
    at_ += text.size();
  }
  // As `text`, for literals: without a call.
  template <std::size_t kSize>
  void literal(const char (&text)[kSize]) {
    std::memcpy(at_, text, kSize - 1);
    at_ += kSize - 1;
  }
  void byte(char c) { *at_++ = c; }
  void number(std::uint64_t number) { at_ = std::to_chars(at_, at_ + kDigits, number).ptr; }
  void field(std::string_view name, std::string_view value) {
    text(name);
    literal(": ");
    text(value);
    literal("\r\n");
  }
  // Bytes that may not stand there are percent-encoded.
  template <http::ByteClass kAllowed>
  void encoded(std::string_view text) {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    const char* end = text.data() + text.size();
    for (const char* from = text.data();;) {
      const char* stop = http::skip<kAllowed>(from, end);
      this->text({from, stop});
      if (stop == end) return;
      auto c = static_cast<unsigned char>(*stop);
      for (char piece : {'%', kHex[c >> 4], kHex[c & 15]}) byte(piece);
      from = stop + 1;
    }
  }

  static constexpr std::size_t kDigits = 20;

 private:
  char* at_;
};

// Appends what `write` writes, at most `bytes`, to `out`, which grows once.
template <class Write>
void append(std::string& out, std::size_t bytes, Write write) {
  std::size_t before = out.size();
  if (out.capacity() - before < bytes) out.reserve(std::max(before + bytes, out.capacity() * 2));
  out.resize_and_overwrite(before + bytes, [&](char* text, std::size_t) {
    HeadWriter to(text + before);
    write(to);
    return static_cast<std::size_t>(to.end() - text);
  });
}

void write_length(HeadWriter& to, std::uint64_t length) {
  to.literal("Content-Length: ");
  to.number(length);
  to.literal("\r\n");
}

void write_framing(HeadWriter& to, http::BodyLength body) {
  if (body.kind == http::BodyLength::Kind::kSized) write_length(to, body.bytes);
  if (body.kind == http::BodyLength::Kind::kChunked) to.literal("Transfer-Encoding: chunked\r\n");
}

std::size_t bytes_of(const http::Headers& headers) {
  std::size_t bytes = 4 * headers.size();  // ": " and CRLF
  for (const http::Field& field : headers) bytes += field.name.size() + field.value.size();
  return bytes;
}

bool are_before(const char* at, const char (&two)[3]) { return std::memcmp(at - 2, two, 2) == 0; }

// Whether name and value lie in memory as they are written.
bool is_line(const http::Field& field) {
  const char* value = field.value.data();
  return value == field.name.data() + field.name.size() + 2 && are_before(value, ": ");
}

// Where the next line begins, if it lies behind this one.
const char* behind(const http::Field& line) { return line.value.data() + line.value.size() + 2; }

// All but those whose names are in `left_out`. Lines that lie one behind the other as they are written, as those of a
// head that was read do where nobody changed it, are copied as one piece.
HeadWriter write_fields(HeadWriter to, const http::Headers& headers, std::uint32_t left_out) {
  auto passes = [left_out](const http::Field& field) {
    return (http::bit_of(field.known) & left_out) == 0 && is_writable(field);
  };
  const http::Field* end = headers.end();
  for (const http::Field* field = headers.begin(); field != end;) {
    const http::Field& first = *field++;
    if (!passes(first)) continue;
    if (!is_line(first)) {
      to.field(first.name, first.value);
      continue;
    }
    const char* begin = first.name.data();
    const char* next = behind(first);
    while (field != end && field->name.data() == next && are_before(next, "\r\n") && is_line(*field) &&
           passes(*field)) {
      next = behind(*field++);
    }
    to.text({begin, next - 2});
    to.literal("\r\n");
  }
  return to;
}

void write_request_line(HeadWriter& to, const RequestLine& line) {
  to.text(line.method);
  to.byte(' ');
  to.encoded<http::kPathByte>(line.path);
  if (line.has_query) {
    to.byte('?');
    to.encoded<http::kTargetByte>(line.query);
  }
  to.literal(" HTTP/1.1\r\n");
}

void write_status_line(HeadWriter& to, const http::ResponseHead& head, int status) {
  to.literal("HTTP/1.1 ");
  to.text(http::status_digits(status));
  to.byte(' ');
  bool own = status == head.status && !head.reason.empty() && http::is_field_value(head.reason);
  to.text(own ? head.reason : http::reason_phrase(status));
  to.literal("\r\n");
}

void write_response_framing(HeadWriter& to, const http::ResponseHead& head, int status, http::BodyLength body) {
  if (status < 200 || status == 204) return;
  write_framing(to, body);
  if (body.kind == http::BodyLength::Kind::kNone && head.announced_length) write_length(to, *head.announced_length);
}

// 1xx heads but 101 leave the connection as it is.
void write_connection(HeadWriter& to, const http::ResponseHead& head, int status, Connection connection) {
  if (status < 200 && status != 101) return;
  bool upgrades = !head.upgrade.empty() && http::is_field_value(head.upgrade);
  if (upgrades) to.field("Upgrade", head.upgrade);
  std::string_view option = connection == Connection::kClose                ? "close"
                            : connection == Connection::kKeepAliveForHttp10 ? "keep-alive"
                                                                            : "";
  if (upgrades && (option.empty() || status == 101)) return to.field("Connection", "upgrade");
  if (upgrades) option = connection == Connection::kClose ? "close, upgrade" : "keep-alive, upgrade";
  if (!option.empty()) to.field("Connection", option);
}

constexpr std::size_t kRoomBesideFields = 192;  // status line, framing, connection; without what the caller gives

}  // namespace

Status check(const RequestLine& line) {
  if (!http::is_field_name(line.method)) {
    return fail(ErrorCode::kInvalid, "request to the upstream: the method is no token; set one such as GET");
  }
  if (!line.path.starts_with('/') && line.path != "*") {
    return fail(ErrorCode::kInvalid, "request to the upstream: the path does not begin with '/'; set one that does");
  }
  if (!line.host_is_checked && !line.host.empty() && !http::parse_authority(line.host)) {
    return fail(ErrorCode::kInvalid, "request to the upstream: the host is no host[:port]; set a valid one");
  }
  return {};
}

Status write_request_head(std::string& out, const RequestLine& line, const http::Headers& headers,
                          http::BodyLength body) {
  TRY_STATUS(check(line));
  std::size_t target = 3 * (line.path.size() + line.query.size());  // were every byte encoded
  std::size_t others = line.method.size() + target + line.host.size() + line.upgrade.size() + kRoomBesideFields;
  append(out, bytes_of(headers) + others, [&](HeadWriter& to) {
    write_request_line(to, line);
    to.field("Host", line.host);
    to = write_fields(to, headers, kFramingFields | http::bit_of(FieldName::kHost));
    write_framing(to, body);
    if (!line.upgrade.empty() && http::is_field_value(line.upgrade)) {
      to.field("Upgrade", line.upgrade);
      to.field("Connection", "upgrade");
    }
    to.literal("\r\n");
  });
  return {};
}

void write_response_head(std::string& out, const http::ResponseHead& head, http::BodyLength body,
                         Connection connection) {
  int status = head.status >= 100 && head.status <= 599 ? head.status : 500;
  std::size_t others = head.reason.size() + head.upgrade.size() + kRoomBesideFields;
  append(out, bytes_of(head.headers) + others, [&](HeadWriter& to) {
    write_status_line(to, head, status);
    to = write_fields(to, head.headers, kFramingFields);
    write_response_framing(to, head, status, body);
    write_connection(to, head, status, connection);
    to.literal("\r\n");
  });
}

void write_chunk_size(std::string& out, std::size_t bytes) {
  std::array<char, 16> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bytes, 16).ptr;
  out.append(digits.data(), end).append("\r\n");
}

void write_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;
  write_chunk_size(out, bytes.size());
  out.append(bytes).append("\r\n");
}

void write_last_chunk(std::string& out, const http::Headers* trailers) {
  if (!trailers) {
    out.append("0\r\n\r\n");
    return;
  }
  append(out, bytes_of(*trailers) + 5, [&](HeadWriter& to) {
    to.literal("0\r\n");
    for (const http::Field& field : *trailers) {
      if (is_trailer(field) && is_writable(field)) to.field(field.name, field.value);
    }
    to.literal("\r\n");
  });
}

}  // namespace sallyport::wire
