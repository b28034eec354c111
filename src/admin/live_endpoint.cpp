#include "admin/live_endpoint.h"

#include "admin/answers.h"
#include "admin/collection.h"
#include "admin/live_value.h"
#include "admin/stamps.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/sha256.h"
#include "json/parse.h"
#include "source/spec.h"
#include "source/watcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace sallyport::admin {
namespace {

constexpr std::size_t kLongestName = 64;

bool is_name(std::string_view name) {
  auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, is_good);
}

// In the stored order, as those of a collection.
http::Response answer_versions(const json::Value& value) {
  const json::Value* versions = value.find("versions");
  json::Array list = versions && versions->is_array() ? versions->array() : json::Array();
  auto total = static_cast<std::uint64_t>(list.size());
  return answer(200, json::Object{{"total", total}, {"list", std::move(list)}});
}

std::uint64_t size_of(const json::Object& version) {
  const json::Value* size = version.find("size");
  return size && size->is_integer() ? static_cast<std::uint64_t>(size->integer()) : 0;
}

json::Value source_of(const json::Object& version) {
  const json::Value* source = version.find("source");
  return source ? *source : json::Value();
}

store::EntryPtr shown(const store::Entry& entry) {
  auto told = std::make_shared<store::Entry>(entry);
  told->value = without_secrets(std::move(told->value));
  return told;
}

}  // namespace

std::size_t LiveEndpoint::body_limit() const {
  std::size_t code = services_.live->settings().max_bytes;
  return std::max(kMaxBodyBytes, code + code / 3 + (64u << 10));
}

Task<http::Response> LiveEndpoint::handle(const AdminRequest& request, std::vector<std::string> segments) {
  if (request.method == "GET") co_return co_await get(request, std::move(segments));
  if (request.method != "PUT" && request.method != "DELETE") {
    co_return refuse(
        request.method == "POST" || request.method == "PATCH" ? 405 : 404,
        fmt::format("not supported `{}` method for {} plugin", request.method, services_.live->types().kind()));
  }
  if (Status writable = services_.store->writable(); !writable) co_return refuse(405, writable.error().what);
  co_return co_await write(request, std::move(segments));
}

Task<http::Response> LiveEndpoint::get(const AdminRequest& request, std::vector<std::string> segments) {
  if (segments.size() < 2) {
    auto entries = co_await services_.store->list(std::string(services_.live->types().kind()));
    if (!entries) co_return refuse(entries.error());
    for (store::EntryPtr& entry : *entries) entry = shown(*entry);
    co_return answer_collection(nullptr, *entries, request);
  }
  auto entry = co_await services_.store->get(services_.live->key_of(segments[1]));
  if (!entry) co_return refuse(entry.error());
  const bool is_source = segments.size() == 3 && segments[2] == "source";
  if (is_source) co_return answer_source(segments[1], *entry ? &(*entry)->value : nullptr);
  if (!*entry) co_return key_not_found();
  if (segments.size() == 2) co_return answer_plugin(**entry);
  const json::Value value = without_secrets((*entry)->value);
  if (segments[2] == "module" && segments.size() == 3) co_return answer_code(value);
  if (segments[2] != "versions" || segments.size() > 5) co_return refuse(404, "not found");
  if (segments.size() == 3) co_return answer_versions(value);
  const json::Value* version = find_version(value, parse_unsigned(segments[3]).value_or(0));
  if (!version) co_return key_not_found();
  if (segments.size() == 4) co_return answer(200, *version);
  co_return segments[4] == "module" ? answer_code(*version) : refuse(404, "not found");
}

http::Response LiveEndpoint::answer_plugin(const store::Entry& entry) const {
  store::Entry told = *shown(entry);
  auto state = services_.watcher ? services_.watcher->describe(entry.key.id) : std::nullopt;
  if (state) told.value.object()["source_state"] = *std::move(state);
  std::string body;
  print_entry(body, told);
  return answer_text(200, body + "\n");
}

