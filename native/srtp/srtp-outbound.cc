#include "srtp/srtp-outbound.h"

#include "srtp/crypto-context.h"
#include "srtp/packet-layout.h"
#include "srtp/srtp-library.h"

namespace sallyport::srtp {

namespace {

ProtectFailure failureOf(srtp_err_status_t status) noexcept {
  switch (status) {
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
    case srtp_err_status_pkt_idx_old:
      return ProtectFailure::repeatedIndex;
    case srtp_err_status_key_expired:
      return ProtectFailure::indexExhausted;
    case srtp_err_status_bad_param:
    case srtp_err_status_parse_err:
      return ProtectFailure::malformed;
    default:
      return ProtectFailure::internal;
  }
}

/// True when `length` octets of `buffer` may be a packet and the trailer has room behind them.
bool hasRoom(std::span<const std::uint8_t> buffer, std::size_t length) noexcept {
  return length <= kMaxPacketOctets - kMaxTrailerOctets &&
         buffer.size() >= length + kMaxTrailerOctets;
}

}  // namespace

SrtpOutbound::SrtpOutbound(std::unique_ptr<CryptoContext> context) noexcept
    : context_(std::move(context)) {}
SrtpOutbound::~SrtpOutbound() = default;

Result<std::unique_ptr<SrtpOutbound>, SessionFailure> SrtpOutbound::create(
    const SessionOptions& options) {
  if (startLibrary() != LibraryState::usable) return SessionFailure::libraryUnusable;
  return withoutStartingLibrary(options);
}

Result<std::unique_ptr<SrtpOutbound>, SessionFailure> SrtpOutbound::withoutStartingLibrary(
    const SessionOptions& options) {
  auto context = CryptoContext::create(Direction::outbound, options);
  if (!context) return context.failure();
  return std::unique_ptr<SrtpOutbound>(new SrtpOutbound(std::move(context).value()));
}

Result<std::size_t, ProtectFailure> SrtpOutbound::protectRtp(std::span<std::uint8_t> buffer,
                                                             std::size_t length) noexcept {
  if (!hasRoom(buffer, length)) return ProtectFailure::malformed;
  const auto header = readRtpHeader(buffer.first(length));
  if (!header) return ProtectFailure::malformed;

  const std::size_t key = context_->activeKey();
  if (!context_->mayUse(key)) return ProtectFailure::keyExpired;

  Source* source = context_->findSource(header->ssrc);
  if (source == nullptr) {
    if (context_->isFull()) return ProtectFailure::tooManySources;
    source = &context_->addSource(header->ssrc);
  }
  if (context_->runsOutOfIndices(*source, header->sequenceNumber)) {
    return ProtectFailure::indexExhausted;
  }
  context_->offerRolloverCounter(*source);

  int protectedLength = static_cast<int>(length);
  const srtp_err_status_t status =
      srtp_protect_mki(context_->rtpSession(), buffer.data(), &protectedLength, context_->usesMki(),
                       static_cast<unsigned>(key));
  context_->settleRolloverCounter(*source, status == srtp_err_status_ok);
  if (status != srtp_err_status_ok) return failureOf(status);

  context_->onRtp(*source);
  context_->countRtp(key);
  return static_cast<std::size_t>(protectedLength);
}

Result<std::size_t, ProtectFailure> SrtpOutbound::protectRtcp(std::span<std::uint8_t> buffer,
                                                              std::size_t length) noexcept {
  if (!hasRoom(buffer, length)) return ProtectFailure::malformed;
  const auto ssrc = readRtcpSsrc(buffer.first(length));
  if (!ssrc) return ProtectFailure::malformed;

  const std::size_t key = context_->activeKey();
  if (!context_->mayUse(key)) return ProtectFailure::keyExpired;
  if (context_->findSource(*ssrc) == nullptr) {
    if (context_->isFull()) return ProtectFailure::tooManySources;
    context_->addSource(*ssrc);
  }

  int protectedLength = static_cast<int>(length);
  const srtp_err_status_t status =
      srtp_protect_rtcp_mki(context_->rtcpSession(), buffer.data(), &protectedLength,
                            context_->usesMki(), static_cast<unsigned>(key));
  if (status != srtp_err_status_ok) return failureOf(status);

  context_->countRtcp(key);
  return static_cast<std::size_t>(protectedLength);
}

void SrtpOutbound::adoptIndices(const SrtpOutbound& from) noexcept {
  context_->adoptIndices(*from.context_, true);
}

std::optional<KeyNotice> SrtpOutbound::takeNotice() noexcept { return context_->takeNotice(); }

void SrtpOutbound::prefetchContext() const noexcept { prefetchObject(context_.get()); }

void SrtpOutbound::prefetchHotLines() const noexcept { context_->hotLines().prefetch(); }

std::optional<std::uint32_t> SrtpOutbound::rolloverCounter(std::uint32_t ssrc) const noexcept {
  return context_->rolloverCounter(ssrc);
}

std::optional<RolloverFailure> SrtpOutbound::setRolloverCounter(
    std::uint32_t ssrc, std::uint32_t rolloverCounter) noexcept {
  return context_->setRolloverCounter(ssrc, rolloverCounter);
}

}  // namespace sallyport::srtp
