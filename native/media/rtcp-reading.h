#pragma once

#include <cstdint>
#include <span>

#include "media/rtcp-walk.h"
#include "media/stream-table.h"

namespace sallyport::media {

/// Takes down what RTCP says, before it is rewritten: when references passed, what a peer reports
/// of what it hears, the round trip to it.
class RtcpReading final : public RtcpVisitor {
 public:
  /// As for `RtcpMapping`; `atUs` is when the compound came.
  RtcpReading(StreamTable& sending, StreamTable& heard, std::uint64_t atUs) noexcept
      : sending_(sending), heard_(heard), atUs_(atUs) {}

  void onSender(std::span<std::uint8_t, 4>) noexcept override {}
  void onSenderReport(std::span<const std::uint8_t, 24> senderAndInfo) noexcept override;
  void onReportBlock(std::span<std::uint8_t, 24> block) noexcept override;
  void onSource(std::span<std::uint8_t, 4>) noexcept override {}
  void onNumberRange(std::span<std::uint8_t, 8>) noexcept override {}
  void onNack(std::uint32_t, std::span<std::uint8_t, 4>) noexcept override {}
  void onReferenceTime(std::uint32_t sender,
                       std::span<const std::uint8_t, 8> ntpTimestamp) noexcept override;
  void onReferenceDelay(std::span<std::uint8_t, 12> subBlock) noexcept override;
  void onVoipMetrics(std::span<std::uint8_t, 32> metrics) noexcept override;
  void onUnknownPacket(std::span<std::uint8_t, 4>) noexcept override {}

 private:
  void remember(std::uint32_t sender, std::uint32_t middleOfNtp) noexcept;

  StreamTable& sending_;
  StreamTable& heard_;
  std::uint64_t atUs_;
};

}  // namespace sallyport::media
