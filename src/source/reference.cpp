#include "source/reference.h"

#include "base/bytes.h"
#include "http/authority.h"

#include <algorithm>

namespace sallyport::source {
namespace {

constexpr std::string_view kSha256 = "sha256:";
constexpr std::size_t kLongest = 1024;
constexpr std::size_t kLongestRepository = 255;
constexpr std::size_t kLongestTag = 128;

bool is_small(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Letters and digits, and between them one of . _ __ or any number of -.
bool is_component(std::string_view text) {
  if (text.empty() || !is_small(text.front()) || !is_small(text.back())) return false;
  for (std::size_t at = 0; at < text.size();) {
    if (is_small(text[at])) {
      ++at;
      continue;
    }
    const std::size_t end = std::min(text.find_first_of("abcdefghijklmnopqrstuvwxyz0123456789", at), text.size());
    const std::string_view between = text.substr(at, end - at);
    const bool is_dashes = std::ranges::all_of(between, [](char c) { return c == '-'; });
    if (between != "." && between != "_" && between != "__" && !is_dashes) return false;
    at = end;
  }
  return true;
}

bool is_repository(std::string_view text) {
  return text.size() <= kLongestRepository && std::ranges::all_of(split(text, '/'), is_component);
}

bool is_tag(std::string_view text) {
  auto is_good = [](char c) { return is_small(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-'; };
  return !text.empty() && text.size() <= kLongestTag && text.front() != '.' && text.front() != '-' &&
         std::ranges::all_of(text, is_good);
}

bool is_docker_hub(std::string_view host) { return host == "docker.io" || host == "index.docker.io"; }

std::unexpected<Error> wrong(const char* what) { return fail(ErrorCode::kInvalid, what); }

}  // namespace

bool is_digest(std::string_view text) noexcept {
  auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.starts_with(kSha256) && text.size() == kSha256.size() + 64 &&
         std::ranges::all_of(text.substr(kSha256.size()), is_hex);
}

std::string Reference::shown() const {
  std::string text = "oci://" + host + "/" + repository;
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

Result<Reference> parse_reference(std::string_view text) {
  Reference reference;
  const std::size_t slash = text.find('/');
  if (text.size() > kLongest) return wrong("is longer than 1024 characters");
  if (slash == std::string_view::npos) return wrong("names no repository; write oci://host/repository:tag");
  reference.host = to_lower(text.substr(0, slash));
  auto authority = http::parse_authority(reference.host);
  if (!authority || authority->port == 0) {
    return wrong("names no host, or one that cannot be; write oci://host/repository:tag");
  }
  std::string_view rest = text.substr(slash + 1);
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    reference.digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (!is_digest(reference.digest)) return wrong("has a digest that is not sha256: and 64 hexadecimal digits");
  }
  if (const std::size_t colon = rest.find(':'); colon != std::string_view::npos) {
    reference.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!is_tag(reference.tag)) return wrong("has a tag that cannot be: up to 128 of a-z A-Z 0-9 _ . -");
  }
  if (reference.tag.empty() && reference.digest.empty()) reference.tag = "latest";
  reference.repository = rest;
  if (is_docker_hub(reference.host) && rest.find('/') == std::string_view::npos) {
    reference.repository = "library/" + reference.repository;
  }
  if (!is_repository(reference.repository)) {
    return wrong("has a repository that cannot be: small letters, digits and single . _ - between slashes");
  }
  return reference;
}

Result<Url> registry_of(const Reference& reference, bool is_secure) {
  const std::string host = is_docker_hub(reference.host) ? "registry-1.docker.io" : reference.host;
  return parse_url((is_secure ? "https://" : "http://") + host + "/v2/" + reference.repository + "/");
}

}  // namespace sallyport::source
