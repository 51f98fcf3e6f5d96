#include "srtp/rollover-probe.h"

#include <algorithm>

#include "srtp/packet-layout.h"

namespace sallyport::srtp {

namespace {

constexpr std::uint64_t kIndicesPerRollover = 65536;
constexpr std::uint64_t kMaxIndex = (std::uint64_t{1} << 48) - 1;

/// True when `next` may be the packet that comes after `index`, others between them lost.
constexpr bool follows(std::uint64_t next, std::uint64_t index) noexcept {
  return next > index && next - index < kIndicesPerRollover / 2;
}

}  // namespace

RolloverProbe::RolloverProbe(std::uint32_t maxRollovers)
    : maxRollovers_(maxRollovers),
      scratch_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxTriedOctets)) {}

bool RolloverProbe::findIndex(SrtpInbound& inbound, std::span<const std::uint8_t> packet,
                              std::uint64_t nowMs) noexcept {
  const auto header = readRtpHeader(packet);
  if (!header || packet.size() > kMaxTriedOctets) return false;

  const std::span<std::uint8_t> scratch(scratch_.get(), packet.size());
  const std::uint64_t highest = inbound.highestIndex(header->ssrc).value_or(0);
  const std::uint64_t least = highest - highest % kIndicesPerRollover + header->sequenceNumber;
  Candidate* candidate = findCandidate(header->ssrc);
  for (std::uint32_t rollovers = 0; rollovers <= maxRollovers_; ++rollovers) {
    const std::uint64_t index = least + rollovers * kIndicesPerRollover;
    if (index <= highest) continue;
    // A packet that was not tried does not speak against the candidate.
    if (index > kMaxIndex || !mayTry(nowMs)) return false;
    std::ranges::copy(packet, scratch.begin());
    if (!inbound.opensAt(header->ssrc, index, scratch)) continue;

    if (candidate == nullptr) {
      candidate = &candidates_[nextCandidate_++ % candidates_.size()];
      *candidate = {.ssrc = header->ssrc, .index = index};
      return false;
    }
    if (!follows(index, candidate->index)) {
      candidate->index = index;
      return false;
    }
    *candidate = {};
    return inbound.expectIndex(header->ssrc, index);
  }
  if (candidate != nullptr) *candidate = {};
  return false;
}

bool RolloverProbe::mayTry(std::uint64_t nowMs) noexcept {
  constexpr std::uint64_t secondMs = 1000;
  if (nowMs - secondBeganMs_ >= secondMs) {
    secondBeganMs_ = nowMs;
    tries_ = 0;
  }
  if (tries_ == kMaxTriesPerSecond) return false;
  ++tries_;
  return true;
}

RolloverProbe::Candidate* RolloverProbe::findCandidate(std::uint32_t ssrc) noexcept {
  const auto found = std::ranges::find_if(candidates_, [&](const Candidate& candidate) {
    return candidate.index != 0 && candidate.ssrc == ssrc;
  });
  return found == candidates_.end() ? nullptr : &*found;
}

}  // namespace sallyport::srtp
