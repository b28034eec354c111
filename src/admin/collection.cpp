#include "admin/collection.h"

#include "admin/answers.h"
#include "base/bytes.h"
#include "base/regex.h"
#include "resources/references.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <span>

namespace sallyport::admin {
namespace {

using Filter = std::function<bool(const json::Value&)>;

bool matches(const json::Value* text, const Regex& regex) {
  return text && text->is_string() && regex.matches(text->string());
}

bool has_uri(const json::Value& value, const Regex& regex) {
  if (matches(value.find("uri"), regex)) return true;
  const json::Value* uris = value.find("uris");
  if (!uris || !uris->is_array()) return false;
  return std::any_of(uris->array().begin(), uris->array().end(), [&](const auto& uri) { return matches(&uri, regex); });
}

Result<Regex> compile(std::string_view name, std::string_view pattern) {
  auto regex = Regex::compile(pattern);
  if (!regex) return fail_at(fmt::format("query argument {}", name), std::move(regex).error());
  return regex;
}

Status add_regex_filters(std::vector<Filter>& filters, const AdminRequest& request) {
  if (auto name = request.argument("name")) {
    TRY(Regex regex, compile("name", *name));
    auto shared = std::make_shared<const Regex>(std::move(regex));
    filters.push_back([shared](const json::Value& value) { return matches(value.find("name"), *shared); });
  }
  if (auto uri = request.argument("uri")) {
    TRY(Regex regex, compile("uri", *uri));
    auto shared = std::make_shared<const Regex>(std::move(regex));
    filters.push_back([shared](const json::Value& value) { return has_uri(value, *shared); });
  }
  return {};
}

// Routes alone can be asked for by what they refer to; other members are ignored.
void add_reference_filters(std::vector<Filter>& filters, const resources::KindInfo* info, std::string_view query) {
  if (!info || info->kind != resources::Kind::kRoute) return;
  for (auto& [member, id] : parse_arguments(query)) {
    if (member != "service_id" && member != "upstream_id") continue;
    filters.push_back(
        [member = member, id = id](const json::Value& value) { return resources::id_text(value, member) == id; });
  }
}

Result<std::vector<Filter>> filters_of(const resources::KindInfo* info, const AdminRequest& request) {
  std::vector<Filter> filters;
  TRY_STATUS(add_regex_filters(filters, request));
  if (auto label = request.argument("label")) {
    filters.push_back([key = std::string(*label)](const json::Value& value) {
      const json::Value* labels = value.find("labels");
      return labels && labels->find(key);
    });
  }
  if (auto filter = request.argument("filter")) add_reference_filters(filters, info, *filter);
  return filters;
}

struct Page {
  std::uint64_t number = 1;
  std::uint64_t size = 0;
};

// Nothing: all entries.
std::optional<Page> page_of(const AdminRequest& request) {
  auto number = parse_unsigned(request.argument("page").value_or(""));
  auto size = parse_unsigned(request.argument("page_size").value_or(""));
  if (!number || !size) return {};
  return Page{std::max<std::uint64_t>(*number, 1), *size};
}

std::span<const store::EntryPtr> cut(std::span<const store::EntryPtr> entries, const Page& page) {
  std::uint64_t pages = (entries.size() + page.size - 1) / page.size;
  if (page.number > pages) return {};
  std::uint64_t first = (page.number - 1) * page.size;
  return entries.subspan(first, std::min<std::uint64_t>(page.size, entries.size() - first));
}

}  // namespace

http::Response answer_collection(const resources::KindInfo* info, const std::vector<store::EntryPtr>& entries,
                                 const AdminRequest& request) {
  auto filters = filters_of(info, request);
  if (!filters) return refuse(filters.error());
  std::vector<store::EntryPtr> found;
  std::copy_if(entries.begin(), entries.end(), std::back_inserter(found), [&](const store::EntryPtr& entry) {
    return std::all_of(filters->begin(), filters->end(), [&](const Filter& fits) { return fits(entry->value); });
  });
  auto page = page_of(request);
  if (page && (page->size < 10 || page->size > 500)) {
    return http::Response::text(400, "page_size must be between 10 and 500");
  }
  std::string body = fmt::format("{{\"total\":{},\"list\":[", found.size());
  std::string_view separator;
  for (const store::EntryPtr& entry : page ? cut(found, *page) : std::span<const store::EntryPtr>(found)) {
    body += separator;
    print_entry(body, *entry);
    separator = ",";
  }
  body += "]}\n";
  return answer_text(200, std::move(body));
}

}  // namespace sallyport::admin
