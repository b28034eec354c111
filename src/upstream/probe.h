#pragma once
// One look at a node: connects and, unless that is all, asks and reads the status of the answer. On a connection of its
// own, which ends with it.

#include "async/address.h"
#include "async/task.h"
#include "resources/health_checks.h"
#include "upstream/connector.h"

#include <memory>
#include <optional>
#include <string>

namespace sallyport::upstream {

// What a node is asked. Shared by the probes of a node; immutable.
struct ProbePlan {
  async::Address address;
  resources::ActiveChecks checks;
  std::string host;             // for Host
  std::optional<TlsPeer> peer;  // of CheckType::kHttps
};

struct ProbeOutcome {
  enum class Kind { kConnected, kStatus, kTcpFailure, kTimeout };
  Kind kind = Kind::kConnected;
  int status = 0;  // of kStatus; 0: the answer is no HTTP
};

// Ends within `checks.timeout`. `connector` stays valid until the Task ends.
async::Task<ProbeOutcome> probe(Connector& connector, std::shared_ptr<const ProbePlan> plan);

}  // namespace sallyport::upstream
