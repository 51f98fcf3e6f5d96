#include "media/side-protocols.h"

#include <utility>

#include "media/stun-answer.h"

namespace sallyport::media {

void SideProtocols::configure(std::unique_ptr<StunResponder> stun, bool reportsDtls) noexcept {
  stun_ = std::move(stun);
  reportsDtls_ = reportsDtls;
  hasReportedZrtp_ = false;
}

SideOutcome SideProtocols::receive(DatagramKind kind, std::span<std::uint8_t> room,
                                   std::size_t length, const TransportAddress& from,
                                   std::uint64_t nowMs) noexcept {
  switch (kind) {
    case DatagramKind::stun:
      return receiveStun(room, length, from, nowMs);
    case DatagramKind::dtls:
      if (!reportsDtls_ || length > kMaxReportedOctets || !dtlsRate_.take(nowMs)) {
        return {.dropped = DropReason::dtls};
      }
      return {.isReported = true};
    case DatagramKind::zrtp:
      return {.dropped = DropReason::zrtp, .isReported = !std::exchange(hasReportedZrtp_, true)};
    case DatagramKind::turnChannel:
      return {.dropped = DropReason::turnChannel};
    case DatagramKind::media:
    case DatagramKind::unknown:
      return {.dropped = DropReason::malformed};
  }
  return {.dropped = DropReason::malformed};
}

SideOutcome SideProtocols::receiveStun(std::span<std::uint8_t> room, std::size_t length,
                                       const TransportAddress& from, std::uint64_t nowMs) noexcept {
  if (!stun_ || room.size() < StunAnswer::kMaxOctets) return {.dropped = DropReason::stun};
  const auto answered = stun_->answer(room, length, from, nowMs);
  if (answered) return {.answerOctets = answered.value()};
  return {.dropped = DropReason::stun,
          .isRefuted = answered.failure() == StunRefusal::unauthenticated};
}

}  // namespace sallyport::media
