#include "source/fetcher.h"

#include "base/base64.h"
#include "base/sha256.h"
#include "source/image.h"

#include <utility>

namespace sallyport::source {
namespace {

std::string authorization_of(const Credentials& credentials) {
  if (!credentials.token.empty()) return "Bearer " + credentials.token;
  if (credentials.username.empty()) return {};
  return "Basic " + base64_encode(credentials.username + ":" + credentials.password);
}

// What to do where the module is too long, and where the other side has answered a TLS handshake in clear text, which
// OpenSSL calls a wrong version.
std::string_view advice_for(const Error& error, bool is_image) {
  const bool is_too_long = error.what.find("its answer is longer than") != std::string::npos;
  if (is_too_long && !is_image) return ", which is wasm.uploads.max_size";
  if (!error.what.ends_with("wrong version number")) return "";
  return is_image ? "; it seems to speak no TLS: plain_http asks a registry in clear text"
                  : "; it seems to speak no TLS: http:// asks in clear text";
}

}  // namespace

Task<Result<Fetched>> Fetcher::fetch(Spec spec, std::size_t most_bytes, std::string validator) {
  const std::string shown = spec.shown();
  const std::string wanted = spec.sha256;
  const bool is_image = std::holds_alternative<Reference>(spec.place);
  Result<Fetched> fetched = fail(ErrorCode::kInternal, "");
  if (is_image) {
    Image image(web_, std::move(spec));
    fetched = co_await image.fetch(most_bytes, std::move(validator));
  } else {
    fetched = co_await fetch_file(std::move(spec), most_bytes, std::move(validator));
  }
  if (!fetched) fetched.error().what += advice_for(fetched.error(), is_image);
  if (!fetched || fetched->is_unchanged) co_return fetched;
  fetched->sha256 = sha256_hex(fetched->bytes);
  if (!wanted.empty() && fetched->sha256 != wanted) {
    co_return fail(ErrorCode::kInvalid, shown + ": the module has the SHA-256 " + fetched->sha256 + ", and " + wanted +
                                            " is wanted; it was changed, or sha256 is wrong");
  }
  co_return fetched;
}

Task<Result<Fetched>> Fetcher::fetch_file(Spec spec, std::size_t most_bytes, std::string validator) {
  const Url url = std::get<Url>(spec.place);
  Visit visit(web_, url, spec.timeout);
  Wanted wanted{url, {{"Accept", "application/wasm, */*;q=0.8"}}, authorization_of(spec.credentials), most_bytes};
  if (!validator.empty()) wanted.headers.emplace_back("If-None-Match", validator);
  CO_TRY(http::CallAnswer answer, co_await visit.get(std::move(wanted)));
  Fetched fetched;
  fetched.is_unchanged = answer.status == 304 && !validator.empty();
  if (fetched.is_unchanged) {
    fetched.validator = std::move(validator);
    co_return fetched;
  }
  if (answer.status != 200) co_return refused(url, answer.status);
  fetched.validator = field(answer, "etag");
  fetched.bytes = std::move(answer.body);
  co_return fetched;
}

}  // namespace sallyport::source
