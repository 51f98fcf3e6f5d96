#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "media/channel.h"
#include "media/transport-address.h"

namespace sallyport::media {

/// Something that packets, or their absence, did on a leg.
struct RelayEvent {
  enum class Kind : std::uint8_t {
    wrongSource,
    firstPacket,
    /// Four fifths of the lifetime of the key that we send under are used.
    rekeyDue,
    peerKeyExpired,
    ownKeyExpired,
    sourceLearned,
    sourceMoved,
    dtls,
    zrtp,
    /// No RTP, or no RTCP, came for as long as the leg says.
    rtpTimeout,
    rtcpTimeout,
  };
  Kind kind = Kind::firstPacket;
  std::size_t leg = 0;
  TransportAddress from{};
  /// How many more of the kind came since the last such event of the leg.
  std::uint64_t suppressed = 0;
  /// Of the sources learned and moved: on which port, where packets went before, and whether SRTP
  /// vouches for it.
  Channel channel = Channel::rtp;
  TransportAddress previous{};
  bool isAuthenticated = false;
  /// Of DTLS: the datagram, in the buffer that it came in. Take the event before that is used
  /// again.
  std::span<const std::uint8_t> octets{};
};

/// The events of one relay that nobody took yet, in order. Holds a few: whoever raises limits the
/// rate of his kind, and what comes when it is full is lost.
class RelayEvents {
 public:
  void raise(const RelayEvent& event) noexcept {
    if (count_ == kCapacity) return;
    events_[(first_ + count_++) % kCapacity] = event;
  }

  [[nodiscard]] std::optional<RelayEvent> take() noexcept {
    if (count_ == 0) return std::nullopt;
    const RelayEvent& event = events_[first_];
    first_ = static_cast<std::uint8_t>((first_ + 1) % kCapacity);
    --count_;
    return event;
  }

 private:
  static constexpr std::uint8_t kCapacity = 8;

  std::array<RelayEvent, kCapacity> events_;
  std::uint8_t first_ = 0;
  std::uint8_t count_ = 0;
};

}  // namespace sallyport::media
