// RTP and RTCP on one port of a leg, told apart (RFC 5761), bridged to a leg with a port for each.
#include "media/rtcp-mux.h"

#include "media/relay.h"
#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::media {

namespace {

using test::expect;
using test::Story;

const TransportAddress kAlice = at("192.0.2.1", 4000);
const TransportAddress kBob = at("192.0.2.2", 5000);

std::optional<Departure> carry(Relay& relay, std::size_t leg, Channel channel,
                               const TransportAddress& from, Bytes packet) {
  const std::size_t length = packet.size();
  packet.resize(length + 256);
  return relay.receive(
      {.leg = leg, .channel = channel, .room = packet, .length = length, .from = from}, 0);
}

LegConfiguration multiplexed(LegConfiguration configuration) {
  configuration.isMultiplexed = true;
  return configuration;
}

const Story octets("the second octet decides, 192 to 223 being RTCP", [] {
  for (int second = 0; second < 256; ++second) {
    const std::array<std::uint8_t, 2> packet{0x80, static_cast<std::uint8_t>(second)};
    expect(isRtcpOfSharedPort(packet) == (second >= 192 && second <= 223));
  }
  const std::array<std::uint8_t, 2> stun{0x00, 200};
  expect(!isRtcpOfSharedPort(stun) && !isRtcpOfSharedPort(std::span(stun).first(1)));
  expect(!isRtcpOfSharedPort({}));
});

const Story bridges("RTCP of a shared port leaves from the other leg's own, and back", [] {
  Relay relay;
  expect(!relay.configure(0, multiplexed(clearLeg(kAlice))));
  expect(!relay.configure(1, clearLeg(kBob)));
  const auto rtcp = carry(relay, 0, Channel::rtp, kAlice, rtcpPacket());
  expect(rtcp && rtcp->channel == Channel::rtcp && rtcp->port == Channel::rtcp);
  expect(rtcp && rtcp->to == kBob.withPort(5001));
  const auto rtp = carry(relay, 0, Channel::rtp, kAlice, rtpPacket(1));
  expect(rtp && rtp->channel == Channel::rtp && rtp->port == Channel::rtp && rtp->to == kBob);
  const auto back = carry(relay, 1, Channel::rtcp, kBob.withPort(5001), rtcpPacket());
  expect(back && back->channel == Channel::rtcp && back->port == Channel::rtp);
  expect(back && back->to == kAlice);
  relay.onSent(*back);
  expect(relay.statistics(0).receivedRtcp == 1 && relay.statistics(0).receivedPackets == 1);
  expect(relay.statistics(0).sentRtcp == 1 && relay.statistics(0).sentPackets == 0);
});

const Story learns("one address is learned for both, from whichever comes first", [] {
  Relay relay;
  auto configuration = multiplexed(sealedLeg(kAlice, srtp::Suite::aesCm128HmacSha1Tag80, 1, 2));
  configuration.source = SourceRule::learned;
  expect(!relay.configure(0, std::move(configuration)));
  expect(!relay.configure(1, clearLeg(kBob)));
  const auto fromAlice = outboundSession(srtp::Suite::aesCm128HmacSha1Tag80, 1);
  Bytes room = rtcpPacket();
  const std::size_t length = room.size();
  room.resize(length + srtp::kMaxTrailerOctets);
  room.resize(fromAlice->protectRtcp(room, length).value());
  const TransportAddress behindNat = at("198.51.100.9", 6000);
  expect(carry(relay, 0, Channel::rtp, behindNat, room).has_value());
  const auto rtp = carry(relay, 1, Channel::rtp, kBob, rtpPacket(1));
  expect(rtp && rtp->to == behindNat);
  expect(!carry(relay, 0, Channel::rtp, kAlice, sealRtp(*fromAlice, rtpPacket(1))));
});

}  // namespace

}  // namespace sallyport::media
