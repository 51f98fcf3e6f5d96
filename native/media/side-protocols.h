#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/token-bucket.h"
#include "media/demux.h"
#include "media/statistics.h"
#include "media/stun-responder.h"
#include "media/transport-address.h"

namespace sallyport::media {

/// What became of a datagram that is no media: handled or dropped, and for some of both reported.
struct SideOutcome {
  /// Absent: it was handled.
  std::optional<DropReason> dropped = std::nullopt;
  /// Octets of the answer that took the datagram's place; 0: none.
  std::size_t answerOctets = 0;
  /// Somebody above wants to know.
  bool isReported = false;
  /// It pretended to be the peer's.
  bool isRefuted = false;
};

/// The protocols that share the ports of a leg with RTP and RTCP (RFC 7983): STUN is answered and
/// DTLS handed up where the leg asks for it; of ZRTP the first datagram is reported; all else is
/// counted and dropped.
class SideProtocols {
 public:
  /// DTLS longer than this is not handed up: no record that fits a path is.
  static constexpr std::size_t kMaxReportedOctets = 2048;

  /// Answers with `stun` where there is one from now on, and reports DTLS or not.
  void configure(std::unique_ptr<StunResponder> stun, bool reportsDtls) noexcept;

  /// A datagram of the first `length` octets of `room` from an admitted source, which the demux
  /// takes for `kind`. `room` has at least `StunAnswer::kMaxOctets`.
  [[nodiscard]] SideOutcome receive(DatagramKind kind, std::span<std::uint8_t> room,
                                    std::size_t length, const TransportAddress& from,
                                    std::uint64_t nowMs) noexcept;

 private:
  [[nodiscard]] SideOutcome receiveStun(std::span<std::uint8_t> room, std::size_t length,
                                        const TransportAddress& from, std::uint64_t nowMs) noexcept;

  std::unique_ptr<StunResponder> stun_;
  bool reportsDtls_ = false;
  bool hasReportedZrtp_ = false;
  TokenBucket dtlsRate_{20, 20};
};

}  // namespace sallyport::media
