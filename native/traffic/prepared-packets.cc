#include "traffic/prepared-packets.h"

#include "traffic/stream-pattern.h"

namespace sallyport::traffic {

std::optional<PreparedPackets> PreparedPackets::of(TrafficPlan& plan) {
  const StreamPattern pattern(plan);
  std::vector<std::uint8_t> room(pattern.packetOctets() + srtp::kMaxTrailerOctets);
  PreparedPackets prepared;
  for (std::uint32_t stream = 0; stream < plan.streams(); ++stream) {
    const auto& session = plan.calls[stream / 2][stream % 2].outbound;
    prepared.streams_.push_back({prepared.octets_.size(), 0});
    for (std::uint32_t round = 0; round < plan.packetsPerStream; ++round) {
      pattern.write({stream, round}, room);
      std::size_t length = pattern.packetOctets();
      if (session) {
        const auto sealed = session->protectRtp(room, length);
        if (!sealed) return std::nullopt;
        length = sealed.value();
      }
      prepared.streams_.back().packetOctets = length;
      prepared.octets_.insert(prepared.octets_.end(), room.begin(),
                              room.begin() + static_cast<std::ptrdiff_t>(length));
    }
  }
  return prepared;
}

}  // namespace sallyport::traffic
