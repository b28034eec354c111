#include "proxy/forwarded_fields.h"

#include <algorithm>
#include <charconv>
#include <string_view>

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

void add_if_absent(Exchange& exchange, FieldName known, std::string_view name, std::string_view value) {
  if (!value.empty() && !exchange.request.headers.get(known)) exchange.request.headers.add_view(name, value, known);
}

std::string_view as_text(Arena& arena, std::uint16_t port) {
  auto* text = static_cast<char*>(arena.allocate(5));
  auto end = std::to_chars(text, text + 5, port).ptr;
  return {text, static_cast<std::size_t>(end - text)};
}

}  // namespace

void drop_claimed_fields(Exchange& exchange, const Options& options) {
  if (is_trusted(exchange.client.ip, options)) return;
  exchange.request.headers.remove_if([](const http::Field& field) {
    switch (field.known) {
      case FieldName::kXForwardedProto:
      case FieldName::kXForwardedHost:
      case FieldName::kXForwardedPort:
      case FieldName::kForwarded:
        return true;
      default:
        return false;
    }
  });
}

void add_forwarded_fields(Exchange& exchange) {
  http::Headers& headers = exchange.request.headers;
  std::string_view ip = exchange.client.ip;
  std::string_view chain;
  for (const http::Field& field : headers) {
    if (field.known != FieldName::kXForwardedFor || field.value.empty()) continue;
    chain = chain.empty() ? field.value : exchange.arena.join(chain, ", ", field.value);
  }
  chain = chain.empty() ? ip : exchange.arena.join(chain, ", ", ip);
  headers.remove(FieldName::kXForwardedFor);
  headers.remove(FieldName::kXRealIp);
  headers.add_view("X-Real-IP", ip, FieldName::kXRealIp);
  headers.add_view("X-Forwarded-For", chain, FieldName::kXForwardedFor);
  add_if_absent(exchange, FieldName::kXForwardedProto, "X-Forwarded-Proto", exchange.scheme);
  add_if_absent(exchange, FieldName::kXForwardedHost, "X-Forwarded-Host", exchange.host);
  add_if_absent(exchange, FieldName::kXForwardedPort, "X-Forwarded-Port", as_text(exchange.arena, exchange.local.port));
}

}  // namespace sallyport::proxy
