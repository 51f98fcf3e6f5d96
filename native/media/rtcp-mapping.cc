#include "media/rtcp-mapping.h"

#include "base/big-endian.h"

namespace sallyport::media {

void RtcpMapping::onSender(std::span<std::uint8_t, 4> ssrc) noexcept {
  if (const Stream* stream = sending_.find(readBig32(ssrc, 0))) {
    writeBig32(ssrc, 0, stream->sentSsrc);
  }
}

void RtcpMapping::onUnknownPacket(std::span<std::uint8_t, 4> firstWord) noexcept {
  onSender(firstWord);
}

void RtcpMapping::onSource(std::span<std::uint8_t, 4> ssrc) noexcept {
  if (const Stream* stream = heard_.findSent(readBig32(ssrc, 0))) {
    writeBig32(ssrc, 0, stream->ssrc);
  }
}

void RtcpMapping::onReportBlock(std::span<std::uint8_t, 24> block) noexcept {
  constexpr std::size_t kHighestAt = 8;
  const Stream* stream = heard_.findSent(readBig32(block, 0));
  if (stream == nullptr) return;
  writeBig32(block, 0, stream->ssrc);
  writeBig32(block, kHighestAt, stream->numbering.originalExtended(readBig32(block, kHighestAt)));
}

// Chunks and receipt times count from begin_seq: both ends move by what the begin moves.
void RtcpMapping::onNumberRange(std::span<std::uint8_t, 8> ssrcAndRange) noexcept {
  const Stream* stream = heard_.findSent(readBig32(ssrcAndRange, 0));
  if (stream == nullptr) return;
  const std::uint16_t begin = readBig16(ssrcAndRange, 4);
  const std::uint16_t end = readBig16(ssrcAndRange, 6);
  const std::uint16_t original = stream->numbering.original(begin);
  writeBig32(ssrcAndRange, 0, stream->ssrc);
  writeBig16(ssrcAndRange, 4, original);
  writeBig16(ssrcAndRange, 6, static_cast<std::uint16_t>(original + (end - begin)));
}

// Bit i of the BLP names PID + i + 1 (RFC 4585 §6.2.1).
void RtcpMapping::onNack(std::uint32_t source, std::span<std::uint8_t, 4> pidAndBlp) noexcept {
  constexpr unsigned kBitmaskBits = 16;
  const Stream* stream = heard_.findSent(source);
  if (stream == nullptr || stream->numbering.isIdentity()) return;
  const std::uint16_t pid = readBig16(pidAndBlp, 0);
  std::uint16_t bitmask = readBig16(pidAndBlp, 2);
  for (unsigned bit = 0; bit < kBitmaskBits; ++bit) {
    const auto lost = static_cast<std::uint16_t>(pid + bit + 1);
    if (!stream->numbering.isSameRun(pid, lost)) {
      bitmask = static_cast<std::uint16_t>(bitmask & ~(1U << bit));
    }
  }
  writeBig16(pidAndBlp, 0, stream->numbering.original(pid));
  writeBig16(pidAndBlp, 2, bitmask);
}

void RtcpMapping::onReferenceDelay(std::span<std::uint8_t, 12> subBlock) noexcept {
  onSource(subBlock.first<4>());
}

void RtcpMapping::onVoipMetrics(std::span<std::uint8_t, 32> metrics) noexcept {
  onSource(metrics.first<4>());
}

}  // namespace sallyport::media
