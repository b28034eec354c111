#include "tls/client_sessions.h"

#include "tls/client_context.h"
#include "tls/talk_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::tls {
namespace {

using namespace std::chrono_literals;

const SteadyTime kStart{1h};

// A handshake over memory between a client context and a server that gives tickets.
class Handshakes : public testing::Test {
 protected:
  // The certificate of the server does not fit when it is asked to be verified: nobody vouches for it.
  bool shake_hands(const ClientSessionPtr& session, Verify verify = Verify::kNo, SteadyTime now = kStart) {
    ServerHandshake handshake{names, nullptr, {}};
    SslPtr server = context->begin(handshake);
    SslPtr client = clients->begin("a.example", verify, nullptr, Offer::kNothing, session);
    for (SSL* end : {server.get(), client.get()}) SSL_set_bio(end, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    bool done = false;
    char byte = 0;
    for (int round = 0; round < 8; ++round) {
      ERR_clear_error();
      done |= SSL_do_handshake(client.get()) == 1;
      SSL_read(client.get(), &byte, 1);  // tickets come with what follows
      move_bytes(client.get(), server.get());
      if (SSL_do_handshake(server.get()) == 1 && round < 4) SSL_write(server.get(), "x", 1);
      move_bytes(server.get(), client.get());
    }
    resumed = SSL_session_reused(client.get()) == 1;
    note_handshake(*client, *session, done, now);
    return done;
  }

  static std::shared_ptr<const ServerNames> served() {
    TestCertificate own({.name = "a.example"});
    ServerRuleSource source;
    source.id = "a";
    source.names = {"a.example"};
    source.pairs.push_back({own.pem(), own.key_pem()});
    return std::make_shared<const ServerNames>(std::vector{ServerRule::compile(source).value()});
  }

  std::unique_ptr<ServerContext> context = ServerContext::open({}).value();
  std::unique_ptr<ClientContext> clients = ClientContext::open("").value();
  std::shared_ptr<const ServerNames> names = served();
  ClientSessions sessions;
  bool resumed = false;
};

TEST_F(Handshakes, TheSecondGoesOnWithTheFirst) {
  ASSERT_TRUE(shake_hands(sessions.of("a", kStart)));
  EXPECT_FALSE(resumed);
  ASSERT_TRUE(shake_hands(sessions.of("a", kStart)));
  EXPECT_TRUE(resumed);
}

TEST_F(Handshakes, AnotherPeerHasASessionOfItsOwn) {
  ASSERT_TRUE(shake_hands(sessions.of("a", kStart)));
  ASSERT_TRUE(shake_hands(sessions.of("b", kStart)));
  EXPECT_FALSE(resumed);
}

TEST_F(Handshakes, OneThatFailsForgetsTheSession) {
  auto session = sessions.of("a", kStart);
  EXPECT_FALSE(shake_hands(session, Verify::kYes));
  EXPECT_EQ(session->session, nullptr);
}

TEST_F(Handshakes, ResumingDoesNotProlongTheLife) {
  ASSERT_TRUE(shake_hands(sessions.of("a", kStart)));
  const SteadyTime later = kStart + ClientSessions::kLifetime - 1s;
  ASSERT_TRUE(shake_hands(sessions.of("a", later), Verify::kNo, later));
  EXPECT_TRUE(resumed);
  const SteadyTime end = kStart + ClientSessions::kLifetime;
  ASSERT_TRUE(shake_hands(sessions.of("a", end), Verify::kNo, end));
  EXPECT_FALSE(resumed);
}

TEST_F(Handshakes, AServerThatKnowsNothingOfTheSessionShakesHandsInFull) {
  ASSERT_TRUE(shake_hands(sessions.of("a", kStart)));
  context = ServerContext::open({}).value();
  ASSERT_TRUE(shake_hands(sessions.of("a", kStart)));
  EXPECT_FALSE(resumed);
  ASSERT_TRUE(shake_hands(sessions.of("a", kStart)));
  EXPECT_TRUE(resumed);
}

TEST(ClientSessions, ForgetsWhoseTurnWasLongestAgo) {
  ClientSessions sessions;
  auto first = sessions.of("first", kStart);
  for (std::size_t i = 1; i < ClientSessions::kMost; ++i) sessions.of(std::to_string(i), kStart);
  EXPECT_EQ(sessions.of("first", kStart), first);
  sessions.of("one more", kStart);
  EXPECT_EQ(sessions.size(), ClientSessions::kMost);
  EXPECT_EQ(sessions.of("first", kStart), first);
  EXPECT_NE(sessions.of("1", kStart), first);
}

}  // namespace
}  // namespace sallyport::tls
