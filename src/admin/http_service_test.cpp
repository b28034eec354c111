#include "admin/http_service.h"

#include "async/epoll_reactor.h"
#include "async/sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace sallyport::admin {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr Milliseconds kLong{30'000};

// Tells of each request "METHOD path?query body"; the path /throws throws.
struct HttpServiceTest : testing::Test {
  async::EpollReactor reactor;
  HttpService service{
      reactor,
      [](const ServiceRequest& request) { return tell(request); },
      {[](const ServiceRequest& request) { return request.path == "/more" ? std::size_t{20} : std::size_t{10}; }, {}}};
  async::Address address =
      *service.listen_on(*async::bind_socket(*async::Address::from_ip("127.0.0.1", 0), async::SharePort::kNo));
  async::TaskGroup client;

  static Task<http::Response> tell(const ServiceRequest& request) {
    if (request.path == "/throws") throw std::runtime_error("expected by the test");
    std::string text(request.head.method);
    text += " " + std::string(request.path) + "?" + std::string(request.query) + " " + std::string(request.body);
    return http::Response::text(200, text);
  }

  // All that comes back until the connection ends.
  std::string send(std::string request) {
    std::string got;
    client.spawn(exchange(*this, std::move(request), got));
    reactor.run();
    return got;
  }
  static Task<void> exchange(HttpServiceTest& test, std::string request, std::string& got) {
    auto stream = co_await test.reactor.connect(test.address, kLong);
    co_await (*stream)->send(request, kLong);
    co_await read_all(**stream, got);
    test.reactor.post([&test] { test.reactor.stop(); });
  }
  static Task<void> read_all(async::Stream& stream, std::string& got) {
    while (co_await stream.fill(kLong) == async::IoStatus::kOk) {
      got += stream.unread();
      stream.consume(stream.unread().size());
    }
  }
};

constexpr const char* kLast = "Host: h\r\nConnection: close\r\n";

TEST_F(HttpServiceTest, PathsAreGivenDecodedAndNormalised) {
  EXPECT_THAT(send("GET /a%20b/./c//d?x=%20 HTTP/1.1\r\n" + std::string(kLast) + "\r\n"),
              EndsWith("\r\n\r\nGET /a b/c/d?x=%20 "));
  EXPECT_THAT(send("GET http://h/a HTTP/1.1\r\n" + std::string(kLast) + "\r\n"), EndsWith("GET /a? "));
}

TEST_F(HttpServiceTest, APathThatIsNotClearIsRefused) {
  for (const char* target : {"/a%2Fb", "/%zz", "/../a"}) {
    std::string got = send("GET " + std::string(target) + " HTTP/1.1\r\n" + kLast + "\r\n");
    EXPECT_THAT(got, StartsWith("HTTP/1.1 400 ")) << target;
    EXPECT_THAT(got, HasSubstr("the path is not acceptable")) << target;
  }
}

TEST_F(HttpServiceTest, ABodyIsGivenAsAWholeUpToTheLimit) {
  auto put = [&](const char* framing) { return send("PUT /a HTTP/1.1\r\n" + std::string(kLast) + framing); };
  EXPECT_THAT(put("Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n5\r\n67890\r\n0\r\n\r\n"), EndsWith(" 1234567890"));
  EXPECT_THAT(put("Content-Length: 11\r\n\r\n12345678901"), StartsWith("HTTP/1.1 413 "));
  std::string more = "PUT /more HTTP/1.1\r\n" + std::string(kLast);
  EXPECT_THAT(send(more + "Content-Length: 11\r\n\r\n12345678901"), EndsWith(" 12345678901"));
}

TEST_F(HttpServiceTest, RequestsOfOneConnectionAreAnsweredInOrder) {
  std::string got = send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\n" +
                         std::string(kLast) + "\r\n");
  EXPECT_LT(got.find("GET /1?"), got.find("GET /3?"));
  EXPECT_THAT(got, Not(HasSubstr("HEAD /2")));
}

TEST_F(HttpServiceTest, AHandlerThatThrowsIsAnInternalError) {
  EXPECT_THAT(send("GET /throws HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
}

TEST_F(HttpServiceTest, DrainingEndsConnectionsThatWaitAndAnswersTheOthers) {
  std::string kept, busy, fresh;
  auto body = [](HttpServiceTest& t, std::string& first, std::string& second, std::string& last) -> Task<void> {
    auto idle = *co_await t.reactor.connect(t.address, kLong);
    co_await idle->send("GET /idle HTTP/1.1\r\nHost: h\r\n\r\n", kLong);
    while (!idle->unread().ends_with("/idle? ")) co_await idle->fill(kLong);
    idle->consume(idle->unread().size());
    auto half = *co_await t.reactor.connect(t.address, kLong);
    co_await half->send("PUT /half HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n1", kLong);
    while (t.service.busy() == 0) co_await t.reactor.sleep(Milliseconds(1));
    auto queued = *co_await t.reactor.connect(t.address, kLong);
    t.service.drain();
    co_await read_all(*idle, first);
    co_await half->send("2", kLong);
    co_await read_all(*half, second);
    co_await queued->send("GET /queued HTTP/1.1\r\nHost: h\r\n\r\n", kLong);
    co_await read_all(*queued, last);
    t.reactor.post([&t] { t.reactor.stop(); });
  };
  client.spawn(body(*this, kept, busy, fresh));
  reactor.run();
  EXPECT_EQ(kept, "");
  EXPECT_THAT(busy, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(busy, EndsWith("PUT /half? 12"));
  EXPECT_THAT(fresh, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(fresh, EndsWith("GET /queued? "));
  EXPECT_EQ(service.busy(), 0u);
}

}  // namespace
}  // namespace sallyport::admin
