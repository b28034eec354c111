#pragma once
// Where those who watch over the gateway ask whether it lives and whether it takes traffic. A thread of its own
// answers, so that there are answers while the control thread loads plugins and resources. Used by the control thread.

#include "admin/http_service.h"
#include "async/address.h"
#include "async/epoll_reactor.h"
#include "base/result.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

namespace sallyport::app {

enum class Readiness : std::uint8_t { kLoading, kServing, kDraining };

class StatusPort final {
 public:
  StatusPort() = default;
  StatusPort(const StatusPort&) = delete;
  StatusPort& operator=(const StatusPort&) = delete;
  ~StatusPort();

  // When it begins to answer.
  enum class Begins : std::uint8_t { kAtOnce, kWhenServing };

  // Called once, with sockets that are bound to one address, and the port's from now on. The address as it is bound.
  // Error: kUnavailable, naming the address.
  Result<async::Address> open(const std::vector<int>& sockets, Begins begins);
  void tell(Readiness readiness);
  // Leaves the port to another process.
  void leave();

 private:
  async::Task<http::Response> answer(const admin::ServiceRequest& request) const;

  std::atomic<Readiness> readiness_ = Readiness::kLoading;
  async::EpollReactor reactor_;
  std::optional<admin::HttpService> service_;  // the thread's, while that runs
  std::thread thread_;
};

}  // namespace sallyport::app
