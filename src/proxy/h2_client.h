#pragma once
// A client connection of HTTP/2 in its Proxy: every stream is a journey of its own. Part of Proxy.

#include "h2/server_connection.h"
#include "proxy/session.h"

namespace sallyport::proxy {

class Proxy::H2Client final : private h2::ServerHandler, private Leaving {
 public:
  H2Client(Proxy& proxy, Session& session, async::StreamPtr stream);
  H2Client(const H2Client&) = delete;
  H2Client& operator=(const H2Client&) = delete;
  ~H2Client();

  h2::ServerConnection& connection() noexcept { return connection_; }

 private:
  Task<void> serve(h2::ServerStream& stream) override;
  void has_output(h2::ServerConnection& connection) override;
  void is_busy(bool busy) override;
  void drain() override;
  void end_if_waiting() override;

  Proxy& proxy_;
  Session& session_;
  h2::ServerConnection connection_;
  SteadyTime announced_;  // that there is an end
};

}  // namespace sallyport::proxy
