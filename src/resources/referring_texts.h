#pragma once
// The texts of a resource that may stand for something that lies elsewhere: all in the confs of plugins, certificates
// and keys of `ssls`, tokens of `secrets`.

#include "base/result.h"
#include "json/value.h"
#include "resources/kinds.h"

#include <functional>
#include <string>

namespace sallyport::resources {

// Called with each of them, which it may replace, until the first error.
using VisitText = std::function<Status(json::Value& text)>;

// Error: that of `visit`, behind the place: "cert: ...", "plugin p: ...".
Status visit_referring_texts(Kind kind, json::Value& resource, const VisitText& visit);

// The same without changing anything.
void read_referring_texts(Kind kind, const json::Value& resource, const std::function<void(const std::string&)>& read);

}  // namespace sallyport::resources
