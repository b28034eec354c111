#pragma once
// What plugins may ask about the upstream of an exchange, looked up when they do. Belongs to the Journey, whose members
// it is given.

#include "exchange/exchange.h"
#include "snapshot/plan.h"
#include "snapshot/snapshots.h"
#include "upstream/lease.h"

#include <string>
#include <string_view>

namespace sallyport::proxy {

class UpstreamFacts final : public exchange::UpstreamFacts {
 public:
  UpstreamFacts(const snapshot::Snapshots::Pin& snapshot, const snapshot::Plan* const& plan,
                const upstream::Lease& connection) noexcept
      : snapshot_(snapshot), plan_(plan), connection_(connection) {}

  std::string_view name() const override;
  std::size_t nodes() const override;
  std::string local_address() const override;
  std::string_view tls_version() const override;
  std::string certificate(exchange::Certificates::End end, exchange::Certificates::Text text) const override;

 private:
  const upstream::Cluster* cluster() const noexcept { return plan_ ? plan_->cluster.get() : nullptr; }
  const SSL* ssl() const noexcept;  // null: there is no connection, or it is in clear

  const snapshot::Snapshots::Pin& snapshot_;
  const snapshot::Plan* const& plan_;
  const upstream::Lease& connection_;
};

}  // namespace sallyport::proxy
