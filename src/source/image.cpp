#include "source/image.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "base/sha256.h"
#include "json/parse.h"
#include "source/challenge.h"
#include "source/layer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sallyport::source {
namespace {

constexpr std::size_t kMostManifestBytes = 4u << 20;  // as registries have it
constexpr std::size_t kMostTokenBytes = 256u << 10;
constexpr int kMostManifests = 3;  // one of which names the next

std::string basic(const Credentials& credentials) {
  return "Basic " + base64_encode(credentials.username + ":" + credentials.password);
}

bool is_digest_of(std::string_view digest, std::string_view bytes) { return digest == "sha256:" + sha256_hex(bytes); }

}  // namespace

Image::Image(Web& web, Spec spec)
    : spec_(std::move(spec)),
      reference_(std::get<Reference>(spec_.place)),
      registry_(registry_of(reference_, spec_.is_secure).value_or(Url())),
      visit_(web, registry_, spec_.timeout) {
  if (!spec_.credentials.token.empty()) authorization_ = "Bearer " + spec_.credentials.token;
}

Task<Result<Fetched>> Image::fetch(std::size_t most_bytes, std::string validator) {
  std::string name = reference_.pulled();
  Fetched fetched;
  for (int manifests = 0; manifests < kMostManifests; ++manifests) {
    CO_TRY(Manifest manifest, co_await read_manifest(name));
    if (fetched.validator.empty()) fetched.validator = manifest.digest;
    fetched.is_unchanged = fetched.validator == validator;
    if (fetched.is_unchanged) co_return fetched;
    if (manifest.next.is_layer) {
      CO_TRY(fetched.bytes, co_await read_layer(std::move(manifest.next.part), most_bytes));
      co_return fetched;
    }
    name = std::move(manifest.next.part.digest);
  }
  co_return fail(ErrorCode::kInvalid, reference_.shown() + ": its manifests name one another without an end");
}

Task<Result<Image::Manifest>> Image::read_manifest(std::string name) {
  CO_TRY(http::CallAnswer answer, co_await ask("manifests/" + name, std::string(manifest_types()), kMostManifestBytes));
  const std::string_view told = field(answer, "docker-content-digest");
  const std::string_view wanted = is_digest(name) ? std::string_view(name) : told;
  if (is_digest(wanted) && !is_digest_of(wanted, answer.body)) {
    co_return fail(ErrorCode::kInvalid, fmt::format("{}: the manifest is not the one of {}; it was changed on the way",
                                                    reference_.shown(), wanted));
  }
  auto next = next_part(answer.body);
  if (!next) co_return fail_at(reference_.shown(), std::move(next).error());
  co_return Manifest{"sha256:" + sha256_hex(answer.body), *std::move(next)};
}

Task<Result<std::string>> Image::read_layer(Descriptor layer, std::size_t most_bytes) {
  const std::string where = reference_.shown();
  if (layer.size > most_bytes) {
    co_return fail(ErrorCode::kLimit,
                   fmt::format("{}: the layer has {} bytes, and {} are allowed (wasm.uploads.max_size)", where,
                               layer.size, most_bytes));
  }
  const auto size = static_cast<std::size_t>(layer.size);
  CO_TRY(http::CallAnswer answer, co_await ask("blobs/" + layer.digest, "*/*", size));
  if (!is_digest_of(layer.digest, answer.body)) {
    co_return fail(ErrorCode::kInvalid,
                   fmt::format("{}: the layer is not the one of {}; it was changed on the way", where, layer.digest));
  }
  auto module = module_in_layer(std::move(answer.body), most_bytes);
  if (!module) co_return fail(module.error().code, fmt::format("{}: the layer {}", where, module.error().what));
  co_return *std::move(module);
}

Task<Result<http::CallAnswer>> Image::ask(std::string part, std::string accept, std::size_t most_bytes) {
  Wanted wanted{registry_, {{"Accept", std::move(accept)}}, authorization_, most_bytes};
  wanted.url.target += part;
  for (bool again = false;; again = true) {
    CO_TRY(http::CallAnswer answer, co_await visit_.get(wanted));
    if (answer.status == 200) co_return answer;
    if (answer.status != 401 || again) co_return refused(wanted.url, answer.status);
    CO_TRY_STATUS(co_await log_in(answer));
    wanted.authorization = authorization_;
  }
}

// Basic where nothing else is offered, as it shows the password to whoever serves the blobs.
Task<Status> Image::log_in(const http::CallAnswer& refusal) {
  bool takes_basic = false;
  for (const auto& [name, value] : refusal.headers) {
    if (!equals_ignoring_case(name, "www-authenticate")) continue;
    for (Challenge& challenge : parse_challenges(value)) {
      if (challenge.scheme == "bearer" && !challenge.realm.empty() && spec_.credentials.token.empty()) {
        if (challenge.scope.empty()) challenge.scope = "repository:" + reference_.repository + ":pull";
        co_return co_await get_token(std::move(challenge.realm), std::move(challenge.service),
                                     std::move(challenge.scope));
      }
      takes_basic |= challenge.scheme == "basic";
    }
  }
  if (!takes_basic || spec_.credentials.username.empty()) co_return refused(registry_, 401);
  authorization_ = basic(spec_.credentials);
  co_return Status();
}

// As the token authentication of the distribution project has it.
Task<Status> Image::get_token(std::string realm, std::string service, std::string scope) {
  auto url = parse_url(realm);
  if (!url) co_return fail_at(registry_.shown() + ": the realm for tokens", std::move(url).error());
  if (registry_.is_secure && !url->is_secure) {
    co_return fail(ErrorCode::kInvalid, registry_.shown() + ": the realm for tokens is in clear text");
  }
  url->target += url->target.find('?') == std::string::npos ? "?" : "&";
  if (!service.empty()) url->target += "service=" + percent_encode(service) + "&";
  url->target += "scope=" + percent_encode(scope);
  Wanted wanted{*url, {{"Accept", "application/json"}}, {}, kMostTokenBytes};
  if (!spec_.credentials.username.empty()) wanted.authorization = basic(spec_.credentials);
  CO_TRY(http::CallAnswer answer, co_await visit_.get(std::move(wanted)));
  if (answer.status != 200) co_return refused(*url, answer.status);
  auto body = json::parse(answer.body);
  const std::string token = body ? body->string_or("token", body->string_or("access_token", "")) : "";
  const bool is_good = std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7f; });
  if (token.empty() || !is_good) co_return fail(ErrorCode::kUnavailable, url->shown() + ": its answer has no token");
  authorization_ = "Bearer " + token;
  co_return Status();
}

}  // namespace sallyport::source
