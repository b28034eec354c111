#include "settings.h"

#include "proxy_wasm.h"

// What is still to be read.
typedef proxy_view text;

static void skip_space(text* rest) {
  while (rest->size > 0 && (rest->data[0] == ' ' || (rest->data[0] >= '\t' && rest->data[0] <= '\r'))) {
    ++rest->data;
    --rest->size;
  }
}

// The character with the space before it.
static bool take(text* rest, char wanted) {
  skip_space(rest);
  if (rest->size == 0 || rest->data[0] != wanted) return false;
  ++rest->data;
  --rest->size;
  return true;
}

// Everything up to a character of `ends`.
static proxy_view take_until(text* rest, proxy_view ends) {
  proxy_view taken = {rest->data, 0};
  for (; rest->size > 0; ++taken.size, ++rest->data, --rest->size) {
    for (size_t i = 0; i < ends.size; ++i) {
      if (rest->data[0] == ends.data[i]) return taken;
    }
  }
  return taken;
}

static bool refuse(proxy_view* problem, proxy_view why) {
  *problem = why;
  return false;
}

static bool read_member(text* rest, settings* read, proxy_view* problem) {
  if (!take(rest, '"')) return refuse(problem, PROXY_TEXT("a key in quotes is missing"));
  const proxy_view key = take_until(rest, PROXY_TEXT("\""));
  if (!take(rest, '"') || !take(rest, ':')) return refuse(problem, PROXY_TEXT("':' is missing after a key"));
  skip_space(rest);
  const proxy_view value = take_until(rest, PROXY_TEXT(" \t\r\n,}"));
  const bool is_bytes = proxy_equal(key, PROXY_TEXT("bytes"));
  if (!is_bytes && !proxy_equal(key, PROXY_TEXT("seconds"))) {
    return refuse(problem, PROXY_TEXT("it has another key than bytes and seconds"));
  }
  if (!proxy_parse_decimal(value, is_bytes ? &read->bytes : &read->seconds)) {
    return refuse(problem, PROXY_TEXT("a value is no whole number"));
  }
  return true;
}

static bool read_object(text* rest, settings* read, proxy_view* problem) {
  if (!take(rest, '{')) return refuse(problem, PROXY_TEXT("it is no JSON object"));
  if (take(rest, '}')) return true;
  do {
    if (!read_member(rest, read, problem)) return false;
  } while (take(rest, ','));
  return take(rest, '}') || refuse(problem, PROXY_TEXT("',' or '}' is missing after a value"));
}

bool settings_read(proxy_view all, settings* read, proxy_view* problem) {
  text rest = all;
  read->bytes = 1 << 20;
  read->seconds = 60;
  skip_space(&rest);
  if (rest.size == 0) return true;
  if (!read_object(&rest, read, problem)) return false;
  skip_space(&rest);
  if (rest.size > 0) return refuse(problem, PROXY_TEXT("text follows the object"));
  if (read->seconds < 1 || read->seconds > 86400) {
    return refuse(problem, PROXY_TEXT("seconds must be from 1 to 86400"));
  }
  return true;
}
