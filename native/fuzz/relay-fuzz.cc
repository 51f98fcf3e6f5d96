// Two legs fed with datagrams from right and wrong sources, in form and out of it: every datagram
// is counted once.
#include <numeric>

#include "fuzz/target.h"
#include "media/relay.h"
#include "test/relay-fixture.h"

namespace sallyport::fuzz {

namespace {

using media::at;
using media::Bytes;
using media::Channel;
using media::LegConfiguration;
using media::TransportAddress;

constexpr std::size_t kRoomOctets = 256;

LegConfiguration makeLeg(std::uint8_t choice, const TransportAddress& remote) {
  const srtp::Suite suite = srtp::kSuites[(choice >> 1) % srtp::kSuites.size()].suite;
  const bool isClear = (choice & 1) != 0;
  // Two keys a direction, so that a leg that is configured again has an old one and a new one.
  const std::uint8_t inbound = (choice & 64) != 0 ? 3 : 1;
  LegConfiguration leg =
      isClear ? media::clearLeg(remote) : media::sealedLeg(remote, suite, inbound, inbound + 1);
  leg.inboundRules.lateJoinRollovers = (choice >> 2) % 3;
  leg.inboundRules.rollover =
      (choice & 128) != 0 ? srtp::RolloverRule::reset : srtp::RolloverRule::keep;
  leg.source = static_cast<media::SourceRule>((choice >> 4) % 4);
  leg.sourceBlock = media::AddressBlock(remote, 24);
  leg.mayMove = choice % 3 == 0;
  leg.reportsDtls = choice % 5 == 0;
  if (choice % 7 == 0) leg.stun = std::make_unique<media::StunResponder>();
  leg.direction = static_cast<media::Direction>(choice >> 6);
  return leg;
}

/// Datagrams that arrived and departures, over both legs.
struct Ledger {
  std::uint64_t received = 0;
  std::uint64_t settled = 0;
};

Ledger countOf(const media::Relay& relay) {
  Ledger ledger;
  for (const std::size_t leg : {std::size_t{0}, std::size_t{1}}) {
    const media::LegStatistics& counted = relay.statistics(leg);
    ledger.received += counted.receivedPackets + counted.receivedRtcp;
    ledger.settled += counted.sentPackets + counted.sentRtcp;
    ledger.settled =
        std::accumulate(counted.dropped.begin(), counted.dropped.end(), ledger.settled);
    ledger.settled =
        std::accumulate(counted.handled.begin(), counted.handled.end(), ledger.settled);
  }
  return ledger;
}

const Target target("relay", [](std::span<const std::uint8_t> octets) {
  const TransportAddress alice = at("192.0.2.1", 4000);
  const TransportAddress bob = at("2001:db8::2", 5000);
  const TransportAddress charles = at("203.0.113.66", 666);
  const std::array hosts{alice, alice.withPort(4001), bob, bob.withPort(5001), charles};

  Script script(octets);
  media::Relay relay;
  (void)relay.configure(0, makeLeg(script.number(), alice));
  (void)relay.configure(1, makeLeg(script.number(), bob));
  const auto peer = media::outboundSession(srtp::kSuites[script.number() % 8].suite, 1);

  std::uint64_t fed = 0;
  while (!script.isOver()) {
    const std::uint8_t act = script.number();
    const TransportAddress from = hosts[script.number() % hosts.size()];
    const Channel channel = (act & 2) != 0 ? Channel::rtcp : Channel::rtp;
    if ((act & 32) != 0) {
      (void)relay.configure(act & 1U, makeLeg(script.number(), (act & 1) != 0 ? bob : alice));
    }
    Bytes room = script.piece(kRoomOctets);
    std::size_t length = room.size() - kRoomOctets;
    if ((act & 4) != 0) {
      const auto sealed = channel == Channel::rtp ? peer->protectRtp(room, length)
                                                  : peer->protectRtcp(room, length);
      if (!sealed) continue;
      length = sealed.value();
      room.resize(length + kRoomOctets);
    }

    const auto departure = relay.receive({.leg = act & 1U,
                                          .channel = channel,
                                          .room = room,
                                          .length = length,
                                          .isTruncated = (act & 8) != 0,
                                          .from = from},
                                         ++fed * 20);
    (void)relay.takeEvent();
    if (!departure) continue;
    demand(departure->leg == (departure->isAnswer ? act & 1U : 1 - (act & 1U)));
    demand(departure->length <= room.size());
    if ((act & 16) != 0) {
      relay.onUnsent(*departure, media::DropReason::wouldBlock);
    } else {
      relay.onSent(*departure);
    }
  }

  const Ledger ledger = countOf(relay);
  demand(ledger.received == fed && ledger.settled == fed);
});

}  // namespace

}  // namespace sallyport::fuzz
