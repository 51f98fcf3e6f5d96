// The SSRCs of a plain leg, and what comes back from it (RFC 3550 §8.2).
#include <algorithm>

#include "media/recently-sent.h"
#include "media/relay.h"
#include "test/allocation-count.h"
#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::media {

namespace {

using test::expect;
using test::Story;

const TransportAddress alice = at("192.0.2.1", 4000);
const TransportAddress bob = at("192.0.2.2", 5000);

Bytes packetOf(std::uint32_t ssrc, std::uint16_t sequenceNumber) {
  Bytes packet = rtpPacket(sequenceNumber);
  for (std::size_t i = 0; i < 4; ++i) {
    packet[8 + i] = static_cast<std::uint8_t>(ssrc >> (24 - 8 * i));
  }
  return packet;
}

/// A relay between two plain legs that are told to hear `maxSources` SSRCs.
struct PlainRelay {
  Relay relay;

  explicit PlainRelay(std::size_t maxSources) {
    expect(configure(0, alice, maxSources) && configure(1, bob, maxSources));
  }

  bool configure(std::size_t leg, const TransportAddress& peer, std::size_t maxSources) {
    LegConfiguration configuration = clearLeg(peer);
    configuration.maxSources = maxSources;
    return !relay.configure(leg, std::move(configuration));
  }

  bool carries(std::size_t leg, Bytes packet, std::uint64_t atUs = 0) {
    const std::size_t length = packet.size();
    packet.resize(512);
    return relay
        .receive({.leg = leg,
                  .room = packet,
                  .length = length,
                  .from = leg == 0 ? alice : bob,
                  .arrivedUs = atUs},
                 atUs / 1000)
        .has_value();
  }

