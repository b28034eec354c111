#pragma once
// The files of which `sallyport wasm new` makes projects: templates/plugins and sdk/ of the source tree, put into the
// binary when it is built (tools/embed-files).

#include <span>
#include <string_view>

namespace sallyport::app {

struct TemplateFile {
  std::string_view path;  // "rust/src/lib.rs", "sdk/c/proxy_wasm.h"
  std::string_view text;
  bool can_be_run = false;
};

std::span<const TemplateFile> template_files() noexcept;

}  // namespace sallyport::app
