// Calls that are routed back to the plane, and the circles that they must not make (RFC 3550 §8.2).
#include "net/relay-routes.h"

#include <initializer_list>

#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::net {

namespace {

using media::at;
using media::TransportAddress;
using test::expect;
using test::Story;

const TransportAddress kHost = at("192.0.2.1", 0);
const TransportAddress kAdvertised = at("203.0.113.1", 0);
const TransportAddress kPhone = at("198.51.100.1", 4000);

/// Relays whose legs have the ports 100 × relay + 10 × leg, and one more for RTCP.
struct Bench {
  RelayRoutes routes{{{kHost, {kAdvertised}}}};

  explicit Bench(RelayId relays) {
    for (RelayId relay = 1; relay <= relays; ++relay) {
      for (const std::size_t leg : {0, 1}) {
        for (const std::uint16_t rtcp : {0, 1}) {
          routes.add(relay, leg, portOf(relay, leg, kHost, rtcp));
        }
      }
    }
  }

  static TransportAddress portOf(RelayId relay, std::size_t leg,
                                 const TransportAddress& host = kHost, std::uint16_t rtcp = 0) {
    return host.withPort(static_cast<std::uint16_t>(100 * relay + 10 * leg + rtcp));
  }

  bool points(RelayId relay, std::size_t leg, std::initializer_list<TransportAddress> remotes,
              bool isApplied = true) {
    return routes.point(relay, leg, std::vector(remotes), [&] { return isApplied; });
  }
};

const Story own("a leg sends to no port of its own relay, under no name of it", [] {
  Bench bench(1);
  for (const std::size_t leg : {0, 1}) {
    for (const TransportAddress& host : {kHost, kAdvertised}) {
      expect(!bench.points(1, 0, {Bench::portOf(1, leg, host)}));
      expect(!bench.points(1, 0, {kPhone, Bench::portOf(1, leg, host, 1)}));
    }
  }
  expect(bench.points(1, 0, {kPhone, Bench::portOf(1, 0, kPhone)}));
});

const Story hairpin("a call that is routed back to the plane goes through both relays", [] {
  Bench bench(2);
  expect(bench.points(1, 0, {kPhone}) && bench.points(2, 1, {kPhone.withPort(5000)}));
  expect(bench.points(1, 1, {Bench::portOf(2, 0)}) && bench.points(2, 0, {Bench::portOf(1, 1)}));
  // Told again, as by a re-INVITE.
  expect(bench.points(1, 1, {Bench::portOf(2, 0)}) && bench.points(1, 0, {kPhone}));
});

const Story circle("relays that send to each other with both legs are a circle, however many", [] {
  for (const RelayId relays : {2U, 3U, 50U}) {
    for (const bool isAdvertised : {false, true}) {
      Bench bench(relays);
      const TransportAddress& host = isAdvertised ? kAdvertised : kHost;
      for (RelayId relay = 1; relay < relays; ++relay) {
        expect(bench.points(relay, 1, {kPhone, Bench::portOf(relay + 1, 0, host)}));
      }
      expect(!bench.points(relays, 1, {kPhone, Bench::portOf(1, 0, host)}));
      expect(bench.points(relays, 1, {kPhone}));
      // Where one between them ended, its ports are a stranger's.
      if (relays == 2) continue;
      bench.routes.remove(2);
      expect(bench.points(relays, 1, {Bench::portOf(1, 0, host)}));
    }
  }
});

const Story refused("what a leg refuses is not its way, and what ended is nobody's", [] {
  Bench bench(2);
  expect(bench.points(1, 1, {Bench::portOf(2, 0)}, false));
  expect(bench.points(2, 1, {Bench::portOf(1, 0)}));
  expect(!bench.points(1, 1, {Bench::portOf(2, 0)}));
  bench.routes.remove(2);
  expect(bench.points(1, 1, {Bench::portOf(2, 0)}));
  // The same ports again, for another call.
  bench.routes.add(3, 0, Bench::portOf(2, 0));
  bench.routes.add(3, 1, Bench::portOf(2, 1));
  expect(!bench.points(3, 1, {Bench::portOf(1, 0)}) && bench.points(3, 1, {kPhone}));
});

const Story fork("RTP and RTCP that go different ways are both followed", [] {
  Bench bench(3);
  expect(bench.points(1, 1, {Bench::portOf(2, 0), Bench::portOf(3, 0, kHost, 1)}));
  expect(bench.points(2, 1, {kPhone}));
  expect(!bench.points(3, 1, {kPhone, Bench::portOf(1, 0, kHost, 1)}));
});

}  // namespace

}  // namespace sallyport::net
