#pragma once
// Brings a request to its upstream and the response back: picks an endpoint, sends, waits, decides about a further try.

#include "async/task.h"
#include "async/task_group.h"
#include "chain/verdict.h"
#include "proxy/call_deadline.h"
#include "proxy/journey.h"
#include "proxy/surroundings.h"
#include "upstream/lease.h"

#include <optional>

namespace sallyport::proxy {

using async::Task;

class Forward final : private BeforeWait {
 public:
  Forward(Journey& journey, const Surroundings& around);
  ~Forward();

  // Proceeds when the response has reached the client; any other verdict asks for an answer in its place.
  Task<chain::Verdict> run();

 private:
  // A connection with the request under way and the response's head read.
  Task<Status> exchange_heads();
  Task<Status> lease_connection(bool fresh);
  Task<Status> lease_over_tls(bool fresh);
  bool takes_kept(bool fresh, const upstream::TlsPeer* peer);
  Task<Status> connect(std::optional<upstream::TlsPeer> peer);
  void switch_to(const upstream::EndpointOwner& other);
  Result<upstream::TlsPeer> peer() const;
  Task<Status> send_request();
  Task<Status> invite_and_upload();
  Task<void> upload();
  Task<Status> upload_body();
  Task<Status> before_wait() override;
  Status begin_request(http::BodyLength body);  // once a try
  Task<Status> pass_interim();
  bool has_switched() const;
  Status check_accept();
  void begin_attempt();
  [[gnu::cold]] void tell(log::Level level, std::string_view line) const;
  void check_trailers(const http::Chunk& last) const;
  [[gnu::cold]] void tell_lost_trailers(std::string_view whose) const;
  void end(const chain::Verdict& relayed);
  std::string_view host_for_upstream() const;
  bool may_try_again(const Error& error) const;
  bool is_too_late() const { return deadline_ && deadline_->is_over(); }
  template <class T>
  Task<T>&& in_time(Task<T>&& work) const;
  chain::Verdict answer_for(const Error& error);
  bool was_stale(const Error& error) const;
  bool may_repeat() const;
  bool goes_on_after(const Error& error);
  void show_endpoint();
  void note_try(upstream::EndpointRef endpoint);
  void note_final_head();
  void note_status(int status);
  void note_failure(const Error& error);

  Journey& journey_;
  exchange::Exchange& exchange_;
  const upstream::Cluster& cluster_;
  const Surroundings& around_;

  upstream::Tried tried_;
  upstream::EndpointRef endpoint_;
  std::string_view tried_before_;  // addresses, for the log
  upstream::Lease& connection_;    // the journey's, which keeps it for its log when the exchange ends well
  bool ended_well_ = false;
  bool reused_ = false;
  bool request_begun_ = false;
  bool asked_to_switch_ = false;    // to WebSocket, by the present try
  std::string_view websocket_key_;  // ours, where the client has none: it speaks HTTP/2
  SteadyTime began_;
  std::optional<CallDeadline> deadline_;
  SteadyTime try_began_;
  std::optional<Error> upload_error_;
  async::TaskGroup uploads_;  // last: its task uses everything above
};

}  // namespace sallyport::proxy
