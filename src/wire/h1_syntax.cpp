#include "wire/h1_syntax.h"

namespace sallyport::wire {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

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

Progress HeadReader::read_line_end() {
  if (at == end) return Progress::kMore;
  if (*at != '\r') return refuse_byte("bad_line_end");
  if (at + 1 == end) return Progress::kMore;
  if (at[1] != '\n') return refuse(400, "bare_cr");
  at += 2;
  return Progress::kDone;
}

Progress read_field_line(HeadReader& in, http::Field& field) {
  const char* name = in.at;
  in.at = http::skip<http::kTokenByte>(name, in.end);
  if (in.at == in.end) return Progress::kMore;
  if (*in.at != ':' || in.at == name) return refuse_name(in, name);
  field.name = between(name, in.at);

  do {
    if (++in.at == in.end) return Progress::kMore;
  } while (is_blank(*in.at));
  const char* value = in.at;
  in.at = http::skip<http::kValueByte>(value, in.end);
  const char* value_end = in.at;
  if (Progress ended = in.read_line_end(); ended != Progress::kDone) return ended;
  while (value_end != value && is_blank(value_end[-1])) --value_end;
  field.value = between(value, value_end);
  field.known = http::known_field(field.name);
  return Progress::kDone;
}

Progress read_fields(HeadReader& in, http::Headers& headers, SeenFields& seen, std::size_t limit) {
  http::Field field;
  for (;;) {
    if (in.at == in.end) return Progress::kMore;
    if (*in.at == '\r') return in.read_line_end();
    if (headers.size() == limit) return in.refuse(431, "too_many_fields");
    if (Progress line = read_field_line(in, field); line != Progress::kDone) return line;
    headers.add_view(field.name, field.value, field.known);
    seen.note(field.known);
  }
}

}  // namespace sallyport::wire
