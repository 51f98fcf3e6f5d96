// RTCP between two legs: checked, read and rewritten in place (RFC 3550 §6, RFC 3611, RFC 4585).
#include "fuzz/target.h"
#include "media/packet-view.h"
#include "media/stream-map.h"

namespace sallyport::fuzz {

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t kShared = 0x0101'0101;

Bytes rtpOf(std::uint32_t ssrc, std::uint8_t number) {
  Bytes packet(12, 0);
  packet[0] = 0x80;
  packet[2] = static_cast<std::uint8_t>(number << 7);
  packet[3] = number;
  packet[7] = number;
  for (std::size_t i = 0; i < 4; ++i)
    packet[8 + i] = static_cast<std::uint8_t>(ssrc >> (24 - 8 * i));
  return packet;
}

/// The input: legs whose streams collide and restart, then compounds from either side.
const Target target("rtcp", [](std::span<const std::uint8_t> octets) {
  Script script(octets);
  media::StreamMap map;
  std::uint64_t atUs = 0;
  const std::uint8_t first = script.number();
  if (first >= 8) map.arrivingOn(0).maxStreams = first / 8U;
  for (unsigned packets = first % 8; packets > 0; --packets) {
    const std::uint8_t act = script.number();
    Bytes packet = rtpOf((act & 2) != 0 ? kShared : act, script.number());
    atUs += (act & 8) != 0 ? media::StreamTable::kSilentUs : 20'000;
    (void)map.carryRtp(act & 1U, packet, (act & 4) == 0, atUs);
  }
  while (!script.isOver()) {
    const std::uint8_t act = script.number();
    Bytes compound = script.piece(0);
    compound.shrink_to_fit();
    const Bytes before = compound;
    const bool isSound = media::isSoundRtcp(compound);
    if (!isSound) continue;
    const bool isKept = map.carryRtcp(act & 1U, compound, atUs += 500'000).has_value();
    demand(compound.size() == before.size());
    // Rewriting touches neither the frame of the chain nor, in what is kept back, anything.
    demand(isKept ? compound == before : media::isSoundRtcp(compound));
    for (const std::size_t leg : {std::size_t{0}, std::size_t{1}}) {
      demand(map.arrivingOn(leg).streams().size() <= map.arrivingOn(leg).maxStreams);
    }
  }
});

}  // namespace

}  // namespace sallyport::fuzz
