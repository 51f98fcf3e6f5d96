// Two legs and the packets between them, without sockets.
#include "media/relay.h"

#include <numeric>
#include <random>

#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::media {

namespace {

using test::expect;
using test::Story;

constexpr auto kSuite = srtp::Suite::aesCm128HmacSha1Tag80;
constexpr auto kShortSuite = srtp::Suite::aesCm128HmacSha1Tag32;
const TransportAddress alice = at("192.0.2.1", 4000);
const TransportAddress bob = at("2001:db8::2", 5000);
const TransportAddress charles = at("203.0.113.66", 666);

/// A relay and what came out of it for the last packet.
struct Bench {
  Relay relay;
  Bytes room;

  std::optional<Departure> feed(std::size_t leg, const Bytes& packet, const TransportAddress& from,
                                Channel channel = Channel::rtp, std::uint64_t nowMs = 0) {
    room = packet;
    room.resize(packet.size() + 256);
    const auto departure = relay.receive(
        {.leg = leg, .channel = channel, .room = room, .length = packet.size(), .from = from},
        nowMs);
    if (departure) {
      relay.onSent(*departure);
      room.resize(departure->length);
    }
    return departure;
  }

  std::uint64_t dropped(std::size_t leg, DropReason reason) const {
    return relay.statistics(leg).dropped[static_cast<std::size_t>(reason)];
  }
};

const Story carries("a packet leaves towards the other leg's peer, octet by octet", [] {
  Bench bench;
  expect(!bench.relay.configure(0, clearLeg(alice)));
  expect(!bench.relay.configure(1, clearLeg(bob)));
  const auto departure = bench.feed(0, rtpPacket(1), alice);
  expect(departure && departure->leg == 1 && departure->to == bob && bench.room == rtpPacket(1));
  const auto back = bench.feed(1, rtcpPacket(), bob.withPort(5001), Channel::rtcp);
  expect(back && back->leg == 0 && back->to == alice.withPort(4001));
  expect(bench.relay.statistics(1).sentPackets == 1 && bench.relay.statistics(0).sentRtcp == 1);
});

const Story reseals("a sealed packet leaves sealed under the other leg's key", [] {
  Bench bench;
  expect(!bench.relay.configure(0, sealedLeg(alice, kSuite, 1, 2)));
  expect(!bench.relay.configure(1, sealedLeg(bob, srtp::Suite::aeadAes256Gcm, 3, 4)));
  const auto fromAlice = outboundSession(kSuite, 1);
  const auto toBob = inboundSession(srtp::Suite::aeadAes256Gcm, 4);
  const Bytes sealed = sealRtp(*fromAlice, rtpPacket(7));
  expect(bench.feed(0, sealed, alice).has_value());
  const auto opened = toBob->unprotectRtp(bench.room);
  expect(opened.ok());
  bench.room.resize(opened.value());
  expect(bench.room == rtpPacket(7));
  expect(!bench.feed(0, sealed, alice) && bench.dropped(0, DropReason::replayed) == 1);
});

const Story dropsBeforeCrypto("a wrong source never reaches the session, and is told once a second",
                              [] {
                                Bench bench;
                                expect(!bench.relay.configure(0, sealedLeg(alice, kSuite, 1, 2)));
                                expect(!bench.relay.configure(1, clearLeg(bob)));
                                const auto fromAlice = outboundSession(kSuite, 1);
                                const Bytes sealed = sealRtp(*fromAlice, rtpPacket(1));
                                for (int i = 0; i < 10; ++i) {
                                  expect(!bench.feed(0, sealed, charles, Channel::rtp, 5000));
                                  expect(bench.relay.takeEvent().has_value() == (i == 0));
                                }
                                expect(!bench.feed(0, sealed, charles, Channel::rtp, 6000));
                                const auto event = bench.relay.takeEvent();
                                expect(event && event->kind == RelayEvent::Kind::wrongSource);
                                expect(event->from == charles && event->suppressed == 9);
                                expect(bench.dropped(0, DropReason::wrongSource) == 11);
                                expect(bench.feed(0, sealed, alice).has_value());
                              });

const Story learns("with short tags a leg answers to a learned address after three packets", [] {
  Bench bench;
  LegConfiguration configuration = sealedLeg(alice, kShortSuite, 1, 2);
  configuration.source = SourceRule::learned;
  expect(!bench.relay.configure(0, std::move(configuration)));
  expect(!bench.relay.configure(1, clearLeg(bob)));
  const auto fromAlice = outboundSession(kShortSuite, 1);
  const TransportAddress natted = at("198.51.100.7", 62000);
  for (std::uint16_t i = 1; i <= 3; ++i) {
    expect(bench.feed(1, rtpPacket(i), bob)->to == alice);
    expect(!bench.feed(0, rtpPacket(i), charles));
    expect(bench.feed(0, sealRtp(*fromAlice, rtpPacket(i)), natted).has_value());
  }
  expect(bench.feed(1, rtpPacket(9), bob)->to == natted);
  expect(!bench.feed(0, sealRtp(*fromAlice, rtpPacket(10)), charles));
  expect(bench.dropped(0, DropReason::badTag) == 3 &&
         bench.dropped(0, DropReason::wrongSource) == 1);
});

const Story keepsWhatItLearned("a leg keeps sessions and learned address until they change", [] {
  Bench bench;
  LegConfiguration first = sealedLeg(alice, kSuite, 1, 2);
  first.source = SourceRule::learned;
  expect(!bench.relay.configure(0, std::move(first)));
  expect(!bench.relay.configure(1, clearLeg(bob)));
  const auto fromAlice = outboundSession(kSuite, 1);
  const Bytes sealed = sealRtp(*fromAlice, rtpPacket(1));
  expect(bench.feed(0, sealed, charles).has_value());

  LegConfiguration same = clearLeg(alice);
  same.isClear = false;
  same.source = SourceRule::learned;
  same.direction = Direction::sendonly;
  expect(!bench.relay.configure(0, std::move(same)));
  expect(bench.feed(1, rtpPacket(2), bob)->to == charles);
  expect(!bench.feed(0, sealed, charles) && bench.dropped(0, DropReason::replayed) == 1);
  expect(!bench.feed(0, sealRtp(*fromAlice, rtpPacket(2)), charles));
  expect(bench.dropped(0, DropReason::direction) == 1);

  LegConfiguration rekeyed = sealedLeg(alice, kSuite, 5, 6);
  rekeyed.source = SourceRule::learned;
  expect(!bench.relay.configure(0, std::move(rekeyed)));
  // Nobody but the peer can read what goes where he last was.
  expect(bench.feed(1, rtpPacket(3), bob)->to == charles);
  const auto underNewKey = outboundSession(kSuite, 5);
  expect(bench.feed(0, sealRtp(*underNewKey, rtpPacket(3)), alice).has_value());
  expect(bench.feed(1, rtpPacket(4), bob)->to == alice);
});

const Story tellsWhatItLearned("a leg tells what address it learned, and what it moved to", [] {
  Bench bench;
  LegConfiguration configuration = sealedLeg(alice, kSuite, 1, 2);
  configuration.source = SourceRule::learned;
  configuration.mayMove = true;
  expect(!bench.relay.configure(0, std::move(configuration)));
  expect(!bench.relay.configure(1, clearLeg(bob)));
  const auto fromAlice = outboundSession(kSuite, 1);
  expect(bench.feed(0, sealRtp(*fromAlice, rtpPacket(1)), charles).has_value());
  const auto learned = bench.relay.takeEvent();
  expect(learned && learned->kind == RelayEvent::Kind::sourceLearned && learned->leg == 0);
  expect(learned->from == charles && learned->previous == alice && learned->isAuthenticated);
  expect(bench.relay.takeEvent()->kind == RelayEvent::Kind::firstPacket);
  for (std::uint16_t i = 2; i <= 6; ++i) {
    expect(!bench.relay.takeEvent());
    expect(bench.feed(0, sealRtp(*fromAlice, rtpPacket(i)), bob).has_value());
  }
  const auto moved = bench.relay.takeEvent();
  expect(moved && moved->kind == RelayEvent::Kind::sourceMoved);
  expect(moved->from == bob && moved->previous == charles && moved->channel == Channel::rtp);
});

const Story refusesConfigurations(
    "a leg without sessions, or one that learns in clear, is refused", [] {
      Bench bench;
      LegConfiguration keeps = clearLeg(alice);
      keeps.isClear = false;
      expect(bench.relay.configure(0, std::move(keeps)) == ConfigureFailure::noSession);
      LegConfiguration learns = clearLeg(alice);
      learns.source = SourceRule::learned;
      expect(bench.relay.configure(0, std::move(learns)) == ConfigureFailure::learningNeedsSrtp);
      LegConfiguration moves = clearLeg(alice);
      moves.mayMove = true;
      expect(bench.relay.configure(0, std::move(moves)) == ConfigureFailure::learningNeedsSrtp);
      expect(bench.relay.configure(0, clearLeg(at("224.0.0.1", 4000))) ==
             ConfigureFailure::remoteNotUnicast);
      expect(!bench.feed(0, rtpPacket(1), alice) && bench.dropped(0, DropReason::noRoute) == 1);
    });

const Story countsUnsent("what a socket did not take is counted where it came from", [] {
  Bench bench;
  expect(!bench.relay.configure(0, clearLeg(alice)));
  expect(!bench.relay.configure(1, clearLeg(bob)));
  Bytes room = rtpPacket(1);
  const auto departure =
      bench.relay.receive({.leg = 0, .room = room, .length = room.size(), .from = alice}, 0);
  bench.relay.onUnsent(*departure, DropReason::wouldBlock);
  expect(bench.dropped(0, DropReason::wouldBlock) == 1);
  expect(bench.relay.statistics(1).sentPackets == 0);
});

const Story survivesNoise("any octets are either carried or counted, never both", [] {
  std::mt19937 random(7);  // NOLINT: the same noise each time
  Bench bench;
  expect(!bench.relay.configure(0, sealedLeg(alice, kSuite, 1, 2)));
  expect(!bench.relay.configure(1, clearLeg(bob)));
  const auto fromAlice = outboundSession(kSuite, 1);
  constexpr std::uint64_t kRounds = 20'000;
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    const std::size_t leg = i % 2;
    const Channel channel = i % 7 == 0 ? Channel::rtcp : Channel::rtp;
    Bytes packet = rtpPacket(static_cast<std::uint16_t>(i));
    if (leg == 0) packet = sealRtp(*fromAlice, packet);
    for (unsigned flips = random() % 4; flips > 0; --flips) {
      packet[random() % packet.size()] = static_cast<std::uint8_t>(random());
    }
    if (random() % 3 == 0) packet.resize(random() % (packet.size() + 1));
    const TransportAddress& peer = leg == 0 ? alice : bob;
    const bool isRtp = channel == Channel::rtp;
    bench.feed(leg, packet, isRtp ? peer : peer.withPort(peer.port() + 1U), channel);
  }
  std::uint64_t accounted = 0;
  std::uint64_t received = 0;
  for (std::size_t leg = 0; leg < 2; ++leg) {
    const LegStatistics& statistics = bench.relay.statistics(leg);
    received += statistics.receivedPackets + statistics.receivedRtcp;
    accounted += statistics.sentPackets + statistics.sentRtcp;
    accounted +=
        std::accumulate(statistics.dropped.begin(), statistics.dropped.end(), std::uint64_t{0});
  }
  expect(received == kRounds && accounted == kRounds);
  expect(bench.dropped(0, DropReason::internal) == 0 &&
         bench.dropped(1, DropReason::internal) == 0);
  expect(bench.relay.statistics(1).sentPackets > 1000);
});

}  // namespace

}  // namespace sallyport::media
