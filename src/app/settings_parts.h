#pragma once
// The parts of the settings file, one function each; every one reads its section into `settings` and notes problems.
// They run in the order of this list: what a later one reads may override the layout that an earlier one knows.

#include "app/settings.h"
#include "app/settings_section.h"

#include <string>
#include <string_view>

namespace sallyport::app {

void read_apisix(Section apisix, Settings& settings);           // settings_apisix.cpp
void read_ssl(Section ssl, bool ipv6, SslSettings& to);         // settings_ssl.cpp
void read_proxy_protocol(Section section, Settings& settings);  // settings_clients.cpp, behind both lists of listeners
void read_buffer_size(Section& apisix, std::size_t& to);        // settings_clients.cpp
void read_http1(Section http1, wire::HeadLimits& to);           // settings_clients.cpp
void read_overload(Section overload, OverloadSettings& to);     // settings_clients.cpp
void read_clients(Section clients, ClientLimits& to);           // settings_clients.cpp
void read_http2(Section http2, h2::ServerLimits& to);           // settings_http2.cpp
void read_deployment(Section deployment, Settings& settings);   // settings_deployment.cpp
void read_nginx_config(Section nginx, Settings& settings);      // settings_nginx.cpp
void read_plugins(Section& file, Settings& settings);           // settings_plugins.cpp: plugins, plugin_attr, wasm

// Shared by the above.

// A port, "ip:port", or a mapping of ip and port; what is not given stays.
void read_listen(Section& section, std::string_view key, Listen& to);  // settings_listen.cpp
// As above, or a list of such; a port without ip is every address of the host.
void read_listens(Section& section, std::string_view key, bool ipv6, std::vector<Listen>& to);
void listen_everywhere(std::uint16_t port, bool ipv6, std::vector<Listen>& to);
// Addresses and networks.
void read_networks(Section& section, std::string_view key, std::vector<std::string>& to);

// The keys of one admin layout: `admin_key`, `admin_listen`, `allow_admin`, `admin_key_required` ...
void read_admin(Section& section, AdminSettings& admin);  // settings_admin.cpp

// Refuses what only etcd could serve; `key` is the line to change.
void refuse_etcd(Section& section, std::string_view key);  // settings_deployment.cpp

// `path` as it is when absolute, else below the prefix; without "." and "..".
std::string below_prefix(const Settings& settings, const std::string& path);  // settings.cpp

}  // namespace sallyport::app
