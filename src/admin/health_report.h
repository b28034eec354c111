#pragma once
// The health of upstreams as the control API shows it. Pure functions.

#include "json/value.h"
#include "upstream/health_book.h"

#include <string>
#include <vector>

namespace sallyport::admin {

// {"name": "/apisix/upstreams/1", "type": "http", "nodes": [{"ip", "port", "hostname", "status", "counter"}]}
json::Value health_report(const upstream::ClusterHealth& cluster);

// A page with a table for people.
std::string health_page(const std::vector<upstream::ClusterHealth>& clusters);

}  // namespace sallyport::admin
