#include "app/wasm_new.h"

#include "app/plugin_templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace sallyport::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUsage = R"(usage: sallyport wasm new --lang LANG NAME

Writes a project for a plugin into the new folder NAME: sources, what builds them, a test, and a README with the
commands. It needs nothing else of Sallyport but this binary. NAME may be a path, whose last part is the plugin's name:
lower-case letters, digits and hyphens, a letter first.

  --lang LANG   rust, go, c, cpp or assemblyscript
)";

constexpr std::string_view kLanguages[] = {"rust", "go", "c", "cpp", "assemblyscript"};
constexpr std::size_t kLongestName = 64;

// What else than its own folder of templates a language gets, and where to.
struct Sdk {
  std::string_view language;
  std::string_view from;  // "sdk/c/proxy_wasm.h", or a folder that ends with /
  std::string_view to;
};
constexpr Sdk kSdks[] = {{"c", "sdk/c/proxy_wasm.h", "proxy_wasm.h"},
                         {"cpp", "sdk/c/proxy_wasm.h", "proxy_wasm.h"},
                         {"assemblyscript", "sdk/assemblyscript/", "sdk/"}};

// A file as it is kept in the source tree must mean nothing there; in a project it has its own name.
constexpr std::pair<std::string_view, std::string_view> kHidden[] = {{"gitignore", ".gitignore"}, {"npmrc", ".npmrc"}};

bool is_good_name(std::string_view name) {
  auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  auto fits = [&](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= kLongestName && is_lower(name.front()) && name.back() != '-' &&
         std::ranges::all_of(name, fits);
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// {{name}} stands for the plugin's name, {{name_}} for that name where hyphens cannot be.
std::string filled_in(std::string_view text, const std::string& name) {
  std::string words = name;
  std::ranges::replace(words, '-', '_');
  std::string filled(text);
  replace_all(filled, "{{name}}", name);
  replace_all(filled, "{{name_}}", words);
  return filled;
}

std::string own_name(std::string_view path) {
  for (const auto& [kept, real] : kHidden) {
    if (path == kept) return std::string(real);
  }
  return std::string(path);
}

Status write(const fs::path& path, const std::string& text, bool can_be_run) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return fail(ErrorCode::kUnavailable, path.string() + ": cannot be written");
  constexpr auto kRun = fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
  if (can_be_run) fs::permissions(path, kRun, fs::perm_options::add, error);
  return {};
}

// Where a file of the binary stands in a project of `language`; empty: nowhere.
std::string place_of(std::string_view path, std::string_view language) {
  if (path.starts_with(language) && path.substr(language.size()).starts_with('/')) {
    return own_name(path.substr(language.size() + 1));
  }
  for (const Sdk& sdk : kSdks) {
    if (sdk.language == language && path.starts_with(sdk.from)) {
      return std::string(sdk.to) + std::string(path.substr(sdk.from.size()));
    }
  }
  return "";
}

struct Wanted {
  std::string_view language;
  std::string_view folder;
};

std::unexpected<Error> mistake(std::string what) { return fail(ErrorCode::kInvalid, std::move(what)); }

Result<std::string_view> language_of(std::string_view word) {
  if (word == "c++") word = "cpp";
  if (word == "as") word = "assemblyscript";
  auto known = std::ranges::find(kLanguages, word);
  if (known != std::end(kLanguages)) return *known;
  return mistake(fmt::format("--lang {}: give one of {}", word, fmt::join(kLanguages, ", ")));
}

Result<Wanted> parse(std::span<const char* const> arguments) {
  Wanted wanted;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    constexpr std::string_view kLang = "--lang";
    if (argument == kLang && i + 1 == arguments.size()) return mistake("--lang wants a value after it");
    if (argument == kLang) {
      TRY(wanted.language, language_of(arguments[++i]));
    } else if (argument.starts_with("--lang=")) {
      TRY(wanted.language, language_of(argument.substr(kLang.size() + 1)));
    } else if (argument.starts_with('-')) {
      return mistake(fmt::format("unknown option {}; `sallyport wasm new --help` names all", argument));
    } else if (!wanted.folder.empty()) {
      return mistake(fmt::format("'{}': only one NAME can be given; it is {}", argument, wanted.folder));
    } else {
      wanted.folder = argument;
    }
  }
  if (wanted.folder.empty()) return mistake("wasm new wants the NAME of the plugin");
  if (wanted.language.empty()) {
    return mistake(fmt::format("wasm new wants --lang with one of {}", fmt::join(kLanguages, ", ")));
  }
  return wanted;
}

}  // namespace

std::span<const std::string_view> template_languages() noexcept { return kLanguages; }

Status write_plugin_project(std::string_view language, const fs::path& folder) {
  const std::string name = folder.filename().string();
  if (!is_good_name(name)) {
    return mistake(
        fmt::format("'{}' is no name for a plugin; write lower-case letters, digits and hyphens, a letter "
                    "first, at most {}",
                    name, kLongestName));
  }
  std::error_code error;
  if (fs::exists(fs::symlink_status(folder, error))) {
    return fail(ErrorCode::kConflict, folder.string() + " is there already; nothing was written. Choose another name");
  }
  for (const TemplateFile& file : template_files()) {
    const std::string place = place_of(file.path, language);
    if (place.empty()) continue;
    const bool is_template = !file.path.starts_with("sdk/");
    TRY_STATUS(
        write(folder / place, is_template ? filled_in(file.text, name) : std::string(file.text), file.can_be_run));
  }
  return {};
}

int wasm_new(std::span<const char* const> arguments) {
  for (std::string_view argument : arguments) {
    if (argument != "-h" && argument != "--help") continue;
    std::fwrite(kUsage.data(), 1, kUsage.size(), stdout);
    return 0;
  }
  auto wanted = parse(arguments);
  if (!wanted) {
    std::fprintf(stderr, "sallyport: %s\n", wanted.error().what.c_str());
    return 2;
  }
  const fs::path given(wanted->folder);
  const fs::path folder = given.has_filename() ? given : given.parent_path();  // without a / at its end
  if (auto written = write_plugin_project(wanted->language, folder); !written) {
    std::fprintf(stderr, "sallyport: %s\n", written.error().what.c_str());
    return written.error().code == ErrorCode::kInvalid ? 2 : 1;
  }
  const std::string_view commands =
      wanted->language == "assemblyscript" ? "npm install && npm run build && npm test" : "make && make test";
  std::printf("%s", fmt::format("{} has a plugin in {}. Next: cd {} && {}; its README.md has the commands\n",
                                folder.string(), wanted->language, folder.string(), commands)
                        .c_str());
  return 0;
}

}  // namespace sallyport::app
