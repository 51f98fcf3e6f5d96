#include "media/leg.h"

#include <algorithm>
#include <utility>

#include "media/packet-view.h"
#include "media/rtcp-mux.h"
#include "srtp/hot-lines.h"

namespace sallyport::media {

namespace {

/// Tags below this many octets are guessable enough that one of them proves too little (DESIGN
/// §3.7).
constexpr std::size_t kFullTagOctets = 10;
constexpr std::uint8_t kProofsWithShortTag = 3;
/// A move takes more than a beginning: whoever hears the peer may try to outrun him.
constexpr std::uint8_t kProofsToMove = 5;
constexpr std::uint8_t kProofsToMoveWithShortTag = 15;
/// RTCP comes every few seconds only (RFC 3550 §6.2), and its tag is never short.
constexpr std::uint8_t kRtcpProofsToMove = 2;

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

/// What the guards of both channels have in common.
GuardSettings guardSettings(const LegConfiguration& configuration) noexcept {
  GuardSettings settings;
  settings.rule = configuration.source;
  if (settings.rule == SourceRule::subnet || settings.rule == SourceRule::signallingAddress) {
    settings.block = configuration.sourceBlock;
  }
  return settings;
}

}  // namespace

std::optional<ConfigureFailure> Leg::configure(LegConfiguration configuration,
                                               std::uint64_t nowMs) noexcept {
  if (!configuration.remoteRtp.isUnicast() || !configuration.remoteRtcp.isUnicast()) {
    return ConfigureFailure::remoteNotUnicast;
  }
  if (configuration.isClear) {
    if (configuration.source == SourceRule::learned || configuration.mayMove) {
      return ConfigureFailure::learningNeedsSrtp;
    }
    inbound_.reset();
    outbound_.reset();
    if (!recentlySent_) recentlySent_ = std::make_unique<RecentlySent>();
  } else if ((!configuration.inbound && !inbound_) || (!configuration.outbound && !outbound_)) {
    return ConfigureFailure::noSession;
  }

  auto peer = OriginGuard::Peer::other;
  if (isConfigured_ && isClear_ == configuration.isClear) {
    peer = configuration.inbound ? OriginGuard::Peer::rekeyed : OriginGuard::Peer::same;
  }
  if (configuration.inbound) {
    if (inbound_) {
      inbound_->rekey(std::move(configuration.inbound), configuration.inboundRules);
    } else {
      inbound_.emplace(std::move(configuration.inbound), configuration.inboundRules);
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
  isMultiplexed_ = configuration.isMultiplexed;
  direction_ = configuration.direction;
  payloadTypes_ = configuration.payloadTypes;
  if (!isClear_) recentlySent_.reset();
  passesReflections_ = configuration.passesReflections;
  side_.configure(std::move(configuration.stun), configuration.reportsDtls);

  GuardSettings rtcp = guardSettings(configuration);
  rtcp.declared = configuration.remoteRtcp;
  rtcp.proofsToMove = configuration.mayMove ? kRtcpProofsToMove : 0;
  GuardSettings rtp = rtcp;
  rtp.declared = configuration.remoteRtp;
  // The tag of SRTCP has 80 bits in every suite (RFC 3711 §3.4).
  const bool isTagShort = !isClear_ && tagOctets_ < kFullTagOctets;
  if (isTagShort) rtp.proofsToSettle = kProofsWithShortTag;
  if (configuration.mayMove) {
    rtp.proofsToMove = isTagShort ? kProofsToMoveWithShortTag : kProofsToMove;
  }
  rtpGuard_.change(rtp, peer, nowMs);
  rtcpGuard_.change(rtcp, peer, nowMs);
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

Channel Leg::channelOf(const Arrival& arrival) const noexcept {
  if (!isMultiplexed_ || arrival.channel == Channel::rtcp) return arrival.channel;
  const std::size_t octets = std::min(arrival.length, arrival.room.size());
  return isRtcpOfSharedPort(arrival.room.first(octets)) ? Channel::rtcp : Channel::rtp;
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

std::optional<DropReason> Leg::admit(const Arrival& arrival, std::uint64_t nowMs) noexcept {
  if (!isConfigured_) return DropReason::noRoute;
  switch (guard(arrival.channel).ask(arrival.from, nowMs)) {
    case OriginGuard::Verdict::admitted:
      break;
    case OriginGuard::Verdict::wrongSource:
      return DropReason::wrongSource;
    case OriginGuard::Verdict::unproven:
      return DropReason::unprovenSource;
  }
  if (arrival.isTruncated) return DropReason::malformed;
  return std::nullopt;
}

SideOutcome Leg::receiveOther(const Arrival& arrival, DatagramKind kind,
                              std::uint64_t nowMs) noexcept {
  const SideOutcome outcome =
      side_.receive(kind, arrival.room, arrival.length, arrival.from, nowMs);
  if (outcome.isRefuted) guard(arrival.channel).onRefuted(arrival.from, nowMs);
  return outcome;
}

Result<std::size_t, DropReason> Leg::open(const Arrival& arrival, std::uint64_t nowMs) noexcept {
  return arrival.channel == Channel::rtp ? openRtp(arrival, nowMs) : openRtcp(arrival, nowMs);
}

Result<std::size_t, DropReason> Leg::openRtp(const Arrival& arrival, std::uint64_t nowMs) noexcept {
  std::span<std::uint8_t> packet = arrival.room.first(arrival.length);
  if (!RtpPacketView::parse(packet)) return DropReason::malformed;
  if (inbound_) {
    const auto opened = inbound_->unprotectRtp(packet, nowMs);
    if (!opened.ok()) {
      if (opened.failure() == srtp::UnprotectFailure::badTag) {
        rtpGuard_.onRefuted(arrival.from, nowMs);
      }
      return reasonFor(opened.failure());
    }
    packet = packet.first(opened.value());
  }

  const auto view = RtpPacketView::parse(packet);
  if (!view || !view->hasSoundPadding()) return DropReason::malformed;
  if (recentlySent_ && !passesReflections_ && recentlySent_->has(*view)) {
    return DropReason::reflected;
  }
  if (!payloadTypes_.test(view->payloadType())) return DropReason::unknownPayloadType;
  return packet.size();
}

Result<std::size_t, DropReason> Leg::openRtcp(const Arrival& arrival,
                                              std::uint64_t nowMs) noexcept {
  std::span<std::uint8_t> packet = arrival.room.first(arrival.length);
  if (!beginsLikeRtcp(packet)) return DropReason::malformed;
  if (inbound_) {
    const auto opened = inbound_->unprotectRtcp(packet, nowMs);
    if (!opened.ok()) {
      if (opened.failure() == srtp::UnprotectFailure::badTag) {
        guard(Channel::rtcp).onRefuted(arrival.from, nowMs);
      }
      return reasonFor(opened.failure());
    }
    packet = packet.first(opened.value());
  }
  if (!isSoundRtcp(packet)) return DropReason::malformed;
  return packet.size();
}

std::optional<DropReason> Leg::accept(const Arrival& arrival) noexcept {
  sourceChange_ = guard(arrival.channel).onVouched(arrival.from);
  // Opened all the same, so that a long hold does not lose count of the index. RTCP goes on
  // whatever the direction (RFC 3264 §5.1).
  const bool isHeld = direction_ == Direction::sendonly || direction_ == Direction::inactive;
  if (arrival.channel == Channel::rtp && isHeld) return DropReason::direction;
  return std::nullopt;
}

Result<std::size_t, DropReason> Leg::seal(Channel channel, std::span<std::uint8_t> room,
                                          std::size_t length) noexcept {
  if (!isConfigured_) return DropReason::noRoute;
  if (!sends(channel)) return DropReason::direction;
  if (!outbound_) {
    if (channel == Channel::rtp && recentlySent_) {
      if (const auto view = RtpPacketView::parse(room.first(length))) recentlySent_->note(*view);
    }
    return length;
  }

  const auto sealed = channel == Channel::rtp ? outbound_->protectRtp(room, length)
                                              : outbound_->protectRtcp(room, length);
  if (!sealed.ok()) return reasonFor(sealed.failure());
  return sealed.value();
}

namespace {

/// Steps 1 to 3 of the way to the crypto context of `session`.
template <typename Session>
void prefetchSession(const Session* session, std::size_t step) noexcept {
  if (session == nullptr) return;
  if (step == 1) srtp::prefetchObject(session);
  if (step == 2) session->prefetchContext();
  if (step == 3) session->prefetchHotLines();
}

}  // namespace

void Leg::prefetchForOpening(std::size_t step) const noexcept {
  if (step == 0) {
    srtp::prefetchObject(this);
  } else {
    prefetchSession(inbound_ ? &inbound_->current() : nullptr, step);
  }
}

void Leg::prefetchForSealing(std::size_t step) const noexcept {
  if (step == 0) {
    srtp::prefetchObject(this);
  } else {
    prefetchSession(outbound_.get(), step);
  }
}

}  // namespace sallyport::media
