#pragma once
// Short words for route tables in unit tests; no part of the product.

#include "exchange/exchange_fixture.h"
#include "json/parse.h"
#include "route/route_table.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::route {

struct Named final : Target {
  explicit Named(std::string target_name) : name(std::move(target_name)) {}
  std::string name;
};

// route("/a/*").host("x.com").priority(3)
struct RouteWords {
  RuleSource source;
  RouteWords& uri(std::string text) { return source.uris.push_back(std::move(text)), *this; }
  RouteWords& host(std::string text) { return source.hosts.push_back(std::move(text)), *this; }
  RouteWords& method(std::string text) { return source.methods.push_back(std::move(text)), *this; }
  RouteWords& from(std::string range) { return source.remote_addrs.push_back(std::move(range)), *this; }
  RouteWords& vars(std::string_view text) { return source.vars = *json::parse(text), *this; }
  RouteWords& priority(int value) { return source.priority = value, *this; }
};
inline RouteWords route(std::string uri) { return RouteWords().uri(std::move(uri)); }

class TableFixture {
 public:
  explicit TableFixture(RouterKind kind = RouterKind::kHostUri) : table_(kind) {}

  TableFixture& add(std::string name, const RouteWords& words) {
    auto entry = std::make_shared<RouteEntry>();
    entry->rule = std::make_shared<const RouteRule>(*RouteRule::compile(words.source, table_.kind()));
    entry->order = ++orders_;
    entry->target = std::make_shared<const Named>(name);
    table_.put(entry);
    entries_[name] = entry;
    return *this;
  }
  TableFixture& remove(const std::string& name) {
    table_.take_out(entries_.at(name));
    return *this;
  }
  // The route leads to another target, named `to`.
  TableFixture& lead(const std::string& name, std::string to) {
    auto entry = std::make_shared<RouteEntry>(*entries_.at(name));
    entry->target = std::make_shared<const Named>(std::move(to));
    table_.replace(entries_.at(name), entry);
    entries_[name] = entry;
    return *this;
  }
  const RouteTable& table() const { return table_; }

  // The name of the route that gets this request, "" when none does.
  std::string find(exchange::Exchange& exchange) const {
    const RouteEntry* entry = table_.match(exchange);
    return entry ? static_cast<const Named&>(*entry->target).name : "";
  }
  std::string get(std::string_view path, std::string_view host = "any.test", std::string_view method = "GET",
                  std::string_view client = "10.0.0.1") const {
    exchange::ExchangeFixture request(path, method);
    name_host(request.exchange, host);
    request.exchange.client.ip = client;
    return find(request.exchange);
  }

  // `authority` as in the Host header, in lower case.
  static void name_host(exchange::Exchange& exchange, std::string_view authority) {
    exchange.request.authority = authority;
    const bool has_port = authority.find(':') != std::string_view::npos && !authority.ends_with(']');
    exchange.host = has_port ? authority.substr(0, authority.rfind(':')) : authority;
  }

 private:
  RouteTable table_;
  std::map<std::string, RouteEntryPtr> entries_;
  std::uint64_t orders_ = 0;
};

}  // namespace sallyport::route
