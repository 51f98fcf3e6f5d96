#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "traffic/traffic-plan.h"

namespace sallyport::traffic {

inline constexpr std::size_t kRtpHeaderOctets = 12;

/// A packet of a plan: streams in the order of the calls, the caller's before the callee's.
struct PacketName {
  std::uint32_t stream = 0;
  std::uint32_t round = 0;
};

/// What the generator sends, as a function of a packet's name: whoever receives it can tell whether
/// it was changed without keeping it.
class StreamPattern {
 public:
  explicit StreamPattern(const TrafficPlan& plan) noexcept
      : streams_(static_cast<std::uint32_t>(plan.streams())),
        rounds_(plan.packetsPerStream),
        payloadOctets_(plan.payloadOctets),
        payloadType_(plan.payloadType) {}

  [[nodiscard]] std::size_t packetOctets() const noexcept {
    return kRtpHeaderOctets + payloadOctets_;
  }
  /// Fills the first `packetOctets()` of `packet`.
  void write(PacketName name, std::span<std::uint8_t> packet) const noexcept;
  /// Reads the name from the header, which SRTP leaves in clear; nothing for a stranger.
  [[nodiscard]] std::optional<PacketName> nameOf(
      std::span<const std::uint8_t> packet) const noexcept;
  /// True for exactly the packet of this name.
  [[nodiscard]] bool matches(PacketName name, std::span<const std::uint8_t> packet) const noexcept;

 private:
  std::uint32_t streams_;
  std::uint32_t rounds_;
  std::size_t payloadOctets_;
  std::uint8_t payloadType_;
};

}  // namespace sallyport::traffic
