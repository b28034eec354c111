#include "upstream/cluster.h"

#include "resources/references.h"
#include "upstream/forbidden_addresses.h"
#include "upstream/hash_key.h"
#include "upstream/hash_ring.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>

namespace sallyport::upstream {

using resources::Scheme;

namespace {

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

std::unexpected<Error> wrong(std::string what) { return fail(ErrorCode::kInvalid, "upstream." + std::move(what)); }

Result<Balancing> balancing_of(const std::string& type) {
  if (type == "roundrobin") return Balancing::kRoundRobin;
  if (type == "chash") return Balancing::kConsistentHash;
  if (type == "least_conn") return Balancing::kLeastConnections;
  if (type == "ewma") return Balancing::kLeastLatency;
  return wrong("type: \"" + type + "\" is not supported; take roundrobin, chash, least_conn or ewma");
}

std::string host_header_of(const resources::Node& node, Scheme scheme) {
  const bool is_v6 = node.host.find(':') != std::string::npos;
  std::string host = is_v6 ? "[" + node.host + "]" : node.host;
  if (resources::default_port(scheme) != node.port) host += ":" + std::to_string(node.port);
  return host;
}

Result<Node> compile_node(const resources::Node& written, Scheme scheme, const ForbiddenAddresses& forbidden) {
  if (written.port == 0) return wrong("nodes: \"" + written.host + "\" has no port; write \"host:port\"");
  constexpr std::int64_t kMostWeight = std::int64_t{1} << 31;
  Node node;
  node.host = written.host;
  node.port = written.port;
  node.weight = static_cast<std::uint32_t>(std::clamp<std::int64_t>(written.weight, 0, kMostWeight));
  node.priority = written.priority;
  node.host_header = host_header_of(written, scheme);
  if (auto literal = async::Address::from_ip(node.host, node.port)) node.literal = *literal;
  const std::string_view why =
      node.literal ? forbidden.why(*node.literal) : forbidden.why_by_name(node.host, node.port);
  if (!why.empty()) {
    const std::string address = node.literal ? node.literal->to_string() : host_header_of(written, scheme);
    return wrong("nodes: " + address + " " + std::string(why));
  }
  return node;
}

// Where no node of a priority has a weight, all of them count the same, as in APISIX.
void even_out_zero_weights(std::vector<Node>& nodes) {
  for (auto first = nodes.begin(); first != nodes.end();) {
    auto last = std::find_if(first, nodes.end(), [&](const Node& node) { return node.priority != first->priority; });
    if (std::all_of(first, last, [](const Node& node) { return node.weight == 0; })) {
      std::for_each(first, last, [](Node& node) { node.weight = 1; });
    }
    first = last;
  }
}

Result<std::optional<ClusterTls>> tls_of(const resources::Upstream& upstream) {
  if (upstream.scheme != Scheme::kHttps && upstream.scheme != Scheme::kGrpcs) return std::nullopt;
  ClusterTls tls;
  if (!upstream.tls.is_object()) return tls;
  if (upstream.tls.boolean_or("verify", false)) tls.verify = tls::Verify::kYes;
  tls.identity_id = resources::id_text(upstream.tls, "client_cert_id");
  const std::string certificate = upstream.tls.string_or("client_cert", "");
  if (certificate.empty()) return tls;
  auto identity = tls::make_client_identity(certificate, upstream.tls.string_or("client_key", ""));
  if (!identity) return wrong("tls.client_cert: " + identity.error().what);
  tls.identity = std::move(*identity);
  return tls;
}

// Probes may go to another port than requests.
Status check_probed_addresses(const Cluster& cluster, const ForbiddenAddresses& forbidden) {
  if (!cluster.checks() || !cluster.checks()->active || !cluster.checks()->active->port) return {};
  for (const Node& node : cluster.nodes()) {
    if (!node.literal) continue;
    async::Address probed = *node.literal;
    probed.set_port(*cluster.checks()->active->port);
    if (!forbidden.contains(probed)) continue;
    return wrong("checks.active.port: " + probed.to_string() +
                 " is the gateway's own Admin API or control API, which no probe may lead to");
  }
  return {};
}

}  // namespace

Cluster::Cluster() = default;
Cluster::~Cluster() = default;

Result<ClusterPtr> Cluster::compile(const resources::Upstream& upstream, std::string key,
                                    const ForbiddenAddresses& forbidden) {
  const bool is_grpc = upstream.scheme == Scheme::kGrpc || upstream.scheme == Scheme::kGrpcs;
  if (!is_grpc && upstream.scheme != Scheme::kHttp && upstream.scheme != Scheme::kHttps) {
    return wrong("scheme: \"" + std::string(resources::name_of(upstream.scheme)) +
                 "\" is not supported; upstreams are spoken to in http, https, grpc or grpcs");
  }
  std::shared_ptr<Cluster> cluster(new Cluster);
  cluster->key_ = std::move(key);
  cluster->name_ = upstream.name;
  cluster->key_hash_ = std::hash<std::string>{}(cluster->key_);
  cluster->serial_ = next_serial();
  TRY(cluster->balancing_, balancing_of(upstream.type));
  for (const resources::Node& written : upstream.nodes) {
    TRY(Node node, compile_node(written, upstream.scheme, forbidden));
    auto at = std::ranges::upper_bound(cluster->nodes_, node.priority, std::ranges::greater{}, &Node::priority);
    cluster->nodes_.insert(at, std::move(node));
  }
  even_out_zero_weights(cluster->nodes_);

  cluster->scheme_ = resources::name_of(upstream.scheme);
  TRY(cluster->tls_, tls_of(upstream));
  cluster->speaks_http2_ = is_grpc || upstream.speaks_http2;
  cluster->pass_host_ = upstream.pass_host;
  cluster->upstream_host_ = upstream.upstream_host;
  cluster->timeouts_ = upstream.timeout;
  const auto others = std::max<std::int64_t>(0, static_cast<std::int64_t>(upstream.nodes.size()) - 1);
  cluster->retries_ = static_cast<unsigned>(std::clamp<std::int64_t>(upstream.retries.value_or(others), 0, UINT16_MAX));
  cluster->retry_timeout_ = upstream.retry_timeout;
  cluster->keepalive_pool_ = upstream.keepalive_pool;
  cluster->slow_start_ = upstream.slow_start;
  cluster->checks_ = upstream.checks;
  TRY_STATUS(check_probed_addresses(*cluster, forbidden));
  if (cluster->balancing_ == Balancing::kConsistentHash) {
    cluster->hash_key_ = std::make_unique<const HashKey>(upstream);
    cluster->ring_ = std::make_unique<const HashRing>(cluster->nodes_);
  }
  return cluster;
}

}  // namespace sallyport::upstream
