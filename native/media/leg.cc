#include "media/leg.h"

#include <utility>

#include "media/demux.h"
#include "media/packet-view.h"

namespace sallyport::media {

namespace {

/// Tags below this many octets are guessable enough that one of them proves too little (DESIGN
/// §3.7).
constexpr std::size_t kFullTagOctets = 10;
constexpr std::uint8_t kProofsWithShortTag = 3;

DropReason reasonFor(srtp::UnprotectFailure failure) noexcept {
  switch (failure) {
    case srtp::UnprotectFailure::replayed:
      return DropReason::replayed;
    case srtp::UnprotectFailure::tooOld:
      return DropReason::tooOld;
    case srtp::UnprotectFailure::badTag:
      return DropReason::badTag;
    case srtp::UnprotectFailure::unknownMki:
      return DropReason::unknownMki;
    case srtp::UnprotectFailure::keyExpired:
      return DropReason::expiredKey;
    case srtp::UnprotectFailure::malformed:
      return DropReason::malformed;
    case srtp::UnprotectFailure::tooManySources:
      return DropReason::tooManySources;
    case srtp::UnprotectFailure::internal:
      return DropReason::internal;
  }
  return DropReason::internal;
}

DropReason reasonFor(srtp::ProtectFailure failure) noexcept {
  switch (failure) {
    case srtp::ProtectFailure::repeatedIndex:
      return DropReason::replayed;
    case srtp::ProtectFailure::keyExpired:
    case srtp::ProtectFailure::indexExhausted:
      return DropReason::expiredKey;
    case srtp::ProtectFailure::malformed:
      return DropReason::malformed;
    case srtp::ProtectFailure::tooManySources:
      return DropReason::tooManySources;
    case srtp::ProtectFailure::internal:
      return DropReason::internal;
  }
  return DropReason::internal;
}

OriginGuard makeGuard(const LegConfiguration& configuration, const TransportAddress& remote,
                      std::uint8_t proofsNeeded) noexcept {
  switch (configuration.source) {
    case SourceRule::declared:
      return OriginGuard::declared(remote);
    case SourceRule::learned:
      return OriginGuard::learned(remote, proofsNeeded);
    case SourceRule::signallingAddress:
      return OriginGuard::signallingAddress(remote, configuration.signallingHost);
  }
  return {};
}

}  // namespace

std::optional<ConfigureFailure> Leg::configure(LegConfiguration configuration) noexcept {
  if (configuration.isClear) {
    if (configuration.source == SourceRule::learned) return ConfigureFailure::learningNeedsSrtp;
    inbound_.reset();
    outbound_.reset();
  } else if ((!configuration.inbound && !inbound_) || (!configuration.outbound && !outbound_)) {
    return ConfigureFailure::noSession;
  }

  const bool isSamePeer =
      isConfigured_ && isClear_ == configuration.isClear && !configuration.inbound;
  if (configuration.inbound) {
    if (inbound_) {
      inbound_->rekey(std::move(configuration.inbound), configuration.inboundRekey);
    } else {
      inbound_.emplace(std::move(configuration.inbound));
    }
    tagOctets_ = configuration.tagOctets;
  }
  if (configuration.outbound) {
    if (outbound_ && configuration.outboundRollover == srtp::RolloverRule::keep) {
      configuration.outbound->adoptIndices(*outbound_);
    }
    outbound_ = std::move(configuration.outbound);
  }
  isConfigured_ = true;
  isClear_ = configuration.isClear;
  direction_ = configuration.direction;
  payloadTypes_ = configuration.payloadTypes;

  // The tag of SRTCP has 80 bits in every suite (RFC 3711 §3.4).
  const std::uint8_t proofs = tagOctets_ < kFullTagOctets ? kProofsWithShortTag : 1;
  const OriginGuard rtp = makeGuard(configuration, configuration.remoteRtp, proofs);
  const OriginGuard rtcp = makeGuard(configuration, configuration.remoteRtcp, 1);
  if (!isSamePeer || !rtpGuard_.hasSameRule(rtp)) rtpGuard_ = rtp;
  if (!isSamePeer || !rtcpGuard_.hasSameRule(rtcp)) rtcpGuard_ = rtcp;
  return std::nullopt;
}

bool Leg::wouldMixDirections(const LegConfiguration& next, const Leg& other) const noexcept {
  for (const srtp::SrtpOutbound* outbound :
       {next.outbound.get(), outbound_.get(), other.outbound_.get()}) {
    if (outbound != nullptr && next.inbound && next.inbound->sharesKeyWith(*outbound)) return true;
  }
  if (!next.outbound) return false;
  return (inbound_ && inbound_->sharesKeyWith(*next.outbound)) ||
         (other.inbound_ && other.inbound_->sharesKeyWith(*next.outbound));
}

void Leg::onTick(std::uint64_t nowMs) noexcept {
  if (inbound_) inbound_->onTick(nowMs);
}

std::optional<srtp::KeyNotice> Leg::takeInboundNotice() noexcept {
  return inbound_ ? inbound_->takeNotice() : std::nullopt;
}

std::optional<srtp::KeyNotice> Leg::takeOutboundNotice() noexcept {
  return outbound_ ? outbound_->takeNotice() : std::nullopt;
}

Result<std::size_t, DropReason> Leg::open(const Arrival& arrival, std::uint64_t nowMs) noexcept {
  if (!isConfigured_) return DropReason::noRoute;
  if (!guard(arrival.channel).admits(arrival.from)) return DropReason::wrongSource;
  if (arrival.isTruncated) return DropReason::malformed;

  const std::span<std::uint8_t> packet = arrival.room.first(arrival.length);
  if (classifyDatagram(packet) != DatagramKind::media) return DropReason::malformed;
  return arrival.channel == Channel::rtp ? openRtp(packet, arrival.from, nowMs)
                                         : openRtcp(packet, arrival.from, nowMs);
}

Result<std::size_t, DropReason> Leg::openRtp(std::span<std::uint8_t> packet,
                                             const TransportAddress& from,
                                             std::uint64_t nowMs) noexcept {
  if (!RtpPacketView::parse(packet)) return DropReason::malformed;
  if (inbound_) {
    const auto opened = inbound_->unprotectRtp(packet, nowMs);
    if (!opened.ok()) {
      if (opened.failure() == srtp::UnprotectFailure::badTag) rtpGuard_.onRefuted(from);
      return reasonFor(opened.failure());
    }
    packet = packet.first(opened.value());
  }

  const auto view = RtpPacketView::parse(packet);
  if (!view || !view->hasSoundPadding()) return DropReason::malformed;
  if (!payloadTypes_.test(view->payloadType())) return DropReason::unknownPayloadType;
  rtpGuard_.onVouched(from);
  // Opened all the same, so that a long hold does not lose count of the index.
  if (direction_ == Direction::sendonly || direction_ == Direction::inactive) {
    return DropReason::direction;
  }
  return packet.size();
}

Result<std::size_t, DropReason> Leg::openRtcp(std::span<std::uint8_t> packet,
                                              const TransportAddress& from,
                                              std::uint64_t nowMs) noexcept {
  if (!beginsLikeRtcp(packet)) return DropReason::malformed;
  if (inbound_) {
    const auto opened = inbound_->unprotectRtcp(packet, nowMs);
    if (!opened.ok()) {
      if (opened.failure() == srtp::UnprotectFailure::badTag) rtcpGuard_.onRefuted(from);
      return reasonFor(opened.failure());
    }
    packet = packet.first(opened.value());
  }
  if (!isSoundRtcp(packet)) return DropReason::malformed;
  // RTCP goes on whatever the direction (RFC 3264 §5.1).
  rtcpGuard_.onVouched(from);
  return packet.size();
}

Result<std::size_t, DropReason> Leg::seal(Channel channel, std::span<std::uint8_t> room,
                                          std::size_t length) noexcept {
  if (!isConfigured_) return DropReason::noRoute;
  if (channel == Channel::rtp &&
      (direction_ == Direction::recvonly || direction_ == Direction::inactive)) {
    return DropReason::direction;
  }
  if (!outbound_) return length;

  const auto sealed = channel == Channel::rtp ? outbound_->protectRtp(room, length)
                                              : outbound_->protectRtcp(room, length);
  if (!sealed.ok()) return reasonFor(sealed.failure());
  return sealed.value();
}

}  // namespace sallyport::media
