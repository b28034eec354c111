#include "tls/server_rule.h"

#include "base/bytes.h"
#include "tls/certificate.h"

#include <openssl/x509v3.h>

#include <algorithm>

namespace sallyport::tls {
namespace {

std::unexpected<Error> wrong(std::string what) { return fail(ErrorCode::kInvalid, std::move(what)); }

// APISIX's words, by the place among all pairs; the first one is `cert` and `key`.
std::string words_for_pair(std::size_t index, const std::string& what) {
  return index == 0 ? what : "failed to handle cert-key pair[" + std::to_string(index) + "]: " + what;
}

// Whatever comes of a certificate is decided when the handshake ends, so that an answer can tell of it.
int admit_for_now(int, X509_STORE_CTX*) { return 1; }

void digest_text(EVP_MD_CTX* digest, std::string_view text) {
  std::uint64_t size = text.size();
  EVP_DigestUpdate(digest, &size, sizeof size);
  EVP_DigestUpdate(digest, text.data(), text.size());
}

}  // namespace

int openssl_version(ProtocolVersion version) noexcept {
  return version == ProtocolVersion::kTls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

Result<ServerRulePtr> ServerRule::compile(const ServerRuleSource& source) {
  std::shared_ptr<ServerRule> rule(new ServerRule);
  for (const std::string& name : source.names) rule->names_.push_back(to_lower(name));
  rule->protocols_ = source.protocols;
  SslContextPtr trial(SSL_CTX_new(TLS_server_method()));
  for (std::size_t i = 0; i < source.pairs.size(); ++i) {
    if (Status added = rule->add_pair(source.pairs[i], *trial); !added)
      return wrong(words_for_pair(i, added.error().what));
  }
  if (source.client) TRY_STATUS(rule->set_client(*source.client));
  rule->set_identity(source);
  rule->set_staples(source.staples);
  return rule;
}

// A certificate without a staple still serves.
void ServerRule::set_staples(const std::optional<StapleSource>& source) {
  for (const KeyPair& pair : pairs_) {
    X509& certificate = *pair.certificate;
    auto staple = source ? Staple::make(certificate, *pair.chain, *source) : fail(ErrorCode::kInvalid, "");
    const std::string name = "the certificate " + subject_text(certificate);
    if (staple) {
      stapled_.push_back(&certificate);
      staples_.push_back(*std::move(staple));
    } else if (source) {
      staple_faults_.push_back(name + " is not stapled: " + staple.error().what);
    } else if (must_staple(certificate)) {
      staple_faults_.push_back(name + " tells clients to insist on a staple; set ocsp_stapling.enabled");
    }
  }
}

const Staple* ServerRule::staple_of(const X509* certificate) const noexcept {
  const auto found = std::ranges::find(stapled_, certificate);
  return found == stapled_.end() ? nullptr : staples_[static_cast<std::size_t>(found - stapled_.begin())].get();
}

// What a handshake would refuse, as a key that is too short, shows in the trial.
Status ServerRule::add_pair(const ServerRuleSource::Pair& source, SSL_CTX& trial) {
  TRY(KeyPair pair, KeyPair::parse(source.certificate_pem, source.key_pem));
  ERR_clear_error();
  if (SSL_CTX_use_cert_and_key(&trial, pair.certificate.get(), pair.key.get(), pair.chain.get(), 1) != 1) {
    return wrong("the certificate cannot be used: " + take_openssl_error());
  }
  pairs_.push_back(std::move(pair));
  return {};
}

Status ServerRule::set_client(const ClientRule& client) {
  auto authorities = parse_certificates(client.ca_pem);
  if (!authorities) return wrong("failed to validate client_cert: failed to parse cert: " + authorities.error().what);
  authorities_.reset(X509_STORE_new());
  authority_names_.reset(sk_X509_NAME_new_null());
  for (const X509Ptr& authority : *authorities) {
    X509_STORE_add_cert(authorities_.get(), authority.get());
    sk_X509_NAME_push(authority_names_.get(), X509_NAME_dup(X509_get_subject_name(authority.get())));
  }
  for (const std::string& pattern : client.paths_without) {
    auto regex = Regex::compile(pattern);
    if (!regex) return wrong("client.skip_mtls_uri_regex: " + regex.error().what);
    paths_without_.push_back(std::move(*regex));
  }
  asks_client_ = true;
  depth_ = client.depth;
  return {};
}

void ServerRule::set_identity(const ServerRuleSource& source) {
  std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>> digest(EVP_MD_CTX_new());
  EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr);
  digest_text(digest.get(), source.id);
  if (source.client) {
    digest_text(digest.get(), source.client->ca_pem);
    digest_text(digest.get(), std::to_string(source.client->depth));
    for (const std::string& pattern : source.client->paths_without) digest_text(digest.get(), pattern);
  }
  EVP_DigestFinal_ex(digest.get(), identity_.data(), nullptr);
}

bool ServerRule::needs_no_certificate(std::string_view path) const {
  return std::ranges::any_of(paths_without_, [&](const Regex& regex) { return regex.matches(path); });
}

std::vector<std::string> ServerRule::faults_of_time(WallTime now) const {
  std::vector<std::string> faults;
  for (const KeyPair& pair : pairs_) {
    std::string fault = fault_of_time(*pair.certificate, now);
    if (!fault.empty()) faults.push_back("the certificate " + subject_text(*pair.certificate) + " " + fault);
  }
  return faults;
}

// A client's certificate is looked at in each handshake: a session would carry the verdict of an earlier one past its
// expiry and past a change of the authorities. So names that ask for one resume none, and hand out none.
// The context stays the one that the handshake began with, which would otherwise change what else it decides (ciphers,
// protocols) in silence.
bool ServerRule::apply(SSL& ssl) const {
  for (const KeyPair& pair : pairs_) {
    if (SSL_use_cert_and_key(&ssl, pair.certificate.get(), pair.key.get(), pair.chain.get(), 1) != 1) return false;
  }
  SSL_set_session_id_context(&ssl, identity_.data(), identity_.size());
  if (protocols_) {
    SSL_set_min_proto_version(&ssl, openssl_version(protocols_->least));
    SSL_set_max_proto_version(&ssl, openssl_version(protocols_->most));
  }
  if (!asks_client_) return true;
  SSL_set_options(&ssl, SSL_OP_NO_TICKET);
  SSL_set_num_tickets(&ssl, 0);
  SSL_set_verify_depth(&ssl, depth_);
  SSL_set1_verify_cert_store(&ssl, authorities_.get());
  SSL_set_client_CA_list(&ssl, sk_X509_NAME_deep_copy(authority_names_.get(), X509_NAME_dup, X509_NAME_free));
  if (refuses_in_handshake()) {
    SSL_set_verify(&ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  } else {
    SSL_set_verify(&ssl, SSL_VERIFY_PEER, admit_for_now);
  }
  return true;
}

}  // namespace sallyport::tls
