#pragma once
// What a group of server names is served with: certificates, and whom of the clients they admit. Immutable, shared by
// all workers; a connection keeps the rule that its handshake began with.

#include "base/clock.h"
#include "base/regex.h"
#include "base/result.h"
#include "tls/certificate.h"
#include "tls/openssl_ptr.h"
#include "tls/staple.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::tls {

enum class ProtocolVersion : std::uint8_t { kTls12, kTls13 };

// The versions that are spoken, from the first to the second.
struct ProtocolRange {
  ProtocolVersion least = ProtocolVersion::kTls12;
  ProtocolVersion most = ProtocolVersion::kTls13;
  friend bool operator==(const ProtocolRange&, const ProtocolRange&) = default;
};

int openssl_version(ProtocolVersion version) noexcept;

// Which clients may come in.
struct ClientRule {
  std::string ca_pem;                      // who vouches for them
  int depth = 1;                           // certificates between theirs and one of these
  std::vector<std::string> paths_without;  // regular expressions of paths that ask for no certificate
};

struct ServerRuleSource {
  std::string id;                  // of the resource; tells rules apart
  std::vector<std::string> names;  // "a.example", "*.example" (one label), "*" (any, and none)
  struct Pair {
    std::string certificate_pem, key_pem;
  };
  std::vector<Pair> pairs;  // at least one; of several kinds of keys, the client's taste decides
  std::optional<ClientRule> client;
  std::optional<ProtocolRange> protocols;  // instead of those of the settings
  std::optional<StapleSource> staples;     // for clients that ask what the authority says
};

class ServerRule final {
 public:
  // Error: kInvalid, saying which part of the source is wrong.
  static Result<std::shared_ptr<const ServerRule>> compile(const ServerRuleSource& source);

  const std::vector<std::string>& names() const noexcept { return names_; }  // in lower case
  bool asks_client() const noexcept { return asks_client_; }
  // Whether a handshake without an acceptable certificate fails; else requests are refused, by their path.
  bool refuses_in_handshake() const noexcept { return asks_client_ && paths_without_.empty(); }
  bool needs_no_certificate(std::string_view path) const;
  // What is wrong with the times of its certificates, one text each.
  std::vector<std::string> faults_of_time(WallTime now) const;
  // Why some of its certificates are shown without a staple that is wanted, one text each.
  const std::vector<std::string>& faults_of_staples() const noexcept { return staple_faults_; }
  const std::vector<StaplePtr>& staples() const noexcept { return staples_; }
  // For `certificate`, which is one of the rule's; null: there is none.
  const Staple* staple_of(const X509* certificate) const noexcept;

  // Puts the rule into force for a handshake whose first message is being read.
  bool apply(SSL& ssl) const;

 private:
  ServerRule() = default;
  Status add_pair(const ServerRuleSource::Pair& source, SSL_CTX& trial);
  Status set_client(const ClientRule& client);
  void set_identity(const ServerRuleSource& source);
  void set_staples(const std::optional<StapleSource>& source);

  std::vector<std::string> names_;
  std::vector<KeyPair> pairs_;
  std::vector<const X509*> stapled_;  // certificates, in the order ...
  std::vector<StaplePtr> staples_;    // ... of these
  std::vector<std::string> staple_faults_;
  StorePtr authorities_;                      // of clients
  NamesPtr authority_names_;                  // which clients are told
  std::array<unsigned char, 32> identity_{};  // sessions are resumed only where it is the same
  bool asks_client_ = false;
  int depth_ = 1;
  std::vector<Regex> paths_without_;
  std::optional<ProtocolRange> protocols_;
};

using ServerRulePtr = std::shared_ptr<const ServerRule>;

}  // namespace sallyport::tls
