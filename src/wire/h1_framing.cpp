#include "wire/h1_framing.h"

#include "base/bytes.h"
#include "http/field_list.h"

#include <algorithm>
#include <array>

namespace sallyport::wire {
namespace {

using http::FieldName;

constexpr std::uint32_t kNeverNominated = kFramingFields | SeenFields::bit(FieldName::kHost) |
                                          SeenFields::bit(FieldName::kForwarded) | SeenFields::bit(FieldName::kXRealIp);

bool stays_when_nominated(const http::Field& field) {
  constexpr std::string_view kForwardedPrefix = "x-forwarded-";
  if ((SeenFields::bit(field.known) & kNeverNominated) != 0) return true;
  return equals_ignoring_case(field.name.substr(0, kForwardedPrefix.size()), kForwardedPrefix) ||
         equals_ignoring_case(field.name, "via");
}

template <class Visit>
void for_each_option(const http::Headers& headers, Visit visit) {
  for (const http::Field& field : headers) {
    if (field.known != FieldName::kConnection) continue;
    http::for_each_element(field.value, [&](std::string_view option) {
      if (!option.empty()) visit(option);
      return true;
    });
  }
}

// Whether it is one of the options that mean something by themselves.
bool note_option(std::string_view option, ConnectionOptions& options) {
  auto is = [option](std::string_view known, bool& seen) {
    if (option.size() != known.size()) return false;
    if (option != known && !equals_ignoring_case(option, known)) return false;
    return seen = true;
  };
  return is("keep-alive", options.keep_alive) || is("close", options.close) || is("upgrade", options.upgrade);
}

void remove_nominated(http::Headers& headers) {
  std::array<std::string_view, kMostConnectionOptions> names;
  std::size_t size = 0;
  for_each_option(headers, [&](std::string_view option) {
    ConnectionOptions known;
    if (!note_option(option, known) && size < names.size()) names[size++] = option;
  });
  headers.remove_if([&](const http::Field& field) {
    auto is_name = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
    return std::any_of(names.begin(), names.begin() + size, is_name) && !stays_when_nominated(field);
  });
}

constexpr std::size_t kUpgradeBytes = 256;  // joining many lines would take memory out of proportion

// Fields that cannot come after the head has been acted on (RFC 9110 6.5.1): they route, authenticate, control caches
// or say how the content is to be read. Framing fields are known by their number.
constexpr std::array<std::string_view, 24> kHeadOnly = {
    "age",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-language",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "expires",
    "forwarded",
    "host",
    "http2-settings",
    "location",
    "max-forwards",
    "pragma",
    "range",
    "retry-after",
    "set-cookie",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-real-ip",
};
constexpr std::array<std::string_view, 3> kHeadOnlyPrefixes = {"if-", "proxy-", "x-forwarded-"};

// token ["/" token] (RFC 9110 7.8)
bool is_protocol(std::string_view text) {
  std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return http::is_field_name(text);
  return http::is_field_name(text.substr(0, slash)) && http::is_field_name(text.substr(slash + 1));
}

}  // namespace

std::optional<std::uint64_t> parse_content_length(std::string_view value) {
  auto length = parse_unsigned(value);
  if (!length || *length > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return length;
}

TransferCoding transfer_coding(const http::Headers& headers) {
  bool chunked = false;
  bool unknown = false;
  auto note = [&](std::string_view coding) {
    std::string_view name = trim(coding.substr(0, coding.find(';')));
    if (chunked || !http::is_field_name(name)) return false;
    chunked = equals_ignoring_case(name, "chunked");
    unknown |= !chunked;
    return !chunked || name.size() == coding.size();
  };
  for (const http::Field& field : headers) {
    if (field.known != FieldName::kTransferEncoding) continue;
    if (!http::for_each_element(field.value, note)) return TransferCoding::kMalformed;
  }
  return unknown ? TransferCoding::kUnknown : TransferCoding::kChunked;
}

ConnectionOptions apply_connection(http::Headers& headers) {
  ConnectionOptions options;
  std::size_t nominated = 0;
  for_each_option(headers, [&](std::string_view option) {
    if (note_option(option, options)) return;
    if (!http::is_field_name(option) || ++nominated > kMostConnectionOptions) options.malformed = true;
  });
  if (nominated != 0) remove_nominated(headers);
  return options;
}

std::string_view upgrade_protocols(const http::Headers& headers) {
  std::string_view all;
  for (const http::Field& field : headers) {
    if (field.known != FieldName::kUpgrade) continue;
    if (!http::for_each_element(field.value, is_protocol)) return {};
    if (all.size() + field.value.size() > kUpgradeBytes) return {};
    all = all.empty() ? field.value : headers.arena().join(all, ", ", field.value);
  }
  return all;
}

bool is_trailer(const http::Field& field) {
  if ((SeenFields::bit(field.known) & kEndOfRequests) != 0) return false;
  auto is_name = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
  auto is_prefix = [&](std::string_view prefix) {
    return equals_ignoring_case(field.name.substr(0, prefix.size()), prefix);
  };
  return std::ranges::none_of(kHeadOnly, is_name) && std::ranges::none_of(kHeadOnlyPrefixes, is_prefix);
}

}  // namespace sallyport::wire
