#include "admin/status.h"

#include "admin/answers.h"

#include <fmt/format.h>

namespace sallyport::admin {

http::Response answer_status(std::string_view method, std::string_view path,
                             std::optional<std::size_t> worker_without_configuration) {
  if (path != "/status" && path != "/status/ready") return refuse(404, "not found; ask for /status or /status/ready");
  if (method != "GET" && method != "HEAD") return refuse(405, "only GET is possible here");
  if (path == "/status" || !worker_without_configuration) return answer(200, json::Object{{"status", "ok"}});
  std::string error = fmt::format("worker id: {} has not received configuration", *worker_without_configuration);
  return answer(503, json::Object{{"status", "error"}, {"error", error}});
}

}  // namespace sallyport::admin
