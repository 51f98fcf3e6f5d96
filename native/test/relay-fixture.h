#pragma once

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "base/big-endian.h"
#include "media/relay.h"
#include "srtp/srtp-inbound.h"
#include "srtp/srtp-outbound.h"

namespace sallyport::media {

using Bytes = std::vector<std::uint8_t>;

inline TransportAddress at(const char* address, std::uint16_t port) {
  return TransportAddress::parse(address, port).value();
}

inline Bytes rtpPacket(std::uint16_t sequenceNumber, std::uint8_t payloadType = 0) {
  Bytes packet(12 + 160, 0x55);
  packet[0] = 0x80;
  packet[1] = payloadType;
  packet[2] = static_cast<std::uint8_t>(sequenceNumber >> 8);
  packet[3] = static_cast<std::uint8_t>(sequenceNumber);
  return packet;
}

inline Bytes rtcpPacket() { return {0x80, 201, 0, 1, 0xca, 0xfe, 0xba, 0xbe}; }

/// Options with one key whose octets count up from `first`.
inline srtp::SessionOptions sessionOptions(srtp::Suite suite, std::uint8_t first) {
  Bytes bytes(srtp::traitsOf(suite).masterOctets());
  std::iota(bytes.begin(), bytes.end(), first);
  srtp::SessionOptions options;
  options.keys.push_back(
      {std::make_shared<const srtp::MasterKey>(srtp::MasterKey::copyOf(suite, bytes).value()), {}});
  return options;
}

inline std::unique_ptr<srtp::SrtpInbound> inboundSession(srtp::Suite suite, std::uint8_t first) {
  return srtp::SrtpInbound::create(sessionOptions(suite, first)).value();
}

inline std::unique_ptr<srtp::SrtpOutbound> outboundSession(srtp::Suite suite, std::uint8_t first) {
  return srtp::SrtpOutbound::create(sessionOptions(suite, first)).value();
}

inline Bytes sealRtp(srtp::SrtpOutbound& session, const Bytes& packet) {
  Bytes room = packet;
  room.resize(packet.size() + srtp::kMaxTrailerOctets);
  room.resize(session.protectRtp(room, packet.size()).value());
  return room;
}

/// Plain RTP with `remote`, RTCP on the port above.
inline LegConfiguration clearLeg(const TransportAddress& remote) {
  LegConfiguration configuration;
  configuration.remoteRtp = remote;
  configuration.remoteRtcp = remote.withPort(static_cast<std::uint16_t>(remote.port() + 1));
  configuration.isClear = true;
  return configuration;
}

/// SRTP with `remote`; the peer sends under the key that begins with `inbound`.
inline LegConfiguration sealedLeg(const TransportAddress& remote, srtp::Suite suite,
                                  std::uint8_t inbound, std::uint8_t outbound) {
  LegConfiguration configuration = clearLeg(remote);
  configuration.isClear = false;
  configuration.inbound = inboundSession(suite, inbound);
  configuration.outbound = outboundSession(suite, outbound);
  configuration.tagOctets = srtp::traitsOf(suite).rtpTagOctets;
  return configuration;
}

}  // namespace sallyport::media
