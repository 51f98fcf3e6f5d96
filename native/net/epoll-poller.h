#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "net/poller.h"

namespace sallyport::net {

/// `Poller` over level-triggered epoll. A datagram costs one system call to take and one to send;
/// where a socket has several, recvmmsg and sendmmsg share one among them. Buffers are made once.
class EpollPoller final : public Poller {
 public:
  /// Nothing when the kernel gives no descriptor.
  static std::unique_ptr<EpollPoller> open();

  [[nodiscard]] bool add(Endpoint& endpoint) noexcept override;
  void remove(Endpoint& endpoint) noexcept override;
  bool run(DatagramHandler& handler,
           std::optional<std::chrono::milliseconds> longestSleep) noexcept override;
  void wake() noexcept override;

 private:
  /// Datagrams of one pass through the handler.
  static constexpr std::size_t kBatch = 128;
  /// Most datagrams from one socket in a pass, so that a flood on one port starves no other.
  static constexpr std::size_t kPerSocket = 32;
  /// Octets taken of a datagram; a longer one is no RTP that a path of today would carry.
  static constexpr std::size_t kReceiveOctets = 2048;
  /// Tag, index and the longest MKI (RFC 3711 §3).
  static constexpr std::size_t kTrailerOctets = 192;

  EpollPoller(FileDescriptor epoll, FileDescriptor wakeUp);

  std::size_t receive(Endpoint& endpoint, std::size_t filled) noexcept;
  std::size_t receiveOne(Endpoint& endpoint, std::size_t filled) noexcept;
  std::size_t receiveMany(Endpoint& endpoint, std::size_t filled, std::size_t wanted) noexcept;
  void take(Endpoint& endpoint, std::size_t place, std::size_t octets) noexcept;
  void carry(DatagramHandler& handler, std::size_t filled) noexcept;
  void send(DatagramHandler& handler, Endpoint& endpoint) noexcept;
  void sendOne(DatagramHandler& handler, const Endpoint& endpoint, std::size_t place) noexcept;
  void sendMany(DatagramHandler& handler, const Endpoint& endpoint,
                std::span<const std::uint16_t> places) noexcept;

  struct Slot {
    alignas(16) std::array<std::uint8_t, kReceiveOctets + kTrailerOctets> octets;
    sockaddr_storage address;
    iovec vector;
  };

  FileDescriptor epoll_;
  FileDescriptor wakeUp_;
  std::array<epoll_event, kBatch> ready_{};
  std::array<Slot, kBatch> slots_;
  std::array<Datagram, kBatch> batch_;
  /// Of reception, each bound to its slot.
  std::array<mmsghdr, kBatch> headers_{};
  std::array<mmsghdr, kBatch> outgoing_{};
  /// Endpoints that have something to send at this wake-up; places in the batch, by place and in
  /// order.
  std::array<Endpoint*, kBatch> senders_{};
  std::array<std::int16_t, kBatch> nextToSend_{};
  std::array<std::uint16_t, kBatch> toSend_{};
  std::uint32_t wakeUps_ = 1;
  /// As many sockets are ready as one wake-up looks at, or more.
  bool isBehind_ = false;
};

}  // namespace sallyport::net
