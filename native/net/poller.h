#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "media/leg.h"
#include "media/transport-address.h"
#include "net/udp-socket.h"

namespace sallyport::net {

/// What a poller remembers of an endpoint between wake-ups, and within one.
struct EndpointState {
  static constexpr std::int16_t kNone = -1;
  /// The wake-up at which it was ready last.
  std::uint32_t readyAt = 0;
  /// Datagrams that the next reception asks for.
  std::uint16_t expected = 1;
  /// First and last of the datagrams that leave here at this wake-up.
  std::int16_t firstToSend = kNone;
  std::int16_t lastToSend = kNone;
};

/// A socket that a poller watches; `owner` finds what it belongs to. Stays where it is meanwhile.
struct Endpoint {
  UdpSocket socket;
  /// Whatever the handler needs; the poller does not look.
  void* owner = nullptr;
  std::size_t leg = 0;
  media::Channel channel = media::Channel::rtp;
  EndpointState poller;
};

/// A datagram on its way through one wake-up.
struct Datagram {
  Endpoint* receivedOn = nullptr;
  /// The buffer: the datagram and, behind it, room to grow.
  std::span<std::uint8_t> room;
  /// Octets on the wire.
  std::size_t length = 0;
  /// The buffer took a part only.
  bool isTruncated = false;
  media::TransportAddress from;

  /// Set by the handler to have the first `sendLength` octets of `room` sent on; none: dropped.
  Endpoint* sendOn = nullptr;
  std::size_t sendLength = 0;
  media::TransportAddress to;
  /// What it is, for the handler to find again in `onSendResult`.
  media::Channel channel = media::Channel::rtp;
};

class DatagramHandler {
 public:
  virtual ~DatagramHandler() = default;
  /// Decides over a batch in place. Endpoints may be neither added nor removed here.
  virtual void onDatagrams(std::span<Datagram> batch) noexcept = 0;
  /// The fate of each datagram that had `sendOn` set; `error` is 0 or an errno.
  virtual void onSendResult(const Datagram& datagram, int error) noexcept = 0;
};

/// Moves datagrams between the sockets of one worker and its handler. All but `wake` belong to the
/// worker's thread.
class Poller {
 public:
  virtual ~Poller() = default;
  /// False when the kernel refuses.
  [[nodiscard]] virtual bool add(Endpoint& endpoint) noexcept = 0;
  virtual void remove(Endpoint& endpoint) noexcept = 0;
  /// Sleeps until something happens, but no longer than `longestSleep` where there is one; carries
  /// what is there, and returns: true when `wake` was called.
  virtual bool run(DatagramHandler& handler,
                   std::optional<std::chrono::milliseconds> longestSleep) noexcept = 0;
  /// Ends the sleep; from any thread.
  virtual void wake() noexcept = 0;
};

}  // namespace sallyport::net
