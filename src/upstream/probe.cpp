#include "upstream/probe.h"

#include "async/event.h"
#include "async/until_set.h"
#include "base/arena.h"
#include "http/message.h"
#include "wire/client_connection.h"

#include <string_view>
#include <utility>

namespace sallyport::upstream {
namespace {

using async::Task;
using resources::CheckType;
using Kind = ProbeOutcome::Kind;

ProbeOutcome failed(const Error& error) {
  if (error.code == ErrorCode::kTimeout) return {Kind::kTimeout, 0};
  if (error.code == ErrorCode::kProtocol) return {Kind::kStatus, 0};
  return {Kind::kTcpFailure, 0};
}

Status begin(wire::ClientConnection& connection, const ProbePlan& plan, const http::Headers& headers) {
  const std::string_view target = plan.checks.path;
  const std::size_t mark = target.find('?');
  wire::RequestLine line{plan.checks.method, target.substr(0, mark), "", false, plan.host};
  line.has_query = mark != std::string_view::npos;
  if (line.has_query) line.query = target.substr(mark + 1);
  const bool has_body = !plan.checks.body.empty();
  const auto length = has_body ? http::BodyLength::sized(plan.checks.body.size()) : http::BodyLength::none();
  return connection.begin_request(line, headers, length,
                                  {plan.checks.timeout, plan.checks.timeout, plan.checks.timeout});
}

// The status of the final response.
Task<Result<int>> ask(wire::ClientConnection& connection, const ProbePlan& plan) {
  Arena arena;
  http::Headers headers(arena);
  for (const auto& [name, value] : plan.checks.headers) headers.add_view(name, value);
  CO_TRY_STATUS(begin(connection, plan, headers));
  CO_TRY_STATUS(co_await connection.write({plan.checks.body, true}, wire::BodyWriter::Flush::kNow));
  http::ResponseHead head(arena);
  do {
    head.headers.clear();
    CO_TRY_STATUS(co_await connection.read_head(head));
  } while (head.status < 200);
  co_return head.status;
}

Task<ProbeOutcome> look(Connector& connector, const ProbePlan& plan) {
  Destination to{{plan.address}, plan.peer};
  auto connected = co_await connector.connect(std::move(to), plan.checks.timeout);
  if (!connected) co_return failed(connected.error());
  if (plan.checks.type == CheckType::kTcp) co_return ProbeOutcome{Kind::kConnected, 0};
  wire::ClientConnection connection(std::move(connected->stream));
  auto status = co_await ask(connection, plan);
  if (!status) co_return failed(status.error());
  co_return ProbeOutcome{Kind::kStatus, *status};
}

}  // namespace

Task<ProbeOutcome> probe(Connector& connector, std::shared_ptr<const ProbePlan> plan) {
  async::Event late;
  auto set_late = [&late] { late.set(); };
  auto timer = connector.reactor().start_timer(plan->checks.timeout, async::Reactor::Repeat::kOnce, set_late);
  auto outcome = co_await async::UntilSet(late, look(connector, *plan));
  co_return outcome.value_or(ProbeOutcome{Kind::kTimeout, 0});
}

}  // namespace sallyport::upstream
