#include "proxy/forwarded_fields.h"

#include <algorithm>

namespace sallyport::proxy {

using exchange::Exchange;
using http::FieldName;

namespace {

bool is_trusted(std::string_view ip, const Options& options) {
  if (options.trusted.empty()) return false;
  auto address = IpAddress::parse(ip);
  return address &&
         std::ranges::any_of(options.trusted, [&](const IpRange& range) { return range.contains(*address); });
}

// Of the gateway's own making, or read from a head: known to be valid.
void add_if_absent(http::Headers& headers, FieldName known, std::string_view name, std::string_view value) {
  if (!value.empty() && !headers.get(known)) headers.add_checked(name, value, known);
}

// What the client says of those before it, and the client itself.
void add_forwarded_for(Exchange& exchange) {
  http::Headers& headers = exchange.request.headers;
  std::string_view ip = exchange.client.ip;
  if (!headers.may_have(http::bit_of(FieldName::kXForwardedFor))) {
    return headers.add_checked("X-Forwarded-For", ip, FieldName::kXForwardedFor);
  }
  std::string_view chain;
  for (const http::Field& field : headers) {
    if (field.known != FieldName::kXForwardedFor || field.value.empty()) continue;
    chain = chain.empty() ? field.value : exchange.arena.join(chain, ", ", field.value);
  }
  chain = chain.empty() ? ip : exchange.arena.join(chain, ", ", ip);
  headers.remove(FieldName::kXForwardedFor);
  headers.add_view("X-Forwarded-For", chain, FieldName::kXForwardedFor);
}

}  // namespace

void drop_claimed_fields(Exchange& exchange, const Options& options) {
  constexpr std::uint32_t kClaims = http::bit_of(FieldName::kXForwardedProto) |
                                    http::bit_of(FieldName::kXForwardedHost) |
                                    http::bit_of(FieldName::kXForwardedPort) | http::bit_of(FieldName::kForwarded);
  http::Headers& headers = exchange.request.headers;
  if (headers.may_have(kClaims) && !is_trusted(exchange.client.ip, options)) headers.remove_any_of(kClaims);
}

void add_forwarded_fields(Exchange& exchange, std::string_view local_port) {
  http::Headers& headers = exchange.request.headers;
  headers.remove(FieldName::kXRealIp);
  headers.add_checked("X-Real-IP", exchange.client.ip, FieldName::kXRealIp);
  add_forwarded_for(exchange);
  add_if_absent(headers, FieldName::kXForwardedProto, "X-Forwarded-Proto", exchange.scheme);
  add_if_absent(headers, FieldName::kXForwardedHost, "X-Forwarded-Host", exchange.host);
  add_if_absent(headers, FieldName::kXForwardedPort, "X-Forwarded-Port", local_port);
}

}  // namespace sallyport::proxy
