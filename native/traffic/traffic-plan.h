#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "media/transport-address.h"
#include "srtp/srtp-inbound.h"
#include "srtp/srtp-outbound.h"

namespace sallyport::traffic {

/// One end of a call, as the generator plays it. A session that is absent means plain RTP that way.
struct Party {
  /// Where the relay listens for this party, and what it sends to it from.
  media::TransportAddress relay;
  std::unique_ptr<srtp::SrtpOutbound> outbound;
  std::unique_ptr<srtp::SrtpInbound> inbound;
};

/// Calls in which both parties speak all the time.
struct TrafficPlan {
  /// Caller and callee of each.
  std::vector<std::array<Party, 2>> calls;
  /// Of each of the two streams of a call.
  std::uint32_t packetsPerSecond = 50;
  /// 1 to `kMaxPacketsPerStream`.
  std::uint32_t packetsPerStream = 1;
  /// 0 to `kMaxPayloadOctets`.
  std::size_t payloadOctets = 160;
  /// 0 to 127.
  std::uint8_t payloadType = 0;
  /// Most packets on their way at one time: the next one waits until others came back. 0: no limit.
  std::uint32_t maxInFlightPackets = 0;

  [[nodiscard]] std::size_t streams() const noexcept { return 2 * calls.size(); }
  [[nodiscard]] std::size_t packets() const noexcept { return streams() * packetsPerStream; }
};

/// Sequence numbers then never turn over (RFC 3550 §5.1), so that each names one packet.
inline constexpr std::uint32_t kMaxPacketsPerStream = 32768;
inline constexpr std::size_t kMaxPayloadOctets = 1400;

}  // namespace sallyport::traffic
