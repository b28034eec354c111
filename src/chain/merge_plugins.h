#pragma once
// Which plugin objects a route runs with, out of those written at the service, the plugin_config and the route.

#include "json/value.h"

namespace sallyport::chain {

// By name: the route's conf, else the plugin_config's, else the service's; a conf is taken as a whole, never mixed.
json::Object merge_plugins(const json::Object& service, const json::Object& plugin_config, const json::Object& route);

}  // namespace sallyport::chain
