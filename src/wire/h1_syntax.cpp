#include "wire/h1_syntax.h"

#include <algorithm>

namespace sallyport::wire {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Past the blanks after a colon: one, as most have it, or whatever is there.
inline const char* skip_blanks(const char* at, const char* end) {
  if (end - at >= 2 && at[0] == ' ' && at[1] > ' ') return at + 1;
  return std::find_if_not(at, end, is_blank);
}

// Why the byte after a name is not the colon.
Progress refuse_name(HeadReader& in, const char* name) {
  if (is_blank(*in.at)) return in.refuse(400, in.at == name ? "obs_fold" : "space_before_colon");
  if (*in.at == ':') return in.refuse(400, "empty_field_name");
  return in.refuse_byte(in.at == name ? "bad_field_name" : "missing_colon");
}

}  // namespace

Progress HeadReader::refuse_byte(std::string_view otherwise) {
  if (*at == '\n') return refuse(400, "bare_lf");
  auto byte = static_cast<unsigned char>(*at);
  if ((byte < 32 && *at != '\t' && *at != '\r') || byte == 127) return refuse(400, "control_byte");
  return refuse(400, otherwise);
}

Progress HeadReader::read_odd_line_end() {
  if (at == end) return Progress::kMore;
  if (*at != '\r') return refuse_byte("bad_line_end");
  if (at + 1 == end) return Progress::kMore;
  return refuse(400, "bare_cr");
}

namespace {

// The line is decided byte by byte, from left to right; what is usual takes no turn of a loop.
[[gnu::always_inline]] inline Progress read_line(HeadReader& in, http::Field& field) {
  const char* const name = in.at;
  const char* const end = in.end;
  const char* at = http::skip<http::kTokenByte>(in.begin, name, end);
  if (at == name || at == end || *at != ':') [[unlikely]] {
    in.at = at;
    return at == end ? Progress::kMore : refuse_name(in, name);
  }
  field.name = between(name, at);

  const char* const value = skip_blanks(at + 1, end);
  at = http::skip<http::kValueByte>(in.begin, value, end);
  const char* value_end = at;
  in.at = at;
  if (Progress ended = in.read_line_end(); ended != Progress::kDone) return ended;
  while (value_end != value && is_blank(value_end[-1])) --value_end;
  field.value = between(value, value_end);
  field.known = http::known_field(field.name);
  field.is_checked = true;
  return Progress::kDone;
}

}  // namespace

Progress read_field_line(HeadReader& in, http::Field& field) { return read_line(in, field); }

Progress read_fields(HeadReader& in, http::Headers& headers, SeenFields& seen, std::size_t limit) {
  for (;;) {
    if (in.at == in.end) return Progress::kMore;
    if (*in.at == '\r') return in.read_line_end();
    if (headers.size() == limit) return in.refuse(431, "too_many_fields");
    http::Field field;
    if (Progress line = read_line(in, field); line != Progress::kDone) return line;
    headers.add_view(field);
    seen.note(field.known);
  }
}

}  // namespace sallyport::wire