// Also of plugins that the boot file declares, of which the store has nothing.
http::Response LiveEndpoint::answer_source(const std::string& name, const json::Value* value) const {
  auto state = services_.watcher ? services_.watcher->describe(name) : std::nullopt;
  json::Object told = state ? *std::move(state) : json::Object();
  const json::Value* source = value ? value->find("source") : nullptr;
  if (source) told["source"] = source::without_secrets(*source);
  if (value && value->boolean_or("source_paused", false)) told["state"] = "paused";
  return told.empty() ? key_not_found() : answer(200, told);
}

http::Response LiveEndpoint::answer_code(const json::Value& version) const {
  auto code = services_.live->code(version.string_or("sha256", ""));
  if (!code) return refuse(code.error());
  http::Response response;
  response.headers.emplace_back("Content-Type", services_.live->types().media_type());
  response.body = *std::move(code);
  return response;
}

Task<http::Response> LiveEndpoint::write(const AdminRequest& request, std::vector<std::string> segments) {
  if (segments.size() < 2) co_return refuse(400, fmt::format("missing {} plugin name", services_.live->types().kind()));
  if (!is_name(segments[1])) {
    co_return refuse(400, fmt::format("wrong {} plugin name: 1 to {} of a-z A-Z 0-9 - _ . can stand in it",
                                      services_.live->types().kind(), kLongestName));
  }
  const bool is_put = request.method == "PUT";
  if (segments.size() == 2) co_return co_await (is_put ? put(request, segments[1]) : remove(request, segments[1]));
  if (is_put && segments.size() == 4 && segments[2] == "versions") {
    co_return co_await use_version(segments[1], segments[3]);
  }
  co_return refuse(404, "not found");
}

// Fetched and compiled before the lock is taken, so that nobody waits for that. Whoever writes the same plugin
// meanwhile wins.
Task<http::Response> LiveEndpoint::put(const AdminRequest& request, std::string name) {
  LivePlugins& live = *services_.live;
  auto old = co_await services_.store->get(live.key_of(name));
  if (!old) co_return refuse(old.error());
  auto code = co_await read_code(request, std::move(name), *old);
  if (!code) co_return refuse(code.error());
  auto made = co_await live.make(*code);
  if (!made) co_return refuse(made.error());
  const json::Object present = *old ? present_version((*old)->value) : json::Object();
  std::size_t size = code->bytes ? code->bytes->size() : size_of(present);
  json::Value value = live.value_with(*old, *code, *made, size);
  co_return co_await put_value(*std::move(code), *std::move(made), std::move(value), *old);
}

Task<http::Response> LiveEndpoint::use_version(std::string name, std::string number) {
  LivePlugins& live = *services_.live;
  auto old = co_await services_.store->get(live.key_of(name));
  if (!old) co_return refuse(old.error());
  std::uint64_t wanted = parse_unsigned(number).value_or(0);
  const json::Value* version = *old ? find_version((*old)->value, wanted) : nullptr;
  if (!version) co_return key_not_found();
  LivePlugins::Code code{std::move(name),
                         nullptr,
                         version->string_or("sha256", ""),
                         settings_of(*version),
                         source_of(version->object()),
                         {}};
  auto made = co_await live.make(code);
  if (!made) co_return refuse(made.error());
  co_return co_await put_value(std::move(code), *std::move(made), with_present((*old)->value, wanted), *old);
}

Task<http::Response> LiveEndpoint::put_value(LivePlugins::Code code, chain::LiveType made, json::Value value,
                                             store::EntryPtr old) {
  stamp_new(value, old ? &old->value : nullptr, services_.clock->wall());
  async::Mutex::Lock lock = co_await services_.changes->lock();
  auto expected = old ? old->modified_index : store::kAbsent;
  auto stored = co_await services_.live->put(code, std::move(made), std::move(value), expected);
  co_return stored ? answer_written(old ? 200 : 201, *shown(**stored)) : refuse(stored.error());
}

