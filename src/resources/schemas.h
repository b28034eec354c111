#pragma once
// The JSON Schemas of this room as text. Resources refer to the definitions as "#/definitions/NAME"; kinds.cpp puts the
// definitions in place of the references, and what stands beside a reference is added. So "properties" may refer to
// members that several resources have, too.

#include <string_view>

namespace sallyport::resources {

// Each: name -> schema.
std::string_view shared_definitions() noexcept;         // id, name, host, plugins, ...
std::string_view upstream_definition() noexcept;        // an upstream
std::string_view upstream_part_definitions() noexcept;  // its nodes, tls, ...
std::string_view health_check_definitions() noexcept;   // its checks, with the next two
std::string_view active_check_definition() noexcept;
std::string_view passive_check_definition() noexcept;
std::string_view pem_definitions() noexcept;  // certificates and keys as text

// Name -> members, each of them with its schema: of every resource, of those with a name, of routes and services.
std::string_view member_definitions() noexcept;

std::string_view route_schema() noexcept;
std::string_view service_schema() noexcept;
std::string_view upstream_schema() noexcept;
std::string_view plugin_config_schema() noexcept;
std::string_view global_rule_schema() noexcept;
std::string_view ssl_schema() noexcept;
std::string_view secret_schema() noexcept;

}  // namespace sallyport::resources
