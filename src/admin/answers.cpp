#include "admin/answers.h"

#include "json/parse.h"
#include "resources/kinds.h"
#include "resources/ssl.h"

#include <fmt/format.h>

#include <iterator>

namespace sallyport::admin {
namespace {

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
    case ErrorCode::kPlugin:
    case ErrorCode::kLimit:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kInternal:
      return 500;
    default:
      return 503;
  }
}

void print_key_and_value(std::string& out, const store::Entry& entry) {
  out += "{\"key\":";
  json::print_string_to(out, key_text(entry.key));
  out += ",\"value\":";
  // Private keys are for handshakes; nobody gets them back, as in APISIX.
  const resources::KindInfo* info = resources::find_kind(entry.key.kind);
  if (info && resources::has_private_keys(info->kind, entry.value)) {
    json::print_to(out, resources::without_private_keys(info->kind, entry.value));
  } else {
    json::print_to(out, entry.value);
  }
}

}  // namespace

http::Response answer(int status, const json::Value& body) { return answer_text(status, json::print(body) + "\n"); }

http::Response answer_text(int status, std::string body) { return http::Response::json(status, std::move(body)); }

http::Response refuse(int status, std::string_view error_msg) {
  return answer(status, json::Object{{"error_msg", error_msg}});
}

http::Response key_not_found() { return answer(404, json::Object{{"message", "Key not found"}}); }

http::Response refuse(const Error& error) {
  if (error.code == ErrorCode::kConflict) return refuse(503, "value changed before overwritten");
  return refuse(status_of(error.code), error.what);
}

std::string key_text(const store::Key& key) { return fmt::format("/apisix/{}/{}", key.kind, key.id); }

http::Response answer_written(int status, const store::Entry& entry) {
  std::string body;
  print_key_and_value(body, entry);
  body += "}\n";
  return answer_text(status, std::move(body));
}

void print_entry(std::string& out, const store::Entry& entry) {
  print_key_and_value(out, entry);
  fmt::format_to(std::back_inserter(out), ",\"createdIndex\":{},\"modifiedIndex\":{}}}", entry.created_index,
                 entry.modified_index);
}

}  // namespace sallyport::admin