Task<http::Response> LiveEndpoint::remove(const AdminRequest& request, std::string name) {
  async::Mutex::Lock lock = co_await services_.changes->lock();
  store::Key key = services_.live->key_of(name);
  auto old = co_await services_.store->get(key);
  if (!old) co_return refuse(old.error());
  if (!*old) co_return key_not_found();
  if (request.argument("force") != "true") {
    auto users = co_await services_.live->users(name);
    if (!users) co_return refuse(users.error());
    if (!users->empty()) {
      co_return refuse(400, fmt::format("can not delete this {} plugin, {} {} still using it now", key.kind,
                                        fmt::join(*users, ", "), users->size() == 1 ? "is" : "are"));
    }
  }
  Status removed = co_await services_.live->remove(std::move(name));
  if (!removed) co_return refuse(removed.error());
  co_return answer(200, json::Object{{"deleted", "1"}, {"key", key_text(key)}});
}

// Of the raw code, with the settings of the version in force; or of JSON, which may leave the code as it is.
Task<Result<LivePlugins::Code>> LiveEndpoint::read_code(const AdminRequest& request, std::string name,
                                                        store::EntryPtr present) {
  const chain::LiveTypes& types = services_.live->types();
  json::Object version = present ? present_version(present->value) : json::Object();
  LivePlugins::Code code;
  code.name = std::move(name);
  if (request.content_type != types.media_type() && !types.is_code(request.body)) {
    if (const json::Value* hash = version.find("sha256")) code.sha256 = hash->string();
    code.source = source_of(version);
    co_return co_await read_json(request, std::move(code), std::move(present));
  }
  CO_TRY_STATUS(check_size(request.body.size()));
  code.bytes = std::make_shared<const std::string>(request.body);
  code.sha256 = sha256_hex(*code.bytes);
  code.settings = settings_of(json::Value(version));
  co_return code;
}

Task<Result<LivePlugins::Code>> LiveEndpoint::read_json(const AdminRequest& request, LivePlugins::Code code,
                                                        store::EntryPtr present) {
  auto body = json::parse(request.body);
  if (!body || !body->is_object()) {
    co_return fail(
        ErrorCode::kInvalid,
        fmt::format("invalid request body: it is neither {} nor a JSON object with \"module\" in base64 or a "
                    "\"source\"{}",
                    services_.live->types().media_type(), body ? "" : ": " + body.error().what));
  }
  const json::Value* module = body->find("module");
  const json::Value* source = body->find("source");
  if (module && source) co_return fail(ErrorCode::kInvalid, "invalid configuration: give module or source, not both");
  if (source) {
    json::Value wanted = *source;
    body->object().erase("source");
    co_return co_await services_.live->fetch_code(std::move(code.name), std::move(wanted), *std::move(body),
                                                  std::move(present));
  }
  if (module) {
    auto bytes = module->is_string() ? base64_decode(module->string()) : std::nullopt;
    if (!bytes) co_return fail(ErrorCode::kInvalid, "invalid configuration: module is no base64 text");
    CO_TRY_STATUS(check_size(bytes->size()));
    code.bytes = std::make_shared<const std::string>(*std::move(bytes));
    code.sha256 = sha256_hex(*code.bytes);
    code.source = nullptr;
  } else if (code.sha256.empty()) {
    co_return fail(ErrorCode::kInvalid,
                   "invalid configuration: module is missing; give it in base64, send it as it is, or name a source");
  }
  body->object().erase("module");
  code.settings = *std::move(body);
  co_return code;
}

Status LiveEndpoint::check_size(std::size_t bytes) const {
  std::size_t most = services_.live->settings().max_bytes;
  if (bytes <= most) return {};
  return fail(ErrorCode::kInvalid, fmt::format("the module has {} bytes, and {} are allowed ({}.uploads.max_size)",
                                               bytes, most, services_.live->types().kind()));
}

}  // namespace sallyport::admin
