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

/// A non-blocking UDP socket bound to one local address. Not connected: a peer's ICMP errors do not
/// reach it.
class UdpSocket {
 public:
  static Result<UdpSocket, BindFailure> bind(const media::TransportAddress& local) noexcept;

  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }
  [[nodiscard]] const media::TransportAddress& local() const noexcept { return local_; }

 private:
  UdpSocket(FileDescriptor descriptor, const media::TransportAddress& local) noexcept
      : descriptor_(std::move(descriptor)), local_(local) {}

  FileDescriptor descriptor_;
  media::TransportAddress local_;
};

}  // namespace sallyport::net
