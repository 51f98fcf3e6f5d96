#include "traffic/protection-timing.h"

#include <memory>
#include <utility>

#include "srtp/srtp-inbound.h"
#include "srtp/srtp-outbound.h"
#include "traffic/protection-loop.h"
#include "traffic/stream-pattern.h"
#include "traffic/traffic-plan.h"

namespace sallyport::traffic {

namespace {

std::optional<srtp::SessionOptions> freshKey(srtp::Suite suite) {
  auto key = srtp::MasterKey::generate(suite);
  if (!key) return std::nullopt;
  srtp::SessionOptions options;
  options.keys.push_back({std::make_shared<const srtp::MasterKey>(std::move(key).value()), {}});
  return options;
}

/// Both halves of a session of ours and the packets of one stream.
struct Sessions {
  srtp::SrtpOutbound& outbound;
  srtp::SrtpInbound& inbound;
  StreamPattern pattern;

  std::size_t write(std::uint32_t round, std::span<std::uint8_t> room) const noexcept {
    pattern.write({0, round}, room);
    return pattern.packetOctets();
  }
  std::optional<std::size_t> protect(std::span<std::uint8_t> room, std::size_t length) noexcept {
    const auto sealed = outbound.protectRtp(room, length);
    return sealed ? std::optional(sealed.value()) : std::nullopt;
  }
  std::optional<std::size_t> unprotect(std::span<std::uint8_t> room, std::size_t length) noexcept {
    const auto opened = inbound.unprotectRtp(room.first(length));
    return opened ? std::optional(opened.value()) : std::nullopt;
  }
  bool matches(std::uint32_t round, std::span<const std::uint8_t> packet) const noexcept {
    return pattern.matches({0, round}, packet);
  }
};

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
  Sessions sessions{*outbound.value(), *inbound.value(), StreamPattern(plan)};
  return timeProtectionOf(sessions, sessions.pattern.packetOctets() + srtp::kMaxTrailerOctets,
                          packets);
}

}  // namespace sallyport::traffic
