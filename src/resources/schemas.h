#pragma once
// The JSON Schemas of this room as text. Resources refer to the shared definitions as "#/definitions/NAME"; kinds.cpp
// puts the definitions in place of the references.

#include <string_view>

namespace sallyport::resources {

std::string_view shared_definitions() noexcept;    // id, name, host, plugins, ...: name -> schema
std::string_view upstream_definitions() noexcept;  // upstream and its parts: name -> schema

std::string_view route_schema() noexcept;
std::string_view service_schema() noexcept;
std::string_view upstream_schema() noexcept;
std::string_view plugin_config_schema() noexcept;
std::string_view global_rule_schema() noexcept;

}  // namespace sallyport::resources