  std::uint64_t dropped(std::size_t leg, DropReason reason) const {
    return relay.statistics(leg).dropped[static_cast<std::size_t>(reason)];
  }
};

const Story follows("a leg hears as many SSRCs as it is told to, and those it knows", [] {
  for (const std::uint32_t maxSources : {1U, 8U, 64U, 200U}) {
    PlainRelay call(maxSources);
    for (std::uint32_t ssrc = 1; ssrc <= maxSources; ++ssrc) {
      expect(call.carries(0, packetOf(ssrc, 1)));
    }
    expect(!call.carries(0, packetOf(maxSources + 1, 1)));
    expect(call.dropped(0, DropReason::tooManySources) == 1);

    expect(call.configure(0, alice, 1) && call.carries(0, packetOf(maxSources, 2)));
    expect(!call.carries(0, packetOf(maxSources + 1, 1)));
    expect(call.configure(0, alice, maxSources + 1));
    expect(call.carries(0, packetOf(maxSources + 1, 1)));
  }
});

const Story keepsSessions("a leg of SRTP hears more than its session, and keeps its limit with it",
                          [] {
                            Relay relay;
                            const srtp::Suite suite = srtp::Suite::aesCm128HmacSha1Tag80;
                            LegConfiguration first = sealedLeg(alice, suite, 1, 2);
                            first.maxSources = 100;
                            expect(!relay.configure(0, std::move(first)));
                            expect(relay.streams(0).maxStreams == 100);
                            LegConfiguration kept = clearLeg(alice);
                            kept.isClear = false;
                            expect(!relay.configure(0, std::move(kept)));
                            expect(relay.streams(0).maxStreams == 100);
                            LegConfiguration few = sealedLeg(alice, suite, 3, 4);
                            few.maxSources = 1;
                            expect(!relay.configure(0, std::move(few)));
                            expect(relay.streams(0).maxStreams == srtp::kDefaultMaxSources);
                          });

const Story spoofer("a spoofer's SSRCs push out none that speaks, and allocate nothing", [] {
  PlainRelay call(8);
  std::uint32_t forged = 1000;
  for (int i = 0; i < 7; ++i) expect(call.carries(0, packetOf(++forged, 1)));
  std::uint64_t carried = 0;
  std::uint64_t allocated = 0;
  Bytes room(512);
  const auto feed = [&](const Bytes& packet, std::uint64_t atUs) {
    std::ranges::copy(packet, room.begin());
    const std::uint64_t before = test::allocationsOfThisThread();
    const bool isCarried =
        call.relay
            .receive(
                {.leg = 0, .room = room, .length = packet.size(), .from = alice, .arrivedUs = atUs},
                atUs / 1000)
            .has_value();
    allocated += test::allocationsOfThisThread() - before;
    return isCarried;
  };
  expect(feed(packetOf(7, 0), 0));
  allocated = 0;
  // Two minutes of speech, with ten new SSRCs for each of its packets.
  for (std::uint16_t number = 1; number <= 6000; ++number) {
    const std::uint64_t atUs = number * 20'000ULL;
    expect(feed(packetOf(7, number), atUs));
    for (int i = 0; i < 10; ++i) carried += feed(packetOf(++forged, number), atUs) ? 1 : 0;
  }
  // Every half a minute each of the seven places that are not the honest stream's changes hands.
  expect(carried == 7 * 4 && allocated == 0);
  expect(call.dropped(0, DropReason::tooManySources) == 60'000 - carried);
});

const Story untaught("what there is no room for fixes no source", [] {
  Relay relay;
  const auto toAnyPort = [] {
    LegConfiguration configuration = clearLeg(alice);
    configuration.maxSources = 1;
    configuration.source = SourceRule::signallingAddress;
    configuration.sourceBlock = AddressBlock::ofHost(alice);
    return configuration;
  };
  expect(!relay.configure(0, toAnyPort()) && !relay.configure(1, clearLeg(bob)));
  const auto feed = [&](std::uint32_t ssrc, std::uint16_t port) {
    Bytes packet = packetOf(ssrc, 1);
    packet[7] = static_cast<std::uint8_t>(port);
    packet.resize(512);
    return relay.receive({.leg = 0, .room = packet, .length = 172, .from = alice.withPort(port)}, 0)
        .has_value();
  };
  expect(feed(1, 1));
  LegConfiguration elsewhere = toAnyPort();
  elsewhere.remoteRtp = alice.withPort(9);
  expect(!relay.configure(0, std::move(elsewhere)));
  expect(!feed(2, 2) && feed(1, 3) && !feed(1, 4));
  const auto& dropped = relay.statistics(0).dropped;
  expect(dropped[static_cast<std::size_t>(DropReason::tooManySources)] == 1);
  expect(dropped[static_cast<std::size_t>(DropReason::wrongSource)] == 1);
});

const Story remembers("what was sent is known when it comes back, and nothing else is", [] {
  RecentlySent sent;
  const auto view = [](const Bytes& packet) { return RtpPacketView::parse(packet).value(); };
  const Bytes zeros(12, 0);
  Bytes empty = zeros;
  empty[0] = 0x80;
  expect(!sent.has(view(empty)));
  for (std::uint16_t i = 0; i < 200; ++i) sent.note(view(packetOf(7, i)));
  expect(sent.has(view(packetOf(7, 199))) && sent.has(view(packetOf(7, 136))));
  expect(!sent.has(view(packetOf(7, 135))) && !sent.has(view(packetOf(8, 199))));
  Bytes later = packetOf(7, 199);
  later[7] ^= 1;
  expect(!sent.has(view(later)));
});

const Story dropsReflections(
    "a plain leg drops what it sent there, unless it is told to pass it", [] {
      for (const bool passes : {false, true}) {
        Relay relay;
        LegConfiguration first = clearLeg(alice);
        first.passesReflections = passes;
        first.source = SourceRule::signallingAddress;
        first.sourceBlock = AddressBlock::ofHost(alice);
        expect(!relay.configure(0, std::move(first)) && !relay.configure(1, clearLeg(bob)));
        const auto feed = [&](std::size_t leg, Bytes packet, const TransportAddress& from) {
          packet.resize(512);
          return relay.receive({.leg = leg, .room = packet, .length = 172, .from = from}, 0)
              .has_value();
        };
        expect(feed(1, packetOf(7, 1), bob));
        expect(feed(0, packetOf(7, 1), alice.withPort(9)) == passes);
        // A reflected packet fixes no source: the peer is still heard.
        expect(passes || feed(0, packetOf(7, 2), alice.withPort(10)));
        const auto& dropped = relay.statistics(0).dropped;
        expect(dropped[static_cast<std::size_t>(DropReason::reflected)] == (passes ? 0 : 1));
      }
    });

}  // namespace

}  // namespace sallyport::media
