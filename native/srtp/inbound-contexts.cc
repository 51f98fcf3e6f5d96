#include "srtp/inbound-contexts.h"

#include <algorithm>
#include <utility>

#include "srtp/packet-layout.h"
#include "srtp/srtp-outbound.h"

namespace sallyport::srtp {

namespace {

/// Packets under the old key that are still on their way when the first under the new one comes.
constexpr std::uint64_t kLateUnderOldKeyMs = 500;

/// How much a failure tells of a packet that two contexts refused: the one that knows its index or
/// its key speaks for both.
int weight(UnprotectFailure failure) noexcept {
  switch (failure) {
    case UnprotectFailure::malformed:
      return 0;
    case UnprotectFailure::unknownMki:
      return 1;
    case UnprotectFailure::badTag:
      return 2;
    case UnprotectFailure::tooManySources:
    case UnprotectFailure::internal:
      return 3;
    case UnprotectFailure::tooOld:
      return 4;
    case UnprotectFailure::replayed:
      return 5;
    case UnprotectFailure::keyExpired:
      return 6;
  }
  return 0;
}

}  // namespace

InboundContexts::InboundContexts(std::unique_ptr<SrtpInbound> first,
                                 const InboundRules& rules) noexcept
    : current_(std::move(first)) {
  prepare(rules);
}

void InboundContexts::rekey(std::unique_ptr<SrtpInbound> next, const InboundRules& rules) noexcept {
  // A key that no packet has come under yet may have been superseded before the peer saw it.
  if (hasCurrentOpened_ || !previous_) previous_ = std::move(current_);
  current_ = std::move(next);

  // Under a key that stays a counter that starts again would open recorded packets again.
  sharesIndices_ = rules.rollover == RolloverRule::keep || current_->sharesKeyWith(*previous_);
  if (sharesIndices_) current_->adoptIndices(*previous_);
  hasCurrentOpened_ = false;
  namesKeys_ = current_->usesMki() && previous_->usesMki();
  graceMs_ = rules.graceMs;
  previousEndsMs_.reset();
  prepare(rules);
}

void InboundContexts::prepare(const InboundRules& rules) noexcept {
  probe_.reset();
  if (rules.lateJoinRollovers > 0) probe_.emplace(rules.lateJoinRollovers);
  const bool mayTryAgain = previous_ != nullptr || probe_;
  const bool isSpoilt = current_->isAead() || (previous_ && previous_->isAead());
  copy_ = mayTryAgain && isSpoilt ? std::make_unique_for_overwrite<std::uint8_t[]>(kMaxPacketOctets)
                                  : nullptr;
}

Result<std::size_t, UnprotectFailure> InboundContexts::unprotectRtp(std::span<std::uint8_t> packet,
                                                                    std::uint64_t nowMs) noexcept {
  return open<Kind::rtp>(packet, nowMs);
}

Result<std::size_t, UnprotectFailure> InboundContexts::unprotectRtcp(std::span<std::uint8_t> packet,
                                                                     std::uint64_t nowMs) noexcept {
  return open<Kind::rtcp>(packet, nowMs);
}

template <InboundContexts::Kind kind>
Result<std::size_t, UnprotectFailure> InboundContexts::open(std::span<std::uint8_t> packet,
                                                            std::uint64_t nowMs) noexcept {
  const auto unprotect = [&](SrtpInbound& context) {
    return kind == Kind::rtp ? context.unprotectRtp(packet) : context.unprotectRtcp(packet);
  };
  onTick(nowMs);
  const std::span<const std::uint8_t> kept = keepCopy(packet);
  auto opened = unprotect(*current_);
  if (!opened.ok() && previous_) {
    std::ranges::copy(kept, packet.begin());
    const auto openedByPrevious = unprotect(*previous_);
    if (openedByPrevious.ok()) {
      if (kind == Kind::rtp) mirror(*previous_, *current_, packet);
      return openedByPrevious;
    }
    opened = std::max(opened.failure(), openedByPrevious.failure(),
                      [](auto left, auto right) { return weight(left) < weight(right); });
  }
  if (kind == Kind::rtp && probe_ && !opened.ok() && opened.failure() == UnprotectFailure::badTag) {
    std::ranges::copy(kept, packet.begin());
    if (probe_->findIndex(*current_, packet, nowMs)) opened = unprotect(*current_);
  }
  if (!opened.ok()) return opened;

  hasCurrentOpened_ = true;
  if (previous_ != nullptr) {
    if (!namesKeys_ && !previousEndsMs_) previousEndsMs_ = nowMs + kLateUnderOldKeyMs;
    if (kind == Kind::rtp) mirror(*current_, *previous_, packet);
  }
  return opened;
}

std::span<const std::uint8_t> InboundContexts::keepCopy(
    std::span<const std::uint8_t> packet) noexcept {
  if (copy_ == nullptr || packet.size() > kMaxPacketOctets) return {};
  std::ranges::copy(packet, copy_.get());
  return {copy_.get(), packet.size()};
}

void InboundContexts::mirror(const SrtpInbound& from, SrtpInbound& to,
                             std::span<const std::uint8_t> packet) const noexcept {
  const auto header = readRtpHeader(packet);  // SRTP leaves it in clear
  if (sharesIndices_ && header) to.mirrorRtp(from, header->ssrc, header->sequenceNumber);
}

void InboundContexts::onTick(std::uint64_t nowMs) noexcept {
  if (previous_ == nullptr) return;
  if (namesKeys_ && !previousEndsMs_) previousEndsMs_ = nowMs + graceMs_;
  if (!previousEndsMs_ || nowMs < *previousEndsMs_) return;
  previous_.reset();
  if (!probe_) copy_.reset();
}

bool InboundContexts::sharesKeyWith(const SrtpOutbound& outbound) const noexcept {
  return current_->sharesKeyWith(outbound) || (previous_ && previous_->sharesKeyWith(outbound));
}

std::optional<KeyNotice> InboundContexts::takeNotice() noexcept {
  auto notice = current_->takeNotice();
  if (!notice && previous_) notice = previous_->takeNotice();
  return notice;
}

}  // namespace sallyport::srtp
