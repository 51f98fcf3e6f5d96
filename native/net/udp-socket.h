#pragma once

#include <cstdint>
#include <utility>

#include "base/result.h"
#include "media/transport-address.h"

namespace sallyport::net {

/// A file descriptor that is closed when dropped; -1 is none.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileDescriptor();

  [[nodiscard]] int get() const noexcept { return descriptor_; }

 private:
  int descriptor_ = -1;
};

enum class BindFailure : std::uint8_t {
  portTaken,
  addressNotAvailable,
  tooManyFiles,
  notPermitted,
  internal,
};

/// Expedited forwarding (RFC 3246), what RFC 4594 §4.1 gives telephony.
inline constexpr std::uint8_t kExpeditedForwarding = 46;

struct SocketOptions {
  /// Differentiated services code point of what is sent (RFC 2474), 0 to 63.
  std::uint8_t dscp = kExpeditedForwarding;
  /// Asked of the kernel for either direction; it may grant less (net.core.rmem_max, wmem_max).
  /// Holds what arrives while the worker is busy elsewhere: about a second of one G.711 call, or a
  /// burst of a few hundred packets.
  int bufferOctets = 512 * 1024;
};

/// What the kernel granted, its own overhead included.
struct SocketBuffers {
  int receiveOctets = 0;
  int sendOctets = 0;
};

/// A non-blocking UDP socket bound to one local address. Not connected: a peer's ICMP errors do not
/// reach it.
class UdpSocket {
 public:
  /// Port 0 takes a free one.
  static Result<UdpSocket, BindFailure> bind(const media::TransportAddress& local,
                                             const SocketOptions& options = {}) noexcept;

  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }
  /// As asked for; with port 0 it says 0.
  [[nodiscard]] const media::TransportAddress& local() const noexcept { return local_; }
  [[nodiscard]] SocketBuffers buffers() const noexcept;

 private:
  UdpSocket(FileDescriptor descriptor, const media::TransportAddress& local) noexcept
      : descriptor_(std::move(descriptor)), local_(local) {}

  FileDescriptor descriptor_;
  media::TransportAddress local_;
};

}  // namespace sallyport::net
