#include "srtp/srtp-inbound.h"

#include "srtp/crypto-context.h"
#include "srtp/packet-layout.h"
#include "srtp/srtp-library.h"
#include "srtp/srtp-outbound.h"

namespace sallyport::srtp {

namespace {

UnprotectFailure failureOf(srtp_err_status_t status) noexcept {
  switch (status) {
    case srtp_err_status_auth_fail:
      return UnprotectFailure::badTag;
    case srtp_err_status_replay_fail:
      return UnprotectFailure::replayed;
    case srtp_err_status_replay_old:
    case srtp_err_status_pkt_idx_old:
      return UnprotectFailure::tooOld;
    case srtp_err_status_key_expired:
      return UnprotectFailure::keyExpired;
    case srtp_err_status_bad_mki:
      return UnprotectFailure::unknownMki;
    case srtp_err_status_bad_param:
    case srtp_err_status_parse_err:
      return UnprotectFailure::malformed;
    default:
      return UnprotectFailure::internal;
  }
}

}  // namespace

SrtpInbound::SrtpInbound(std::unique_ptr<CryptoContext> context) noexcept
    : context_(std::move(context)) {}
SrtpInbound::~SrtpInbound() = default;

Result<std::unique_ptr<SrtpInbound>, SessionFailure> SrtpInbound::create(
    const SessionOptions& options) {
  if (startLibrary() != LibraryState::usable) return SessionFailure::libraryUnusable;
  return withoutStartingLibrary(options);
}

Result<std::unique_ptr<SrtpInbound>, SessionFailure> SrtpInbound::withoutStartingLibrary(
    const SessionOptions& options) {
  auto context = CryptoContext::create(Direction::inbound, options);
  if (!context) return context.failure();
  return std::unique_ptr<SrtpInbound>(new SrtpInbound(std::move(context).value()));
}

// SRTP (RFC 3711 §3.1)   header | payload | MKI | tag        AES-CM
//       (RFC 7714 §8.2)   header | payload | tag | MKI        AES-GCM
Result<std::size_t, UnprotectFailure> SrtpInbound::unprotectRtp(
    std::span<std::uint8_t> packet) noexcept {
  const SuiteTraits& suite = context_->suite();
  const std::size_t mkiOctets = context_->mkiOctets();
  const auto header = readRtpHeader(packet);
  if (!header || packet.size() > kMaxPacketOctets ||
      packet.size() < header->octets + suite.rtpTagOctets + mkiOctets) {
    return UnprotectFailure::malformed;
  }

  const std::size_t afterMki = suite.isAead ? 0 : suite.rtpTagOctets;
  const auto key = context_->keyNamed(packet.last(mkiOctets + afterMki).first(mkiOctets));
  if (!key) return UnprotectFailure::unknownMki;
  if (!context_->mayUse(*key)) return UnprotectFailure::keyExpired;

  Source* source = context_->findSource(header->ssrc);
  if (source == nullptr && context_->isFull()) return UnprotectFailure::tooManySources;
  if (source != nullptr) {
    if (context_->runsOutOfIndices(*source, header->sequenceNumber)) {
      return UnprotectFailure::keyExpired;
    }
    context_->offerRolloverCounter(*source);
  }

  int length = static_cast<int>(packet.size());
  const srtp_err_status_t status =
      srtp_unprotect_mki(context_->rtpSession(), packet.data(), &length, context_->usesMki());
  if (source != nullptr) context_->settleRolloverCounter(*source, status == srtp_err_status_ok);
  if (status != srtp_err_status_ok) return failureOf(status);

  context_->countRtp(*key);
  context_->onRtp(source != nullptr ? *source : context_->addSource(header->ssrc));
  return static_cast<std::size_t>(length);
}

// SRTCP (RFC 3711 §3.4)   header | payload | E, index | MKI | tag        AES-CM
//        (RFC 7714 §9.2)   header | payload | tag | E, index | MKI        AES-GCM
Result<std::size_t, UnprotectFailure> SrtpInbound::unprotectRtcp(
    std::span<std::uint8_t> packet) noexcept {
  const SuiteTraits& suite = context_->suite();
  const std::size_t mkiOctets = context_->mkiOctets();
  const auto ssrc = readRtcpSsrc(packet);
  if (!ssrc || packet.size() > kMaxPacketOctets ||
      packet.size() < kRtcpHeaderOctets + kSrtcpIndexOctets + suite.rtcpTagOctets + mkiOctets) {
    return UnprotectFailure::malformed;
  }

  const std::size_t afterMki = suite.isAead ? 0 : suite.rtcpTagOctets;
  const std::span<const std::uint8_t> mki = packet.last(mkiOctets + afterMki).first(mkiOctets);
  const std::uint8_t* index = mki.data() - kSrtcpIndexOctets;
  const bool isEncrypted = (*index & 0x80) != 0;
  if (!isEncrypted) return UnprotectFailure::malformed;  // all our suites encrypt SRTCP

  const auto key = context_->keyNamed(mki);
  if (!key) return UnprotectFailure::unknownMki;
  if (!context_->mayUse(*key)) return UnprotectFailure::keyExpired;

  const Source* source = context_->findSource(*ssrc);
  if (source == nullptr && context_->isFull()) return UnprotectFailure::tooManySources;

  int length = static_cast<int>(packet.size());
  const srtp_err_status_t status =
      srtp_unprotect_rtcp_mki(context_->rtcpSession(), packet.data(), &length, context_->usesMki());
  if (status != srtp_err_status_ok) return failureOf(status);

  context_->countRtcp(*key);
  if (source == nullptr) context_->addSource(*ssrc);
  return static_cast<std::size_t>(length);
}

void SrtpInbound::prefetchContext() const noexcept { prefetchObject(context_.get()); }

void SrtpInbound::prefetchHotLines() const noexcept { context_->hotLines().prefetch(); }

bool SrtpInbound::isAead() const noexcept { return context_->suite().isAead; }

bool SrtpInbound::usesMki() const noexcept { return context_->usesMki(); }

bool SrtpInbound::sharesKeyWith(const SrtpInbound& other) const noexcept {
  return context_->sharesKeyWith(*other.context_);
}

bool SrtpInbound::sharesKeyWith(const SrtpOutbound& other) const noexcept {
  return context_->sharesKeyWith(*other.context_);
}

void SrtpInbound::adoptIndices(const SrtpInbound& from) noexcept {
  context_->adoptIndices(*from.context_, sharesKeyWith(from));
}

void SrtpInbound::mirrorRtp(const SrtpInbound& from, std::uint32_t ssrc,
                            std::uint16_t sequenceNumber) noexcept {
  context_->mirrorRtp(*from.context_, ssrc, sequenceNumber);
}

std::optional<std::uint64_t> SrtpInbound::highestIndex(std::uint32_t ssrc) const noexcept {
  return context_->highestIndex(ssrc);
}

bool SrtpInbound::opensAt(std::uint32_t ssrc, std::uint64_t index,
                          std::span<std::uint8_t> packet) noexcept {
  return context_->opensAt(ssrc, index, packet);
}

bool SrtpInbound::expectIndex(std::uint32_t ssrc, std::uint64_t index) noexcept {
  return context_->expectIndex(ssrc, index);
}

std::optional<KeyNotice> SrtpInbound::takeNotice() noexcept { return context_->takeNotice(); }

std::optional<std::uint32_t> SrtpInbound::rolloverCounter(std::uint32_t ssrc) const noexcept {
  return context_->rolloverCounter(ssrc);
}

std::optional<RolloverFailure> SrtpInbound::setRolloverCounter(
    std::uint32_t ssrc, std::uint32_t rolloverCounter) noexcept {
  return context_->setRolloverCounter(ssrc, rolloverCounter);
}

}  // namespace sallyport::srtp
