#include "media/rtcp-reading.h"

#include "base/big-endian.h"

namespace sallyport::media {

void RtcpReading::onSenderReport(std::span<const std::uint8_t, 24> senderAndInfo) noexcept {
  remember(readBig32(senderAndInfo, 0), readBig32(senderAndInfo, 6));
}

void RtcpReading::onReferenceTime(std::uint32_t sender,
                                  std::span<const std::uint8_t, 8> ntpTimestamp) noexcept {
  remember(sender, readBig32(ntpTimestamp, 2));
}

void RtcpReading::remember(std::uint32_t sender, std::uint32_t middleOfNtp) noexcept {
  if (Stream* stream = sending_.find(sender)) stream->references.remember(middleOfNtp, atUs_);
}

// RFC 3550 §6.4.1: SSRC, fraction lost, cumulative number lost (24 bits, signed), extended highest
// sequence number, jitter, LSR, DLSR.
void RtcpReading::onReportBlock(std::span<std::uint8_t, 24> block) noexcept {
  Stream* stream = heard_.findSent(readBig32(block, 0));
  if (stream == nullptr) return;
  FarReport report;
  report.fractionLost = block[4];
  report.cumulativeLost = static_cast<std::int32_t>(readBig32(block, 4) << 8) >> 8;
  report.jitter = readBig32(block, 12);
  report.roundTripUs =
      stream->references.roundTripUs(readBig32(block, 16), readBig32(block, 20), atUs_);
  if (report.roundTripUs) {
    sending_.roundTripUs = report.roundTripUs;
  } else if (stream->farReport) {
    report.roundTripUs = stream->farReport->roundTripUs;
  }
  stream->farReport = report;
}

void RtcpReading::onReferenceDelay(std::span<std::uint8_t, 12> subBlock) noexcept {
  const Stream* stream = heard_.findSent(readBig32(subBlock, 0));
  if (stream == nullptr) return;
  const auto roundTripUs =
      stream->references.roundTripUs(readBig32(subBlock, 4), readBig32(subBlock, 8), atUs_);
  if (roundTripUs) sending_.roundTripUs = roundTripUs;
}

void RtcpReading::onVoipMetrics(std::span<std::uint8_t, 32> metrics) noexcept {
  Stream* stream = heard_.findSent(readBig32(metrics, 0));
  if (stream != nullptr) stream->farMetrics = VoipMetrics::read(metrics);
}

}  // namespace sallyport::media
