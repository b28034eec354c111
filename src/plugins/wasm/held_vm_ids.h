#pragma once
// Who has which vm_id of those that came while the gateway runs. That of a plugin which was put through the Admin API
// is not for plugins that routes name, whose writer may be somebody else; it stays so when that plugin goes, as its
// shared data stays. Lives as long as the process; belongs to the control thread, but holds may end on any.

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace sallyport::wasm {

class HeldVmIds {
 public:
  // Whether the vm_id was given, or is the plugin's name.
  enum class Origin : unsigned char { kGiven, kName };
  // Of one plugin that a route names.
  using Hold = std::shared_ptr<const Origin>;

  HeldVmIds() = default;
  HeldVmIds(const HeldVmIds&) = delete;
  HeldVmIds& operator=(const HeldVmIds&) = delete;

  void put(std::string vm_id) { put_.insert(std::move(vm_id)); }
  bool was_put(const std::string& vm_id) const { return put_.contains(vm_id); }

  Hold hold(const std::string& vm_id, Origin origin) {
    auto [begin, end] = held_.equal_range(vm_id);
    while (begin != end) begin = begin->second.expired() ? held_.erase(begin) : std::next(begin);
    auto hold = std::make_shared<const Origin>(origin);
    held_.emplace(vm_id, hold);
    return hold;
  }
  bool is_held(const std::string& vm_id) const {
    return any(vm_id, [](Origin) { return true; });
  }
  bool is_given(const std::string& vm_id) const {
    return any(vm_id, [](Origin origin) { return origin == Origin::kGiven; });
  }

 private:
  template <class Fits>
  bool any(const std::string& vm_id, Fits fits) const {
    auto [begin, end] = held_.equal_range(vm_id);
    return std::any_of(begin, end, [&](const auto& entry) {
      Hold hold = entry.second.lock();
      return hold && fits(*hold);
    });
  }

  std::set<std::string> put_;
  std::multimap<std::string, std::weak_ptr<const Origin>> held_;
};

}  // namespace sallyport::wasm
