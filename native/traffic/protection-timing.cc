#include "traffic/protection-timing.h"

#include <time.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "srtp/srtp-inbound.h"
#include "srtp/srtp-outbound.h"
#include "traffic/stream-pattern.h"
#include "traffic/traffic-plan.h"

namespace sallyport::traffic {

namespace {

double threadTimeNs() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::optional<srtp::SessionOptions> freshKey(srtp::Suite suite) {
  auto key = srtp::MasterKey::generate(suite);
  if (!key) return std::nullopt;
  srtp::SessionOptions options;
  options.keys.push_back({std::make_shared<const srtp::MasterKey>(std::move(key).value()), {}});
  return options;
}

/// Packets that stay in the nearer caches: what a worker has in hand at one time.
constexpr std::uint32_t kBatch = 64;

}  // namespace

std::optional<ProtectionTiming> timeProtection(srtp::Suite suite, std::size_t payloadOctets,
                                               std::uint32_t packets) {
  const auto options = freshKey(suite);
  if (!options || packets == 0 || packets > kMaxPacketsPerStream ||
      payloadOctets > kMaxPayloadOctets) {
    return std::nullopt;
  }
  auto outbound = srtp::SrtpOutbound::create(*options);
  auto inbound = srtp::SrtpInbound::create(*options);
  if (!outbound || !inbound) return std::nullopt;

  TrafficPlan plan;
  plan.calls.resize(1);
  plan.packetsPerStream = packets;
  plan.payloadOctets = payloadOctets;
  const StreamPattern pattern(plan);
  const std::size_t length = pattern.packetOctets();
  std::vector<std::vector<std::uint8_t>> rooms(
      kBatch, std::vector<std::uint8_t>(length + srtp::kMaxTrailerOctets));
  std::vector<std::size_t> lengths(kBatch);
  ProtectionTiming total;
  for (std::uint32_t first = 0; first < packets; first += kBatch) {
    const std::uint32_t count = std::min(kBatch, packets - first);
    for (std::uint32_t i = 0; i < count; ++i) pattern.write({0, first + i}, rooms[i]);

    const double start = threadTimeNs();
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto sealed = outbound.value()->protectRtp(rooms[i], length);
      if (!sealed) return std::nullopt;
      lengths[i] = sealed.value();
    }
    const double middle = threadTimeNs();
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto opened = inbound.value()->unprotectRtp(std::span(rooms[i]).first(lengths[i]));
      if (!opened) return std::nullopt;
      lengths[i] = opened.value();
    }
    const double end = threadTimeNs();
    total.protectNs += middle - start;
    total.unprotectNs += end - middle;

    for (std::uint32_t i = 0; i < count; ++i) {
      if (!pattern.matches({0, first + i}, std::span(rooms[i]).first(lengths[i]))) {
        return std::nullopt;
      }
    }
  }
  return ProtectionTiming{total.protectNs / packets, total.unprotectNs / packets};
}

}  // namespace sallyport::traffic
