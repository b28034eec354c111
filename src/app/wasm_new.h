#pragma once
// `sallyport wasm new`: a project for a plugin, which builds and has a test.

#include "base/result.h"

#include <filesystem>
#include <span>
#include <string_view>

namespace sallyport::app {

// `arguments` are those behind `wasm new`. The exit code: 1 when the project could not be written, 2 for a mistake on
// the command line, which has been said.
int wasm_new(std::span<const char* const> arguments);

// Writes the project into `folder`, whose last part is the plugin's name. `language` is one of template_languages().
// Error: kConflict when `folder` is there already, kInvalid for a name that some language would not take, kUnavailable
// when a file cannot be written.
Status write_plugin_project(std::string_view language, const std::filesystem::path& folder);

// "rust", "go" ...
std::span<const std::string_view> template_languages() noexcept;

}  // namespace sallyport::app
