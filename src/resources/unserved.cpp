#include "resources/unserved.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace sallyport::resources {
namespace {

struct Member {
  std::string_view name;
  std::string_view consequence;
};

constexpr std::array kOfRoutes{
    Member{"script_id", "this gateway runs no Lua; use plugins instead"},
};

constexpr std::array kOfUpstreams{
    Member{"service_name", "services are not looked up; without `nodes` requests are answered with 503"},
    Member{"discovery_args", "services are not looked up"},
};

constexpr std::string_view kOldProtocol = "TLSv1.1";

bool asks_for(const json::Value& resource, std::string_view member) {
  const json::Value* found = resource.find(member);
  return found && !(found->is_boolean() && !found->boolean());
}

template <class Members>
void add(std::vector<std::string>& all, const json::Value& resource, const Members& members, std::string_view where) {
  for (const Member& member : members) {
    if (!asks_for(resource, member.name)) continue;
    all.push_back(fmt::format("{}{} has no effect yet: {}", where, member.name, member.consequence));
  }
}

void add_upstream(std::vector<std::string>& all, const json::Value& upstream, std::string_view where) {
  add(all, upstream, kOfUpstreams, where);
  const std::string scheme = upstream.string_or("scheme", "http");
  if (asks_for(upstream, "tls") && (scheme == "http" || scheme == "grpc")) {
    all.push_back(
        fmt::format("{0}tls has no effect: nodes are spoken to in plain {1}; set scheme to {1}s", where, scheme));
  }
  if (scheme == "grpc" || scheme == "grpcs") {
    if (upstream.string_or("http_version", "2") != "2") {
      all.push_back(fmt::format("{}http_version has no effect: {} is spoken over HTTP/2", where, scheme));
    }
  }
  const std::string type = upstream.string_or("type", "");
  if (asks_for(upstream, "slow_start") && (type == "chash" || type == "ewma")) {
    all.push_back(fmt::format("{}slow_start has no effect with the type {}, which does not go by weights that change",
                              where, type));
  }
  if (type != "chash" || upstream.string_or("hash_on", "") != "consumer") return;
  all.push_back(
      fmt::format("{}hash_on has no effect yet: there are no consumers; the client's address is hashed", where));
}

std::vector<std::string> unserved_of_ssl(const json::Value& ssl) {
  const json::Value* protocols = ssl.find("ssl_protocols");
  if (!protocols) return {};
  for (const json::Value& protocol : protocols->array()) {
    if (protocol == json::Value(kOldProtocol)) return {"TLSv1.1 in ssl_protocols has no effect: it is not secure"};
  }
  return {};
}

}  // namespace

std::vector<std::string> unserved_members(Kind kind, const json::Value& value) {
  std::vector<std::string> all;
  if (kind == Kind::kSsl) return unserved_of_ssl(value);
  if (kind == Kind::kUpstream) add_upstream(all, value, "");
  if (kind != Kind::kRoute && kind != Kind::kService) return all;
  add(all, value, kOfRoutes, "");
  if (const json::Value* upstream = value.find("upstream")) add_upstream(all, *upstream, "upstream.");
  return all;
}

}  // namespace sallyport::resources
