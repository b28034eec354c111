#pragma once
// The fields that say how a message ends and what becomes of its connection (RFC 9112 6 and 9, RFC 9110 7.6.1).

#include "http/headers.h"
#include "wire/h1_syntax.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport::wire {

// They concern one connection only, or are written anew by the gateway.
inline constexpr std::uint32_t kFramingFields =
    SeenFields::bit(http::FieldName::kTe) | SeenFields::bit(http::FieldName::kExpect) |
    SeenFields::bit(http::FieldName::kTrailer) | SeenFields::bit(http::FieldName::kUpgrade) |
    SeenFields::bit(http::FieldName::kKeepAlive) | SeenFields::bit(http::FieldName::kConnection) |
    SeenFields::bit(http::FieldName::kContentLength) | SeenFields::bit(http::FieldName::kProxyConnection) |
    SeenFields::bit(http::FieldName::kTransferEncoding);

constexpr bool is_framing(http::FieldName name) { return (SeenFields::bit(name) & kFramingFields) != 0; }

// Digits only, below 2^63; leading zeros are digits. Nothing for lists and signs.
std::optional<std::uint64_t> parse_content_length(std::string_view value);

// What all lines of Transfer-Encoding together ask for. Lists that end in `chunked` and hold other well-formed codings
// before it are kUnknown; empty elements, parameters of `chunked`, and anything after it are kMalformed.
enum class TransferCoding : std::uint8_t { kChunked, kUnknown, kMalformed };
TransferCoding transfer_coding(const http::Headers& headers);

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool malformed = false;  // an option that is no token, or more than kMostConnectionOptions
};
inline constexpr std::size_t kMostConnectionOptions = 64;

// Reads all lines of Connection and takes the fields they name out of `headers`. Fields that tell where a request came
// from or goes to stay, whoever names them: Host, Forwarded, X-Real-IP, X-Forwarded-*, Via. Framing fields stay too.
ConnectionOptions apply_connection(http::Headers& headers);

// The protocols of all lines of Upgrade, as one list; empty when one of them is malformed, or the list too long.
std::string_view upgrade_protocols(const http::Headers& headers);

// Whether a field may stand in a trailer section; those of heads only may not (RFC 9110 6.5.1).
bool is_trailer(const http::Field& field);

// Whether name and value can stand in a message, whoever has set them.
inline bool is_writable(const http::Field& field) {
  if (field.is_checked) return true;
  bool is_name = field.known != http::FieldName::kOther || http::is_field_name(field.name);
  return is_name && http::is_field_value(field.value);
}

inline void remove_framing_fields(http::Headers& headers) { headers.remove_any_of(kFramingFields); }

// What never goes on from a request: the above, and what an upstream could take for a field that the gateway vouches
// for (X_Real_IP).
inline constexpr std::uint32_t kEndOfRequests = kFramingFields | SeenFields::bit(http::FieldName::kDisguised);
inline void remove_what_ends_here(http::Headers& request) { request.remove_any_of(kEndOfRequests); }

}  // namespace sallyport::wire
