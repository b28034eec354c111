#include "app/wasm_new.h"

#include "app/plugin_templates.h"
#include "base/temporary_folder_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace sallyport::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string refusal(const Status& status) { return status ? "" : status.error().what; }

TEST(PluginProject, EveryLanguageHasSourcesATestAndAReadme) {
  TemporaryFolder folder;
  for (std::string_view language : template_languages()) {
    const fs::path project = fs::path(folder.path()) / ("my-" + std::string(language));
    ASSERT_TRUE(write_plugin_project(language, project));
    const bool is_npm = language == "assemblyscript";
    for (const char* file : {"README.md", "test.sh", ".gitignore", is_npm ? "package.json" : "Makefile"}) {
      EXPECT_TRUE(fs::exists(project / file)) << project / file;
    }
    const auto mode = fs::status(project / "test.sh").permissions();
    EXPECT_NE(mode & fs::perms::owner_exec, fs::perms::none);
    for (const auto& file : fs::recursive_directory_iterator(project)) {
      if (file.is_regular_file()) EXPECT_THAT(text_of(file.path()), Not(HasSubstr("{{name"))) << file.path();
    }
    EXPECT_THAT(text_of(project / "test.sh"), HasSubstr("wasm run my-" + std::string(language) + ".wasm"));
  }
}

TEST(PluginProject, WhatTheLanguageNeedsIsWrittenIntoIt) {
  TemporaryFolder folder;
  const fs::path in(folder.path());
  ASSERT_TRUE(write_plugin_project("c", in / "a"));
  ASSERT_TRUE(write_plugin_project("assemblyscript", in / "b"));
  EXPECT_THAT(text_of(in / "a/proxy_wasm.h"), HasSubstr("PROXY_WASM_H"));
  EXPECT_THAT(text_of(in / "b/sdk/package.json"), HasSubstr("@sallyport/proxy-wasm"));
  EXPECT_TRUE(fs::exists(in / "b/sdk/assembly/host/memory.ts"));
  EXPECT_FALSE(fs::exists(in / "a/plugin.cpp"));
}

TEST(PluginProject, NothingIsOverwritten) {
  TemporaryFolder folder;
  const std::string there = folder.write("there", "mine");
  EXPECT_EQ(refusal(write_plugin_project("go", there)),
            there + " is there already; nothing was written. Choose another name");
  EXPECT_EQ(text_of(there), "mine");
}

TEST(PluginProject, NamesAreThoseThatEveryLanguageTakes) {
  TemporaryFolder folder;
  for (const char* name : {"Plugin", "my_plugin", "9lives", "-a", "a-", "a b", "a.b"}) {
    EXPECT_THAT(refusal(write_plugin_project("rust", fs::path(folder.path()) / name)), HasSubstr("is no name for a"));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(PluginProject, MistakesOnTheCommandLineExitWith2) {
  auto run = [](std::vector<const char*> arguments) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(wasm_new(arguments), 2);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(run({}), HasSubstr("wants the NAME of the plugin"));
  EXPECT_THAT(run({"a"}), HasSubstr("wants --lang with one of rust, go, c, cpp, assemblyscript"));
  EXPECT_THAT(run({"a", "--lang"}), HasSubstr("--lang wants a value"));
  EXPECT_THAT(run({"a", "--lang=cobol"}), HasSubstr("--lang cobol: give one of rust"));
  EXPECT_THAT(run({"a", "b", "--lang", "c"}), HasSubstr("only one NAME can be given; it is a"));
  EXPECT_THAT(run({"a", "--language", "c"}), HasSubstr("unknown option --language"));
}

}  // namespace
}  // namespace sallyport::app
