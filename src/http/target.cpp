#include "http/target.h"

#include "base/bytes.h"
#include "http/byte_scan.h"

#include <algorithm>
#include <cstring>

namespace sallyport::http {
namespace {

using Fault = std::string_view;  // empty: none

// Whether normalising would change nothing: no escapes, no empty segments, none that begins with a dot.
bool is_plain(std::string_view path) {
  const char* end = path.data() + path.size();
  const char* at = path.data();
  while (at != end) {
    if (*at != '/') return false;
    ++at;
    if (at != end && (*at == '/' || *at == '.')) return false;
    at = skip_bytewise<kSegmentByte>(at, end);
  }
  return true;
}

// A lead byte and a continuation that spell a character which a shorter sequence spells as well (RFC 3629 3).
bool is_overlong(unsigned char lead, unsigned char next) {
  if (next < 0x80 || next > 0xBF) return false;
  switch (lead) {
    case 0xC0:
    case 0xC1:
      return true;
    case 0xE0:
      return next < 0xA0;
    case 0xF0:
      return next < 0x90;
    case 0xF8:
      return next < 0x88;
    case 0xFC:
      return next < 0x84;
    default:
      return false;
  }
}

bool is_dots(std::string_view segment) { return segment == "." || segment == ".."; }

std::optional<char> escape_at(std::string_view text, std::size_t percent) {
  if (percent + 2 >= text.size()) return std::nullopt;
  auto high = hex_value(text[percent + 1]);
  auto low = hex_value(text[percent + 2]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high << 4 | *low);
}

// Text that is only ever appended to or cut, in memory that is known to suffice.
struct Buffer {
  char* begin;
  std::size_t size = 0;

  std::string_view text() const { return {begin, size}; }
  void push(char c) { begin[size++] = c; }
  void append(std::string_view more) {
    std::memcpy(begin + size, more.data(), more.size());
    size += more.size();
  }
};

// Builds both views, segment by segment. Between segments each ends in '/'.
class PathBuilder {
 public:
  PathBuilder(Arena& arena, std::size_t size, EncodedSlash encoded_slash)
      : uri_{static_cast<char*>(arena.allocate(size + 1))},
        path_{static_cast<char*>(arena.allocate(size + 1))},
        encoded_slash_(encoded_slash) {
    uri_.push('/');
    path_.push('/');
  }

  Fault add(std::string_view segment, bool is_last) {
    if (segment == ".") return {};
    if (segment == "..") return climb();
    path_.append(segment);
    std::size_t begin = uri_.size;
    if (Fault fault = decode(segment); !fault.empty()) return fault;
    if (Fault fault = check(uri_.text().substr(begin)); !fault.empty()) return fault;
    if (is_last) return {};
    path_.push('/');
    if (!segment.empty()) uri_.push('/');
    return {};
  }

  std::string_view uri() const { return uri_.text(); }
  std::string_view path() const { return path_.text(); }

 private:
  static void cut_last_segment(Buffer& buffer) {
    std::size_t segment_end = buffer.text().find_last_not_of('/');
    buffer.size = buffer.text().rfind('/', segment_end) + 1;
  }

  Fault climb() {
    if (uri_.size == 1) return "above_root";
    cut_last_segment(uri_);
    cut_last_segment(path_);
    return {};
  }

  Fault decode(std::string_view segment) {
    std::size_t part = uri_.size;  // where what an upstream may take for a segment begins
    for (std::size_t i = 0; i < segment.size(); ++i) {
      if (segment[i] != '%') {
        if (!is_in(segment[i], kSegmentByte)) return "bad_path_byte";
        uri_.push(segment[i]);
        continue;
      }
      auto decoded = escape_at(segment, i);
      if (!decoded) return "bad_escape";
      if (*decoded == '\\') return "encoded_backslash";
      if (*decoded == '\0') return "encoded_nul";
      if (*decoded != '/') {
        uri_.push(*decoded);
      } else {
        if (encoded_slash_ == EncodedSlash::kRefuse) return "encoded_slash";
        if (is_dots(uri_.text().substr(part))) return "encoded_dot_segment";
        uri_.append(segment.substr(i, 3));
        part = uri_.size;
      }
      i += 2;
    }
    return is_dots(uri_.text().substr(part)) ? "encoded_dot_segment" : Fault{};
  }

  static Fault check(std::string_view decoded) {
    for (std::size_t i = 1; i < decoded.size(); ++i) {
      if (is_overlong(static_cast<unsigned char>(decoded[i - 1]), static_cast<unsigned char>(decoded[i]))) {
        return "overlong_utf8";
      }
    }
    return {};
  }

  Buffer uri_;
  Buffer path_;
  EncodedSlash encoded_slash_;
};

Fault build(PathBuilder& builder, std::string_view path) {
  for (;;) {
    path.remove_prefix(1);
    std::size_t end = path.find('/');
    bool is_last = end == std::string_view::npos;
    if (Fault fault = builder.add(path.substr(0, end), is_last); !fault.empty()) return fault;
    if (is_last) return {};
    path.remove_prefix(end);
  }
}

}  // namespace

std::optional<AbsoluteTarget> split_absolute(std::string_view target) noexcept {
  std::size_t colon = target.find(':');
  if (colon == std::string_view::npos || !target.substr(colon).starts_with("://")) return std::nullopt;
  std::string_view scheme = target.substr(0, colon);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return std::nullopt;
  std::string_view rest = target.substr(colon + 3);
  std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  return AbsoluteTarget{rest.substr(0, end), rest.substr(end)};
}

std::expected<Target, std::string_view> normalise_target(std::string_view target, Arena& arena,
                                                         EncodedSlash encoded_slash) {
  if (target == "*") return Target{.uri = target, .path = target};
  if (!target.starts_with('/')) {
    auto absolute = split_absolute(target);
    if (!absolute) return std::unexpected("bad_target_form");
    target = absolute->path_and_query;
  }
  Target result;
  std::size_t question = target.find('?');
  std::string_view path = target.substr(0, question);
  if (question != std::string_view::npos) {
    result.has_query = true;
    result.query = target.substr(question + 1);
    if (!is_all<kTargetByte>(result.query)) return std::unexpected("bad_query_byte");
  }
  if (path.empty()) path = "/";
  result.uri = result.path = path;
  if (is_plain(path)) return result;
  PathBuilder builder(arena, path.size(), encoded_slash);
  if (Fault fault = build(builder, path); !fault.empty()) return std::unexpected(fault);
  result.uri = builder.uri();
  result.path = builder.path();
  return result;
}

}  // namespace sallyport::http
