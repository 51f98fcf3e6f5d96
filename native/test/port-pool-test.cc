// Ports are bound, rest and come back; none is lost.
#include "net/port-pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include <set>

#include "test/loopback-sockets.h"
#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::net {

namespace {

using media::at;
using test::expect;
using test::someSockets;
using test::Story;

/// An even port of loopback with `count` free ones from it on, as far as can be known.
std::uint16_t someFreeRange() { return someSockets().rtp.local().port(); }

template <typename Value>
bool isTaken(const Result<Value, BindFailure>& result) {
  return !result.ok() && result.failure() == BindFailure::portTaken;
}

const Story pairs("ports come in pairs, RTP even and RTCP above it, until there are none", [] {
  const std::uint16_t first = someFreeRange();
  PortPool pool(at("127.0.0.1", 0), {first, static_cast<std::uint16_t>(first + 1)}, 0);
  {
    const auto pair = pool.bind(RtcpPorts::pair, 12345, 0);
    expect(pair.ok() && pair.value().rtp.local().port() == first);
    expect(pair.value().rtcp->local().port() == first + 1);
    expect(pool.unavailable() == 2 && isTaken(pool.bind(RtcpPorts::pair, 0, 0)));
  }
  pool.release(first, RtcpPorts::pair, 0);
  expect(pool.bind(RtcpPorts::pair, 1, 0).ok());
  PortPool odd(at("127.0.0.1", 0), {static_cast<std::uint16_t>(first + 1), first}, 0);
  expect(isTaken(odd.bind(RtcpPorts::pair, 0, 0)) && isTaken(odd.bind(RtcpPorts::mux, 0, 0)));
  PortPool foreign(at("192.0.2.1", 0), {20000, 60000}, 0);
  const auto refused = foreign.bind(RtcpPorts::pair, 0, 0);
  expect(!refused && refused.failure() == BindFailure::addressNotAvailable);
  expect(foreign.unavailable() == 0);
});

const Story single(
    "with RTCP multiplexed a leg has one port, and broken pairs are used up first", [] {
      const std::uint16_t first = someFreeRange();
      PortPool pool(at("127.0.0.1", 0), {first, static_cast<std::uint16_t>(first + 5)}, 0);
      const auto one = pool.bind(RtcpPorts::mux, 3, 0);
      expect(one.ok() && !one.value().rtcp && one.value().rtp.local().port() == first + 3);
      const auto two = pool.bind(RtcpPorts::mux, 0, 0);
      expect(two.ok() && two.value().rtp.local().port() == first + 2);
      const auto pair = pool.bind(RtcpPorts::pair, 0, 0);
      expect(pair.ok() && pair.value().rtp.local().port() == first && pool.unavailable() == 4);
    });

const Story taken("ports that another program has are passed over", [] {
  const LegSockets theirs = someSockets();
  const std::uint16_t first = theirs.rtp.local().port();
  PortPool pool(at("127.0.0.1", 0), {first, static_cast<std::uint16_t>(first + 3)}, 0);
  const auto pair = pool.bind(RtcpPorts::pair, 0, 0);
  expect(pair.ok() && pair.value().rtp.local().port() == first + 2);
  expect(isTaken(pool.bind(RtcpPorts::pair, 0, 0)) && isTaken(pool.bind(RtcpPorts::mux, 0, 0)));
  expect(pool.unavailable() == 2);
});

const Story rest("what was given back rests for as long as it should and not longer", [] {
  const std::uint16_t first = someFreeRange();
  PortPool pool(at("127.0.0.1", 0), {first, static_cast<std::uint16_t>(first + 1)}, 1000);
  expect(pool.bind(RtcpPorts::pair, 0, 5000).ok());
  pool.release(first, RtcpPorts::pair, 6000);
  expect(isTaken(pool.bind(RtcpPorts::pair, 0, 6999)) && pool.unavailable() == 2);
  expect(pool.bind(RtcpPorts::pair, 0, 7000).ok());
});

const Story randomStart("where the search begins is the caller's choice", [] {
  PortPool pool(at("127.0.0.1", 0), {20000, 59999}, 0);
  std::set<std::uint16_t> ports;
  for (std::uint32_t start = 0; start < 20; ++start) {
    ports.insert(pool.bind(RtcpPorts::pair, start * 997, 0).value().rtp.local().port());
  }
  expect(ports.size() == 20 && *ports.rbegin() - *ports.begin() > 20'000);
});

const Story runsOut("when the system has no descriptor left the failure has a name", [] {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const int next = ::dup(0);
  ::close(next);
  const rlimit tight{.rlim_cur = static_cast<rlim_t>(next + 1), .rlim_max = before.rlim_max};
  PortPool pool(at("127.0.0.1", 0), {20000, 60000}, 0);
  ::setrlimit(RLIMIT_NOFILE, &tight);
  const auto pair = pool.bind(RtcpPorts::pair, 0, 0);
  ::setrlimit(RLIMIT_NOFILE, &before);
  expect(!pair && pair.failure() == BindFailure::tooManyFiles && pool.unavailable() == 0);
});

}  // namespace

}  // namespace sallyport::net
