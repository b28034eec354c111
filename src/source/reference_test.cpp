#include "source/reference.h"

#include <gtest/gtest.h>

namespace sallyport::source {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

TEST(Reference, HasHostPortRepositoryTagAndDigest) {
  auto reference = parse_reference("ghcr.example:5000/team/plugins/auth:v1.2@" + kDigest);
  ASSERT_TRUE(reference);
  EXPECT_EQ(reference->host, "ghcr.example:5000");
  EXPECT_EQ(reference->repository, "team/plugins/auth");
  EXPECT_EQ(reference->tag, "v1.2");
  EXPECT_EQ(reference->digest, kDigest);
  EXPECT_EQ(reference->pulled(), kDigest);
  EXPECT_EQ(reference->shown(), "oci://ghcr.example:5000/team/plugins/auth:v1.2@" + kDigest);
}

TEST(Reference, IsTheLatestWhereNothingElseIsSaid) {
  EXPECT_EQ(parse_reference("a.example/b")->pulled(), "latest");
  EXPECT_EQ(parse_reference("a.example/b@" + kDigest)->tag, "");
}

TEST(Reference, OfDockersHubIsAskedWhereThatIsServed) {
  auto reference = parse_reference("docker.io/alpine:3");
  ASSERT_TRUE(reference);
  EXPECT_EQ(reference->repository, "library/alpine");
  EXPECT_EQ(registry_of(*reference, true)->shown(), "https://registry-1.docker.io/v2/library/alpine/");
}

TEST(Reference, IsAskedAtItsHostAndPort) {
  EXPECT_EQ(registry_of(*parse_reference("127.0.0.1:5000/a/b:c"), false)->shown(), "http://127.0.0.1:5000/v2/a/b/");
  EXPECT_EQ(registry_of(*parse_reference("[::1]:5000/a"), true)->authority(), "[::1]:5000");
}

TEST(Reference, IsRefusedWhereAPartCannotBe) {
  for (const char* text : {"",
                           "host",
                           "host/",
                           "/name",
                           "host/Name",
                           "host/a//b",
                           "host/../a",
                           "host/a/..",
                           "host/a:b:c",
                           "host/a:",
                           "host/a:-x",
                           "host/a@sha256:12",
                           "host/a@md5:00",
                           "user:secret@host/a",
                           "host:port/a",
                           "host/a b",
                           "host/a?x",
                           "host/a#x",
                           "host/-a",
                           "host/a___b",
                           "host/a..b"}) {
    EXPECT_FALSE(parse_reference(text)) << text;
  }
}

TEST(Reference, MayHaveSeparatorsInsideOfItsComponents) {
  for (const char* text : {"host/a.b", "host/a_b", "host/a__b", "host/a---b", "host/0/1"}) {
    EXPECT_TRUE(parse_reference(text)) << text;
  }
}

}  // namespace
}  // namespace sallyport::source
