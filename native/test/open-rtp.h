#pragma once

#include <cstdint>
#include <optional>

#include "srtp/inbound-contexts.h"
#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::media {

/// Opens what `sealRtp` made of an `rtpPacket`; empty when it came out as it went in.
inline std::optional<srtp::UnprotectFailure> openRtp(srtp::InboundContexts& contexts, Bytes sealed,
                                                     std::uint64_t nowMs) {
  const std::uint16_t sequenceNumber = readBig16(sealed, 2);
  const auto opened = contexts.unprotectRtp(sealed, nowMs);
  if (!opened.ok()) return opened.failure();
  sealed.resize(opened.value());
  test::expect(sealed == rtpPacket(sequenceNumber));
  return std::nullopt;
}

}  // namespace sallyport::media
