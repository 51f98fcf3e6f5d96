#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "traffic/traffic-plan.h"

namespace sallyport::traffic {

/// Every packet of a plan, protected already: sending them costs no cryptography.
class PreparedPackets {
 public:
  /// Uses the outbound sessions up. Nothing when a session refuses a packet.
  [[nodiscard]] static std::optional<PreparedPackets> of(TrafficPlan& plan);

  [[nodiscard]] std::span<std::uint8_t> packet(std::size_t stream, std::size_t round) noexcept {
    const Stream& its = streams_[stream];
    return std::span(octets_).subspan(its.offset + round * its.packetOctets, its.packetOctets);
  }

 private:
  struct Stream {
    std::size_t offset = 0;
    std::size_t packetOctets = 0;
  };

  std::vector<std::uint8_t> octets_;
  std::vector<Stream> streams_;
};

}  // namespace sallyport::traffic
