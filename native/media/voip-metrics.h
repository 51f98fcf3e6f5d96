#pragma once

#include <cstdint>
#include <span>

#include "base/big-endian.h"

namespace sallyport::media {

/// What a peer measured of a call (RFC 3611 §4.7), in the units of the RFC: rates and densities in
/// 256ths, durations in milliseconds, levels in dBm, MOS times 10; 127 and 0x7f for unavailable.
struct VoipMetrics {
  std::uint8_t lossRate = 0;
  std::uint8_t discardRate = 0;
  std::uint8_t burstDensity = 0;
  std::uint8_t gapDensity = 0;
  std::uint16_t burstDurationMs = 0;
  std::uint16_t gapDurationMs = 0;
  std::uint16_t roundTripDelayMs = 0;
  std::uint16_t endSystemDelayMs = 0;
  std::int8_t signalLevelDbm = 0;
  std::int8_t noiseLevelDbm = 0;
  std::uint8_t residualEchoReturnLossDb = 0;
  std::uint8_t gapThreshold = 0;
  std::uint8_t ratingFactor = 0;
  std::uint8_t externalRatingFactor = 0;
  std::uint8_t listeningQualityTenths = 0;
  std::uint8_t conversationalQualityTenths = 0;
  std::uint16_t jitterBufferNominalMs = 0;
  std::uint16_t jitterBufferMaximumMs = 0;
  std::uint16_t jitterBufferAbsoluteMaximumMs = 0;

  /// From the contents of a block, its SSRC first.
  static constexpr VoipMetrics read(std::span<const std::uint8_t, 32> block) noexcept {
    return {
        .lossRate = block[4],
        .discardRate = block[5],
        .burstDensity = block[6],
        .gapDensity = block[7],
        .burstDurationMs = readBig16(block, 8),
        .gapDurationMs = readBig16(block, 10),
        .roundTripDelayMs = readBig16(block, 12),
        .endSystemDelayMs = readBig16(block, 14),
        .signalLevelDbm = static_cast<std::int8_t>(block[16]),
        .noiseLevelDbm = static_cast<std::int8_t>(block[17]),
        .residualEchoReturnLossDb = block[18],
        .gapThreshold = block[19],
        .ratingFactor = block[20],
        .externalRatingFactor = block[21],
        .listeningQualityTenths = block[22],
        .conversationalQualityTenths = block[23],
        .jitterBufferNominalMs = readBig16(block, 26),
        .jitterBufferMaximumMs = readBig16(block, 28),
        .jitterBufferAbsoluteMaximumMs = readBig16(block, 30),
    };
  }
};

}  // namespace sallyport::media
