#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "media/transport-address.h"
#include "traffic/stream-pattern.h"
#include "traffic/traffic-plan.h"
#include "traffic/traffic-report.h"

namespace sallyport::traffic {

/// Judges what comes back from the relay: each packet is opened and compared with what was sent.
/// Everything it needs is allocated when it is made.
class Reception {
 public:
  explicit Reception(TrafficPlan& plan);

  /// Called before a packet goes out; `now` as of CLOCK_REALTIME, in nanoseconds.
  void onSending(PacketName name, std::uint64_t now) noexcept { sentAt_[indexOf(name)] = now; }
  /// Opens `packet` in place. `at` is when the kernel took it in.
  void onPacket(std::span<std::uint8_t> packet, const media::TransportAddress& from,
                std::uint64_t at) noexcept;

  [[nodiscard]] std::uint64_t delivered() const noexcept { return report_.delivered; }
  /// Counters and latencies; what belongs to sending is left at zero.
  [[nodiscard]] TrafficReport conclude() noexcept;

 private:
  [[nodiscard]] std::size_t indexOf(PacketName name) const noexcept {
    return std::size_t{name.stream} * plan_.packetsPerStream + name.round;
  }

  TrafficPlan& plan_;
  StreamPattern pattern_;
  std::vector<std::uint64_t> sentAt_;
  std::vector<bool> isDelivered_;
  /// By stream: one more than the highest round delivered.
  std::vector<std::uint32_t> nextRound_;
  std::vector<std::uint64_t> latencies_;
  TrafficReport report_;
};

}  // namespace sallyport::traffic
