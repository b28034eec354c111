#include "admin/status.h"

#include "admin/answers.h"

namespace sallyport::admin {

http::Response answer_status(std::string_view method, std::string_view path, std::string_view why_not) {
  if (path != "/status" && path != "/status/ready") return refuse(404, "not found; ask for /status or /status/ready");
  if (method != "GET" && method != "HEAD") return refuse(405, "only GET is possible here");
  if (path == "/status" || why_not.empty()) return answer(200, json::Object{{"status", "ok"}});
  return answer(503, json::Object{{"status", "error"}, {"error", std::string(why_not)}});
}

}  // namespace sallyport::admin
