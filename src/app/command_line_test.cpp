#include "app/command_line.h"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport::app {
namespace {

Result<CommandLine> parse(std::vector<const char*> arguments) { return parse_command_line(arguments); }

TEST(CommandLine, WithoutArgumentsRunsTheUsualFile) {
  auto line = parse({});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->command, Command::kRun);
  EXPECT_EQ(line->source.file, "conf/config.yaml");
  EXPECT_EQ(line->source.prefix, "");
  EXPECT_FALSE(line->source.workers);
}

TEST(CommandLine, OptionsMayStandBeforeOrAfterTheCommand) {
  for (auto arguments : {std::vector<const char*>{"check", "-c", "a.yaml", "-p", "/srv", "--workers", "3"},
                         std::vector<const char*>{"-c", "a.yaml", "--workers=3", "--prefix=/srv", "check"}}) {
    auto line = parse(arguments);
    ASSERT_TRUE(line) << line.error().what;
    EXPECT_EQ(line->command, Command::kCheck);
    EXPECT_EQ(line->source.file, "a.yaml");
    EXPECT_EQ(line->source.prefix, "/srv");
    EXPECT_EQ(line->source.workers, 3u);
  }
}

TEST(CommandLine, TheReactorIsAutomaticUntilNamed) {
  EXPECT_FALSE(parse({"run"})->source.reactor);
  EXPECT_FALSE(parse({"run", "--reactor", "auto"})->source.reactor);
  EXPECT_EQ(parse({"run", "--reactor", "epoll"})->source.reactor, async::ReactorKind::kEpoll);
  EXPECT_EQ(parse({"run", "--reactor=io_uring"})->source.reactor, async::ReactorKind::kIoUring);
}

TEST(CommandLine, TheCommandMayBeLeftOut) {
  auto line = parse({"-c", "a.yaml"});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->command, Command::kRun);
}

TEST(CommandLine, HelpAndVersionAreCommandsAndOptions) {
  EXPECT_EQ(parse({"--help"})->command, Command::kHelp);
  EXPECT_EQ(parse({"-h"})->command, Command::kHelp);
  EXPECT_EQ(parse({"version"})->command, Command::kVersion);
  EXPECT_EQ(parse({"--version"})->command, Command::kVersion);
}

TEST(CommandLine, MistakesAreNamed) {
  EXPECT_EQ(parse({"start"}).error().what, "'start' is no command; use run, check, wasm or version");
  EXPECT_EQ(parse({"-c", "f", "wasm", "inspect"}).error().what,
            "'wasm' comes before every option; `sallyport wasm --help`");
  EXPECT_EQ(parse({"-x"}).error().what, "unknown option -x; `sallyport --help` names all");
  EXPECT_EQ(parse({"-c"}).error().what, "-c wants a value after it");
  EXPECT_EQ(parse({"run", "conf.yaml"}).error().what,
            "'conf.yaml': only one command can be given, and the settings follow -c");
  EXPECT_EQ(parse({"--workers", "none"}).error().what, "--workers none: give a number from 1 to 1024");
  EXPECT_EQ(parse({"--workers=0"}).error().what, "--workers 0: give a number from 1 to 1024");
  EXPECT_EQ(parse({"--reactor", "kqueue"}).error().what, "--reactor kqueue: give auto, epoll or io_uring");
  EXPECT_EQ(parse({"--help=now"}).error().what, "--help takes no value");
  EXPECT_EQ(parse({"-c", ""}).error().what, "-c wants a value that is not empty");
}

}  // namespace
}  // namespace sallyport::app
