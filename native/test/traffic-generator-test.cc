// The traffic generator against a worker of ours, on loopback.
#include "traffic/traffic-generator.h"

#include <chrono>
#include <future>

#include "net/epoll-poller.h"
#include "net/media-worker.h"
#include "test/loopback-sockets.h"
#include "test/relay-fixture.h"
#include "test/story.h"
#include "traffic/arrival-time.h"
#include "traffic/protection-timing.h"
#include "traffic/reception.h"

namespace sallyport::traffic {

namespace {

using media::at;
using media::inboundSession;
using media::outboundSession;
using srtp::Suite;
using test::expect;
using test::someSockets;
using test::Story;

/// A relay between the two parties of each call of a generator, and what it lets through.
TrafficReport runThroughWorker(std::size_t calls, std::uint32_t packetsPerSecond,
                               std::uint32_t packetsPerStream,
                               std::uint32_t maxInFlightPackets = 0) {
  TrafficGenerator generator(TrafficSockets::bind(at("127.0.0.1", 0), 4).value());
  net::MediaWorker worker(net::EpollPoller::open(), [](const net::Message&) {});
  TrafficPlan plan;
  plan.packetsPerSecond = packetsPerSecond;
  plan.packetsPerStream = packetsPerStream;
  plan.maxInFlightPackets = maxInFlightPackets;
  for (std::uint32_t call = 0; call < calls; ++call) {
    std::array<net::LegSockets, 2> sockets{someSockets(), someSockets()};
    std::array<Party, 2> parties;
    std::array<media::LegConfiguration, 2> legs;
    for (std::uint8_t side = 0; side < 2; ++side) {
      const auto suite = side == 0 ? Suite::aesCm128HmacSha1Tag80 : Suite::aeadAes128Gcm;
      const auto in = static_cast<std::uint8_t>(2 * call + 64 * side);
      const auto out = static_cast<std::uint8_t>(in + 1);
      const auto remote =
          at("127.0.0.1", generator.sockets().port(generator.sockets().indexOf(2 * call + side)));
      legs[side] = media::sealedLeg(remote, suite, in, out);
      parties[side] = {sockets[side].rtp.local(), outboundSession(suite, in),
                       inboundSession(suite, out)};
    }
    worker.post({0, net::CreateRelay{call, std::move(sockets)}});
    for (std::size_t side = 0; side < 2; ++side) {
      worker.post({0, net::ConfigureLeg{call, side, std::move(legs[side])}});
    }
    plan.calls.push_back(std::move(parties));
  }

  expect(generator.prepare(std::move(plan)));
  std::promise<std::optional<TrafficReport>> promise;
  expect(generator.start([&](auto report) { promise.set_value(report); }));
  expect(!generator.start([](auto) {}));
  const auto report = promise.get_future().get();
  expect(report.has_value());
  return report.value_or(TrafficReport{});
}

const Story carries("what goes through a relay comes back authentic, unchanged and in order", [] {
  const TrafficReport report = runThroughWorker(6, 100, 40);
  expect(report.sent == 480 && report.delivered == 480 && report.lost == 0);
  expect(report.reordered + report.duplicated + report.unauthentic + report.altered == 0);
  expect(report.strange == 0 && report.refused == 0 && report.droppedByReceiver == 0);
  expect(report.latencyP50 > 0 && report.latencyP50 <= report.latencyP99);
  expect(report.latencyP99 <= report.latencyMax);
  expect(report.elapsed > 350'000'000 && report.cpuTime > 0);
  expect(report.sending > 350'000'000 && report.sending + report.draining <= report.elapsed);
});

const Story floods("a flood in lockstep loses nothing, whatever the rate that was asked for", [] {
  const TrafficReport report = runThroughWorker(2, 100'000, 500, 8);
  expect(report.sent == 2000 && report.delivered == 2000 && report.reordered == 0);
  expect(report.unauthentic + report.altered + report.strange + report.duplicated == 0);
});

const Story givesUp("packets that never come back do not stop a flood in lockstep", [] {
  TrafficGenerator generator(TrafficSockets::bind(at("127.0.0.1", 0), 1).value());
  const auto deafRelay = TrafficSockets::bind(at("127.0.0.1", 0), 1).value();
  TrafficPlan plan;
  plan.calls.emplace_back();
  for (Party& party : plan.calls[0]) party.relay = at("127.0.0.1", deafRelay.port(0));
  plan.packetsPerSecond = 1000;
  plan.packetsPerStream = 4;
  plan.maxInFlightPackets = 4;
  expect(generator.prepare(std::move(plan)));
  std::promise<std::optional<TrafficReport>> promise;
  expect(generator.start([&](auto report) { promise.set_value(report); }));
  const auto report = promise.get_future().get();
  expect(report && report->sent == 8 && report->lost == 8);
  // The second half had to wait until the first was given up.
  expect(report && report->sending >= 200'000'000);
});

const Story stamps(
    "an arrival has the time at which the kernel took it in, not that of its reading", [] {
      const auto receiver = TrafficSockets::bind(at("127.0.0.1", 0), 1).value();
      const auto sender = net::UdpSocket::bind(at("127.0.0.1", 0)).value();
      const auto nowNs = [] {
        return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch())
            .count();
      };
      sockaddr_storage to{};
      const socklen_t octets = at("127.0.0.1", receiver.port(0)).toSocketAddress(to);
      const auto before = nowNs();
      expect(::sendto(sender.descriptor(), "x", 1, 0, reinterpret_cast<sockaddr*>(&to), octets) ==
             1);
      const auto after = nowNs();
      while (nowNs() < after + 5'000'000) continue;

      alignas(cmsghdr) std::array<std::uint8_t, kArrivalControlOctets> control{};
      std::uint8_t octet = 0;
      iovec vector{&octet, 1};
      msghdr header{};
      header.msg_iov = &vector;
      header.msg_iovlen = 1;
      header.msg_control = control.data();
      header.msg_controllen = control.size();
      expect(::recvmsg(receiver.descriptor(0), &header, 0) == 1);
      const auto arrival = arrivalOf(header);
      expect(arrival && static_cast<std::int64_t>(*arrival) >= before);
      expect(arrival && static_cast<std::int64_t>(*arrival) <= after);
    });

TrafficPlan sealedPlan() {
  TrafficPlan plan;
  plan.packetsPerStream = 4;
  plan.calls.emplace_back();
  auto& [caller, callee] = plan.calls[0];
  caller = {at("127.0.0.1", 4000), outboundSession(Suite::aeadAes128Gcm, 1),
            inboundSession(Suite::aeadAes128Gcm, 2)};
  callee = {at("127.0.0.1", 4002), outboundSession(Suite::aeadAes128Gcm, 2),
            inboundSession(Suite::aeadAes128Gcm, 1)};
  return plan;
}

media::Bytes copyOf(std::span<const std::uint8_t> packet) { return {packet.begin(), packet.end()}; }

const Story judges("a reception tells doubles, changes, disorder and strangers apart", [] {
  TrafficPlan plan = sealedPlan();
  auto packets = PreparedPackets::of(plan).value();
  Reception reception(plan);
  const auto fromRelay = at("127.0.0.1", 4002);
  const auto take = [&](std::uint32_t round, const media::TransportAddress& from) {
    auto packet = copyOf(packets.packet(0, round));
    reception.onPacket(packet, from, 1000 + round);
  };

  for (std::uint32_t round = 0; round < 4; ++round) reception.onSending({0, round}, 500);
  take(1, fromRelay);
  take(0, fromRelay);
  take(1, fromRelay);
  take(2, at("127.0.0.1", 4000));
  auto changed = copyOf(packets.packet(0, 3));
  changed.back() ^= 1;
  reception.onPacket(changed, fromRelay, 1000);
  auto stranger = media::rtpPacket(1);
  reception.onPacket(stranger, fromRelay, 1000);

  const TrafficReport report = reception.conclude();
  expect(report.delivered == 2 && report.reordered == 1 && report.duplicated == 1);
  expect(report.unauthentic == 1 && report.strange == 2 && report.altered == 0);
  expect(report.latencyP50 == 501 && report.latencyMax == 501);
});

const Story compares("plain RTP that was changed on the way counts as altered", [] {
  TrafficPlan plan = sealedPlan();
  for (Party& party : plan.calls[0]) {
    party.outbound.reset();
    party.inbound.reset();
  }
  auto packets = PreparedPackets::of(plan).value();
  Reception reception(plan);
  auto packet = copyOf(packets.packet(1, 0));
  packet[100] ^= 0x80;
  reception.onPacket(packet, at("127.0.0.1", 4000), 1);
  expect(reception.conclude().altered == 1);
});

const Story ranks("a quantile is a value that was measured", [] {
  std::vector<std::uint64_t> values{5, 1, 4, 2, 3};
  expect(quantile(values, 500) == 3);
  expect(quantile(values, 1000) == 5);
  expect(quantile({}, 500) == 0);
});

const Story times("protection is timed over packets that come out as they went in", [] {
  const auto timing = timeProtection(Suite::aesCm128HmacSha1Tag80, 160, 100);
  expect(timing && timing->protectNs > 0 && timing->unprotectNs > 0);
  expect(!timeProtection(Suite::aesCm128HmacSha1Tag80, 160, 0));
});

const Story stops("a generator that is dropped ends its run", [] {
  auto plan = sealedPlan();
  plan.packetsPerSecond = 1;
  bool isDelivered = false;
  {
    TrafficGenerator generator(TrafficSockets::bind(at("127.0.0.1", 0), 1).value());
    expect(generator.prepare(std::move(plan)));
    expect(generator.start([&](auto report) { isDelivered = report.has_value(); }));
  }
  expect(isDelivered);
});

}  // namespace

}  // namespace sallyport::traffic
