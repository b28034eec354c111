#include "route/route_rule.h"

#include <algorithm>

namespace sallyport::route {
namespace {

Result<std::vector<PathPattern>> compile_paths(const std::vector<std::string>& uris, RouterKind kind) {
  const Parameters parameters = kind == RouterKind::kUriWithParameter ? Parameters::kYes : Parameters::kNo;
  if (uris.empty()) return fail(ErrorCode::kInvalid, "uri and uris are missing; give one of them");
  std::vector<PathPattern> paths;
  for (const std::string& uri : uris) {
    TRY(PathPattern path, PathPattern::compile(uri, parameters));
    paths.push_back(std::move(path));
  }
  return paths;
}

Result<MethodSet> compile_methods(const std::vector<std::string>& names) {
  MethodSet methods;
  for (const std::string& name : names) {
    const MethodSet one = MethodSet::of(name);
    if (one.empty())
      return fail(ErrorCode::kInvalid, "methods: \"" + name + "\" is no method that a route can ask for");
    methods.add(one);
  }
  return methods;
}

}  // namespace

Result<RouterKind> router_kind(std::string_view name) {
  if (name == "radixtree_host_uri") return RouterKind::kHostUri;
  if (name == "radixtree_uri") return RouterKind::kUri;
  if (name == "radixtree_uri_with_parameter") return RouterKind::kUriWithParameter;
  return fail(ErrorCode::kInvalid, "apisix.router.http: \"" + std::string(name) +
                                       "\" is no router; take radixtree_host_uri, radixtree_uri or "
                                       "radixtree_uri_with_parameter");
}

const std::optional<IpAddress>& Inquiry::client() {
  if (!client_known_) client_ = IpAddress::parse(exchange_.client.ip);
  client_known_ = true;
  return client_;
}

Result<RouteRule> RouteRule::compile(const RuleSource& source, RouterKind kind) {
  RouteRule rule;
  TRY(rule.paths_, compile_paths(source.uris, kind));
  for (const std::string& host : source.hosts) rule.hosts_.emplace_back(host);
  rule.host_is_condition_ = kind != RouterKind::kHostUri && !rule.hosts_.empty();
  TRY(rule.methods_, compile_methods(source.methods));
  for (const std::string& range : source.remote_addrs) {
    if (Status added = rule.remote_addrs_.add(range); !added) return fail_at("remote_addrs", added.error());
  }
  if (!source.vars.is_null()) {
    auto vars = exchange::Expression::compile(source.vars);
    if (!vars) return fail_at("failed to validate the 'vars' expression", std::move(vars).error());
    rule.vars_ = std::move(*vars);
    rule.has_vars_ = !rule.vars_.always_true();
  }
  rule.priority_ = source.priority;
  return rule;
}

bool RouteRule::accepts(Inquiry& inquiry) const {
  if (!methods_.empty() && !methods_.has_any_of(inquiry.method())) return false;
  if (!remote_addrs_.empty() && !(inquiry.client() && remote_addrs_.contains(*inquiry.client()))) return false;
  if (host_is_condition_ && !host_of(inquiry.exchange())) return false;
  return !has_vars_ || vars_.matches(inquiry.exchange());
}

const HostPattern* RouteRule::host_of(const exchange::Exchange& exchange) const {
  auto found = std::ranges::find_if(hosts_, [&](const HostPattern& host) { return host.matches(exchange); });
  return found == hosts_.end() ? nullptr : &*found;
}

}  // namespace sallyport::route
