#include "traffic/reception.h"

#include <algorithm>

namespace sallyport::traffic {

Reception::Reception(TrafficPlan& plan)
    : plan_(plan),
      pattern_(plan),
      sentAt_(plan.packets()),
      isDelivered_(plan.packets()),
      nextRound_(plan.streams()) {
  latencies_.reserve(plan.packets());
}

void Reception::onPacket(std::span<std::uint8_t> packet, const media::TransportAddress& from,
                         std::uint64_t at) noexcept {
  const auto name = pattern_.nameOf(packet);
  if (!name) {
    report_.strange++;
    return;
  }
  const Party& receiver = plan_.calls[name->stream / 2][1 - name->stream % 2];
  if (from != receiver.relay) {
    report_.strange++;
    return;
  }

  const std::size_t index = indexOf(*name);
  if (isDelivered_[index]) {
    // Its session would call it replayed: the count says more.
    report_.duplicated++;
    return;
  }
  if (receiver.inbound) {
    const auto length = receiver.inbound->unprotectRtp(packet);
    if (!length) {
      report_.unauthentic++;
      return;
    }
    packet = packet.first(length.value());
  }
  if (!pattern_.matches(*name, packet)) {
    report_.altered++;
    return;
  }

  isDelivered_[index] = true;
  report_.delivered++;
  std::uint32_t& next = nextRound_[name->stream];
  if (name->round < next) report_.reordered++;
  next = std::max(next, name->round + 1);
  // A clock that was set back meanwhile makes no negative latency.
  latencies_.push_back(at - std::min(at, sentAt_[index]));
}

TrafficReport Reception::conclude() noexcept {
  TrafficReport report = report_;
  report.latencyP50 = quantile(latencies_, 500);
  report.latencyP99 = quantile(latencies_, 990);
  report.latencyMax = quantile(latencies_, 1000);
  return report;
}

}  // namespace sallyport::traffic
