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

/// `Poller` over epoll, recvmmsg and sendmmsg. Its buffers are made once.
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
  void carry(DatagramHandler& handler, std::size_t filled) noexcept;
  void send(DatagramHandler& handler, std::span<Datagram> run) noexcept;

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
  std::array<mmsghdr, kBatch> headers_{};
};

}  // namespace sallyport::net
