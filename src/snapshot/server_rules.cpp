#include "snapshot/server_rules.h"

#include <algorithm>
#include <chrono>
#include <optional>

namespace sallyport::snapshot {
namespace {

using tls::ProtocolVersion;

// Nothing: as the settings have it.
Result<std::optional<tls::ProtocolRange>> range_of(const std::vector<std::string>& protocols) {
  if (protocols.empty()) return std::nullopt;
  const bool has_12 = std::ranges::find(protocols, "TLSv1.2") != protocols.end();
  const bool has_13 = std::ranges::find(protocols, "TLSv1.3") != protocols.end();
  if (!has_12 && !has_13) {
    return fail(ErrorCode::kInvalid, "ssl_protocols names none that is spoken; give TLSv1.2, TLSv1.3 or both");
  }
  return tls::ProtocolRange{has_12 ? ProtocolVersion::kTls12 : ProtocolVersion::kTls13,
                            has_13 ? ProtocolVersion::kTls13 : ProtocolVersion::kTls12};
}

tls::ServerRuleSource source_of(const resources::Ssl& ssl) {
  tls::ServerRuleSource source;
  source.id = ssl.id;
  source.names = ssl.names;
  for (const auto& pair : ssl.pairs) source.pairs.push_back({pair.cert, pair.key});
  if (ssl.client) {
    source.client =
        tls::ClientRule{ssl.client->ca, static_cast<int>(ssl.client->depth), ssl.client->skip_mtls_uri_regex};
  }
  if (ssl.ocsp_stapling) {
    const auto& stapling = *ssl.ocsp_stapling;
    source.staples =
        tls::StapleSource{stapling.responder_url, !stapling.skip_verify, std::chrono::seconds(stapling.cache_ttl)};
  }
  return source;
}

}  // namespace

Result<CompiledSsl> compile_ssl(const resources::Ssl& ssl) {
  tls::ServerRuleSource source = source_of(ssl);
  TRY(source.protocols, range_of(ssl.protocols));
  TRY(tls::ServerRulePtr rule, tls::ServerRule::compile(source));
  CompiledSsl compiled;
  compiled.warnings = rule->faults_of_time(std::chrono::system_clock::now());
  if (!ssl.enabled) return compiled;
  const auto& unstapled = rule->faults_of_staples();
  if (ssl.type == resources::SslType::kServer) {
    compiled.warnings.insert(compiled.warnings.end(), unstapled.begin(), unstapled.end());
  }
  if (ssl.type == resources::SslType::kServer) {
    compiled.rule = std::move(rule);
  } else {
    TRY(compiled.identity, tls::make_client_identity(ssl.pairs.front().cert, ssl.pairs.front().key));
  }
  return compiled;
}

}  // namespace sallyport::snapshot
