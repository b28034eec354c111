#include "source/spec.h"

#include "base/bytes.h"
#include "base/setting_text.h"
#include "base/sha256.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace sallyport::source {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kOci = "oci://";
constexpr std::array kKeys{"url"sv,      "sha256"sv,   "pull"sv,  "interval"sv,  "timeout"sv,
                           "username"sv, "password"sv, "token"sv, "plain_http"sv};

class Reader {
 public:
  Reader(const json::Value& source, std::vector<SpecProblem>& problems) : source_(source), problems_(problems) {}

  Spec read() {
    read_url();
    read_sha256();
    read_pull();
    read_time("interval", spec_.interval, Milliseconds(1'000));
    read_time("timeout", spec_.timeout, Milliseconds(100));
    read_credentials();
    refuse_unknown();
    if (problems_.empty()) check_clear_text();
    return std::move(spec_);
  }

 private:
  void problem(std::string_view key, std::string what) {
    problems_.push_back({"/" + std::string(key), std::move(what)});
  }

  std::string text(std::string_view key) {
    const json::Value* value = source_.find(key);
    if (!value) return {};
    if (!value->is_string()) problem(key, "is no text");
    return value->is_string() ? value->string() : "";
  }

  void read_url() {
    spec_.url = text("url");
    if (!source_.find("url")) return problem("url", "is missing; give an address of http, https or oci");
    const bool is_image = spec_.url.starts_with(kOci);
    if (const json::Value* plain = source_.find("plain_http")) {
      if (!plain->is_boolean()) problem("plain_http", "is neither true nor false");
      if (!is_image) problem("plain_http", "is for oci:// alone; write http:// or https://");
    }
    if (is_image) {
      spec_.is_secure = !source_.boolean_or("plain_http", false);
      take_place(parse_reference(std::string_view(spec_.url).substr(kOci.size())));
    } else {
      take_place(parse_url(spec_.url));
      if (const Url* url = std::get_if<Url>(&spec_.place)) spec_.is_secure = url->is_secure;
    }
  }

  template <class T>
  void take_place(Result<T> place) {
    if (!place) return problem("url", place.error().what);
    spec_.place = *std::move(place);
  }

  void read_sha256() {
    spec_.sha256 = to_lower(text("sha256"));
    if (!spec_.sha256.empty() && !is_digest("sha256:" + spec_.sha256))
      problem("sha256", "is not 64 hexadecimal digits");
  }

  void read_pull() {
    const std::string pull = text("pull");
    if (pull == "always") spec_.pull = Pull::kAlways;
    if (!pull.empty() && pull != "always" && pull != "if_not_present") {
      problem("pull", "is \"" + pull + "\"; write if_not_present or always");
    }
  }

  void read_time(std::string_view key, Milliseconds& to, Milliseconds least) {
    const json::Value* value = source_.find(key);
    if (!value) return;
    std::optional<Milliseconds> time;
    if (value->is_string()) time = parse_duration(value->string());
    if (value->is_integer() && value->integer() > 0 && value->integer() < 1'000'000'000) {
      time = std::chrono::seconds(value->integer());
    }
    constexpr std::chrono::hours kMost(24 * 365);
    if (!time || *time < least || *time > kMost) {
      return problem(key, "is no time that can be; write seconds, or \"30s\", \"5m\", \"1h\"");
    }
    to = *time;
  }

  void read_credentials() {
    Credentials& credentials = spec_.credentials;
    credentials = {text("username"), text("password"), text("token")};
    auto breaks_lines = [](const std::string& secret) {
      return std::ranges::any_of(secret, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    };
    for (auto [key, secret] : {std::pair("username", &credentials.username),
                               {"password", &credentials.password},
                               {"token", &credentials.token}}) {
      if (breaks_lines(*secret)) problem(key, "has a control character in it");
    }
    if (credentials.username.find(':') != std::string::npos) problem("username", "has a colon in it");
    if (!credentials.username.empty() && !credentials.token.empty()) {
      problem("token", "stands beside username; give one of them");
    }
    if (credentials.username.empty() && !credentials.password.empty()) problem("password", "stands without username");
  }

  void refuse_unknown() {
    for (const auto& [name, value] : source_.object()) {
      if (std::ranges::find(kKeys, name) != kKeys.end()) continue;
      problem(name,
              "is unknown" + did_you_mean(name, kKeys) + "; docs/wasm.md has those that there are, below Sources");
    }
  }

  // Whoever sits between could put other code in.
  void check_clear_text() {
    if (spec_.is_secure || !spec_.sha256.empty()) return;
    const Reference* image = std::get_if<Reference>(&spec_.place);
    if (image && !image->digest.empty()) return;
    auto url = image ? registry_of(*image, false) : Result<Url>(std::get<Url>(spec_.place));
    if (url && (url->host == "localhost" || url->host.starts_with("127.") || url->host == "::1")) return;
    problem("url", "is fetched in clear text; give sha256, so that nobody on the way can change it, or use TLS");
  }

  const json::Value& source_;
  std::vector<SpecProblem>& problems_;
  Spec spec_;
};

}  // namespace

std::string Spec::shown() const {
  const Reference* image = std::get_if<Reference>(&place);
  return image ? image->shown() : std::get<Url>(place).shown();
}

Spec read_spec(const json::Value& source, std::vector<SpecProblem>& problems) {
  if (source.is_string()) {
    const json::Value object(json::Object{{"url", source}});
    return Reader(object, problems).read();
  }
  if (source.is_object()) return Reader(source, problems).read();
  problems.push_back({"", "is neither an address nor an object with url"});
  return {};
}

Result<Spec> read_spec(const json::Value& source) {
  std::vector<SpecProblem> problems;
  Spec spec = read_spec(source, problems);
  if (problems.empty()) return spec;
  std::string what;
  for (const SpecProblem& problem : problems) {
    std::string name = "source" + problem.pointer;
    std::ranges::replace(name, '/', '.');
    what += (what.empty() ? "" : "; ") + name + " " + problem.what;
  }
  return fail(ErrorCode::kInvalid, std::move(what));
}

json::Value without_secrets(const json::Value& source) {
  json::Value shown = source;
  if (shown.is_object()) {
    shown.object().erase("password");
    shown.object().erase("token");
  }
  return shown;
}

std::string fingerprint(const Spec& spec) { return sha256_hex(spec.url + "\n" + spec.sha256); }

}  // namespace sallyport::source
